"""Every `$ tickwright` line of the documentation parses, and runs word for word; so does every Python block.

A page is played from its top to its end in an empty folder: files that it shows (a block with a `title`) are written
there, recorded data files lie there under the names that it uses, and what a page prints below a command must be among
what the command prints, line by line; `…` alone stands for any lines. `$ echo $?` and a number below it is the exit
code, which is 0 where a page says nothing. A text block right below a Python block is what that prints.

Pages on whole recorded days are marked slow.
"""

import contextlib
import io
import random
import re
import shlex
import subprocess
import sys
import tomllib
from functools import partial
from pathlib import Path

import pytest
import typer

from tickwright.app.cli import main
from tickwright.app.commands import download
from tickwright.app.interface import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```(\S+)([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
ON_THE_DEMO = ("README.md", "extending.md")
"""Their Python blocks work on the market that `make demo` leaves."""
WITHOUT_DATA = ("benchmark.md", "csv.md", "factors.md", "refine.md", "training.md")
"""Their commands read nothing but what the page shows."""
WITH_TORCH = ("commands.md", "refine.md", "training.md")
"""They train, which needs the extra rl."""
WHOLE_DAYS = (
    "README.md", "benchmark.md", "betas.md", "catalog.md", "commands.md", "data.md", "features.md", "index.md",
    "markets.md", "quality.md", "refine.md", "training.md",
)  # fmt: skip
EXIT_CODE = "$ echo $?"


def blocks(page):
    """(language, title, text) of every fenced block of a page."""
    for language, rest, text in BLOCK.findall(page.read_text()):
        title = re.search(r'title="([^"]+)"', rest)
        yield language, title[1] if title else None, text


def lines_of(text):
    """Lines of a console block; a backslash joins them."""
    return text.replace("\\\n", " ").splitlines()


def commands(text):
    """The words of every `$ tickwright` line of a console block."""
    return [shlex.split(line[2:])[1:] for line in lines_of(text) if line.startswith("$ tickwright ")]


def steps(text):
    """(words, lines that the page shows below, exit code) of every command of a console block."""
    found = []
    expect_code = False
    for line in lines_of(text):
        if line == EXIT_CODE:
            expect_code = True
        elif line.startswith("$ "):
            found.append([shlex.split(line[2:])[1:], [], 0])
        elif expect_code:
            found[-1][2] = int(line)
            expect_code = False
        else:
            found[-1][1].append(line)
    return found


def described():
    return [(p, c) for p in PAGES for kind, _, text in blocks(p) if kind == "console" for c in commands(text)]


def test_console_blocks_hold_commands_only():
    """Every prompt is one of ours, so that no line of a page goes unplayed."""
    for page in PAGES:
        for kind, _, text in blocks(page):
            if kind == "console":
                assert lines_of(text)[0].startswith("$ tickwright "), (page.name, text)
                for line in lines_of(text):
                    assert not line.startswith("$") or line.startswith("$ tickwright ") or line == EXIT_CODE, line
            assert kind == "console" or "$ tickwright" not in text, (page.name, "a command outside a console block")


@pytest.mark.parametrize(("page", "words"), [pytest.param(p, c, id=" ".join(c)[:60]) for p, c in described()])
def test_command_parses(page, words):
    command = typer.main.get_command(app)
    context = command.make_context("tickwright", list(words))
    while context.args or getattr(context, "_protected_args", None):
        name, command, rest = command.resolve_command(
            context, [*getattr(context, "_protected_args", []), *context.args]
        )
        context = command.make_context(name, rest, parent=context)
        if not hasattr(command, "resolve_command"):
            break
    assert not hasattr(command, "resolve_command"), f"{page.name}: {words} names no command"


def test_every_command_and_option_is_documented():
    """In the section of its command: `### ingest dbn` has every option of `tickwright ingest dbn`."""
    text = (ROOT / "docs" / "commands.md").read_text()
    parts = re.split(r"^##+ (.+)$", text, flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    for path, command in leaf_commands(typer.main.get_command(app), ()):
        name = " ".join(path)
        assert f"tickwright {name}" in text, path
        own = sections.get(name, text)
        shared = sections.get(path[0], "") if len(path) > 1 else ""
        for option in command.params:
            for word in (*option.opts, *option.secondary_opts):
                assert not word.startswith("--") or word in own + shared, (path, word)


def leaf_commands(command, path):
    for name, inner in getattr(command, "commands", {}).items():
        yield from leaf_commands(inner, (*path, name))
    if not getattr(command, "commands", {}):
        yield path, command


def test_every_key_of_a_config_file_is_documented():
    """What `execute` takes from a file alone is in no `--help`."""
    from dataclasses import fields

    from tickwright.run.config import ExecuteConfig, GateConfig, OrderConfig, ProfileConfig

    text = (ROOT / "docs" / "commands.md").read_text().partition("## execute")[2]
    for record in (ExecuteConfig, GateConfig, OrderConfig, ProfileConfig):
        for key in fields(record):
            assert re.search(rf"\b{key.name}\b", text), key.name


def test_every_key_of_a_mapping_is_documented():
    from dataclasses import fields, is_dataclass
    from typing import get_type_hints

    from tickwright.data.tables.mapping import OPTIONAL, REQUIRED, Mapping

    text = (ROOT / "docs" / "csv.md").read_text()
    hints = get_type_hints(Mapping)
    keys = {f.name for f in fields(Mapping)} - {"name"}
    keys |= {f.name for kind in hints.values() if is_dataclass(kind) for f in fields(kind)}
    keys |= {name for table in (REQUIRED, OPTIONAL) for names in table.values() for name in names}
    for key in sorted(keys):
        assert re.search(rf"\b{key}\b", text), key


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The folder `out` that `make demo` leaves."""
    folder = tmp_path_factory.mktemp("demo")
    run = [sys.executable, "-m", "tickwright.app", "demo", "--out", "out/demo"]
    subprocess.run(run, cwd=folder, check=True, capture_output=True, timeout=600)
    return folder / "out"


@pytest.mark.parametrize("name", ON_THE_DEMO)
def test_python_runs(name, demo, tmp_path):
    """Every Python block of a page, where `make demo` has been run before."""
    page = next(p for p in PAGES if p.name == name)
    (tmp_path / "out").symlink_to(demo)
    for kind, _, text in blocks(page):
        if kind == "python":
            done = subprocess.run(
                [sys.executable, "-c", text], cwd=tmp_path, capture_output=True, text=True, timeout=300
            )
            assert done.returncode == 0, done.stderr
            assert "filled" in done.stdout


# ── pages, played ────────────────────────────────────────────────────────────────────────────────────────────────────


def lay_out(shared, folder):
    """The recorded files under their own names, and generated ones of the two kinds that nobody may redistribute."""
    from databento_dbn import Schema
    from mbp10_twin import Venue, write

    for name in (
        "lobster", "databento", "crypto_binance", "crypto_bitstamp_l3", "equity_daily", "equity_1min", "equity_tick",
        "futures_1min", "taq",
    ):  # fmt: skip
        for file in (shared / name).iterdir():
            (folder / file.name).symlink_to(file)
    make_itch_day(folder / "01302019.NASDAQ_ITCH50.gz")
    venue = Venue(1).run(500)
    write(folder / "esh4.mbo.dbn", Schema.MBO, venue.mbo)
    write(folder / "esh4.mbp-10.dbn", Schema.MBP_10, venue.mbp10)


def make_itch_day(path, seconds=600):
    """Ten minutes of one stock: orders come and go around a spread of a cent, and the front of a queue trades."""
    import make_itch as itch

    rng = random.Random(1)
    now = 34_200 * 10**9
    messages = [itch.system(now - 1, "Q"), itch.directory(7, now, "AAPL"), itch.action(7, now, "AAPL", "T")]
    books = {"B": [], "S": []}
    for reference in range(1, 12 * seconds):
        now += 10**9 // 12
        side = rng.choice("BS")
        book, away = books[side], rng.randrange(5)
        price = 1_500_000 - 100 * away if side == "B" else 1_500_100 + 100 * away
        messages.append(itch.add(7, now, reference, side, 300, "AAPL", price))
        book.append((away, reference))
        if len(book) > 60:
            messages.append(itch.delete(7, now + 1, book.pop(30)[1]))
        if reference % 20 == 0:
            front = min(book)
            book.remove(front)
            messages.append(itch.executed(7, now + 2, front[1], 300, reference))
    itch.write(path, [*messages, itch.system(now + 3, "C")])


@pytest.fixture
def vendor(tmp_path_factory, monkeypatch):
    """Databento's servers, played on this machine: commands that name no gateway reach these."""
    import make_dbn
    from databento_dbn import SType, SymbolMappingMsg
    from databento_server import KEY, HistoricalServer, LiveGateway, Session

    from tickwright.core.units import DAY

    def at(day, k):
        moment = make_dbn.START + day * DAY + 1_000_000 * k
        return make_dbn.mbo(k, ts_event=moment, ts_recv=moment)

    names = (SType.RAW_SYMBOL, "ESH4", SType.INSTRUMENT_ID, "17077")
    mapping = SymbolMappingMsg(1, 17077, make_dbn.START, *names, 0, 2**64 - 1)
    recorded = HistoricalServer(tmp_path_factory.mktemp("keys"), [at(day, k) for day in range(3) for k in range(40)])
    live = LiveGateway([Session([mapping, *(make_dbn.mbo(k) for k in range(300))])])
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(recorded.ca))
    monkeypatch.setenv("NO_PROXY", "localhost")
    monkeypatch.setenv("DATABENTO_API_KEY", KEY)
    for name, address in (("OfficialClient", recorded.url), ("OfficialGateway", live.address)):
        monkeypatch.setattr(download, name, partial(_reaching, getattr(download, name), address))
    yield
    recorded.close()
    live.close()


def _reaching(service, address, key, gateway):
    return service(key, gateway or address)


def play(page, folder, capsys):
    """Returns how many commands and Python blocks were run."""
    count = 0
    printed = None
    for kind, title, text in blocks(page):
        if title and kind in ("toml", "csv"):
            (folder / title).write_text(text)
            if kind == "toml":
                tomllib.loads(text)
        elif kind == "console":
            for words, shown, code in steps(text):
                check_command(page, words, shown, code, capsys)
                count += 1
        elif kind == "text" and printed is not None:
            assert text == printed, page.name
        printed = None
        if kind == "python" and page.name not in ON_THE_DEMO:
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(text, page.name, "exec"), {"__name__": "__main__"})
            printed = out.getvalue()
            count += 1
    return count


def check_command(page, words, shown, code, capsys):
    with pytest.raises(SystemExit) as end:
        main(words)
    out, err = capsys.readouterr()
    assert end.value.code == code, f"{page.name}: {shlex.join(words)}\n{out}\n{err}"
    assert "Traceback" not in err
    rest = iter([*out.splitlines(), *err.splitlines()])
    for line in shown:
        if line != "…":
            found = any(given.rstrip() == line.rstrip() for given in rest)
            assert found, f"{page.name}: {shlex.join(words)} does not print\n{line}\nbut\n{out}{err}"


def played():
    for page in PAGES:
        text = page.read_text()
        if "```console" in text or ("```python" in text and page.name not in ON_THE_DEMO):
            yield pytest.param(page, id=page.name, marks=[pytest.mark.slow] if page.name in WHOLE_DAYS else [])


@pytest.mark.parametrize("page", list(played()))
def test_page_runs(page, request, tmp_path, monkeypatch, capsys):
    if page.name in WITH_TORCH:
        pytest.importorskip("torch")
    monkeypatch.syspath_prepend(ROOT / "tests" / "data")  # where the generators of files stand
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    if page.name not in WITHOUT_DATA:
        lay_out(request.getfixturevalue("shared_data"), tmp_path)
        request.getfixturevalue("vendor")
    assert play(page, tmp_path, capsys) > 0


def test_a_page_that_is_wrong_fails(tmp_path, capsys, monkeypatch):
    """The player sees a wrong exit code, a line that is not printed, and Python that raises or prints otherwise."""
    monkeypatch.chdir(tmp_path)
    good = "```console\n$ tickwright data sessions --calendar 24/7 --start 2024-01-01 --end 2024-01-01 --json\n{\n```\n"
    page = tmp_path / "page.md"
    page.write_text(good + "```python\nprint(1)\n```\n```text\n1\n```\n")
    assert play(page, tmp_path, capsys) == 2
    for wrong in (
        good.replace("{", "no such line"),
        good.replace("{\n```", "$ echo $?\n2\n```"),
        good.replace("24/7", "nowhere"),
        "```python\nprint(1)\n```\n```text\n2\n```\n",
    ):
        page.write_text(wrong)
        with pytest.raises(AssertionError):
            play(page, tmp_path, capsys)
