"""Layouts of the book kernels: the tape, the ladder of price levels, the book of orders, and the outcome codes.

A book is one row of a structured array with nested arrays, so that a snapshot or a restore is a row copy; its
capacities are part of its type. All-zero memory is a valid empty book centred on price 0, and pages that no order or
level touches are never allocated by the operating system.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, TypeAlias

import numpy as np

from tickwright.core.errors import BookError, CapacityError, ConfigError

Int: TypeAlias = Any
Bool: TypeAlias = Any
Record: TypeAlias = Any
Rows: TypeAlias = Any
"""In kernels: an int64, a truth value, one row of a structured array, and a structured array. Any to the type checker,
which has no word for values that are Python's outside a kernel and the machine's inside."""

at: Any = np.uint64
"""In kernels: an index that is known not to be negative. For a signed one Numba compiles the question whether it
counts from the end, three instructions that cost as much as the access."""

BID, ASK, NO_SIDE = 0, 1, 2
"""`side` inside book kernels and tapes: an index, where events carry letters."""

NIL = -1
"""No order: end of a queue."""

PRICE_LIMIT = 2**31 - 2
"""Prices of a book lie in [-PRICE_LIMIT, PRICE_LIMIT] ticks, so that they fit 32 bits with room for a neighbour."""

SIZE_LIMIT = 2**31 - 1
"""Largest number of lots of an order and of a level."""


class BookCode(IntEnum):
    """Outcome of a book kernel: 0, or what was refused. A refused operation leaves the book as it was."""

    OK = 0
    SLOT_OUT_OF_RANGE = -1
    SLOT_TAKEN = -2
    NO_SUCH_ORDER = -3
    OVER_REDUCED = -4
    BAD_SIZE = -5
    BAD_PRICE = -6
    BAD_SIDE = -7
    LEVELS_FULL = -8
    SIZE_OVERFLOW = -9
    CORRUPT = -10


_CAPACITY_CODES = (BookCode.SLOT_OUT_OF_RANGE, BookCode.LEVELS_FULL, BookCode.SIZE_OVERFLOW)

TAPE = np.dtype(
    [
        ("ts_event", "<i8"),  # ns, running maximum, so never decreasing
        ("ts_recv", "<i8"),  # ns, running maximum
        ("born", "<i8"),  # row at which the order joined the back of its queue; -1 without an order
        ("slot", "<i4"),  # index of the order in the book's arena; negative without one: -1, or -(1 + a venue's place)
        ("price", "<i4"),  # ticks; of the resting order where there is one
        ("size", "<i4"),  # lots; for CANCEL and EXECUTE the lots that leave the order
        ("action", "u1"),  # core.events.Action; MODIFY in an L2 tape alone: the level now has `size` lots, 0 is none
        ("side", "u1"),  # resting side: BID, ASK or NO_SIDE
        ("flags", "u1"),  # core.events.Flag
        ("off_grid", "u1"),  # 1 when the true price lies a part of a tick above `price` (of trades)
    ]
)
"""MARKET_EVENTs of one instrument, compiled.

L3 (`tape.py`): ids are arena slots, every MODIFY is resolved. L2 (`depth_tape.py`): rows without orders, and
Flag.AGGREGATED on each that sets a level (MODIFY) or reports a trade (FILL, `side` the resting one).
"""

ORDER = np.dtype(
    [
        ("born", "<i8"),  # grows with the time of joining a queue: smaller is ahead
        ("next", "<i4"),
        ("prev", "<i4"),
        ("qty", "<i4"),  # open lots; 0 when the slot is free
        ("price", "<i4"),
        ("side", "<i4"),
        ("owner", "<i2"),  # these two are free for the user of the book
        ("venue", "<i2"),
    ]
)

LEVEL = np.dtype([("head", "<i4"), ("tail", "<i4"), ("qty", "<i4"), ("count", "<i4")])


def ladder_dtype(levels: int, far: int) -> np.dtype[Any]:
    """The record of a price ladder: `levels` consecutive ticks held densely, `far` places for levels outside.

    `levels` is a power of two from 64 to 262 144 (three bitmap levels of 64), `far` a power of two; three quarters of
    the far places may be in use at once. Raises ConfigError.
    """
    if levels & (levels - 1) or not 64 <= levels <= 64**3:
        raise ConfigError("levels", levels, "a power of two from 64 to 262144")
    if far & (far - 1) or far < 4:
        raise ConfigError("far", far, "a power of two, at least 4")
    return np.dtype(
        [
            ("base", "<i8"),  # lowest price of the dense window
            ("best", "<i8", (2,)),  # valid where live > 0
            ("live", "<i8", (2,)),  # non-empty levels, dense and far
            ("far_best", "<i8", (2,)),  # valid where far_live > 0
            ("far_live", "<i8", (2,)),
            ("moves", "<i8"),  # times the window was re-centred
            ("bits2", "<i8", (2,)),
            ("bits1", "<i8", (2, max(1, levels // 4096))),
            ("bits0", "<i8", (2, levels // 64)),
            ("far_keys", "<i8", (far,)),  # 0 free, else 4 price + 2 side + 1
            ("levels", LEVEL, (2 * levels + far,)),  # dense bids, dense asks, far
        ]
    )


def book_dtype(orders: int, levels: int, far: int) -> np.dtype[Any]:
    """The record of an L3 book: an arena of `orders` 32-byte orders and the ladder of `ladder_dtype(levels, far)`.

    Raises ConfigError.
    """
    if not 1 <= orders <= 2**30:
        raise ConfigError("orders", orders, "1 to 2**30")
    return np.dtype(
        [
            ("joins", "<i8"),  # orders that ever joined a queue
            ("high", "<i8"),  # one past the highest slot used since the last clear
            ("ladder", ladder_dtype(levels, far)),
            ("orders", ORDER, (orders,)),
        ]
    )


BOOK_S = book_dtype(512, 256, 64)
"""About 28 kB: thousands of simulated books in cache."""
BOOK_M = book_dtype(2**15, 2**13, 512)
BOOK_L = book_dtype(2**20, 2**17, 2**15)
"""A recorded instrument: a million live orders, 131 072 dense ticks, 24 576 levels outside them, of which a day of a
crypto depth feed shows thousands. Only touched pages use memory."""
BOOK = BOOK_L
LADDER = ladder_dtype(2**17, 2**15)


def check_code(code: int, where: str) -> None:
    """Turn a kernel's outcome into an error: nothing for 0, CapacityError or BookError else, naming `where`."""
    if code >= 0:
        return
    outcome = BookCode(code)
    kind = CapacityError if outcome in _CAPACITY_CODES else BookError
    raise kind(f"{where}: {_MEANING[outcome]}")


_MEANING = {
    BookCode.SLOT_OUT_OF_RANGE: "more live orders than the book's arena holds",
    BookCode.SLOT_TAKEN: "an order is added in the place of one that still lives",
    BookCode.NO_SUCH_ORDER: "the order is not in the book",
    BookCode.OVER_REDUCED: "more lots would leave the order than it has",
    BookCode.BAD_SIZE: f"a size outside 1 to {SIZE_LIMIT} lots",
    BookCode.BAD_PRICE: f"a price outside ±{PRICE_LIMIT} ticks",
    BookCode.BAD_SIDE: "an order that is neither bid nor ask",
    BookCode.LEVELS_FULL: "more price levels outside the dense window than the ladder holds",
    BookCode.SIZE_OVERFLOW: f"a level would hold more than {SIZE_LIMIT} lots",
    BookCode.CORRUPT: "the book's links are broken (a bug, or memory written from outside)",
}
