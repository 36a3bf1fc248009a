"""Covariance of two series that tick at times of their own: products of increments whose intervals overlap.

Source: Hayashi and Yoshida, "On covariance estimation of non-synchronously observed diffusion processes", Bernoulli
2005: Σ ΔXᵢ ΔYⱼ 1[(tᵢ₋₁, tᵢ] and (sⱼ₋₁, sⱼ] overlap], of log prices.

The ticks of both are merged by time, once. A pair counts at the moment at which the later of its two intervals
closes: what the other series has moved since the last tick of this one is all that overlaps and is closed. So a tick
costs a few additions, whatever lies behind it, and nothing that is not over is used.

An interval begins at a tick of the same slot or of the slot before, in the same session; a longer one is left out. So
the sum of a slot depends on three slots, and on nothing before them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Any

from tickwright.core.kernel import inline, kernel
from tickwright.core.layout import F8, I8

LOOKBACK = 3
"""Slots that a sum depends on: a pair closes in this one, one interval began in the one before at the earliest, and
the other, which overlaps it, in the one before that."""
_NEVER = 1 << 62


@dataclass(frozen=True, slots=True)
class Overlap:
    """What closed in one slot."""

    slot: I8
    ts_available: I8
    """When the last of its ticks was known."""
    sum: F8
    pairs: I8


@dataclass(frozen=True, slots=True)
class OverlapState:
    """The slot that is open, and of each series its last tick and what it has moved since the last of the other."""

    open: I8
    slot: I8
    ts_available: I8
    sum: F8
    pairs: I8
    x_known: I8
    x_slot: I8
    x_session: I8
    x: F8
    y_known: I8
    y_slot: I8
    y_session: I8
    y: F8
    x_moved: F8
    y_moved: F8
    x_closed: I8
    """Intervals of x that are in `x_moved`."""
    y_closed: I8


@inline(borrow=True)
def follows(known: int, slot: int, session: int, tick: Any) -> bool:
    """Whether the interval from the last tick to this one counts."""
    near: bool = known != 0 and session == tick.session and tick.slot - slot <= 1
    return near


@inline(borrow=True)
def _tell(state: Any, out: Any) -> None:
    out.slot = state.slot
    out.ts_available = state.ts_available
    out.sum = state.sum
    out.pairs = state.pairs
    state.open = 0


@inline(borrow=True)
def _meet(state: Any, xs: Any, i: int, ys: Any, j: int, at_x: bool, at_y: bool) -> None:
    """One moment, at which either series ticks or both do."""
    a = b = 0.0
    x_counts = y_counts = False
    if at_x:
        tick = xs[i]
        level = log(tick.price)
        if follows(state.x_known, state.x_slot, state.x_session, tick):
            x_counts, a = True, level - state.x
        state.x_known, state.x_slot, state.x_session, state.x = 1, tick.slot, tick.session, level
        state.ts_available = max(state.ts_available, tick.ts_available)
    if at_y:
        tick = ys[j]
        level = log(tick.price)
        if follows(state.y_known, state.y_slot, state.y_session, tick):
            y_counts, b = True, level - state.y
        state.y_known, state.y_slot, state.y_session, state.y = 1, tick.slot, tick.session, level
        state.ts_available = max(state.ts_available, tick.ts_available)
    if x_counts:
        state.sum += a * state.y_moved
        state.pairs += state.y_closed
    if y_counts:
        state.sum += b * state.x_moved
        state.pairs += state.x_closed
    if x_counts and y_counts:
        state.sum += a * b
        state.pairs += 1
    if at_x:
        state.y_moved, state.y_closed = 0.0, 0
    if at_y:
        state.x_moved, state.x_closed = 0.0, 0
    # What ends where the other ends too meets nothing of the other that is yet to close.
    if x_counts and not at_y:
        state.x_moved, state.x_closed = state.x_moved + a, state.x_closed + 1
    if y_counts and not at_x:
        state.y_moved, state.y_closed = state.y_moved + b, state.y_closed + 1


@kernel(borrow=True)
def take(states: Any, k: int, xs: Any, ys: Any, out: Any) -> int:
    """TICK rows of both series of pair `k`, each series at rising times → OVERLAP rows of the slots that end; how many.

    Later calls bring later times.
    """
    state = states[k]
    told = i = j = 0
    while i < len(xs) or j < len(ys):
        x_time = xs[i].ts_event if i < len(xs) else _NEVER
        y_time = ys[j].ts_event if j < len(ys) else _NEVER
        at_x, at_y = x_time <= y_time, y_time <= x_time
        slot = xs[i].slot if at_x else ys[j].slot
        if state.open and slot != state.slot:
            _tell(state, out[told])
            told += 1
        if not state.open:
            state.open, state.slot, state.ts_available = 1, slot, 0
            state.sum, state.pairs = 0.0, 0
        _meet(state, xs, i, ys, j, at_x, at_y)
        i += at_x
        j += at_y
    return told


@kernel(borrow=True)
def close(states: Any, k: int, out: Any) -> int:
    """End the open slot of pair `k`: 1 row, or none."""
    state = states[k]
    if state.open:
        _tell(state, out[0])
        return 1
    return 0
