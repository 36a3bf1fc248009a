"""The catalog against a dictionary: what was put in comes out, by instrument, schema, day and time."""

import datetime as dt
import fcntl
import json
import os
import subprocess
import sys
import time
import zlib
from decimal import Decimal
from pathlib import Path

import make_events
import msgspec
import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from make_events import ES, GOOG, events, put, source, state, stray_files

from tickwright.core.errors import CatalogError, InternalError, NotInCatalogError, StorageError
from tickwright.core.instrument import Instrument
from tickwright.core.units import DAY
from tickwright.data.catalog import Catalog
from tickwright.data.store import session, staging
from tickwright.data.store.part import PartWriter
from tickwright.data.store.schema import FILE_VERSION, column_types


@pytest.fixture
def catalog(tmp_path):
    return Catalog.create(tmp_path / "cat")


@pytest.fixture
def small(monkeypatch):
    """Row groups, buffers and open files so small that every path is walked."""
    monkeypatch.setattr(session, "ROW_GROUP_BYTES", 3_000)
    monkeypatch.setattr(session, "BUFFER_BYTES", 8_000)
    monkeypatch.setattr(staging, "OPEN_FILES", 2)


def test_rows_come_back_bit_for_bit(catalog):
    rows = events(1, 5_000)
    put(catalog, GOOG, rows, "a")
    assert catalog.read("GOOG").tobytes() == rows.tobytes()
    assert Catalog.open(catalog.root).read("GOOG", "events").tobytes() == rows.tobytes()


def test_book_rows_come_back(catalog):
    rng = np.random.default_rng(1)
    rows, times = rng.integers(0, 10**6, (500, 12)), np.arange(500) + make_events.DAY_0 * DAY
    put(catalog, GOOG, rows, "a", schema="book-3", times=times)
    assert np.array_equal(catalog.read("GOOG", "book-3"), rows)
    assert np.array_equal(catalog.read("GOOG", "book-3", int(times[100]), int(times[107])), rows[100:107])
    frame = catalog.scan("GOOG", "book-3").collect()
    assert frame.columns[:5] == ["ts_event", "ask_price_0", "ask_size_0", "bid_price_0", "bid_size_0"]
    assert frame["bid_size_2"].to_list() == rows[:, 11].tolist()


@pytest.mark.parametrize("seed", range(5))
def test_a_range_of_time_equals_a_mask_over_everything(catalog, small, seed):
    """For any range, read, chunks and scan give exactly the rows with start <= ts_event < end, in file order."""
    print("seed", seed)
    rows = events(seed, 3_000, days=3)
    with catalog.ingest(source("a")) as writing:
        for at in range(0, 3_000, 170):
            writing.append(GOOG, "events", rows[at : at + 170])
    order = np.concatenate([rows[rows["ts_recv"] // DAY == day] for day in np.unique(rows["ts_recv"] // DAY)])
    rng = np.random.default_rng(seed)
    moments = np.sort(rows["ts_event"])
    for _ in range(20):
        start, end = (int(t) for t in np.sort(rng.choice(moments, 2, replace=False)))
        wanted = order[(order["ts_event"] >= start) & (order["ts_event"] < end)]
        assert catalog.read("GOOG", "events", start, end).tobytes() == wanted.tobytes()
        cut = list(catalog.chunks("GOOG", "events", start, end, rows=100))
        assert max(map(len, cut)) <= 100
        assert np.concatenate(cut).tobytes() == wanted.tobytes()
        frame = catalog.scan("GOOG", "events", start, end).collect()
        for name in column_types("events"):
            assert frame[name].to_list() == wanted[name].tolist(), name


def test_a_scan_pushes_the_range_down_to_the_files(catalog):
    rows = events(1, 100)
    put(catalog, GOOG, rows, "a")
    middle = int(np.median(rows["ts_event"]))
    plan = catalog.scan("GOOG", "events", middle).select("price").explain()
    assert "Parquet SCAN" in plan
    assert "SELECTION" in plan
    assert "PROJECT 2/12" in plan or "PROJECT 1/12" in plan


def test_row_groups_outside_a_range_are_not_read(catalog, monkeypatch):
    monkeypatch.setattr(session, "ROW_GROUP_BYTES", 64 * 100)
    rows = events(1, 1_000)
    rows["ts_event"] = rows["ts_recv"]
    with catalog.ingest(source("a")) as writing:
        for at in range(0, 1_000, 100):
            writing.append(GOOG, "events", rows[at : at + 100])
    read = []
    original = pq.ParquetFile.iter_batches
    monkeypatch.setattr(
        pq.ParquetFile, "iter_batches", lambda s, n, row_groups: read.append(row_groups) or original(s, n, row_groups)
    )
    times = rows["ts_event"]
    assert len(catalog.read("GOOG", "events", int(times[250]), int(times[350]))) == 100
    assert read == [[2], [3]]


def test_a_day_is_one_of_ts_recv_and_keeps_its_opening_snapshot(catalog):
    rows = events(1, 10)
    rows["ts_event"][:4] -= 2 * DAY  # a snapshot of orders placed days ago
    put(catalog, ES, rows, "a")
    day = dt.date(1970, 1, 1) + dt.timedelta(make_events.DAY_0)
    assert catalog.days("ESH4") == [day]
    assert catalog.read("ESH4", day=day).tobytes() == rows.tobytes()
    assert len(catalog.read("ESH4", "events", int(rows["ts_event"][:4].max()) + 1)) == 6


def test_the_file_says_what_it_is_and_holds_integers_only(catalog):
    put(catalog, ES, events(1), "a")
    file = next(catalog.root.rglob("*.parquet"))
    assert str(file.relative_to(catalog.root)) == "parts/events/ESH4/2022-01-08/000001-00000.parquet"
    schema = pq.read_schema(file)
    assert schema.metadata[b"tickwright.version"].decode() == FILE_VERSION == "tickwright.parquet/1"
    assert schema.metadata[b"tickwright.schema"] == b"events"
    stored = json.loads(schema.metadata[b"tickwright.instrument"])
    assert (stored["symbol"], stored["tick_size"], stored["multiplier"]) == ("ESH4", "0.25", "50")
    assert all(dtype.is_integer() for dtype in pl.read_parquet(file).dtypes)
    group = pq.ParquetFile(file).metadata.row_group(0)
    assert {group.column(i).compression for i in range(group.num_columns)} == {"ZSTD"}


def test_listing_instruments_schemas_days(catalog):
    put(catalog, GOOG, events(1, 50, days=2), "two days.zip")
    put(catalog, ES, events(2, 30, day=5), "es.dbn")
    assert [i.symbol for i in catalog.instruments()] == ["ESH4", "GOOG"]
    assert catalog.instrument("ESH4") == ES
    assert catalog.schemas("GOOG") == ["events"]
    rows = {(r.instrument, str(r.day)): r for r in catalog.ls()}
    assert list(rows) == [("ESH4", "2022-01-13"), ("GOOG", "2022-01-08"), ("GOOG", "2022-01-09")]
    es = rows["ESH4", "2022-01-13"]
    stored = events(2, 30, day=5)["ts_event"]
    assert (es.rows, es.first, es.last, es.source) == (30, stored.min(), stored.max(), "es.dbn")
    assert es.bytes == next((catalog.root / "parts/events/ESH4").rglob("*.parquet")).stat().st_size


def test_what_is_not_there_is_said_with_what_is(catalog):
    with pytest.raises(NotInCatalogError, match=r"'GOOG' is not in .*; it holds nothing"):
        catalog.instrument("GOOG")
    put(catalog, GOOG, events(1), "a")
    with pytest.raises(NotInCatalogError, match=r"'MSFT' is not in .*; it holds GOOG"):
        catalog.read("MSFT")
    with pytest.raises(NotInCatalogError, match=r"GOOG has no book-10 in .*; it has events"):
        catalog.days("GOOG", "book-10")
    with pytest.raises(NotInCatalogError, match="no events on 2020-01-01; it has 1 UTC days from 2022-01-08"):
        catalog.read("GOOG", day=dt.date(2020, 1, 1))
    with pytest.raises(NotInCatalogError, match=r"from 1970-01-01T00:00:00Z to 1970-01-01T00:00:00\.000000005Z; it"):
        catalog.scan("GOOG", "events", 0, 5)
    held = r"it has 1 UTC days from 2022-01-08 to 2022-01-08, 2022-01-08T00:07:\d\d\.\d{9}Z to 2022-01-08T23:"
    with pytest.raises(NotInCatalogError, match=f"from 2022-01-09T00:00:00Z to the end; {held}"):
        catalog.read("GOOG", "events", (make_events.DAY_0 + 1) * DAY)
    with pytest.raises(CatalogError, match=r"'ticks' is unknown, expected events, depth, .* or book-N"):
        catalog.read("GOOG", "ticks")


def test_a_folder_that_is_no_catalog(tmp_path):
    with pytest.raises(CatalogError, match="no catalog here"):
        Catalog.open(tmp_path / "none")
    (tmp_path / "file").write_text("x")
    for found in (Catalog.open, Catalog.create):
        with pytest.raises(CatalogError, match="file: is a file, expected a folder"):
            found(tmp_path / "file")
    with pytest.raises(CatalogError, match="holds 'file' and no catalog"):
        Catalog.create(tmp_path)
    with pytest.raises(CatalogError, match="no catalog here"):
        Catalog.open(Catalog.create(tmp_path / "new").root)  # nothing has been written to it
    root = tmp_path / "new"
    put(Catalog.create(root), GOOG, events(1), "a")
    assert len(Catalog.create(root).ls()) == 1
    (root / "manifest.json").write_text('{"version": "tickwright.catalog/9"}')
    with pytest.raises(CatalogError, match=r"version 'tickwright\.catalog/9', expected 'tickwright\.catalog/2'"):
        Catalog.open(root)
    (root / "manifest.json").write_text("{")
    with pytest.raises(CatalogError, match="not a manifest"):
        Catalog.open(root)


def test_a_damaged_or_missing_part_is_named(catalog):
    put(catalog, GOOG, events(1), "a")
    file = next(catalog.root.rglob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(CatalogError, match=f"{file.name}: a file of the catalog is missing or damaged"):
        catalog.read("GOOG")
    file.unlink()
    with pytest.raises(CatalogError, match=f"{file.name}: a file of the catalog is missing or damaged"):
        catalog.read("GOOG")


def test_a_file_of_another_schema_is_refused(catalog):
    put(catalog, GOOG, events(1), "a")
    file = next(catalog.root.rglob("*.parquet"))
    pq.write_table(pq.read_table(file).replace_schema_metadata({}), file)
    with pytest.raises(CatalogError, match=r"expected .*'tickwright\.parquet/1', 'events'"):
        catalog.read("GOOG")


def test_a_day_of_another_source_needs_replace(catalog):
    put(catalog, GOOG, events(1, 50, days=2), "a.zip")
    before = state(catalog)
    with pytest.raises(CatalogError, match=r"GOOG events 2022-01-08: b\.zip has .* a\.zip reaches .* pass --replace"):
        put(catalog, GOOG, events(2, 50), "b.zip")
    assert state(catalog) == before
    put(catalog, GOOG, events(2, 50), "b.zip", replace=True)
    day_0, day_1 = catalog.days("GOOG")
    assert catalog.read("GOOG", day=day_0).tobytes() == events(2, 50).tobytes()
    assert before[1]["GOOG", "events", day_1] == catalog.read("GOOG", day=day_1).tobytes()
    assert not stray_files(catalog)
    assert catalog.stored_source("digest of a.zip") is None  # a part of it is gone
    assert catalog.stored_source("digest of b.zip").name == "b.zip"


def test_replacing_the_events_of_a_day_takes_the_books_of_the_same_source_along(catalog):
    times = events(1, 20)["ts_recv"].copy()
    with catalog.ingest(source("ten levels")) as writing:
        writing.append(GOOG, "events", events(1, 20))
        writing.append(GOOG, "book-2", np.ones((20, 8), np.int64), times)
    put(catalog, GOOG, events(2, 20), "one level", replace=True)
    assert catalog.schemas("GOOG") == ["events"]
    assert not stray_files(catalog)


def test_a_definition_that_differs_is_refused(catalog):
    put(catalog, GOOG, events(1), "a")
    other = Instrument("GOOG", "XNAS", "USD", Decimal("0.05"), timezone="America/New_York", source="guess")
    with pytest.raises(CatalogError, match=r"GOOG: tick_size 0\.05 \(guess\), but the catalog has 0\.01 \(test\)"):
        put(catalog, other, events(2, day=1), "b")
    with pytest.raises(CatalogError, match=r"tick_size 0\.05"):
        put(catalog, other, events(2, day=1), "b", replace=True)  # day 0 stays, by the old definition
    put(catalog, other, events(2), "b", replace=True)  # nothing stays
    assert catalog.instrument("GOOG") == other
    again = Instrument("GOOG", "XNAS", "USD", Decimal("0.0500"), timezone="America/New_York", source="elsewhere")
    put(catalog, again, events(3, day=1), "c")  # the same number, written otherwise


def test_two_definitions_in_one_source_are_refused(catalog):
    other = Instrument("GOOG", "XNAS", "USD", Decimal("0.05"), timezone="America/New_York")
    with catalog.ingest(source("a")) as writing:
        writing.append(GOOG, "events", events(1, 0))
        with pytest.raises(CatalogError, match="one symbol has one definition"):
            writing.append(other, "events", events(2))
    assert catalog.ls() == []


def test_fingerprint_is_of_the_content_not_of_how_it_was_cut(tmp_path, monkeypatch):
    """Same rows, same fingerprint, whatever the chunks and row groups; one row changed, another fingerprint."""
    rows = events(1, 1_000)
    prints = []
    for k, cut in enumerate((1_000, 7, 130)):
        monkeypatch.setattr(session, "ROW_GROUP_BYTES", 5_000 * (k + 1))
        catalog = Catalog.create(tmp_path / str(k))
        with catalog.ingest(source(f"s{k}")) as writing:
            for at in range(0, 1_000, cut):
                writing.append(GOOG, "events", rows[at : at + cut])
        prints.append(catalog.fingerprint("GOOG", "events"))
    assert len(set(prints)) == 1
    for name in column_types("events"):
        other = rows.copy()
        other[name][500] ^= 1
        put(catalog, GOOG, other, name, replace=True)
        prints.append(catalog.fingerprint("GOOG", "events"))
    assert len(set(prints)) == 1 + len(column_types("events"))


def test_fingerprint_names_the_parts_it_touches_and_the_range(catalog):
    put(catalog, GOOG, events(1, 100, days=2), "a")
    day_0, day_1 = catalog.days("GOOG")
    whole = catalog.fingerprint("GOOG", "events")
    first = catalog.fingerprint("GOOG", "events", day=day_0)
    assert first != whole
    put(catalog, GOOG, events(9, 100, day=1), "b", replace=True)
    assert catalog.fingerprint("GOOG", "events", day=day_0) == first
    assert catalog.fingerprint("GOOG", "events") != whole
    ranged = catalog.fingerprint("GOOG", "events", int(events(1)["ts_event"][0]), None)
    assert ranged not in (whole, first, catalog.fingerprint("GOOG", "events", day=day_1))


@pytest.mark.parametrize("symbol", ["BRK.B", "..", "ES/NQ", "UD:1V: GN 12", "Ä", "a b", ".x", "%2E", "con*?"])
def test_any_symbol_is_a_safe_folder(catalog, symbol):
    stock = Instrument(symbol, "XNAS", "USD", Decimal("0.01"))
    put(catalog, stock, events(1), symbol)
    assert catalog.read(symbol).tobytes() == events(1).tobytes()
    assert len(catalog.scan(symbol).collect()) == 100
    (file,) = catalog.root.rglob("*.parquet")
    assert len(file.relative_to(catalog.root / "parts").parts) == 4


def test_one_writer_at_a_time(catalog):
    """While a session is open a second one, of this process or of another, is refused; afterwards it is not."""
    script = (
        "import sys; from tickwright.data.catalog import Catalog; from tickwright.data.store.source import Source\n"
        "from tickwright.core.errors import CatalogError\n"
        "try:\n"
        "    with Catalog.create(sys.argv[1]).ingest(Source('x', 'test', 'x')): pass\n"
        "except CatalogError as error: print(error)\n"
    )
    with catalog.ingest(source("a")) as writing:
        writing.append(GOOG, "events", events(1))
        told = subprocess.run([sys.executable, "-c", script, catalog.root], capture_output=True, text=True, check=True)
        assert f"another writer is at work (process {os.getpid()})" in told.stdout
        with (
            pytest.raises(CatalogError, match="another writer"),
            Catalog.create(catalog.root).ingest(source("b")),
        ):
            pass
    assert len(catalog.ls()) == 1
    with open(catalog.root / ".lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # A writer that holds the lock and has not signed it: no process is named, least of all an earlier one.
        with pytest.raises(CatalogError, match="another writer is at work; one at a time"):
            put(catalog, GOOG, events(2), "b")


def test_a_lock_whose_file_was_taken_away_is_no_lock(tmp_path, monkeypatch):
    """A first writer fails and removes the folder between our opening of the lock and our taking it: we begin anew."""
    root = tmp_path / "cat"
    flock, turns = fcntl.flock, []

    def late(handle, how):
        if not turns:
            (root / ".lock").unlink()
            root.rmdir()
        turns.append(handle)
        flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", late)
    put(Catalog.create(root), GOOG, events(1), "a")
    assert len(turns) == 2
    assert len(Catalog.open(root).ls()) == 1


def test_a_reader_keeps_what_it_saw_until_it_looks_again(catalog):
    put(catalog, GOOG, events(1), "a")
    reader = Catalog.open(catalog.root)
    put(catalog, GOOG, events(2, day=1), "b")
    assert len(reader.days("GOOG")) == 1
    reader.refresh()
    assert len(reader.days("GOOG")) == 2


def test_wrong_rows_are_a_bug_of_ours(catalog):
    with pytest.raises(InternalError), catalog.ingest(source("a")) as writing:
        writing.append(GOOG, "events", np.zeros(3))
    with pytest.raises(InternalError), catalog.ingest(source("a")) as writing:
        writing.append(GOOG, "book-1", np.zeros((3, 8), np.int64), np.zeros(3, np.int64))
    assert catalog.ls() == []


def test_nothing_appended_changes_nothing(catalog):
    put(catalog, GOOG, events(1), "first")
    before = (catalog.root / "manifest.json").read_bytes()
    with catalog.ingest(source("a")) as writing:
        writing.append(GOOG, "events", events(1, 0))
    assert (catalog.root / "manifest.json").read_bytes() == before


def test_many_instruments_and_days_share_few_open_files(catalog, small):
    """Interleaved instruments and days overflow buffers and open files; every row still comes back in order."""
    stocks = [Instrument(f"S{k}", "XNAS", "USD", Decimal("0.01")) for k in range(7)]
    kept = {stock.symbol: [] for stock in stocks}
    with catalog.ingest(source("a")) as writing:
        for k in range(60):
            rows = events(k, 40, day=k // 20)
            stock = stocks[k % 7]
            writing.append(stock, "events", rows)
            kept[stock.symbol].append(rows)
        assert writing.rows == {"events": 2_400}
    assert any(part.path.endswith("-00030.parquet") for part in catalog._manifest.parts)
    for symbol, parts in kept.items():
        assert catalog.read(symbol).tobytes() == np.concatenate(parts).tobytes()


@pytest.mark.parametrize("seed", range(3))
def test_random_writes_equal_a_dictionary(catalog, small, seed):
    """After every step the catalog equals a plain dictionary of (instrument, day): (source, rows)."""
    print("seed", seed)
    rng = np.random.default_rng(seed)
    model: dict[tuple[str, int], tuple[str, bytes]] = {}
    for step in range(25):
        name, replace, fail = f"s{rng.integers(12)}", bool(rng.integers(2)), rng.random() < 0.2
        content = {
            (stock.symbol, day): events(int(name[1:]) * 100 + day, 60, day=day)
            for stock in (GOOG, ES)
            for day in np.unique(rng.integers(0, 4, 2)).tolist()
        }
        taken = [key for key in content if key in model and model[key][0] != name]
        try:
            with catalog.ingest(source(name), replace=replace) as writing:
                for (symbol, _), rows in content.items():
                    writing.append(GOOG if symbol == "GOOG" else ES, "events", rows)
                if fail:
                    raise KeyboardInterrupt
        except KeyboardInterrupt:
            assert fail, step
        except CatalogError:
            assert taken, step
            assert not replace, step
        else:
            assert not fail, step
            assert replace or not taken, step
            model.update({key: (name, rows.tobytes()) for key, rows in content.items()})
        found = {
            (r.instrument, (r.day - dt.date(1970, 1, 1)).days - make_events.DAY_0): (
                r.source, catalog.read(r.instrument, day=r.day).tobytes(),
            )
            for r in catalog.ls()
        }  # fmt: skip
        assert found == model, step
        assert not stray_files(catalog)
        assert msgspec.json.decode((catalog.root / "manifest.json").read_bytes())["version"] == "tickwright.catalog/2"


def test_the_disk_refuses_and_the_catalog_stands(catalog, monkeypatch, small):
    put(catalog, GOOG, events(1), "a")
    before = state(catalog)

    def full(*_args, **_kw):
        raise OSError(28, "No space left on device")

    for module, name in ((os, "fsync"), (os, "replace"), (pq.ParquetWriter, "write_table"), (Path, "mkdir")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, full)
            with pytest.raises(
                StorageError, match="the disk is full or a size limit was reached; the catalog stands as it was"
            ):
                put(catalog, GOOG, events(2, 500, day=1), "b")
        assert state(Catalog.open(catalog.root)) == before, name
    put(catalog, GOOG, events(2, 500, day=1), "b")
    assert not stray_files(catalog)
    assert len(catalog.days("GOOG")) == 2


def test_a_lane_that_failed_stops_the_others(catalog, monkeypatch):
    """Invariant: an error of the thread that writes one file is raised at a next row group of any other."""
    monkeypatch.setattr(session, "ROW_GROUP_BYTES", 64)
    rows = events(1, 4)
    day = np.datetime64(int(rows["ts_recv"][0]), "ns").astype("datetime64[D]")
    lanes = {zlib.crc32(f"{symbol}/events/{day}".encode()) % staging.LANES: symbol for symbol in "ABCDEFGH"}
    failing, other = (Instrument(lanes[k], "XCME", "USD", Decimal("0.25")) for k in (0, 1))
    write = PartWriter.write

    def refuse(self, columns):
        if f"/{failing.symbol}/" in self.name:
            raise StorageError("no space")
        write(self, columns)

    monkeypatch.setattr(PartWriter, "write", refuse)
    taken = 0
    with pytest.raises(StorageError, match="no space"), catalog.ingest(source("a")) as writing:  # noqa: PT012
        writing.append(failing, "events", rows)
        while taken < 200:
            time.sleep(0.005)
            writing.append(other, "events", rows)
            taken += 1
    assert taken < 200
    assert not (Path(catalog.root) / "manifest.json").exists()
