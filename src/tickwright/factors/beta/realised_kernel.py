"""Realised beta of a session, from its first bar to this one: Σ rᵢ rₘ / Σ rₘ², and a version that jumps do not move.

The standard error is that of Barndorff-Nielsen and Shephard, "Econometric analysis of realised covariation", 2004:
√(Σ xⱼ² − Σ xⱼ xⱼ₊₁) / Σ rₘ² with xⱼ = rᵢ rₘ − β rₘ². The bipower version puts (π/2) Σ |uₜ| |uₜ₋₁| in the place of
Σ uₜ², of rᵢ + rₘ, rᵢ − rₘ and rₘ; it has neither a standard error nor an R².
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt
from typing import Any

from tickwright.core.kernel import inline
from tickwright.core.layout import F8, I8
from tickwright.factors.beta.window import OK, ZERO_VARIANCE, clipped, judged, missing_market, paired, refuse
from tickwright.factors.records import Absent

_SLOPE_ALONE = int(Absent.STDERR | Absent.R2)


@dataclass(frozen=True, slots=True)
class SessionState:
    """Sums since the session began. a is rᵢ rₘ and c rₘ² of a bar; a `1` joins a bar and the one before."""

    session: I8
    n: I8
    nonzero: I8
    first: I8
    """The slot of the first pair."""
    stale: I8
    joined: I8
    """Whether the last bar has a pair, to join the next one to."""
    joints: I8
    """Pairs that were joined to the one before."""
    x: F8
    y: F8
    """Of the last bar."""
    xx: F8
    xy: F8
    yy: F8
    aa: F8
    ac: F8
    cc: F8
    aa1: F8
    ac1: F8
    cc1: F8
    plus: F8
    minus: F8
    alone: F8


@inline(borrow=True)
def _gather(config: Any, state: Any, x: Any, out: Any) -> None:
    """A bar into the sums; a session that begins empties them."""
    if x.session != state.session:
        state.session = x.session
        state.n = state.nonzero = state.joined = state.joints = state.first = 0
        state.xx = state.xy = state.yy = state.aa = state.ac = state.cc = 0.0
        state.aa1 = state.ac1 = state.cc1 = state.plus = state.minus = state.alone = 0.0
    if paired(x):
        m, r = clipped(x.market.value, config.winsor), clipped(x.asset.value, config.winsor)
        a, c = r * m, m * m
        if state.joined:
            a0, c0 = state.y * state.x, state.x * state.x
            state.joints += 1
            state.aa1 += a * a0
            state.ac1 += a * c0 + c * a0
            state.cc1 += c * c0
            state.plus += abs(r + m) * abs(state.y + state.x)
            state.minus += abs(r - m) * abs(state.y - state.x)
            state.alone += abs(m) * abs(state.x)
        if state.n == 0:
            state.first = x.slot
        state.n += 1
        state.nonzero += m != 0.0
        state.xx, state.xy, state.yy = state.xx + c, state.xy + a, state.yy + r * r
        state.aa, state.ac, state.cc = state.aa + a * a, state.ac + a * c, state.cc + c * c
        state.x, state.y, state.joined = m, r, 1
    else:
        state.joined = 0
    out.n_obs = state.n
    out.n_missing = max(x.place + 1 - state.n, 0)
    out.span = x.slot - state.first + 1 if state.n > 0 else 0


@inline(borrow=True)
def update(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """One bar; `x` has the ports `asset` and `market`."""
    _gather(config, state, x, out)
    if not judged(config, missing_market(config, state, x), x, out, state.n, state.nonzero):
        return
    floor = config.var_floor * state.n
    if state.xx <= floor or state.yy <= floor:
        refuse(out, ZERO_VARIANCE)
        return
    b = state.xy / state.xx
    own = state.aa - 2.0 * b * state.ac + b * b * state.cc
    next_to = state.aa1 - b * state.ac1 + b * b * state.cc1
    out.value = b
    out.stderr = sqrt(max(own - next_to, 0.0)) / state.xx
    out.r2 = min(b * state.xy / state.yy, 1.0)
    out.absent = 0
    out.status = OK


@inline(borrow=True)
def update_bipower(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """As `update`, from products of neighbours: those are what is counted, one fewer than the pairs of a whole run."""
    _gather(config, state, x, out)
    counted = min(state.n, state.joints + 1)
    if not judged(config, missing_market(config, state, x), x, out, counted, state.nonzero):
        return
    half_pi = pi / 2.0
    if half_pi * state.alone <= config.var_floor * state.n or state.yy <= config.var_floor * state.n:
        refuse(out, ZERO_VARIANCE)
        return
    out.value = (state.plus - state.minus) / (4.0 * state.alone)
    out.absent = _SLOPE_ALONE
    out.status = OK
