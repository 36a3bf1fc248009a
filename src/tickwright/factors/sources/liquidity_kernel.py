"""The mean over time of a number that stands until the next: one a slot, as displayed liquidity is told."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

from tickwright.core.kernel import inline, kernel
from tickwright.core.layout import F8, I8


@dataclass(frozen=True, slots=True)
class Standing:
    """A number from a moment on, NaN where there is none, with the slot that the moment lies in."""

    ts: I8
    value: F8
    slot: I8
    session: I8
    begin: I8
    end: I8


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of one slot, from its beginning to its end."""

    begin: I8
    end: I8
    value: F8


@dataclass(frozen=True, slots=True)
class MeanState:
    """The slot that is open, what stands in it since when, and what it has summed."""

    open: I8
    slot: I8
    session: I8
    begin: I8
    end: I8
    since: I8
    value: F8
    total: F8
    time: F8
    """Nanoseconds during which there was a number."""


@inline(borrow=True)
def _until(state: Any, moment: int) -> None:
    """What stands has stood until a moment."""
    if isfinite(state.value):
        passed = float(moment - state.since)
        state.total += passed * state.value
        state.time += passed
    state.since = moment


@inline(borrow=True)
def _tell(state: Any, least: float, out: Any, told: int) -> int:
    """End the open slot: a row where there was a number for long enough."""
    _until(state, state.end)
    state.open = 0
    if state.time <= 0.0 or state.time < least * (state.end - state.begin):
        return told
    out[told].begin, out[told].end, out[told].value = state.begin, state.end, state.total / state.time
    return told + 1


@kernel(borrow=True)
def weigh(states: Any, k: int, rows: Any, least: float, out: Any) -> int:
    """Rows in the order of time → the slots that they end; how many. What stood is forgotten where a session ends."""
    state = states[k]
    told = 0
    for i in range(len(rows)):
        row = rows[i]
        if row.slot < 0:
            continue
        if state.open == 1 and row.slot != state.slot:
            told = _tell(state, least, out, told)
        if state.open == 0:
            if state.end == 0 or row.session != state.session:
                state.value = float("nan")
            state.open = 1
            state.slot, state.session, state.begin, state.end = row.slot, row.session, row.begin, row.end
            state.since, state.total, state.time = row.begin, 0.0, 0.0
        _until(state, row.ts)
        state.value = row.value
    return told


@kernel(borrow=True)
def close(states: Any, k: int, least: float, out: Any) -> int:
    """End the open slot: 1 row, or none."""
    return int(_tell(states[k], least, out, 0)) if states[k].open == 1 else 0
