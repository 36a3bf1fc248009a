"""The L3 price–time book: orders in FIFO queues on the levels of a ladder.

`book` is a record of `layout.book_dtype`; `slot` an index into its arena, chosen by the caller (the tape compiler, or a
simulation) and free to be used again once the order is gone.
Queries of prices and sizes are `ladder.py`'s, on `book.ladder`.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.l2 import set_level
from tickwright.book.ladder import close_level, live_level, open_level, wipe
from tickwright.book.layout import ASK, BID, NIL, PRICE_LIMIT, SIZE_LIMIT, BookCode, Int, Record, at
from tickwright.core.events import Action
from tickwright.core.kernel import inline

_OK = int(BookCode.OK)
_SLOT_OUT_OF_RANGE = int(BookCode.SLOT_OUT_OF_RANGE)
_SLOT_TAKEN = int(BookCode.SLOT_TAKEN)
_NO_SUCH_ORDER = int(BookCode.NO_SUCH_ORDER)
_OVER_REDUCED = int(BookCode.OVER_REDUCED)
_BAD_SIZE = int(BookCode.BAD_SIZE)
_BAD_PRICE = int(BookCode.BAD_PRICE)
_BAD_SIDE = int(BookCode.BAD_SIDE)
_SIZE_OVERFLOW = int(BookCode.SIZE_OVERFLOW)
_CORRUPT = int(BookCode.CORRUPT)
_ADD, _CANCEL, _EXECUTE, _CLEAR = int(Action.ADD), int(Action.CANCEL), int(Action.EXECUTE), int(Action.CLEAR)
_MODIFY = int(Action.MODIFY)


@inline(borrow=True)
def clear(book: Record) -> None:
    """Remove every order; the dense window stays where it is."""
    for slot in range(book.high):
        book.orders[slot].qty = 0
    book.high = 0
    wipe(book.ladder, book.ladder.base + 32 * book.ladder.bits0.shape[1])


@inline(borrow=True)
def reset(book: Record, centre_price: Int) -> None:
    """Empty the book and centre its dense window on a price (ticks)."""
    clear(book)
    wipe(book.ladder, np.int64(centre_price))
    book.joins = 0
    book.ladder.moves = 0


@inline(borrow=True)
def add(book: Record, slot: Int, side: Int, price: Int, size: Int) -> Int:
    """An order joins the back of its queue: 0 or a BookCode."""
    if not 0 <= slot < book.orders.shape[0]:
        return _SLOT_OUT_OF_RANGE
    if not 0 < size <= SIZE_LIMIT:
        return _BAD_SIZE
    if not -PRICE_LIMIT <= price <= PRICE_LIMIT:
        return _BAD_PRICE
    if side != BID and side != ASK:
        return _BAD_SIDE
    if book.orders[at(slot)].qty != 0:
        return _SLOT_TAKEN
    index = join(book, slot, np.int64(side), np.int64(price), size)
    return index if index < 0 else np.int64(_OK)


@inline(borrow=True)
def join(book: Record, slot: Int, side: Int, price: Int, size: Int) -> Int:
    """`add` of an order that is known to be legal, in a slot that is free: the index of its level, or a BookCode."""
    index = open_level(book.ladder, side, price)
    if index < 0:
        return np.int64(index)
    order, level = book.orders[at(slot)], book.ladder.levels[at(index)]
    total = np.int64(level.qty) + size
    if total > SIZE_LIMIT:
        return np.int64(_SIZE_OVERFLOW)
    tail = level.tail
    order.born = book.joins
    order.next = NIL
    order.prev = tail
    order.qty = size
    order.price = price
    order.side = side
    book.joins += 1
    book.high = max(book.high, np.int64(slot) + 1)
    if tail == NIL:
        level.head = slot
    else:
        book.orders[at(tail)].next = slot
    level.tail = slot
    level.count += 1
    level.qty = total
    return np.int64(index)


@inline(borrow=True)
def reduce(book: Record, slot: Int, size: Int) -> Int:
    """Lots leave an order by cancel or execution; at zero it leaves its queue, else it keeps its place. 0 or a code."""
    if not 0 <= slot < book.orders.shape[0]:
        return _SLOT_OUT_OF_RANGE
    order = book.orders[at(slot)]
    qty = np.int64(order.qty)
    if qty == 0:
        return _NO_SUCH_ORDER
    if size <= 0:
        return _BAD_SIZE
    if size > qty:
        return _OVER_REDUCED
    side, price = np.int64(order.side), np.int64(order.price)
    index = live_level(book.ladder, side, price)
    if size == qty:
        take_out(book, slot, side, price, index)
    else:
        order.qty = qty - size
        book.ladder.levels[at(index)].qty -= size
    return _OK


@inline(borrow=True)
def take_out(book: Record, slot: Int, side: Int, price: Int, index: Int) -> Int:
    """A whole order leaves its queue, the index of whose level is known: the lots that are left there."""
    order, level = book.orders[at(slot)], book.ladder.levels[at(index)]
    left = np.int64(level.qty) - np.int64(order.qty)
    order.qty = 0
    level.qty = left
    ahead, behind = order.prev, order.next
    if ahead == NIL:
        level.head = behind
    else:
        book.orders[at(ahead)].next = behind
    if behind == NIL:
        level.tail = ahead
    else:
        book.orders[at(behind)].prev = ahead
    level.count -= 1
    if level.count == 0:
        close_level(book.ladder, side, price, index)
    return left


@inline(borrow=True)
def apply(book: Record, row: Record) -> Int:
    """One TAPE row, of an L3 or an L2 tape: 0 or a BookCode. FILL, TRADE, HIDDEN, CROSS, HALT, NONE change nothing."""
    action = row.action
    if action == _ADD:
        code = add(book, row.slot, row.side, row.price, row.size)
        if code == _OK:
            book.orders[row.slot].born = row.born
        return code
    if action in (_CANCEL, _EXECUTE):
        return reduce(book, row.slot, row.size)
    if action == _CLEAR:
        clear(book)
    elif action == _MODIFY:
        return set_level(book.ladder, row.side, row.price, row.size)
    return _OK


@inline(borrow=True)
def ahead_of(book: Record, slot: Int) -> tuple[Int, Int]:
    """Lots and orders ahead of a live order in its queue: (lots, orders); orders is CORRUPT if the links are broken."""
    order = book.orders[slot]
    limit = book.ladder.levels[live_level(book.ladder, np.int64(order.side), np.int64(order.price))].count
    lots, orders = np.int64(0), np.int64(0)
    at = order.prev
    while at != NIL:
        if orders >= limit:
            return lots, np.int64(_CORRUPT)
        lots += book.orders[at].qty
        orders += 1
        at = book.orders[at].prev
    return lots, orders
