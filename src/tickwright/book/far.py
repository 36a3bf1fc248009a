"""Levels outside a ladder's dense window: an open-addressing table from (side, price) to a level record.

Slow path: these are ordinary compiled functions, not inlined, so that the fast path around them stays small.
Linear probing with backward-shift deletion (Knuth, TAOCP 3, 6.4, algorithm R), so there are no tombstones. The level of
table place `s` is `ladder.levels[2 * dense + s]`; places move on deletion, so nobody keeps an index across one.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.layout import BID, BookCode, Bool, Int, Record
from tickwright.core.kernel import inline, kernel

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_HIGH = np.uint64(33)
_LEVELS_FULL = int(BookCode.LEVELS_FULL)


@inline(borrow=True)
def _home(ladder: Record, key: Int) -> Int:
    return np.int64((np.uint64(key) * _GOLDEN) >> _HIGH) & (ladder.far_keys.shape[0] - 1)


@inline(borrow=True)
def key_of(side: Int, price: Int) -> Int:
    """The non-zero key of a level."""
    return 4 * price + 2 * side + 1


@inline(borrow=True)
def _is_better(side: Int, a: Int, b: Int) -> Bool:
    return a > b if side == BID else a < b


@inline(borrow=True)
def room(ladder: Record) -> Int:
    """How many more levels the table takes."""
    return 3 * ladder.far_keys.shape[0] // 4 - ladder.far_live[0] - ladder.far_live[1]


@kernel(borrow=True)
def far_find(ladder: Record, side: Int, price: Int) -> Int:
    """The table place of a level, or -1."""
    key = key_of(side, price)
    place = _home(ladder, key)
    for _ in range(ladder.far_keys.shape[0]):
        if ladder.far_keys[place] == key:
            return place
        if ladder.far_keys[place] == 0:
            return -1
        place = (place + 1) & (ladder.far_keys.shape[0] - 1)
    return -1


@kernel(borrow=True)
def far_insert(ladder: Record, side: Int, price: Int) -> Int:
    """Take a place for a level that is not in the table; its level record is the caller's to fill. Place or code."""
    if room(ladder) <= 0:
        return _LEVELS_FULL
    key = key_of(side, price)
    place = _home(ladder, key)
    while ladder.far_keys[place] != 0:  # ends: a quarter of the places is free
        place = (place + 1) & (ladder.far_keys.shape[0] - 1)
    ladder.far_keys[place] = key
    if ladder.far_live[side] == 0 or _is_better(side, price, ladder.far_best[side]):
        ladder.far_best[side] = price
    ladder.far_live[side] += 1
    return place


@kernel(borrow=True)
def far_scan(ladder: Record, side: Int, price: Int, any_price: Bool) -> tuple[Bool, Int]:
    """The best far price of a side strictly worse than `price`, or of all with `any_price`: (found, price)."""
    found, answer = False, np.int64(0)
    for place in range(ladder.far_keys.shape[0]):
        key = ladder.far_keys[place]
        if key != 0 and (key >> 1) & 1 == side:
            p = key >> 2
            if (any_price or _is_better(side, price, p)) and (not found or _is_better(side, p, answer)):
                found, answer = True, p
    return found, answer


@kernel(borrow=True)
def far_remove(ladder: Record, place: Int) -> None:
    """Free a place; levels behind it may move up."""
    mask = ladder.far_keys.shape[0] - 1
    first = 128 * ladder.bits0.shape[1]
    side = (ladder.far_keys[place] >> 1) & 1
    price = ladder.far_keys[place] >> 2
    hole = place
    probe = (place + 1) & mask
    for _ in range(ladder.far_keys.shape[0]):
        key = ladder.far_keys[probe]
        if key == 0:
            break
        # A key may fill the hole when its home does not lie cyclically in (hole, probe].
        if (probe - _home(ladder, key)) & mask >= (probe - hole) & mask:
            ladder.far_keys[hole] = key
            ladder.levels[first + hole].head = ladder.levels[first + probe].head
            ladder.levels[first + hole].tail = ladder.levels[first + probe].tail
            ladder.levels[first + hole].qty = ladder.levels[first + probe].qty
            ladder.levels[first + hole].count = ladder.levels[first + probe].count
            hole = probe
        probe = (probe + 1) & mask
    ladder.far_keys[hole] = 0
    ladder.far_live[side] -= 1
    if ladder.far_live[side] > 0 and price == ladder.far_best[side]:
        ladder.far_best[side] = far_scan(ladder, side, np.int64(0), True)[1]


@inline(borrow=True)
def far_wipe(ladder: Record) -> None:
    """Empty the table."""
    for place in range(ladder.far_keys.shape[0]):
        ladder.far_keys[place] = 0
    ladder.far_live[0] = 0
    ladder.far_live[1] = 0
