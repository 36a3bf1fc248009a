"""The curves of a day, towards what the recorded one shows block by block.

| curve of `Flow` | follows | how |
|---|---|---|
| `volume_curve` | events | its share of a block too small: faster |
| `trading_curve` | market orders | too few: more of them |
| `size_curve` | lots a market order | is read off the day |
| `volatility_curve` | squared moves of the mid | too small: more news |
| `posting_curve` | spread | too wide: more limit orders, the best ones nearer, and less impact (`impact_posting`) |

Each as a share of its own mean: the level is a moment (`refine`).
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from tickwright.calibrate import layout as at
from tickwright.calibrate.facts import DayFacts
from tickwright.calibrate.flow_fit import CURVE_BOUNDS, bounded
from tickwright.venue.sim.reactive.parameters import FP, Numbers

_STEPS = {"volume_curve": 0.15, "trading_curve": 0.3, "volatility_curve": 0.15, "posting_curve": -0.3}
"""Of the way, in a generation: the power of what is wanted over what was found. A variance is a square; the pace is
read off the day, and has only to make good what the other curves do to it."""
POSTING_BOUNDS = (0.15, 6.0)
SIZE_BOUNDS = (0.3, 3.0)
"""Of a time of the day against the mean market order."""
_LEAST = 0.05


def towards_curves(start: FP, recorded: DayFacts, seen: list[DayFacts], pace: bool = True) -> FP:
    """A step of each curve, from what a generation had in the mean; without `pace` the volume curve stays, since the
    bursts of a single session would be taken for it."""
    if not seen:
        return start
    wanted, found = blocks_of([recorded]), blocks_of(seen)
    changed: dict[str, Any] = {}
    for name, power in _STEPS.items():
        if name == "volume_curve" and not pace:
            continue
        n = wanted[name].size
        curve = getattr(start.flow, name)
        now = np.interp((np.arange(n) + 0.5) / n, (np.arange(len(curve)) + 0.5) / len(curve), curve)
        bounds = POSTING_BOUNDS if name == "posting_curve" else CURVE_BOUNDS
        changed[name] = bounded(now * (wanted[name] / found[name]) ** power, bounds)
    return dataclasses.replace(start, flow=dataclasses.replace(start.flow, **changed))


def posting_of(facts: DayFacts) -> Numbers:
    """`posting_curve` to start with: a book of random limit orders has its best prices at distances that fall as they
    come more often."""
    return bounded(1.0 / blocks_of([facts])["posting_curve"], POSTING_BOUNDS)


def size_curve_of(facts: DayFacts) -> Numbers:
    """`size_curve`: lots a market order, relative."""
    markets, lots = facts.day.sums["gaps"][:, at.MARKET].sum(1), _shown_lots(facts)
    usual = max(float(lots.sum() / max(markets.sum(), 1.0)), 1.0)
    shape = (lots / usual + 1.0) / (markets + 1.0)  # as if each block had seen one more, of the usual size
    return bounded(shape, SIZE_BOUNDS)


def blocks_of(days: list[DayFacts]) -> dict[str, np.ndarray]:
    """What each curve follows, block by block, relative to its mean."""
    events = np.sum([day.day.sums["gaps"].sum((1, 2)) for day in days], 0)
    weights = np.sum([day.day.sums["spread_time"] for day in days], 0)
    spread = weights @ days[0]["spread-time"].x / np.maximum(weights.sum(1), 1e-9)
    spread = np.where(spread > 0, spread, spread.mean())  # a block in which no market stood
    markets = np.sum([day.day.sums["gaps"][:, at.MARKET].sum(1) for day in days], 0)
    found = {
        "volume_curve": events / max(float(events.mean()), 1e-9),
        "trading_curve": markets / max(float(markets.mean()), 1e-9),
        "volatility_curve": np.mean([day["volatility-curve"].value()[0] for day in days], 0),
        "posting_curve": spread / max(float(spread.mean()), 1e-9),
    }
    return {name: np.maximum(curve, _LEAST) for name, curve in found.items()}


def _shown_lots(day: DayFacts) -> np.ndarray:
    """Lots traded in each block as the volume curve has them, on the scale of those with displayed orders."""
    shown, hidden = day.day.count(at.TRADED_LOTS), day.day.count(at.HIDDEN_LOTS)
    traded: np.ndarray = day.day.sums["traded"].sum(0) * (shown / max(shown + hidden, 1))
    return traded
