"""What a command of ours does at the exchange: it is refused, trades with what is displayed, rests or expires."""

from tickwright.book.ladder import best, has, level_size, next_price
from tickwright.book.layout import ASK, BID, Bool, Int, Record
from tickwright.core.kernel import inline, kernel
from tickwright.core.records import TAKER, OrderEventKind, OrderType, Reason, TimeInForce
from tickwright.venue.sim.impact import push, shift
from tickwright.venue.sim.layout import WireError
from tickwright.venue.sim.liquidity import available
from tickwright.venue.sim.reports import fill, note_take, report
from tickwright.venue.sim.resting import remove, rest

TRADING, STOPPED, QUOTES_ONLY = 0, 1, 2
"""`SIM.status`: everything; nothing but cancels; resting orders and cancels."""


@kernel(borrow=True)
def reachable(sim: Record, own: Record, ladder: Record, market: Bool, anchor: Int, wanted: Int, now: Int) -> Int:
    """Lots, up to `wanted`, that a take could get at `anchor` or better."""
    opposite = ASK if own.side > 0 else BID
    total = 0
    if has(ladder, opposite):
        price = best(ladder, opposite)
        while total < wanted and (market or (anchor - price) * own.side >= 0):
            total += available(sim, ladder, opposite, price, now)
            found, price = next_price(ladder, opposite, price)
            if not found:
                break
    return total


@inline(borrow=True)
def crosses(sim: Record, own: Record, ladder: Record, anchor: Int, now: Int) -> Bool:
    """Whether an order at a recorded price would trade at once: with what is displayed and not taken by us."""
    return reachable(sim, own, ladder, False, anchor, 1, now) > 0


@kernel(borrow=True)
def take(wire: Record, sim: Record, own: Record, ladder: Record, market: Bool, displaced: Int, now: Int) -> None:
    """Trade the marketable part of an order with displayed liquidity, best level first."""
    opposite = ASK if own.side > 0 else BID
    anchor = own.price - displaced
    before = own.filled
    if has(ladder, opposite):
        price = best(ladder, opposite)
        while own.filled < own.quantity and (market or (anchor - price) * own.side >= 0):
            size = min(available(sim, ladder, opposite, price, now), own.quantity - own.filled)
            if size > 0:
                if not note_take(sim, opposite, price, size, own.side, now):
                    wire.error = WireError.TAKEN_FULL
                    return
                fill(wire, own, price + displaced, size, TAKER, displaced, now)
                if wire.error != 0:
                    return
            found, price = next_price(ladder, opposite, price)
            if not found:
                break
    if own.filled > before:
        push(sim, own.side, own.filled - before, now)


@kernel(borrow=True)
def enter(
    wire: Record, sim: Record, own: Record, ladder: Record, order_type: Int, tif: Int, answer: Int, now: Int
) -> None:
    """Answer a new or repriced order, trade what is marketable, rest or expire what is left."""
    displaced = shift(sim, now)
    market = order_type == OrderType.MARKET
    own.ts_entered = now
    own.ahead = 0 if market else level_size(ladder, BID if own.side > 0 else ASK, own.price - displaced)
    own.queue_entry = 0
    report(wire, own, answer, 0, 0, 0, 0, now)
    wanted = own.quantity - own.filled
    if tif == TimeInForce.FOK and reachable(sim, own, ladder, market, own.price - displaced, wanted, now) < wanted:
        report(wire, own, OrderEventKind.EXPIRED, Reason.NOT_FILLABLE, 0, 0, 0, now)
        return
    own.ahead = 0
    if sim.status == TRADING:
        take(wire, sim, own, ladder, market, displaced, now)
    if own.filled < own.quantity or own.quantity == 0:
        if tif == TimeInForce.DAY and not market and own.quantity > 0:
            rest(wire, sim, own, ladder, displaced)
        else:
            report(wire, own, OrderEventKind.EXPIRED, Reason.NO_LIQUIDITY, 0, 0, 0, now)


@kernel(borrow=True)
def new_order(wire: Record, sim: Record, own: Record, ladder: Record, c: Record, now: Int) -> None:
    """A NEW command at the exchange."""
    own.order_id, own.parent, own.instrument, own.command_id = c.order_id, c.parent, c.instrument, c.command_id
    own.side, own.price, own.quantity, own.filled, own.active = c.side, c.price, c.size, 0, 0
    own.post_only, own.ts_decided, own.ts_sent = c.post_only, c.ts_decided, c.ts_sent
    own.ahead, own.queue_entry, own.route, own.venue = 0, 0, 0, 0
    resting_only = c.order_type == OrderType.LIMIT and c.tif == TimeInForce.DAY
    if c.venue != 0:
        report(wire, own, OrderEventKind.REJECTED, Reason.UNKNOWN_VENUE, 0, 0, 0, now)
    elif sim.status == STOPPED or (sim.status == QUOTES_ONLY and not resting_only):
        report(wire, own, OrderEventKind.REJECTED, Reason.HALTED, 0, 0, 0, now)
    elif c.post_only != 0 and crosses(sim, own, ladder, c.price - shift(sim, now), now):
        report(wire, own, OrderEventKind.REJECTED, Reason.WOULD_CROSS, 0, 0, 0, now)
    else:
        enter(wire, sim, own, ladder, c.order_type, c.tif, OrderEventKind.ACKNOWLEDGED, now)


@kernel(borrow=True)
def replace_order(wire: Record, sim: Record, own: Record, place: Int, ladder: Record, c: Record, now: Int) -> None:
    """A REPLACE command for an order that rests at `place`."""
    if sim.status == STOPPED:
        report(wire, own, OrderEventKind.REPLACE_REJECTED, Reason.HALTED, 0, 0, 0, now)
    elif c.size <= own.filled:
        own.quantity = own.filled
        remove(wire, sim, place)
        report(wire, own, OrderEventKind.CANCELLED, 0, 0, 0, 0, now)
    elif c.price == own.price and c.size <= own.quantity:
        own.quantity = c.size
        report(wire, own, OrderEventKind.REPLACED, 0, 0, 0, 0, now)
    elif own.post_only != 0 and crosses(sim, own, ladder, c.price - shift(sim, now), now):
        report(wire, own, OrderEventKind.REPLACE_REJECTED, Reason.WOULD_CROSS, 0, 0, 0, now)
    else:
        remove(wire, sim, place)
        own.price, own.quantity = c.price, c.size
        own.ts_decided, own.ts_sent = c.ts_decided, c.ts_sent
        enter(wire, sim, own, ladder, OrderType.LIMIT, TimeInForce.DAY, OrderEventKind.REPLACED, now)
