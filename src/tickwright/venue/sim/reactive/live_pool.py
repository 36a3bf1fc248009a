"""What a command of ours does in the dark pool: it meets the other side at the mid, waits for it, or leaves.

A DAY order waits, an IOC one asks once; neither has a price there. Of all our orders one may wait at a time: a second
expires. A replace that is no larger keeps its place, another joins behind all.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.layout import Int, Record
from tickwright.core.kernel import kernel
from tickwright.core.records import CommandKind, OrderEventKind, Reason, TimeInForce
from tickwright.venue.sim.layout import MAX_HANDLES
from tickwright.venue.sim.reactive import dark
from tickwright.venue.sim.reactive.layout import Ask
from tickwright.venue.sim.reactive.live_ask import ask
from tickwright.venue.sim.reactive.live_feed import ACCOUNT, World, take_in
from tickwright.venue.sim.reports import report

_POST, _AMEND, _TAKE = int(Ask.DARK_POST), int(Ask.DARK_AMEND), int(Ask.DARK_TAKE)


@kernel(borrow=True)
def enter_pool(world: World, own: Record, tif: Int, answer: Int, now: Int) -> None:
    """Answer a new or larger order, trade what is there at once, rest or expire what is left."""
    markets, _, lives, _, _, _, _, _, wires = world
    market, live, wire = markets[0], lives[0], wires[0]
    handle, wanted = own.order_id % MAX_HANDLES, own.quantity - own.filled
    own.ts_entered, own.ahead, own.queue_entry = now, 0, 0
    report(wire, own, answer, 0, 0, 0, 0, now)
    if dark.place_of(market, np.int64(ACCOUNT)) >= 0:  # another of ours
        report(wire, own, OrderEventKind.EXPIRED, Reason.CAPACITY, 0, 0, 0, now)
        return
    if tif == TimeInForce.FOK:
        report(wire, own, OrderEventKind.EXPIRED, Reason.NOT_FILLABLE, 0, 0, 0, now)
        return
    live.dark_handle = handle
    if wanted > 0:
        got = ask(world, now, _POST if tif == TimeInForce.DAY else _TAKE, own, wanted, np.int64(0))
        if got < 0:
            report(wire, own, OrderEventKind.EXPIRED, Reason.CAPACITY, 0, 0, 0, now)
            return
        take_in(world, now, handle)
    if own.filled == own.quantity and own.quantity > 0:
        return
    if tif != TimeInForce.DAY or own.quantity == 0:
        report(wire, own, OrderEventKind.EXPIRED, Reason.NO_LIQUIDITY, 0, 0, 0, now)
        return
    own.active = 1


@kernel(borrow=True)
def command_in_pool(world: World, own: Record, c: Record, now: Int) -> None:
    """A CANCEL or REPLACE of an order that waits there."""
    wire, handle = world[8][0], own.order_id % MAX_HANDLES
    keeps = c.kind == CommandKind.REPLACE and c.size > own.filled
    left = c.size - own.filled if keeps and c.size <= own.quantity else np.int64(0)
    ask(world, now, _AMEND, own, left, np.int64(0))
    take_in(world, now, handle)
    if not keeps:
        own.active = 0
        own.quantity = own.quantity if c.kind == CommandKind.CANCEL else own.filled
        report(wire, own, OrderEventKind.CANCELLED, 0, 0, 0, 0, now)
        return
    own.price, joins = c.price, c.size > own.quantity
    own.quantity = c.size
    if not joins:
        report(wire, own, OrderEventKind.REPLACED, 0, 0, 0, 0, now)
        return
    own.active, own.ts_decided, own.ts_sent = 0, c.ts_decided, c.ts_sent
    enter_pool(world, own, np.int64(TimeInForce.DAY), np.int64(OrderEventKind.REPLACED), now)
