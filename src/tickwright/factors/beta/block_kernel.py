"""Slots in blocks that do not overlap: the return of a block, its realised variance, or its last level, at its end.

Blocks begin `every` slots from the open of a session on grids within sessions, and at multiples of `every` on others.
A block says something at its last slot alone, and only where that slot has a number and `least` slots of the block do.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Any

from tickwright.core.kernel import inline
from tickwright.core.layout import F8, I8
from tickwright.factors.beta.section_kernel import VALUE_ALONE
from tickwright.factors.beta.window import GAP, INSUFFICIENT, OK, ZERO_VARIANCE, refuse


@dataclass(frozen=True, slots=True)
class BlockConfig:
    """`length` slots a block, one that begins `every` so many; `within` sessions, or through them."""

    length: I8
    every: I8
    least: I8
    within: I8


@dataclass(frozen=True, slots=True)
class BlockState:
    """The block that is open: its session and place, what it holds."""

    session: I8
    index: I8
    n: I8
    covered: I8
    """Slots that its returns span."""
    total: F8
    squares: F8


def lookback(config: BlockConfig) -> int:
    """A row depends on its block."""
    return config.length


@inline(borrow=True)
def _gather(config: Any, state: Any, x: Any, out: Any) -> bool:
    """A return into its block; whether this ends the block with enough of them."""
    at = x.place if config.within else x.slot
    index = at // config.every
    place = at - index * config.every
    session = x.session if config.within else 0
    # What spans slots before the block is no part of it.
    if x.asset.status != OK or place >= config.length or x.asset.span > place + 1:
        refuse(out, GAP)
        return False
    if state.n == 0 or state.session != session or state.index != index:
        state.session, state.index = session, index
        state.n = state.covered = 0
        state.total = state.squares = 0.0
    state.n += 1
    state.covered += x.asset.span
    state.total += x.asset.value
    state.squares += x.asset.value * x.asset.value
    if place + 1 < config.length:
        refuse(out, GAP)
        return False
    out.n_obs, out.n_missing, out.span = state.n, max(config.length - state.n, 0), config.length
    if state.covered < config.least:
        refuse(out, INSUFFICIENT)
        return False
    out.absent = VALUE_ALONE
    out.status = OK
    return True


@inline(borrow=True)
def total(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """The sum of the returns of the port `asset`."""
    if _gather(config, state, x, out):
        out.value = state.total


@inline(borrow=True)
def log_variance(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """ln of the mean squared return of the port `asset`, a slot; ZERO_VARIANCE where nothing moved.

    Its error falls with the number of returns, whatever they span: so many are asked for too.
    """
    if _gather(config, state, x, out):
        if state.n < config.least:
            refuse(out, INSUFFICIENT)
        elif state.squares > 0.0:
            out.value = log(state.squares / state.covered)
        else:
            refuse(out, ZERO_VARIANCE)


@inline(borrow=True)
def latest(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """The level of the port `asset` at the end of a block, whatever came before."""
    at = x.place if config.within else x.slot
    if x.asset.status == OK and at % config.every == config.length - 1:
        out.value, out.status, out.absent, out.n_obs, out.span = x.asset.value, OK, VALUE_ALONE, 1, 1
    else:
        refuse(out, GAP)
