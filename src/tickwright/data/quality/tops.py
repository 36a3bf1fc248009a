"""Checks that need the best bid and ask: crossed and locked books, trades outside the quote, stale quotes.

Whatever the feed, `Tops` is fed rows with the best levels after each (int64 (rows, 4): ask price, ask size, bid price,
bid size, as in `book-N`; size 0 is an empty side). Only states at the end of a venue message are looked at: after
Flag.LAST, or, where a feed does not set it, before the first row of a later exchange time.

A trade is outside the quote when it lies outside the quote that stood before its message and outside the one after it:
the prints of one order that takes several levels lie between the two. An auction's print is not looked at.
A quote is stale when best prices and sizes did not change for a minute while three trades or more were printed.
A quote with a side carried on (Flag.SYNTHETIC) is crossed by the reading, so it is told under a code of its own.
Continuous trading is what neither a HALT row nor the calendar denies.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from tickwright.core.events import MARKET_EVENT, Action, Flag, TradingStatus
from tickwright.core.kernel import inline, kernel
from tickwright.core.units import SECOND, Nanos
from tickwright.data.quality.hours import Hours
from tickwright.data.quality.tally import Tally

Int: TypeAlias = Any
Record: TypeAlias = Any
"""In kernels, an int64 and one row of a structured array; the type checker has no word for them."""

STALE: Nanos = 60 * SECOND
STALE_TRADES = 3
PENDING = 4096
"""Prints of one message that are looked at; later ones of the same message are taken as good."""

MESSAGE = np.dtype([(n, "<i8") for n in ("row", "ts", "moment", "price", "subtick", "size")])
"""A print that waits for the end of its message, and a row that is found."""
STATE = np.dtype(
    [
        ("seen", "<i8"),  # rows so far
        ("open", "<i8"),  # 1 inside a message
        ("halted", "<i8"),
        ("closed", "<i8"),  # by the calendar, at the last row
        ("row", MESSAGE),  # the last row
        ("top", "<i8", (4,)),  # after the last row
        ("before", "<i8", (4,)),  # at the end of the last message
        ("known", "<i8"),  # whether `before` is set
        ("changed", "<i8"),  # time of the last change at a message's end
        ("trades", "<i8"),  # prints since
        ("told", "<i8"),  # whether this stale quote is counted
        ("crossed", "<i8"),  # whether the book was crossed at the end of the last message
        ("crossed_since", "<i8"),  # moment
        ("crosses", "<i8"),  # how often it became so
        ("crossed_longest", "<i8"),
        ("pending", "<i8"),
        ("prints", MESSAGE, (PENDING,)),
    ]
)
CROSSED, LOCKED, CLOSED, OUTSIDE, STALE_QUOTE = range(5)
_ASK, _ASK_SIZE, _BID, _BID_SIZE = range(4)
_STALE, _STALE_TRADES, _PENDING = int(STALE), STALE_TRADES, PENDING
_TRADE, _EXECUTE, _HIDDEN, _HALT = int(Action.TRADE), int(Action.EXECUTE), int(Action.HIDDEN), int(Action.HALT)
_LAST, _TRADING = int(Flag.LAST), int(TradingStatus.TRADING)


@inline
def _copy(target: Record, source: Record) -> None:
    target.row = source.row
    target.ts = source.ts
    target.moment = source.moment
    target.price = source.price
    target.subtick = source.subtick
    target.size = source.size


@inline
def _emit(found: np.ndarray, kinds: np.ndarray, n: Int, row: Record, kind: Int) -> Int:
    _copy(found[n], row)
    kinds[n] = kind
    return n + 1


@inline
def _judge(
    state: Record, found: np.ndarray, kinds: np.ndarray, n: Int, times: np.ndarray, spreads: np.ndarray,
    counts: np.ndarray,
) -> Int:  # fmt: skip
    """The end of a message, whose last row is `state.row`; returns the number of findings."""
    ask, ask_size = state.top[_ASK], state.top[_ASK_SIZE]
    bid, bid_size = state.top[_BID], state.top[_BID_SIZE]
    trading = state.halted == 0 and state.closed == 0
    crossed = trading and ask_size > 0 and bid_size > 0 and bid > ask
    if state.crossed == 1:
        state.crossed_longest = max(state.crossed_longest, state.row.moment - state.crossed_since)
    elif crossed:
        state.crossed_since = state.row.moment
        state.crosses += 1
    state.crossed = crossed
    if ask_size > 0 and bid_size > 0:
        if bid >= ask:
            kind = CLOSED if not trading else (CROSSED if bid > ask else LOCKED)
            n = _emit(found, kinds, n, state.row, kind)
        bucket = (state.row.moment - times[0]) // times[1]
        bucket = min(max(bucket, 0), counts.shape[0] - 1)
        if ask >= bid:
            spreads[bucket] += ask - bid
            counts[bucket] += 1
    changed = state.known == 0
    for k in range(4):
        changed = changed or state.before[k] != state.top[k]
    if trading and state.known == 1:
        asks = ask_size > 0 and state.before[_ASK_SIZE] > 0
        bids = bid_size > 0 and state.before[_BID_SIZE] > 0
        high = max(ask, state.before[_ASK])
        low = min(bid, state.before[_BID])
        if bids:
            high = max(high, bid, state.before[_BID])  # a crossed book has its prints between bid and ask
        if asks:
            low = min(low, ask, state.before[_ASK])
        for k in range(state.pending):
            p = state.prints[k]
            above = asks and (p.price > high or (p.price == high and p.subtick > 0))
            if above or (bids and p.price < low):
                n = _emit(found, kinds, n, p, OUTSIDE)
    if changed:
        state.changed = state.row.ts
        state.trades = 0
        state.told = 0
        state.known = 1
        for k in range(4):
            state.before[k] = state.top[k]
    else:
        state.trades += state.pending
        waited = state.row.ts - state.changed
        both = ask_size > 0 and bid_size > 0
        if trading and both and state.told == 0 and state.trades >= _STALE_TRADES and waited > _STALE:
            n = _emit(found, kinds, n, state.row, STALE_QUOTE)
            state.told = 1
    state.pending = 0
    return n


@kernel
def watch_tops(
    events: np.ndarray, closed: np.ndarray, tops: np.ndarray, states: np.ndarray, found: np.ndarray,
    kinds: np.ndarray, times: np.ndarray, spreads: np.ndarray, counts: np.ndarray,
) -> Int:  # fmt: skip
    """MARKET_EVENT rows, whether the calendar has the market closed, and best levels: findings into `found` (MESSAGE)
    and `kinds`; returns their number.

    `times` is begin and step of the buckets into which spreads are summed.
    """
    state = states[0]
    n = np.int64(0)
    for i in range(events.shape[0]):
        event = events[i]
        if state.open == 1 and event.ts_event != state.row.ts:
            n = _judge(state, found, kinds, n, times, spreads, counts)
        state.row.row = state.seen
        state.row.ts = event.ts_event
        state.row.moment = event.ts_recv
        state.row.price = event.price
        state.row.subtick = event.subtick
        state.row.size = event.size
        state.seen += 1
        state.closed = closed[i]
        action = event.action
        if action == _HALT:
            state.halted = event.size != _TRADING
        for k in range(4):
            state.top[k] = tops[i, k]
        if action in (_TRADE, _EXECUTE, _HIDDEN) and state.pending < _PENDING:
            _copy(state.prints[state.pending], state.row)
            state.pending += 1
        state.open = 1
        if event.flags & _LAST != 0:
            n = _judge(state, found, kinds, n, times, spreads, counts)
            state.open = 0
    return n


@kernel
def finish_tops(
    states: np.ndarray, found: np.ndarray, kinds: np.ndarray, times: np.ndarray, spreads: np.ndarray,
    counts: np.ndarray,
) -> Int:  # fmt: skip
    """The end of the feed: the last message, if it is open."""
    if states[0].open == 1:
        return _judge(states[0], found, kinds, np.int64(0), times, spreads, counts)
    return np.int64(0)


class Tops:
    """`separate` says that quotes and trades come in messages of their own, as in a depth feed."""

    def __init__(self, tally: Tally, hours: Hours | None, separate: bool = False) -> None:
        self._tally = tally
        self._hours = hours
        self._state = np.zeros(1, STATE)
        self._carried = False
        outside = "trade_outside_depth" if separate else "trade_outside_quote"
        self._codes = {
            CROSSED: "crossed_book", LOCKED: "locked_book", CLOSED: "crossed_book_closed", OUTSIDE: outside,
            STALE_QUOTE: "stale_quote",
        }  # fmt: skip

    def feed(self, rows: np.ndarray, tops: np.ndarray) -> None:
        """The next rows, of events, depth or quotes, each with the best levels after it."""
        if rows.dtype == MARKET_EVENT:
            events = rows
        else:
            events = _as_events(rows)
            self._carried = self._carried or bool((rows["flags"] & Flag.SYNTHETIC).any())
        closed = np.zeros(len(rows), bool) if self._hours is None else ~self._hours.within(rows["ts_event"])
        # A message's end has two findings at most, and one for each print that waits or comes.
        found, kinds = self._room(2 * (len(rows) + 1) + len(rows) + PENDING)
        line = self._tally.timeline
        n = watch_tops(
            events, closed, tops, self._state, found, kinds, self._times(), line.spread_sum, line.spreads
        )  # fmt: skip
        self._tell(found[:n], kinds[:n])

    def end(self) -> None:
        """After the last row."""
        found, kinds = self._room(2 + PENDING)
        line = self._tally.timeline
        n = finish_tops(self._state, found, kinds, self._times(), line.spread_sum, line.spreads)
        self._tell(found[:n], kinds[:n])
        if self._tally.window is None:  # it is not known in which part of the day each of them lies
            self._tally.add_detail("crossed_book", "times", int(self._state[0]["crosses"]))
            self._tally.add_detail("crossed_book", "longest_ns", int(self._state[0]["crossed_longest"]))
        if self._carried:
            for code in ("crossed_book", "locked_book"):
                self._tally.rename(code, "crossed_carried")

    def _times(self) -> np.ndarray:
        return np.array([self._tally.timeline.begin, self._tally.timeline.step], np.int64)

    def _room(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        return np.empty(count, MESSAGE), np.empty(count, np.uint8)

    def _tell(self, found: np.ndarray, kinds: np.ndarray) -> None:
        for kind, code in self._codes.items():
            these = found[kinds == kind]
            fields = {name: these[name] for name in (("price", "size") if kind == OUTSIDE else ())}
            self._tally.add(code, these["row"], these["ts"], these["moment"], fields)


def _as_events(quotes: np.ndarray) -> np.ndarray:
    """Rows of quotes as events that change no book; a file may state the two sides of one moment in two rows."""
    events = np.zeros(len(quotes), MARKET_EVENT)
    events["ts_event"], events["ts_recv"] = quotes["ts_event"], quotes["ts_recv"]
    events["action"], events["flags"] = Action.NONE, quotes["flags"] & Flag.LAST
    return events
