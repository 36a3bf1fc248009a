"""Orders trade on the lit books: best price first, then the venue, then the oldest order.

1. `trade` walks the opposite side of one book; makers may be the background or an agent. Each fill enters both
   accounts, and an agent's fill the memory of its account.
2. `trade_across` is the same over several venues. At the best price it asks the first venue of the order, oldest order
   first, then the others by taker fee, and goes a tick further only when nobody is left at the price: no order trades
   through a better price. An order that names one venue alone stops where another venue has the price.

The queue of a venue at a price is a sub-sequence of the level's list, since one list is in the order of joining.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.ladder import best, find_level, has, live_level
from tickwright.book.layout import ASK, BID, NIL, Bool, Int, Record, Rows, at
from tickwright.core.events import Action
from tickwright.core.kernel import inline, kernel
from tickwright.venue.sim.reactive.flow import end_message, give, leave, remember, write_row
from tickwright.venue.sim.reactive.layout import BACKGROUND

_EXECUTE = int(Action.EXECUTE)
_ANY_PRICE = 2**62
CHEAPEST = -1
"""Given as the first venue: by taker fee alone."""


@inline(borrow=True)
def no_limit(side: Int) -> Int:
    """A limit price that limits nothing."""
    return np.int64(_ANY_PRICE if side == BID else -_ANY_PRICE)


@inline(borrow=True)
def _fill(
    market: Record, params: Record, taker: Int, hit: Int, price: Int, index: Int, slot: Int, part: Int, out: Rows
) -> Int:
    """Lots of a resting order trade, which stands on side `hit` in the level of this index: its owner."""
    maker = np.int64(market.book.orders[at(slot)].owner)
    sign = 1 if hit == ASK else -1
    made_by, taken_by = market.accounts[at(maker)], market.accounts[at(taker)]
    made_by.made += part
    taken_by.taken += part
    if maker != taker:  # what the background pays itself leaves its account as it was
        made_by.cash += sign * price * part
        made_by.shares -= sign * part
        taken_by.cash -= sign * price * part
        taken_by.shares += sign * part
    if maker != BACKGROUND:
        remember(market, params, maker, -sign * part * params.passive)
    if taker != BACKGROUND:
        remember(market, params, taker, np.float64(sign * part))
    write_row(market, out, _EXECUTE, slot, part)
    if maker == BACKGROUND:
        give(market, hit, price, index, slot, part)
    else:
        leave(market, slot, part)
    return maker


@inline(borrow=True)
def _end_order(market: Record, sign: Int, filled: Int, out: Rows) -> None:
    market.volume += filled
    market.signed += sign * filled
    if filled > 0:
        market.push = np.float64(sign)
        end_message(market, out)


@kernel(borrow=True)
def trade(market: Record, params: Record, taker: Int, side: Int, lots: Int, limit: Int, out: Rows) -> Int:
    """A market order of `taker` on `side` (BID buys) for at most `lots`, no worse than `limit` (`no_limit`): the lots
    filled. What finds nobody is dropped. The taker has no resting order on the way."""
    book = market.book
    hit = ASK if side == BID else BID
    sign = 1 if side == BID else -1
    left = lots
    for _ in range(book.orders.shape[0] + 1):
        if left <= 0 or not has(book.ladder, hit):
            break
        price = best(book.ladder, hit)
        if sign * (price - limit) > 0:
            break
        index = live_level(book.ladder, hit, price)
        slot = np.int64(book.ladder.levels[at(index)].head)
        part = min(left, np.int64(book.orders[at(slot)].qty))
        _fill(market, params, taker, np.int64(hit), price, index, slot, part, out)
        left -= part
        if market.fault != 0:
            break
    _end_order(market, sign, lots - left, out)
    return lots - left


# -- several venues ----------------------------------------------------------------------------------------------------


@kernel(borrow=True)
def trade_across(
    market: Record, params: Record, taker: Int, side: Int, lots: Int, limit: Int, first: Int, only: Bool, out: Rows
) -> Int:
    """`trade` over several venues: `first` is the venue that is asked first (CHEAPEST: by fee), and with `only` the one
    that is asked at all."""
    ladder = market.book.ladder
    hit = ASK if side == BID else BID
    sign = 1 if side == BID else -1
    left = lots
    for _ in range(market.book.orders.shape[0] + 1):
        if left <= 0 or not has(ladder, hit):
            break
        price = best(ladder, hit)
        if sign * (price - limit) > 0:
            break
        if first >= 0:
            left = _take_at(market, params, taker, hit, price, left, first, out)
        for i in range(0 if only else params.venues):
            venue = params.cheapest[i]
            if venue != first and left > 0 and market.fault == 0:
                left = _take_at(market, params, taker, hit, price, left, venue, out)
        if market.fault != 0 or (has(ladder, hit) and best(ladder, hit) == price):
            break
    _end_order(market, sign, lots - left, out)
    return lots - left


@kernel(borrow=True)
def _take_at(market: Record, params: Record, taker: Int, hit: Int, price: Int, lots: Int, venue: Int, out: Rows) -> Int:
    """Trade with the queue of one venue at one price: the lots that are left."""
    book = market.book
    index = find_level(book.ladder, hit, price)
    slot = np.int64(book.ladder.levels[index].head) if index >= 0 else np.int64(NIL)
    left = lots
    for _ in range(book.orders.shape[0]):
        if left <= 0 or slot == NIL or market.fault != 0:
            break
        behind = np.int64(book.orders[slot].next)
        if book.orders[slot].venue == venue:
            part = min(left, np.int64(book.orders[slot].qty))
            maker = _fill(market, params, taker, hit, price, index, slot, part, out)
            market.ledger[maker].made_at[venue] += part
            market.ledger[taker].taken_at[venue] += part
            left -= part
        slot = behind
    return left
