"""A ladder of price levels: both sides, exact at every price, fast inside a dense window.

1. The dense window covers `levels` consecutive ticks from `base`. A price lives at index `price mod levels`, a ring, so
   that moving the window moves no level that stays inside.
2. Each side has its own levels and its own bitmap, since a pre-open or a crossed book holds both sides at one price.
3. A level outside the window is in the far table (`far.py`), found by hashing. The best price and the next worse one
   are exact wherever they lie.
4. The window moves only on the slow path: when a level opens outside it, or the best becomes one outside it, and the
   middle of the book has left the middle half of the window.

An L2 book is one such record and `change`; the L3 book nests one and links orders to its levels.
`ladder` is a record of `layout.ladder_dtype`, `side` is BID or ASK, prices are ticks, sizes lots, all int64.
"""

from __future__ import annotations

import numpy as np

from tickwright.book import bits, far
from tickwright.book.layout import BID, NIL, PRICE_LIMIT, SIZE_LIMIT, BookCode, Bool, Int, Record
from tickwright.core.kernel import inline, kernel

_OK = int(BookCode.OK)
_LEVELS_FULL = int(BookCode.LEVELS_FULL)
_OVER_REDUCED = int(BookCode.OVER_REDUCED)
_SIZE_OVERFLOW = int(BookCode.SIZE_OVERFLOW)
_BAD_PRICE = int(BookCode.BAD_PRICE)


# -- queries -----------------------------------------------------------------------------------------------------------


@inline(borrow=True)
def has(ladder: Record, side: Int) -> Bool:
    """Whether the side has any level."""
    return ladder.live[side] > 0


@inline(borrow=True)
def best(ladder: Record, side: Int) -> Int:
    """The best price of a side; only meaningful where `has` is true."""
    return ladder.best[side]


@inline(borrow=True)
def better(side: Int, a: Int, b: Int) -> Bool:
    """Whether price `a` is strictly better than `b` for an order of that side."""
    return a > b if side == BID else a < b


@inline(borrow=True)
def width(ladder: Record) -> Int:
    """Ticks in the dense window."""
    return 64 * ladder.bits0.shape[1]


@inline(borrow=True)
def _is_dense(ladder: Record, price: Int) -> Bool:
    return 0 <= price - ladder.base < width(ladder)


@inline(borrow=True)
def _price_at(ladder: Record, i: Int) -> Int:
    return ladder.base + ((i - ladder.base) & (width(ladder) - 1))


@inline(borrow=True)
def live_level(ladder: Record, side: Int, price: Int) -> Int:
    """Index into `ladder.levels` of a level that is known to be non-empty."""
    if _is_dense(ladder, price):
        return side * width(ladder) + (price & (width(ladder) - 1))
    return 2 * width(ladder) + far.far_find(ladder, side, price)


@inline(borrow=True)
def find_level(ladder: Record, side: Int, price: Int) -> Int:
    """Index into `ladder.levels` of a level, or -1 when it is empty."""
    i = price & (width(ladder) - 1)
    if _is_dense(ladder, price):
        return side * width(ladder) + i if bits.contains(ladder, side, i) else NIL
    if ladder.far_live[side] == 0:
        return NIL
    place = far.far_find(ladder, side, price)
    return 2 * width(ladder) + place if place >= 0 else NIL


@inline(borrow=True)
def level_size(ladder: Record, side: Int, price: Int) -> Int:
    """Lots at a price; 0 when the level is empty."""
    index = find_level(ladder, side, price)
    return np.int64(ladder.levels[index].qty) if index >= 0 else np.int64(0)


@inline(borrow=True)
def level_count(ladder: Record, side: Int, price: Int) -> Int:
    """Orders at a price (L3 only); 0 when the level is empty."""
    index = find_level(ladder, side, price)
    return np.int64(ladder.levels[index].count) if index >= 0 else np.int64(0)


@inline(borrow=True)
def next_price(ladder: Record, side: Int, price: Int) -> tuple[Bool, Int]:
    """The best non-empty level strictly worse than `price`: (found, price)."""
    found, answer = False, np.int64(0)
    if not bits.empty(ladder, side):
        n = width(ladder)
        if side == BID:
            start = min(price, ladder.base + n)
            if start > ladder.base:
                answer = _price_at(ladder, bits.below_cyclic(ladder, BID, start & (n - 1)))
                found = answer < start
        else:
            start = max(price, ladder.base - 1)
            if start < ladder.base + n - 1:
                answer = _price_at(ladder, bits.above_cyclic(ladder, side, start & (n - 1)))
                found = answer > start
    if ladder.far_live[side] > 0 and (not found or better(side, ladder.far_best[side], answer)):
        far_found, far_price = far.far_scan(ladder, side, price, False)
        if far_found and (not found or better(side, far_price, answer)):
            return True, far_price
    return found, answer


@inline(borrow=True)
def depth(ladder: Record, side: Int, n: Int) -> Int:
    """Lots on the best `n` levels of a side."""
    total = np.int64(0)
    found, price = has(ladder, side), best(ladder, side)
    for _ in range(n):
        if not found:
            break
        total += level_size(ladder, side, price)
        found, price = next_price(ladder, side, price)
    return total


# -- changes -----------------------------------------------------------------------------------------------------------


@inline(borrow=True)
def change(ladder: Record, side: Int, price: Int, delta: Int) -> Int:
    """Add `delta` lots (of either sign) to a price of an L2 ladder. Returns 0 or a BookCode."""
    if delta > 0:
        index = open_level(ladder, side, price)
        if index < 0:
            return index
        if ladder.levels[index].qty + delta > SIZE_LIMIT:
            return _SIZE_OVERFLOW
        ladder.levels[index].qty += delta
    elif delta < 0:
        index = find_level(ladder, side, price)
        if index < 0 or ladder.levels[index].qty + delta < 0:
            return _OVER_REDUCED
        ladder.levels[index].qty += delta
        if ladder.levels[index].qty == 0:
            close_level(ladder, side, price, index)
    return _OK


@inline(borrow=True)
def wipe(ladder: Record, centre: Int) -> None:
    """Empty the ladder and centre its dense window on a price."""
    bits.wipe(ladder)
    far.far_wipe(ladder)
    ladder.live[0] = 0
    ladder.live[1] = 0
    ladder.base = centre - width(ladder) // 2


@inline(borrow=True)
def open_level(ladder: Record, side: Int, price: Int) -> Int:
    """Index into `ladder.levels` of a price, made non-empty if it was not. The caller puts lots on it. Or a code."""
    if not _is_dense(ladder, price):
        return _open_outside(ladder, side, price)
    i = price & (width(ladder) - 1)
    index = side * width(ladder) + i
    if not bits.contains(ladder, side, i):
        bits.insert(ladder, side, i)
        _begin(ladder, side, price, index)
    return index


@inline(borrow=True)
def close_level(ladder: Record, side: Int, price: Int, index: Int) -> None:
    """Make a level empty after its last lot left; `index` is from `live_level` or `find_level`."""
    if index < 2 * width(ladder):
        bits.remove(ladder, side, price & (width(ladder) - 1))
    else:
        far.far_remove(ladder, index - 2 * width(ladder))
    ladder.live[side] -= 1
    if ladder.best[side] == price and ladder.live[side] > 0:
        ladder.best[side] = next_price(ladder, side, price)[1]
        if not _is_dense(ladder, ladder.best[side]):
            _follow(ladder)


@inline(borrow=True)
def _begin(ladder: Record, side: Int, price: Int, index: Int) -> None:
    level = ladder.levels[index]
    level.head = NIL
    level.tail = NIL
    level.qty = 0
    level.count = 0
    if ladder.live[side] == 0 or better(side, price, ladder.best[side]):
        ladder.best[side] = price
    ladder.live[side] += 1


# -- the slow path: outside the dense window ---------------------------------------------------------------------------


@kernel(borrow=True)
def _open_outside(ladder: Record, side: Int, price: Int) -> Int:
    """`open_level` for a price outside the window, which may move first to take it in."""
    if price < -PRICE_LIMIT or price > PRICE_LIMIT:
        return _BAD_PRICE
    n = width(ladder)
    place = far.far_find(ladder, side, price)
    if place >= 0:
        return 2 * n + place
    lead = price
    if has(ladder, side) and better(side, ladder.best[side], price):
        lead = ladder.best[side]
    _recentre(ladder, (lead + ladder.best[1 - side]) >> 1 if has(ladder, 1 - side) else lead)
    if _is_dense(ladder, price):
        i = price & (n - 1)
        bits.insert(ladder, side, i)
        index = side * n + i
    else:
        place = far.far_insert(ladder, side, price)
        if place < 0:
            return place
        index = 2 * n + place
    _begin(ladder, side, price, index)
    return index


@kernel(borrow=True)
def _follow(ladder: Record) -> None:
    """Move the window after a best price that lies outside it."""
    if has(ladder, 0) and has(ladder, 1):
        _recentre(ladder, (ladder.best[0] + ladder.best[1]) >> 1)
    elif has(ladder, 0) or has(ladder, 1):
        _recentre(ladder, ladder.best[0] if has(ladder, 0) else ladder.best[1])


@kernel(borrow=True)
def _recentre(ladder: Record, centre: Int) -> None:
    """Centre the window on a price if that moves it by a quarter or more, and if the far table can take what leaves."""
    n = width(ladder)
    base = centre - n // 2
    if abs(base - ladder.base) < n // 4:
        return
    leaving = 0
    for side in range(2):
        i = (ladder.base - 1) & (n - 1)
        for _ in range(ladder.live[side] - ladder.far_live[side]):
            i = bits.above_cyclic(ladder, side, i)
            leaving += not 0 <= _price_at(ladder, i) - base < n
    if leaving > far.room(ladder):
        return
    for side in range(2):
        members = ladder.live[side] - ladder.far_live[side]
        following = bits.above_cyclic(ladder, side, (ladder.base - 1) & (n - 1)) if members > 0 else np.int64(0)
        for _ in range(members):
            i = following
            following = bits.above_cyclic(ladder, side, i)
            price = _price_at(ladder, i)
            if not 0 <= price - base < n:
                bits.remove(ladder, side, i)
                _move(ladder, side * n + i, 2 * n + far.far_insert(ladder, side, price))
    ladder.base = base
    ladder.moves += 1
    place = 0
    while place < ladder.far_keys.shape[0]:  # a removal refills the place or frees it, so this ends
        key = ladder.far_keys[place]
        price = key >> 2
        if key != 0 and _is_dense(ladder, price):
            side = (key >> 1) & 1
            bits.insert(ladder, side, price & (n - 1))
            _move(ladder, 2 * n + place, side * n + (price & (n - 1)))
            far.far_remove(ladder, place)
        else:
            place += 1


@inline(borrow=True)
def _move(ladder: Record, source: Int, target: Int) -> None:
    ladder.levels[target].head = ladder.levels[source].head
    ladder.levels[target].tail = ladder.levels[source].tail
    ladder.levels[target].qty = ladder.levels[source].qty
    ladder.levels[target].count = ladder.levels[source].count
