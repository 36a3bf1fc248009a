"""The recorded market as transaction-cost analysis sees it: mid path, prints, session, and how far the data reach.

The mid at time t is that of the last quote strictly before t which has both sides and bid < ask. All mids are `mid2`,
bid + ask, in half ticks. In a replay the recorded path holds nothing of ours, so it is the no-order counterfactual.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from tickwright.core.errors import BenchmarkError, DataError
from tickwright.core.events import QUOTE, SUBTICKS, TRADE
from tickwright.core.units import HalfTicks, Lots, Nanos, Ticks
from tickwright.tca.exact import exact_dot, exact_sum


@dataclass(frozen=True, eq=False)
class MidPath:
    """Two-sided quotes: `ts` rising, `mid2` in half ticks, as int64 arrays of one length."""

    ts: np.ndarray
    mid2: np.ndarray

    def at(self, t: Nanos, what: str) -> HalfTicks:
        """The mid strictly before `t`. Raises BenchmarkError that names `what`, the time and what the data hold."""
        index = int(np.searchsorted(self.ts, t, side="left")) - 1
        if index < 0:
            raise BenchmarkError(f"{what}: no two-sided quote strictly before {t}; {self._extent()}")
        return int(self.mid2[index])

    def many(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mids strictly before each int64 time, and a mask of those that exist (the mid is 0 where it does not)."""
        index = np.searchsorted(self.ts, times, side="left") - 1
        found = index >= 0
        if not len(self.mid2):
            return np.zeros(np.shape(times), np.int64), found
        return np.where(found, self.mid2[np.maximum(index, 0)], 0), found

    def time_weighted(self, begin: Nanos, end: Nanos, what: str) -> Fraction:
        """∫ mid dt / ∫ dt over [begin, end] in ticks, exact; a quote holds until the next. Raises BenchmarkError."""
        if end <= begin:
            raise BenchmarkError(f"{what}: the interval from {begin} to {end} has no length")
        first = int(np.searchsorted(self.ts, begin, side="right")) - 1
        if first < 0:
            raise BenchmarkError(f"{what}: no two-sided quote at or before {begin}; {self._extent()}")
        last = int(np.searchsorted(self.ts, end, side="left"))
        edges = np.concatenate(([begin], self.ts[first + 1 : last], [end]))
        return Fraction(exact_dot(self.mid2[first:last], np.diff(edges)), 2 * (end - begin))

    def _extent(self) -> str:
        if not len(self.ts):
            return "the data hold none"
        return f"the first is at {int(self.ts[0])}, the last at {int(self.ts[-1])}"


@dataclass(frozen=True, eq=False)
class QuoteColumns:
    """What is looked up in quotes, beside them as arrays of their own: a search in a field of rows copies the field.

    `ts` of every quote; `two_sided`, a mask of those with both sides and bid < ask; and the mids of these.
    """

    ts: np.ndarray
    two_sided: np.ndarray
    mids: MidPath

    @classmethod
    def of(cls, quotes: np.ndarray) -> QuoteColumns:
        """The columns of QUOTE rows; each row's part depends on it alone."""
        both = np.asarray((quotes["bid_size"] > 0) & (quotes["ask_size"] > 0) & (quotes["bid"] < quotes["ask"]))
        rows = quotes[both]
        ts = np.ascontiguousarray(quotes["ts_event"])
        return cls(ts, both, MidPath(np.ascontiguousarray(rows["ts_event"]), rows["bid"] + rows["ask"]))


@dataclass(frozen=True, eq=False)
class Market:
    """What was recorded of one instrument on one day, without our orders.

    Parameters
    ----------
    quotes
        QUOTE rows, changes of the best bid and ask in order of time.
    trades
        TRADE rows, every print of others in order of time, auctions and hidden executions included.
    session_open_ns, session_close_ns
        Bounds of the continuous session.
    previous_close
        Price of the close before this session, in ticks, if it is known.
    columns
        `QuoteColumns.of(quotes)`, where they are at hand.

    Raises
    ------
    DataError
        Rows of another layout or out of order, or a session that ends before it begins.
    """

    quotes: np.ndarray
    trades: np.ndarray
    session_open_ns: Nanos
    session_close_ns: Nanos
    previous_close: Ticks | None = None
    columns: QuoteColumns | None = None

    def __post_init__(self) -> None:
        for name, rows, layout in (("quotes", self.quotes, QUOTE), ("trades", self.trades, TRADE)):
            if rows.dtype != layout:
                raise DataError(f"market.{name}: got rows of {rows.dtype}, expected {layout}")
            fall = _first_fall(self.columns.ts if self.columns and rows is self.quotes else rows["ts_event"])
            if fall is not None:
                raise DataError(f"market.{name}: row {fall + 1} is earlier than the row before it")
        if self.session_close_ns <= self.session_open_ns:
            raise DataError(f"market: the session closes ({self.session_close_ns}) before or as it opens")

    @cached_property
    def quote_columns(self) -> QuoteColumns:
        """The quotes as columns."""
        return self.columns or QuoteColumns.of(self.quotes)

    def arrays(self) -> tuple[np.ndarray, ...]:
        """All that is held, or mapped from a file."""
        columns = self.quote_columns
        return self.quotes, self.trades, columns.ts, columns.two_sided, columns.mids.ts, columns.mids.mid2

    @property
    def mids(self) -> MidPath:
        """The two-sided quotes."""
        return self.quote_columns.mids

    @property
    def two_sided(self) -> np.ndarray:
        """Mask of the quotes with both sides and bid < ask."""
        return self.quote_columns.two_sided

    def two_sided_before(self, times: np.ndarray) -> np.ndarray:
        """Whether the very last quote strictly before each time has both sides; if not, the mid is an older one."""
        index = np.searchsorted(self.quote_columns.ts, times, side="left") - 1
        if not len(self.quotes):
            return np.zeros(np.shape(times), np.bool_)
        return np.asarray((index >= 0) & self.two_sided[np.maximum(index, 0)])

    @cached_property
    def first_ns(self) -> Nanos:
        """Time of the first quote or print. Raises BenchmarkError when there is neither."""
        return min(self._ends(0))

    @cached_property
    def last_ns(self) -> Nanos:
        """Time of the last quote or print. Raises BenchmarkError when there is neither."""
        return max(self._ends(-1))

    def _ends(self, row: int) -> list[Nanos]:
        found = [int(rows["ts_event"][row]) for rows in (self.quotes, self.trades) if len(rows)]
        if not found:
            raise BenchmarkError("market: no quotes and no trades")
        return found

    @property
    def reach_ns(self) -> Nanos:
        """The last moment that may be asked for a mid: the last row of the data, or the close if that is earlier."""
        return min(self.last_ns, self.session_close_ns)

    @cached_property
    def _prices(self) -> np.ndarray:
        # Hidden prints can fall between ticks, so prints are summed in ten-thousandths of a tick.
        return np.asarray(self.trades["price"] * SUBTICKS + self.trades["subtick"])

    def prints(self, begin: Nanos, end: Nanos) -> Prints:
        """Prints with begin ≤ time ≤ end."""
        ts = self.trades["ts_event"]  # bisect looks at a few; NumPy's search would copy the field of every row
        rows = slice(bisect_left(ts, begin), bisect_right(ts, end))
        part = self.trades[rows]
        return Prints(part["ts_event"], self._prices[rows], part["size"])


@dataclass(frozen=True, eq=False)
class Prints:
    """Prints of an interval: `ts` ns, `price` in ten-thousandths of a tick, `size` lots."""

    ts: np.ndarray
    price: np.ndarray
    size: np.ndarray

    @property
    def volume(self) -> Lots:
        """Lots traded."""
        return exact_sum(self.size)

    @property
    def value(self) -> Fraction:
        """Σ price × size, in tick-lots."""
        return Fraction(exact_dot(self.price, self.size), SUBTICKS)


_BLOCK = 1 << 20


def _first_fall(ts: np.ndarray) -> int | None:
    """The first place where a time is later than the next, None where there is none; block by block, for it may be
    long."""
    for at in range(0, len(ts), _BLOCK):
        falls = np.flatnonzero(np.diff(ts[at : at + _BLOCK + 1]) < 0)
        if len(falls):
            return at + int(falls[0])
    return None
