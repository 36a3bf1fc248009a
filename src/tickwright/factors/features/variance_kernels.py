"""Variances over the last W bars: each one pass or two over a ring, so that nothing drifts and no old bar counts."""

from __future__ import annotations

from math import log, pi, sqrt
from typing import Any

from tickwright.core.kernel import inline
from tickwright.factors.features.window_rows import INSUFFICIENT, OK, PAIR, judged, put
from tickwright.factors.records import NOTHING, Absent

_NO_R2 = int(Absent.R2)


@inline(borrow=True)
def deviation(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """Standard deviation about the mean of the window, by n − 1; its error as of normal numbers, σ/√(2(n − 1))."""
    put(config, ring, x)
    if judged(config, ring, x.slot, PAIR, x.x.status == OK, out):
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
    put(config, ring, x)
    if judged(config, ring, x.slot, PAIR, x.x.status == OK, out):
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
    put(config, ring, x)
    if judged(config, ring, x.slot, PAIR, x.x.status == OK, out):
        total, joined = 0.0, 0
        for age in range(config.window - 2, -1, -1):
            now, before = PAIR * ((x.slot - age) % config.window), PAIR * ((x.slot - age - 1) % config.window)
            if ring[now + 1] > 0.0 and ring[before + 1] > 0.0:
                total += abs(ring[now]) * abs(ring[before])
                joined += 1
        if joined < max(config.min_observations - 1, 1):
            out.status, out.absent = INSUFFICIENT, NOTHING
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
    there = x.x.status == OK and x.x.value > 0.0
    ring[at] = log(x.x.value) if there else 0.0
    ring[at + 1] = 1.0 if there else 0.0
    if judged(config, ring, x.slot, PAIR, there, out):
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
