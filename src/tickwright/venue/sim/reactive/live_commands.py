"""What a command of ours does in a reactive market: it is refused, trades with the book, rests or expires.

It does what it does in a replay (`venue.sim.commands`): the marketable part trades, the rest joins its queue or
expires, a replace keeps its place only when the price stays and the size does not grow. Each part is a request to the
market (`agents.act`), at the command's time. A request that is refused leaves the market as it was, the clock too.

Where there are several venues a command names one, or none: then an order rests at the first, and a take goes by price,
the cheapest venue first. At a venue of its own a take stops where another has the better price, and what would rest
there but meets others elsewhere expires.

All our orders are of one account: what one of them could meet of another's is cancelled first. An account has at most
`layout.RESTING` resting orders, none farther from the market than `agents.act` allows: what goes beyond expires.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.ladder import best, find_level, has, level_size, next_price
from tickwright.book.layout import ASK, BID, NIL, Bool, Int, Record
from tickwright.core.kernel import inline, kernel
from tickwright.core.records import CommandKind, OrderEventKind, OrderType, Reason, TimeInForce
from tickwright.venue.sim.layout import MAX_HANDLES
from tickwright.venue.sim.reactive.flow import agents_at
from tickwright.venue.sim.reactive.layout import BACKGROUND, Ask
from tickwright.venue.sim.reactive.live_ask import ask
from tickwright.venue.sim.reactive.live_feed import World, pool_of, take_in
from tickwright.venue.sim.reactive.live_pool import command_in_pool, enter_pool
from tickwright.venue.sim.reports import refuse, report
from tickwright.venue.sim.resting import place_of, remove

_ANYWHERE = 0
_POST, _CANCEL, _TAKE, _TAKE_ANY, _AMEND = map(int, (Ask.POST, Ask.CANCEL, Ask.TAKE, Ask.TAKE_ANY, Ask.AMEND))


@kernel(borrow=True)
def command(world: World, c: Record) -> None:
    """One command at the exchange, at its arrival."""
    markets, params, lives, _, _, _, _, sims, wires = world
    market, live, sim, wire = markets[0], lives[0], sims[0], wires[0]
    now, handle = c.ts_arrives, c.order_id % MAX_HANDLES
    own = wire.owns[handle]
    if c.kind == CommandKind.NEW:
        own.order_id, own.parent, own.instrument, own.command_id = c.order_id, c.parent, c.instrument, c.command_id
        own.side, own.price, own.quantity, own.filled, own.active = c.side, c.price, c.size, 0, 0
        own.post_only, own.ts_decided, own.ts_sent = c.post_only, c.ts_decided, c.ts_sent
        own.ahead, own.queue_entry, own.route = 0, 0, c.venue
        apart, pool = params[0].apart != 0, pool_of(params[0])
        own.venue = max(c.venue, np.int64(1)) if apart else np.int64(0)
        if c.venue != pool and not 0 <= c.venue <= (params[0].venues if apart else 0):
            report(wire, own, OrderEventKind.REJECTED, Reason.UNKNOWN_VENUE, 0, 0, 0, now)
            return
        if c.venue == pool:
            enter_pool(world, own, c.tif, np.int64(OrderEventKind.ACKNOWLEDGED), now)
            return
        if c.post_only != 0 and _crosses(market, c.side, c.price):
            report(wire, own, OrderEventKind.REJECTED, Reason.WOULD_CROSS, 0, 0, 0, now)
            return
        _enter(world, own, c.order_type, c.tif, np.int64(OrderEventKind.ACKNOWLEDGED), now)
        return
    if own.active == 0 or own.order_id != c.order_id:
        refused = OrderEventKind.CANCEL_REJECTED if c.kind == CommandKind.CANCEL else OrderEventKind.REPLACE_REJECTED
        refuse(wire, c, refused, now)
        return
    own.command_id = c.command_id
    if own.route == pool_of(params[0]):
        command_in_pool(world, own, c, now)
        return
    slot = live.slots[handle]
    own.ahead = _lots_before(market.book, slot)
    if c.kind == CommandKind.CANCEL or c.size <= own.filled:
        ask(world, now, _CANCEL, own, np.int64(0), slot)
        take_in(world, now, handle)
        own.quantity = own.quantity if c.kind == CommandKind.CANCEL else own.filled
        remove(wire, sim, place_of(sim, handle))
        report(wire, own, OrderEventKind.CANCELLED, 0, 0, 0, 0, now)
    elif c.price == own.price and c.size <= own.quantity:
        if c.size < own.quantity:
            left = c.size - own.filled
            ask(world, now, _AMEND, own, left, slot)
            take_in(world, now, handle)
        own.quantity = c.size
        report(wire, own, OrderEventKind.REPLACED, 0, 0, 0, 0, now)
    elif own.post_only != 0 and _crosses(market, own.side, c.price):
        report(wire, own, OrderEventKind.REPLACE_REJECTED, Reason.WOULD_CROSS, 0, 0, 0, now)
    else:
        ask(world, now, _CANCEL, own, np.int64(0), slot)
        take_in(world, now, handle)
        remove(wire, sim, place_of(sim, handle))
        own.price, own.quantity = c.price, c.size
        own.ts_decided, own.ts_sent = c.ts_decided, c.ts_sent
        _enter(world, own, np.int64(OrderType.LIMIT), np.int64(TimeInForce.DAY), np.int64(OrderEventKind.REPLACED), now)


@kernel(borrow=True)
def _enter(world: World, own: Record, order_type: Int, tif: Int, answer: Int, now: Int) -> None:
    """Answer a new or repriced order, trade what is marketable, rest or expire what is left."""
    markets, _, lives, _, _, _, _, sims, wires = world
    market, live, sim, wire = markets[0], lives[0], sims[0], wires[0]
    handle = own.order_id % MAX_HANDLES
    any_price = order_type == OrderType.MARKET
    wanted = own.quantity - own.filled
    own.ts_entered = now
    own.ahead = np.int64(0) if any_price else _others_at(market, BID if own.side > 0 else ASK, own.price, own.venue)
    own.queue_entry = 0
    report(wire, own, answer, 0, 0, 0, 0, now)
    own.ahead = 0
    if tif == TimeInForce.FOK and _reachable(market, own, any_price, wanted) < wanted:
        report(wire, own, OrderEventKind.EXPIRED, Reason.NOT_FILLABLE, 0, 0, 0, now)
        return
    if wanted > 0 and (any_price or _crosses(market, own.side, own.price)):
        kind = _TAKE_ANY if any_price else _TAKE
        home = own.venue
        ask(world, now, kind, own, wanted, np.int64(0))
        take_in(world, now, handle)
        own.venue = home
    left = own.quantity - own.filled
    if left == 0 and own.quantity > 0:
        return
    if tif != TimeInForce.DAY or any_price or own.quantity == 0:
        report(wire, own, OrderEventKind.EXPIRED, Reason.NO_LIQUIDITY, 0, 0, 0, now)
        return
    slot = ask(world, now, _POST, own, left, np.int64(0))
    if slot < 0:  # more orders than an account may have, a price far from the market, or others at another venue
        crosses = _crosses(market, own.side, own.price)
        report(wire, own, OrderEventKind.EXPIRED, Reason.NO_LIQUIDITY if crosses else Reason.CAPACITY, 0, 0, 0, now)
        return
    live.slots[handle], live.ids[handle] = slot, market.book.orders[slot].born + 1
    own.active, own.anchor, own.joined = 1, own.price, sim.end
    own.ahead = _lots_before(market.book, slot)
    own.queue_entry = own.ahead
    sim.resting[sim.resting_count] = handle
    sim.resting_count += 1
    take_in(world, now, handle)


# -- what the book says ------------------------------------------------------------------------------------------------


@inline(borrow=True)
def _crosses(market: Record, side: Int, price: Int) -> Bool:
    """Whether an order would meet another at once."""
    opposite = ASK if side > 0 else BID
    return has(market.book.ladder, opposite) and (price - best(market.book.ladder, opposite)) * side >= 0


@kernel(borrow=True)
def _others_at(market: Record, side: Int, price: Int, venue: Int) -> Int:
    """Lots of others at a price; at a venue (1 + its place) alone, or at all of them (0)."""
    if venue == _ANYWHERE:
        return np.int64(level_size(market.book.ladder, side, price)) - agents_at(market, side, price)[0]
    index, lots = find_level(market.book.ladder, side, price), np.int64(0)
    at = np.int64(market.book.ladder.levels[index].head) if index >= 0 else np.int64(NIL)
    for _ in range(market.book.orders.shape[0]):
        if at == NIL:
            break
        order = market.book.orders[at]
        if order.owner == BACKGROUND and order.venue == venue - 1:
            lots += np.int64(order.qty)
        at = np.int64(order.next)
    return lots


@kernel(borrow=True)
def _reachable(market: Record, own: Record, any_price: Bool, wanted: Int) -> Int:
    """Lots of others, up to `wanted` and a level more, that a take could get."""
    ladder, opposite, total = market.book.ladder, ASK if own.side > 0 else BID, np.int64(0)
    if has(ladder, opposite):
        price = best(ladder, opposite)
        while total < wanted and (any_price or (own.price - price) * own.side >= 0):
            here = _others_at(market, opposite, price, own.route)
            total += here
            if own.route != _ANYWHERE and here < _others_at(market, opposite, price, _ANYWHERE):
                break  # elsewhere somebody is left who must not be traded through
            found, price = next_price(ladder, opposite, price)
            if not found:
                break
    return total


@inline(borrow=True)
def _lots_before(book: Record, slot: Int) -> Int:
    """Lots of others ahead of an order in its queue, at its venue."""
    lots, at, venue = np.int64(0), np.int64(book.orders[slot].prev), book.orders[slot].venue
    for _ in range(book.orders.shape[0]):
        if at == NIL:
            break
        if book.orders[at].owner == BACKGROUND and book.orders[at].venue == venue:
            lots += np.int64(book.orders[at].qty)
        at = np.int64(book.orders[at].prev)
    return lots
