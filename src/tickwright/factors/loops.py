"""The loops that every kernel is compiled into: along the slots of each instrument, of eight at once, or across all.

Plain functions; `core.kernel.bound` puts a kernel in the place of `part`.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np

from tickwright.core.kernel import inline
from tickwright.core.lanes import WIDTH
from tickwright.factors.records import NOTHING, Status

NEVER = -(1 << 62)
"""The slot before the first."""
LATE = 2
"""Words of an instrument's `late` before its moments: the place of the first of them, and how many there are."""
_SAMPLE_WORDS, _STEP_WORDS = 3, 6
_STATUS, _STATUS_BITS = 32, 255
"""Where the status stands in the last word of a Sample and of an Estimate."""
_OK, _WARMUP, _ZERO_VARIANCE = int(Status.OK), int(Status.WARMUP), int(Status.ZERO_VARIANCE)


def part(*arguments: Any) -> None:
    """Stands for the kernel."""


@inline(borrow=True)
def _put(words: Any, i: int, t: int, at: Any, rows: Any, j: int, u: int, wide: int) -> None:
    for k in range(wide):
        words[i, t, at + np.uint64(k)] = rows[j, u, k]


@inline(borrow=True)
def _lay_one(words: Any, lo: int, hi: int, rows: Any, at: Any, stamp: int, known: Any) -> None:
    """Rows of one input, and the later of their moments and what stands in word `known`."""
    many, long, wide = rows.shape[0] > 1, rows.shape[1] > 1, rows.shape[2]
    for i in range(lo, hi):
        j = i if many else 0
        for t in range(words.shape[1]):
            u = t if long else 0
            if wide == _SAMPLE_WORDS:  # a loop of known length is no loop
                _put(words, i, t, at, rows, j, u, _SAMPLE_WORDS)
            else:
                _put(words, i, t, at, rows, j, u, wide)
            words[i, t, known] = max(words[i, t, known], rows[j, u, stamp])


@inline(borrow=True)
def _gate(words: Any, lo: int, hi: int, rows: Any, gate: Any) -> None:
    """The status of one input where that of none before it is other than OK."""
    many, long, last = rows.shape[0] > 1, rows.shape[1] > 1, rows.shape[2] - 1
    for i in range(lo, hi):
        for t in range(words.shape[1]):
            if words[i, t, gate] == _OK:
                words[i, t, gate] = (rows[i if many else 0, t if long else 0, last] >> _STATUS) & _STATUS_BITS


@inline(borrow=True)
def _lay(words: Any, lo: int, hi: int, steps: Any, given: Any, plan: Any) -> None:
    """Records side by side, as 64-bit words: inputs and step in each row of `words`, (instruments, slots, words), from
    instrument `lo` up to `hi`, who are taken next: so few that their rows stay near.

    `given`: arrays of such words, one an input. One instrument's rows are laid for all, one slot's at every slot.
    `plan` says of each input the word of a row at which it begins, its own word that says when it is known, and whether
    it gates; and of the step its word, that of the latest moment, and that of the first status that is not OK.
    """
    last = len(given)
    step, known, gate = np.uint64(plan[last, 0]), np.uint64(plan[last, 1]), np.uint64(plan[last, 2])
    for i in range(lo, hi):  # places without a sign: one that may be negative is looked at before it is used
        for t in range(words.shape[1]):
            _put(words, i, t, step, steps, 0, t if steps.shape[1] > 1 else 0, _STEP_WORDS)
    for k in range(last):
        _lay_one(words, lo, hi, given[k], np.uint64(plan[k, 0]), plan[k, 1], known)
        if plan[k, 2]:
            _gate(words, lo, hi, given[k], gate)


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
def _settle(made: Any, early: bool, gate: int) -> None:
    """No row has a figure without being OK, none that is OK lacks a finite one, none has one of an input without."""
    if early:
        made.status = _WARMUP
    elif gate != _OK:
        made.status = gate
    elif made.status == _OK and not isfinite(made.value):
        made.status = _ZERO_VARIANCE
    if made.status != _OK:
        made.value = 0.0
        made.stderr = 0.0
        made.r2 = 0.0
        made.absent = NOTHING


@inline(borrow=True)
def _since(late: Any, i: int, slot: int, known: int, lookback: int) -> int:
    """The latest moment at which something of the last `lookback` slots was known, `known` being that of this one.

    `late` holds those moments that no later slot has outlived, the latest first: nearly always one.
    """
    if lookback == 1:
        return known
    at = np.uint64(i)
    if late[0, at] == 0 and late[1, at] <= 1 and late[LATE, at] <= known:  # what nearly always holds
        late[LATE, at], late[LATE + 1, at], late[1, at] = known, slot, 1
        return known
    return _since_some(late, i, slot, known, lookback)


@inline(borrow=True)
def _since_some(late: Any, i: int, slot: int, known: int, lookback: int) -> int:
    """As `_since`, whatever `late` holds."""
    first, held = late[0, i], late[1, i]
    while held > 0 and late[LATE + 2 * first + 1, i] <= slot - lookback:
        first = first + 1 if first + 1 < lookback else 0
        held -= 1
    while held > 0:
        last = first + held - 1
        last -= lookback if last >= lookback else 0
        if late[LATE + 2 * last, i] > known:
            break
        held -= 1
    at = first + held
    at -= lookback if at >= lookback else 0
    late[LATE + 2 * at, i], late[LATE + 2 * at + 1, i] = known, slot
    late[0, i], late[1, i] = first, held + 1
    latest: int = late[LATE + 2 * first, i]
    return latest


def along(
    words: Any, steps: Any, given: Any, plan: Any,
    config: Any, states: Any, rings: Any, late: Any, fresh: Any, before: int, session: int, lookback: int, ready: int,
    x: Any, blank: Any, spare: Any, out: Any,
) -> None:  # fmt: skip
    """Every instrument through all slots: `x` and `out` are (instruments, slots), `states` and `rings` a row each.

    `words` is the memory of `x`, in which `given` and `steps` are laid as `plan` says, an instrument at a time.

    `before` and `session` are of the slot before the first one here. Slots that were left out are slots without
    input: they are stepped through (`blank` in, `spare` out), from a `fresh` state and no more than the look-back where
    they are more than that: what lies farther back counts for nothing. Rows before the slot `ready` are WARMUP.
    """
    for i in range(x.shape[0]):
        _lay(words, i, i + 1, steps, given, plan)
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
                came, told = (row, made) if here else (blank[0], spare[0])
                _open(told, came)
                part(config[0], states[i], rings[:, i], came, told)
            made.ts_available = max(made.ts_available, _since(late, i, row.slot, row.ts_available, lookback))
            _settle(made, row.slot < ready, row.gate)
            last, day = row.slot, row.session


def beside(
    words: Any, steps: Any, given: Any, plan: Any,
    config: Any, states: Any, rings: Any, late: Any, fresh: Any, before: int, session: int, lookback: int, ready: int,
    x: Any, blank: Any, spare: Any, out: Any,
) -> None:  # fmt: skip
    """As `along`, eight instruments at once: a state and a row of `rings` for each eight, the last with fewer."""
    for b in range(rings.shape[0]):
        lo, hi = b * WIDTH, min(b * WIDTH + WIDTH, x.shape[0])
        _lay(words, lo, hi, steps, given, plan)
        last, day = before, session
        for t in range(x.shape[1]):
            now = x[lo, t].slot
            first = now
            if last != NEVER and now - last > lookback:
                states[b] = fresh[0]
                for k in range(rings.shape[1]):
                    rings[b, k] = 0.0
                first = now - lookback + 1
            elif last != NEVER:
                first = last + 1
            for slot in range(first, now):
                for i in range(hi - lo):
                    blank[i].slot = slot
                    blank[i].session = day
                    _open(spare[i], blank[i])
                part(config[0], states[b], rings[b], blank[: hi - lo], spare[: hi - lo])
            for i in range(lo, hi):
                _open(out[i, t], x[i, t])
            part(config[0], states[b], rings[b], x[lo:hi, t], out[lo:hi, t])
            for i in range(lo, hi):
                row, made = x[i, t], out[i, t]
                made.ts_available = max(made.ts_available, _since(late, i, now, row.ts_available, lookback))
                _settle(made, now < ready, row.gate)
            last, day = now, x[lo, t].session


def across(
    words: Any, steps: Any, given: Any, plan: Any, config: Any, ready: int, x: Any, out: Any
) -> None:  # fmt: skip
    """Every slot, all instruments at once: a row depends on all of them, and is known when the last of them is."""
    _lay(words, 0, x.shape[0], steps, given, plan)
    for t in range(x.shape[1]):
        known = NEVER
        for i in range(x.shape[0]):
            _open(out[i, t], x[i, t])
            known = max(known, x[i, t].ts_available)
        part(config[0], x[:, t], out[:, t])
        for i in range(x.shape[0]):
            out[i, t].ts_available = max(out[i, t].ts_available, known)
            _settle(out[i, t], x[i, t].slot < ready, x[i, t].gate)
