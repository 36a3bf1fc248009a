"""The L2 book: levels whose sizes a feed states outright, on the ladder that the L3 book hangs its orders on.

One record serves both kinds of feed, so that replays, quotes, snapshots and the engine run on either. A level of an L2
book has lots and no orders: its `head` and `tail` are NIL and its `count` is 0.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.ladder import close_level, find_level, open_level
from tickwright.book.layout import ASK, BID, PRICE_LIMIT, SIZE_LIMIT, BookCode, Int, Record
from tickwright.core.kernel import inline

_OK = int(BookCode.OK)
_BAD_SIZE = int(BookCode.BAD_SIZE)
_BAD_PRICE = int(BookCode.BAD_PRICE)
_BAD_SIDE = int(BookCode.BAD_SIDE)


@inline
def set_level(ladder: Record, side: Int, price: Int, size: Int) -> Int:
    """The level at a price now has `size` lots; 0 takes it away, if it is there. Returns 0 or a BookCode."""
    if not 0 <= size <= SIZE_LIMIT:
        return _BAD_SIZE
    if not -PRICE_LIMIT <= price <= PRICE_LIMIT:
        return _BAD_PRICE
    if side != BID and side != ASK:
        return _BAD_SIDE
    side, price = np.int64(side), np.int64(price)
    if size == 0:
        index = find_level(ladder, side, price)
        if index >= 0:
            ladder.levels[index].qty = 0
            close_level(ladder, side, price, index)
        return _OK
    index = open_level(ladder, side, price)
    if index < 0:
        return index
    ladder.levels[index].qty = size
    return _OK
