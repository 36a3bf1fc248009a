"""Features over the last W bars: each one pass or two over a ring, so that nothing drifts and old bars leave no trace.

A bar that is missing keeps its place and counts in `n_missing`. Where the bar itself has no number the row is a GAP,
where too few of the window have one, INSUFFICIENT_OBS.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, pi, sqrt
from typing import Any

from tickwright.core.kernel import inline
from tickwright.core.layout import F8, I8
from tickwright.factors.beta.ewma_kernel import LEAST_WEIGHT
from tickwright.factors.records import NOTHING, Absent, Status

_OK, _GAP = int(Status.OK), int(Status.GAP)
_INSUFFICIENT, _ZERO_VARIANCE = int(Status.INSUFFICIENT_OBS), int(Status.ZERO_VARIANCE)
_VALUE_ALONE, _NO_R2 = int(Absent.STDERR | Absent.R2), int(Absent.R2)
PAIR, TRIPLE = 2, 3
"""Numbers of a stored bar: one or two, and 1 where they are there."""


@dataclass(frozen=True, slots=True)
class SpanConfig:
    """`window` bars, of which `min_observations` must have a number."""

    window: I8
    min_observations: I8


@dataclass(frozen=True, slots=True)
class TwoScaleConfig:
    """As SpanConfig; `scale`: every so-manieth price makes one of the slow grids, from 2 on."""

    window: I8
    min_observations: I8
    scale: I8


@dataclass(frozen=True, slots=True)
class AmihudConfig:
    """As SpanConfig; `unit`: money of one tick × lot."""

    window: I8
    min_observations: I8
    unit: F8


@dataclass(frozen=True, slots=True)
class ReturnConfig:
    """`log`: 1 for ln(x / before), 0 for the difference, in ticks."""

    log: I8


@dataclass(frozen=True, slots=True)
class NoConfig:
    """Of a kernel that has nothing to be told."""


@inline(borrow=True)
def _put(config: Any, ring: Any, x: Any) -> None:
    at = PAIR * (x.slot % config.window)
    there = x.x.status == _OK
    ring[at] = x.x.value if there else 0.0
    ring[at + 1] = 1.0 if there else 0.0


@inline(borrow=True)
def _judged(config: Any, ring: Any, slot: int, wide: int, there: bool, out: Any) -> bool:
    """Count the window; whether the row may have a value."""
    n = span = 0
    for age in range(config.window):
        if ring[wide * ((slot - age) % config.window) + wide - 1] > 0.0:
            n += 1
            span = age + 1
    out.n_obs, out.n_missing, out.span = n, config.window - n, span
    out.absent, out.status = NOTHING, _OK
    if not there:
        out.status = _GAP
    elif n < config.min_observations:
        out.status = _INSUFFICIENT
    else:
        out.absent = _VALUE_ALONE
        return True
    return False


@inline(borrow=True)
def one_return(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """From the bar before to this one; a GAP where either has no number, or no positive one for a logarithm."""
    now, before = PAIR * (x.slot % 2), PAIR * ((x.slot - 1) % 2)
    there = x.x.status == _OK and (config.log == 0 or x.x.value > 0.0)
    ring[now] = x.x.value if there else 0.0
    ring[now + 1] = 1.0 if there else 0.0
    out.status, out.absent = _GAP, NOTHING
    if there and ring[before + 1] > 0.0:
        out.value = log(ring[now] / ring[before]) if config.log == 1 else ring[now] - ring[before]
        out.n_obs, out.span, out.absent, out.status = 2, 2, _VALUE_ALONE, _OK


@inline(borrow=True)
def mean(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """Simple moving average."""
    _put(config, ring, x)
    if _judged(config, ring, x.slot, PAIR, x.x.status == _OK, out):
        total = 0.0
        for age in range(config.window - 1, -1, -1):
            total += ring[PAIR * ((x.slot - age) % config.window)]
        out.value = total / out.n_obs


@inline(borrow=True)
def faded_mean(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """Moving average with weights that fall with age to LEAST_WEIGHT at the end of the window."""
    _put(config, ring, x)
    if _judged(config, ring, x.slot, PAIR, x.x.status == _OK, out):
        total = weights = 0.0
        for age in range(config.window - 1, -1, -1):
            at = PAIR * ((x.slot - age) % config.window)
            weight = ring[at + 1] * exp(log(LEAST_WEIGHT) * age / config.window)
            total += weight * ring[at]
            weights += weight
        out.value = total / weights


@inline(borrow=True)
def deviation(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """Standard deviation about the mean of the window, by n − 1; its error as of normal numbers, σ/√(2(n − 1))."""
    _put(config, ring, x)
    if _judged(config, ring, x.slot, PAIR, x.x.status == _OK, out):
        total = squares = 0.0
        for age in range(config.window - 1, -1, -1):
            total += ring[PAIR * ((x.slot - age) % config.window)]
        middle = total / out.n_obs
        for age in range(config.window - 1, -1, -1):
            at = PAIR * ((x.slot - age) % config.window)
            squares += ring[at + 1] * (ring[at] - middle) * (ring[at] - middle)
        out.value = sqrt(squares / (out.n_obs - 1))
        out.stderr, out.absent = out.value / sqrt(2.0 * (out.n_obs - 1)), _NO_R2


@inline(borrow=True)
def realised(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """Realised variance: Σ r² of the window, scaled up to its length where returns are missing."""
    _put(config, ring, x)
    if _judged(config, ring, x.slot, PAIR, x.x.status == _OK, out):
        total = 0.0
        for age in range(config.window - 1, -1, -1):
            r = ring[PAIR * ((x.slot - age) % config.window)]
            total += r * r
        out.value = total * (config.window / out.n_obs)


@inline(borrow=True)
def bipower(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """(π/2) Σ |rₜ||rₜ₋₁| over neighbours, which a jump hardly moves: Barndorff-Nielsen and Shephard, 2004.

    One return that is missing parts two pairs of neighbours. Those that are left are scaled up to all of the window;
    they are too few where they are fewer than the least returns have.
    """
    _put(config, ring, x)
    if _judged(config, ring, x.slot, PAIR, x.x.status == _OK, out):
        total, joined = 0.0, 0
        for age in range(config.window - 2, -1, -1):
            now, before = PAIR * ((x.slot - age) % config.window), PAIR * ((x.slot - age - 1) % config.window)
            if ring[now + 1] > 0.0 and ring[before + 1] > 0.0:
                total += abs(ring[now]) * abs(ring[before])
                joined += 1
        if joined < max(config.min_observations - 1, 1):
            out.status, out.absent = _INSUFFICIENT, NOTHING
        else:
            out.value = pi / 2.0 * total * ((config.window - 1) / joined)


@inline(borrow=True)
def two_scale(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """Two-scale realised variance of prices: the mean over slow grids less the noise that the fast one shows.

    Zhang, Mykland and Aït-Sahalia, "A tale of two time scales", JASA 100 (2005), with their small-sample correction;
    prices that are missing are left out of both grids. It may be below zero. `tick.two_scale_kernel` is the same of
    ticks, slot by slot.
    """
    at = PAIR * (x.slot % config.window)
    there = x.x.status == _OK and x.x.value > 0.0
    ring[at] = log(x.x.value) if there else 0.0
    ring[at + 1] = 1.0 if there else 0.0
    if _judged(config, ring, x.slot, PAIR, there, out):
        # The place of the price `scale` prices before follows at its own pace.
        fast = slow = last = 0.0
        seen, behind = 0, config.window - 1
        for age in range(config.window - 1, -1, -1):
            at = PAIR * ((x.slot - age) % config.window)
            if ring[at + 1] == 0.0:
                continue
            if seen > 0:
                fast += (ring[at] - last) * (ring[at] - last)
            last = ring[at]
            if seen >= config.scale:
                while ring[PAIR * ((x.slot - behind) % config.window) + 1] == 0.0:
                    behind -= 1
                move = ring[at] - ring[PAIR * ((x.slot - behind) % config.window)]
                slow += move * move
                behind -= 1
            seen += 1
        n = seen - 1
        slow_n = (n - config.scale + 1) / config.scale
        out.value = (slow / config.scale - slow_n / n * fast) / (1.0 - slow_n / n)


@inline(borrow=True)
def trend(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """Slope on the number of the bar, by least squares, over the mean of the window: what x grows by."""
    _put(config, ring, x)
    if _judged(config, ring, x.slot, PAIR, x.x.status == _OK, out):
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
    there = x.part.status == _OK and x.whole.status == _OK
    ring[at] = x.part.value if there else 0.0
    ring[at + 1] = x.whole.value if there else 0.0
    ring[at + 2] = 1.0 if there else 0.0
    if _judged(config, ring, x.slot, TRIPLE, there, out):
        above = below = 0.0
        for age in range(config.window - 1, -1, -1):
            k = TRIPLE * ((x.slot - age) % config.window)
            above += abs(ring[k]) if absolute else ring[k]
            below += ring[k + 1]
        if below <= 0.0:
            out.status, out.absent = _INSUFFICIENT, NOTHING
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
    there = x.x.status == _OK and x.money.status == _OK
    some = there and x.money.value > 0.0
    ring[at] = abs(x.x.value) / (config.unit * x.money.value) if some else 0.0
    ring[at + 1] = 1.0 if some else 0.0
    if _judged(config, ring, x.slot, PAIR, there, out):
        total = 0.0
        for age in range(config.window - 1, -1, -1):
            total += ring[PAIR * ((x.slot - age) % config.window)]
        out.value = 1e6 * total / out.n_obs


@inline(borrow=True)
def time_of_day(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """The part of the session that is over when the slot is, from above 0 to 1; `bars`: slots of this very session."""
    out.status, out.absent = _GAP, NOTHING
    if x.bars.status == _OK:
        out.value, out.status, out.absent = (x.place + 1) / x.bars.value, _OK, _VALUE_ALONE
        out.n_obs = out.span = 1
