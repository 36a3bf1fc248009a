"""Did the recording stand still while the market was open?

A gap is a time without rows longer than 60 s, longer than a hundred times the 99th percentile of the times between rows
of the same unit, and longer than ten times their mean, so that a thin market is measured by its own pace. With a
calendar only session time counts, and the times from the open to the first row and from the last row to the close are
looked at too. Fewer than fifty rows have no pace.
"""

from __future__ import annotations

import numpy as np

from tickwright.core.events import Action, Flag, TradingStatus
from tickwright.core.units import HOUR, SECOND, Nanos
from tickwright.data.quality.hours import Hours
from tickwright.data.quality.tally import Tally
from tickwright.data.store.schema import moments_of

LEAST: Nanos = 60 * SECOND
TIMES_USUAL = 100
TIMES_MEAN = 10
FEW_ROWS = 50
LONGEST_SESSION: Nanos = 20 * HOUR
"""Longer sessions need not be recorded from their open to their close."""
_BINS = 64


class Gaps:
    """Times between rows: a histogram by powers of two, and the long ones, of which a day has few."""

    def __init__(self, tally: Tally, hours: Hours | None) -> None:
        self._tally = tally
        self._hours = hours
        self._histogram = np.zeros(_BINS, np.int64)
        self._long: list[tuple[Nanos, int, Nanos, Nanos]] = []  # length, row, ts_event, moment
        self._last: Nanos | None = None
        self._first: Nanos | None = None
        self._row = 0
        self._halted = False
        self._spanned = 0

    def feed(self, rows: np.ndarray, at: int) -> None:
        """The next rows."""
        names = rows.dtype.names or ()
        moments = moments_of(rows)
        live = (rows["flags"] & Flag.SNAPSHOT) == 0 if "flags" in names else np.ones(len(rows), bool)
        picks = np.flatnonzero(live)
        if not picks.size:
            return
        moments, times = moments[picks], rows["ts_event"][picks]
        halted = self._halts(rows, picks)
        start = moments[0] if self._last is None else self._last
        steps = np.diff(moments, prepend=start)
        if self._last is None:
            self._first, steps, skip = int(moments[0]), steps[1:], 1
        else:
            skip = 0
        positive = steps[steps > 0]
        self._histogram += np.bincount(np.frexp(positive.astype(np.float64))[1], minlength=_BINS)[:_BINS]
        self._histogram[0] += steps.size - positive.size
        # Nights and weekends are no part of the pace.
        self._spanned += int(positive[positive < LEAST].sum())
        for k in np.flatnonzero(steps >= LEAST) + skip:
            # What stands before the gap says whether trading was halted through it.
            if not halted[k]:
                begin = int(start if k == 0 else moments[k - 1])
                length = self._open_time(begin, int(moments[k]))
                self._spanned += length
                if length >= LEAST:
                    self._long.append((length, at + int(picks[k]), int(times[k]), int(moments[k])))
        self._last, self._row = int(moments[-1]), at + int(picks[-1])

    def _halts(self, rows: np.ndarray, picks: np.ndarray) -> np.ndarray:
        """For each live row, whether trading was halted just before it."""
        before = np.zeros(picks.size, bool)
        if not {"action", "size"} <= set(rows.dtype.names or ()):
            return before
        halts = np.flatnonzero(rows["action"][picks] == Action.HALT)
        state, at = self._halted, 0
        for k in halts.tolist():
            before[at : k + 1] = state
            state, at = bool(rows["size"][picks[k]] != TradingStatus.TRADING), k + 1
        before[at:] = state
        self._halted = state
        return before

    def _open_time(self, begin: Nanos, end: Nanos) -> Nanos:
        return end - begin if self._hours is None else self._hours.open_time(begin, end)

    def threshold(self) -> Nanos:
        """How long a time without rows is a gap."""
        total = int(self._histogram.sum())
        rank = int(0.99 * (total - 1))
        usual = int(np.searchsorted(np.cumsum(self._histogram), rank, side="right"))
        mean = self._spanned // total
        return max(LEAST, TIMES_USUAL * (1 << usual), TIMES_MEAN * mean)

    def end(self) -> str | None:
        """Count the gaps, or say why there is nothing to count."""
        if int(self._histogram.sum()) < FEW_ROWS:
            return None if self._first is None else "too few rows to know their pace, so gaps in time are not told"
        least = self.threshold()
        found = [gap for gap in self._long if gap[0] >= least]
        found = [*self._edges(least), *found]
        found.sort(key=lambda gap: gap[1])
        if not found:
            return None
        columns = np.array(found, np.int64).T
        self._tally.add("session_gap", columns[1], columns[2], columns[3], {"gap_ns": columns[0]})
        return None

    def _edges(self, least: Nanos) -> list[tuple[Nanos, int, Nanos, Nanos]]:
        """From the open to the first row, and from the last row to the close, of the sessions that have rows."""
        edges: list[tuple[Nanos, int, Nanos, Nanos]] = []
        if self._hours is None or self._first is None or self._last is None:
            return edges
        for opened, closed in zip(self._hours.opens.tolist(), self._hours.closes.tolist(), strict=True):
            # A market that hardly closes is recorded from any moment to any other, and over several UTC days.
            if closed - opened > LONGEST_SESSION:
                continue
            if opened <= self._first < closed and self._first - opened >= least:
                edges.append((self._first - opened, 0, self._first, self._first))
            if opened <= self._last < closed and closed - self._last >= least:
                edges.append((closed - self._last, self._row, self._last, self._last))
        return edges
