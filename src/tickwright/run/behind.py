"""Whether the book of a feed of levels stands where its trades happen.

Some feeds show levels at intervals and trades as they happen: between two messages a replayed book stands still, and
trades print at prices that it never showed. The rule is that of `data check` (`depth_behind_trades`), by event time.
"""

from __future__ import annotations

import numpy as np

from tickwright.data.quality.prints import beyond, is_often

_BLOCK = 1_000_000
"""Trades that are looked at together, so that a long day does not fill the memory."""


def behind(quotes: np.ndarray, ts: np.ndarray, trades: np.ndarray) -> int:
    """How many trades lie outside the quote strictly before them and the first one not before them; `ts` are the times
    of the quotes. A trade before the first quote or after the last is not looked at."""
    found = 0
    for first in range(0, len(trades), _BLOCK):
        rows = trades[first : first + _BLOCK]
        after = np.searchsorted(ts, rows["ts_event"], side="left")
        seen = (after > 0) & (after < len(ts))
        after = after[seen]
        found += int(beyond(rows[seen], quotes[after - 1], quotes[after]).sum())
    return found


def note_of(symbol: str, outside: int, trades: int) -> str | None:
    """For the report, where the book is behind its trades; None where it is not."""
    if not is_often(outside, trades):
        return None
    return (
        f"{symbol}: the book is behind its trades: {outside:,} of {trades:,} ({100 * outside / trades:.1f} %) lie "
        "outside the quotes before and after them; takes fill at levels that were gone, and resting orders by trades "
        "at prices that the book never showed"
    )
