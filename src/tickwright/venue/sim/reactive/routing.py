"""Where an order of the background goes when there is more than one place: draws of their own, and none for one venue.

1. A limit order rests at a venue drawn by its share (`venue_of`).
2. A market order may ask the dark pool first, or rest there instead (`dark`); then it goes to the lit books, first to
   the venue drawn by the routing weights, or to the cheapest (`send`).
"""

from __future__ import annotations

import math

import numpy as np

from tickwright.book.layout import BID, Int, Record, Rows
from tickwright.core.kernel import inline, kernel
from tickwright.venue.sim.reactive import dark
from tickwright.venue.sim.reactive.draws import DARK, PATIENCE, ROUTE, uniform
from tickwright.venue.sim.reactive.flow import size_of
from tickwright.venue.sim.reactive.layout import BACKGROUND
from tickwright.venue.sim.reactive.trades import CHEAPEST, trade, trade_across


@inline(borrow=True)
def venue_of(params: Record, block: Int, place: Int) -> Int:
    """The venue at which a limit order rests."""
    found = np.int64(0)
    if params.venues > 1:
        u = uniform(block, place)
        while u >= params.share[found]:  # the last one's lies beyond any u
            found += 1
    return found


@inline(borrow=True)
def _first(params: Record, block: Int) -> Int:
    """The venue that a market order asks first."""
    if params.weighed == 0:
        return np.int64(CHEAPEST)
    u, found = uniform(block, ROUTE), np.int64(0)
    while u >= params.first[found]:
        found += 1
    return found


@kernel(borrow=True)
def send(market: Record, params: Record, block: Int, side: Int, lots: Int, limit: Int, out: Rows) -> Int:
    """A market order of the background, where there are several venues or a pool: the lots filled."""
    taker, hidden = np.int64(BACKGROUND), np.int64(0)
    if params.pool != 0:
        dark.beat(market)
        u = uniform(block, DARK)
        may = (market.twice_mid + 1) >> 1 <= limit if side == BID else market.twice_mid >> 1 >= limit
        if u < params.ping and may:
            hidden = dark.cross(market, params, taker, side, lots, out)
        elif params.ping <= u < params.ping + params.hide and not dark.is_full(market, side):
            wanted = size_of(params.market_sizes, block)
            hidden = dark.cross(market, params, taker, side, wanted, out)
            if hidden < wanted:
                waits = np.int64(math.ceil(-params.patience * math.log(1.0 - uniform(block, PATIENCE))))
                dark.join(market, taker, side, wanted - hidden, market.pool.beats + max(waits, np.int64(1)))
            return hidden
    if hidden == lots:
        return hidden
    if params.venues > 1:
        return hidden + trade_across(
            market, params, taker, side, lots - hidden, limit, _first(params, block), False, out
        )
    return hidden + trade(market, params, taker, side, lots - hidden, limit, out)
