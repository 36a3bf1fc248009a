"""Resampling statistics: bootstrap interval of a ratio of sums, sign-flip test, Benjamini–Hochberg.

Draws come from PCG64 seeded by a run's seed and the name of the statistic, so the same run gives the same bytes.
Units are orders or days, never fills: fills of one order are not independent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.ids import stable_id

_EXACT_FLIPS = 12


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval and its level."""

    low: float
    high: float
    level: float


def generator(seed: int, name: str) -> np.random.Generator:
    """The stream of a named statistic."""
    return np.random.Generator(np.random.PCG64(stable_id(f"{seed}/tca/{name}")))


def bootstrap_ratio(
    numerators: np.ndarray, denominators: np.ndarray, seed: int, resamples: int = 2000, level: float = 0.95
) -> Interval | None:
    """Percentile bootstrap of Σa/Σb over independent units (Efron and Tibshirani 1993, ch. 13).

    `numerators` and `denominators` are float64, one element a unit (order or day). None with fewer than two units.
    Unrealistic where: few units; the percentile interval is then too short. Raises ConfigError for a level not in 0…1.
    """
    if not 0 < level < 1:
        raise ConfigError("level", level, "a share between 0 and 1")
    n = len(numerators)
    if n < 2:
        return None
    draws = generator(seed, "bootstrap").integers(0, n, (resamples, n))
    values = np.asarray(numerators, np.float64)[draws].sum(axis=1) / np.asarray(denominators, np.float64)[draws].sum(
        axis=1
    )
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), level)


def sign_flip_p(differences: np.ndarray, seed: int, resamples: int = 9999) -> float | None:
    """Two-sided p-value that paired differences have mean zero: signs flipped at random (Fisher 1935).

    All sign patterns for up to twelve pairs; more are sampled and the observed pattern counts as one. The smallest
    value that n pairs can give is 2^(1 − n). None without any difference.
    """
    values = np.asarray(differences, np.float64)
    n = len(values)
    if n == 0:
        return None
    if n <= _EXACT_FLIPS:
        signs = 1.0 - 2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
    else:
        signs = generator(seed, "sign flip").choice([-1.0, 1.0], (resamples, n))
    sums = np.abs(signs @ values)
    # Equal sums in another order can differ in the last place; they must count as equal.
    reaching = int((sums >= abs(values.sum()) * (1 - 1e-12)).sum())
    return reaching / len(sums) if n <= _EXACT_FLIPS else (reaching + 1) / (len(sums) + 1)


def benjamini_hochberg(p_values: np.ndarray) -> np.ndarray:
    """Adjusted p-values that control the false discovery rate (Benjamini and Hochberg 1995), in the given order."""
    p = np.asarray(p_values, np.float64)
    if ((p < 0) | (p > 1)).any():
        raise ConfigError("p_values", p.tolist(), "numbers between 0 and 1")
    order = np.argsort(p)[::-1]
    scaled = p[order] * len(p) / np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return adjusted


def conditional_value_at_risk(costs: np.ndarray, level: float = 0.95) -> float | None:
    """Mean of the worst `1 − level` share of float64 costs, the one at the border counted by its part.

    Source: Rockafellar and Uryasev, Journal of Banking and Finance 2002. None without costs.
    """
    if not 0 < level < 1:
        raise ConfigError("level", level, "a share between 0 and 1")
    n = len(costs)
    if n == 0:
        return None
    worst = np.sort(np.asarray(costs, np.float64))[::-1]
    weights = np.clip((1 - level) * n - np.arange(n), 0.0, 1.0)
    return float((weights * worst).sum() / weights.sum())
