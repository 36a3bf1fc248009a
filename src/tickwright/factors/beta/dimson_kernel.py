"""Beta of an asset that follows late: the sum of the coefficients on the market and its last K returns.

Source: Dimson, "Risk measurement when shares are subject to infrequent trading", 1979; lags alone, since a lead would
look ahead. The normal equations about the means are solved by Cholesky; a pivot below 1e-8 of its diagonal is
COLLINEAR.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

from tickwright.core.kernel import inline, kernel
from tickwright.factors.beta.lagged import MOST_LAGS, SLOT, LaggedConfig, asset, market, put, whole
from tickwright.factors.beta.window import COLLINEAR, INSUFFICIENT, OK, ZERO_VARIANCE, judged, missing_market, refuse

_WIDE = MOST_LAGS + 1
_SCRATCH = _WIDE * (_WIDE + 4)
"""Means, the matrix, its right side, two solutions."""
_LEAST_PIVOT = 1e-8


def ring_of(config: LaggedConfig) -> int:
    """Numbers in the ring: slots, and room to solve in."""
    return (config.window + config.lags) * SLOT + _SCRATCH


def lookback(config: LaggedConfig) -> int:
    """The window, and the lags of its oldest slot."""
    return config.window + config.lags


@kernel(borrow=True)
def _decompose(ring: Any, matrix: int, k: int) -> bool:
    """Cholesky in place of the lower triangle; False where the columns cannot be told apart."""
    for j in range(k):
        diagonal = ring[matrix + j * _WIDE + j]
        pivot = diagonal
        for m in range(j):
            pivot -= ring[matrix + j * _WIDE + m] ** 2
        if pivot <= _LEAST_PIVOT * diagonal:
            return False
        root = sqrt(pivot)
        ring[matrix + j * _WIDE + j] = root
        for i in range(j + 1, k):
            value = ring[matrix + i * _WIDE + j]
            for m in range(j):
                value -= ring[matrix + i * _WIDE + m] * ring[matrix + j * _WIDE + m]
            ring[matrix + i * _WIDE + j] = value / root
    return True


@kernel(borrow=True)
def _solve(ring: Any, matrix: int, k: int, at: int) -> None:
    """The solution in place of the right side at `at`."""
    for i in range(k):
        for m in range(i):
            ring[at + i] -= ring[matrix + i * _WIDE + m] * ring[at + m]
        ring[at + i] /= ring[matrix + i * _WIDE + i]
    for i in range(k - 1, -1, -1):
        for m in range(i + 1, k):
            ring[at + i] -= ring[matrix + m * _WIDE + i] * ring[at + m]
        ring[at + i] /= ring[matrix + i * _WIDE + i]


@inline(borrow=True)
def update(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """One slot; `x` has the ports `asset` and `market`."""
    window, k = config.window, config.lags + 1
    size = window + config.lags
    put(config, ring, size, x)
    mean = size * SLOT
    matrix, right, beta, ones = mean + _WIDE, mean + _WIDE * (_WIDE + 1), mean + _WIDE * (_WIDE + 2), 0
    ones = beta + _WIDE
    for i in range(_SCRATCH):
        ring[mean + i] = 0.0
    n = nonzero = span = 0
    my = 0.0
    for age in range(window - 1, -1, -1):
        slot = x.slot - age
        if whole(ring, size, slot, config.lags, 0):
            n += 1
            nonzero += market(ring, size, slot) != 0.0
            span = max(span, age + 1)
            my += asset(ring, size, slot)
            for j in range(k):
                ring[mean + j] += market(ring, size, slot - j)
    out.n_obs, out.n_missing, out.span = n, window - n, span
    if not judged(config, missing_market(config, state, x), x, out, n, nonzero):
        return
    free = n - k - config.intercept
    if free < 1:
        refuse(out, INSUFFICIENT)
        return
    my = my / n if config.intercept else 0.0
    for j in range(k):
        ring[mean + j] = ring[mean + j] / n if config.intercept else 0.0
    syy = 0.0
    for age in range(window - 1, -1, -1):
        slot = x.slot - age
        if whole(ring, size, slot, config.lags, 0):
            dy = asset(ring, size, slot) - my
            syy += dy * dy
            for i in range(k):
                di = market(ring, size, slot - i) - ring[mean + i]
                ring[right + i] += di * dy
                for j in range(i + 1):
                    ring[matrix + i * _WIDE + j] += di * (market(ring, size, slot - j) - ring[mean + j])
    if ring[matrix] <= config.var_floor * n or syy <= config.var_floor * n:
        refuse(out, ZERO_VARIANCE)
        return
    for i in range(k):
        ring[beta + i] = ring[right + i]
        ring[ones + i] = 1.0
    if not _decompose(ring, matrix, k):
        refuse(out, COLLINEAR)
        return
    _solve(ring, matrix, k, beta)
    _solve(ring, matrix, k, ones)
    total = explained = spread = 0.0
    for i in range(k):
        total += ring[beta + i]
        explained += ring[beta + i] * ring[right + i]
        spread += ring[ones + i]
    residual = max(syy - explained, 0.0)
    out.value = total
    out.stderr = sqrt(residual / free * spread)
    out.r2 = min(max(explained / syy, 0.0), 1.0)
    out.absent = 0
    out.status = OK
