"""Displayed depth over time and price, for a heat map."""

from __future__ import annotations

import numpy as np

from tickwright.book.l3 import apply
from tickwright.book.ladder import best, better, has, level_size, next_price
from tickwright.book.layout import BID, BOOK, Int, Record, Rows, check_code
from tickwright.book.replay import reset_book
from tickwright.book.tape import Tape, centre_of
from tickwright.core.errors import ConfigError
from tickwright.core.kernel import inline, kernel


def depth_grid(tape: Tape, times: np.ndarray, price_low: int, price_high: int, bins: int) -> np.ndarray:
    """Lots displayed at given times in equal price bins: int64 (len(times), bins), bids positive, asks negative.

    `times` are ns in order; the book at a time holds every row with `ts_event` at or before it. Bin j covers the ticks
    p of [price_low, price_high) with `(p - price_low) * bins // (price_high - price_low) == j`; where bids and asks
    share a bin, their lots are netted. Raises ConfigError for an empty range, more bins than ticks or times out of
    order, and BookError.
    """
    times = np.asarray(times, np.int64)
    if not 1 <= bins <= price_high - price_low:
        raise ConfigError("bins", bins, f"1 to the {price_high - price_low} ticks of the price range")
    if np.any(np.diff(times) < 0):
        raise ConfigError("times", "a time before its predecessor", "times in order")
    books = np.zeros(1, BOOK)
    reset_book(books, 0, centre_of(tape.rows))
    out = np.zeros((len(times), bins), np.int64)
    at, code = fill_grid(books, 0, tape.rows, times, price_low, price_high, out)
    check_code(code, f"tape row {at}")
    return out


@inline
def _column(ladder: Record, side: Int, low: Int, high: Int, column: np.ndarray) -> None:
    sign = 1 if side == BID else -1
    found, price = has(ladder, side), best(ladder, side)
    while found:  # ends: each price is strictly worse than the one before
        if low <= price < high:
            column[(price - low) * column.shape[0] // (high - low)] += sign * level_size(ladder, side, price)
        elif better(side, low if side == BID else high - 1, price):
            break
        found, price = next_price(ladder, side, price)


@kernel
def fill_grid(
    books: Rows, k: Int, rows: Rows, times: np.ndarray, low: Int, high: Int, out: np.ndarray
) -> tuple[Int, Int]:
    """Replay TAPE rows through `books[k]`, writing one row of the grid per time: (rows applied, code)."""
    book = books[k]
    i = np.int64(0)
    for t in range(times.shape[0]):
        while i < rows.shape[0] and rows[i].ts_event <= times[t]:
            code = apply(book, rows[i])
            if code < 0:
                return i, np.int64(code)
            i += 1
        for side in range(2):
            _column(book.ladder, side, low, high, out[t])
    return i, np.int64(0)
