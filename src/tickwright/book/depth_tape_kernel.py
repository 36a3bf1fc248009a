"""The L2 tape compiler's kernel: MARKET_EVENT rows of a depth feed to TAPE rows. `depth_tape.py` is its Python face.

Beside the rows it keeps a ladder of its own, so that it can tell removals of levels that are not there, and books that
are crossed when a packet is whole.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.l2 import set_level
from tickwright.book.ladder import best, find_level, has, wipe
from tickwright.book.layout import ASK, BID, NIL, NO_SIDE, PRICE_LIMIT, SIZE_LIMIT, Int, Record, Rows
from tickwright.book.side import side_of
from tickwright.core.events import Action, Flag
from tickwright.core.kernel import inline, kernel

# Indices of `state`.
TS_EVENT, TS_RECV = 0, 1
# Indices of `counts`.
SET, REMOVED, ABSENT, CLEARED, SNAPSHOTS, PRINTED, UNSIDED, CROSSED, LOCKED, SUSPECT = range(10)
N_COUNTS = 10
# Why the kernel stopped.
DONE, BAD_SIZE, TOO_LARGE, BAD_PRICE, BAD_SIDE, BAD_ACTION, NO_LEVEL, LADDER = range(8)

_MODIFY, _CLEAR, _FILL, _TRADE = int(Action.MODIFY), int(Action.CLEAR), int(Action.FILL), int(Action.TRADE)
_CROSS, _HALT, _NONE = int(Action.CROSS), int(Action.HALT), int(Action.NONE)
_LAST, _SNAPSHOT, _AGGREGATED = int(Flag.LAST), int(Flag.SNAPSHOT), int(Flag.AGGREGATED)
_MAYBE_BAD = int(Flag.MAYBE_BAD_BOOK)


@inline
def _fault(event: Record, action: Int) -> Int:
    """What no depth book could apply, whatever it holds: a stop reason, or DONE."""
    if action not in (_MODIFY, _TRADE, _CLEAR, _CROSS, _HALT, _NONE):
        return BAD_ACTION
    if action in (_MODIFY, _TRADE, _CROSS) and not -PRICE_LIMIT <= event.price <= PRICE_LIMIT:
        return BAD_PRICE
    if action == _MODIFY and event.flags & _AGGREGATED == 0:
        return NO_LEVEL
    if action == _MODIFY and side_of(event.side) == NO_SIDE:
        return BAD_SIDE
    if action in (_CLEAR, _NONE):
        return DONE
    if event.size > SIZE_LIMIT:
        return TOO_LARGE
    return BAD_SIZE if event.size < (1 if action == _TRADE else 0) else DONE


@inline
def _level(event: Record, row: Record, ladder: Record, counts: np.ndarray) -> Int:
    """A level now has so many lots: its row, and the ladder. Returns 0 or a BookCode."""
    side, price, size = side_of(event.side), event.price, event.size
    row.side, row.price, row.size = side, price, size
    counts[SNAPSHOTS] += event.flags & _SNAPSHOT != 0
    if size == 0:
        counts[REMOVED if find_level(ladder, side, price) >= 0 else ABSENT] += 1
    else:
        counts[SET] += 1
    return np.int64(set_level(ladder, side, price, size))


@inline
def _print(event: Record, row: Record, counts: np.ndarray) -> None:
    """A trade or an auction: its row."""
    side = side_of(event.side)
    row.price, row.size, row.off_grid = event.price, event.size, event.subtick != 0
    if event.action != _TRADE:
        return
    counts[PRINTED] += 1
    if side == NO_SIDE:
        counts[UNSIDED] += 1
    else:
        # The aggressor's side becomes the resting one: this is what queues are worked off by.
        row.action, row.side, row.flags = _FILL, 1 - side, event.flags | _AGGREGATED


@kernel
def compile_depth_rows(
    events: Rows, out: Rows, state: np.ndarray, ladders: Rows, counts: np.ndarray
) -> tuple[Int, Int, Int]:
    """One TAPE row per event: (events done, why it stopped, BookCode of the ladder where that is why)."""
    ladder = ladders[0]
    for i in range(events.shape[0]):
        event, row = events[i], out[i]
        action = event.action
        fault = _fault(event, action)
        if fault != DONE:
            return np.int64(i), np.int64(fault), np.int64(0)
        state[TS_EVENT] = max(state[TS_EVENT], event.ts_event)
        # Nothing is received before it happened, whatever a feed's clocks say: that would be a look ahead.
        state[TS_RECV] = max(state[TS_RECV], event.ts_recv, state[TS_EVENT])
        row.ts_event, row.ts_recv = state[TS_EVENT], state[TS_RECV]
        row.born, row.slot = -1, NIL
        row.action, row.side, row.flags = action, NO_SIDE, event.flags
        counts[SUSPECT] += event.flags & _MAYBE_BAD != 0
        code = np.int64(0)
        if action == _MODIFY:
            code = _level(event, row, ladder, counts)
        elif action in (_TRADE, _CROSS):
            _print(event, row, counts)
        elif action == _CLEAR:
            counts[CLEARED] += 1
            wipe(ladder, ladder.base + 32 * ladder.bits0.shape[1])
        else:
            row.size = event.size
        if code < 0:
            return np.int64(i), np.int64(LADDER), np.int64(code)
        if event.flags & _LAST != 0 and has(ladder, BID) and has(ladder, ASK):
            counts[CROSSED] += best(ladder, BID) > best(ladder, ASK)
            counts[LOCKED] += best(ladder, BID) == best(ladder, ASK)
    return np.int64(events.shape[0]), np.int64(DONE), np.int64(0)


@kernel
def begin(ladders: Rows, centre: Int) -> None:
    """Empty the compiler's ladder and centre it on a price."""
    wipe(ladders[0], centre)
