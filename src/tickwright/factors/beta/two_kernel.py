"""Two regressors over the last W slots, y = a + bₘ m + b z: the one kernel of the betas beside the market's.

By the theorem of Frisch, Waugh and Lovell the second regressor is first made orthogonal to the market in the window,
u = z − z̄ − g (m − m̄). Then β = Smy/Smm, the slope without z, and b = Suy/Suu are uncorrelated, and every coefficient
is p β + q b with the variance s² (p²/Smm + q²/Suu). Sums are about means, each a pass of its own over the ring.

Where 1 − R²(z|m) = Suu/Szz is below `tolerance`, the two cannot be told apart: COLLINEAR.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

from tickwright.core.kernel import inline, kernel
from tickwright.core.layout import F8, I8
from tickwright.factors.beta.rows_ring import RowsConfig, counted, enter, keep, keep_refusal, tell
from tickwright.factors.beta.window import COLLINEAR, INSUFFICIENT, OK, ZERO_VARIANCE, clipped, paired

WIDE = 4
"""Numbers of a stored slot: weight, m, z, y."""
OTHER, MARKET, INTERCEPT, SUM = 0, 1, 2, 3
"""Which coefficient is the value: of z, of m, a, or the first two together."""


@dataclass(frozen=True, slots=True)
class TwoConfig(RowsConfig):
    """`coefficient` is the value; with `orthogonal` m and a are those of the regression on m and u."""

    coefficient: I8
    orthogonal: I8
    tolerance: F8


def ring_of(config: RowsConfig) -> int:
    """Numbers in the ring."""
    return config.window * WIDE


@kernel(borrow=True)
def solve(
    ring: Any, window: int, first: int, last: int, n: float, intercept: int, floor: float, tolerance: float
) -> Any:
    """(status, m̄, z̄, ȳ, Smm, Suu, g, β, b, SSR, Syy) of the rows from slot `first` to `last`, `n` of them."""
    begin, size, whole = (first % window) * WIDE, last - first + 1, window * WIDE
    mm = mz = my = 0.0
    if intercept:
        at = begin
        for _ in range(size):
            if ring[at] != 0.0:
                mm, mz, my = mm + ring[at + 1], mz + ring[at + 2], my + ring[at + 3]
            at = at + WIDE if at + WIDE < whole else 0
        mm, mz, my = mm / n, mz / n, my / n
    smm = smz = smy = szz = syy = 0.0
    at = begin
    for _ in range(size):
        if ring[at] != 0.0:
            m, z, y = ring[at + 1] - mm, ring[at + 2] - mz, ring[at + 3] - my
            smm, smz, smy, szz, syy = smm + m * m, smz + m * z, smy + m * y, szz + z * z, syy + y * y
        at = at + WIDE if at + WIDE < whole else 0
    if smm <= floor * n or szz <= floor * n or syy <= floor * n:
        return ZERO_VARIANCE, mm, mz, my, smm, 0.0, 0.0, 0.0, 0.0, 0.0, syy
    g, beta = smz / smm, smy / smm
    suu = suy = 0.0
    at = begin
    for _ in range(size):
        if ring[at] != 0.0:
            m, y = ring[at + 1] - mm, ring[at + 3] - my
            u = ring[at + 2] - mz - g * m
            suu, suy = suu + u * u, suy + u * (y - beta * m)
        at = at + WIDE if at + WIDE < whole else 0
    if not suu > tolerance * szz:
        return COLLINEAR, mm, mz, my, smm, suu, g, beta, 0.0, 0.0, syy
    b = suy / suu
    residual = 0.0
    at = begin
    for _ in range(size):
        if ring[at] != 0.0:
            m = ring[at + 1] - mm
            e = ring[at + 3] - my - beta * m - b * (ring[at + 2] - mz - g * m)
            residual += e * e
        at = at + WIDE if at + WIDE < whole else 0
    return OK, mm, mz, my, smm, suu, g, beta, b, residual, syy


@inline(borrow=True)
def _fit(config: Any, state: Any, ring: Any, slot: int) -> None:
    """The wanted coefficient of the window, into what is kept."""
    n = float(state.held)
    free = n - 2.0 - config.intercept
    if free < 1.0:
        keep_refusal(state, INSUFFICIENT)
        return
    status, mm, mz, my, smm, suu, g, beta, b, residual, syy = solve(
        ring, config.window, state.first, slot, n, config.intercept, config.var_floor, config.tolerance
    )
    if status != OK:
        keep_refusal(state, status)
        return
    p, q, constant, share = 0.0, 1.0, 0.0, 0.0  # of OTHER: b alone
    if config.coefficient == MARKET:
        p, q = 1.0, 0.0 if config.orthogonal else -g
    elif config.coefficient == SUM:
        p, q = 1.0, 1.0 - g
    elif config.coefficient == INTERCEPT:
        p, q = -mm, 0.0 if config.orthogonal else g * mm - mz
        constant, share = my, 1.0 / n
    variance = residual / free * (share + p * p / smm + q * q / suu)
    explained = max(1.0 - residual / syy, 0.0)
    keep(state, constant + p * beta + q * b, sqrt(variance), explained, 0)


@inline(borrow=True)
def update(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """One slot; `x` has the ports `asset`, `market` and `other`, all over the same bars."""
    there = paired(x) and x.other.status == OK and x.other.span == x.asset.span
    at = enter(state, ring, config.window, WIDE, x.slot, there, clipped(x.market.value, config.winsor))
    ring[at + 1] = x.other.value if there else 0.0
    ring[at + 2] = clipped(x.asset.value, config.winsor) if there else 0.0
    if counted(config, state, x, x.other.status == OK, out):
        if state.changed:
            _fit(config, state, ring, x.slot)
        tell(state, out)
