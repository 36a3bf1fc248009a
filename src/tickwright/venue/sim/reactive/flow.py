"""What may happen to a book, whichever law decides that it does: orders rest, and leave. `trades` lets them trade.

1. `rest` takes a free slot of the arena and queues an order; `leave` takes lots from one and frees the slot at zero.
2. `remember` lets an agent's fill (`trades`, `dark`) enter the memory of its account.
3. `cancel_in_queue` takes one order of the background from a queue, by rank; `clear_queue` takes many.
4. `size_of`: a common rule of placing.

The levels are of all venues together, and every order carries its venue's place: where there is one it is 0.

`market` is a row of `layout.MARKET`, `params` of `layout.PARAMS`. `out` takes MARKET_EVENT rows, or is empty. Every
loop is bounded by the arena; what cannot go on sets `market.fault`.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.l3 import add, join, reduce, take_out
from tickwright.book.ladder import find_level
from tickwright.book.layout import BID, NIL, BookCode, Bool, Int, Record, Rows, at
from tickwright.core.events import Action, Flag, Side
from tickwright.core.kernel import inline, kernel
from tickwright.venue.sim.reactive.draws import SIZE, uniform
from tickwright.venue.sim.reactive.layout import ACCOUNTS, BACKGROUND, GUIDE, SLOTS, CancelRule, Fault, Model

_ADD, _CANCEL = int(Action.ADD), int(Action.CANCEL)
_LETTER_BID, _LETTER_ASK = int(Side.BID), int(Side.ASK)
_LAST = int(Flag.LAST)
_ARENA_FULL, _LADDER_FULL, _UNBOUNDED = int(Fault.ARENA_FULL), int(Fault.LADDER_FULL), int(Fault.UNBOUNDED)
_BOOK = int(Fault.BOOK)
_OUT_OF_RANGE = int(BookCode.SLOT_OUT_OF_RANGE)
_LOG = 1e-9
"""So near to 0 the integral of a power is taken to be a logarithm."""
_FRONT, _BACK = int(CancelRule.FRONT), int(CancelRule.BACK)
_FP = int(Model.FP)


@inline(borrow=True)
def write_row(market: Record, out: Rows, action: Int, slot: Int, lots: Int) -> None:
    """One row, where rows are wanted. Whoever gives `out` leaves room for a whole event."""
    if out.shape[0] == 0 or market.written >= out.shape[0]:
        return
    order = market.book.orders[slot]
    row = out[market.written]
    row.ts_event = np.int64(market.clock * 1e9)
    row.action = action
    row.order_id = order.born + 1
    row.side = _LETTER_BID if order.side == BID else _LETTER_ASK
    row.price = order.price
    row.size = lots
    row.flags = 0
    row.venue_id = order.venue
    row.subtick = 0
    market.written += 1


@inline(borrow=True)
def end_message(market: Record, out: Rows) -> None:
    """The rows up to here were one message."""
    if out.shape[0] > 0 and 0 < market.written <= out.shape[0]:
        out[market.written - 1].flags = _LAST


@inline(borrow=True)
def size_of(table: Record, block: Int) -> Int:
    """An order's lots, from a table."""
    return size_at(table, uniform(block, SIZE))


@inline(borrow=True)
def size_at(table: Record, u: float) -> Int:
    """The size at a quantile of a table, below 1."""
    found = np.int64(table.guide[at(np.int64(u * GUIDE))])
    while u >= table.edges[at(found)]:  # seldom: the guide is where to begin. The last edge lies beyond any u
        found += 1
    return table.lots[at(found)]


@inline(borrow=True)
def rest(market: Record, owner: Int, side: Int, price: Int, lots: Int, venue: Int, out: Rows) -> Int:
    """An order of an agent joins the back of its queue: its slot, or a negative BookCode with the market as it was."""
    book = market.book
    slot = _vacant(market)
    if slot >= book.orders.shape[0]:
        return np.int64(_OUT_OF_RANGE)
    following = np.int64(book.orders[at(slot)].next)
    code = add(book, slot, side, price, lots)
    if code < 0:
        return np.int64(code)
    account = market.accounts[owner]
    account.slots[account.live] = slot
    account.live += 1
    market.resting += 1
    market.ours |= _bit_of(price)
    _moved_in(market, slot, following, owner, lots, venue, out)
    return np.int64(slot)


@inline(borrow=True)
def _vacant(market: Record) -> Int:
    """The slot that the next order takes; past the arena's end there is none."""
    return market.free - 1 if market.free > 0 else market.used


@inline(borrow=True)
def _moved_in(market: Record, slot: Int, following: Int, owner: Int, lots: Int, venue: Int, out: Rows) -> None:
    """An order has taken the vacant slot, in which stood which one is free after it (`following`)."""
    if market.free > 0:
        market.free = following
    else:
        market.used += 1
    order = market.book.orders[at(slot)]
    order.owner = owner
    order.venue = venue
    market.added += lots
    write_row(market, out, _ADD, slot, lots)


@inline(borrow=True)
def _moved_out(market: Record, slot: Int) -> None:
    """A slot is vacant, and the first to be taken."""
    market.book.orders[at(slot)].next = market.free
    market.free = np.int64(slot) + 1


@inline(borrow=True)
def place(market: Record, side: Int, price: Int, lots: Int, venue: Int, out: Rows) -> Int:
    """A limit order of the background: the lots that rest at its price now. What the book cannot hold is a fault.

    `rest` without its questions: a law gives legal orders, and whatever slot is vacant is free.
    """
    book = market.book
    slot = _vacant(market)
    if slot >= book.orders.shape[0]:
        market.fault = _ARENA_FULL
        return np.int64(0)
    following = np.int64(book.orders[at(slot)].next)
    index = join(book, slot, np.int64(side), np.int64(price), np.int64(lots))
    if index < 0:
        market.fault = _LADDER_FULL
        return np.int64(0)
    there = np.int64(book.ladder.levels[at(index)].qty)
    market.background[at(side)] += 1
    _moved_in(market, slot, following, np.int64(BACKGROUND), lots, venue, out)
    return there


@kernel(borrow=True)
def place_apart(market: Record, side: Int, price: Int, lots: Int, venue: Int, out: Rows) -> None:
    """`place` as a message of its own, for where it is rare: one copy of it in the compiled code."""
    place(market, side, price, lots, venue, out)
    end_message(market, out)


@kernel(borrow=True)
def leave(market: Record, slot: Int, lots: Int) -> None:
    """Lots leave an order; at zero its slot is free and its owner knows."""
    order = market.book.orders[slot]
    side, owner = order.side, order.owner
    if reduce(market.book, slot, lots) < 0:
        market.fault = _BOOK
        return
    if order.qty > 0:
        return
    _moved_out(market, slot)
    if owner == BACKGROUND:
        market.background[side] -= 1
        return
    account = market.accounts[owner]
    for i in range(account.live):
        if account.slots[i] == slot:
            account.live -= 1
            for j in range(i, account.live):  # the others keep their order of posting
                account.slots[j] = account.slots[j + 1]
            break
    market.resting -= 1
    market.ours = 0
    for a in range(1, ACCOUNTS):
        for i in range(market.accounts[a].live):
            market.ours |= _bit_of(np.int64(market.book.orders[market.accounts[a].slots[i]].price))


@inline(borrow=True)
def give(market: Record, side: Int, price: Int, index: Int, slot: Int, lots: Int) -> None:
    """`leave` of an order of the background the index of whose level is known."""
    order = market.book.orders[at(slot)]
    if lots < order.qty:
        order.qty -= lots
        market.book.ladder.levels[at(index)].qty -= lots
    else:
        take_out(market.book, slot, side, price, index)
        _moved_out(market, slot)
        market.background[at(side)] -= 1


@inline(borrow=True)
def shorten(market: Record, slot: Int, lots: Int, out: Rows) -> None:
    """Cancel lots of an order, which keeps its place while any are left."""
    write_row(market, out, _CANCEL, slot, lots)
    market.cancelled += lots
    leave(market, slot, lots)


@inline(borrow=True)
def withdraw(market: Record, slot: Int, out: Rows) -> None:
    """Cancel a whole order."""
    shorten(market, slot, np.int64(market.book.orders[slot].qty), out)


@inline(borrow=True)
def remember(market: Record, params: Record, owner: Int, lots: float) -> None:
    """A fill of an agent enters the memory of its account (FP)."""
    if params.model == _FP:
        for r in range(market.memory.shape[1]):
            market.memory[SLOTS + owner, r] += lots * params.per_typical


@inline(borrow=True)
def _bit_of(price: Int) -> Int:
    """The bit of a price in `market.ours`."""
    return np.int64(1) << (price & 63)


@inline(borrow=True)
def agents_at(market: Record, side: Int, price: Int) -> tuple[Int, Int]:
    """Of the agents' orders at a price: (lots, orders)."""
    if market.ours & _bit_of(price) == 0:
        return np.int64(0), np.int64(0)
    return _counted_at(market, side, price)


@kernel(borrow=True)
def _counted_at(market: Record, side: Int, price: Int) -> tuple[Int, Int]:
    """`agents_at` where there may be some."""
    lots, count = np.int64(0), np.int64(0)
    for a in range(1, ACCOUNTS):
        account = market.accounts[at(a)]
        for i in range(account.live):
            order = market.book.orders[at(account.slots[at(i)])]
            if order.price == price and order.side == side:
                lots += np.int64(order.qty)
                count += 1
    return lots, count


@inline(borrow=True)
def _withdraw_from(market: Record, side: Int, price: Int, index: Int, slot: Int, out: Rows) -> Int:
    """`withdraw` of an order of the background the index of whose level is known: the lots left there."""
    lots = np.int64(market.book.orders[at(slot)].qty)
    write_row(market, out, _CANCEL, slot, lots)
    market.cancelled += lots
    left = take_out(market.book, slot, side, price, index)
    _moved_out(market, slot)
    market.background[at(side)] -= 1
    end_message(market, out)
    return left


@inline(borrow=True)
def _rank_of(params: Record, count: Int, u: float) -> Int:
    """How many of `count` orders stand before the one that a cancel takes at a quantile (`queue_reactive`, law 5)."""
    if params.cancel_decay == 0.0:
        return min(np.int64(u * count), count - 1)
    power = 1.0 - params.cancel_decay
    end = count + 1.0
    place = end**u if abs(power) < _LOG else (1.0 + u * (end**power - 1.0)) ** (1.0 / power)
    return count - min(max(np.int64(place), 1), count)


@inline(borrow=True)
def cancel_in_queue(market: Record, params: Record, side: Int, price: Int, u: float, out: Rows) -> Int:
    """The background cancels one of its orders in a queue, drawn by its rank, or the first, or the last: the lots that
    rest at the price now."""
    book = market.book
    index = find_level(book.ladder, side, price)
    if index < 0:
        return np.int64(0)
    level = book.ladder.levels[at(index)]
    ours = agents_at(market, side, price)[1]
    count = np.int64(level.count) - ours
    if count <= 0:
        return np.int64(level.qty)
    rank = _rank_of(params, count, u)
    if params.cancel_rule == _FRONT:
        rank = np.int64(0)
    elif params.cancel_rule == _BACK:
        rank = count - 1
    forward = 2 * rank < count
    to_pass = rank if forward else count - 1 - rank
    slot = np.int64(level.head) if forward else np.int64(level.tail)
    if ours > 0:
        slot = _pass_by(market, slot, to_pass, forward)
    else:
        for _ in range(to_pass):
            slot = np.int64(book.orders[at(slot)].next) if forward else np.int64(book.orders[at(slot)].prev)
    if slot == NIL:
        market.fault = _UNBOUNDED
        return np.int64(level.qty)
    return _withdraw_from(market, side, price, index, slot, out)


@kernel(borrow=True)
def _pass_by(market: Record, slot: Int, to_pass: Int, forward: Bool) -> Int:
    """The order of the background behind `to_pass` others of it in a queue where agents stand too."""
    orders = market.book.orders
    for _ in range(orders.shape[0]):
        if slot == NIL:
            break
        if orders[at(slot)].owner == BACKGROUND:
            if to_pass == 0:
                return slot
            to_pass -= 1
        slot = np.int64(orders[at(slot)].next) if forward else np.int64(orders[at(slot)].prev)
    return np.int64(NIL)


@kernel(borrow=True)
def clear_queue(market: Record, side: Int, price: Int, spare: Int, out: Rows) -> None:
    """The background takes its orders from a queue, the last ones first, until `spare` of them are left."""
    book = market.book
    index = find_level(book.ladder, side, price)
    if index < 0:
        return
    to_go = np.int64(book.ladder.levels[at(index)].count) - agents_at(market, side, price)[1] - spare
    slot = np.int64(book.ladder.levels[at(index)].tail)
    for _ in range(book.orders.shape[0]):
        if to_go <= 0 or slot == NIL:
            break
        ahead = np.int64(book.orders[at(slot)].prev)
        if book.orders[at(slot)].owner == BACKGROUND:
            _withdraw_from(market, side, price, index, slot, out)
            to_go -= 1
        slot = ahead
