"""The actions of a learned tick level: what a number means as orders.

| number | meaning |
|---|---|
| 0 | keep: what rests keeps its place |
| 1 | pull the child |
| 2 … 6 | have 1, 2, 5, 12 slices, or all that is left, rest at the best of our side |
| 7 … 11 | the same one tick inside the spread |
| 12 | have all rest at the mid, rounded to our side |
| 13 … 16 | cross ½, 1, 2, 5 slices |
| 17 … 19 | cross ½, 1, 2 slices and have the rest of the order rest at the best |

Whole lots only, never more than what is left, never worse than the touch it saw. A child that is where it shall be is
left alone; a smaller one keeps its place; a larger one, or another price, joins the back of its queue.
"""

from __future__ import annotations

import numpy as np

from tickwright.core.kernel import inline
from tickwright.strategy.learned.layout import Int, Record

ACTIONS = 20
KEEP, PULL, POST, INSIDE, MID, CROSS, BOTH = 0, 1, 2, 7, 12, 13, 17
_ALL = 1 << 30
HALVES = np.array([0, 0, 2, 4, 10, 24, _ALL, 2, 4, 10, 24, _ALL, _ALL, 1, 2, 4, 10, 1, 2, 4], np.int64)
"""Of an action, the half slices it posts or crosses."""


@inline
def lots_of(action: Int, task: Record, progress: Record) -> Int:
    """Lots that an action posts or crosses: whole, at least one, at most what is left."""
    return np.int64(min(max((HALVES[action] * task.slice + 1) // 2, 1), progress.remaining))


@inline
def legal(action: Int, task: Record, progress: Record, sight: Record) -> Int:
    """Whether an action says something that no action before it says in this state."""
    if action == KEEP:
        return True
    if action == PULL:
        return progress.live > 0
    if sight.quoted == 0 or progress.remaining <= 0:
        return False
    if INSIDE <= action <= MID and sight.ask - sight.bid < (2 if action < MID else 4):
        return False
    if action in (POST, INSIDE, MID, CROSS):
        return True
    smaller = POST if HALVES[action] == _ALL else action
    if CROSS < action < BOTH:  # the first size that is enough crosses all that is left
        smaller = action - 1
    return lots_of(smaller, task, progress) < progress.remaining


@inline
def wish(action: Int, task: Record, progress: Record, sight: Record) -> tuple[Int, Int, Int]:
    """(lots to cross now, price, lots to have at rest) of a legal action; -1 lots at rest leaves the child alone."""
    zero = np.int64(0)
    if action == KEEP or sight.quoted == 0:
        return zero, zero, np.int64(-1)
    if action == PULL:
        return zero, zero, zero
    lots = lots_of(action, task, progress)
    near = sight.bid if task.side > 0 else sight.ask
    if action < INSIDE:
        return zero, near, lots
    if action < MID:
        return zero, near + task.side, lots
    if action == MID:
        total = sight.bid + sight.ask
        return zero, total // 2 if task.side > 0 else -(-total // 2), lots
    if action < BOTH:
        return lots, zero, np.int64(-1)
    return lots, near, progress.remaining - lots
