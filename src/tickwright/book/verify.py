"""Does the recorded book follow from the recorded messages? Two proofs, one for each kind of feed.

1. Windowed feeds with recorded book rows (LOBSTER): `verify_transitions`. Applying message k to row k - 1 must give
   row k. Compared: every price and size of both sides, on all levels, with one exception. When a message empties a
   level of a full window, the next level behind the window comes into view as the last one. Nothing before tells its
   price or size, so only this is compared: it is empty, or strictly worse than the level above it.
2. Full-depth feeds (Databento MBO, ITCH): `verify_full`. Every reference must be known, and the book at the end of
   every event is watched for crossed states.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tickwright.book.l3 import apply
from tickwright.book.ladder import best, better, has
from tickwright.book.layout import ASK, BID, BOOK, Bool, Int, Record, Rows, check_code
from tickwright.book.replay import reset_book
from tickwright.book.tape import TapeCompiler, TapeCounts, centre_of
from tickwright.core.errors import BookError
from tickwright.core.events import Action, Flag, Side
from tickwright.core.kernel import inline, kernel
from tickwright.core.units import Ticks

_ADD, _CANCEL, _EXECUTE = int(Action.ADD), int(Action.CANCEL), int(Action.EXECUTE)
_LETTER_BID = int(Side.BID)
_LAST = int(Flag.LAST)


@dataclass(frozen=True, slots=True)
class TransitionCounts:
    """Transitions checked and how many failed; `first_mismatch` is a row number from 0, or None."""

    transitions: int
    mismatches: int
    newcomers: int
    """Transitions in which a level came into view at the edge of the window."""
    outside: int
    """Cancels and executions at a price that the row before does not show; the row must not change. A mismatch."""
    first_mismatch: int | None


@dataclass(frozen=True, slots=True)
class FullCounts:
    """A replay of a full-depth feed: the tape's counts, the book after each event, and how it ends."""

    tape: TapeCounts
    states: int
    """Ends of events (Flag.LAST) at which the book was looked at."""
    crossed: int
    """States with the best bid above the best ask."""
    locked: int
    """States with the best bid at the best ask."""
    final_bid: Ticks | None
    final_ask: Ticks | None


def verify_transitions(events: np.ndarray, rows: np.ndarray) -> TransitionCounts:
    """Check every transition of a windowed feed.

    `events`: MARKET_EVENT rows; `rows`: int64 (len(events), 4 N), the `book-N` row after each event. Raises BookError
    when the shapes do not fit together.
    """
    check_window_input(events, rows)
    counts = np.zeros(4, np.int64)
    counts[3] = -1
    check_transitions(events, rows, counts)
    mismatches, newcomers, outside, first = (int(x) for x in counts)
    return TransitionCounts(max(0, len(events) - 1), mismatches, newcomers, outside, None if first < 0 else first)


def verify_full(events: np.ndarray | Iterable[np.ndarray]) -> FullCounts:
    """Replay a full-depth feed, whole or in blocks, from an empty book and count what a correct feed does not have.

    Memory is bounded by a block. Raises BookError for events that no book could apply, CapacityError beyond the
    capacities of `layout.BOOK`.
    """
    compiler = TapeCompiler("count")
    books = np.zeros(1, BOOK)
    before = states = crossed = locked = 0
    for block in [events] if isinstance(events, np.ndarray) else events:
        rows = compiler.feed(block)
        if not before:
            reset_book(books, 0, centre_of(rows))
        done, code, *seen = watch(books, 0, rows)
        check_code(code, f"tape row {before + done}")
        before += len(rows)
        states, crossed, locked = (total + int(n) for total, n in zip((states, crossed, locked), seen, strict=True))
    ladder = books[0]["ladder"]
    bid, ask = (int(ladder["best"][k]) if ladder["live"][k] > 0 else None for k in (BID, ASK))
    return FullCounts(compiler.counts(), states, crossed, locked, bid, ask)


def check_window_input(events: np.ndarray, rows: np.ndarray) -> None:
    """Raises BookError unless `rows` is int64 (len(events), 4 N) with N at least 1."""
    if rows.dtype != np.int64 or rows.ndim != 2 or rows.shape[1] % 4 or rows.shape[1] == 0:
        raise BookError(f"book rows: got {rows.dtype} {rows.shape}, expected int64 (events, 4 N)")
    if len(rows) != len(events):
        raise BookError(f"{len(events)} messages but {len(rows)} book rows; each message has one row")


@inline
def expected_side(
    before: np.ndarray, column: Int, side: Int, price: Int, delta: Int, prices: np.ndarray, sizes: np.ndarray
) -> Int:
    """One side of a book row after `delta` lots at `price`, into arrays of length N + 1.

    Returns its number of levels, or -1 when `delta` takes more than the row shows there.
    """
    n = before.shape[0] // 4
    m = 0
    waiting = delta != 0
    for i in range(n):
        p, q = before[4 * i + column], before[4 * i + column + 1]
        if q == 0:
            break
        if waiting and better(side, price, p):
            if delta < 0:
                return -1
            prices[m], sizes[m] = price, delta
            m += 1
            waiting = False
        if waiting and p == price:
            q += delta
            waiting = False
        if q < 0:
            return -1
        if q > 0:
            prices[m], sizes[m] = p, q
            m += 1
    if waiting:
        if delta < 0:
            return -1
        prices[m], sizes[m] = price, delta
        m += 1
    return m


@inline
def _side_follows(
    before: np.ndarray, after: np.ndarray, column: Int, side: Int, price: Int, delta: Int,
    prices: np.ndarray, sizes: np.ndarray, counts: np.ndarray,
) -> Bool:  # fmt: skip
    n = before.shape[0] // 4
    m = expected_side(before, column, side, price, delta, prices, sizes)
    if m < 0:
        counts[2] += 1
        return False
    for i in range(min(m, n)):
        if after[4 * i + column] != prices[i] or after[4 * i + column + 1] != sizes[i]:
            return False
    if m < n and after[4 * m + column + 1] != 0:
        was_full = before[4 * (n - 1) + column + 1] != 0
        if not was_full or (m > 0 and not better(side, prices[m - 1], after[4 * m + column])):
            return False
        counts[1] += 1
    return True


@kernel
def check_transitions(events: Rows, rows: np.ndarray, counts: np.ndarray) -> None:
    """Count into int64 [mismatches, newcomers, outside, first mismatch]."""
    prices = np.zeros(rows.shape[1] // 4 + 1, np.int64)
    sizes = np.zeros(rows.shape[1] // 4 + 1, np.int64)
    for k in range(1, rows.shape[0]):
        event = events[k]
        delta = np.int64(0)
        if event.action == _ADD:
            delta = event.size
        elif event.action in (_CANCEL, _EXECUTE):
            delta = -event.size
        touched = BID if event.side == _LETTER_BID else ASK
        follows = True
        for side in range(2):
            column = 2 if side == BID else 0
            change = delta if side == touched else np.int64(0)
            if not _side_follows(
                rows[k - 1], rows[k], column, side, event.price, change, prices, sizes, counts
            ):  # fmt: skip
                follows = False
        if not follows:
            counts[0] += 1
            if counts[3] < 0:
                counts[3] = k


@inline
def _crossing(ladder: Record) -> Int:
    """1 for a crossed book, 0 for a locked one, -1 otherwise."""
    if not has(ladder, BID) or not has(ladder, ASK) or best(ladder, BID) < best(ladder, ASK):
        return -1
    return 0 if best(ladder, BID) == best(ladder, ASK) else 1


@kernel
def watch(books: Rows, k: Int, rows: Rows) -> tuple[Int, Int, Int, Int, Int]:
    """Replay TAPE rows through `books[k]`: (rows applied, code, states, crossed, locked)."""
    book = books[k]
    states, crossed, locked = np.int64(0), np.int64(0), np.int64(0)
    for i in range(rows.shape[0]):
        code = apply(book, rows[i])
        if code < 0:
            return np.int64(i), np.int64(code), states, crossed, locked
        if rows[i].flags & _LAST != 0:
            crossing = _crossing(book.ladder)
            states += 1
            crossed += crossing == 1
            locked += crossing == 0
    return np.int64(rows.shape[0]), np.int64(0), states, crossed, locked
