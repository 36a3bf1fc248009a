"""ε-intelligence: zero intelligence, but market orders have memory and take in proportion to what is offered.

Law. Limit orders and cancels are `santa_fe`'s. Market orders come at the same rate, with `lmf` signs, and their size is
`max(1, round((1 - (1 - U)^(1/ζ)) V))` with V the lots at the opposite best (selective taking): small against the queue
nearly always, the whole of it rarely. For small ticks: D = 100, ν = .0005 give thousands of live orders.

Unrealistic: the mid reverts at short lags, impact stays for the most part, and no rate reacts to anything.

Source: Tóth et al., "Anomalous price impact and the critical nature of liquidity in financial markets", PRX 1 (2011);
Mastromatteo, Tóth, Bouchaud, "Agent-based models for latent liquidity and concave price impact", PRE 89 (2014).
"""

from __future__ import annotations

import numpy as np

from tickwright.book.ladder import best, level_size
from tickwright.book.layout import ASK, BID, NO_SIDE, Int, Record
from tickwright.core.kernel import inline
from tickwright.venue.sim.reactive import lmf
from tickwright.venue.sim.reactive.draws import SIZE, uniform


@inline(borrow=True)
def order(market: Record, params: Record, block: Int) -> tuple[Int, Int]:
    """The next market order: (side, lots)."""
    slot = lmf.pick(market, params, block)
    if lmf.is_over(market, slot):
        lmf.begin(market, params, slot, block, np.int64(NO_SIDE))
    side = lmf.take_turn(market, slot)
    hit = ASK if side == BID else BID
    offered = level_size(market.book.ladder, hit, best(market.book.ladder, hit))
    share = 1.0 - (1.0 - uniform(block, SIZE)) ** params.taking
    return side, max(np.int64(1), np.int64(np.floor(share * offered + 0.5)))
