"""Windowed feeds made complete: a LOBSTER file of N levels becomes events that any book can replay.

Such a file lists only events inside the window of N levels. An order that leaves the window is deleted unseen, and one
may come into view without a message. So the recorded book rows are needed too, and the gaps between them and a replay
are written as SYNTHETIC events:

1. Seed. Before the first message, one anonymous order per level of the first row, that message undone.
2. Apply the message. An execution or cancel of an order we do not know takes from the anonymous volume of its level,
   front first; the event then names the anonymous orders that it took from.
3. Compare with the recorded row, which is what the counts of equal rows say: a free replay, resynchronised row by row.
4. Prune. A level that falls behind the window is cancelled in the events. Its orders are remembered as they stood; what
   the recorded row contradicts is forgotten.
5. Reveal. A level that comes into view enters with the orders remembered, in their order, brought to the recorded size
   by anonymous volume or by cancels.
6. Correct. Any other difference of a level inside the window is made good in the same way.

A plain replay of the result holds exactly the recorded levels after each message (at each Flag.LAST), and nothing
behind them. The anonymous orders have ids with the top bit set; a file that uses such ids is refused.
Where this is unrealistic: anonymous volume that came into view together is one order, so positions behind it are exact
in lots and not in orders; a cancel within it is taken from its front; an order remembered may have been replaced unseen
by another of the same size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tickwright.book import window_kernel as kernels
from tickwright.book.layout import NIL, check_code
from tickwright.book.replay import reset_book
from tickwright.book.verify import check_window_input
from tickwright.core.errors import BookError, CapacityError
from tickwright.core.events import MARKET_EVENT


@dataclass(frozen=True, slots=True)
class WindowCounts:
    """How a windowed feed was completed. Rows are compared before their resynchronisation."""

    rows: int
    rows_equal_all_levels: int
    rows_equal_best: int
    """Rows with equal price and size at the best of both sides."""
    seeded: int
    """Anonymous orders of the start."""
    pruned: int
    """Levels that left the window."""
    returned: int
    """Levels that came into view as they were remembered."""
    revealed: int
    """Levels that came into view otherwise than remembered, or not remembered at all."""
    forgotten: int
    """Levels remembered that the recorded row shows to be empty."""
    corrected: int
    """Levels that had been in view all along and yet differed: 0 where every transition holds."""
    unknown: int
    """Executions and cancels of orders that are not in the book."""
    over_reduced: int
    """Executions and cancels larger than their order; the rest is taken as of an unknown order."""
    forced_lots: int
    """Lots of unknown orders for which the anonymous volume did not suffice; known orders gave them."""
    executions_known: int
    executions_at_head: int
    """Executions of known orders that stood first in their queue."""


def complete(events: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, WindowCounts]:
    """A windowed feed and its recorded book → (completed MARKET_EVENT rows, what that took).

    `rows`: int64 (len(events), 4 N), the `book-N` row after each event. Raises BookError where a message contradicts
    the rows (an execution of more than is displayed, an id that enters twice), CapacityError beyond BOOK_M.
    """
    check_window_input(events, rows)
    if np.any(events["order_id"] >= kernels.ANONYMOUS_BIT):
        raise BookError("order ids with the top bit set are reserved for anonymous volume")
    if rows.shape[1] // 4 > kernels.MAX_LEVELS:
        raise CapacityError(f"{rows.shape[1] // 4} recorded levels, at most {kernels.MAX_LEVELS} are handled")
    windows = np.zeros(1, kernels.WINDOW)
    windows["slots"] = NIL
    if len(rows):
        reset_book(windows["book"], 0, int(np.median(rows[0, 0::2])))
    out = np.zeros(2 * len(events) + 64 + 8 * rows.shape[1], MARKET_EVENT)
    at, reason = 0, kernels.GROW
    while reason == kernels.GROW:
        at, reason = kernels.complete_rows(events, at, rows, windows, out)
        if reason == kernels.GROW:
            out = np.concatenate([out, np.zeros(len(out), MARKET_EVENT)])
    if reason != kernels.DONE:
        event = events[at]
        where = f"message {at}: {chr(event['action'])} of order {event['order_id']} at {event['price']} ticks"
        if reason == kernels.NOT_SHOWN:
            raise BookError(f"{where}: {event['size']} lots, more than the book row before displays there")
        if reason == kernels.DUPLICATE:
            raise BookError(f"{where}: an order with this id is already in the book")
        check_code(reason, where)
    return out[: int(windows["written"][0])].copy(), WindowCounts(len(rows), *(int(c) for c in windows["counts"][0]))
