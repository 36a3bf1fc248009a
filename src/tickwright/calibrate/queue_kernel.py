"""The kernel of `queue_states.py`: one pass over TAPE rows, and the time and events of every queue in every state.

`s` is one record of STATE. For each row, in this order:

1. Time passes: what stood until now is weighed by how long it stood.
2. What the row is an event of is counted in the state just before it.
3. The row changes the book; the queues are read anew.

Queue i holds the prices whose distance from the reference is at least i and less than i + 1 model ticks. The reference
is the mid; where a model tick is one recorded tick and the mid lies on a price, it is the half tick beside the mid that
is nearer to the reference before (Huang, Lehalle, Rosenbaum 2015, section 2).
"""

from __future__ import annotations

import math

import numpy as np

from tickwright.book.l3 import apply
from tickwright.book.layout import ASK, BID, Int, Record, Rows
from tickwright.book.snapshot import top
from tickwright.core.events import Action, Flag
from tickwright.core.kernel import inline, kernel
from tickwright.venue.sim.reactive.layout import DEPTH, VOLUMES

_ADD, _CANCEL, _EXECUTE = int(Action.ADD), int(Action.CANCEL), int(Action.EXECUTE)
_CLEAR, _FILL = int(Action.CLEAR), int(Action.FILL)
_APART = int(Flag.SYNTHETIC) | int(Flag.SNAPSHOT)
LEVELS = 64
"""Most levels of a side that are looked at."""

STATE = np.dtype(
    [
        ("begin", "<i8"),
        ("end", "<i8"),
        ("tick", "<i8"),  # recorded ticks in one of the model
        ("levels", "<i8"),  # that the feed shows
        ("typical", "<f8"),  # lots of one unit of a queue's volume
        ("now", "<i8"),
        ("valid", "<i8"),
        ("reference2", "<i8"),  # half ticks
        ("traded", "<i8"),  # time and side of the last execution: one market order
        ("traded_side", "<i8"),
        ("shown", "<i8", (2,)),
        ("prices", "<i8", (2, LEVELS)),
        ("sizes", "<i8", (2, LEVELS)),
        ("counts", "<i8", (2, LEVELS)),
        ("queue", "<i8", (2, DEPTH)),  # volume in units, rounded up
        ("seen", "<i8", (2,)),  # queues that the feed shows whole
        # what is added up
        ("seconds", "<f8", (DEPTH, VOLUMES)),
        ("limit", "<f8", (DEPTH, VOLUMES)),
        ("cancel", "<f8", (DEPTH, VOLUMES)),
        ("best_seconds", "<f8", (VOLUMES,)),
        ("market", "<f8", (VOLUMES,)),
    ]
)


@inline
def _queue_of(s: Record, side: Int, price: Int) -> Int:
    away = s.reference2 - 2 * price if side == BID else 2 * price - s.reference2
    return away // (2 * s.tick)


@kernel
def _look(s: Record, book: Record) -> None:
    """The levels, the reference and the queues as they are now."""
    n = s.levels
    for side in range(2):
        s.shown[side] = top(book.ladder, side, s.prices[side, :n], s.sizes[side, :n], s.counts[side, :n])
    s.valid = 1 if s.shown[BID] > 0 and s.shown[ASK] > 0 and s.prices[ASK, 0] > s.prices[BID, 0] else 0
    if s.valid == 0:
        return
    mid2 = s.prices[BID, 0] + s.prices[ASK, 0]
    if s.tick == 1 and mid2 % 2 == 0:
        s.reference2 = mid2 + 1 if s.reference2 > mid2 else mid2 - 1
    else:
        s.reference2 = mid2
    for side in range(2):
        whole = np.int64(DEPTH)
        lots = np.zeros(DEPTH, np.int64)
        for k in range(s.shown[side]):
            i = _queue_of(s, side, s.prices[side, k])
            if i < DEPTH:
                lots[i] += s.sizes[side, k]
        if s.shown[side] == n:  # a windowed feed may show a part of the last queue
            whole = min(whole, _queue_of(s, side, s.prices[side, n - 1]))
        s.seen[side] = whole
        for i in range(DEPTH):
            s.queue[side, i] = min(np.int64(math.ceil(lots[i] / s.typical)), VOLUMES - 1)


@inline
def _best_volume(s: Record, side: Int) -> Int:
    return s.queue[side, min(_queue_of(s, side, s.prices[side, 0]), DEPTH - 1)]


@kernel
def _weigh(s: Record, seconds: float) -> None:
    for side in range(2):
        for i in range(s.seen[side]):
            s.seconds[i, s.queue[side, i]] += seconds
        s.best_seconds[_best_volume(s, side)] += seconds


@kernel
def _count(s: Record, row: Record, whole: Int, announced: Int) -> None:
    """The event of a row, in the state before it. `whole`: the order is gone; `announced`: by a FILL."""
    side = np.int64(row.side)
    action = row.action
    if action in (_EXECUTE, _FILL):
        if row.ts_event != s.traded or side != s.traded_side:
            s.market[_best_volume(s, side)] += 1.0
        s.traded = row.ts_event
        s.traded_side = side
        return
    i = _queue_of(s, side, row.price)
    if not 0 <= i < s.seen[side]:
        return
    if action == _ADD:
        s.limit[i, s.queue[side, i]] += 1.0
    elif action == _CANCEL and not announced:
        s.cancel[i, s.queue[side, i]] += 1.0 if whole else min(1.0, row.size / s.typical)


@kernel
def watch(books: Rows, states: Rows, pending: np.ndarray, rows: Rows) -> tuple[Int, Int]:
    """TAPE rows through the book: (rows applied, code); fewer where the stretch ended, the code is 0 unless refused.
    `pending` (slots,) holds the lots of each order that a FILL reported and no CANCEL has taken away yet."""
    book, s = books[0], states[0]
    for n in range(rows.shape[0]):
        row = rows[n]
        ts, action, slot = row.ts_event, row.action, np.int64(row.slot)
        if ts >= s.end:
            return np.int64(n), np.int64(0)
        if ts > s.now:
            began = max(s.now, s.begin)
            if s.valid and ts > began:
                _weigh(s, (ts - began) * 1e-9)
            s.now = ts
        real = (row.flags & _APART) == 0 and ts >= s.begin
        if action == _FILL and slot >= 0:
            if real and s.valid:
                _count(s, row, np.int64(0), np.int64(0))
            pending[slot] += row.size
        if action not in (_ADD, _CANCEL, _EXECUTE, _CLEAR):
            continue
        if real and s.valid and action != _CLEAR:
            whole = 1 if action == _CANCEL and book.orders[slot].qty <= row.size else 0
            _count(s, row, np.int64(whole), np.int64(pending[slot] > 0 and action == _CANCEL))
        if action == _CLEAR:
            pending[:] = 0
        elif action == _CANCEL:
            pending[slot] = max(0, pending[slot] - row.size)
        elif action == _ADD:
            pending[slot] = 0
        code = apply(book, row)
        if code < 0:
            return np.int64(n), np.int64(code)
        _look(s, book)
    return np.int64(rows.shape[0]), np.int64(0)


@kernel
def finish(states: Rows) -> None:
    """The time up to the end."""
    s = states[0]
    began = max(s.now, s.begin)
    if s.valid and s.end > began:
        _weigh(s, (s.end - began) * 1e-9)
