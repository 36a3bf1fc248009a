"""The kernel of `verify_depth`: MBO events through a book, MBP-10 records beside them. State is in arrays.

`state`: int64, the indices below. `levels`: int64 (5, 2, 3, LEVELS), ten prices, sizes and numbers of orders a side:
the book now, the book after the packet before, at the first difference the book's and the record's, and the book before
the event.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.l3 import apply
from tickwright.book.layout import Bool, Int, Record, Rows
from tickwright.book.snapshot import top
from tickwright.core.events import Action, Flag
from tickwright.core.kernel import kernel

LEVELS = 10
SHOWN = np.dtype(
    [("ts_recv", "<i8"), ("sequence", "<i8"), ("action", "<i8"), ("levels", "<i8", (2, 3, LEVELS))]
)  # bids, asks: price in ticks, lots, orders; zeros for an empty level
NOW, BEFORE, EXPECTED, FOUND, LATELY = range(5)

# Indices of `state`. NEXT: the first record that is not done with; SEEN, END: of the open group, the first record not
# yet recognised and the one behind its last; BASE: number of the first record in the buffer.
EVENT, NEXT, SEEN, END, BASE, OPEN, TS_RECV, SEQUENCE, SNAPSHOT, STARTED, MATCHED, DIFFERING, MISSING = range(13)
FIRST_ROW, FIRST_EVENT, WHOLE = range(13, 16)
# Why the kernel stopped, beside the negative codes of the book.
DONE, MORE = range(2)

_LAST, _SNAPSHOT = int(Flag.LAST), int(Flag.SNAPSHOT)
_TRADE, _CLEAR = int(Action.TRADE), int(Action.CLEAR)


def begin() -> np.ndarray:
    """The state before the first event."""
    state = np.zeros(16, np.int64)
    state[FIRST_ROW] = state[FIRST_EVENT] = -1
    return state


@kernel(borrow=True)
def _same(one: np.ndarray, other: np.ndarray) -> Bool:
    for side in range(2):
        for field in range(3):
            for i in range(LEVELS):
                if one[side, field, i] != other[side, field, i]:
                    return False
    return True


@kernel(borrow=True)
def _copy(one: np.ndarray, other: np.ndarray) -> None:
    """`other` becomes what `one` is."""
    for side in range(2):
        for field in range(3):
            for i in range(LEVELS):
                other[side, field, i] = one[side, field, i]


@kernel(borrow=True)
def _look(book: Record, levels: np.ndarray) -> None:
    for side in range(2):
        top(book.ladder, side, levels[NOW, side, 0], levels[NOW, side, 1], levels[NOW, side, 2])


@kernel(borrow=True)
def _note(state: np.ndarray, event: Int, row: Int) -> None:
    """Where the first mismatch is; `row` is -1 when none is there that should be."""
    if state[FIRST_EVENT] < 0:
        state[FIRST_EVENT] = event
    if state[FIRST_ROW] < 0 and row >= 0:
        state[FIRST_ROW] = state[BASE] + row


@kernel(borrow=True)
def _open(
    shown: Rows, ended: Bool, ts_recv: Int, sequence: Int, event: Int, state: np.ndarray, levels: np.ndarray
) -> Bool:
    """Find the records of a packet; False when the buffer ends before they surely do."""
    count = shown.shape[0]
    while state[NEXT] < count and shown[state[NEXT]].ts_recv < ts_recv:
        _note(state, event, state[NEXT])
        state[NEXT] += 1
        state[STARTED] = 1
    end = state[NEXT]
    while end < count and shown[end].ts_recv == ts_recv and shown[end].sequence == sequence:
        end += 1
    if end == count and not ended:
        return False
    state[SEEN], state[END] = state[NEXT], end
    state[OPEN], state[TS_RECV], state[SEQUENCE] = 1, ts_recv, sequence
    state[MATCHED] += end - state[NEXT]
    return True


@kernel(borrow=True)
def _differs(shown: Rows, row: Int, event: Int, state: np.ndarray, levels: np.ndarray) -> None:
    if state[DIFFERING] == 0:
        _copy(levels[NOW], levels[EXPECTED])
        _copy(shown[row].levels, levels[FOUND])
    state[DIFFERING] += 1
    _note(state, event, row)


@kernel(borrow=True)
def _traded(shown: Rows, event: Int, state: np.ndarray, levels: np.ndarray) -> None:
    """A trade is about to happen: the next record of one must show the book as it is, and be there."""
    while state[SEEN] < state[END] and shown[state[SEEN]].action != _TRADE:
        _differs(shown, state[SEEN], event, state, levels)
        state[SEEN] += 1
    if state[SEEN] < state[END]:
        if not _same(levels[NOW], shown[state[SEEN]].levels):
            _differs(shown, state[SEEN], event, state, levels)
        state[SEEN] += 1
    elif state[STARTED] != 0:
        state[MISSING] += 1
        _note(state, event, -1)


@kernel(borrow=True)
def _changed(shown: Rows, action: Int, state: np.ndarray, levels: np.ndarray) -> None:
    """An event has been applied: if it changed the levels, the next record may show them."""
    if state[SEEN] == state[END]:
        return
    told = shown[state[SEEN]].action
    if told == _TRADE or not _same(levels[NOW], shown[state[SEEN]].levels):
        return
    if (action == _CLEAR and told == _CLEAR) or not _same(levels[NOW], levels[LATELY]):
        state[SEEN] += 1


@kernel(borrow=True)
def _close(shown: Rows, event: Int, whole: Bool, state: np.ndarray, levels: np.ndarray) -> None:
    """The packet is over; `whole`: its last event says so."""
    state[OPEN] = 0
    end = state[END]
    told = False
    for row in range(state[SEEN], end):
        _differs(shown, row, event, state, levels)
        told = True
    if end > state[NEXT]:
        state[STARTED] = 1
        right = _same(levels[NOW], shown[end - 1].levels)
        if not right and not told and shown[end - 1].action != _TRADE:
            _differs(shown, end - 1, event, state, levels)
            told = True
        if right or told:
            _copy(levels[NOW], levels[BEFORE])
    state[NEXT] = end
    if whole:
        if state[STARTED] != 0 and state[SNAPSHOT] == 0 and not _same(levels[NOW], levels[BEFORE]):
            state[MISSING] += 1
            _note(state, event, -1)
        _copy(levels[NOW], levels[BEFORE])
        state[SNAPSHOT] = 0


@kernel(borrow=True)
def compare(
    books: Rows, k: Int, rows: Rows, at: Int, ts_recv: np.ndarray, sequence: np.ndarray, flags: np.ndarray,
    actions: np.ndarray, base: Int, shown: Rows, ended: Bool, state: np.ndarray, levels: np.ndarray,
) -> tuple[Int, Int]:  # fmt: skip
    """Apply TAPE rows from `at` on: (next row, and DONE, MORE when more records are needed, or a code of the book).

    The last row of each event has Flag.LAST, no other.

    `ts_recv`, `sequence`, `flags`, `actions`: of the events, the first of which is number `base` of its file.
    """
    book = books[k]
    begins = True
    for i in range(at, rows.shape[0]):
        e = state[EVENT]
        if begins:
            same = ts_recv[e] == state[TS_RECV] and sequence[e] == state[SEQUENCE]
            if state[OPEN] != 0 and not same:
                _close(shown, base + e - 1, state[WHOLE] != 0, state, levels)
            if state[OPEN] == 0 and not _open(shown, ended, ts_recv[e], sequence[e], base + e, state, levels):
                return np.int64(i), np.int64(MORE)
            if actions[e] == _TRADE:
                _traded(shown, base + e, state, levels)
        code = apply(book, rows[i])
        if code < 0:
            return np.int64(i), np.int64(code)
        begins = rows[i].flags & _LAST != 0
        if begins:
            _copy(levels[NOW], levels[LATELY])
            _look(book, levels)
            _changed(shown, actions[e], state, levels)
            state[WHOLE] = flags[e] & _LAST
            state[SNAPSHOT] |= flags[e] & _SNAPSHOT
            state[EVENT] += 1
    return np.int64(rows.shape[0]), np.int64(DONE)


@kernel(borrow=True)
def close(shown: Rows, events: Int, state: np.ndarray, levels: np.ndarray) -> None:
    """The MBO file is over: so is its last packet, and records that are left have no packet."""
    if state[OPEN] != 0:
        _close(shown, events - 1, True, state, levels)
    if state[NEXT] < shown.shape[0]:
        _note(state, events - 1, state[NEXT])
