"""Zero intelligence: everything Poisson, nobody reacts to anybody (Santa Fe).

Law, per side: limit orders at rate α for each of the D ticks behind the opposite best; every resting order cancels at
rate ν; market orders at rate μ, with a fair side. Sizes come from tables.

Departure: a side without orders of the background gets one D ticks behind the opposite best.

Unrealistic: signs have no memory, the mid reverts (the signature plot falls), impact is nearly linear and stays.
For closed forms and machinery; a claim about a strategy needs FP.

Source: Smith, Farmer, Gillemot, Krishnamurthy, "Statistical theory of the continuous double auction", Quantitative
Finance 3 (2003).
"""

from __future__ import annotations

import numpy as np

from tickwright.book.ladder import best, has
from tickwright.book.layout import ASK, BID, Int, Record, Rows
from tickwright.core.kernel import inline
from tickwright.venue.sim.reactive.draws import PRICE, QUEUES, RANK, uniform
from tickwright.venue.sim.reactive.flow import end_message, place_apart, withdraw
from tickwright.venue.sim.reactive.layout import BACKGROUND, Fault, Kind

_LIMIT, _CANCEL, _MARKET = int(Kind.LIMIT), int(Kind.CANCEL), int(Kind.MARKET)
_UNBOUNDED = int(Fault.UNBOUNDED)
_TRIES = 4096


@inline(borrow=True)
def total_rate(market: Record, params: Record) -> float:
    """Events a unit of model time."""
    live = market.background[BID] + market.background[ASK]
    total: float = 2.0 * params.band * params.limit_rate + 2.0 * params.market_rate + params.cancel_rate * live
    return total


@inline(borrow=True)
def choose(market: Record, params: Record, total: float, u: float) -> tuple[Int, Int]:
    """What happens at quantile u of the rates: (kind, side); a cancel's side is not chosen yet."""
    v = u * total
    limits = params.band * params.limit_rate
    if v < 2.0 * limits:
        return _LIMIT, BID if v < limits else ASK
    v -= 2.0 * limits
    if v < 2.0 * params.market_rate:
        return _MARKET, BID if v < params.market_rate else ASK
    return _CANCEL, BID


@inline(borrow=True)
def limit_price(market: Record, params: Record, side: Int, block: Int) -> Int:
    """One of the `band` ticks behind the opposite best."""
    away = 1 + min(np.int64(uniform(block, PRICE) * params.band), params.band - 1)
    return best(market.book.ladder, ASK) - away if side == BID else best(market.book.ladder, BID) + away


@inline(borrow=True)
def cancel_any(market: Record, block: Int, out: Rows) -> None:
    """Cancel one order of the background, each as likely: slots are tried until a live one is met."""
    if market.background[BID] + market.background[ASK] == 0:
        return
    for j in range(_TRIES):
        u = uniform(block, RANK if j == 0 else QUEUES + j)
        slot = min(np.int64(u * market.used), market.used - 1)
        order = market.book.orders[slot]
        if order.qty > 0 and order.owner == BACKGROUND:
            withdraw(market, slot, out)
            end_message(market, out)
            return
    market.fault = _UNBOUNDED


@inline(borrow=True)
def settle(market: Record, params: Record, out: Rows) -> None:
    """Both sides quoted."""
    ladder = market.book.ladder
    for side in range(2):
        if market.background[side] == 0:
            other = 1 - side
            anchor = best(ladder, other) if has(ladder, other) else (market.twice_mid + 1 - side) >> 1
            price = anchor - params.band if side == BID else anchor + params.band
            place_apart(market, np.int64(side), price, params.unit, np.int64(0), out)
            market.edge_units += 1
    market.twice_mid = best(ladder, BID) + best(ladder, ASK)
