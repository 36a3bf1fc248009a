"""The kernel of `windowed.py`: seed, apply, compare, and write down what leaves, enters or differs as events.

`w` is one record of WINDOW: the free replay (an L3 book whose `owner` 1 marks anonymous volume), its id table,
and the prices in view, which are those that a replay of the events written so far would hold. `out` takes MARKET_EVENT
rows; `like` is the recorded event whose times and ids a written one carries.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tickwright.book import ids
from tickwright.book.l3 import add, reduce
from tickwright.book.ladder import best, better, find_level, has, level_size, next_price
from tickwright.book.layout import ASK, BID, BOOK_M, NIL, BookCode, Bool, Int, Record, Rows
from tickwright.book.verify import expected_side
from tickwright.core.events import Action, Flag, Side
from tickwright.core.kernel import inline, kernel

# Indices of `counts`, in the order of `windowed.WindowCounts` after its `rows`.
EQUAL_ALL, EQUAL_BEST, SEEDED, PRUNED, RETURNED, REVEALED, FORGOTTEN, CORRECTED = range(8)
UNKNOWN, OVER, FORCED, KNOWN, AT_HEAD = range(8, 13)
# Why the kernel stopped, beside a BookCode.
DONE, GROW, NOT_SHOWN, DUPLICATE = 0, 1, 2, 3

MAX_LEVELS = 1024
ANONYMOUS_BIT = np.uint64(1 << 63)
_ANONYMOUS_OWNER = 1
_ADD, _CANCEL, _EXECUTE = int(Action.ADD), int(Action.CANCEL), int(Action.EXECUTE)
_LETTER_BID, _LETTER_ASK = int(Side.BID), int(Side.ASK)
_LAST, _ALL_BUT_LAST = np.uint8(Flag.LAST), np.uint8(255 - Flag.LAST)
_SYNTHETIC = np.uint8(Flag.SYNTHETIC)
_FULL = int(BookCode.SLOT_OUT_OF_RANGE)


def _window_dtype() -> np.dtype[Any]:
    orders = BOOK_M["orders"].shape[0]
    return np.dtype(
        [
            ("book", BOOK_M),
            ("keys", "<u8", (2 * orders,)),
            ("slots", "<i4", (2 * orders,)),  # NIL where free
            ("names", "<u8", (orders,)),  # id of the order in each arena slot
            ("free", "<i4", (orders,)),
            ("free_count", "<i8"),
            ("used", "<i8"),
            ("written", "<i8"),
            ("anonymous", "<i8"),  # anonymous orders so far
            ("in_view", "<i8", (2, MAX_LEVELS + 1)),  # prices in view per side, best first
            ("in_view_count", "<i8", (2,)),
            ("counts", "<i8", (AT_HEAD + 1,)),
        ]
    )


WINDOW = _window_dtype()
"""The state of a completion."""


@inline
def _emit(
    w: Record, out: Rows, like: Record, action: Int, order_id: Int, side: Int, price: Int, size: Int, flags: Int
) -> None:
    row = out[w.written]
    row.ts_event = like.ts_event
    row.ts_recv = like.ts_recv
    row.sequence = like.sequence
    row.instrument_id = like.instrument_id
    row.venue_id = like.venue_id
    row.subtick = 0 if flags & _SYNTHETIC else like.subtick
    row.action = action
    row.order_id = order_id
    row.side = side
    row.price = price
    row.size = size
    row.flags = flags
    w.written += 1


@inline
def _letter(side: Int) -> Int:
    return _LETTER_BID if side == BID else _LETTER_ASK


@inline
def _in_view(w: Record, side: Int, price: Int) -> Bool:
    for i in range(w.in_view_count[side]):  # noqa: SIM110 - kernels have no generators
        if w.in_view[side, i] == price:
            return True
    return False


@kernel
def _enter(w: Record, order_id: Int, side: Int, price: Int, size: Int, owner: Int) -> Int:
    """An order joins the free replay under an id that is not in use: 0 or a code."""
    if w.free_count > 0:
        w.free_count -= 1
        slot = np.int64(w.free[w.free_count])
    elif w.used < w.names.shape[0]:
        slot = np.int64(w.used)
        w.used += 1
    else:
        return _FULL
    code = add(w.book, slot, side, price, size)
    if code < 0:
        return code
    w.book.orders[slot].owner = owner
    w.names[slot] = order_id
    place = ids.find(w.keys, w.slots, order_id)
    w.keys[place] = order_id
    w.slots[place] = slot
    return 0


@kernel
def _take(
    w: Record, out: Rows, like: Record, slot: Int, size: Int, action: Int, flags: Int, written: Bool
) -> None:  # fmt: skip
    """`size` lots leave the order in `slot`, in the free replay and, if `written`, as an event."""
    order = w.book.orders[slot]
    if written:
        _emit(w, out, like, action, w.names[slot], _letter(order.side), order.price, size, flags)
    if size == order.qty:
        ids.delete(w.keys, w.slots, ids.find(w.keys, w.slots, w.names[slot]))
        w.free[w.free_count] = slot
        w.free_count += 1
    reduce(w.book, slot, size)


@kernel
def _take_from_level(
    w: Record, out: Rows, like: Record, side: Int, price: Int, size: Int, action: Int, flags: Int, written: Bool
) -> Int:
    """`size` lots leave a level that holds as many: anonymous volume first, then known orders. Lots of known orders."""
    slot = w.book.ladder.levels[find_level(w.book.ladder, side, price)].head
    while slot != NIL and size > 0:
        behind = w.book.orders[slot].next
        if w.book.orders[slot].owner == _ANONYMOUS_OWNER:
            part = min(size, np.int64(w.book.orders[slot].qty))
            _take(w, out, like, slot, part, action, flags, written)
            size -= part
        slot = behind
    forced = size
    while size > 0:  # ends: the level holds enough. An execution meets the first in the queue, a cancel spares it
        level = w.book.ladder.levels[find_level(w.book.ladder, side, price)]
        slot = level.head if action == _EXECUTE else level.tail
        part = min(size, np.int64(w.book.orders[slot].qty))
        _take(w, out, like, slot, part, action, flags, written)
        size -= part
    return forced


@kernel
def _reveal(w: Record, out: Rows, like: Record, side: Int, price: Int, size: Int, written: Bool) -> Int:
    """Anonymous volume joins a level: 0 or a code."""
    name = ANONYMOUS_BIT | np.uint64(w.anonymous)
    w.anonymous += 1
    code = _enter(w, name, side, price, size, _ANONYMOUS_OWNER)
    if code == 0 and written:
        _emit(w, out, like, _ADD, name, _letter(side), price, size, _SYNTHETIC)
    return code


@kernel
def _write_level(w: Record, out: Rows, like: Record, side: Int, price: Int, action: Int) -> None:
    """A whole level enters the view (ADD) or leaves it (CANCEL), in the order of its queue."""
    slot = w.book.ladder.levels[find_level(w.book.ladder, side, price)].head
    while slot != NIL:
        order = w.book.orders[slot]
        _emit(w, out, like, action, w.names[slot], _letter(side), price, order.qty, _SYNTHETIC)
        slot = order.next


@kernel
def _apply(w: Record, out: Rows, event: Record) -> Int:
    """One recorded event: 0, a stop reason or a code."""
    action, flags = event.action, event.flags & _ALL_BUT_LAST
    side = BID if event.side == _LETTER_BID else ASK
    if action not in (_ADD, _CANCEL, _EXECUTE):
        _emit(w, out, event, action, event.order_id, event.side, event.price, event.size, flags)
        return DONE
    slot = np.int64(w.slots[ids.find(w.keys, w.slots, event.order_id)])
    seen = _in_view(w, side, event.price)
    if slot != NIL and not _in_view(w, w.book.orders[slot].side, w.book.orders[slot].price):
        # What we remember of an order out of view is stale: it has moved on.
        _take(w, out, event, slot, np.int64(w.book.orders[slot].qty), _CANCEL, flags, False)
        slot = np.int64(NIL)
    if action == _ADD:
        if slot != NIL:
            return DUPLICATE
        stale = level_size(w.book.ladder, side, event.price)
        if not seen and stale > 0:
            _take_from_level(w, out, event, side, event.price, stale, _CANCEL, flags, False)
        _emit(w, out, event, action, event.order_id, event.side, event.price, event.size, flags)
        if not seen:
            _see(w, side, event.price)
        return _enter(w, event.order_id, side, event.price, event.size, 0)
    rest = event.size
    if slot != NIL and w.book.orders[slot].price == event.price and w.book.orders[slot].side == side:
        if action == _EXECUTE:
            w.counts[KNOWN] += 1
            w.counts[AT_HEAD] += w.book.orders[slot].prev == NIL
        part = min(rest, np.int64(w.book.orders[slot].qty))
        _take(w, out, event, slot, part, action, flags, True)
        rest -= part
        w.counts[OVER] += rest > 0
    else:
        w.counts[UNKNOWN] += 1
    if rest > 0:
        if not seen or rest > level_size(w.book.ladder, side, event.price):
            return NOT_SHOWN
        w.counts[FORCED] += _take_from_level(w, out, event, side, event.price, rest, action, flags, True)
    return DONE


@inline
def _see(w: Record, side: Int, price: Int) -> None:
    """Note that a price is in view; the place does not matter until the next row replaces the list."""
    if w.in_view_count[side] < w.in_view.shape[1]:
        w.in_view[side, w.in_view_count[side]] = price
        w.in_view_count[side] += 1


@kernel
def _settle(w: Record, out: Rows, like: Record, side: Int, price: Int, size: Int, written: Bool) -> Int:
    """Bring a level to a recorded size. 0 or a code."""
    have = level_size(w.book.ladder, side, price)
    if size > have:
        return _reveal(w, out, like, side, price, size - have, written)
    if size < have:
        _take_from_level(w, out, like, side, price, have - size, _CANCEL, _SYNTHETIC, written)
    return 0


@kernel
def _resync_side(w: Record, out: Rows, like: Record, shown: np.ndarray, side: Int, outcome: np.ndarray) -> Int:
    """Make one side equal to its recorded levels. `outcome`: [equal on all levels, equal at the best]. 0 or a code."""
    ladder = w.book.ladder
    column = 2 if side == BID else 0
    n = shown.shape[0] // 4
    m = 0
    while m < n and shown[4 * m + column + 1] != 0:
        m += 1
    found, price = has(ladder, side), best(ladder, side)
    i = 0
    while i < m or (found and m < n):  # ends: each turn passes a recorded level or one of ours
        target = shown[4 * i + column] if i < m else np.int64(0)
        if found and (i == m or better(side, price, target)):
            seen = _in_view(w, side, price)
            w.counts[CORRECTED if seen else FORGOTTEN] += 1
            outcome[0] = False
            outcome[1] = outcome[1] and i > 0
            _settle(w, out, like, side, price, np.int64(0), seen)
            found, price = next_price(ladder, side, price)
            continue
        size = shown[4 * i + column + 1]
        ours = found and price == target
        seen = _in_view(w, side, target)
        if not ours or level_size(ladder, side, target) != size:
            w.counts[CORRECTED if seen else REVEALED] += 1
            outcome[0] = False
            outcome[1] = outcome[1] and i > 0
            code = _settle(w, out, like, side, target, size, seen)
            if code < 0:
                return code
        elif not seen:
            w.counts[RETURNED] += 1
        if not seen:
            _write_level(w, out, like, side, target, _ADD)
        if ours:
            found, price = next_price(ladder, side, target)
        i += 1
    for j in range(w.in_view_count[side]):
        p = w.in_view[side, j]
        if m == n and better(side, shown[4 * (n - 1) + column], p) and level_size(ladder, side, p) > 0:
            w.counts[PRUNED] += 1
            _write_level(w, out, like, side, p, _CANCEL)
    for j in range(m):
        w.in_view[side, j] = shown[4 * j + column]
    w.in_view_count[side] = m
    return 0


@kernel
def complete_rows(events: Rows, start: Int, rows: np.ndarray, windows: Rows, out: Rows) -> tuple[Int, Int]:
    """Complete events from `start` on: (index of the next event, why it stopped). GROW: call again, `out` larger."""
    w = windows[0]
    outcome = np.ones(2, np.bool_)
    for k in range(start, events.shape[0]):
        # One message writes each live order at most twice, a reveal for each level, and itself.
        if w.written + 2 * (w.used - w.free_count) + 2 * rows.shape[1] + 8 > out.shape[0]:
            return k, GROW
        code = _seed(w, out, events[0], rows[0]) if k == 0 else np.int64(0)
        if code == DONE:
            code = _apply(w, out, events[k])
        outcome[:] = True
        for side in range(2):
            if code == DONE:
                code = _resync_side(w, out, events[k], rows[k], side, outcome)
        if code != DONE:
            return k, code
        w.counts[EQUAL_ALL] += outcome[0]
        w.counts[EQUAL_BEST] += outcome[1]
        out[w.written - 1].flags |= events[k].flags & _LAST
    return events.shape[0], DONE


@kernel
def _seed(w: Record, out: Rows, event: Record, row: np.ndarray) -> Int:
    """Anonymous volume for the first row as it was before the first event. 0 or a code."""
    prices = np.zeros(row.shape[0] // 4 + 1, np.int64)
    sizes = np.zeros(row.shape[0] // 4 + 1, np.int64)
    for side in range(2):
        delta = np.int64(0)
        if _letter(side) == event.side:
            if event.action == _ADD:
                delta = -event.size
            elif event.action in (_CANCEL, _EXECUTE):
                delta = np.int64(event.size)
        column = 2 if side == BID else 0
        m = expected_side(row, column, side, event.price, delta, prices, sizes)
        if m < 0:
            m = expected_side(row, column, side, event.price, np.int64(0), prices, sizes)
        for i in range(m):
            code = _reveal(w, out, event, side, prices[i], sizes[i], True)
            if code < 0:
                return code
            _see(w, side, prices[i])
            w.counts[SEEDED] += 1
    if w.written > 0:
        out[w.written - 1].flags |= _LAST
    return 0
