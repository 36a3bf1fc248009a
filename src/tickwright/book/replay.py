"""Entry points: a tape run through a book."""

from __future__ import annotations

import numpy as np

from tickwright.book.l3 import apply, reset
from tickwright.book.layout import Int, Rows
from tickwright.core.kernel import kernel


@kernel(borrow=True)
def reset_book(books: Rows, k: Int, centre_price: Int) -> None:
    """Empty `books[k]` and centre it on a price."""
    reset(books[k], centre_price)


@kernel(borrow=True)
def replay(books: Rows, k: Int, rows: Rows) -> tuple[Int, Int]:
    """Apply TAPE rows to `books[k]`: (rows applied, code); the code is 0 when all were."""
    book = books[k]
    for i in range(rows.shape[0]):
        code = apply(book, rows[i])
        if code < 0:
            return np.int64(i), np.int64(code)
    return np.int64(rows.shape[0]), np.int64(0)
