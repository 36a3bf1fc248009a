"""How far apart two days' facts are, and how far apart two stretches of one day would be.

Distributions: Wasserstein's first distance over x. Curves: mean absolute difference over the points that both days
know. Either in units of the recorded day's own level where a band says so.
Bands come from resampling blocks of time with replacement (a block bootstrap, Künsch 1989; blocks are long against the
memory of the facts). Blocks of a day differ by the time of day, so that the bands are wide rather than narrow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tickwright.calibrate.estimators import Estimate
from tickwright.calibrate.facts import Fact

RESAMPLES = 2000
"""With 400 the noise of a fourth moment was known to a twentieth."""


@dataclass(frozen=True, slots=True)
class Distance:
    """`value` between two days; `low` to `high` holds 95 % of it under resampling of both; `noise` is what 95 % of
    resamples of the recorded day stay within of that day itself."""

    value: float
    low: float
    high: float
    noise: float


def distance(recorded: Fact, simulated: Fact, scaled: bool, seed: int, resamples: int = RESAMPLES) -> Distance | None:
    """The distance of one fact, or None where the days share no point that both know."""
    value = apart(recorded, simulated, scaled)
    if value is None:
        return None
    y, known = recorded.value()
    level = _level(recorded, y, known) if scaled else 1.0
    rng = np.random.default_rng(seed)
    resampled = recorded.resampled(multiplicities(rng, recorded.sums.shape[0], resamples))
    ys, known_ys = resampled
    zs, known_zs = simulated.resampled(multiplicities(rng, simulated.sums.shape[0], resamples))
    noise = _noise(recorded, resampled)
    spread, at_spread = between(recorded, ys, known_ys & known_zs, zs)
    if noise is None or not at_spread.any():
        return None
    low, high = np.quantile(spread[at_spread], (0.025, 0.975))
    return Distance(value, float(low) / level, float(high) / level, noise / level)


def noise_of(recorded: Fact, scaled: bool, seed: int, resamples: int = RESAMPLES) -> float | None:
    """`Distance.noise` without a simulated day; None where the day does not know the fact."""
    y, known = recorded.value()
    level = _level(recorded, y, known) if scaled else 1.0
    rng = np.random.default_rng(seed)
    noise = _noise(recorded, recorded.resampled(multiplicities(rng, recorded.sums.shape[0], resamples)))
    return None if noise is None or level <= 0 else noise / level


def _noise(recorded: Fact, resampled: Estimate) -> float | None:
    y, known = recorded.value()
    ys, known_ys = resampled
    noise, held = between(recorded, ys, known_ys & known, y)
    return _top(noise[held]) if held.any() else None


def apart(recorded: Fact, simulated: Fact, scaled: bool) -> float | None:
    """The value alone, without resampling."""
    y, known = recorded.value()
    level = _level(recorded, y, known) if scaled else 1.0
    z, also = simulated.value()
    both = known & also
    if not both.any() or level <= 0:
        return None
    return float(between(recorded, y[None], both[None], z[None])[0][0]) / level


def between(fact: Fact, a: np.ndarray, known: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distances of pairs of rows, and which of them hold any point."""
    held = np.asarray(known.any(-1))
    if fact.kind == "distribution":
        apart = np.abs(np.cumsum(a - b, -1))[..., :-1]
        return (apart * np.diff(fact.x)).sum(-1), held
    gaps = np.where(known, np.abs(a - b), 0.0)
    return gaps.sum(-1) / np.maximum(1, known.sum(-1)), held


def band(fact: Fact, seed: int, resamples: int = RESAMPLES) -> tuple[np.ndarray, np.ndarray]:
    """Pointwise 95 % bounds of a fact under resampling: (low, high); a resample that knows no value is left out."""
    values, known = fact.resampled(multiplicities(np.random.default_rng(seed), fact.sums.shape[0], resamples))
    center, _ = fact.value()
    filled = np.where(known, values, center)
    low, high = np.quantile(filled, (0.025, 0.975), axis=0)
    return low, high


def multiplicities(rng: np.random.Generator, units: int, resamples: int) -> np.ndarray:
    """How often each unit is drawn, (resamples, units), rows summing to `units`."""
    return rng.multinomial(units, np.full(units, 1 / units), size=resamples).astype(np.float64)


def _level(fact: Fact, y: np.ndarray, known: np.ndarray) -> float:
    """The recorded day's own level: the mean of a distribution, the mean size of a curve."""
    if fact.kind == "distribution":
        return float(np.abs((y * fact.x).sum()))
    return float(np.abs(y[known]).mean()) if known.any() else 0.0


def _top(values: np.ndarray) -> float:
    return float(np.quantile(values, 0.95))
