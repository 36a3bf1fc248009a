"""What is new in a level: its change, or what an autoregression of order two did not foresee. And its last value.

Where `overnight` is 0 nothing is compared across two sessions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tickwright.core.kernel import inline
from tickwright.core.layout import F8, I8
from tickwright.factors.beta.rows_ring import enter
from tickwright.factors.beta.section_kernel import VALUE_ALONE
from tickwright.factors.beta.two_kernel import WIDE, solve
from tickwright.factors.beta.window import GAP, INSUFFICIENT, OK, refuse

_LEAST_TOLERANCE = 1e-10
"""Of two lags: a forecast does not suffer where they are much alike."""
_FLOOR = 1e-18


@dataclass(frozen=True, slots=True)
class ChangeConfig:
    """The value before is the last one, no more than `step` slots ago."""

    step: I8
    overnight: I8


@dataclass(frozen=True, slots=True)
class ChangeState:
    """The last value; `known` says whether there is one."""

    known: I8
    slot: I8
    session: I8
    value: F8


@dataclass(frozen=True, slots=True)
class AutoConfig:
    """Coefficients of the `window` slots before this one, of `least` rows at least."""

    window: I8
    least: I8
    overnight: I8


@dataclass(frozen=True, slots=True)
class AutoState:
    """As `rows_ring.RowsState`, as far as it is needed; the last two values, and how many of them there are."""

    held: I8
    nonzero: I8
    first: I8
    changed: I8
    run: I8
    session: I8
    last: F8
    before: F8


def step_back(config: ChangeConfig) -> int:
    """This slot and the farthest that the value before may lie."""
    return config.step + 1


def auto_lookback(config: AutoConfig) -> int:
    """This slot, the window before it, and the two lags of its oldest row."""
    return config.window + 3


def auto_ring(config: AutoConfig) -> int:
    """Numbers in the ring: rows of this value and the two before it."""
    return config.window * WIDE


@inline(borrow=True)
def _compare(config: Any, state: Any, x: Any, out: Any, lagged: bool) -> None:
    if x.level.status != OK:
        refuse(out, GAP)
        return
    near = state.known == 1 and x.slot - state.slot <= config.step
    if near and (config.overnight == 1 or x.session == state.session):
        out.value = state.value if lagged else x.level.value - state.value
        out.status, out.absent = OK, VALUE_ALONE
        out.n_obs, out.span = 2, x.slot - state.slot + 1
    else:
        refuse(out, GAP)
    state.known, state.slot, state.session, state.value = 1, x.slot, x.session, x.level.value


@inline(borrow=True)
def change(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """The level less the one before; `x` has the port `level`."""
    _compare(config, state, x, out, False)


@inline(borrow=True)
def lag(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """The level before, where there is one now too; `x` has the port `level`."""
    _compare(config, state, x, out, True)


@inline(borrow=True)
def auto(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """The level less its forecast by the two before it, with coefficients that were known before it.

    `x` has the port `level`. The row enters the window only after its own forecast.
    """
    there = x.level.status == OK
    if not there or (config.overnight == 0 and x.session != state.session):
        state.run = 0
    lags = there and state.run == 2
    if not lags:
        refuse(out, GAP)
    else:
        out.n_obs, out.n_missing = state.held, config.window - state.held
        out.span = x.slot - state.first + 1 if state.held > 0 else 0
        if state.held < config.least or state.held < 4:
            refuse(out, INSUFFICIENT)
        else:
            status, mm, mz, my, _, _, g, beta, b, _, _ = solve(
                ring, config.window, state.first, x.slot - 1, float(state.held), 1, _FLOOR, _LEAST_TOLERANCE
            )
            if status == OK:
                foreseen = my + (beta - g * b) * (state.last - mm) + b * (state.before - mz)
                out.value, out.status, out.absent = x.level.value - foreseen, OK, VALUE_ALONE
            else:
                refuse(out, status)
    at = enter(state, ring, config.window, WIDE, x.slot, lags, state.last)
    ring[at + 1] = state.before if lags else 0.0
    ring[at + 2] = x.level.value if lags else 0.0
    if there:
        state.before, state.last = state.last, x.level.value
        state.run, state.session = min(state.run + 1, 2), x.session
