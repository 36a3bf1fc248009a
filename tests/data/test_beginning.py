"""Where a book begins: sessions that run over UTC midnight, in a replay and in a check alike."""

import datetime as dt
from decimal import Decimal

import make_itch as itch
import numpy as np
import pytest

from tickwright.core.errors import CatalogError
from tickwright.core.events import MARKET_EVENT, Action, Flag, Side
from tickwright.core.instrument import Instrument
from tickwright.core.time import midnight
from tickwright.core.units import DAY, HOUR, MINUTE, SECOND
from tickwright.data.catalog import Catalog
from tickwright.data.ingest import ingest_itch, write_events
from tickwright.run.market import load_day
from tickwright.run.quality.check import check

# In winter New York is five hours behind, so the session's last hour, from 19:00 on, is of the next UTC day.
TUESDAY, WEDNESDAY = dt.date(2024, 1, 2), dt.date(2024, 1, 3)
NEW_YORK, TOKYO = "America/New_York", "Asia/Tokyo"


def session(base, seed):
    """A day of AAPL from 03:00 to 20:00 whose references start at 1 every day, as NASDAQ's do; its late orders stay."""
    draw = np.random.default_rng(seed)
    messages = [
        itch.system(3 * HOUR, "O"),
        itch.directory(1, 3 * HOUR + 1, "AAPL"),
        itch.action(1, 4 * HOUR, "AAPL", "T"),
    ]
    times = np.sort(draw.integers(4 * HOUR, 20 * HOUR, 400)).tolist()
    living = []
    for reference, time in enumerate(times, start=1):
        side = "BS"[reference % 2]
        price = base + (100 if side == "S" else -100) * int(draw.integers(1, 9))
        messages.append(itch.add(1, time, reference, side, 100, "AAPL", price))
        living.append(reference)
        if len(living) > 20:
            gone = living.pop(int(draw.integers(len(living))))
            messages.append(itch.executed(1, time, gone, 40, gone) if gone % 5 == 0 else itch.delete(1, time, gone))
    return [*messages, itch.system(20 * HOUR, "C")]


@pytest.fixture
def files(tmp_path):
    """Two winter days a tenth apart in price, so that an order of the other day crosses the book."""
    return [
        itch.write(tmp_path / f"{day:%m%d%Y}.NASDAQ_ITCH50", session(base, seed))
        for seed, (day, base) in enumerate({TUESDAY: 1_000_000, WEDNESDAY: 900_000}.items())
    ]


def same_market(whole, alone):
    """Quotes, prints and counts of a day, read from a catalog of several days and of that day alone."""
    assert whole.market.quotes.tobytes() == alone.market.quotes.tobytes()
    assert whole.market.trades.tobytes() == alone.market.trades.tobytes()
    assert (whole.tape.counts, whole.begin, whole.end) == (alone.tape.counts, alone.begin, alone.end)
    quotes = whole.market.quotes
    assert len(quotes) > 50
    assert not ((quotes["bid"] >= quotes["ask"]) & (quotes["bid_size"] > 0) & (quotes["ask_size"] > 0)).any()


def test_two_winter_days_of_itch_have_their_own_books(tmp_path, files):
    """Invariant: a day replayed beside the day before is the day replayed alone, and the check finds nothing in it."""
    for n, file in enumerate(files):
        ingest_itch(file, Catalog.create(tmp_path / "both", append=True))
        ingest_itch(file, tmp_path / f"alone{n}")
    both = Catalog.open(tmp_path / "both")
    for n, day in enumerate((TUESDAY, WEDNESDAY)):
        same_market(load_day(both, "AAPL", day), load_day(Catalog.open(tmp_path / f"alone{n}"), "AAPL", day))
    assert both.days("AAPL") == [TUESDAY, WEDNESDAY, WEDNESDAY + dt.timedelta(days=1)]
    told = {finding["code"] for finding in check(both, "AAPL").findings()}
    assert not told & {"unknown_order", "duplicate_order", "over_reduction", "crossed_book", "sequence_back"}


def test_winter_days_may_come_in_any_order(tmp_path, files):
    """Invariant: the catalog is the same whichever file comes first; --append alone insists on the order of time."""
    for name, order in (("right", files), ("other", files[::-1])):
        for file in order:
            ingest_itch(file, tmp_path / name)
    right, other = Catalog.open(tmp_path / "right"), Catalog.open(tmp_path / "other")
    assert other.read("AAPL").tobytes() == right.read("AAPL").tobytes()
    assert other.ls() == right.ls()
    for day in (TUESDAY, WEDNESDAY):
        same_market(load_day(other, "AAPL", day), load_day(right, "AAPL", day))
    ingest_itch(files[1], tmp_path / "append")
    with pytest.raises(CatalogError, match=r"later rows alone; without it rows go before or behind"):
        ingest_itch(files[0], Catalog.create(tmp_path / "append", append=True))


def orders_at(moments, instrument):
    """Bids with the references 1, 2, … at moments."""
    rows = np.zeros(len(moments), MARKET_EVENT)
    rows["ts_event"] = rows["ts_recv"] = moments
    rows["sequence"] = rows["order_id"] = np.arange(1, len(rows) + 1)
    rows["action"], rows["side"], rows["price"], rows["size"] = Action.ADD, Side.BID, 100, 1
    rows["flags"], rows["instrument_id"] = Flag.LAST, instrument.id
    return rows


@pytest.mark.parametrize(
    ("zone", "ended", "opened", "mark", "anew"),
    [
        # The exchange's midnight lies in a pause of more than an hour: another session.
        (TOKYO, -18 * HOUR, 15 * MINUTE, "", True),
        # The same session goes on, after a moment or after hours without a row.
        (TOKYO, -MINUTE, MINUTE, "", False),
        (TOKYO, -8 * HOUR, MINUTE, "", False),
        (NEW_YORK, -3 * HOUR, 2 * HOUR, "", False),
        # A feed that tells its book anew.
        (TOKYO, -MINUTE, MINUTE, "clear", True),
        (TOKYO, -MINUTE, MINUTE, "snapshot", True),
    ],
)
def test_replay_and_check_begin_a_book_at_the_same_place(tmp_path, zone, ended, opened, mark, anew):
    """Invariant: references that come again on the next UTC day are duplicates for both, or for neither."""
    instrument = Instrument("T", "XSIM", "JPY", Decimal(1), timezone=zone)
    between = 19_800 * DAY  # a UTC midnight
    before = orders_at(between + ended + np.arange(-4, 1) * SECOND, instrument)
    after = orders_at(between + opened + np.arange(5) * SECOND, instrument)
    if mark == "snapshot":
        after["flags"] = Flag.LAST | Flag.SNAPSHOT
    if mark == "clear":
        clear = orders_at(after["ts_event"][:1], instrument)
        clear["action"], clear["order_id"] = Action.CLEAR, 0
        after = np.concatenate((clear, after))
    write_events(Catalog.create(tmp_path / "c"), instrument, np.concatenate((before, after)), "made")
    catalog = Catalog.open(tmp_path / "c")
    day = next(
        d for d in (dt.date(2024, 3, 17), dt.date(2024, 3, 18), dt.date(2024, 3, 19))
        if midnight(d, zone) <= after["ts_event"][0] < midnight(d + dt.timedelta(days=1), zone)
    )  # fmt: skip
    findings = {f["code"]: f["count"] for f in check(catalog, "T").findings()}
    twice = 0 if anew else 5
    assert load_day(catalog, "T", day).tape.counts.duplicates == twice
    assert findings.get("duplicate_order", 0) == twice
