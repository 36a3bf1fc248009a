"""The impact of a day's metaorders as the square-root law has it, and the scale of FP's memories that gives it.

No public day tells whose order is whose, so that the scale of impact is not identified by it. It is taken from
I = Y σ √(φ T): φ the participation, T the length in market orders, σ² the variance of the mid a market order, Y a
number that the literature puts at .5 to 1 (Tóth et al., "Anomalous price impact and the critical nature of liquidity in
financial markets", Physical Review X 1, 2011). FP's own impact at the end of such a metaorder is, without simulation,
Σ_r a w_r h(N_r), N_r = u τ_r (1 − e^{−T/τ_r}), u = φ / (1 − φ) typical sizes a market order.
"""

from __future__ import annotations

import math

import numpy as np

from tickwright.venue.sim.reactive.parameters import Numbers

Y = 0.7
PARTICIPATIONS = (0.05, 0.1, 0.2)
LENGTHS = (100, 300, 1_000)


def law_impact(participation: float, length: float, weights: Numbers, memory: Numbers, n0: float) -> float:
    """FP's impact at the end of a metaorder for a = 1, ticks."""
    u = participation / (1.0 - participation)
    total = 0.0
    for weight, tau in zip(weights, memory, strict=True):
        n = u * tau * (1.0 - math.exp(-length / tau))
        total += weight * n / math.sqrt(n + n0)
    return total


def impact_scale(sigma: float, weights: Numbers, memory: Numbers, n0: float, y: float = Y) -> float:
    """FP's a for which impact is Y σ √(φ T) in the geometric mean over `PARTICIPATIONS` and `LENGTHS`. σ in ticks."""
    ratios = [
        math.log(y * sigma * math.sqrt(share * length) / law_impact(share, length, weights, memory, n0))
        for share in PARTICIPATIONS
        for length in LENGTHS
    ]
    return math.exp(float(np.mean(ratios)))
