"""From prices in the order of their arrival to one return a slot: the kernel behind every `ReturnSource`.

1. A price outside every session, one that is none, and one that was known later than its slot's end plus the patience
   are left out and counted. A price is above nought; a level is any number.
2. So is one of a slot that its series has left behind: what was said of a slot is not said anew.
3. Of several in one slot the last counts; of bars the first, the others being duplicates.
4. A slot is told when the next begins, or when it is closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, log
from typing import Any

from tickwright.core.kernel import inline, kernel
from tickwright.core.layout import F8, I8
from tickwright.factors.records import Status

_OK, _GAP = int(Status.OK), int(Status.GAP)
_LEVEL = 2
NOWHERE = -(1 << 62)
"""The slot of a series that has reached none."""


@dataclass(frozen=True, slots=True)
class Price:
    """One price, with the slot that it lies in."""

    ts_available: I8
    price: F8
    slot: I8
    session: I8
    begin: I8
    end: I8
    """Of the slot, ns UTC."""


@dataclass(frozen=True, slots=True)
class ReturnsConfig:
    """Flags are 0 or 1; `most` is the greatest number of bars that a return may span."""

    kind: I8
    """0 for simple returns, 1 for those of logarithms, 2 for prices themselves."""
    most: I8
    overnight: I8
    first: I8
    """The first price of a slot stands, not the last."""
    patience: I8
    """Nanoseconds after the end of a slot during which a price still counts."""


@dataclass(frozen=True, slots=True)
class ReturnsState:
    """The slot that is open, the price before it, and what was left out."""

    open: I8
    slot: I8
    ts_available: I8
    price: F8
    session: I8
    begin: I8
    known: I8
    slot_before: I8
    price_before: F8
    session_before: I8
    late: I8
    duplicate: I8
    outside: I8
    unusable: I8
    passed: I8
    """Slots from one price to the next of its session: the one that has it, and those between."""
    filled: I8
    """Of these the ones that have a price."""


@inline(borrow=True)
def _tell(config: Any, state: Any, out: Any) -> None:
    """The return of the open slot, which is then the one before."""
    span = state.slot - state.slot_before if state.known else 0
    away = state.known and config.overnight == 0 and state.session != state.session_before
    out.slot = state.slot
    out.ts_event = state.begin
    out.ts_available = state.ts_available
    out.value = 0.0
    out.span = span
    out.status = _GAP
    if config.kind == _LEVEL:
        out.value, out.span, out.status = state.price, 1, _OK
    elif state.known and span <= config.most and not away:
        ratio = state.price / state.price_before
        out.value = log(ratio) if config.kind else ratio - 1.0
        out.status = _OK
    if state.known and state.session == state.session_before:
        state.passed += span
        state.filled += 1
    state.known, state.open = 1, 0
    state.slot_before, state.price_before, state.session_before = state.slot, state.price, state.session


@inline(borrow=True)
def _enter(settings: Any, state: Any, row: Any, out: Any) -> int:
    """One PRICE row; 1 where it ends a slot, which is told in `out`."""
    told = 0
    if row.slot < 0:
        state.outside += 1
    elif not isfinite(row.price) or (row.price <= 0.0 and settings.kind != _LEVEL):
        state.unusable += 1
    elif row.ts_available > row.end + settings.patience:
        state.late += 1
    elif state.open and row.slot == state.slot:
        if settings.first:
            state.duplicate += 1
        else:
            state.price, state.ts_available = row.price, max(row.ts_available, state.ts_available)
    elif (state.open and row.slot < state.slot) or (state.known and row.slot <= state.slot_before):
        state.late += 1
    else:
        if state.open:
            _tell(settings, state, out)
            told = 1
        state.open = 1
        state.slot, state.session, state.begin = row.slot, row.session, row.begin
        state.price, state.ts_available = row.price, row.ts_available
    return told


@kernel(borrow=True)
def take(config: Any, states: Any, k: int, rows: Any, out: Any) -> int:
    """PRICE rows of series `k` → RETURN rows of the slots that they end; how many."""
    told = 0
    for i in range(len(rows)):
        told += _enter(config[0], states[k], rows[i], out[told])
    return told


@kernel(borrow=True)
def take_each(config: Any, states: Any, k: int, rows: Any, who: Any, out: Any) -> int:
    """A PRICE row of each series from `k` on → RETURN rows of the slots that they end, and of whom; how many."""
    told = 0
    for i in range(len(rows)):
        ends = _enter(config[k + i], states[k + i], rows[i], out[told])
        if ends:
            who[told] = k + i
        told += ends
    return told


@kernel(borrow=True)
def close_each(config: Any, states: Any, slot: int, who: Any, out: Any) -> int:
    """End every open slot that is `slot` or earlier → RETURN rows, and of whom; how many."""
    told = 0
    for k in range(len(states)):
        if states[k].open and states[k].slot <= slot:
            _tell(config[k], states[k], out[told])
            who[told] = k
            told += 1
    return told


@kernel(borrow=True)
def open_slots(states: Any, out: Any) -> int:
    """Slots that are open, in `out`; how many. One that several series have open stands there once where they follow
    each other."""
    count = 0
    for k in range(len(states)):
        if states[k].open and (count == 0 or out[count - 1] != states[k].slot):
            out[count] = states[k].slot
            count += 1
    return count


@kernel(borrow=True)
def reached_by_all(states: Any) -> int:
    """The last slot that every series has reached, `NOWHERE` where one has none yet."""
    least = 1 << 62
    for k in range(len(states)):
        if not (states[k].open or states[k].known):
            return NOWHERE
        least = min(least, states[k].slot if states[k].open else states[k].slot_before)
    return least


@kernel(borrow=True)
def spread(who: Any, rows: Any, first: int, slots: Any, table: Any) -> None:
    """RETURN rows → SAMPLE rows (series, slots): of the series from `first` on, on slots in order."""
    for k in range(len(rows)):
        i = who[k] - first
        if 0 <= i < table.shape[0]:
            t = 0
            while slots[t] < rows[k].slot:
                t += 1
            made = table[i, t]
            made.ts_available = rows[k].ts_available
            made.value = rows[k].value
            made.span = rows[k].span
            made.status = rows[k].status
