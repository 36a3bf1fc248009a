"""FP: who may send the next market order, and on which side they would be.

The informed have the turn with one chance, and have a side or none (`stance`); else a metaorder of `lmf` has it. So a
side has a chance before any order is drawn, and law 12 of `fp` weighs the rates of the two queues by it: `weigh`. What
came is then drawn given the queue that it hits: `side_known`, `turn_of_informed`.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.ladder import best
from tickwright.book.layout import ASK, BID, NO_SIDE, Int, Record, at
from tickwright.core.kernel import inline, kernel
from tickwright.venue.sim.reactive import lmf


@inline(borrow=True)
def stance(market: Record, params: Record) -> Int:
    """The side that the informed would take, or NO_SIDE where it does not pay."""
    ladder = market.book.ladder
    gap = 2.0 * market.fair - market.twice_mid
    if abs(gap) <= params.edge * (best(ladder, ASK) - best(ladder, BID)):  # never beyond a best price: `edge` <= 1
        return np.int64(NO_SIDE)
    return np.int64(BID if gap > 0.0 else ASK)


@inline(borrow=True)
def _turn(market: Record, params: Record) -> float:
    """The chance that the informed have the turn."""
    found: float = (params.informed + market.rush) / (1.0 + market.rush)
    return found


@inline(borrow=True)
def _chance_on(market: Record, params: Record, side: Int) -> float:
    """The chance that whoever has the turn is on a side."""
    others = lmf.share_on(market, params, side)
    informed = stance(market, params)
    if informed == NO_SIDE:
        return others
    turn = _turn(market, params)
    return turn * (1.0 if informed == side else 0.0) + (1.0 - turn) * others


@kernel(borrow=True)
def weigh(market: Record, params: Record) -> None:
    """What the rate at each queue is multiplied by: for all who trade at either alike, and those who would hit it."""
    for hit in range(2):
        chance = _chance_on(market, params, np.int64(1 - hit))
        market.toward[at(hit)] = 1.0 - params.selective + 2.0 * params.selective * chance


@inline(borrow=True)
def side_known(market: Record, params: Record, hit: Int, u: float) -> tuple[Int, float]:
    """Of the order that hits a queue: the side that it must be on, or NO_SIDE of those who trade at either alike; and
    what is left of the quantile u, again uniform."""
    free = (1.0 - params.selective) / market.toward[at(hit)]
    if u < free:
        return np.int64(NO_SIDE), u / free
    return np.int64(1 - hit), (u - free) / (1.0 - free)


@kernel(borrow=True)
def turn_of_informed(market: Record, params: Record, side: Int) -> float:
    """The chance that the next order is of the informed, given its side, if it is known."""
    turn = _turn(market, params)
    if side == NO_SIDE:
        return turn
    return turn / _chance_on(market, params, side) if stance(market, params) == side else 0.0
