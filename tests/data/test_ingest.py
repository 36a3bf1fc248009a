"""From a file to the catalog and back: what the command line calls."""

import os
import re
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import databento_dbn as dbn
import make_dbn
import make_lobster
import numpy as np
import pytest
from make_events import ES, GOOG, events, state, stray_files

from tickwright.core.errors import (
    CatalogError,
    ConfigError,
    FileFormatError,
    OffGridError,
    StorageError,
    UsageError,
)
from tickwright.core.events import Action
from tickwright.data.catalog import Catalog
from tickwright.data.ingest import ingest_dbn, ingest_lobster, write_events
from tickwright.data.lobster.files import open_pairs
from tickwright.data.lobster.messages import chunks
from tickwright.data.store.writer import writer_lock


def test_the_shared_goog_day(shared_data, tmp_path):
    file = shared_data / "lobster" / "LOBSTER_SampleFile_GOOG_2012-06-21_10.zip"
    heard = []
    summary = ingest_lobster(file, tmp_path / "cat", progress=lambda done, total: heard.append((done, total)))
    assert (summary.rows, summary.instruments, summary.days) == (147_916, ("GOOG",), ("2012-06-21",))
    # counted in the message file with cut, sort and uniq
    assert summary.actions == {"add": 71_258, "cancel": 64_961 + 19, "execute": 7_765, "hidden": 3_913}
    assert heard[-1] == (34_073_243 + 6_094_817,) * 2  # sizes of the members as unzip lists them
    catalog = Catalog.open(tmp_path / "cat")
    (pair,) = open_pairs(file)
    read = [(e.copy(), b.copy()) for e, b in chunks(pair)]
    assert catalog.read("GOOG").tobytes() == np.concatenate([e for e, _ in read]).tobytes()
    assert np.array_equal(catalog.read("GOOG", "book-10"), np.concatenate([b for _, b in read]))
    assert catalog.instrument("GOOG").timezone == "America/New_York"
    again = ingest_lobster(file, tmp_path / "cat")
    assert again.already
    assert "already" in again.notes[0]
    assert (again.rows, again.days) == (147_916, ("2012-06-21",))


def test_es_days_and_the_summary(shared_data, tmp_path):
    folder = shared_data / "databento"
    for day in (24, 25):
        summary = ingest_dbn(folder / f"esh4-glbx-mdp3-202312{day}.mbo.dbn.zst", tmp_path / "cat")
        assert summary.days == (f"2023-12-{day}",)
    assert summary.rows == 68_792
    assert summary.actions["trade"] == 2_973
    assert summary.notes == ("ESH4: tick 0.25, multiplier 50 (published contract specification of ES)",)
    catalog = Catalog.open(tmp_path / "cat")
    assert [len(catalog.read("ESH4", day=day)) for day in catalog.days("ESH4")] == [8_725, 68_792]
    assert len(catalog.read("ESH4")) == 8_725 + 68_792


def test_same_file_twice_has_the_same_bytes(tmp_path):
    path = make_lobster.write_zip(tmp_path / "x.zip")
    for name in ("one", "two"):
        ingest_lobster(path, tmp_path / name)
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file())
    assert len(files) == 4  # two parts, the manifest, the lock
    for file in files:
        if file.name != ".lock":
            assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_a_file_is_known_again_under_another_name_and_place(tmp_path):
    path = make_lobster.write_zip(tmp_path / "x.zip")
    ingest_lobster(path, tmp_path / "cat")
    (tmp_path / "sub").mkdir()
    assert ingest_lobster(path.rename(tmp_path / "sub" / "y.zip"), tmp_path / "cat").already
    assert not ingest_lobster(tmp_path / "sub" / "y.zip", tmp_path / "cat", replace=True).already


def test_another_file_of_the_same_day_needs_replace(tmp_path):
    one = make_lobster.write_zip(tmp_path / "x.zip")
    two = make_lobster.write_zip(
        tmp_path / "y.zip", make_lobster.members(make_lobster.MESSAGES[:5], make_lobster.BOOKS[:5])
    )
    ingest_lobster(one, tmp_path / "cat")
    with pytest.raises(CatalogError, match=r"from x\.zip reaches .*to put y\.zip in the place of all 11 rows"):
        ingest_lobster(two, tmp_path / "cat")
    assert ingest_lobster(two, tmp_path / "cat", replace=True).rows == 5
    assert not ingest_lobster(one, tmp_path / "cat", replace=True).already


def test_two_csv_files_side_by_side(tmp_path):
    for name, text in make_lobster.members().items():
        (tmp_path / name).write_text(text)
    message = tmp_path / make_lobster.STEM.format(kind="message", levels=1)
    assert ingest_lobster(message, tmp_path / "cat").rows == 11
    assert ingest_lobster(message, tmp_path / "cat").already


def test_a_tick_size_given_later_contradicts_or_repairs(tmp_path):
    path = make_dbn.write(tmp_path / "x.dbn", [make_dbn.mbo(k) for k in range(9)])
    ingest_dbn(path, tmp_path / "cat", tick_size="0.05")
    with pytest.raises(CatalogError, match=r"says a tick of 0\.25, but the catalog has 0\.05"):
        ingest_dbn(path, tmp_path / "cat", tick_size="0.25")
    ingest_dbn(path, tmp_path / "cat", tick_size="0.25", replace=True)
    catalog = Catalog.open(tmp_path / "cat")
    assert catalog.instrument("ESH4").tick_size == Decimal("0.25")
    assert catalog.read("ESH4")["price"].tolist() == [19_200 + k for k in range(9)]


def test_tick_size_from_a_definition_file(shared_data, tmp_path):
    definition = shared_data / "databento" / "samples" / "GLBX.MDP3" / "test_data.definition.dbn.zst"
    mbo = shared_data / "databento" / "samples" / "GLBX.MDP3" / "test_data.mbo.dbn.zst"
    summary = ingest_dbn(mbo, tmp_path / "cat", definition=definition)
    assert summary.notes == ("ESH1: tick 0.25, multiplier 50 (definition file)",)
    other = shared_data / "databento" / "definition-glbx-es-fut.dbn.zst"
    with pytest.raises(UsageError, match=r"definition-glbx-es-fut\.dbn\.zst defines ESM3, not ESH1$"):
        ingest_dbn(mbo, tmp_path / "other", definition=other)
    with pytest.raises(ConfigError, match=r"definition: got .*, expected a file; this is a folder"):
        ingest_dbn(mbo, tmp_path / "other", definition=tmp_path)


def test_tick_size_from_the_prices(tmp_path):
    header = make_dbn.metadata({"XYZ": [(17077, make_dbn.DAY, make_dbn.DAY.replace(day=26))]}, dataset="IFEU.IMPACT")
    prices = [80_000_000_000 + 10_000_000 * (k * 7 % 150) for k in range(400)]
    path = make_dbn.write(tmp_path / "x.dbn", [make_dbn.mbo(k, price=p) for k, p in enumerate(prices)], header)
    summary = ingest_dbn(path, tmp_path / "cat")
    assert "tick 0.01" in summary.notes[0]
    assert "inferred" in summary.notes[0]
    few = make_dbn.write(tmp_path / "y.dbn", [make_dbn.mbo(k) for k in range(50)], header)
    with pytest.raises(ConfigError, match="pass --tick-size, or --definition"):
        ingest_dbn(few, tmp_path / "other")
    assert ingest_dbn(few, tmp_path / "other", tick_size="0.25").rows == 50


def test_skipped_records_are_counted_and_errors_told(tmp_path):
    mixed = [make_dbn.mbo(0), dbn.SystemMsg(ts_event=0, msg="Heartbeat"), dbn.ErrorMsg(ts_event=0, err="gap")]
    summary = ingest_dbn(make_dbn.write(tmp_path / "x.dbn", mixed), tmp_path / "cat")
    assert (summary.rows, summary.skipped) == (1, {"system": 1, "error": 1})
    assert summary.notes[0] == "error record after market-by-order record 1: gap"


@pytest.mark.parametrize("tick", ["0", "-1", "a", "NaN", "1e-10"])
def test_a_tick_size_that_is_none(tmp_path, tick):
    path = make_dbn.write(tmp_path / "x.dbn", [make_dbn.mbo(0)])
    with pytest.raises(ConfigError):
        ingest_dbn(path, tmp_path / "cat", tick_size=tick)


def test_bad_files_leave_the_catalog_as_it_was(tmp_path):
    root = tmp_path / "cat"
    ingest_lobster(make_lobster.write_zip(tmp_path / "x.zip"), root)
    before = state(Catalog.open(root))
    records = [make_dbn.mbo(k) for k in range(5_000)]
    cut = make_dbn.write(tmp_path / "cut.dbn.zst", records)
    cut.write_bytes(cut.read_bytes()[:-20])
    off = make_dbn.write(tmp_path / "off.dbn", [*records, make_dbn.mbo(5_000, price=1)])
    empty = make_dbn.write(tmp_path / "empty.dbn", [])
    for file, error in ((cut, FileFormatError), (off, OffGridError), (empty, FileFormatError)):
        with pytest.raises(error, match=file.name):
            ingest_dbn(file, root)
        assert state(Catalog.open(root)) == before
    with pytest.raises(ConfigError, match="a file that exists"):
        ingest_dbn(tmp_path / "none", root)
    for ingest in (ingest_dbn, ingest_lobster):
        with pytest.raises(ConfigError, match=r"file: got .*, expected a file; this is a folder"):
            ingest(tmp_path, root)
        with pytest.raises(CatalogError, match=r"x\.zip: is a file, expected a folder"):
            ingest(make_lobster.write_zip(tmp_path / "x.zip") if ingest is ingest_lobster else off, tmp_path / "x.zip")
    assert not stray_files(Catalog.open(root))


def test_ctrl_c_in_the_middle_of_a_file(tmp_path):
    path = make_lobster.write_zip(tmp_path / "x.zip")
    catalog = Catalog.create(tmp_path / "cat")
    write_events(catalog, ES, events(1, 500), "before")
    before = state(catalog)
    with pytest.raises(KeyboardInterrupt):
        ingest_lobster(path, catalog.root, progress=lambda done, total: os.kill(os.getpid(), signal.SIGINT))
    assert state(Catalog.open(catalog.root)) == before
    assert not stray_files(Catalog.open(catalog.root))
    assert ingest_lobster(path, catalog.root).rows == 11


@pytest.mark.parametrize("there", ["", "cat", "cat/deep/er"])
def test_a_first_ingest_that_fails_leaves_nothing_that_was_not_there(tmp_path, monkeypatch, there):
    """Refused in its header or at its end, interrupted, or by a full disk: the folders are those from before."""
    good = make_lobster.write_zip(tmp_path / "good.zip")
    bad = make_lobster.write_zip(tmp_path / "bad.zip", make_lobster.members(make_lobster.MESSAGES[:10]))
    cut = make_dbn.write(tmp_path / "cut.dbn", [make_dbn.mbo(k) for k in range(9)])
    cut.write_bytes(cut.read_bytes()[:-20])
    other = make_dbn.write(tmp_path / "other.dbn", [], make_dbn.metadata(schema=dbn.Schema.TRADES))
    root = tmp_path / "cat" / "deep" / "er"
    (tmp_path / there).mkdir(parents=True, exist_ok=True)
    before = sorted(tmp_path.rglob("*"))
    for ingest, file in ((ingest_lobster, bad), (ingest_dbn, cut), (ingest_dbn, other)):
        with pytest.raises(FileFormatError):
            ingest(file, root)
        assert sorted(tmp_path.rglob("*")) == before, file
    with pytest.raises(KeyboardInterrupt):
        ingest_lobster(good, root, progress=lambda done, total: os.kill(os.getpid(), signal.SIGINT))
    assert sorted(tmp_path.rglob("*")) == before
    real = os.replace

    def full_at_the_manifest(old, new):
        if str(new).endswith("manifest.json"):
            raise OSError(28, "No space left on device")
        real(old, new)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full_at_the_manifest)
        with pytest.raises(StorageError, match="the disk is full or a size limit was reached"):
            ingest_lobster(good, root)
    assert sorted(tmp_path.rglob("*")) == before
    assert ingest_lobster(good, root).rows == 11


def test_what_a_killed_writer_left_goes_when_the_same_file_comes_again(tmp_path):
    path = make_lobster.write_zip(tmp_path / "x.zip")
    ingest_lobster(path, tmp_path / "cat")
    root = tmp_path / "cat"
    left = root / ".staging" / "events" / "GOOG"
    left.mkdir(parents=True)
    (left / "x.parquet").write_bytes(b"half")
    with writer_lock(root):
        assert ingest_lobster(path, root).already  # another writer is at work: it is theirs
        assert left.exists()
    assert ingest_lobster(path, root).already
    assert not (root / ".staging").exists()


def test_two_first_ingests_started_together(tmp_path):
    """In each of many rounds two processes meet at a new folder: each stores its day, or is told of the other."""
    child = [sys.executable, "-c", FIRST, tmp_path, Path(__file__).parent]
    both = [
        subprocess.Popen([*child, str(k)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for k in (0, 1)
    ]
    told = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    answers = [[line.split(" ", 1)[1] for line in out.splitlines()] for out, _ in told]
    for n, pair in enumerate(zip(*answers, strict=True)):
        stored = [k for k, answer in enumerate(pair) if answer == "stored"]
        assert stored, pair
        for answer in pair:
            told_of = rf"{tmp_path}/cat{n}: another writer is at work( \(process \d+\))?; one at a time, .*"
            assert answer == "stored" or re.fullmatch(told_of, answer), answer
        catalog = Catalog.open(tmp_path / f"cat{n}")
        assert [row.source for row in catalog.ls()] == [f"day {k}" for k in stored]
        assert not stray_files(catalog)
    assert len(answers[0]) == ROUNDS


def test_made_events_are_stored_under_a_name(tmp_path):
    catalog = Catalog.create(tmp_path / "cat")
    rows = events(1, 500)
    summary = write_events(catalog, GOOG, rows, "seed 7")
    assert (summary.rows, summary.source.kind, summary.already) == (500, "generated", False)
    assert write_events(catalog, GOOG, rows, "seed 7").already
    assert catalog.read("GOOG").tobytes() == rows.tobytes()
    assert sum(summary.actions.values()) == 500
    assert set(summary.actions) == {"add", "cancel", "trade"}
    assert summary.actions["add"] == (rows["action"] == Action.ADD).sum()
    with pytest.raises(CatalogError, match="seed 7"):
        write_events(catalog, GOOG, events(2, 500), "seed 8")
    assert write_events(catalog, GOOG, events(2, 500), "seed 8", replace=True).rows == 500


def test_opening_a_catalog_imports_nothing_heavy():
    script = (
        "import sys, tickwright.data.catalog\n"
        "print([m for m in ('pyarrow', 'polars', 'numba', 'pandas', 'databento_dbn') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


ROUNDS = 15
# Each process says that it has come to a round, and waits for the other.
FIRST = f"""
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from make_events import ES, GOOG, events
from tickwright.core.errors import CatalogError
from tickwright.data.store import part, session, staging
from tickwright.data.catalog import Catalog
from tickwright.data.ingest import write_events

folder, me = Path(sys.argv[1]), int(sys.argv[3])
rows = events(me, 200, day=me)
for n in range({ROUNDS}):
    (folder / f"{{n}}-{{me}}").touch()
    until = time.monotonic() + 20
    while not (folder / f"{{n}}-{{1 - me}}").exists() and time.monotonic() < until:
        pass
    try:
        write_events(Catalog.create(folder / f"cat{{n}}"), GOOG, rows, f"day {{me}}")
        print(n, "stored")
    except CatalogError as error:
        print(n, error)
"""

# VmHWM is this process image's own; getrusage would also hold the test's process, from before `exec`.
INGEST = """
import re, sys
from tickwright.data.ingest import ingest_dbn
rows = ingest_dbn(sys.argv[1], sys.argv[2]).rows
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
heavy = ("arcticdb", "databento", "duckdb", "exchange_calendars", "polars", "tickwright.book")
print(rows, peak // 1024, ",".join(name for name in heavy if name in sys.modules) or "none")
"""


@pytest.mark.slow
def test_memory_is_bounded_whatever_the_file_size(tmp_path):
    """Peak memory of a file of 8 million records is that of one of 4 million within 64 MB, and far below 1 GB.

    With nothing compiled before, so that what a first run costs is in it, and without what an ingest has no use for.
    """
    peaks = []
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cold")}
    for millions in (4, 8):
        rng = np.random.default_rng(millions)
        raw = np.frombuffer(bytes(make_dbn.mbo(0)) * 1_000_000, "u1").reshape(-1, 56).copy()
        path = Path(tmp_path / f"{millions}.dbn")
        with open(path, "wb") as file:
            file.write(make_dbn.metadata())
            for _ in range(millions):
                raw[:, 16:22] = rng.integers(0, 256, (len(raw), 6))  # order ids
                file.write(raw.tobytes())
        child = [sys.executable, "-c", INGEST, path, tmp_path / f"cat{millions}"]
        told = subprocess.run(child, capture_output=True, text=True, check=True, env=environment).stdout.split()
        assert int(told[0]) == millions * 1_000_000
        assert told[2] == "none"
        peaks.append(int(told[1]))
        path.unlink()
    assert peaks[1] < peaks[0] + 64
    assert max(peaks) < 500
