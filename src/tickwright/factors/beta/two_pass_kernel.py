"""Market beta over the last W slots by two passes over a ring: exact, slow, and the oracle of `ols_kernel`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tickwright.core.kernel import inline
from tickwright.core.layout import I8
from tickwright.factors.beta.window import WindowConfig, clipped, fit, judged, missing_market, paired

PAIR = 3
"""Numbers of a stored slot: x, y, weight."""


@dataclass(frozen=True, slots=True)
class RingState:
    """How long the market is missing; the ring needs no place of its own: it follows from the slot."""

    stale: I8


def ring_of(config: WindowConfig) -> int:
    """Numbers in the ring."""
    return config.window * PAIR


@inline(borrow=True)
def push(config: Any, ring: Any, x: Any) -> None:
    """Put the pair of a slot in its place, which the slot W before it leaves."""
    at = (x.slot % config.window) * PAIR
    weight = 1.0 if paired(x) else 0.0
    ring[at] = clipped(x.market.value, config.winsor) if weight > 0.0 else 0.0
    ring[at + 1] = clipped(x.asset.value, config.winsor) if weight > 0.0 else 0.0
    ring[at + 2] = weight


@inline(borrow=True)
def count(config: Any, ring: Any, slot: int, out: Any) -> tuple[int, int]:
    """(pairs, moves of the market) in the window; sets the counts of the row."""
    n = nonzero = span = 0
    for age in range(config.window):
        at = ((slot - age) % config.window) * PAIR
        if ring[at + 2] > 0.0:
            n += 1
            nonzero += ring[at] != 0.0
            span = age + 1
    out.n_obs = n
    out.n_missing = config.window - n
    out.span = span
    return n, nonzero


@inline(borrow=True)
def update(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """As `ols_kernel.update`: means in one pass, moments about them in a second, from the oldest slot on."""
    push(config, ring, x)
    n, nonzero = count(config, ring, x.slot, out)
    if not judged(config, missing_market(config, state, x), x, out, n, nonzero):
        return
    mx = my = sxx = sxy = syy = 0.0
    for age in range(config.window - 1, -1, -1):
        at = ((x.slot - age) % config.window) * PAIR
        mx += ring[at]
        my += ring[at + 1]
    mx /= n
    my /= n
    for age in range(config.window - 1, -1, -1):
        at = ((x.slot - age) % config.window) * PAIR
        if ring[at + 2] > 0.0:
            dx, dy = ring[at] - mx, ring[at + 1] - my
            sxx += dx * dx
            sxy += dx * dy
            syy += dy * dy
    fit(config, out, n, mx, my, sxx, sxy, syy, n)
