"""Signs with long memory: hidden metaorders of heavy-tailed length (Lillo, Mike, Farmer 2005).

Law. `slots` metaorders are at work, each with a side and a number of market orders still to come. A market order picks
one of them uniformly and takes its side. An exhausted one is begun anew when it is picked: a fair side and a length
`min(U^(-1/γ), cap)`. The sign autocorrelation falls like lag^(1-γ).

Unrealistic: metaorders are independent, never end early, and are worked at a constant share of all market orders.

Source: Lillo, Mike, Farmer, "Theory for long memory in supply and demand", PRE 71 (2005).
"""

from __future__ import annotations

import numpy as np

from tickwright.book.layout import ASK, BID, Int, Record
from tickwright.core.kernel import inline
from tickwright.venue.sim.reactive.draws import LENGTH, OWNER, SIDE, uniform


@inline(borrow=True)
def pick(params: Record, block: Int) -> Int:
    """The metaorder that trades next."""
    return min(np.int64(uniform(block, OWNER) * params.slots), params.slots - 1)


@inline(borrow=True)
def is_over(market: Record, slot: Int) -> Int:
    """Whether a metaorder is exhausted, so that `begin` must come before `take_turn`."""
    return market.slot_left[slot] <= 0


@inline(borrow=True)
def begin(market: Record, params: Record, slot: Int, block: Int) -> None:
    """A new metaorder in a slot."""
    market.slot_side[slot] = BID if uniform(block, SIDE) < 0.5 else ASK
    market.slot_left[slot] = np.int64(min((1.0 - uniform(block, LENGTH)) ** params.tail, params.cap))


@inline(borrow=True)
def take_turn(market: Record, slot: Int) -> Int:
    """The side (BID buys) of the slot's next market order, which shortens it."""
    market.slot_left[slot] -= 1
    return market.slot_side[slot]
