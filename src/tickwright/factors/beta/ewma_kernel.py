"""Market beta with weights that fall by the age of a pair, over a window that ends where a weight is one millionth.

A memory without end would make a result depend on where a run began. The time constant is the window over ln(10⁶).
The standard error counts (Σw)²/Σw² observations; that of a regression with these weights would count all pairs.
"""

from __future__ import annotations

from math import exp, log
from typing import Any

from tickwright.core.kernel import inline
from tickwright.factors.beta.two_pass_kernel import PAIR, count, push
from tickwright.factors.beta.window import INSUFFICIENT, fit, judged, missing_market, refuse

LEAST_WEIGHT = 1e-6
"""Of the oldest pair; the moving average of `features` ends where it does too."""
_LOG_LEAST = log(1.0 / LEAST_WEIGHT)


@inline(borrow=True)
def update(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """One slot; `x` has the ports `asset` and `market`."""
    push(config, ring, x)
    n, nonzero = count(config, ring, x.slot, out)
    if not judged(config, missing_market(config, state, x), x, out, n, nonzero):
        return
    decay = _LOG_LEAST / config.window
    step, oldest = exp(decay), exp(-decay * (config.window - 1))
    weight = oldest
    sw = sww = mx = my = 0.0
    for age in range(config.window - 1, -1, -1):
        at = ((x.slot - age) % config.window) * PAIR
        w = weight * ring[at + 2]
        sw += w
        sww += w * w
        mx += w * ring[at]
        my += w * ring[at + 1]
        weight *= step
    mx /= sw
    my /= sw
    effective = sw * sw / sww
    if effective <= 3.0:
        refuse(out, INSUFFICIENT)
        return
    sxx = sxy = syy = 0.0
    weight = oldest
    for age in range(config.window - 1, -1, -1):
        at = ((x.slot - age) % config.window) * PAIR
        w = weight * ring[at + 2]
        dx, dy = ring[at] - mx, ring[at + 1] - my
        sxx += w * dx * dx
        sxy += w * dx * dy
        syy += w * dy * dy
        weight *= step
    fit(config, out, sw, mx, my, sxx, sxy, syy, effective)
