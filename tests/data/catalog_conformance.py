"""What every backend of the catalog does: one suite, run on each by `test_catalog_backends.py`.

A backend is a `Backend`: how to create its catalog in an empty place, and how to open it.
"""

import datetime as dt
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from make_events import DAY_0, ES, GOOG, events, put, source, state

from tickwright.core.errors import CatalogError, ConfigError, NotInCatalogError
from tickwright.core.instrument import Instrument
from tickwright.core.units import DAY
from tickwright.data.store.schema import TABLES, column_types


@dataclass(frozen=True)
class Backend:
    create: Callable[..., Any]
    open: Callable[..., Any]


def day(k: int) -> dt.date:
    return dt.date(1970, 1, 1) + dt.timedelta(DAY_0 + k)


def rows_of(schema: str, seed: int, count: int) -> np.ndarray:
    """Rows of any layout with random bits in every field that is stored, their times in order on day 0."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(count, TABLES[schema].rows)
    for name, kind in column_types(schema).items():
        assert kind.kind in "iu", (schema, name, kind)
        bounds = np.iinfo(kind)
        rows[name] = rng.integers(bounds.min, bounds.max, count, dtype=kind, endpoint=True)
    for name in ("ts_event", "ts_recv"):
        if name in rows.dtype.names:
            rows[name] = np.sort(rng.integers(0, DAY, count)) + DAY_0 * DAY
    return rows


def split(rows: np.ndarray, *cuts: int) -> list[np.ndarray]:
    """Cut at places where the time by which events are kept rises strictly."""
    assert all(rows["ts_recv"][cut - 1] < rows["ts_recv"][cut] for cut in cuts)
    return np.split(rows, cuts)


def visible(catalog) -> Any:
    """All that a reader can see, but for sizes on the disk."""
    listing, content = state(catalog)
    prints = {(r.instrument, r.schema): catalog.fingerprint(r.instrument, r.schema) for r in listing}
    shown = [(r.instrument, r.schema, r.day, r.rows, r.first, r.last, r.source) for r in listing]
    return shown, content, prints, catalog.instruments()


@pytest.mark.parametrize("schema", [*TABLES, "book-3"])
def test_rows_of_every_schema_come_back_bit_for_bit(backend, schema):
    catalog = backend.create()
    if schema == "book-3":
        rows = np.random.default_rng(1).integers(-(2**63), 2**63 - 1, (500, 12), endpoint=True)
        times = rows_of("trades", 1, 500)["ts_event"].copy()
        put(catalog, GOOG, rows, "a", schema=schema, times=times)
    else:
        rows = rows_of(schema, 1, 500)
        put(catalog, GOOG, rows, "a", schema=schema)
    for found in (catalog, backend.open()):
        assert found.read("GOOG", schema).tobytes() == rows.tobytes()
        assert np.concatenate(list(found.chunks("GOOG", schema, rows=64))).tobytes() == rows.tobytes()
    frame = catalog.scan("GOOG", schema).collect()
    names = list(column_types(schema))
    assert frame.columns == names
    if schema != "book-3":
        for name in names:
            assert frame[name].to_list() == rows[name].tolist(), name


def test_a_range_equals_a_mask_over_everything(backend):
    """For any range, read, chunks and scan give exactly the rows with start <= ts_event < end, in file order."""
    catalog = backend.create()
    rows = events(3, 3_000, days=3)
    for k, part in enumerate(split(rows, 700, 2_100)):
        put(catalog, GOOG, part, f"s{k}", append=True)
    rng = np.random.default_rng(3)
    moments = np.sort(rows["ts_event"])
    for _ in range(12):
        start, end = (int(t) for t in np.sort(rng.choice(moments, 2, replace=False)))
        wanted = rows[(rows["ts_event"] >= start) & (rows["ts_event"] < end)]
        assert catalog.read("GOOG", "events", start, end).tobytes() == wanted.tobytes()
        cut = list(catalog.chunks("GOOG", "events", start, end, rows=100))
        assert max(map(len, cut)) <= 100
        assert np.concatenate(cut).tobytes() == wanted.tobytes()
        frame = catalog.scan("GOOG", "events", start, end).collect()
        assert frame["sequence"].to_list() == wanted["sequence"].tolist()
        assert frame["order_id"].to_list() == wanted["order_id"].tolist()
    one = rows[rows["ts_recv"] // DAY == DAY_0 + 1]
    assert catalog.read("GOOG", day=day(1)).tobytes() == one.tobytes()


def test_what_is_not_there_is_said_with_what_is(backend):
    catalog = backend.create()
    with pytest.raises(CatalogError, match="no catalog here"):
        backend.open()
    assert (catalog.version, catalog.versions(), catalog.ls(), catalog.instruments()) == (0, [], [], [])
    with pytest.raises(NotInCatalogError, match=r"'GOOG' is not in .*; it holds nothing"):
        catalog.read("GOOG")
    put(catalog, GOOG, events(1), "a")
    with pytest.raises(NotInCatalogError, match=r"'MSFT' is not in .*; it holds GOOG"):
        catalog.instrument("MSFT")
    with pytest.raises(NotInCatalogError, match=r"GOOG has no book-10 in .*; it has events"):
        catalog.days("GOOG", "book-10")
    with pytest.raises(NotInCatalogError, match="no events on 2020-01-01; it has 1 UTC days from 2022-01-08"):
        catalog.read("GOOG", day=dt.date(2020, 1, 1))
    with pytest.raises(NotInCatalogError, match=r"from 1970-01-01T00:00:00Z to 1970-01-01T00:00:00\.000000005Z; it"):
        catalog.scan("GOOG", "events", 0, 5)


def test_append_goes_on_strictly_later_by_the_time_of_receipt(backend):
    """Appended rows stand behind what is there; a row that is not later than all of it is refused, by name."""
    catalog = backend.create()
    rows = events(1, 900)
    first, second, third = split(rows, 400, 600)
    put(catalog, GOOG, first, "a")
    put(catalog, GOOG, second, "b", append=True)
    put(catalog, GOOG, third, "c", append=True)
    assert catalog.read("GOOG").tobytes() == rows.tobytes()
    assert [r.source for r in catalog.ls()] == ["a, b, c"]
    before = visible(catalog)
    for late in (third[-1:], third[:1], np.concatenate([third[-1:], first[:1]])):
        with pytest.raises(
            CatalogError, match=r"2022-01-08: d has a row of .*Z, but .* from a, b, c goes on until .*Z"
        ):
            put(catalog, GOOG, late, "d", append=True)
        assert visible(catalog) == before
    # What lies before goes there only where nobody asked to append.
    with pytest.raises(CatalogError, match=r"--append takes strictly later rows alone; without it rows go before or"):
        put(catalog, GOOG, events(1, 5, day=0)[:1], "d", append=True)
    # A later receipt is enough, though the event lies before all that is there.
    next_row = third[-1:].copy()
    next_row["ts_recv"] += 1
    next_row["ts_event"] = first["ts_event"].min() - 5
    put(catalog, GOOG, next_row, "d", append=True)
    assert catalog.read("GOOG").tobytes() == np.concatenate([rows, next_row]).tobytes()


@pytest.mark.parametrize("order", ["01234", "43210", "20413", "13024"])
def test_rows_that_do_not_overlap_stand_beside_each_other_in_any_order(backend, order):
    """Invariant: files cut from one recording give the same rows in whatever order they come; an overlap is refused."""
    rows = events(1, 900, days=2)
    pieces = split(rows, 150, 300, 500, 700)
    order = [int(k) for k in order]
    catalog = backend.create()
    for k in order:
        put(catalog, GOOG, pieces[k], f"s{k}")
        held = np.concatenate([pieces[j] for j in sorted(order[: order.index(k) + 1])])
        for found in (catalog, backend.open()):
            assert found.read("GOOG").tobytes() == held.tobytes()
        assert len(backend.open(version=catalog.version).read("GOOG")) == len(held)
    assert [v.kind for v in catalog.versions()][-1] == "ingest"
    assert "append" in {v.kind for v in catalog.versions()}
    for k in order:
        assert sum(p.rows for p in catalog.parts_of(f"digest of s{k}")) == len(pieces[k])
    before = visible(catalog)
    for late in (pieces[1][-1:], np.concatenate([pieces[0][:1], pieces[4][-1:]]), pieces[4][-1:]):
        with pytest.raises(CatalogError, match=r": d has rows from .*Z to .*Z, but .* reaches from .*pass --replace"):
            put(catalog, GOOG, late, "d")
        assert visible(catalog) == before
    catalog.compact()
    assert visible(catalog) == before
    # What was compacted is one block: there is a place before it and behind it.
    early = pieces[0][:1].copy()
    early["ts_recv"] -= 1
    put(catalog, GOOG, early, "early")
    assert catalog.read("GOOG").tobytes() == np.concatenate([early, rows]).tobytes()
    catalog.compact()
    assert backend.open().read("GOOG").tobytes() == np.concatenate([early, rows]).tobytes()


def test_what_replace_takes_out_is_said(backend):
    catalog = backend.create()
    rows = events(1, 600, days=2)
    cut = int(np.searchsorted(rows["ts_recv"], (DAY_0 + 1) * DAY)) + 40
    assert rows["ts_recv"][cut - 1] < rows["ts_recv"][cut]
    put(catalog, GOOG, rows[:cut], "a")
    put(catalog, GOOG, rows[cut:], "b")
    with catalog.ingest(source("c"), replace=True) as session:
        session.append(GOOG, "events", rows[-50:])
    assert session.notes() == [
        f"--replace took out {n} rows of {name}: GOOG events 2022-01-09; ingest it again to have those back that do "
        "not overlap"
        for name, n in (("a", 40), ("b", 600 - cut))
    ]
    assert catalog.read("GOOG").tobytes() == np.concatenate([rows[: cut - 40], rows[-50:]]).tobytes()


@pytest.mark.parametrize("compacted", [False, True])
def test_what_replace_took_out_comes_back_with_its_file(backend, compacted):
    """Invariant: three files that meet at midnights; one is replaced by itself, the others again: as it was."""
    rows = events(1, 900, days=4)
    nights = [int(np.searchsorted(rows["ts_recv"], (DAY_0 + k) * DAY)) for k in (1, 2, 3)]
    files = dict(zip("abcd", split(rows, *(at + 15 for at in nights)), strict=True))
    catalog = backend.create()
    for name in "cabd":
        put(catalog, GOOG, files[name], name)
    if compacted:
        catalog.compact()
    before = state(catalog)[1]
    assert [r.source for r in catalog.ls()] == ["a", "a, b", "b, c", "c, d"]
    put(catalog, GOOG, files["b"], "b", replace=True)
    assert [r.source for r in catalog.ls()] == ["a", "b", "b", "c, d"]
    for name in "ac":  # c still has its rows of the last day, beside those of d
        assert catalog.stored_source(f"digest of {name}") is None
        with catalog.ingest(source(name)) as session:
            session.append(GOOG, "events", files[name])
        assert session.rows["events"] == sum(p.rows for p in catalog.parts_of(f"digest of {name}")) == len(files[name])
    assert state(catalog)[1] == before
    assert all(catalog.stored_source(f"digest of {name}") is not None for name in "abcd")
    put(catalog, GOOG, files["b"], "b", replace=True)
    with pytest.raises(CatalogError, match=r"the catalog has 15 rows of c, which now has 14; pass --replace"):
        put(catalog, GOOG, files["c"][:-1], "c")


def test_append_may_bring_other_days_and_instruments(backend):
    catalog = backend.create()
    rows = events(1, 900, days=3)
    cut = int(np.searchsorted(rows["ts_recv"], (DAY_0 + 1) * DAY + DAY // 2))
    put(catalog, GOOG, rows[:cut], "a")
    with catalog.ingest(source("b"), append=True) as session:
        session.append(GOOG, "events", rows[cut:])
        session.append(ES, "events", rows)
    assert catalog.read("GOOG").tobytes() == catalog.read("ESH4").tobytes() == rows.tobytes()
    assert [r.source for r in catalog.ls()] == ["b", "b", "b", "a", "a, b", "b"]
    with pytest.raises(ConfigError, match="one of --append and --replace"):
        put(catalog, GOOG, rows, "c", append=True, replace=True)


def test_append_of_bars_and_of_books(backend):
    """Where rows have no time of receipt, `ts_event` is what must rise; a year of bars is one span."""
    catalog = backend.create()
    bars = rows_of("bars-1d", 1, 40)
    bars["ts_event"] = (DAY_0 + np.arange(40)) * DAY
    put(catalog, GOOG, bars[:15], "a", schema="bars-1d")
    put(catalog, GOOG, bars[15:], "b", schema="bars-1d", append=True)
    with pytest.raises(CatalogError, match=r"2022-01-01: c has a row of 2022-02-16T00:00:00Z"):
        put(catalog, GOOG, bars[39:], "c", schema="bars-1d", append=True)
    times, book = np.arange(30) + DAY_0 * DAY, np.arange(120).reshape(30, 4)
    put(catalog, GOOG, book[:10], "d", schema="book-1", times=times[:10])
    put(catalog, GOOG, book[10:], "e", schema="book-1", times=times[10:], append=True)
    catalog.compact()
    assert catalog.read("GOOG", "bars-1d").tobytes() == bars.tobytes()
    assert catalog.read("GOOG", "bars-1d", day=day(20)).tobytes() == bars[20:21].tobytes()
    assert np.array_equal(catalog.read("GOOG", "book-1"), book)
    assert catalog.scan("GOOG", "book-1").collect()["ts_event"].to_list() == times.tolist()


def test_compaction_changes_nothing_that_is_read(backend):
    """Rows, their order, fingerprints of any range, sources and what is known again: all as before."""
    catalog = backend.create()
    rows = events(5, 1_200, days=2)
    for k, part in enumerate(split(rows, *range(100, 1_200, 100))):
        put(catalog, GOOG, part, f"s{k:02d}", append=True)
    put(catalog, ES, events(6, 50), "es")
    rng = np.random.default_rng(5)
    times = np.sort(rows["ts_event"])
    ranges = [tuple(int(t) for t in np.sort(rng.choice(times, 2, replace=False))) for _ in range(20)]
    prints = [catalog.fingerprint("GOOG", "events", *r) for r in ranges]
    before = visible(catalog)
    done = catalog.compact(note="weekly")
    parts_now = len([p for p in catalog._manifest.parts if p.symbol == "GOOG"])
    assert (done.spans, done.parts_after, parts_now, done.rows, done.generation) == (2, 2, 2, 1_200, catalog.version)
    assert done.parts_before in (12, 13)  # a source may hold the midnight between the days
    for found in (catalog, backend.open()):
        assert visible(found) == before
        assert [found.fingerprint("GOOG", "events", *r) for r in ranges] == prints
    assert catalog.stored_source("digest of s03").name == "s03"
    assert sum(p.rows for p in catalog.parts_of("digest of s03")) == 100
    newest = catalog.versions()[0]
    assert (newest.kind, newest.source, newest.note) == ("compact", "", "weekly")
    assert sum(s.rows for s in newest.added) == sum(s.rows for s in newest.removed) == 1_200
    again = catalog.compact()
    assert (again.spans, again.generation) == (0, catalog.version) == (0, done.generation)
    put(catalog, GOOG, events(7, 30, day=1, days=2)[-5:], "later", append=True)
    assert len(catalog.read("GOOG")) == 1_205


def test_compaction_of_one_instrument_leaves_the_others(backend):
    catalog = backend.create()
    for k, part in enumerate(split(events(5, 300), 100, 200)):
        put(catalog, GOOG, part, f"g{k}", append=True)
        put(catalog, ES, part, f"e{k}", append=True)
    before = visible(catalog)
    assert catalog.compact("GOOG", "trades").spans == 0
    assert catalog.compact("GOOG", "events").parts_before == 3
    assert [p.symbol for p in catalog._manifest.parts] == ["ESH4", "ESH4", "ESH4", "GOOG"]
    assert visible(catalog) == before


def test_replacing_a_day_takes_the_books_of_its_sources_along_compacted_or_not(backend):
    """What goes does not depend on how it was cut into parts."""
    catalog = backend.create()
    rows = events(1, 40)
    times = rows["ts_recv"].copy()
    for k, name in enumerate("ab"):
        part = slice(20 * k, 20 * k + 20)
        with catalog.ingest(source(name), append=True) as writing:
            writing.append(GOOG, "events", rows[part])
            writing.append(GOOG, "book-2", np.full((20, 8), k), times[part])
    put(catalog, GOOG, rows_of("trades", 1, 9), "c", schema="trades")
    plain = catalog.version
    catalog.compact()
    put(catalog, GOOG, events(2, 20), "d", replace=True)
    assert catalog.schemas("GOOG") == ["events", "trades"]
    assert catalog.read("GOOG").tobytes() == events(2, 20).tobytes()
    assert catalog.stored_source("digest of a") is None
    assert catalog.versions()[0].kind == "replace"
    removed = {(s.schema, s.rows) for s in catalog.versions()[0].removed}
    assert removed == {("events", 40), ("book-2", 40)}
    assert backend.open(version=plain).schemas("GOOG") == ["book-2", "events", "trades"]


def test_every_version_stays_readable(backend):
    """Each commit is a version; `open(version=)` shows what was visible then, whatever came after."""
    ticks = itertools.count(1_000)
    catalog = backend.create(clock=lambda: next(ticks))
    seen = {}

    def note(kind):
        assert catalog.versions()[0].kind == kind
        seen[catalog.version] = visible(catalog)

    first, second = split(events(1, 200), 90)
    put(catalog, GOOG, first, "a")
    note("ingest")
    put(catalog, GOOG, second, "b", append=True)
    note("append")
    put(catalog, ES, events(2, 50), "es")
    note("ingest")
    catalog.compact()
    note("compact")
    other = Instrument("GOOG", "XNAS", "USD", Decimal("0.05"), timezone="America/New_York", source="better")
    with catalog.ingest(source("c"), replace=True, note="the tick was wrong") as session:
        session.append(other, "events", events(3, 70))
    note("replace")
    assert [v.generation for v in catalog.versions()] == [5, 4, 3, 2, 1] == sorted(seen, reverse=True)
    assert [v.time for v in catalog.versions()] == [1_004, 1_003, 1_002, 1_001, 1_000]
    assert [v.source for v in catalog.versions()] == ["c", "", "es", "b", "a"]
    assert catalog.versions()[0].note == "the tick was wrong"
    assert [(s.instrument, s.rows) for s in catalog.versions()[0].removed] == [("GOOG", 200)]
    for generation, was in seen.items():
        then = backend.open(version=generation)
        assert then.version == generation
        assert visible(then) == was
        assert [v.generation for v in then.versions()] == list(range(generation, 0, -1))
        then.refresh()
        assert then.version == generation
        with pytest.raises(CatalogError, match=f"opened as of version {generation}, which cannot be written to"):
            put(then, GOOG, events(9), "x", replace=True)
        for write, arguments in ((then.compact, ()), (then.prune, (1,))):
            with pytest.raises(CatalogError, match="cannot be written to"):
                write(*arguments)
    for absent in (0, 6, -1):
        with pytest.raises(CatalogError, match=f"version {absent} is not kept; it has versions 1 to 5"):
            backend.open(version=absent)


def test_pruning_keeps_the_newest_versions(backend):
    catalog = backend.create()
    seen = {}
    for k in range(5):
        put(catalog, GOOG, events(k, 50 + k), f"s{k}", replace=True)
        seen[catalog.version] = visible(catalog)
    assert catalog.prune(9) == 0
    assert catalog.prune(3) == 2
    assert catalog.prune(3) == 0
    assert [v.generation for v in catalog.versions()] == [5, 4, 3]
    for generation in (3, 4, 5):
        assert visible(backend.open(version=generation)) == seen[generation]
    for generation in (1, 2):
        with pytest.raises(CatalogError, match=f"version {generation} is not kept; it has versions 3 to 5"):
            backend.open(version=generation)
    put(catalog, GOOG, events(9, 9), "s9", replace=True)
    assert catalog.prune(1) == 3
    assert [v.generation for v in catalog.versions()] == [6]
    with pytest.raises(CatalogError, match="version 5 is not kept; it has version 6 alone"):
        backend.open(version=5)
    assert len(backend.open(version=6).read("GOOG")) == 9
    with pytest.raises(ConfigError, match="keep: got 0, expected 1 or more"):
        catalog.prune(0)


def test_a_write_that_fails_changes_nothing(backend):
    catalog = backend.create()
    first, second = split(events(1, 200), 90)
    put(catalog, GOOG, first, "a")
    before, version = visible(catalog), catalog.version
    other = second.copy()
    other["order_id"] += 1  # what is left behind must not come back in the place of what is written later
    for append, rows in ((False, events(2, 80, day=1)), (True, other)):
        with pytest.raises(KeyboardInterrupt):
            write_and_be_interrupted(catalog, rows, append)
        for found in (catalog, backend.open()):
            assert (visible(found), found.version) == (before, version)
    put(catalog, GOOG, second, "b", append=True)
    assert catalog.read("GOOG").tobytes() == events(1, 200).tobytes()
    assert catalog.version == version + 1
    with catalog.ingest(source("nothing")) as writing:
        writing.append(GOOG, "events", events(1, 0))
    assert catalog.version == version + 1


def write_and_be_interrupted(catalog, rows, append):
    with catalog.ingest(source("b"), append=append) as writing:
        writing.append(GOOG, "events", rows)
        writing.append(ES, "events", rows)
        for key in list(writing._waiting):
            writing._flush(key)
        raise KeyboardInterrupt


def test_one_writer_at_a_time(backend):
    catalog = backend.create()
    put(catalog, GOOG, events(1), "a")
    other = backend.open()
    with catalog.ingest(source("b")) as writing:
        writing.append(GOOG, "events", events(2, day=1))
        for write in (lambda: put(other, GOOG, events(3, day=2), "c"), other.compact, lambda: other.prune(1)):
            with pytest.raises(CatalogError, match="another writer is at work"):
                write()
    assert other.version == 1
    other.refresh()
    assert other.days("GOOG") == [day(0), day(1)]
    put(other, GOOG, events(3, day=2), "c")
    assert len(catalog.days("GOOG")) == 2
    catalog.refresh()
    assert len(catalog.days("GOOG")) == 3


def test_a_definition_that_differs_is_refused(backend):
    catalog = backend.create()
    put(catalog, GOOG, events(1), "a")
    other = Instrument("GOOG", "XNAS", "USD", Decimal("0.05"), timezone="America/New_York", source="guess")
    for how in ({}, {"append": True}, {"replace": True}):
        with pytest.raises(CatalogError, match=r"GOOG: tick_size 0\.05 \(guess\), but the catalog has 0\.01 \(test\)"):
            put(catalog, other, events(2, day=1), "b", **how)


def test_a_reader_keeps_its_version_while_others_write(backend):
    """What was opened before reads the same after an append, a replacement and a compaction, until it is refreshed."""
    catalog = backend.create()
    first, second = split(events(1, 200), 90)
    put(catalog, GOOG, first, "a")
    reader = backend.open()
    before = visible(reader)
    chunks = reader.chunks("GOOG", "events", rows=10)
    begun = [next(chunks)]
    put(catalog, GOOG, second, "b", append=True)
    catalog.compact()
    put(catalog, GOOG, events(3, 20), "c", replace=True)
    assert np.concatenate([*begun, *chunks]).tobytes() == first.tobytes()
    assert visible(reader) == before
    reader.refresh()
    assert reader.read("GOOG").tobytes() == events(3, 20).tobytes()


def test_random_steps_equal_a_plain_model(backend):
    """After every step the catalog, and every version of it that is kept, equals a dictionary of spans."""
    run_random_steps(backend, seed=1, steps=25)


def run_random_steps(backend, seed: int, steps: int) -> None:
    print("seed", seed)
    rng = np.random.default_rng(seed)
    catalog = backend.create()
    # (instrument, day) -> [(source, rows), …]; a version is a copy of it.
    model: dict[tuple[str, int], list[tuple[str, np.ndarray]]] = {}
    blocks: dict[tuple[str, int], list[tuple[int, int]]] = {}
    """Of each span, from and until when what was written or compacted together reaches, in order."""
    kept: dict[int, dict] = {}
    for step in range(steps):
        act = rng.choice(["ingest", "append", "append", "replace", "fail", "compact", "prune"])
        spans = [(stock, k) for stock in (GOOG, ES) for k in range(3) if rng.random() < 0.4] or [(GOOG, 0)]
        fresh = {}
        for stock, k in spans:
            rows = events(int(rng.integers(2**31)), int(rng.integers(1, 60)), day=k)
            # Appended rows are mostly later than what is there, in one slice of the day each.
            if act in ("append", "ingest"):
                low = int(rng.integers(0, 2 * steps))
                rows["ts_recv"] = (
                    (DAY_0 + k) * DAY
                    + ((max(low, step) if act == "append" else low) * 10**9 * 60)
                    + np.arange(len(rows))
                )
            fresh[stock.symbol, k] = rows
        name = f"s{step}"
        try:
            if act == "compact":
                assert catalog.compact().spans == sum(len(held) > 1 for held in blocks.values())
                blocks = {key: [(held[0][0], held[-1][1])] for key, held in blocks.items()}
            elif act == "prune":
                keep = int(rng.integers(2, 6))
                catalog.prune(keep)
                kept = {g: was for g, was in kept.items() if g > catalog.version - keep}
            else:
                with catalog.ingest(source(name), replace=act == "replace", append=act == "append") as writing:
                    for (symbol, _), rows in fresh.items():
                        writing.append(GOOG if symbol == "GOOG" else ES, "events", rows)
                    if act == "fail":
                        raise KeyboardInterrupt
        except KeyboardInterrupt:
            assert act == "fail"
        except CatalogError:
            held = {key for key in fresh if key in model}
            if act == "append":
                assert any(_reach(fresh[key])[0] <= blocks[key][-1][1] for key in held), step
            else:
                assert act in ("ingest", "fail"), step
                assert any(_overlap(_reach(fresh[key]), blocks[key]) for key in held), step
        else:
            assert act != "fail"
            if act == "replace":
                model |= {key: [(name, rows)] for key, rows in fresh.items()}
                blocks |= {key: [_reach(rows)] for key, rows in fresh.items()}
            elif act in ("ingest", "append"):
                for key, rows in fresh.items():
                    assert not _overlap(_reach(rows), blocks.get(key, []))
                    assert act == "ingest" or key not in model or _reach(rows)[0] > blocks[key][-1][1]
                    model[key] = sorted([*model.get(key, []), (name, rows)], key=lambda held: _reach(held[1]))
                    blocks[key] = sorted([*blocks.get(key, []), _reach(rows)])
            if catalog.version:
                kept[catalog.version] = dict(model)
        assert _content(catalog) == _bytes(model), (step, act)
        assert sorted(kept, reverse=True) == [v.generation for v in catalog.versions()], (step, act)
        if kept:
            generation = int(rng.choice(list(kept)))
            assert _content(backend.open(version=generation)) == _bytes(kept[generation]), (step, act, generation)


def _reach(rows: np.ndarray) -> tuple[int, int]:
    return int(rows["ts_recv"].min()), int(rows["ts_recv"].max())


def _overlap(reach: tuple[int, int], blocks: list[tuple[int, int]]) -> bool:
    return any(reach[0] <= end and reach[1] >= begin for begin, end in blocks)


def _bytes(model) -> dict:
    return {
        (symbol, day(k)): (", ".join(name for name, _ in held) if len(held) <= 3 else len(held),
                           np.concatenate([rows for _, rows in held]).tobytes())
        for (symbol, k), held in model.items()
    }  # fmt: skip


def _content(catalog) -> dict:
    found = {}
    for r in catalog.ls():
        many = r.source.endswith(" more")
        name = int(r.source.split()[-2]) + 1 if many else r.source
        found[r.instrument, r.day] = (name, catalog.read(r.instrument, day=r.day).tobytes())
    return found
