"""Beta of an asset that trades at other moments than the market: (b₋₁ + b₀ + b₊₁) / (1 + 2ρ).

b₋₁, b₀ and b₊₁ are slopes on the market's return before, at and after the asset's, ρ the market's autocorrelation, all
over the same rows. The return after is known one slot later: the row of slot s is of the window that ends at s − 1.
The estimator is that of the instrument m₋₁ + m₀ + m₊₁, whose standard error is given. A denominator below 0.2 is
COLLINEAR; there is no R².

Source: Scholes and Williams, "Estimating betas from nonsynchronous data", 1977.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

from tickwright.core.kernel import inline
from tickwright.factors.beta.lagged import SLOT, asset, market, put, whole
from tickwright.factors.beta.window import (
    COLLINEAR,
    OK,
    ZERO_VARIANCE,
    WindowConfig,
    judged,
    missing_market,
    refuse,
)
from tickwright.factors.records import Absent

LEAST_DENOMINATOR = 0.2
_AROUND = 2
"""Slots beside the window: the market before its oldest, and after its newest."""
_NO_R2 = int(Absent.R2)


def ring_of(config: WindowConfig) -> int:
    """Numbers in the ring."""
    return lookback(config) * SLOT


def lookback(config: WindowConfig) -> int:
    """The window with the slot before it and the one after."""
    return config.window + _AROUND


@inline(borrow=True)
def update(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """One slot; `x` has the ports `asset` and `market`."""
    window = config.window
    size = window + _AROUND
    put(config, ring, size, x)
    n = nonzero = span = 0
    before = now = after = my = 0.0
    for age in range(window, 0, -1):
        slot = x.slot - age
        if whole(ring, size, slot, 1, 1):
            n += 1
            nonzero += market(ring, size, slot) != 0.0
            span = max(span, age + 1)
            before += market(ring, size, slot - 1)
            now += market(ring, size, slot)
            after += market(ring, size, slot + 1)
            my += asset(ring, size, slot)
    out.n_obs, out.n_missing, out.span = n, window - n, span
    if not judged(config, missing_market(config, state, x), x, out, n, nonzero):
        return
    before, now, after, my = before / n, now / n, after / n, my / n
    sbb = snn = saa = sby = sny = say = sbn = szz = snz = szy = syy = 0.0
    for age in range(window, 0, -1):
        slot = x.slot - age
        if whole(ring, size, slot, 1, 1):
            b, m = market(ring, size, slot - 1) - before, market(ring, size, slot) - now
            a, y = market(ring, size, slot + 1) - after, asset(ring, size, slot) - my
            z = b + m + a
            sbb, snn, saa = sbb + b * b, snn + m * m, saa + a * a
            sby, sny, say = sby + b * y, sny + m * y, say + a * y
            sbn, szz, snz, szy, syy = sbn + b * m, szz + z * z, snz + m * z, szy + z * y, syy + y * y
    if min(sbb, snn, saa) <= config.var_floor * n or syy <= config.var_floor * n:
        refuse(out, ZERO_VARIANCE)
        return
    denominator = 1.0 + 2.0 * sbn / sqrt(sbb * snn)
    if denominator < LEAST_DENOMINATOR or snz <= 0.0:
        refuse(out, COLLINEAR)
        return
    slope = szy / snz
    residual = max(syy - 2.0 * slope * sny + slope * slope * snn, 0.0)
    out.value = (sby / sbb + sny / snn + say / saa) / denominator
    out.stderr = sqrt(residual / (n - 2.0) * szz) / snz
    out.absent = _NO_R2
    out.status = OK
