"""The four betas of the liquidity-adjusted capital asset pricing model, over the last W slots.

Of an asset's return r and cost c, the market's m and k, all but for what was expected: with w = m − k and D = var(w)

| beta | of | what |
|---|---|---|
| 1 | cov(r, m) / D | the market's |
| 2 | cov(c, k) / D | commonality of liquidity |
| 3 | cov(r, k) / D | return, when the market is illiquid |
| 4 | cov(c, m) / D | cost, when the market falls |
| net | 1 + 2 − 3 − 4 | |

Each is Sab/Sww, a mean of products over another; its standard error is √Σ (ab − β w²)² / Sww, which no heteroscedastic
noise misleads. There is no R². Costs are in the unit of returns. Source: Acharya and Pedersen, "Asset pricing with
liquidity risk", 2005.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

from tickwright.core.kernel import inline, kernel
from tickwright.core.layout import I8
from tickwright.factors.beta.rows_ring import RowsConfig, counted, enter, keep, keep_refusal, tell
from tickwright.factors.beta.window import OK, ZERO_VARIANCE, clipped, paired
from tickwright.factors.records import Absent

WIDE = 5
"""Numbers of a stored slot: weight, m, r, c, k."""
NET = 0
_NO_R2 = int(Absent.R2)


@dataclass(frozen=True, slots=True)
class FourConfig(RowsConfig):
    """`which` of the four, from 1; 0 is the net beta."""

    which: I8


def ring_of(config: RowsConfig) -> int:
    """Numbers in the ring."""
    return config.window * WIDE


@inline(borrow=True)
def _product(which: int, m: float, r: float, c: float, k: float) -> float:
    """Of deviations: what the wanted beta is the mean of."""
    if which == 1:
        return r * m
    if which == 2:
        return c * k
    if which == 3:
        return r * k
    if which == 4:
        return c * m
    return (r - c) * (m - k)  # rm + ck − rk − cm


@kernel(borrow=True)
def _moments(ring: Any, window: int, first: int, last: int, n: float, which: int) -> Any:
    """(Sab, Sww, Σ (ab − β w²)²) of the rows from slot `first` to `last`."""
    begin, size, whole = (first % window) * WIDE, last - first + 1, window * WIDE
    mm = mr = mc = mk = 0.0
    at = begin
    for _ in range(size):
        if ring[at] != 0.0:
            mm, mr, mc, mk = mm + ring[at + 1], mr + ring[at + 2], mc + ring[at + 3], mk + ring[at + 4]
        at = at + WIDE if at + WIDE < whole else 0
    mm, mr, mc, mk = mm / n, mr / n, mc / n, mk / n
    sab = sww = 0.0
    at = begin
    for _ in range(size):
        if ring[at] != 0.0:
            m, k = ring[at + 1] - mm, ring[at + 4] - mk
            sab += _product(which, m, ring[at + 2] - mr, ring[at + 3] - mc, k)
            sww += (m - k) * (m - k)
        at = at + WIDE if at + WIDE < whole else 0
    b = sab / sww if sww > 0.0 else 0.0
    noise = 0.0
    at = begin
    for _ in range(size):
        if ring[at] != 0.0:
            m, k = ring[at + 1] - mm, ring[at + 4] - mk
            e = _product(which, m, ring[at + 2] - mr, ring[at + 3] - mc, k) - b * (m - k) * (m - k)
            noise += e * e
        at = at + WIDE if at + WIDE < whole else 0
    return sab, sww, noise


@inline(borrow=True)
def update(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """One slot; `x` has the ports `asset`, `market`, `cost` and `other`, the market's cost, all over one bar."""
    costs = x.cost.status == OK and x.other.status == OK
    there = paired(x) and costs and x.asset.span == x.cost.span == x.other.span
    at = enter(state, ring, config.window, WIDE, x.slot, there, clipped(x.market.value, config.winsor))
    ring[at + 1] = clipped(x.asset.value, config.winsor) if there else 0.0
    ring[at + 2] = x.cost.value if there else 0.0
    ring[at + 3] = x.other.value if there else 0.0
    if counted(config, state, x, x.other.status == OK, out):
        if state.changed:
            n = float(state.held)
            sab, sww, noise = _moments(ring, config.window, state.first, x.slot, n, config.which)
            if sww <= config.var_floor * n:
                keep_refusal(state, ZERO_VARIANCE)
            else:
                keep(state, sab / sww, sqrt(noise) / sww, 0.0, _NO_R2)
        tell(state, out)
