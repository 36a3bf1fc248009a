"""Are sequence numbers missing?

Some feeds count the rows or messages of one instrument; in others instruments share the numbers, or they jump by
design, and then a hole says nothing. A feed is taken to count one by one when at most 2 % of its steps, or three, go
up by more than one, and at most a tenth as many as go up by one. Then a step over numbers that never come, not even
late, is a gap. A step back after a pause of an hour is a new day's numbering and no fault.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tickwright.core.events import Flag
from tickwright.core.units import HOUR, Nanos
from tickwright.data.quality.tally import Tally
from tickwright.data.store.schema import moments_of

FEW_STEPS = 3
FEW_SHARE = 0.02
SINGLE_FOR_JUMP = 10
PAUSE: Nanos = HOUR
KEPT = 1 << 20
"""Steps and late numbers that are kept; a feed with more is not judged."""

STEP = np.dtype([("row", "<i8"), ("ts", "<i8"), ("moment", "<i8"), ("above", "<u8"), ("number", "<u8")])


class Sequences:
    """Steps of `sequence` between rows that have one; snapshots are left out."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._last: int | None = None
        self._moment: Nanos = 0
        self._highest = 0
        self._steps = self._large = self._single = self._late_rows = 0
        self._jumps: list[np.ndarray] = []  # STEP rows: from `above` to `number`
        self._late: list[np.ndarray] = []
        self._gaps: list[tuple[np.ndarray, np.ndarray]] = []  # STEP rows and how many numbers never came

    def feed(self, rows: np.ndarray, at: int) -> None:
        """The next rows."""
        if "sequence" not in (rows.dtype.names or ()):
            return
        live = rows["sequence"] != 0
        if "flags" in (rows.dtype.names or ()):
            live &= (rows["flags"] & Flag.SNAPSHOT) == 0
        picks = np.flatnonzero(live)
        if not picks.size:
            return
        numbers, moments = np.ascontiguousarray(rows["sequence"][picks]), moments_of(rows)[picks]
        fresh = self._last is None
        before = np.concatenate((numbers[:1] if fresh else np.array([self._last], np.uint64), numbers[:-1]))
        waited = np.diff(moments, prepend=moments[0] if fresh else self._moment)
        anew = (numbers < before) & (waited > PAUSE)
        back = np.zeros(len(rows), bool)
        back[picks] = (numbers < before) & ~anew
        self._tally.add_rows("sequence_back", back, rows, at)
        bounds = [0, *np.flatnonzero(anew).tolist(), picks.size]
        for k, (a, b) in enumerate(pairwise(bounds)):
            if k > 0:
                self._close()
            if a < b:
                self._follow(numbers[a:b], moments[a:b], rows["ts_event"][picks[a:b]], picks[a:b] + at)
        self._moment = int(moments[-1])

    def _follow(self, numbers: np.ndarray, moments: np.ndarray, times: np.ndarray, places: np.ndarray) -> None:
        """The next rows of one numbering."""
        fresh = self._last is None
        start = numbers[:1] if fresh else np.array([self._highest], np.uint64)
        highest = np.maximum.accumulate(np.concatenate((start, numbers)))
        top = highest[:-1]
        above = numbers > top
        jumps = np.flatnonzero(above & (numbers - np.where(above, top, numbers) > 1))
        self._steps += numbers.size - fresh
        self._single += int(np.count_nonzero(above)) - jumps.size
        self._large += jumps.size
        late = numbers[numbers < top]
        self._late_rows += late.size
        if self._large + self._late_rows <= KEPT:
            step = np.zeros(jumps.size, STEP)
            step["row"], step["above"], step["number"] = places[jumps], top[jumps], numbers[jumps]
            step["ts"], step["moment"] = times[jumps], moments[jumps]
            self._jumps.append(step)
            self._late.append(late)
        self._last, self._highest = int(numbers[-1]), int(highest[-1])

    def _close(self) -> None:
        """The end of a numbering: which of the numbers that were stepped over never came?"""
        self._last = None
        if self._jumps and self._large + self._late_rows <= KEPT:
            jumps, late = np.concatenate(self._jumps), np.unique(np.concatenate(self._late))
            wanted = jumps["number"] - jumps["above"] - np.uint64(1)
            came = np.searchsorted(late, jumps["number"]) - np.searchsorted(late, jumps["above"], side="right")
            missing = wanted - came.astype(np.uint64)
            gaps = missing > 0
            self._gaps.append((jumps[gaps], missing[gaps]))
        self._jumps, self._late = [], []

    def end(self) -> str | None:
        """Count the gaps, or say why there is nothing to count."""
        self._close()
        if not self._large:
            return None if self._steps else "no sequence numbers, so lost rows are not told"
        by_design = (
            not self._single
            or self._large > max(FEW_STEPS, FEW_SHARE * self._steps)
            or self._large * SINGLE_FOR_JUMP > self._single
        )
        if by_design or self._large + self._late_rows > KEPT:
            return "sequence numbers jump by design or are shared with other instruments, so lost rows are not told"
        for gaps, missing in self._gaps:
            fields = {"sequence": gaps["number"], "missing": missing}
            self._tally.add("sequence_gap", gaps["row"], gaps["ts"], gaps["moment"], fields)
        return None
