"""QL: the queue-reactive book with signs of long memory, and liquidity that leans against recent signed volume.

Law. Signs are `lmf`'s. Each of four memories m_r decays at rate β_r (model time) and is raised by the signed volume of
every market order, an agent's included; E = Σ w_r m_r, G = exp(clip(κ E)). After buying sellers refill and buyers
withdraw, which takes from the price what the signs would let one predict, and makes impact concave in time and
decaying. E is refreshed at every market order and at every sixteenth event.

Unrealistic: impact is convex in participation (exponent about 1.2); without informed traders passive fills are hardly
ever regretted, so that posting earns: no claim about a strategy that rests orders should lean on it. Redraws of queues
give price moves without trades.

Source: the book is Huang, Lehalle, Rosenbaum (2015), the signs Lillo, Mike, Farmer (2005), the balance of the two
after Bouchaud, Gefen, Potters, Wyart, "Fluctuations and response in financial markets", Quantitative Finance 4 (2004).
"""

from __future__ import annotations

import math

import numpy as np

from tickwright.book.layout import NO_SIDE, Int, Record
from tickwright.core.kernel import inline
from tickwright.venue.sim.reactive import lmf
from tickwright.venue.sim.reactive.layout import SCALES

EVERY = 16


@inline(borrow=True)
def side(market: Record, params: Record, block: Int) -> Int:
    """The side of the next market order."""
    slot = lmf.pick(market, params, block)
    if lmf.is_over(market, slot):
        lmf.begin(market, params, slot, block, np.int64(NO_SIDE))
    return lmf.take_turn(market, slot)


@inline(borrow=True)
def hear(market: Record, params: Record, signed: Int) -> None:
    """Time has passed, and `signed` lots were bought by a market order."""
    passed = market.time - market.pressed
    market.pressed = market.time
    pressure = 0.0
    for r in range(SCALES):
        market.pressure[r] = market.pressure[r] * math.exp(-params.keep[r] * passed) + signed * params.per_typical
        pressure += params.weight[r] * market.pressure[r]
    x = min(max(params.kappa * pressure, -params.clip), params.clip)
    market.up = math.exp(x)
    market.down = 1.0 / market.up
    market.up_cancel = market.up
    market.down_cancel = market.down
