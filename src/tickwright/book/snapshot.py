"""Reading a book: its best levels after any event, and the rows of the `book-N` schema."""

from __future__ import annotations

import numpy as np

from tickwright.book.l3 import ahead_of, apply
from tickwright.book.ladder import best, find_level, has, next_price
from tickwright.book.layout import ASK, BID, Int, Record, Rows
from tickwright.core.kernel import inline, kernel


@inline
def top(ladder: Record, side: Int, prices: np.ndarray, sizes: np.ndarray, counts: np.ndarray) -> Int:
    """Write the best levels of a side into three int64 arrays of one length, zeros past the last. Levels written."""
    found, price = has(ladder, side), best(ladder, side)
    n = 0
    for i in range(prices.shape[0]):
        if found:
            level = ladder.levels[find_level(ladder, side, price)]
            prices[i] = price
            sizes[i] = level.qty
            counts[i] = level.count
            n += 1
            found, price = next_price(ladder, side, price)
        else:
            prices[i] = 0
            sizes[i] = 0
            counts[i] = 0
    return n


@inline
def book_row(ladder: Record, row: np.ndarray, counts: np.ndarray) -> None:
    """The best levels as one `book-N` row: ask price, ask size, bid price, bid size per level; `counts` is scratch."""
    top(ladder, ASK, row[0::4], row[1::4], counts)
    top(ladder, BID, row[2::4], row[3::4], counts)


@kernel
def snapshot_levels(books: Rows, k: Int, prices: np.ndarray, sizes: np.ndarray, counts: np.ndarray) -> None:
    """`top` of both sides of `books[k]` into int64 arrays (2, n), bids first."""
    for side in range(2):
        top(books[k].ladder, side, prices[side], sizes[side], counts[side])


@kernel
def replay_book_rows(books: Rows, k: Int, rows: Rows, out: np.ndarray) -> tuple[Int, Int]:
    """Apply TAPE rows to `books[k]` and write the `book-N` row after each, int64 (rows, 4 N): (rows applied, code)."""
    book = books[k]
    counts = np.zeros(out.shape[1] // 4, np.int64)
    for i in range(rows.shape[0]):
        code = apply(book, rows[i])
        if code < 0:
            return np.int64(i), np.int64(code)
        book_row(book.ladder, out[i], counts)
    return np.int64(rows.shape[0]), np.int64(0)


@kernel
def queue_ahead(books: Rows, k: Int, slot: Int) -> tuple[Int, Int]:
    """`l3.ahead_of` of a live order of `books[k]`: (lots, orders)."""
    return ahead_of(books[k], slot)
