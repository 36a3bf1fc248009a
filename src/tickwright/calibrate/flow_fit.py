"""What every model takes from a day in one way: sizes of orders, messages a second, and the curves of the day."""

from __future__ import annotations

import numpy as np

from tickwright.calibrate import layout as at
from tickwright.calibrate.facts import DayFacts
from tickwright.core.units import Lots, Ticks
from tickwright.venue.sim.reactive.parameters import Numbers

COMMONEST = 8
CURVE_BOUNDS = (0.25, 6.0)
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


def day_curves(facts: DayFacts) -> tuple[Numbers, Numbers]:
    """(volume_curve, volatility_curve) of `Flow`: traded volume by block, and the size of the news a market order that
    explains the variance by block once the volume has been taken out of it. Each is smoothed over three blocks."""
    volume = _smooth(facts["volume-curve"].value()[0])
    variance = _smooth(facts["volatility-curve"].value()[0])
    return _bounded(volume), _bounded(np.sqrt(variance / volume))


def _smooth(curve: np.ndarray) -> np.ndarray:
    padded = np.pad(curve, 1, mode="edge")
    smooth: np.ndarray = np.maximum(0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:], 1e-3)
    return smooth


def _bounded(curve: np.ndarray) -> Numbers:
    return tuple(round(float(v), 4) for v in np.clip(curve / curve.mean(), *CURVE_BOUNDS))
