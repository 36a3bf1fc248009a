"""The configuration that all betas over a window of pairs share, and what each does alike with a pair and with sums."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

from tickwright.core.kernel import inline
from tickwright.core.layout import F8, I8
from tickwright.factors.records import NOTHING, Absent, Status

OK, GAP, STALE = int(Status.OK), int(Status.GAP), int(Status.STALE_BENCHMARK)
INSUFFICIENT, ZERO_VARIANCE, COLLINEAR = (
    int(Status.INSUFFICIENT_OBS),
    int(Status.ZERO_VARIANCE),
    int(Status.COLLINEAR),
)
NO_STDERR = int(Absent.STDERR)


@dataclass(frozen=True, slots=True)
class WindowConfig:
    """`window` slots; the guards; `winsor` bounds returns on both sides, 0 bounds nothing.

    `stale` is how many slots in a row the benchmark may be missing.
    """

    window: I8
    min_observations: I8
    min_nonzero_x: I8
    var_floor: F8
    winsor: F8
    intercept: I8
    stale: I8


@inline(borrow=True)
def clipped(value: float, bound: float) -> float:
    """A return within ±bound; as it is where the bound is 0."""
    if bound > 0.0:
        return min(max(value, -bound), bound)
    return value


@inline(borrow=True)
def paired(x: Any) -> bool:
    """Whether asset and market both have a return, over the same bars."""
    both: bool = x.asset.status == OK and x.market.status == OK and x.asset.span == x.market.span
    return both


@inline(borrow=True)
def refuse(out: Any, status: int) -> None:
    """A row without figures."""
    out.status = status
    out.absent = NOTHING


@inline(borrow=True)
def missing_market(config: Any, state: Any, x: Any) -> bool:
    """Count how long the market is missing, in `state.stale`; whether that is longer than allowed."""
    if x.market.status == OK:
        state.stale = 0
    else:
        state.stale += 1
    too_long: bool = state.stale > config.stale
    return too_long


@inline(borrow=True)
def judged(config: Any, stale: bool, x: Any, out: Any, n: float, nonzero: int) -> bool:
    """Whether a row may have a value, by what is known before any variance; the written order of the statuses."""
    if stale:
        refuse(out, STALE)
        return False
    if x.asset.status != OK:
        refuse(out, GAP)
        return False
    if n < config.min_observations:
        refuse(out, INSUFFICIENT)
        return False
    if nonzero < config.min_nonzero_x:
        refuse(out, ZERO_VARIANCE)
        return False
    return True


@inline(borrow=True)
def fit(
    config: Any, out: Any, n: float, mx: float, my: float, sxx: float, sxy: float, syy: float, effective: float
) -> None:
    """Slope, standard error and R² from the sums of `n` weights; `effective` observations set the error."""
    parameters = 2.0
    if config.intercept == 0:
        parameters = 1.0
        sxx, sxy, syy = sxx + n * mx * mx, sxy + n * mx * my, syy + n * my * my
    if sxx <= config.var_floor * n or syy <= config.var_floor * n:
        refuse(out, ZERO_VARIANCE)
        return
    slope = sxy / sxx
    residual = max(syy - slope * sxy, 0.0)
    out.value = slope
    out.stderr = sqrt(residual / ((effective - parameters) * sxx))
    out.r2 = min(slope * sxy / syy, 1.0)
    out.absent = 0
    out.status = OK
