"""Means, trends and shares over the last W bars: each one pass or two over a ring, so that nothing drifts.

A row has the status that `window_rows.judged` gives it. Variances are in `variance_kernels`.
"""

from __future__ import annotations

from math import exp, log
from typing import Any

from tickwright.core.kernel import inline
from tickwright.factors.beta.ewma_kernel import LEAST_WEIGHT
from tickwright.factors.features.window_rows import GAP, INSUFFICIENT, OK, PAIR, TRIPLE, VALUE_ALONE, judged, put
from tickwright.factors.records import NOTHING, Status

_ZERO_VARIANCE = int(Status.ZERO_VARIANCE)


@inline(borrow=True)
def one_return(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """From the bar before to this one; a GAP where either has no number, or no positive one for a logarithm."""
    now, before = PAIR * (x.slot % 2), PAIR * ((x.slot - 1) % 2)
    there = x.x.status == OK and (config.log == 0 or x.x.value > 0.0)
    ring[now] = x.x.value if there else 0.0
    ring[now + 1] = 1.0 if there else 0.0
    out.status, out.absent = GAP, NOTHING
    if there and ring[before + 1] > 0.0:
        out.value = log(ring[now] / ring[before]) if config.log == 1 else ring[now] - ring[before]
        out.n_obs, out.span, out.absent, out.status = 2, 2, VALUE_ALONE, OK


@inline(borrow=True)
def mean(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """Simple moving average."""
    put(config, ring, x)
    if judged(config, ring, x.slot, PAIR, x.x.status == OK, out):
        total = 0.0
        for age in range(config.window - 1, -1, -1):
            total += ring[PAIR * ((x.slot - age) % config.window)]
        out.value = total / out.n_obs


@inline(borrow=True)
def faded_mean(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """Moving average with weights that fall with age to LEAST_WEIGHT at the end of the window."""
    put(config, ring, x)
    if judged(config, ring, x.slot, PAIR, x.x.status == OK, out):
        total = weights = 0.0
        for age in range(config.window - 1, -1, -1):
            at = PAIR * ((x.slot - age) % config.window)
            weight = ring[at + 1] * exp(log(LEAST_WEIGHT) * age / config.window)
            total += weight * ring[at]
            weights += weight
        out.value = total / weights


@inline(borrow=True)
def trend(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """Slope on the number of the bar, by least squares, over the mean of the window: what x grows by."""
    put(config, ring, x)
    if judged(config, ring, x.slot, PAIR, x.x.status == OK, out):
        total = places = 0.0
        for age in range(config.window - 1, -1, -1):
            at = PAIR * ((x.slot - age) % config.window)
            total += ring[at]
            places -= age * ring[at + 1]
        my, mx = total / out.n_obs, places / out.n_obs
        sxx = sxy = 0.0
        for age in range(config.window - 1, -1, -1):
            at = PAIR * ((x.slot - age) % config.window)
            dx = (-age - mx) * ring[at + 1]
            sxx += dx * dx
            sxy += dx * (ring[at] - my)
        if my <= 0.0 or sxx <= 0.0:
            out.status, out.absent = _ZERO_VARIANCE, NOTHING
        else:
            out.value = sxy / sxx / my


@inline(borrow=True)
def _ratio(config: Any, ring: Any, x: Any, out: Any, absolute: bool) -> None:
    at = TRIPLE * (x.slot % config.window)
    there = x.part.status == OK and x.whole.status == OK
    ring[at] = x.part.value if there else 0.0
    ring[at + 1] = x.whole.value if there else 0.0
    ring[at + 2] = 1.0 if there else 0.0
    if judged(config, ring, x.slot, TRIPLE, there, out):
        above = below = 0.0
        for age in range(config.window - 1, -1, -1):
            k = TRIPLE * ((x.slot - age) % config.window)
            above += abs(ring[k]) if absolute else ring[k]
            below += ring[k + 1]
        if below <= 0.0:
            out.status, out.absent = INSUFFICIENT, NOTHING
        else:
            out.value = above / below


@inline(borrow=True)
def share(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """Σ part / Σ whole: of notional and volume the volume-weighted price."""
    _ratio(config, ring, x, out, False)


@inline(borrow=True)
def absolute_share(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """Σ |part| / Σ whole: of signed and all volume of equal buckets VPIN, Easley, López de Prado and O'Hara, 2012."""
    _ratio(config, ring, x, out, True)


@inline(borrow=True)
def amihud(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """10⁶ times the mean of |return| / money traded, over bars with trades: Amihud, J. Financial Markets 5 (2002).

    A bar without trades is left out, as a day without volume is there; a row of its own it has nonetheless.
    """
    at = PAIR * (x.slot % config.window)
    there = x.x.status == OK and x.money.status == OK
    some = there and x.money.value > 0.0
    ring[at] = abs(x.x.value) / (config.unit * x.money.value) if some else 0.0
    ring[at + 1] = 1.0 if some else 0.0
    if judged(config, ring, x.slot, PAIR, there, out):
        total = 0.0
        for age in range(config.window - 1, -1, -1):
            total += ring[PAIR * ((x.slot - age) % config.window)]
        out.value = 1e6 * total / out.n_obs


@inline(borrow=True)
def time_of_day(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """The part of the session that is over when the slot is, from above 0 to 1; `bars`: slots of this very session."""
    out.status, out.absent = GAP, NOTHING
    if x.bars.status == OK:
        out.value, out.status, out.absent = (x.place + 1) / x.bars.value, OK, VALUE_ALONE
        out.n_obs = out.span = 1


@inline(borrow=True)
def column(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """A column of bars as it stands, with the status that it has: of the book at the bar's end, `empty_side` too."""
    out.status, out.absent, out.n_missing = x.x.status, NOTHING, 1
    if x.x.status == OK:
        out.value, out.absent = x.x.value, VALUE_ALONE
        out.n_obs, out.n_missing, out.span = 1, 0, 1
