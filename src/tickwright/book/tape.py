"""MARKET_EVENTs of one instrument compiled into a tape that the book kernels replay without a lookup or a check.

1. Ids become arena slots, used again as orders die, so that a day needs an arena of its live orders only.
2. A MODIFY that keeps priority (same price, no larger size) becomes a CANCEL of the difference; one that loses it a
   CANCEL of all and an ADD, of which only the second carries `Flag.LAST`.
3. Times become running maxima, sides the resting order's, prices and sizes 32-bit: what does not fit is refused here.
4. Every reference, size and side is checked, so that replaying the result cannot corrupt a book.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tickwright.book import tape_kernel as kernels
from tickwright.book.ids import empty_table
from tickwright.book.layout import BOOK, NIL, PRICE_LIMIT, SIZE_LIMIT, TAPE
from tickwright.book.packed import pack, unpack
from tickwright.core.errors import BookError, CapacityError, ConfigError
from tickwright.core.events import MARKET_EVENT, Action

_FORMAT = "tickwright.book.tape/1"
OnUnknown = Literal["raise", "count"]


@dataclass(frozen=True, slots=True)
class TapeCounts:
    """What went into a tape and what could not be applied as sent."""

    events: int
    rows: int
    unknown: int = 0
    """Cancels, modifies and executions of orders that are not in the book; NONE rows in the tape."""
    over_reduced: int = 0
    """Cancels and executions larger than their order; they take what was left."""
    duplicates: int = 0
    """ADDs of an id that still lives; NONE rows in the tape."""
    unseen_fills: int = 0
    """FILLs of orders that never showed in the book, as in an opening auction; without a slot in the tape."""
    large_fills: int = 0
    """FILLs of more than their order showed, as of an iceberg."""
    modifies_kept: int = 0
    """MODIFYs that kept priority."""
    modifies_moved: int = 0
    """MODIFYs that lost priority, or took the order away (size 0)."""
    max_live: int = 0
    live: int = 0
    """Orders in the book after the last row."""


@dataclass(frozen=True, slots=True)
class DepthCounts:
    """What went into the tape of a depth feed (`depth_tape`)."""

    events: int
    levels_set: int
    levels_removed: int
    removed_absent: int
    """Removals of levels that are not there; they change nothing."""
    clears: int
    snapshot_rows: int
    trades: int
    trades_without_side: int
    """Trades whose aggressor the venue does not name: they fill nobody."""
    crossed: int
    """Packets (up to Flag.LAST) after which the best bid stood above the best ask."""
    locked: int
    """The same with the two equal."""
    maybe_bad: int
    """Rows that the reader marked Flag.MAYBE_BAD_BOOK: after a gap, until the next snapshot."""
    live: int
    """Levels in the book after the last row."""


@dataclass(frozen=True, slots=True)
class Tape:
    """`rows`: TAPE array of one instrument, valid from an empty book; `orders`: arena slots it needs."""

    rows: np.ndarray
    orders: int
    counts: TapeCounts
    """Of single orders; without any in the tape of a depth feed."""
    depth: DepthCounts | None = None

    @property
    def is_depth(self) -> bool:
        """Whether the feed gave sizes of levels (L2) and not single orders (L3)."""
        return self.depth is not None


def compile_tape(events: np.ndarray, on_unknown: OnUnknown = "raise", orders: int = BOOK["orders"].shape[0]) -> Tape:
    """MARKET_EVENT rows of one instrument, from an empty book on → Tape.

    `on_unknown="raise"` refuses unknown and duplicate orders and over-reductions with a BookError; `"count"` counts
    them. Raises BookError also for events that no book could apply and for several instruments, CapacityError beyond
    `orders` live orders.
    """
    compiler = TapeCompiler(on_unknown, orders)
    rows = compiler.feed(events)
    return Tape(rows, compiler.orders, compiler.counts())


class TapeCompiler:
    """Compiles a day in chunks; the state between chunks is the live orders alone."""

    def __init__(self, on_unknown: OnUnknown = "raise", orders: int = BOOK["orders"].shape[0]) -> None:
        if on_unknown not in ("raise", "count"):
            raise ConfigError("on_unknown", on_unknown, "'raise' or 'count'")
        self._strict = on_unknown == "raise"
        self._limit = orders
        self._instrument: int | None = None
        self._events = 0
        self._state = np.zeros(6, np.int64)
        self._state[kernels.TS_EVENT] = self._state[kernels.TS_RECV] = np.iinfo(np.int64).min
        self._counts = np.zeros(kernels.N_COUNTS, np.int64)
        self._keys, self._slots = empty_table(1 << 12)
        size = min(orders, 1 << 10)
        self._live: np.ndarray = np.zeros(size, kernels.SLOT)
        self._free: np.ndarray = np.zeros(size, np.int32)

    @property
    def orders(self) -> int:
        """Arena slots needed so far."""
        return max(1, int(self._counts[kernels.MAX_LIVE]))

    def feed(self, events: np.ndarray) -> np.ndarray:
        """The next MARKET_EVENT rows → their TAPE rows. Errors as of `compile_tape`."""
        self._instrument = check_rows(events, self._instrument, self._events)
        out = np.zeros(len(events) + int(np.count_nonzero(events["action"] == Action.MODIFY)), TAPE)
        at, written, reason = 0, 0, kernels.GROW
        while reason == kernels.GROW:
            at, written, reason = kernels.compile_rows(
                events, at, out, written, self._state, self._keys, self._slots, self._live, self._free, self._counts,
                self._strict,
            )  # fmt: skip
            if reason == kernels.GROW:
                self._grow()
        if reason != kernels.DONE:
            raise BookError(f"event {self._events + at}: {_describe(reason, events[at])}")
        self._events += len(events)
        self._state[kernels.ROWS] += written
        return out[:written]

    def slot_of(self, order_id: int) -> int | None:
        """The arena slot of a live order, or None."""
        slot = int(kernels.lookup(self._keys, self._slots, np.uint64(order_id)))
        return None if slot == NIL else slot

    def counts(self) -> TapeCounts:
        """Counts so far."""
        unknown, over, duplicates, unseen, large, kept, moved, max_live = (int(n) for n in self._counts)
        return TapeCounts(
            events=self._events,
            rows=int(self._state[kernels.ROWS]),
            unknown=unknown,
            over_reduced=over,
            duplicates=duplicates,
            unseen_fills=unseen,
            large_fills=large,
            modifies_kept=kept,
            modifies_moved=moved,
            max_live=max_live,
            live=int(self._state[kernels.LIVE]),
        )

    # ── restart ──────────────────────────────────────────────────────────────────────────────────────────────────

    def snapshot(self) -> bytes:
        """The live orders, their slots, and what was counted."""
        moving = {"instrument": self._instrument, "events": self._events}
        return pack(self._fixed, moving, (self._state, self._counts, self._keys, self._slots, self._live, self._free))

    def restore(self, snapshot: bytes) -> None:
        """Go on from where a snapshot was taken. Raises FileFormatError for one of others or a damaged one."""
        kinds = (np.dtype(np.int64), np.dtype(np.int64), self._keys.dtype, self._slots.dtype, kernels.SLOT,
                 np.dtype(np.int32))  # fmt: skip
        moving, arrays = unpack(snapshot, self._fixed, kinds)
        self._instrument, self._events = moving["instrument"], moving["events"]
        self._state, self._counts, self._keys, self._slots, self._live, self._free = arrays

    @property
    def _fixed(self) -> dict[str, str | int]:
        return {"format": _FORMAT, "strict": self._strict, "orders": self._limit}

    def _grow(self) -> None:
        live = int(self._state[kernels.LIVE])
        if live >= len(self._live):
            if live >= self._limit:
                raise CapacityError(f"more than {self._limit} orders live at once, the book's capacity")
            size = min(self._limit, 2 * len(self._live))
            self._live = np.concatenate([self._live, np.zeros(size - len(self._live), kernels.SLOT)])
            self._free = np.concatenate([self._free, np.zeros(size - len(self._free), np.int32)])
        if 2 * (live + 1) > len(self._keys):
            keys, slots = empty_table(2 * len(self._keys))
            kernels.rehash(self._keys, self._slots, keys, slots)
            self._keys, self._slots = keys, slots


def check_rows(events: np.ndarray, instrument: int | None, before: int) -> int | None:
    """Refuse rows of another layout or instrument with a BookError; returns the instrument, None while there is none.

    `before` is how many events were fed before these.
    """
    if events.dtype != MARKET_EVENT:
        raise BookError(f"a tape is compiled from MARKET_EVENT rows, got {events.dtype}")
    if len(events) == 0:
        return instrument
    if instrument is None:
        instrument = int(events["instrument_id"][0])
    other = np.flatnonzero(events["instrument_id"] != instrument)
    if len(other):
        found = int(events["instrument_id"][other[0]])
        raise BookError(
            f"event {before + int(other[0])}: instrument {found} in a tape of {instrument}; a tape holds one instrument"
        )
    return instrument


def _describe(reason: int, event: np.void) -> str:
    what = f"{chr(event['action'])} of order {event['order_id']}, {event['size']} lots at {event['price']} ticks"
    expected = {
        kernels.UNKNOWN_ORDER: "the order is not in the book",
        kernels.OVER_REDUCED: "the order has fewer lots left",
        kernels.DUPLICATE_ORDER: "an order with this id still lives",
        kernels.BAD_SIZE: f"expected 1 to {SIZE_LIMIT} lots",
        kernels.BAD_PRICE: f"expected a price within ±{PRICE_LIMIT} ticks",
        kernels.BAD_SIDE: "expected the side of the order, B or A",
        kernels.BAD_ACTION: f"expected an action of {', '.join(chr(a) for a in Action)}",
    }
    return f"{what}: {expected[reason]}"


def centre_of(rows: np.ndarray) -> int:
    """A price on which to centre a book's dense window before TAPE or MARKET_EVENT rows are replayed: the median of the
    first orders or levels that enter, 0 when none does."""
    first, at = np.zeros(0, np.int64), 0
    while at < len(rows) and len(first) < _CENTRE_ORDERS:  # seldom past the first block, of a day of any length
        block = rows[at : at + _CENTRE_BLOCK]
        enters = (block["action"] == Action.ADD) | ((block["action"] == Action.MODIFY) & (block["size"] > 0))
        first = np.concatenate([first, block["price"][enters]])[:_CENTRE_ORDERS]
        at += len(block)
    return int(np.median(np.clip(first, -PRICE_LIMIT, PRICE_LIMIT))) if len(first) else 0


_CENTRE_ORDERS = 1000
_CENTRE_BLOCK = 1 << 16
