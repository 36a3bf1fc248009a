"""Hawkes: market and limit orders that excite one another.

Law. Four types (market buy, market sell, limit bid, limit ask), type i at rate `μ_i + Σ_j Σ_r x_ijr`: every event of
type j raises x_ijr by the jump α_ijr, and x_ijr decays at β_r. By thinning (Ogata): between events the rates only
fall, so the rate now bounds them, and a candidate is accepted with probability rate then / rate now; a refused one is
an event in which nothing happens. A limit order lies uniformly on the D ticks behind the opposite best, every resting
order cancels at rate ν, sizes come from tables. As all types share the three β, x_ijr summed over j is enough.

Departure: a side without orders of the background gets one D ticks behind the opposite best. An agent's orders excite
nobody.

Unrealistic: prices and volumes say nothing, the mid reverts, impact of a metaorder is nearly linear and stays.

Source: Ogata, "On Lewis' simulation method for point processes", 1981; Bacry, Mastromatteo, Muzy, "Hawkes processes in
finance", 2015.
"""

from __future__ import annotations

import math

import numpy as np

from tickwright.book.layout import ASK, BID, Int, Record
from tickwright.core.kernel import inline
from tickwright.venue.sim.reactive.layout import EXPONENTIALS, TYPES, Kind

_NOTHING, _LIMIT, _CANCEL, _MARKET = int(Kind.NOTHING), int(Kind.LIMIT), int(Kind.CANCEL), int(Kind.MARKET)


@inline(borrow=True)
def _rate(market: Record, params: Record, i: Int) -> float:
    total: float = params.base[i]
    for r in range(EXPONENTIALS):
        total += market.excitation[i, r]
    return total


@inline(borrow=True)
def total_rate(market: Record, params: Record) -> float:
    """The bound: events and refused candidates a unit of model time."""
    total: float = params.cancel_rate * (market.background[BID] + market.background[ASK])
    for i in range(TYPES):
        total += _rate(market, params, np.int64(i))
    return total


@inline(borrow=True)
def choose(market: Record, params: Record, passed: float, total: float, u: float) -> tuple[Int, Int]:
    """Time has passed; what happens at quantile u of the old bound: (kind, side). Excites."""
    for r in range(EXPONENTIALS):
        fall = math.exp(-params.speed[r] * passed)
        for i in range(TYPES):
            market.excitation[i, r] *= fall
    v = u * total
    cancels = params.cancel_rate * (market.background[BID] + market.background[ASK])
    if v < cancels:
        return _CANCEL, BID
    v -= cancels
    for j in range(TYPES):
        rate = _rate(market, params, np.int64(j))
        if v < rate:
            for i in range(TYPES):
                for r in range(EXPONENTIALS):
                    market.excitation[i, r] += params.jump[i, j, r]
            return _MARKET if j < 2 else _LIMIT, BID if j % 2 == 0 else ASK
        v -= rate
    return _NOTHING, BID
