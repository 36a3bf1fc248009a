"""Kernels across instruments: the mean of all others as a benchmark, and betas shrunk towards their mean.

They keep nothing, and sum in the order of the instruments.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

from tickwright.core.kernel import inline
from tickwright.core.layout import F8, I8
from tickwright.factors.beta.window import GAP, INSUFFICIENT, NO_STDERR, OK, refuse
from tickwright.factors.records import Absent

VALUE_ALONE = int(Absent.STDERR | Absent.R2)


@dataclass(frozen=True, slots=True)
class SectionConfig:
    """How many members a section must have at a slot; fewer give no value."""

    least: I8


@dataclass(frozen=True, slots=True)
class BlumeConfig:
    """`share` of the estimate, the rest of 1."""

    share: F8 = 2.0 / 3.0


@inline(borrow=True)
def weight_of(x: Any) -> float:
    """Of a member at a slot; nothing where it has no return over one bar."""
    if x.asset.status == OK and x.asset.span == 1 and x.weight.status == OK and x.weight.value > 0.0:
        weight: float = x.weight.value
        return weight
    return 0.0


@inline(borrow=True)
def leave_one_out(config: Any, x: Any, out: Any) -> None:
    """The weighted mean return of all others, from sums before and after each: never by subtraction.

    `x` has the ports `asset` and `weight`. `n_obs` is the number of the others; fewer than `least` are a GAP.
    """
    total, weights, members = 0.0, 0.0, 0
    for i in range(len(x)):  # sums of those before wait in the row
        row, w = out[i], weight_of(x[i])
        row.value, row.stderr, row.n_obs = total, weights, members
        total, weights, members = total + w * x[i].asset.value, weights + w, members + (w > 0.0)
    total = weights = 0.0
    members = 0
    for i in range(len(x) - 1, -1, -1):
        row, w = out[i], weight_of(x[i])
        summed, among, others = row.value + total, row.stderr + weights, row.n_obs + members
        row.n_obs = others
        row.n_missing = len(x) - 1 - others
        row.stderr = 0.0
        if others >= config.least and among > 0.0:
            row.value = summed / among
            row.absent = VALUE_ALONE
            row.status = OK
        else:
            refuse(row, GAP)
        total, weights, members = total + w * x[i].asset.value, weights + w, members + (w > 0.0)


@inline(borrow=True)
def _copy(x: Any, out: Any) -> None:
    """All of an estimate but its figures."""
    out.n_obs, out.n_missing, out.span = x.beta.n_obs, x.beta.n_missing, x.beta.span
    out.status, out.absent = x.beta.status, x.beta.absent


@inline(borrow=True)
def blume(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """1/3 + 2/3 of the port `beta`. Source: Blume, "On the assessment of risk", 1971."""
    _copy(x, out)
    if x.beta.status == OK:
        out.value = 1.0 - config.share + config.share * x.beta.value
        out.stderr = config.share * x.beta.stderr
        out.r2 = x.beta.r2


@inline(borrow=True)
def vasicek(config: Any, x: Any, out: Any) -> None:
    """w b + (1 − w) b̄ with w = τ² / (τ² + se²), τ² = max(0, variance of b − mean of se²), by the port `beta`.

    The spread of estimates is not that of betas: what estimation adds to it is taken off. The standard error is that
    of the posterior, √w se. Source: Vasicek, "A note on using cross-sectional information in Bayesian estimation of
    security betas", 1973.
    """
    n, mean, noise, spread = 0, 0.0, 0.0, 0.0
    for i in range(len(x)):
        if x[i].beta.status == OK and not (x[i].beta.absent & NO_STDERR):
            n += 1
            mean += x[i].beta.value
            noise += x[i].beta.stderr * x[i].beta.stderr
    if n > 1:
        mean, noise = mean / n, noise / n
        for i in range(len(x)):
            if x[i].beta.status == OK and not (x[i].beta.absent & NO_STDERR):
                spread += (x[i].beta.value - mean) * (x[i].beta.value - mean)
        spread = max(spread / (n - 1.0) - noise, 0.0)
    for i in range(len(x)):
        row, beta = out[i], x[i].beta
        _copy(x[i], row)
        if beta.status == OK and (n < config.least or beta.absent & NO_STDERR):
            refuse(row, INSUFFICIENT)
        elif beta.status == OK:
            own = beta.stderr * beta.stderr
            w = spread / (spread + own) if spread + own > 0.0 else 1.0
            row.value = w * beta.value + (1.0 - w) * mean
            row.stderr = sqrt(w) * beta.stderr
            row.r2 = beta.r2
