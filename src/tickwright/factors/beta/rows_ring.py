"""Rows of numbers in a ring, one a slot at most: which of them lie in the window, and since when.

What regressions on more than the market share. A slot is stored as its weight, 0 or 1, and then its numbers, of which
the first is the market's. Counts are kept as rows enter and leave; sums are not, and so nothing drifts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tickwright.core.kernel import inline
from tickwright.core.layout import F8, I8
from tickwright.factors.beta.window import (
    GAP,
    INSUFFICIENT,
    OK,
    STALE,
    ZERO_VARIANCE,
    WindowConfig,
    refuse,
)
from tickwright.factors.records import NOTHING


@dataclass(frozen=True, slots=True)
class RowsConfig(WindowConfig):
    """A window of rows that may come seldom: `rows` of them at most, of which the last stands for `hold` slots."""

    hold: I8
    rows: I8


@dataclass(frozen=True, slots=True)
class RowsState:
    """What is in the window, how long each input is missing, and what was fitted last."""

    held: I8
    nonzero: I8
    first: I8
    """The slot of the oldest row."""
    stale: I8
    stale_other: I8
    idle: I8
    """Slots since the asset was there."""
    changed: I8
    """Whether rows came or went since the last fit."""
    status: I8
    absent: I8
    value: F8
    stderr: F8
    r2: F8


@inline(borrow=True)
def enter(state: Any, ring: Any, window: int, wide: int, slot: int, there: bool, market: float) -> int:
    """A slot takes the place of the one a window before it. Answers where the market's number stands."""
    at = (slot % window) * wide
    left = ring[at] != 0.0
    if left:
        state.held -= 1
        state.nonzero -= ring[at + 1] != 0.0
        state.changed = 1
    ring[at] = 1.0 if there else 0.0
    ring[at + 1] = market if there else 0.0
    if there:
        if state.held == 0:
            state.first = slot
        state.held += 1
        state.nonzero += market != 0.0
        state.changed = 1
    if left and state.held > 0:
        place = ((slot - window + 1) % window) * wide
        oldest = slot - window + 1
        while ring[place] == 0.0:
            oldest += 1
            place = place + wide if place + wide < window * wide else 0
        state.first = oldest
    return at + 1


@inline(borrow=True)
def counted(config: Any, state: Any, x: Any, other: bool, out: Any) -> bool:
    """Set the counts of a row; whether it may have a value, in the written order of the statuses.

    `other`: whether the regressor beside the market is there.
    """
    state.stale = 0 if x.market.status == OK else state.stale + 1
    state.stale_other = 0 if other else state.stale_other + 1
    state.idle = 0 if x.asset.status == OK else state.idle + 1
    out.n_obs = state.held
    out.n_missing = max(config.rows - state.held, 0)
    out.span = x.slot - state.first + 1 if state.held > 0 else 0
    if state.stale > config.stale or state.stale_other > config.stale:
        refuse(out, STALE)
        return False
    if state.idle > config.hold:
        refuse(out, GAP)
        return False
    if state.held < config.min_observations:
        refuse(out, INSUFFICIENT)
        return False
    if state.nonzero < config.min_nonzero_x:
        refuse(out, ZERO_VARIANCE)
        return False
    return True


@inline(borrow=True)
def keep(state: Any, value: float, stderr: float, r2: float, absent: int) -> None:
    """What was fitted stands until rows come or go."""
    state.changed = 0
    state.status, state.absent = OK, absent
    state.value, state.stderr, state.r2 = value, stderr, r2


@inline(borrow=True)
def keep_refusal(state: Any, status: int) -> None:
    """So does what could not be fitted."""
    state.changed = 0
    state.status, state.absent = status, NOTHING
    state.value = state.stderr = state.r2 = 0.0


@inline(borrow=True)
def tell(state: Any, out: Any) -> None:
    """The row of what is kept."""
    out.value, out.stderr, out.r2 = state.value, state.stderr, state.r2
    out.status, out.absent = state.status, state.absent
