"""Made ticks: a market and an asset of known beta, each seen at random moments of its own, and a brute force twin."""

from itertools import pairwise

import numpy as np

from tickwright.core.units import SECOND
from tickwright.factors.tick.ticks import TICK, TickSource, in_order

BETA = 1.2
SIGMA = 1e-4
"""Of the market over a second."""


def prices(rng, seconds, gaps, beta=BETA, noise=0.0, own=SIGMA, step=0.05, begin=0):
    """[(times in ns, prices)] of asset and market; `gaps` are their mean seconds from tick to tick."""
    n = int(seconds / step)
    market = np.cumsum(rng.normal(0, SIGMA * step**0.5, n))
    asset = beta * market + np.cumsum(rng.normal(0, own * step**0.5, n))
    out = []
    for path, gap in ((asset, gaps[0]), (market, gaps[1])):
        at = np.flatnonzero(rng.random(n) < step / gap)
        seen = path[at] + rng.normal(0, noise, len(at)) if noise else path[at]
        out.append((begin + (at * step * SECOND).astype(np.int64), 100.0 * np.exp(seen)))
    return out


def brute(x, y):
    """(sum, pairs) of TICK rows by a double loop over all intervals: the definition, with the rule of two slots."""
    total, pairs = 0.0, 0
    for a, b in intervals(x):
        for c, d in intervals(y):
            if max(a["ts_event"], c["ts_event"]) < min(b["ts_event"], d["ts_event"]):
                total += np.log(b["price"] / a["price"]) * np.log(d["price"] / c["price"])
                pairs += 1
    return total, pairs


def intervals(ticks):
    ticks = in_order(ticks)
    for a, b in pairwise(ticks):
        if a["session"] == b["session"] and b["slot"] - a["slot"] <= 1:
            yield a, b


def previous_tick_beta(asset, market, bar):
    """OLS through the origin on bars of `bar` ns of the last price: what one should not do."""
    end = min(asset[0][-1], market[0][-1])
    edges = np.arange(max(asset[0][0], market[0][0]), end, bar)
    moved = [np.diff(np.log(p[np.searchsorted(t, edges, side="right") - 1])) for t, p in (asset, market)]
    return float(moved[0] @ moved[1] / (moved[1] @ moved[1]))


def ticks_on(grid, times, values):
    assert TICK.names
    return TickSource("A", grid).ticks((np.asarray(times, np.int64), np.asarray(values, float)))
