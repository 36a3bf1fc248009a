"""Every feature of a book in one pass: TAPE rows in, a column of numbers and statuses a feature out.

1. Each row is applied to the book; what it says of trades, cancels and new orders is added to running totals.
2. A row with `Flag.LAST` ends an event: the best prices are compared with those after the event before, the totals are
   kept in a log by time, and every column gets its number.
3. A flow over the window (t − T, t] is the total now less the total before its first event: whole lots, so that the
   difference is exact and no sum ever drifts. It has a value once T has passed since the run began.

What counts as a flow is `flow_kernel`'s, the number of a column `book_columns_kernel`'s.
"""

from __future__ import annotations

from typing import Any

from tickwright.book.l3 import apply
from tickwright.core.events import Flag
from tickwright.core.kernel import kernel
from tickwright.factors.features.book_columns_kernel import depths_of, over_window, state_of_book
from tickwright.factors.features.columns import FIRST_OF_WINDOWS
from tickwright.factors.features.flow_kernel import EVENTS, TOTALS, flow, gains, quote
from tickwright.factors.records import Status

DONE, GROW = 0, 1

_OK, _WARMUP = int(Status.OK), int(Status.WARMUP)
_LAST = int(Flag.LAST)


@kernel(borrow=True)
def advance(
    books: Any, states: Any, totals: Any, spare: Any, pending: Any, columns: Any, tails: Any, log: Any, depths: Any,
    rows: Any, at: int, begin: int, written: int, moments: Any, values: Any, statuses: Any, flows: Any,
) -> tuple[int, int, int, int]:  # fmt: skip
    """TAPE rows from `at` on: (the next row, events written, DONE or GROW of the log, a BookCode below 0).

    `totals`: int64 (TOTALS,), `spare`: the same before the event; `log`: int64 (a power of two, LOG), with the totals
    before each event; `moments`: int64 (2, events) `ts_event` and `ts_recv`; `values`, `statuses`: (columns, events);
    `flows`: (events, LOG), with the totals after each, where any column is over a window. Rows before the moment
    `begin` build the book and tell nothing.
    """
    state, ladder = states[0], books[0].ladder
    mask = log.shape[0] - 1
    for i in range(at, rows.shape[0]):
        row = rows[i]
        counts = row.ts_event >= begin
        ends = counts and row.flags & _LAST != 0
        if ends and state.flows == 1 and state.logged - state.oldest > mask:
            return i, written, GROW, 0
        code = apply(books[0], row)
        if code < 0:
            return i, written, DONE, code
        flow(state, totals, pending, row)
        if not counts:
            state.traded = 0
        if not ends:
            continue
        now = row.ts_event
        quote(state, ladder)
        if state.begun == 0:
            state.begun, state.first = 1, now
        elif state.reset == 0:
            gains(state, totals)
        totals[EVENTS] += 1
        if state.flows == 1:
            place = state.logged & mask
            log[place, 0] = flows[written, 0] = now
            for k in range(TOTALS):
                log[place, 1 + k] = spare[k]
                spare[k] = flows[written, 1 + k] = totals[k]
            state.logged += 1
        if state.levels > 0:
            depths_of(ladder, state.levels, depths)
        moments[0, written], moments[1, written] = now, row.ts_recv
        oldest = state.logged
        for c in range(columns.shape[0]):
            column = columns[c]
            kind = column.kind
            value, status = 0.0, _WARMUP
            if kind < FIRST_OF_WINDOWS:
                value, status = state_of_book(kind, column, state, ladder, depths, now)
            else:
                since = now - column.window
                tail = tails[c]
                while log[tail & mask, 0] <= since:
                    tail += 1
                tails[c] = tail
                oldest = min(oldest, tail)
                if since >= state.first:
                    value, status = over_window(kind, column, totals, log[tail & mask])
            values[c, written] = value if status == _OK else 0.0
            statuses[c, written] = status
        state.oldest = oldest
        state.traded, state.reset = 0, 0
        written += 1
    return rows.shape[0], written, DONE, 0
