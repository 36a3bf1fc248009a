"""Where the book of a recording begins: one rule for the replay and for the check.

The catalog keeps a recording by UTC day, which a session may run over. The book of one UTC day goes on into the next,
unless the next opens with

1. a CLEAR or a snapshot, with which a feed tells its book anew;
2. a pause of more than an hour that holds the exchange's midnight: another session, of which a feed without snapshots
   says no more than that its orders are added. A pause within a local day is a market without news.

Inside a UTC day only a CLEAR begins a book. The ITCH reader opens each stock of a file with one: references begin anew
every day, and nothing ends the orders that are left.
"""

from __future__ import annotations

import numpy as np

from tickwright.core.events import Action, Flag
from tickwright.core.time import local_date
from tickwright.core.units import HOUR, Nanos

LONGEST_PAUSE: Nanos = HOUR


def begins_anew(first: np.ndarray, last: Nanos | None, zone: str) -> bool:
    """Whether a UTC day has a book of its own: its first row, and ts_recv of the last row of the day before it."""
    if last is None or first["action"] == Action.CLEAR or first["flags"] & Flag.SNAPSHOT:
        return True
    ts = int(first["ts_recv"])
    return ts - last > LONGEST_PAUSE and local_date(last, zone) != local_date(ts, zone)


def clearing(first: np.ndarray) -> np.ndarray:
    """A CLEAR, as an array of one row, to stand before a row that begins a book and is none itself."""
    clear = np.array([first])
    clear["action"], clear["order_id"], clear["size"], clear["flags"] = Action.CLEAR, 0, 0, Flag.SYNTHETIC
    return clear
