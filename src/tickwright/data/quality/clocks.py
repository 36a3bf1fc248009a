"""Do the clocks run forward? Rows of a snapshot carry the times of their orders and are left out."""

from __future__ import annotations

import numpy as np

from tickwright.core.events import Flag
from tickwright.core.units import SECOND
from tickwright.data.quality.tally import Tally


class Clocks:
    """Exchange time and receive time, each against the row before, and one against the other."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._last: dict[str, int] = {}

    def feed(self, rows: np.ndarray, at: int) -> None:
        """The next rows."""
        names = rows.dtype.names or ()
        live = np.ones(len(rows), bool)
        if "flags" in names:
            live = (rows["flags"] & Flag.SNAPSHOT) == 0
        picks = np.flatnonzero(live)
        if not picks.size:
            return
        for name, code in (("ts_event", "event_clock_back"), ("ts_recv", "recv_clock_back")):
            if name not in names:
                continue
            times = rows[name][picks]
            before = np.concatenate(([self._last.get(name, times[0])], times[:-1]))
            self._last[name] = int(times[-1])
            by = np.zeros(len(rows), np.int64)
            by[picks] = before - times
            # A stamp that is cut to the second lies up to a second before finer ones that came earlier.
            cut = (by > 0) & (by < SECOND) & (rows[name] % SECOND == 0) & (name == "ts_event")
            self._tally.add_rows("event_clock_coarse", cut, rows, at, by)
            self._tally.add_rows(code, (by > 0) & ~cut, rows, at, by)
        if "ts_recv" in names:
            early = rows["ts_event"] - rows["ts_recv"]
            self._tally.add_rows("recv_before_event", live & (early > 0), rows, at, early)
