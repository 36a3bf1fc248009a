"""What changed from one ten-level book to the next, compiled."""

from __future__ import annotations

import numpy as np

from tickwright.core.events import Action, Side
from tickwright.core.kernel import inline, kernel

_ADD_LEVEL = int(Action.MODIFY)
_CLEAR, _TRADE, _NONE = int(Action.CLEAR), int(Action.TRADE), int(Action.NONE)
_BID, _ASK, _NO_SIDE = int(Side.BID), int(Side.ASK), int(Side.NONE)


@inline
def _put(out: np.ndarray, rows: int, record: int, action: int, side: int, price: int, size: int) -> None:
    out[rows, 0] = record
    out[rows, 1] = action
    out[rows, 2] = side
    out[rows, 3] = price
    out[rows, 4] = size


@inline
def _next(sizes: np.ndarray, at: int) -> int:
    """The first level from `at` on that holds something; 10 at the end."""
    while at < 10 and sizes[at] == 0:
        at += 1
    return at


@kernel
def changes(
    book: np.ndarray, levels: np.ndarray, openings: np.ndarray, actions: np.ndarray, last: np.ndarray,
    open_: np.ndarray, price: np.ndarray, size: np.ndarray, out: np.ndarray,
) -> tuple[int, int, int]:  # fmt: skip
    """Rows (record, action, side, price, size) that lead from `book` through `levels`; both are left at the end.

    `book` is int64 (2 sides, price and size, 10), `levels` (records, 2, 2, 10); size 0 is no level. `open_` says
    whether the row before lacked the end of its message. Returns the rows written, the first record with a side that is
    not sorted or -1, and the records that gave no row.
    """
    rows = 0
    quiet = 0
    for k in range(len(levels)):
        first = rows
        if openings[k] or actions[k] == _CLEAR:
            _put(out, rows, k, _CLEAR, _NO_SIDE, 0, 0)
            rows += 1
            book[:, 1, :] = 0
        for side in range(2):
            sign = 1 if side == 0 else -1
            letter = _BID if side == 0 else _ASK
            old_price, old_size = book[side, 0], book[side, 1]
            new_price, new_size = levels[k, side, 0], levels[k, side, 1]
            i, j = _next(old_size, 0), _next(new_size, 0)
            while i < 10 or j < 10:
                if j == 10 or (i < 10 and sign * old_price[i] > sign * new_price[j]):
                    _put(out, rows, k, _ADD_LEVEL, letter, old_price[i], 0)
                    rows += 1
                    i = _next(old_size, i + 1)
                    continue
                following = _next(new_size, j + 1)
                if following < 10 and sign * new_price[following] >= sign * new_price[j]:
                    return rows, k, quiet
                same = i < 10 and old_price[i] == new_price[j]
                if not same or old_size[i] != new_size[j]:
                    _put(out, rows, k, _ADD_LEVEL, letter, new_price[j], new_size[j])
                    rows += 1
                if same:
                    i = _next(old_size, i + 1)
                j = following
            book[side] = levels[k, side]
        if actions[k] == _TRADE:
            _put(out, rows, k, _TRADE, _NO_SIDE, price[k], size[k])
            rows += 1
        if rows == first and last[k] and open_[0]:
            _put(out, rows, k, _NONE, _NO_SIDE, 0, 0)
            rows += 1
        if rows == first:
            quiet += 1
        else:
            open_[0] = not last[k]
    return rows, -1, quiet
