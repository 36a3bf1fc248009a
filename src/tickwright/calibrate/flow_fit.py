"""What every model takes from a day in one way: sizes of orders, messages a second, and the curves of the day."""

from __future__ import annotations

import numpy as np

from tickwright.calibrate import layout as at
from tickwright.calibrate.facts import DayFacts
from tickwright.core.units import Lots, Ticks
from tickwright.venue.sim.reactive.parameters import Numbers

COMMONEST = 8
CURVE_BOUNDS = (0.05, 8.0)
"""Of a curve over the day, relative to its mean: what lies beyond in one day's block is noise or an auction."""


def sizes_of(counts: np.ndarray) -> tuple[tuple[Lots, ...], Numbers]:
    """The commonest sizes with their shares; the mean of the rest, rounded, as one more where there is a rest.
    `counts[k]` orders have k lots."""
    held = np.flatnonzero(counts)
    order = held[np.argsort(-counts[held], kind="stable")]
    kept = np.sort(order[:COMMONEST])
    sizes, weights = [int(k) for k in kept], [float(counts[k]) for k in kept]
    rest = order[COMMONEST:]
    if rest.size:
        weight = float(counts[rest].sum())
        sizes.append(max(1, round(float((rest * counts[rest]).sum()) / weight)))
        weights.append(weight)
    return tuple(sizes), tuple(w / sum(weights) for w in weights)


def usual_mid(facts: DayFacts, tick: Ticks = 1) -> Ticks:
    """The median mid of the day, in ticks of the model; 2 at least."""
    clock = facts.day.clock
    mids = clock["mid2"][clock["known"] == 1]
    return max(2, round(float(np.median(mids)) / 2 / tick)) if mids.size else 2


def events_a_second(facts: DayFacts) -> float:
    """Limit orders, cancels and market orders on the counted levels."""
    return facts.day.count(at.EVENTS) / facts.day.seconds


def day_curves(facts: DayFacts) -> tuple[Numbers, Numbers, Numbers]:
    """(volume_curve, trading_curve, volatility_curve) of `Flow`, a number a block: the pace of all events, market
    orders against it, and the size of the news a market order that explains the variance."""
    gaps = facts.day.sums["gaps"]
    events, trades = gaps.sum((1, 2)), gaps[:, at.MARKET].sum(1)
    variance = facts["volatility-curve"].value()[0]
    pace, trading = _safe(events), _safe(trades) / _safe(events)
    return bounded(pace), bounded(trading), bounded(np.sqrt(np.maximum(variance, 1e-3) / (pace * trading)))


def _safe(counts: np.ndarray) -> np.ndarray:
    """Relative to their mean, as if each block had seen one more event in a hundred of a mean block's."""
    mean = max(float(counts.mean()), 1e-9)
    curve: np.ndarray = (counts + 0.01 * mean) / (1.01 * mean)
    return curve


def bounded(curve: np.ndarray) -> Numbers:
    """A curve over the day as parameters have it."""
    return tuple(round(float(v), 4) for v in np.clip(curve / curve.mean(), *CURVE_BOUNDS))
