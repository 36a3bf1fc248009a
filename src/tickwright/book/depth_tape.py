"""MARKET_EVENTs of one instrument's depth feed compiled into a tape that the same kernels replay as an L3 one.

1. A MODIFY flagged AGGREGATED says that a level (side, price) now has `size` lots, 0 that it is gone. It becomes a
   MODIFY row, which no L3 tape holds.
2. A TRADE becomes a FILL row of the resting side: it changes no book, the level's next size does, but it works off the
   queue that an order of ours stands in. One whose side the venue does not say stays a TRADE, and fills nobody.
3. Times become running maxima, prices and sizes 32-bit; what does not fit is refused here. No event is left out: row k
   of the tape is event k.
4. Removals of levels that are not there, books crossed or locked when a packet is whole (Flag.LAST), and rows that the
   reader marks as doubtful (Flag.MAYBE_BAD_BOOK) are counted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tickwright.book import depth_tape_kernel as kernels
from tickwright.book.layout import LADDER, PRICE_LIMIT, SIZE_LIMIT, TAPE, check_code
from tickwright.book.packed import pack, unpack
from tickwright.book.tape import DepthCounts, Tape, TapeCounts, centre_of, check_rows
from tickwright.core.errors import BookError, CapacityError

_FIXED = {"format": "tickwright.book.depth_tape/1"}


def compile_depth(events: np.ndarray) -> Tape:
    """MARKET_EVENT rows of one instrument's depth feed, from an empty book on → Tape.

    Raises BookError for events that no depth book could apply, as those of single orders, and for several instruments;
    CapacityError for a size beyond 32 bits and for more levels than the ladder holds.
    """
    compiler = DepthTapeCompiler()
    rows = compiler.feed(events)
    return Tape(rows, 1, TapeCounts(len(events), len(rows)), compiler.counts())


class DepthTapeCompiler:
    """Compiles a day in chunks; the state between chunks is the levels alone."""

    def __init__(self) -> None:
        self._instrument: int | None = None
        self._events = 0
        self._state = np.full(2, np.iinfo(np.int64).min, np.int64)
        self._ladders: np.ndarray = np.zeros(1, LADDER)
        self._counts = np.zeros(kernels.N_COUNTS, np.int64)

    def feed(self, events: np.ndarray) -> np.ndarray:
        """The next MARKET_EVENT rows → their TAPE rows, one each. Errors as of `compile_depth`."""
        self._instrument = check_rows(events, self._instrument, self._events)
        if self._events == 0:
            kernels.begin(self._ladders, centre_of(events))
        out = np.zeros(len(events), TAPE)
        at, reason, code = kernels.compile_depth_rows(events, out, self._state, self._ladders, self._counts)
        if reason != kernels.DONE:
            where = f"event {self._events + at}: {_describe(events[at])}"
            check_code(code, where)
            kind = CapacityError if reason == kernels.TOO_LARGE else BookError
            raise kind(f"{where}: {_EXPECTED[reason]}")
        self._events += len(events)
        return out

    def counts(self) -> DepthCounts:
        """Counts so far."""
        levels_set, removed, absent, clears, snapshots, trades, unsided, crossed, locked, suspect = map(
            int, self._counts
        )
        return DepthCounts(
            events=self._events,
            levels_set=levels_set,
            levels_removed=removed,
            removed_absent=absent,
            clears=clears,
            snapshot_rows=snapshots,
            trades=trades,
            trades_without_side=unsided,
            crossed=crossed,
            locked=locked,
            maybe_bad=suspect,
            live=int(self._ladders[0]["live"].sum()),
        )

    def snapshot(self) -> bytes:
        """The levels, and what was counted."""
        moving = {"instrument": self._instrument, "events": self._events}
        return pack(_FIXED, moving, (self._state, self._counts, self._ladders))

    def restore(self, snapshot: bytes) -> None:
        """Go on from where a snapshot was taken. Raises FileFormatError for one of others or a damaged one."""
        moving, arrays = unpack(snapshot, _FIXED, (np.dtype(np.int64), np.dtype(np.int64), LADDER))
        self._instrument, self._events = moving["instrument"], moving["events"]
        self._state, self._counts, self._ladders = arrays


def _describe(event: Any) -> str:
    return f"{chr(event['action'])} on side {chr(event['side'])}, {event['size']} lots at {event['price']} ticks"


_EXPECTED = {
    kernels.BAD_SIZE: "expected a level of 0 lots or more, a trade of 1 or more",
    kernels.TOO_LARGE: f"a book counts to {SIZE_LIMIT} lots; store the instrument with a larger lot size",
    kernels.BAD_PRICE: f"expected a price within ±{PRICE_LIMIT} ticks",
    kernels.BAD_SIDE: "expected the side of the level, B or A",
    kernels.BAD_ACTION: "expected an action of a depth feed: M, T, R, Q, H or N",
    kernels.NO_LEVEL: "expected Flag.AGGREGATED, which says that the size is that of a whole level",
}
