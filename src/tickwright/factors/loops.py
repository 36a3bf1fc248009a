"""The two loops that every kernel is compiled into: along the slots of each instrument, and across instruments.

Plain functions; `core.kernel.bound` puts a kernel in the place of `part`.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from tickwright.core.kernel import inline, kernel
from tickwright.factors.records import NOTHING, Status

NEVER = -(1 << 62)
"""The slot before the first."""
_SAMPLE_WORDS = 3
_OK, _WARMUP, _ZERO_VARIANCE = int(Status.OK), int(Status.WARMUP), int(Status.ZERO_VARIANCE)


def part(*arguments: Any) -> None:
    """Stands for the kernel."""


@kernel(borrow=True)
def lay(words: Any, rows: Any, at: int, known: int, stamp: int) -> None:
    """Records side by side, as 64-bit words: `rows` at word `at` of each row of `words`, (instruments, slots, words).

    One instrument's rows are laid for all, one slot's at every slot. Word `stamp` of a row is when it is known: the
    latest goes into word `known`.
    """
    many, long, wide = rows.shape[0] > 1, rows.shape[1] > 1, rows.shape[2]
    for i in range(words.shape[0]):
        j = i if many else 0
        for t in range(words.shape[1]):
            u = t if long else 0
            if wide == _SAMPLE_WORDS:  # a loop of known length is no loop
                for k in range(_SAMPLE_WORDS):
                    words[i, t, at + k] = rows[j, u, k]
            else:
                for k in range(wide):
                    words[i, t, at + k] = rows[j, u, k]
            if stamp >= 0:
                words[i, t, known] = max(words[i, t, known], rows[j, u, stamp])


@inline(borrow=True)
def _open(made: Any, row: Any) -> None:
    """A row as a kernel finds it, whatever stood in its memory."""
    made.ts_event = row.ts_event
    made.ts_available = row.ts_available
    made.value = made.stderr = made.r2 = 0.0
    made.n_obs = made.n_missing = made.span = 0
    made.status = _WARMUP
    made.absent = 0


@inline(borrow=True)
def _settle(made: Any, early: bool) -> None:
    """No row has a figure without being OK, and none that is OK lacks a finite one."""
    if early:
        made.status = _WARMUP
    elif made.status == _OK and not isfinite(made.value):
        made.status = _ZERO_VARIANCE
    if made.status != _OK:
        made.value = 0.0
        made.stderr = 0.0
        made.r2 = 0.0
        made.absent = NOTHING


def along(
    config: Any, states: Any, rings: Any, fresh: Any, before: int, session: int, lookback: int, ready: int, x: Any,
    blank: Any, spare: Any, out: Any,
) -> None:  # fmt: skip
    """Every instrument through all slots: `x` and `out` are (instruments, slots), `states` and `rings` a row each.

    `before` and `session` are of the slot before the first one here. Slots that were left out are slots without
    input: they are stepped through (`blank` in, `spare` out), from a `fresh` state and no more than the look-back where
    they are more than that: what lies farther back counts for nothing. Rows before the slot `ready` are WARMUP.
    """
    for i in range(x.shape[0]):
        last, day = before, session
        for t in range(x.shape[1]):
            row, made = x[i, t], out[i, t]
            first = row.slot
            if last != NEVER and row.slot - last > lookback:
                states[i] = fresh[0]
                for k in range(rings.shape[0]):
                    rings[k, i] = 0.0
                first = row.slot - lookback + 1
            elif last != NEVER:
                first = last + 1
            for slot in range(first, row.slot + 1):
                here = slot == row.slot
                if not here:
                    blank[0].slot = slot
                    blank[0].session = day
                given, told = (row, made) if here else (blank[0], spare[0])
                _open(told, given)
                part(config[0], states[i], rings[:, i], given, told)
            _settle(made, row.slot < ready)
            last, day = row.slot, row.session


def across(config: Any, ready: int, x: Any, out: Any) -> None:
    """Every slot, all instruments at once."""
    for t in range(x.shape[1]):
        for i in range(x.shape[0]):
            _open(out[i, t], x[i, t])
        part(config[0], x[:, t], out[:, t])
        for i in range(x.shape[0]):
            _settle(out[i, t], x[i, t].slot < ready)
