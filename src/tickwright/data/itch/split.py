"""Events of all stocks in the order of the file to events by stock, and their prices to ticks, in one compiled pass."""

from __future__ import annotations

import numpy as np

from tickwright.core.events import SUBTICKS, Action
from tickwright.core.kernel import kernel

_SUBTICKS = int(SUBTICKS)
_HIDDEN, _CROSS, _TRADE = int(Action.HIDDEN), int(Action.CROSS), int(Action.TRADE)


@kernel(borrow=True)
def split_by_stock(
    events: np.ndarray, locates: np.ndarray, grids: np.ndarray, numbers: np.ndarray, ends: np.ndarray, out: np.ndarray
) -> int:
    """Put event k into `out`, behind those of its stock before it; returns the first that is off its grid, or -1.

    By locate: `grids` is a tick in ten-thousandths of a dollar, `numbers` Tickwright's id of the instrument, and
    `ends` where the stock's events begin in `out`, and afterwards where they end. A print may lie between ticks.
    """
    for k in range(locates.size):
        locate = locates[k]
        place = ends[locate]
        ends[locate] = place + 1
        out[place] = events[k]
        row = out[place]
        row["instrument_id"] = numbers[locate]
        grid = grids[locate]
        if grid != 1:
            price = row["price"]
            ticks = price // grid
            rest = price - ticks * grid
            if rest != 0:
                action = row["action"]
                if action not in (_HIDDEN, _CROSS, _TRADE):
                    return k
                row["subtick"] = rest * _SUBTICKS // grid
            row["price"] = ticks
    return -1
