"""Beta of ticks over the last W slots: covariance of overlapping intervals over variance of the market, both summed.

β = Σ cₖ / Σ vₖ over the slots that have both. The standard error is that of a ratio of sums over slots,
√(m/(m−1) Σ (cₖ − β vₖ)²) / Σ vₖ: it holds whatever noise and whatever times of ticks made the cₖ, and asks that slots
err independently of each other. R² is (Σ cₖ)² over both variances; absent where that of the asset lacks a slot.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

from tickwright.core.kernel import inline
from tickwright.core.layout import F8, I8
from tickwright.factors.beta.window import GAP, INSUFFICIENT, OK, STALE, ZERO_VARIANCE, refuse
from tickwright.factors.records import Absent

_R2, _STDERR = int(Absent.R2), int(Absent.STDERR)
_KEPT = 7
"""Numbers of a slot: 1 where it counts, its session, c, pairs, v of the market, v of the asset, 1 where that is there.
"""


@dataclass(frozen=True, slots=True)
class TickWindow:
    """`window` slots, of this session and the `sessions` − 1 before it; the guards. `stale` as in `WindowConfig`."""

    window: I8
    sessions: I8
    min_pairs: I8
    var_floor: F8
    stale: I8


@dataclass(frozen=True, slots=True)
class TickState:
    """How long the market is missing."""

    stale: I8


def ring_of(config: TickWindow) -> int:
    """Numbers in the ring."""
    return config.window * _KEPT


def lookback(config: TickWindow) -> int:
    """A row depends on the slots of its window."""
    return config.window


@inline(borrow=True)
def update(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """One slot; `x` has the ports `cross`, `pairs`, `market` and `asset`."""
    there = x.cross.status == OK and x.market.status == OK
    at = (x.slot % config.window) * _KEPT
    ring[at] = 1.0 if there else 0.0
    ring[at + 1] = x.session
    ring[at + 2], ring[at + 3], ring[at + 4] = x.cross.value, x.pairs.value, x.market.value
    ring[at + 5], ring[at + 6] = x.asset.value, 1.0 if x.asset.status == OK else 0.0
    state.stale = 0 if x.market.status == OK else state.stale + 1
    m = span = 0
    pairs = cross = market = asset = 0.0
    whole = True
    for age in range(config.window - 1, -1, -1):
        at = ((x.slot - age) % config.window) * _KEPT
        if ring[at] > 0.0 and ring[at + 1] > x.session - config.sessions:
            m += 1
            span = max(span, age + 1)
            cross, pairs, market = cross + ring[at + 2], pairs + ring[at + 3], market + ring[at + 4]
            asset += ring[at + 5]
            whole = whole and ring[at + 6] > 0.0
    out.n_obs, out.n_missing, out.span = int(pairs), config.window - m, span
    if state.stale > config.stale:
        refuse(out, STALE)
        return
    # Where the market was silent for no longer than it may be, the asset had nothing to meet.
    if x.cross.status != OK and x.market.status == OK:
        refuse(out, GAP)
        return
    if m == 0 or pairs < config.min_pairs:
        refuse(out, INSUFFICIENT)
        return
    if market <= config.var_floor * m:
        refuse(out, ZERO_VARIANCE)
        return
    beta = cross / market
    out.value = beta
    out.absent = 0
    out.status = OK
    if whole and asset > config.var_floor * m:
        out.r2 = min(beta * cross / asset, 1.0)
    else:
        out.absent = _R2
    if m < 2:
        out.absent = out.absent | _STDERR
        return
    error = 0.0
    for age in range(config.window - 1, -1, -1):
        at = ((x.slot - age) % config.window) * _KEPT
        if ring[at] > 0.0 and ring[at + 1] > x.session - config.sessions:
            missed = ring[at + 2] - beta * ring[at + 4]
            error += missed * missed
    out.stderr = sqrt(m / (m - 1.0) * error) / market
