"""A day from the catalog: which events, which book, which curve, which close."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest

from tickwright.core.errors import NotInCatalogError
from tickwright.core.events import MARKET_EVENT, Action, Flag, Side
from tickwright.core.instrument import Instrument
from tickwright.core.time import midnight, time_text
from tickwright.core.units import HOUR, MINUTE
from tickwright.data.catalog import Catalog
from tickwright.data.ingest import ingest_dbn, write_events
from tickwright.run.market import CURVE_BIN, load_day

TOKYO = Instrument("T", "XTKS", "JPY", Decimal(1), timezone="Asia/Tokyo")
MAY_7, MAY_8, MAY_9 = (dt.date(2024, 5, d) for d in (7, 8, 9))


def day_of(date, prints, first_id=1):
    """A bid and an ask at midnight, and prints (ns after local midnight, price, lots) on the tape."""
    begin = midnight(date, TOKYO.timezone)
    rows = [("A", begin, first_id, "B", 990, 10**6), ("A", begin, first_id + 1, "A", 2010, 10**6)]
    rows += [("P", begin + at, 0, "B", price, lots) for at, price, lots in prints]
    rows.append(("C", begin + 20 * HOUR, first_id, "B", 990, 1))
    events = np.zeros(len(rows), MARKET_EVENT)
    for event, (action, ts, order, side, price, size) in zip(events, rows, strict=True):
        event["action"], event["ts_event"], event["ts_recv"] = Action(ord(action)), ts, ts
        event["order_id"], event["side"], event["price"], event["size"] = order, Side(ord(side)), price, size
    events["flags"], events["instrument_id"] = Flag.LAST, TOKYO.id
    return events


@pytest.fixture
def catalog(tmp_path):
    store = Catalog.create(tmp_path / "ticks")
    days = {
        MAY_7: [(10 * HOUR, 1000, 300)],
        MAY_8: [(10 * HOUR, 1500, 100), (14 * HOUR, 2000, 600)],
        MAY_9: [(11 * HOUR, 1200, 50), (12 * HOUR, 1300, 50)],
    }
    whole = np.concatenate([day_of(date, prints, 1 + 10 * i) for i, (date, prints) in enumerate(days.items())])
    write_events(store, TOKYO, whole, "hand-made")
    return Catalog.open(tmp_path / "ticks")


def test_previous_close_is_the_last_print_before_the_local_day(catalog):
    # 8 May 14:00 in Tokyo is on the same UTC day as the beginning of 9 May there.
    day = load_day(catalog, "T", MAY_9)
    assert day.market.previous_close == 2000
    assert any("last print of 2024-05-08" in note for note in day.notes)
    assert load_day(catalog, "T", MAY_7).market.previous_close is None


def test_a_close_of_long_ago_is_no_previous_close(tmp_path):
    store = Catalog.create(tmp_path / "ticks")
    june = dt.date(2024, 6, 20)
    both = np.concatenate([day_of(MAY_7, [(10 * HOUR, 1000, 1)]), day_of(june, [(10 * HOUR, 1000, 1)], 11)])
    write_events(store, TOKYO, both, "hand-made")
    assert load_day(Catalog.open(tmp_path / "ticks"), "T", june).market.previous_close is None


def test_the_volume_curve_knows_earlier_days_alone(catalog):
    # Before 9 May: 400 lots at 10:00, 600 at 14:00. What 9 May itself traded must not show.
    curve = load_day(catalog, "T", MAY_9).curve
    begin = midnight(MAY_9, TOKYO.timezone)
    shares = {(curve.edges[i] - begin) // HOUR: f for i, f in enumerate(curve.fractions) if f > 0}
    assert shares == {10: 0.4, 14: 0.6}
    assert curve.edges[1] - curve.edges[0] == CURVE_BIN == 5 * MINUTE
    assert load_day(catalog, "T", MAY_7).curve is None


def changed(catalog, root, date, price):
    """The same days in another catalog, but one print of a day at another price."""
    store = Catalog.create(root)
    for part in catalog.days("T", "events"):
        rows = catalog.read("T", day=part)
        begin = midnight(date, TOKYO.timezone)
        hit = (rows["action"] == ord("P")) & (rows["ts_event"] >= begin) & (rows["ts_event"] < begin + 24 * HOUR)
        rows["price"][hit] = price
        write_events(store, TOKYO, rows, str(part))
    return Catalog.open(root)


def copied(catalog, root):
    return changed(catalog, root, dt.date(2024, 1, 1), 0)


def test_the_fingerprint_names_the_days_behind_the_curve_and_the_close(catalog, tmp_path):
    """Whatever can move a result changes the fingerprint, and nothing else does."""
    same = load_day(copied(catalog, tmp_path / "same"), "T", MAY_9)
    other_close = load_day(changed(catalog, tmp_path / "close", MAY_8, 1999), "T", MAY_9)
    older = load_day(changed(catalog, tmp_path / "older", MAY_7, 1999), "T", MAY_9)  # of the curve alone
    later = load_day(changed(catalog, tmp_path / "later", MAY_9, 1999), "T", MAY_8)
    assert other_close.market.previous_close == 1999
    assert len({day.fingerprint for day in (same, other_close, older)}) == 3
    assert later.fingerprint == load_day(copied(catalog, tmp_path / "again"), "T", MAY_8).fingerprint


def test_a_feed_without_trades_is_not_searched_for_a_close_to_its_beginning(tmp_path, monkeypatch):
    """Of sixty days without a print, those are read from which a previous close would count, and the day itself."""
    store, begin = Catalog.create(tmp_path / "ticks"), dt.date(2024, 3, 1)
    days = [begin + dt.timedelta(days=n) for n in range(60)]
    write_events(store, TOKYO, np.concatenate([day_of(day, [], 1 + 10 * n) for n, day in enumerate(days)]), "made")
    read, chunks = [], Catalog.chunks

    def noted(catalog, *place, **options):
        read.append(options.get("day"))
        return chunks(catalog, *place, **options)

    monkeypatch.setattr(Catalog, "chunks", noted)
    day = load_day(Catalog.open(tmp_path / "ticks"), "T", days[-1])
    whole = {day for day in read if day is not None}
    assert day.market.previous_close is None
    assert min(whole) >= days[-1] - dt.timedelta(days=6)


def test_a_day_that_is_not_there_is_named_with_those_that_are(catalog):
    with pytest.raises(NotInCatalogError, match=r"2024-05-20.*2024-05-0"):
        load_day(catalog, "T", dt.date(2024, 5, 20))


def test_a_time_outside_the_recording_is_named_in_local_time(catalog):
    day = load_day(catalog, "T", MAY_9)
    with pytest.raises(NotInCatalogError, match=r"start 21:00:00.*recorded on 2024-05-09 from 00:00:00"):
        day.require(midnight(MAY_9, TOKYO.timezone) + 21 * HOUR, "start")


def test_recorded_futures_days_begin_with_their_snapshot(shared_data, tmp_path):
    # Both ES files in one catalog: the second day opens with a snapshot of orders that the first already holds.
    for name in ("esh4-glbx-mdp3-20231224", "esh4-glbx-mdp3-20231225"):
        ingest_dbn(shared_data / "databento" / f"{name}.mbo.dbn.zst", tmp_path / "f", tick_size="0.25")
    day = load_day(Catalog.open(tmp_path / "f"), "ESH4", dt.date(2023, 12, 25))
    counts = day.tape.counts
    assert (counts.unknown, counts.duplicates, counts.over_reduced) == (0, 0, 0)
    last = day.market.quotes[-1]
    assert (last["bid"] * 0.25, last["ask"] * 0.25) == (4810.00, 4810.25)
    trades = day.market.trades
    assert len(trades) > 1000
    assert (np.diff(trades["ts_event"]) >= 0).all()
    assert [time_text(ts, "America/Chicago")[:5] for ts in (day.begin, day.end)] == ["16:00", "17:59"]
