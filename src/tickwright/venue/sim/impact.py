"""Transient impact as an option: our takes displace the whole recorded market, and it comes back.

Law. A take of q lots moves a displacement by `impact_per_lot * q` ticks in its direction; it decays with e-folding time
`impact_decay`. Every price of the recorded book is seen and traded at `recorded + trunc(displacement)`. Our resting
orders stay at their price, so the recorded market moves against them: when the displacement steps, an order of ours
joins the back of the queue of the recorded level it then stands on. Where it is unrealistic: linear in size (the
square root of a large metaorder does not appear); the same for every level and hour; passive fills move nothing.
Source: the block-shaped book of Obizhaeva and Wang (2013), whose exponential kernel admits no price manipulation
(Gatheral 2010).
"""

import numpy as np

from tickwright.book.layout import Int, Record
from tickwright.core.kernel import inline

_GONE = 1e-3  # ticks: a smaller displacement is forgotten


@inline(borrow=True)
def displacement(sim: Record, now: Int) -> Int:
    """Ticks, as a real number, by which our takes have moved the market at `now`."""
    if sim.displacement == 0.0:
        return 0.0
    return sim.displacement * np.exp(-(now - sim.displacement_ts) / sim.impact_decay)


@inline(borrow=True)
def shift(sim: Record, now: Int) -> Int:
    """Whole ticks between the recorded prices and the prices of the simulated market."""
    return np.int64(displacement(sim, now))


@inline(borrow=True)
def push(sim: Record, side: Int, lots: Int, now: Int) -> None:
    """A take of ours on `side` (+1 bought, -1 sold)."""
    if sim.impact_per_lot == 0.0:
        return
    moved = displacement(sim, now) + side * sim.impact_per_lot * lots
    sim.displacement = moved if abs(moved) > _GONE else 0.0
    sim.displacement_ts = now
