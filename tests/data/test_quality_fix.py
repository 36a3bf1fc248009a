"""What is put right, what is left, and that the rest of the catalog stays as it is, row for row."""

import datetime as dt
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_events import put, source
from make_quality import DAY_0, ZIF, bars, orders, prints, quotes

from tickwright.core.errors import CatalogError
from tickwright.core.units import SECOND
from tickwright.data.catalog import Catalog
from tickwright.data.quality import fix as fixing
from tickwright.data.quality.fix import fix

DAY = dt.date(2022, 1, 8)


@pytest.fixture
def catalog(tmp_path):
    return Catalog.create(tmp_path / "cat")


def fixed(catalog):
    """Fix all that there is; the log, and the catalog as it stands then. Without anything done no version is made."""
    before = catalog.version
    log = fix(catalog, [(row.instrument, row.schema, row.day) for row in catalog.ls()])
    after = Catalog.open(catalog.root)
    assert (after.version > before) == any(entry["what"] == "fixed" for entry in log)
    return log, after


def test_a_clean_catalog_is_not_written(catalog):
    for schema, rows in (("events", orders()), ("quotes", quotes()), ("trades", prints()), ("bars-1d", bars())):
        put(catalog, ZIF, rows, schema, schema=schema)
    before = (catalog.root / "manifest.json").read_bytes()
    log, _ = fixed(catalog)
    assert log == []
    assert (catalog.root / "manifest.json").read_bytes() == before


def test_rows_that_are_there_twice_go(catalog):
    clean = prints()
    put(catalog, ZIF, np.insert(clean, [9, 20], clean[[9, 20]]), "trades", schema="trades")
    log, after = fixed(catalog)
    assert np.array_equal(after.read("ZIF", "trades"), clean)
    (entry,) = log
    assert (entry["what"], entry["removed"], entry["moved"], entry["rows_before"], entry["rows_after"]) == (
        "fixed", 2, 0, 62, 60,
    )  # fmt: skip
    assert (entry["first"]["row"], entry["last"]["row"]) == (10, 22)
    assert after.ls()[0].source == "fixed trades"
    assert len(Catalog.open(catalog.root, 1).read("ZIF", "trades")) == 62  # the version before stays


def test_rows_out_of_order_are_put_in_order(catalog):
    clean = orders()
    shuffled = clean[[*range(20), 25, 21, 22, 23, 24, 20, *range(26, 60)]]
    put(catalog, ZIF, shuffled, "events")
    log, after = fixed(catalog)
    assert np.array_equal(after.read("ZIF"), clean)
    assert (log[0]["moved"], log[0]["removed"]) == (5, 0)


def test_a_repetition_at_the_end_is_put_in_order_and_goes(catalog):
    clean = orders()
    put(catalog, ZIF, np.concatenate((clean, clean[3:5])), "events")
    log, after = fixed(catalog)
    assert np.array_equal(after.read("ZIF"), clean)
    assert (log[0]["moved"], log[0]["removed"]) == (2, 2)


def test_a_bar_that_is_there_twice_goes_and_other_years_stay(catalog):
    clean = bars(500)  # 2022 and 2023
    put(catalog, ZIF, np.insert(clean, 9, clean[9]), "bars", schema="bars-1d")
    _, after = fixed(catalog)
    assert np.array_equal(after.read("ZIF", "bars-1d"), clean)


def left(catalog, rows, schema, reason):
    """Nothing is done, the reason is told, and nothing is written."""
    put(catalog, ZIF, rows, schema, schema=schema)
    log, after = fixed(catalog)
    assert [entry["what"] for entry in log] == ["left"]
    assert reason in log[0]["reasons"][0]
    assert np.array_equal(after.read("ZIF", schema), rows)


def test_rows_alike_stay_where_numbers_are_shared(catalog):
    rows = prints()
    rows["sequence"][10:14] = rows["sequence"][10]
    rows["ts_event"][10:14], rows["ts_recv"][10:14] = rows["ts_event"][10], rows["ts_recv"][10]
    rows[12] = rows[11]
    left(catalog, rows, "trades", "share sequence numbers")


def test_rows_alike_stay_without_numbers(catalog):
    rows = np.insert(prints(), 9, prints()[9])
    rows["sequence"] = 0
    left(catalog, rows, "trades", "no sequence number")


def test_a_clock_that_stepped_back_is_not_an_order(catalog):
    """Receive times step back while sequence numbers go on: the clock is wrong, not the order of rows."""
    rows = orders()
    rows["ts_recv"][30:] -= 10 * SECOND
    left(catalog, rows, "events", "sequence numbers step back")


def test_what_is_out_of_order_by_too_much_stays(catalog, monkeypatch):
    monkeypatch.setattr(fixing, "REORDER_ROWS", 3)
    rows = np.concatenate((orders()[30:], orders()[:30]))
    chunks = lambda: iter([rows[:30], rows[30:]])  # noqa: E731
    plan = fixing._plan(chunks, "events")
    assert not plan.work
    assert "more than 3 rows" in plan.left["recv_clock_back"][1]


def test_faults_that_do_not_say_what_is_right_stay(catalog):
    rows = bars()
    rows["high"][5] = 1
    put(catalog, ZIF, rows, "bars", schema="bars-1d")
    late = prints()
    late["ts_recv"][7] = late["ts_event"][7] - 1  # received before it happened, in order all the same
    put(catalog, ZIF, late, "trades", schema="trades")
    log, _ = fixed(catalog)
    assert log == []


def test_a_day_with_book_rows_is_left(catalog):
    rows = np.insert(orders(), 9, orders()[9])
    put(catalog, ZIF, rows, "events")
    book = np.ones((len(rows), 4), np.int64)

    with catalog.ingest(source("both"), replace=True) as session:
        session.append(ZIF, "events", rows)
        session.append(ZIF, "book-1", book, rows["ts_event"])
    log, after = fixed(catalog)
    assert [entry["what"] for entry in log] == ["left"]
    assert "belong to them" in log[0]["reasons"][0]
    assert after.schemas("ZIF") == ["book-1", "events"]


def test_what_stands_beside_a_fixed_day_is_kept(catalog):
    """Rows of another schema of the same source and day, and another day, are what they were."""

    clean, other = prints(), quotes()
    tomorrow = prints()
    for name in ("ts_event", "ts_recv"):
        tomorrow[name] += 24 * 3600 * SECOND
    with catalog.ingest(source("both")) as session:
        session.append(ZIF, "trades", np.insert(clean, 9, clean[9]))
        session.append(ZIF, "quotes", other)
        session.append(ZIF, "trades", tomorrow)
    log, after = fixed(catalog)
    assert [entry["schema"] for entry in log] == ["trades"]
    assert np.array_equal(after.read("ZIF", "trades", day=DAY), clean)
    assert np.array_equal(after.read("ZIF", "quotes"), other)
    assert np.array_equal(after.read("ZIF", "trades", day=DAY + dt.timedelta(days=1)), tomorrow)


@pytest.mark.parametrize("others", ["the same schema", "another schema"])
def test_what_another_writer_brought_since_the_plan_is_not_touched(catalog, monkeypatch, others):
    """Invariant: a plan is carried out on the very version that it was made of, or not at all."""
    put(catalog, ZIF, np.concatenate((orders(), orders()[3:5])), "events")
    plan = fixing._plan_repeats

    def meanwhile(*arguments):
        plan(*arguments)
        other = Catalog.open(catalog.root)
        if others == "the same schema":
            late = orders()
            late["sequence"] += 100
            for name in ("ts_event", "ts_recv"):
                late[name] += 3600 * SECOND
            put(other, ZIF, late, "later", append=True)
        else:
            put(other, ZIF, prints(), "beside", schema="trades")

    monkeypatch.setattr(fixing, "_plan_repeats", meanwhile)
    with pytest.raises(CatalogError, match=r"version 1 .* version 2 .* run it again"):
        fix(catalog, [("ZIF", "events", DAY)])
    after = Catalog.open(catalog.root)
    assert [version.kind for version in after.versions()] == ["append" if "same" in others else "ingest", "ingest"]
    monkeypatch.undo()
    log, after = fixed(after)
    assert [entry["what"] for entry in log] == ["fixed"]
    assert len(after.read("ZIF")) == len(orders()) * (2 if "same" in others else 1)
    assert ("trades" in after.schemas("ZIF")) == ("another" in others)


def test_several_sources_are_fixed_one_after_the_other(catalog):
    """Each source's days make a version; the plan of the next still holds."""
    tomorrow = prints()
    for name in ("ts_event", "ts_recv"):
        tomorrow[name] += 24 * 3600 * SECOND
    for name, rows in (("today", prints()), ("tomorrow", tomorrow)):
        put(catalog, ZIF, np.insert(rows, 9, rows[9]), name, schema="trades")
    log, after = fixed(catalog)
    assert [entry["removed"] for entry in log] == [1, 1]
    assert np.array_equal(after.read("ZIF", "trades"), np.concatenate((prints(), tomorrow)))
    assert after.version == 4


def test_fixing_twice_changes_nothing_more(catalog):
    put(catalog, ZIF, np.concatenate((orders(), orders()[3:5])), "events")
    _, once = fixed(catalog)
    log, _ = fixed(once)
    assert log == []


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 99), max_size=6), st.integers(0, 12))
def test_disorder_and_repetition_of_numbered_rows_are_undone(seed, cuts, repeated):
    """Invariant: rows displaced and repeated at random come back as they were, however they are cut into chunks."""
    rng = np.random.default_rng(seed)
    clean = orders(90)
    twice = np.sort(np.concatenate((np.arange(90), rng.integers(0, 90, repeated))))
    rows = clean[twice]
    rows = rows[np.argsort(np.arange(len(rows)) + rng.integers(0, 8, len(rows)), kind="stable")]
    bounds = [0, *sorted({c for c in cuts if c < len(rows)}), len(rows)]
    pieces = [rows[a:b] for a, b in pairwise(bounds)]
    plan = fixing._plan(lambda: iter(pieces), "events")
    out = np.concatenate(list(fixing.repaired(iter(pieces), plan)))
    assert plan.repeated == repeated
    assert np.array_equal(out, clean)
    assert int(clean["ts_event"][0]) // (24 * 3600 * SECOND) == DAY_0
