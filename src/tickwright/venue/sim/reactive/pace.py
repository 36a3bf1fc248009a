"""How fast a market runs: the volume curve of its day, and an activity that clusters.

Law. The log-activity A is an Ornstein–Uhlenbeck process on the clock of the background's market orders. All rates are
multiplied by curve(t) e^A, which moves the clock and nothing else: the sequence of events is the same at any pace. A
curve of trading, where there is one, multiplies the rates of market orders alone in the queue-reactive laws, and a
curve of posting those of limit orders: the more come, the nearer the best prices. The news of FP is multiplied by the
volatility curve and by e^(γ A), so that volatility clusters in event time as well; impact may follow it, and the curve
of posting (`fp`, law 10).

Bursts. The waiting time of an event is exponential about one of up to four means, the states of the clock. A state
holds for the next event with probability `gap_stay`, else it is drawn anew by `gap_weights`; a market order puts the
clock into its first state with probability `gap_after_market`, or into one by `gap_after_weights`. The means are
scaled to a mean of 1, so that bursts move the clock within the pace and, like the pace, no event before another. One
state is a Poisson clock.

Flurries (a regime of two states, as in Markov-modulated point processes). Half of the events are of flurries and half
of lulls: with probability 1 / `gap_flurry_memory` an event draws anew which it is. In a flurry a state has its weight
times 1 + f z, in a lull 1 - f z, z its distance from the mean logarithm of the waiting times towards the shorter ones,
over that of the farthest state, and f `gap_flurry`: there are as many waiting times of each length, and short ones keep
together beyond what a state keeps. A market opens in a lull.

Cancels in company (`queue_reactive`, law 6) wait for no clock.

Unrealistic: one time scale of activity, no leverage effect, flurries as long as lulls and of one time scale, and bursts
that do not know what their events are, but for market orders and what follows at once.
"""

from __future__ import annotations

import math

import numpy as np

from tickwright.book.layout import Int, Record
from tickwright.core.kernel import inline
from tickwright.venue.sim.reactive.draws import ACTIVITY, FLURRY, GAP, near_normal, uniform


@inline(borrow=True)
def _bin(market: Record, params: Record) -> Int:
    cell = min(np.int64(max(market.clock, 0.0) / params.day * params.cells), params.cells - 1)
    part = np.int64(params.part[cell])
    return part


@inline(borrow=True)
def set_pace(market: Record, params: Record) -> None:
    """The pace at this time of the day and this activity, and the share of market orders."""
    i = _bin(market, params)
    market.pace = params.tempo * params.volume_curve[i] * math.exp(market.activity + params.activity_shift)
    market.trading = params.trading_curve[i]
    market.posting = params.posting_curve[i]


@inline(borrow=True)
def beat(market: Record, params: Record, block: Int) -> None:
    """A market order of the background has come."""
    market.activity = params.activity_keep * market.activity + params.activity_kick * near_normal(block, ACTIVITY)
    set_pace(market, params)


@inline(borrow=True)
def _swing(market: Record, params: Record) -> float:
    """What the activity makes of the size of the news."""
    found: float = math.exp(params.activity_news * market.activity - params.news_shift)
    return found


@inline(borrow=True)
def news_size(market: Record, params: Record) -> float:
    """The size of the news relative to its mean."""
    curve: float = params.volatility_curve[_bin(market, params)]
    return curve * _swing(market, params)


@inline(borrow=True)
def size_now(market: Record, params: Record) -> float:
    """By what the size of a market order is multiplied at this time of the day."""
    scale: float = params.size_curve[_bin(market, params)]
    return scale


@inline(borrow=True)
def loudness(market: Record, params: Record) -> float:
    """What the impact of an owner who begins now is, relative to that at the usual size of news: this size to the power
    of `impact_news`. With `impact_posting` the activity's part of it alone, over the share of limit orders at this hour
    to that power. Below a power of 2 the mean of the first is under 1."""
    if params.impact_posting != 0.0:
        hour: float = params.posting_curve[_bin(market, params)] ** -params.impact_posting
        hour *= _swing(market, params) ** params.impact_news
        return hour
    if params.impact_news == 0.0:
        return 1.0
    found: float = news_size(market, params) ** params.impact_news
    return found


@inline(borrow=True)
def draw_gap(market: Record, params: Record, block: Int, traded: Int) -> None:
    """The state of the clock for the next event; `traded`: the one before was a market order."""
    if params.flurry_redraw > 0.0:
        drawn = uniform(block, FLURRY)
        if drawn < params.flurry_redraw:
            market.flurry = 1 if drawn < 0.5 * params.flurry_redraw else 0
    u = uniform(block, GAP)
    own = traded and u < params.gap_after_market
    if own:
        u /= params.gap_after_market
    else:
        if traded:
            u = (u - params.gap_after_market) / (1.0 - params.gap_after_market)
        if u < params.gap_stay:
            return
        u = (u - params.gap_stay) / (1.0 - params.gap_stay)
    state = np.int64(0)
    while u >= (
        params.gap_after_edges[state] if own else params.gap_edges[market.flurry, state]
    ):  # the last lies beyond any u
        state += 1
    market.gap = params.gaps[state]
