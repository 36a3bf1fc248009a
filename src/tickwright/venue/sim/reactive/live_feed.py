"""What a reactive market wrote is taken in: the feed gets its times, the tape the market of others, our orders their
fills.

Each row of the feed (MARKET_EVENT) becomes the TAPE row of the same place. An order of ours is left out of the tape
(NONE); what we take leaves its level without a print (CANCEL). So the tape is what a feed handler that knows its own
orders shows its desk, and a queue position counted on it is of others' lots alone. Where there are several venues its
rows are of all of them, and `slot`, which names no order here, tells the venue.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from tickwright.book.layout import ASK, BID, Int, Record
from tickwright.core.events import Action, Side
from tickwright.core.kernel import inline, kernel
from tickwright.core.records import MAKER, MIDPOINT, TAKER, OrderEventKind
from tickwright.venue.sim.layout import MAX_HANDLES
from tickwright.venue.sim.reports import fill, report
from tickwright.venue.sim.resting import place_of, remove

ACCOUNT = 1
"""All that the desk sends is of this account."""
NOBODY = -1
"""No order of ours, where a handle stands."""
BY_THE_CLOCK = -1
"""The market's clock tells the time, and no command does."""
_ADD, _CANCEL, _EXECUTE, _NONE = map(int, (Action.ADD, Action.CANCEL, Action.EXECUTE, Action.NONE))
_HIDDEN, _LETTER_BID = int(Action.HIDDEN), int(Side.BID)

LIVE = np.dtype(
    [
        ("open", "<i8"),  # ns, when the market's clock is at 0
        ("seconds", "<f8"),  # length of the day: no event after it
        ("opening", "<i8"),  # rows of the opening snapshot, before the first event
        ("first_id", "<i8"),  # the smallest order id of the day; `births` counts from it
        ("instrument_id", "<i8"),
        ("slots", "<i8", (MAX_HANDLES,)),  # of our resting orders, by handle: their place in the market's arena
        ("ids", "<i8", (MAX_HANDLES,)),  # and their order id in the feed
        ("dark_handle", "<i8"),  # of our order in the pool: what trades there for us is its
        ("dark_made", "<i8"),  # what our account did there by now (`layout.LEDGER`)
        ("dark_taken", "<i8"),
        ("dark_cash", "<i8"),
        ("odd", "<i8"),  # 1: half a tick of one lot is owed to us
    ]
)

World: TypeAlias = Any
"""The arrays of `live.turn`, in its order."""


@kernel(borrow=True)
def take_in(world: World, now: Int, acting: Int) -> None:
    """The new rows of the feed: time, number, their place in the tape, and what they say of our orders.

    Where there are several venues a row's `venue_id` becomes 1 + the place that the market wrote (as in a session).
    `now` is the time of the command that wrote them, or BY_THE_CLOCK; `acting` the handle of its order, or NOBODY:
    executions of others' orders are its fills, and it reports its own cancel itself.
    """
    markets, params, lives, _, events, births, tape, sims, wires = world
    market, live, sim, wire = markets[0], lives[0], sims[0], wires[0]
    apart = params[0].apart != 0
    for i in range(sim.end, live.opening + market.written):
        row = events[i]
        hidden = row.action == _HIDDEN  # a print of the pool: no order, the aggressor's side
        row.ts_event = live.open + row.ts_event if now == BY_THE_CLOCK else now
        row.ts_recv = row.ts_event
        ours_there = hidden and row.sequence != 0
        row.sequence = i + 1
        row.instrument_id = live.instrument_id
        ident = np.int64(row.order_id)
        if row.action == _ADD:
            births[ident - live.first_id] = i
        seen = tape[i]
        seen.ts_event, seen.ts_recv = row.ts_event, row.ts_event
        seen.born, seen.slot = -1 if hidden else births[ident - live.first_id], -1
        if apart:
            row.venue_id += 1
            seen.slot = -np.int64(row.venue_id)
        seen.price, seen.size, seen.flags, seen.off_grid = row.price, row.size, row.flags, row.subtick != 0
        seen.side = BID if (row.side == _LETTER_BID) != hidden else ASK
        handle = _handle_of(live, sim, ident)
        seen.action = row.action
        if ours_there:
            seen.action = _NONE
        elif handle != NOBODY:
            seen.action = _NONE
            _heard(sim, wire, handle, row, acting)
        elif acting != NOBODY and row.action == _EXECUTE:
            seen.action = _CANCEL
            if apart:
                wire.owns[acting].venue = np.int64(row.venue_id)
            fill(wire, wire.owns[acting], np.int64(row.price), np.int64(row.size), TAKER, 0, row.ts_event)
    sim.end = sim.cursor = live.opening + market.written
    if params[0].pool != 0 and market.ledger[ACCOUNT].dark_cash != live.dark_cash:
        _heard_of_pool(market, live, wire, pool_of(params[0]), events[sim.end - 1].ts_event)


@inline(borrow=True)
def pool_of(param: Record) -> Int:
    """What a command calls the pool; -1 without one."""
    return np.int64(param.venues + 1 if param.pool != 0 else -1)


@kernel(borrow=True)
def _heard_of_pool(market: Record, live: Record, wire: Record, pool: Int, now: Int) -> None:
    """The pool traded for us, at one mid: fills. At half a tick half the lots are booked to either side of it, an odd
    one on the side that is worse for us and the next on the other, so that all but half a tick of one lot is exact."""
    own, ledger = wire.owns[live.dark_handle], market.ledger[ACCOUNT]
    lots = ledger.dark_made - live.dark_made + ledger.dark_taken - live.dark_taken
    twice = (live.dark_cash - ledger.dark_cash) * own.side // lots
    code = TAKER if ledger.dark_taken > live.dark_taken else MAKER
    live.dark_made, live.dark_taken, live.dark_cash = ledger.dark_made, ledger.dark_taken, ledger.dark_cash
    own.venue = pool
    low, halves = twice >> 1, twice & 1
    good = lots
    short = np.int64(0)
    if halves != 0:
        good = lots // 2
        if lots & 1 != 0:
            good += live.odd
            short = own.side * (1 if live.odd != 0 else -1)
            live.odd = 1 - live.odd
    worse = low + halves if own.side > 0 else low
    better = low if own.side > 0 else low + halves
    if good > 0:
        _fill_at_mid(wire, own, better, good, code, short if good == lots else np.int64(0), now)
    if good < lots:
        _fill_at_mid(wire, own, worse, lots - good, code, short, now)
    if own.filled == own.quantity:
        own.active = 0


@kernel(borrow=True)
def _fill_at_mid(wire: Record, own: Record, price: Int, lots: Int, code: Int, short: Int, now: Int) -> None:
    fill(wire, own, price, lots, code, 0, now)
    if wire.error == 0:
        done = wire.fills[wire.fill_count - 1]
        done.liquidity, done.half = MIDPOINT, short


@inline(borrow=True)
def _handle_of(live: Record, sim: Record, ident: Int) -> Int:
    """Which resting order of ours has an id in the feed."""
    for i in range(sim.resting_count):
        if live.ids[sim.resting[i]] == ident:
            return sim.resting[i]
    return np.int64(NOBODY)


@kernel(borrow=True)
def _heard(sim: Record, wire: Record, handle: Int, row: Record, acting: Int) -> None:
    """A row is about an order of ours: it was filled, or had to make way for another of ours."""
    own = wire.owns[handle]
    if row.action == _EXECUTE:
        own.ahead = 0
        fill(wire, own, own.price, np.int64(row.size), MAKER, 0, row.ts_event)
        if own.filled == own.quantity:
            remove(wire, sim, place_of(sim, handle))
    elif row.action == _CANCEL and handle != acting:
        remove(wire, sim, place_of(sim, handle))
        report(wire, own, OrderEventKind.CANCELLED, 0, 0, 0, 0, row.ts_event)
