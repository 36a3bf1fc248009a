"""Market-by-order records with nothing to look up or to refuse, copied in one compiled pass."""

from __future__ import annotations

import numpy as np

from tickwright.core.events import SUBTICKS, Action
from tickwright.core.kernel import kernel
from tickwright.data.databento.layouts import UNDEF_PRICE, UNDEF_SIZE

_SUBTICKS = int(SUBTICKS)
_TRADE = int(Action.TRADE)
_NO_PRICE, _NO_SIZE = int(UNDEF_PRICE), int(UNDEF_SIZE)


@kernel(borrow=True)
def copy_plain(raw: np.ndarray, allowed: np.ndarray, grid: int, instrument_id: int, events: np.ndarray) -> int:
    """Fill `events` from `raw` up to the first record that leaves a field undefined or holds one that makes no sense.

    Returns how many were copied; `events` comes zeroed. What is odd, and whether it is to be refused, is not said here:
    `events.mapped` deals with such records, and is the reference for these.
    """
    for k in range(raw.size):
        row, event = raw[k], events[k]
        action, side = row["action"], row["side"]
        # A time that is undefined, or after 2262, has the highest bit: as int64 it is negative.
        ts_event, ts_recv = np.int64(row["ts_event"]), np.int64(row["ts_recv"])
        price, size = np.int64(row["price"]), np.int64(row["size"])
        if not allowed[action, side] or ts_event < 0 or ts_recv < 0 or price == _NO_PRICE or size == _NO_SIZE:
            return k
        ticks = price // grid
        rest = price - ticks * grid
        if rest != 0:
            parts = rest * _SUBTICKS // grid
            if action != _TRADE or rest < 0 or parts * grid != rest * _SUBTICKS:
                return k
            event["subtick"] = parts
        event["ts_event"] = ts_event
        event["ts_recv"] = ts_recv
        event["order_id"] = row["order_id"]
        event["price"] = ticks
        event["size"] = size
        event["sequence"] = row["sequence"]
        event["instrument_id"] = instrument_id
        event["venue_id"] = row["publisher_id"]
        event["action"] = action
        event["side"] = side
        event["flags"] = row["flags"]
    return raw.size
