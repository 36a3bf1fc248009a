"""The frame of the command line: what help imports, how failures end."""

import json
import os
import subprocess
import sys
import time

import pytest

from tickwright.app.failures import BUG, INTERRUPTED, REFUSED, guarded
from tickwright.core.errors import ConfigError, InternalError

HEAVY = ("numba", "numpy", "polars", "pyarrow", "plotly", "scipy", "pandas", "msgspec", "databento_dbn")

SHOWS_HELP = f"""
import json, sys
from tickwright.app.cli import main
try:
    main({{arguments}})
except SystemExit as end:
    code = end.code
print(json.dumps([code, [name for name in {HEAVY!r} if name in sys.modules]]), file=sys.stderr)
"""


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "tickwright.app", *arguments], capture_output=True, text=True, timeout=120, **options
    )


@pytest.mark.parametrize(
    "arguments", [["--help"], ["execute", "--help"], ["ingest", "lobster", "--help"], ["data", "--help"]]
)
def test_help_imports_nothing_heavy(arguments):
    done = subprocess.run(
        [sys.executable, "-c", SHOWS_HELP.replace("{arguments}", repr(arguments))],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert json.loads(done.stderr.splitlines()[-1]) == [0, []], done.stderr
    assert "Usage" in done.stdout


def test_help_is_quick():
    times = []
    for _ in range(3):
        before = os.times()
        started = time.perf_counter()
        assert run("--help").returncode == 0
        after = os.times()
        used = after.children_user - before.children_user + after.children_system - before.children_system
        times.append(min(used, time.perf_counter() - started))
    assert min(times) < 0.5, times  # CPU seconds, so that a busy machine does not fail it


def test_version_and_unknown_command():
    assert run("--version").stdout.startswith("tickwright ")
    wrong = run("exectue")
    assert wrong.returncode == REFUSED
    assert "exectue" in wrong.stderr
    assert "Traceback" not in wrong.stderr


@pytest.mark.parametrize(
    ("raised", "code", "words"),
    [
        (ConfigError("side", "hold", "buy or sell"), REFUSED, "error: side: got 'hold', expected buy or sell\n"),
        (
            FileNotFoundError(2, "No such file or directory", "x.zip"),
            REFUSED,
            "error: x.zip: No such file or directory\n",
        ),
        (KeyboardInterrupt(), INTERRUPTED, "unchanged"),
        (ZeroDivisionError("division by zero"), BUG, "ZeroDivisionError: division by zero"),
        (InternalError("sums differ"), BUG, "InternalError: sums differ"),
    ],
)
def test_a_failure_is_a_line_and_a_code(capsys, raised, code, words):
    def fail():
        raise raised

    assert guarded(fail, debug=False) == code
    shown = capsys.readouterr().err
    assert words in shown
    assert "Traceback" not in shown
    assert guarded(fail, debug=True) == code
    wants_trace = not isinstance(raised, KeyboardInterrupt)
    assert ("Traceback" in capsys.readouterr().err) == wants_trace


def shell(line):
    words = line.replace("tickwright", f"{sys.executable} -m tickwright.app")
    return subprocess.run(["bash", "-c", words], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    "line", ["tickwright --version >&-", "tickwright execute --help >&-", "tickwright --help >&- 2>&-"]
)
def test_a_closed_output_is_no_error(line):
    done = shell(line)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
@pytest.mark.parametrize("words", ["--version", "execute --help"])
def test_an_output_that_takes_nothing_is_named(words):
    done = shell(f"tickwright {words} >/dev/full")
    assert (done.returncode, done.stderr) == (REFUSED, "error: standard output: No space left on device\n")


@pytest.mark.parametrize("words", ["", "ingest", "data"])
def test_without_a_command_there_is_help_and_no_stray_line(words):
    done = shell(f"tickwright {words}")
    assert (done.returncode, done.stderr) == (REFUSED, "")
    assert "Usage" in done.stdout


INTERRUPTED_INSIDE = """
import os, signal
from tickwright.app import cli, interface
def stopped(*arguments, **options):
    {body}
interface.app = stopped
cli.main(["demo"])
"""


@pytest.mark.parametrize(
    "body",
    [
        "os.kill(os.getpid(), signal.SIGINT)",
        "return 130",  # how the option parser says that it was interrupted
        # A library swallows it; the next word of progress does not.
        "try: os.kill(os.getpid(), signal.SIGINT)\n    except BaseException: pass\n"
        "    from tickwright.app.terminal import progress\n    with progress() as report: report('x', 0, 0)",
    ],
)
def test_an_interruption_is_one_line_whatever_catches_it(body):
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_INSIDE.format(body=body)], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (INTERRUPTED, "interrupted; whatever was there before is unchanged\n")


def test_notes_on_an_error_stand_before_it_outermost_first(capsys):
    def fail():
        error = ConfigError("side", "hold", "buy or sell")
        error.add_note("--side")
        error.add_note("order 2 of 3")
        raise error

    assert guarded(fail, debug=False) == REFUSED
    assert capsys.readouterr().err == "error: order 2 of 3: --side: side: got 'hold', expected buy or sell\n"


def test_a_reader_that_goes_away_is_no_error():
    help_to_head = f"{sys.executable} -m tickwright.app execute --help | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", help_to_head], capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 141)
    assert done.stderr == ""
