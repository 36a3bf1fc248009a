"""Trades against quotes that are stored apart: is each inside the quote before it or the one after it?

Both are read once, in order of receipt, since one recorder has one clock while feeds may be stamped differently or not
at all; a chunk of each is in memory. A trade before the first quote or after the last is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from tickwright.data.quality.hours import Hours
from tickwright.data.quality.tally import Tally
from tickwright.data.store.schema import moments_of


def trades_outside(
    tally: Tally, trades: Iterable[np.ndarray], quotes: Iterable[np.ndarray], hours: Hours | None
) -> None:
    """Tell trades above the higher ask or below the lower bid of the quotes just before and at or after them."""
    for rows, places, before, after in _joined(trades, quotes):
        outside = beyond(rows, before, after)
        if hours is not None:
            outside &= hours.within(rows["ts_event"])
        told = rows[outside]
        fields = {name: told[name] for name in ("price", "size")}
        tally.add("trade_outside_depth", places[outside], told["ts_event"], moments_of(told), fields)


OFTEN = 0.05
"""Of at least a hundred trades, the share outside of the quotes above which the book is not where trades happen."""
_JUDGED = 100


def told_when_often(tally: Tally, trades: int) -> None:
    """Tell trades outside the quotes as a warning where they are a large share of all trades of the unit."""
    if is_often(tally.count("trade_outside_depth"), trades):
        tally.rename("trade_outside_depth", "depth_behind_trades")
        tally.add_detail("depth_behind_trades", "of_trades", trades)


def is_often(outside: int, trades: int) -> bool:
    """Whether so many trades lie outside of the quotes that the book is not where trades happen."""
    return trades >= _JUDGED and outside > OFTEN * trades


def beyond(rows: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Which trades (price, subtick) are above the higher ask, or below the lower bid, of two quotes each."""
    asks = (before["ask_size"] > 0) & (after["ask_size"] > 0)
    bids = (before["bid_size"] > 0) & (after["bid_size"] > 0)
    high = np.maximum(before["ask"], after["ask"])
    low = np.minimum(before["bid"], after["bid"])
    # Between the sides of a crossed quote a trade is inside, whichever way round they stand.
    high = np.where(bids, np.maximum(high, np.maximum(before["bid"], after["bid"])), high)
    low = np.where(asks, np.minimum(low, np.minimum(before["ask"], after["ask"])), low)
    price = rows["price"]
    above = asks & ((price > high) | ((price == high) & (rows["subtick"] > 0)))
    return np.asarray(above | (bids & (price < low)))


def _joined(
    trades: Iterable[np.ndarray], quotes: Iterable[np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Trades, their row numbers, the last quote strictly before each and the first one not before it."""
    waiting = _timed(trades)
    rows, times, places = next(waiting, _NOTHING)
    last: np.ndarray | None = None
    latest = -(2**63)
    for chunk in quotes:
        held = chunk if last is None else np.concatenate((last, chunk))
        stamps = np.maximum.accumulate(np.maximum(moments_of(held), latest))
        while rows.size:
            # A trade waits until a quote at or after it is known.
            ready = int(np.searchsorted(times, stamps[-1], side="right"))
            after = np.searchsorted(stamps, times[:ready], side="left")
            seen = after > 0
            if seen.any():
                yield rows[:ready][seen], places[:ready][seen], held[after[seen] - 1], held[after[seen]]
            rows, times, places = rows[ready:], times[ready:], places[ready:]
            if rows.size:
                break
            rows, times, places = next(waiting, _NOTHING)
        last, latest = held[-1:].copy(), int(stamps[-1])
        if not rows.size:
            return


def _timed(trades: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Chunks of trades with their times as a running maximum, and their row numbers."""
    at, latest = 0, -(2**63)
    for rows in trades:
        times = np.maximum.accumulate(np.maximum(moments_of(rows), latest))
        latest = int(times[-1])
        yield rows, times, np.arange(at, at + len(rows))
        at += len(rows)


_NOTHING = (np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64))
