"""Signs with long memory: hidden metaorders of heavy-tailed length (Lillo, Mike, Farmer 2005).

Law. `slots` metaorders are at work, each with a side and a number of market orders still to come. A market order is of
the one that traded last with probability `again`, and else picks one of them uniformly; it takes its side. An exhausted
one is begun anew when it is picked: a side, fair or what is known of it (`fp`, law 12), and a length
`min(U^(-1/γ), cap)`. The sign autocorrelation falls like lag^(1-γ). `again` is no part of the source: next signs agree
more often on real markets than those of several metaorders, whose long memory they have.

Unrealistic: metaorders are independent, never end early, and none is worked faster than another.

Source: Lillo, Mike, Farmer, "Theory for long memory in supply and demand", PRE 71 (2005).
"""

from __future__ import annotations

import numpy as np

from tickwright.book.layout import ASK, BID, NO_SIDE, Int, Record
from tickwright.core.kernel import inline
from tickwright.venue.sim.reactive.draws import LENGTH, OWNER, SIDE, uniform


@inline(borrow=True)
def pick(market: Record, params: Record, block: Int) -> Int:
    """The metaorder that trades next."""
    u = uniform(block, OWNER)
    if params.again > 0.0:
        if u < params.again:
            return np.int64(market.slot_last)
        u = (u - params.again) / (1.0 - params.again)
    return min(np.int64(u * params.slots), params.slots - 1)


@inline(borrow=True)
def weight_on(market: Record, params: Record, slot: Int, side: Int) -> float:
    """The chance that the next market order is of a metaorder and on a side: of an exhausted one, whose side is not
    drawn yet, either side is as likely."""
    chance: float = (1.0 - params.again) / params.slots + (params.again if slot == market.slot_last else 0.0)
    if is_over(market, slot):
        return 0.5 * chance
    return chance if market.slot_side[slot] == side else 0.0


@inline(borrow=True)
def share_on(market: Record, params: Record, side: Int) -> float:
    """The chance that the next market order of all metaorders is on a side."""
    total = 0.0
    for slot in range(params.slots):
        total += weight_on(market, params, np.int64(slot), side)
    return total


@inline(borrow=True)
def pick_on(market: Record, params: Record, block: Int, side: Int) -> Int:
    """The metaorder that trades next, where it is known that it does on a side."""
    left = uniform(block, OWNER) * share_on(market, params, side)
    found = np.int64(0)
    for slot in range(params.slots):
        weight = weight_on(market, params, np.int64(slot), side)
        if weight > 0.0:
            found = np.int64(slot)
            if left < weight:
                break
            left -= weight
    return found


@inline(borrow=True)
def is_over(market: Record, slot: Int) -> Int:
    """Whether a metaorder is exhausted, so that `begin` must come before `take_turn`."""
    return market.slot_left[slot] <= 0


@inline(borrow=True)
def begin(market: Record, params: Record, slot: Int, block: Int, side: Int) -> None:
    """A new metaorder in a slot, on a side or, with NO_SIDE, on either."""
    if side == NO_SIDE:
        side = BID if uniform(block, SIDE) < 0.5 else ASK
    market.slot_side[slot] = side
    market.slot_left[slot] = np.int64(min((1.0 - uniform(block, LENGTH)) ** params.tail, params.cap))


@inline(borrow=True)
def take_turn(market: Record, slot: Int) -> Int:
    """The side (BID buys) of the slot's next market order, which shortens it."""
    market.slot_left[slot] -= 1
    market.slot_last = slot
    return market.slot_side[slot]
