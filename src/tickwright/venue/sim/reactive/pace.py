"""How fast a market runs: the volume curve of its day, and an activity that clusters.

Law. The log-activity A is an Ornstein–Uhlenbeck process on the clock of the background's market orders. All rates are
multiplied by curve(t) e^A, which moves the clock and nothing else: the sequence of events is the same at any pace. The
news of FP is multiplied by the volatility curve and by e^(γ A), so that volatility clusters in event time as well.

Unrealistic: one time scale of activity, and no leverage effect.
"""

from __future__ import annotations

import math

import numpy as np

from tickwright.book.layout import Int, Record
from tickwright.core.kernel import inline
from tickwright.venue.sim.reactive.draws import ACTIVITY, near_normal


@inline(borrow=True)
def _bin(market: Record, params: Record) -> Int:
    return min(np.int64(max(market.clock, 0.0) / params.day * params.bins), params.bins - 1)


@inline(borrow=True)
def set_pace(market: Record, params: Record) -> None:
    """The pace at this time of the day and this activity."""
    curve = params.volume_curve[_bin(market, params)]
    market.pace = params.tempo * curve * math.exp(market.activity + params.activity_shift)


@inline(borrow=True)
def beat(market: Record, params: Record, block: Int) -> None:
    """A market order of the background has come."""
    market.activity = params.activity_keep * market.activity + params.activity_kick * near_normal(block, ACTIVITY)
    set_pace(market, params)


@inline(borrow=True)
def news_size(market: Record, params: Record) -> float:
    """The size of the news relative to its mean."""
    curve: float = params.volatility_curve[_bin(market, params)]
    return curve * math.exp(params.activity_news * market.activity - params.news_shift)
