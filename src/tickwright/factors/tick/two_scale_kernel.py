"""Variance of a series of ticks without the noise of its prices, slot by slot, on two scales.

Source: Zhang, Mykland and Aït-Sahalia, "A tale of two time scales", JASA 2005. The square of an increment over one tick
is on average v + 2η², over K ticks K v + 2η², with v the variance of the price over a tick and η² that of the noise. So

    v = (mean over K ticks − mean over one tick) / (K − 1)

and the variance of a slot is v times its ticks; this form counts what the ends of a slot lack. Increments begin in
the same slot or the slot before, in the same session, as those of `overlap_kernel`. `features.window_kernels.two_scale`
is the variance of a window of bars by the same source, in the form of its small-sample correction.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Any

from tickwright.core.kernel import inline, kernel
from tickwright.core.layout import F8, I8
from tickwright.factors.tick.overlap_kernel import follows

LOOKBACK = 2
"""Slots that a variance depends on."""
KEPT = 2
"""Numbers of a tick in the ring: log price and slot."""


@dataclass(frozen=True, slots=True)
class TwoScale:
    """The variance of one slot."""

    slot: I8
    ts_available: I8
    variance: F8
    there: I8
    """0 where too few ticks have another K ticks before them."""


@dataclass(frozen=True, slots=True)
class TwoScaleState:
    """The slot that is open, the last tick, and the sums of squares on both scales."""

    open: I8
    slot: I8
    ts_available: I8
    known: I8
    slot_before: I8
    session_before: I8
    run: I8
    """Ticks in a row that count, and with them their logs in the ring."""
    at: I8
    """Where in the ring the last one is."""
    last: F8
    fast: F8
    slow: F8
    fast_n: I8
    slow_n: I8


@inline(borrow=True)
def _tell(state: Any, scale: int, out: Any) -> None:
    out.slot = state.slot
    out.ts_available = state.ts_available
    out.variance, out.there = 0.0, 0
    # Half of the ticks at least: a variance of one or two increments would be noise.
    if state.slow_n > 0 and 2 * state.slow_n >= state.fast_n:
        mean_fast, mean_slow = state.fast / state.fast_n, state.slow / state.slow_n
        out.variance, out.there = state.fast_n * (mean_slow - mean_fast) / (scale - 1), 1
    state.open = 0


@kernel(borrow=True)
def take(scale: int, states: Any, rings: Any, k: int, ticks: Any, out: Any) -> int:
    """TICK rows of series `k` at rising times → TWO_SCALE rows of the slots that end; how many.

    `rings` is (series, (scale + 1) KEPT).
    """
    state, ring = states[k], rings[k]
    size = scale + 1
    told = 0
    for i in range(len(ticks)):
        tick = ticks[i]
        if state.open and tick.slot != state.slot:
            _tell(state, scale, out[told])
            told += 1
        if not state.open:
            state.open, state.slot, state.ts_available = 1, tick.slot, 0
            state.fast = state.slow = 0.0
            state.fast_n = state.slow_n = 0
        level = log(tick.price)
        if follows(state.known, state.slot_before, state.session_before, tick):
            state.fast += (level - state.last) * (level - state.last)
            state.fast_n += 1
            state.run += 1
        else:
            state.run = 0
        state.at = (state.at + 1) % size
        ring[state.at * KEPT] = level
        ring[state.at * KEPT + 1] = tick.slot
        if state.run >= scale:
            begin = (state.at + 1) % size
            if tick.slot - ring[begin * KEPT + 1] <= 1.0:
                moved = level - ring[begin * KEPT]
                state.slow += moved * moved
                state.slow_n += 1
        state.known, state.last = 1, level
        state.slot_before, state.session_before = tick.slot, tick.session
        state.ts_available = max(state.ts_available, tick.ts_available)
    return told


@kernel(borrow=True)
def close(scale: int, states: Any, k: int, out: Any) -> int:
    """End the open slot of series `k`: 1 row, or none."""
    state = states[k]
    if state.open:
        _tell(state, scale, out[0])
        return 1
    return 0
