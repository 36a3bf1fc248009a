"""From sums to values: pure functions over the last axis, so that thousands of resamples are one call.

Each takes sums (..., m) and gives (values (..., n), known (..., n)): `known` says where the data hold a value; where
they do not the value is 0 and means nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

Estimate: TypeAlias = tuple[np.ndarray, np.ndarray]
Estimator: TypeAlias = Callable[[np.ndarray], Estimate]

ENOUGH_ORDERS = 30
"""The chance of a fill that so many of one size show is uncertain by about .09, one standard error; more where sizes
differ."""


def shares(sums: np.ndarray) -> Estimate:
    """Weights of n bins → their shares."""
    total = sums.sum(-1, keepdims=True)
    known = np.broadcast_to(total > 0, sums.shape)
    return _over(sums, total, known), known


def relative(sums: np.ndarray) -> Estimate:
    """Weights of n bins → in units of their mean: a curve whose average is 1."""
    values, known = shares(sums)
    return values * sums.shape[-1], known


def ratio(sums: np.ndarray) -> Estimate:
    """n numerators, then n denominators (counts, times, sizes) → their ratios."""
    above, below = np.split(sums, 2, -1)
    known = below > 0
    return _over(above, below, known), known


def ratio_of_orders(sums: np.ndarray) -> Estimate:
    """n numerators, n denominators and n numbers of orders → ratios, of which those of fewer than `ENOUGH_ORDERS` are
    not known: where one order came in a day, the share of its lots that was filled is 0 or 1."""
    above, below, orders = np.split(sums, 3, -1)
    known = (orders >= ENOUGH_ORDERS) & (below > 0)
    return _over(above, below, known), known


def response(sums: np.ndarray) -> Estimate:
    """n each of Σ sign × move, Σ sign, Σ move, the number, and a denominator → Σ (sign - its mean) × move over it.

    The product of the means is the drift of the day times the excess of one sign: chance of the day, which at long lags
    is more than the response itself.
    """
    both, sign, move, n, below = np.split(sums, 5, -1)
    known = (n > 0) & (below > 0)
    return _over(both - sign * move / np.maximum(n, 1), below, known), known


def seen_from_both(sums: np.ndarray) -> Estimate:
    """Weights of n bins about 0 → shares of x and -x alike, as buyer and seller see them."""
    return shares(sums + np.flip(sums, -1))


def correlation(sums: np.ndarray) -> Estimate:
    """Pearson's, of n pairs of series: n each of Σxy, Σx, Σy, Σx², Σy² and the number of pairs."""
    xy, x, y, xx, yy, n = np.split(sums, 6, -1)
    safe = np.maximum(n, 1)
    between = xy / safe - x / safe * (y / safe)
    within = (xx / safe - (x / safe) ** 2) * (yy / safe - (y / safe) ** 2)
    known = (n > 1) & (within > 1e-18)
    return _over(between, np.sqrt(np.maximum(within, 0)), known), known


def kurtosis(sums: np.ndarray) -> Estimate:
    """n each of Σr, Σr², Σr³, Σr⁴ and the number → E(r−r̄)⁴ / (E(r−r̄)²)²; 3 for a normal law."""
    s1, s2, s3, s4, n = np.split(sums, 5, -1)
    safe = np.maximum(n, 1)
    m1, m2, m3, m4 = s1 / safe, s2 / safe, s3 / safe, s4 / safe
    variance = m2 - m1**2
    known = (n > 3) & (variance > 1e-12)
    fourth = m4 - 4 * m1 * m3 + 6 * m1**2 * m2 - 3 * m1**4
    return _over(fourth, variance**2, known), known


def signature_of(lags: np.ndarray, reference: int) -> Estimator:
    """n each of squared moves, moves and their number, at `lags` → D(l)/D(lags[reference]), D(l) = Var(move)/l: about
    the mean, since the drift of one day would grow as l. Windows overlap, and a walk's own mean over few of them takes
    l/n - (l² - 1)/3n² of its variance, which is given back.
    """

    def signature(sums: np.ndarray) -> Estimate:
        squared, moves, n = np.split(sums, 3, -1)
        safe = np.maximum(n, 1)
        left = 1 - lags / safe + (lags**2 - 1) / (3 * safe**2)
        d = _over(squared - moves**2 / safe, n * lags * left, n > lags)
        base = d[..., reference : reference + 1]
        known = (n > lags) & (base > 0)
        return _over(d, np.broadcast_to(base, d.shape), known), known

    return signature


def hill_of(share: float) -> Estimator:
    """Counts of |r| = 1, 2, … (zeros left out) → the tail exponent over the largest `share` of them, one value.

    Hill (1975), for values on a grid: with u the largest grid value that at least the share reaches or exceeds, the
    exponent is 1 / mean ln(|r| / (u − ½)) over |r| ≥ u; the half step stands for the rounding.
    """

    def hill(sums: np.ndarray) -> Estimate:
        sizes = np.arange(1, sums.shape[-1] + 1)
        at_least = np.flip(np.cumsum(np.flip(sums, -1), -1), -1)
        total = at_least[..., :1]
        # The last index at which the share is still reached; the first, if the total is zero.
        index = np.maximum(0, np.sum(at_least >= np.maximum(share * total, 1e-9), -1, keepdims=True) - 1)
        inside = np.arange(sums.shape[-1]) >= index
        n = np.sum(np.where(inside, sums, 0), -1, keepdims=True)
        logs = np.where(inside, sums * (np.log(sizes) - np.log(sizes[index] - 0.5)), 0).sum(-1, keepdims=True)
        known = (n >= 10) & (logs > 0)
        return _over(n, logs, known), known

    return hill


def survival(sums: np.ndarray) -> Estimate:
    """n bins of ages at an end, then n of ages at which sight was lost → share that lives beyond each bin.

    Kaplan and Meier (1958) on bins; who is lost in a bin counts as alive through it.
    """
    ended, lost = np.split(sums, 2, -1)
    both = ended + lost
    at_risk = np.flip(np.cumsum(np.flip(both, -1), -1), -1)
    hazard = _over(ended, at_risk, at_risk > 0)
    return np.cumprod(1 - hazard, -1), at_risk > 0


def _over(above: np.ndarray, below: np.ndarray, known: np.ndarray) -> np.ndarray:
    return np.where(known, above / np.where(known, below, 1), 0.0)
