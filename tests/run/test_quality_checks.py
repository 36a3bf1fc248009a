"""Every check on clean rows and on rows with a planted fault: exact count, first and last place."""

import datetime as dt
import time
import weakref
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_quality import BEGIN, DAY_0, ZIF, bars, levels, orders, prints, quotes

from tickwright.core.events import MARKET_EVENT, Action, Flag, Side, TradingStatus
from tickwright.core.tables import Missing
from tickwright.core.units import DAY, HOUR, MINUTE, SECOND
from tickwright.data.catalog import Catalog
from tickwright.data.quality.codes import CODES
from tickwright.data.quality.duplicates import Repeats
from tickwright.data.quality.hours import Hours
from tickwright.data.quality.prints import trades_outside
from tickwright.data.quality.tally import Tally, Timeline
from tickwright.data.store.source import Source
from tickwright.run.quality import check as checking
from tickwright.run.quality.check import UnitCheck
from tickwright.run.quality.levels import LevelBook
from tickwright.run.quality.orders import OrderBook
from tickwright.run.quality.units import Unit

CLEAN = {
    "events": orders, "depth": levels, "quotes": quotes, "trades": prints, "bars-1d": bars,
    "bars-1m": lambda: bars(step=MINUTE, begin=BEGIN), "bars-1s": lambda: bars(step=SECOND, begin=BEGIN),
    "bars-1h": lambda: bars(step=HOUR, begin=BEGIN),
}  # fmt: skip


def found(schema, rows, cuts=(), hours=None, window=None, book_rows=None):
    """{code: (count, first row, last row)}, with the rows cut into chunks at `cuts`."""
    return {
        k: (f.count, f.first.row, f.last.row) for k, f in tally(schema, rows, cuts, hours, window, book_rows).items()
    }


def tally(schema, rows, cuts=(), hours=None, window=None, book_rows=None):
    bar = schema.startswith("bars")
    begin, end = (
        (int(rows["ts_event"].min()), int(rows["ts_event"].max()) + 1) if bar else (DAY_0 * DAY, (DAY_0 + 1) * DAY)
    )
    unit = Unit(ZIF, schema, None if bar else dt.date(2022, 1, 8), len(rows), begin, end)
    counts = Tally("2022-01-08", Timeline(begin, end, 96), window)
    book = {"events": OrderBook, "depth": LevelBook}.get(schema)
    check = UnitCheck(unit, counts, hours, (book(), None) if book and book_rows is None else None)
    bounds = [0, *sorted(set(cuts)), len(rows)]
    pieces = list(pairwise(bounds))
    for a, b in pieces:
        check.feed(rows[a:b], None if book_rows is None else book_rows[a:b])
    if check.duplicates.late:
        for a, b in pieces:
            check.duplicates.look_again(rows[a:b], a)
    check.end()
    return counts.found


@pytest.mark.parametrize("schema", CLEAN)
def test_clean_rows_have_no_finding(schema):
    assert found(schema, CLEAN[schema]()) == {}


@pytest.mark.parametrize("schema", ["quotes-1s", "quotes-1m", "quotes-trades"])
def test_quotes_of_chosen_moments_are_judged_as_quotes_but_for_their_numbers(schema):
    """A crossed quote is found in them too; numbers that are left out between two of them are none that were lost."""
    crossed = changed(quotes, bid={7: 10**6})
    assert found(schema, quotes()) == {}
    assert found(schema, crossed) == found("quotes", crossed) != {}
    holes = quotes()
    holes["sequence"][len(holes) // 2 :] += 5
    assert "sequence_gap" in found("quotes", holes)
    assert found(schema, holes) == {}
    twice = np.repeat(quotes(), 1 + (np.arange(len(quotes())) == 9))
    assert set(found(schema, twice)) == {"alike_rows" if schema == "quotes-trades" else "duplicate_rows"}


def changed(make, **at):
    """Clean rows with fields set: `changed(orders, size={7: 0})`."""
    rows = make()
    for name, values in at.items():
        for row, value in values.items():
            rows[name][row] = value
    return rows


def inserted(rows, at, **fields):
    """Rows with one more, which is the one at `at` with fields set, just before it; sequence numbers stay dense."""
    row = rows[at : at + 1].copy()
    for name, value in fields.items():
        row[name] = value
    out = np.concatenate((rows[:at], row, rows[at:]))
    out["sequence"] = np.arange(1, len(out) + 1)
    return out


def without_book(rows):
    """Only rows that change no book."""
    rows = rows.copy()
    rows["action"], rows["price"], rows["size"] = Action.TRADE, 100, 1
    return rows


def crossed():
    """A bid at 103 enters the book at row 6 over an ask of 101, and leaves at row 8."""
    rows = inserted(orders(), 6, action=Action.ADD, order_id=999, side=Side.BID, price=103, size=4)
    return inserted(rows, 8, action=Action.CANCEL, order_id=999, side=Side.BID, price=103, size=4)


def locked():
    rows = inserted(orders(), 6, action=Action.ADD, order_id=999, side=Side.BID, price=101, size=4)
    return inserted(rows, 7, action=Action.CANCEL, order_id=999, side=Side.BID, price=101, size=4)


def halted():
    """The same crossed book between a halt and the row that ends it."""
    rows = inserted(crossed(), 5, action=Action.HALT, size=TradingStatus.QUOTING, order_id=0)
    return inserted(rows, 12, action=Action.HALT, size=TradingStatus.TRADING, order_id=0)


def stale(trades, seconds):
    """A book that stands still after row 1 while trades are printed inside it."""
    rows = orders(2)
    more = np.repeat(rows[:1], trades)
    more["action"], more["order_id"], more["price"], more["size"] = Action.TRADE, 0, 100, 1
    more["ts_event"] = rows["ts_event"][1] + np.arange(1, trades + 1) * (seconds * SECOND // trades)
    more["ts_recv"] = more["ts_event"] + 1000
    rows = np.concatenate((rows, more))
    rows["sequence"] = np.arange(1, len(rows) + 1)
    return rows


def late_repeat():
    """Rows 3 and 4 once more at the very end: out of order, and the same in every field."""
    rows = orders()
    return np.concatenate((rows, rows[3:5]))


def gap(hours=1):
    rows = orders()
    for name in ("ts_event", "ts_recv"):
        rows[name][40:] += hours * HOUR
    return rows


def bars_with_hole():
    rows = bars(step=MINUTE, begin=BEGIN)
    return np.delete(rows, [*range(10, 20), 30])


def closes_alone(values):
    """Bars as of a daily rate: nothing but a close."""
    rows = bars(len(values))
    rows["close"], rows["missing"] = values, Missing.OPEN | Missing.HIGH | Missing.LOW | Missing.VOLUME
    return rows


def next_day(make):
    """Rows of ten hours later, numbered from 1 again, behind those of before."""
    rows, later = make(), make()
    for name in ("ts_event", "ts_recv"):
        later[name] += 10 * HOUR
    later["price"] += 1
    return np.concatenate((rows, later))


def cut_to_seconds():
    """Exchange times of .5 s, but two that are cut to the second before, and one that is a second behind that."""
    rows = orders()
    rows["ts_event"] += SECOND // 2
    rows["ts_recv"] += SECOND // 2
    rows["ts_event"][[20, 30]] -= SECOND + SECOND // 2
    rows["ts_event"][[40]] -= 2 * SECOND + SECOND // 2
    return rows


def sides_in_two_rows():
    """The quote falls by five: of one moment, the new ask below the old bid comes first, then the new bid."""
    rows = quotes()
    rows["flags"] = 0
    rows = np.insert(rows, 10, rows[10])
    rows["sequence"] = np.arange(1, 62)
    rows["ask"][10:], rows["bid"][11:] = 97, 95
    return rows


SPLIT = bars()
for _name in ("open", "high", "low", "close"):
    SPLIT[_name][30:] //= 2

PLANTED = {
    "a bid above the ask": ("events", crossed(), {"crossed_book": (2, 6, 7)}),
    "a bid at the ask": ("events", locked(), {"locked_book": (1, 6, 6)}),
    "a crossed book in a halt": ("events", halted(), {"crossed_book_closed": (2, 7, 8)}),
    "an unknown order": (
        "events", changed(orders, order_id={8: 5555, 9: 5556}), {"unknown_order": (2, 8, 9)},
    ),
    "an order twice": ("events", changed(orders, order_id={6: 1, 8: 1, 10: 1}), {"duplicate_order": (1, 6, 6)}),
    "more taken than there is": ("events", changed(orders, size={4: 9, 11: 100}), {"over_reduction": (2, 4, 11)}),
    "an order on no side": (
        "events", changed(orders, side={12: Side.NONE}), {"bad_row": (1, 12, 12), "unknown_order": (2, 14, 16)},
    ),
    "a size of nothing": (
        "events", changed(orders, size={4: 0, 5: -2}), {"size_not_positive": (2, 4, 5)},
    ),
    "a trade of nothing": ("trades", changed(prints, size={7: 0, 50: -1}), {"size_not_positive": (2, 7, 50)}),
    "a price of nothing": ("trades", changed(prints, price={7: 0, 9: -3}), {"price_not_positive": (2, 7, 9)}),
    "a quote of nothing": ("quotes", changed(quotes, bid={7: 0}), {"price_not_positive": (1, 7, 7)}),
    "a negative volume": ("bars-1d", changed(bars, volume={3: -1}), {"size_not_positive": (1, 3, 3)}),
    "after a gap": (
        "events",
        changed(orders, flags={20: Flag.LAST | Flag.MAYBE_BAD_BOOK, 25: Flag.LAST | Flag.MAYBE_BAD_BOOK}),
        {"maybe_bad_book": (2, 20, 25)},
    ),
    "a trade above the ask": (
        "events", inserted(orders(), 20, action=Action.TRADE, order_id=0, price=102, size=1),
        {"trade_outside_quote": (1, 20, 20)},
    ),
    "a trade a part of a tick above the ask": (
        "events", inserted(orders(), 20, action=Action.HIDDEN, order_id=0, price=101, subtick=5000, size=1),
        {"trade_outside_quote": (1, 20, 20)},
    ),
    "a trade below the bid": (
        "events", inserted(orders(), 20, action=Action.TRADE, order_id=0, price=99, size=1),
        {"trade_outside_quote": (1, 20, 20)},
    ),
    "a cross is no trade at the quote": (
        "events", inserted(orders(), 20, action=Action.CROSS, order_id=0, price=300, size=1), {},
    ),
    "a trade outside depth": (
        "depth", changed(levels, price={14: 150}), {"trade_outside_depth": (1, 14, 14)},
    ),
    "a crossed depth": (
        "depth", changed(levels, price={10: 105}, side={10: Side.BID}),
        {"crossed_book": (50, 10, 59), "trade_outside_depth": (5, 14, 54)},
    ),
    "a crossed quote": (
        "quotes", changed(quotes, bid={7: 103, 8: 102}), {"crossed_book": (1, 7, 7), "locked_book": (1, 8, 8)},
    ),
    "a crossed quote of which a side is carried on": (
        "quotes", changed(quotes, bid={7: 103, 8: 102}, flags={30: Flag.LAST | Flag.SYNTHETIC}),
        {"crossed_carried": (2, 7, 8)},
    ),
    "a quote that stands still": ("events", stale(5, 100), {"stale_quote": (1, 5, 5)}),
    "two trades are not enough": ("events", stale(2, 100), {}),
    "sides of one moment in two rows": ("quotes", sides_in_two_rows(), {}),
    "a series of closes alone": ("bars-1d", closes_alone([100] * 20 + [150] * 20), {"large_change": (1, 20, 20)}),
    "numbers that begin anew the next day": ("trades", next_day(prints), {"session_gap": (1, 60, 60)}),
    "exchange time cut to the second": (
        "events", cut_to_seconds(), {"event_clock_coarse": (2, 20, 30), "event_clock_back": (1, 40, 40)},
    ),
    "exchange time back": ("events", changed(orders, ts_event={9: BEGIN}), {"event_clock_back": (1, 9, 9)}),
    "receive time back": (
        "events",
        changed(orders, ts_recv={9: BEGIN + 8 * SECOND, 10: BEGIN + 12 * SECOND}, ts_event={9: BEGIN + 8 * SECOND}),
        {"recv_clock_back": (2, 9, 11)},
    ),
    "received before it happened": (
        "trades", changed(prints, ts_recv={9: BEGIN + 9 * SECOND - 1}), {"recv_before_event": (1, 9, 9)},
    ),
    "a hole in the numbers": (
        "events", changed(orders, sequence={59: 90}), {"sequence_gap": (1, 59, 59)},
    ),
    "numbers that come late": ("trades", changed(prints, sequence={9: 11, 10: 10}), {"sequence_back": (1, 10, 10)}),
    "a number back": (
        "trades", changed(prints, sequence={30: 3}), {"sequence_back": (1, 30, 30), "sequence_gap": (1, 31, 31)},
    ),
    "numbers that others share": ("trades", changed(prints, sequence=dict(enumerate(range(1, 301, 5)))), {}),
    "a trade twice": ("trades", inserted(prints(), 9), {}),
    "a row twice": (
        "trades", np.insert(prints(), [9, 20], prints()[[9, 20]]), {"duplicate_rows": (2, 10, 22)},
    ),
    "a row twice, far apart": (
        "events", late_repeat(),
        {
            "duplicate_rows": (2, 60, 61), "event_clock_back": (1, 60, 60),
            "recv_clock_back": (1, 60, 60), "sequence_back": (1, 60, 60),
        },
    ),
    "a bar twice": ("bars-1d", np.insert(bars(), 9, bars()[9]), {"duplicate_rows": (1, 10, 10)}),
    "two bars of one day": (
        "bars-1d", changed(lambda: np.insert(bars(), 9, bars()[9]), volume={10: 7}), {"bar_repeated": (1, 10, 10)},
    ),
    "an hour without rows": ("events", gap(), {"session_gap": (1, 40, 40)}),
    "high below low": (
        "bars-1d", changed(bars, high={5: 1}), {"bar_inconsistent": (1, 5, 5)},
    ),
    "a close outside": (
        "bars-1d", changed(bars, close={5: 10_051, 6: 10_100}, high={5: 10_050}), {"bar_inconsistent": (1, 5, 5)},
    ),
    "an open that is missing": (
        "bars-1d", changed(bars, open={5: 0, 8: 0}, missing={5: Missing.OPEN, 8: Missing.OPEN}),
        {"bar_missing_field": (2, 5, 8)},
    ),
    "minutes that are missing": (
        "bars-1m", bars_with_hole(), {"bar_missing": (10, 10, 10), "bar_empty": (1, 20, 20)},
    ),
    "a move": (
        "bars-1d", changed(bars, open={30: 19_000}, close={30: 19_000}, high={30: 19_000}),
        {"large_move": (2, 30, 31)},
    ),
    "a split": ("bars-1d", SPLIT, {"large_move": (1, 30, 30), "split_unadjusted": (1, 30, 30)}),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found_where_it_is(name):
    schema, rows, expected = PLANTED[name]
    assert found(schema, rows) == expected


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_how_rows_are_cut_makes_no_difference(data):
    """Invariant: findings, their places and their details do not depend on where chunks end."""
    schema, rows, _ = PLANTED[data.draw(st.sampled_from(sorted(PLANTED)))]
    cuts = data.draw(st.lists(st.integers(1, len(rows) - 1), max_size=12))
    assert tally(schema, rows, cuts) == tally(schema, rows)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 299), max_size=10))
def test_on_random_rows_too(seed, cuts):
    """Invariant: whatever the rows hold, cutting them differently finds the same; nothing raises but a named error."""
    rows = noise(np.random.default_rng(seed), 300)
    assert tally("events", rows, cuts) == tally("events", rows)
    assert tally("depth", rows, cuts) == tally("depth", rows)


def noise(rng, count):
    """Rows that make little sense: few ids, few prices, every action and flag."""
    rows = np.zeros(count, MARKET_EVENT)
    rows["ts_event"] = BEGIN + np.sort(rng.integers(0, 600, count)) * SECOND + rng.integers(-2, 2, count) * SECOND
    rows["ts_recv"] = rows["ts_event"] + rng.integers(-1, 3, count) * SECOND
    rows["order_id"] = rng.integers(1, 12, count)
    rows["price"] = rng.integers(-1, 9, count) + 90
    rows["size"] = rng.integers(-1, 6, count)
    rows["sequence"] = np.arange(count) + rng.integers(0, 2, count)
    rows["subtick"] = rng.integers(0, 2, count)
    rows["action"] = rng.choice([*map(int, Action), 7], count)
    rows["side"] = rng.choice([int(s) for s in Side], count)
    rows["flags"] = rng.choice([0, 128, 128, 32, 132], count)
    return rows


def brute_force_book(rows):
    """The book by dictionaries: marks as sets of codes a row, and best levels after each row."""
    live, tops, marks = {}, [], []
    for row in rows:
        action, oid, size, price, side = (int(row[n]) for n in ("action", "order_id", "size", "price", "side"))
        mark = ""
        if action == Action.ADD:
            if oid in live:
                mark = "duplicate_order"
            elif side == Side.NONE:
                mark = "bad_row"
            elif size > 0:
                live[oid] = [side, price, size]
        elif action in (Action.CANCEL, Action.EXECUTE, Action.MODIFY):
            if oid not in live:
                mark = "unknown_order"
            elif action == Action.MODIFY:
                if side not in (Side.NONE, live[oid][0]):
                    mark = "bad_row"
                elif size >= 0:
                    live[oid][1:] = [price, size]
            elif size > 0:
                mark = "over_reduction" if size > live[oid][2] else ""
                live[oid][2] -= min(size, live[oid][2])
            if oid in live and live[oid][2] == 0:
                del live[oid]
        elif action == Action.CLEAR:
            live.clear()
        elif action not in set(Action):
            mark = "bad_row"
        marks.append(mark)
        top = []
        for side, best in ((Side.ASK, min), (Side.BID, max)):
            prices = [p for s, p, _ in live.values() if s == side]
            price = best(prices) if prices else 0
            top += [price, sum(q for s, p, q in live.values() if s == side and p == price)]
        tops.append(top)
    return np.array(tops), marks


@pytest.mark.parametrize("seed", range(12))
def test_the_book_against_dictionaries(seed):
    rows = noise(np.random.default_rng(seed), 400)
    tops, marks = OrderBook().feed(rows)
    expected, names = brute_force_book(rows)
    np.testing.assert_array_equal(tops, expected)
    bits = {"": 0, "unknown_order": 1, "duplicate_order": 2, "over_reduction": 4, "bad_row": 8}
    assert marks.tolist() == [bits[name] for name in names]


def test_many_orders_make_the_tables_grow():
    rows = np.zeros(20_000, MARKET_EVENT)
    rows["order_id"] = np.random.default_rng(1).permutation(20_000) + 1
    rows["action"], rows["side"], rows["price"], rows["size"] = Action.ADD, Side.BID, 100, 1
    book = OrderBook()
    tops, marks = book.feed(rows)
    assert tops[-1].tolist() == [0, 0, 100, 20_000]
    rows["action"] = Action.CANCEL
    tops, more = book.feed(rows[::-1])
    assert tops[-1].tolist() == [0, 0, 0, 0]
    assert not marks.any()
    assert not more.any()


def test_prints_of_one_message_that_take_several_levels():
    """A take that goes through two levels prints at both before the book rows of the same message follow."""
    rows = orders(6)[:2]
    book = np.concatenate((rows, rows[1:], rows[1:], rows[1:], rows[1:], rows[1:]))
    book["sequence"] = 1
    book["order_id"] = [1, 2, 3, 0, 0, 2, 3]
    book["action"] = [Action.ADD, Action.ADD, Action.ADD, Action.TRADE, Action.TRADE, Action.CANCEL, Action.CANCEL]
    book["side"] = [Side.BID, Side.ASK, Side.ASK, Side.BID, Side.BID, Side.ASK, Side.ASK]
    book["price"] = [100, 101, 102, 101, 102, 101, 102]
    book["size"] = [10, 10, 10, 10, 5, 10, 5]
    book["flags"] = [128, 128, 128, 0, 0, 0, 128]
    assert found("events", book) == {}
    book["price"][4] = 103
    assert found("events", book) == {"trade_outside_quote": (1, 4, 4)}


def test_every_row_may_be_a_finding_several_times():
    """A crossed book in which every row is a trade outside of it: two findings a row, one stale quote, all kept."""
    rows = np.repeat(orders(1), 5000)
    rows["ts_event"] += np.arange(5000) * SECOND
    rows["ts_recv"] = rows["ts_event"]
    rows["sequence"] = np.arange(1, 5001)
    rows["action"], rows["price"], rows["order_id"] = Action.TRADE, 500, 0
    book = np.tile(np.array([101, 5, 102, 5]), (5000, 1))
    assert found("events", rows, cuts=[4000], book_rows=book) == {
        "crossed_book": (5000, 0, 4999), "trade_outside_quote": (4999, 1, 4999), "stale_quote": (1, 61, 61),
    }  # fmt: skip


def test_states_inside_a_message_are_not_looked_at():
    rows = crossed()
    rows["ts_event"][5:10] = rows["ts_event"][5]
    rows["flags"][5:9] = 0
    assert "crossed_book" not in found("events", rows)


def test_book_rows_of_the_vendor_are_taken_for_the_quote():
    rows = without_book(orders())
    book = np.tile(np.array([101, 5, 100, 5]), (len(rows), 1))
    book[:, 1] += np.arange(len(rows)) % 2
    assert found("events", rows, book_rows=book) == {}
    book[7:9, 2] = 102
    # The trade of row 8 lies below both quotes around it; that of row 7 still met the good one before.
    assert found("events", rows, book_rows=book) == {"crossed_book": (2, 7, 8), "trade_outside_quote": (1, 8, 8)}


def test_session_hours():
    """Open from the second 10 to the second 50: what lies outside is told, what is crossed there is no fault."""
    opens, closes = np.array([BEGIN + 10 * SECOND]), np.array([BEGIN + 50 * SECOND])
    hours = Hours(opens, closes)
    assert found("events", orders(), hours=hours) == {"off_hours": (20, 0, 59)}
    assert found("events", crossed(), hours=hours)["crossed_book_closed"] == (2, 6, 7)
    assert "crossed_book" not in found("events", crossed(), hours=hours)
    lunch = Hours(np.array([BEGIN, BEGIN + HOUR]), np.array([BEGIN + 40 * SECOND, BEGIN + HOUR + MINUTE]))
    assert "session_gap" not in found("events", gap(), hours=lunch)


def test_a_recording_that_begins_late_or_ends_early():
    rows = orders()
    day = Hours(np.array([BEGIN - HOUR]), np.array([BEGIN + 3 * HOUR]))
    assert found("events", rows, hours=day) == {"session_gap": (2, 0, 59)}
    round_the_clock = Hours(np.array([DAY_0 * DAY]), np.array([(DAY_0 + 1) * DAY]))
    assert found("events", rows, hours=round_the_clock) == {}


def test_a_thin_market_is_measured_by_its_own_pace():
    rows = orders()
    for name in ("ts_event", "ts_recv"):
        rows[name] = BEGIN + np.arange(60) * 70 * SECOND
    assert "session_gap" not in found("events", rows)


def test_daily_bars_of_a_calendar():
    """Sessions on every day but Sunday: a hole over Sunday is none, one over Monday is."""
    rows = bars(20)
    weekday = (np.arange(20) + DAY_0 + 3) % 7  # 1970-01-01 was a Thursday; 0 is Monday
    opens = rows["ts_event"][weekday != 6] + 14 * HOUR
    hours = Hours(opens, opens + 6 * HOUR)
    rows = rows[weekday != 6]
    assert found("bars-1d", rows, hours=hours) == {}
    assert found("bars-1d", np.delete(rows, [4, 5]), hours=hours) == {"bar_missing": (2, 4, 4)}


def test_only_the_asked_date_is_told():
    rows = changed(prints, size={7: 0, 50: 0})
    window = (BEGIN, BEGIN + 20 * SECOND)
    assert found("trades", rows, window=window) == {"size_not_positive": (1, 7, 7)}


def test_fields_that_are_missing_are_counted_by_name():
    rows = changed(bars, missing={5: Missing.OPEN | Missing.HIGH, 8: Missing.OPEN})
    assert tally("bars-1d", rows)["bar_missing_field"].detail == {"open": 2, "high": 1}


def test_rows_alike_are_no_fault_where_numbers_count_packets():
    """Two fills of one lot each, in a feed where a number belongs to a packet of several rows."""
    rows = prints()
    rows["sequence"][10:14] = rows["sequence"][10]
    rows["sequence"][14:] -= 3
    rows["ts_event"][10:14], rows["ts_recv"][10:14] = rows["ts_event"][10], rows["ts_recv"][10]
    rows[12] = rows[11]
    assert found("trades", rows) == {"alike_rows": (1, 12, 12)}


@pytest.mark.parametrize(("outside", "code"), [(5, "trade_outside_depth"), (6, "depth_behind_trades")])
def test_trades_outside_the_depth_warn_above_a_share(outside, code):
    """Of a hundred trades five may be outside; at six the feed does not show the book that trades happen in."""
    rows = levels(500)
    trades = np.flatnonzero(rows["action"] == Action.TRADE)
    assert len(trades) == 100
    rows["price"][trades[:outside]] = 150
    told = found("depth", rows)
    assert {name: told[name][0] for name in ("trade_outside_depth", "depth_behind_trades") if name in told} == {
        code: outside
    }


def cut(rows, cuts):
    return [rows[a:b] for a, b in pairwise([0, *sorted({c for c in cuts if c < len(rows)}), len(rows)])]


def outside(trades, quote_rows, trade_cuts=(), quote_cuts=(), hours=None):
    counts = Tally("2022-01-08", Timeline(DAY_0 * DAY, (DAY_0 + 1) * DAY, 96))
    trades_outside(counts, cut(trades, trade_cuts), cut(quote_rows, quote_cuts), hours)
    return counts.found


def brute_force_outside(trades, quote_rows):
    """Row by row: the last quote before, the first not before; both sides of both."""
    told = []
    for k, trade in enumerate(trades):
        ts = max(trades["ts_recv"][: k + 1])
        stamps = np.maximum.accumulate(quote_rows["ts_recv"])
        earlier, later = np.flatnonzero(stamps < ts), np.flatnonzero(stamps >= ts)
        if not earlier.size or not later.size:
            continue
        two = quote_rows[[earlier[-1], later[0]]]
        price = trade["price"] + trade["subtick"] / 10_000
        asks, bids = (two["ask_size"] > 0).all(), (two["bid_size"] > 0).all()
        prices = ([*two["ask"]] if asks else []) + ([*two["bid"]] if bids else [])
        if (asks and price > max(prices)) or (bids and price < min(prices)):
            told.append(k)
    return told


@pytest.mark.parametrize("seed", range(10))
def test_trades_against_quotes_that_are_stored_apart(seed):
    rng = np.random.default_rng(seed)
    trades, quote_rows = prints(80), quotes(60)
    trades["ts_recv"] = BEGIN + (np.sort(rng.integers(-5, 65, 80)) + rng.integers(-2, 3, 80)) * SECOND
    quote_rows["ts_recv"] = BEGIN + np.sort(rng.integers(0, 60, 60)) * SECOND
    quote_rows["bid"] = rng.integers(98, 102, 60)
    quote_rows["ask"] = rng.integers(101, 105, 60)
    quote_rows["bid_size"], quote_rows["ask_size"] = rng.integers(0, 4, 60), rng.integers(0, 4, 60)
    trades["price"], trades["subtick"] = rng.integers(96, 108, 80), rng.integers(0, 2, 80) * 5000
    expected = brute_force_outside(trades, quote_rows)
    assert len(expected) > 3
    whole = outside(trades, quote_rows)["trade_outside_depth"]
    assert (whole.count, whole.first.row, whole.last.row) == (len(expected), expected[0], expected[-1])
    for _ in range(20):
        cuts = rng.integers(1, 60, 6).tolist(), rng.integers(1, 60, 6).tolist()
        assert outside(trades, quote_rows, *cuts)["trade_outside_depth"] == whole


def test_how_far_clocks_are_off_and_how_long_a_book_is_crossed():
    """Rows 9 and 10 are received 1 ns and 7 s too early; the book is crossed from row 6 to row 8, twice."""
    rows = prints()
    rows["ts_recv"][9], rows["ts_recv"][10] = rows["ts_event"][9] - 1, rows["ts_event"][10] - 7
    assert tally("trades", rows)["recv_before_event"].detail == {"least_ns": 1, "most_ns": 7}
    rows = crossed()
    rows["ts_recv"] = rows["ts_event"] = BEGIN + np.arange(len(rows)) * SECOND
    found = tally("events", rows)["crossed_book"]
    assert (found.count, found.detail) == (2, {"times": 1, "longest_ns": 2 * SECOND})


def test_a_thin_market_lacks_bars_and_a_recording_that_stood_still_does():
    """A tenth of the minutes at random have no bar: no fault. Twenty more in a row: one, with its exact count."""
    rng = np.random.default_rng(5)
    rows = bars(1000, step=MINUTE, begin=BEGIN - 8 * HOUR)
    kept = rng.random(1000) > 0.1
    kept[[0, 499, 520, 999]] = True
    hours = Hours(rows["ts_event"][:1], rows["ts_event"][-1:] + MINUTE)
    assert set(found("bars-1m", rows[kept], hours=hours)) == {"bar_empty"}
    empty = found("bars-1m", rows[kept], hours=hours)["bar_empty"][0]
    assert empty == 1000 - kept.sum()
    inside = empty - np.count_nonzero(~kept[500:520])
    kept[500:520] = False
    after = int(kept[:520].sum())
    holes = found("bars-1m", rows[kept], hours=hours)
    assert (holes["bar_missing"], holes["bar_empty"][0]) == ((20, after, after), inside)


def test_daily_rows_without_a_value_on_holidays():
    """Without a session on the day it is a holiday, with one it is a bar that lacks its close."""
    rows = closes_alone([100] * 20)
    rows["missing"][[5, 9]] = rows["missing"][0] | int(Missing.CLOSE)
    opens = np.delete(rows["ts_event"] + 14 * HOUR, 5)
    assert found("bars-1d", rows, hours=Hours(opens, opens + 6 * HOUR)) == {"bar_missing_field": (1, 9, 9)}


def test_the_bar_of_a_closing_auction_is_no_row_off_hours():
    rows = bars(10, step=MINUTE, begin=BEGIN)
    until = lambda k: Hours(rows["ts_event"][:1], rows["ts_event"][k : k + 1])  # noqa: E731
    assert found("bars-1m", rows, hours=until(9)) == {}
    assert found("bars-1m", rows, hours=until(8)) == {"off_hours": (1, 9, 9)}


def test_few_rows_have_no_pace():
    assert found("events", gap()[:49]) == {}


def test_every_code_is_planted_somewhere():
    planted = {code for _, _, expected in PLANTED.values() for code in expected}
    elsewhere = {"off_hours", "alike_rows", "book_rows_misaligned", "depth_behind_trades"}
    assert planted | elsewhere == set(CODES)


def test_a_burst_costs_no_more_than_its_rows():
    """Invariant: forgetting a moment touches the places it used, not the table that a burst before it left."""
    burst, after = np.zeros(40_000, MARKET_EVENT), np.zeros(400, MARKET_EVENT)
    burst["order_id"], after["order_id"] = np.arange(len(burst)), np.arange(len(after))
    burst["ts_recv"], after["ts_recv"] = 1, np.arange(len(after)) // 2 + 2
    after[101] = after[100]
    repeats = Repeats()
    repeats.feed(burst)
    assert repeats.feed(after).nonzero()[0].tolist() == [101]

    def seconds(repeats):
        began = time.perf_counter()
        for _ in range(100):
            later["ts_recv"] += len(later)
            repeats.feed(later)
        return time.perf_counter() - began

    later = np.zeros(1000, MARKET_EVENT)
    later["ts_recv"] = np.arange(1000) + 1000
    fresh = Repeats()
    fresh.feed(later[:1])
    alone = min(seconds(fresh) for _ in range(3))
    assert min(seconds(repeats) for _ in range(3)) < 10 * alone


def test_the_check_holds_one_book(tmp_path, monkeypatch):
    """Invariant: however many instruments there are, no more books live than one handed on and one in use."""
    books = weakref.WeakSet()
    most = 0

    class Watched(OrderBook):
        def __init__(self):
            nonlocal most
            super().__init__()
            books.add(self)
            most = max(most, len(books))

    monkeypatch.setattr(checking, "OrderBook", Watched)
    catalog = Catalog.create(tmp_path / "c")
    with catalog.ingest(Source("many", "test", "digest", 10)) as session:
        for k in range(12):
            instrument = replace(ZIF, symbol=f"Z{k:02d}")
            rows = orders()
            rows["instrument_id"] = instrument.id
            session.append(instrument, "events", rows)
    assert checking.check(Catalog.open(tmp_path / "c")).clean
    assert most <= 4
