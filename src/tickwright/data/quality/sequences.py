"""Are sequence numbers missing?

Some feeds count the rows or messages of one instrument; in others instruments share the numbers, or they jump by
design, and then a hole says nothing. A feed is taken to count one by one when at most 2 % of its steps, or three, go
up by more than one. Then a step over numbers that never come, not even late, is a gap.
"""

from __future__ import annotations

import numpy as np

from tickwright.core.events import Flag
from tickwright.data.quality.tally import Tally
from tickwright.data.store.schema import moments_of

FEW_STEPS = 3
FEW_SHARE = 0.02
KEPT = 1 << 20
"""Steps and late numbers that are kept; a feed with more is not judged."""

STEP = np.dtype([("row", "<i8"), ("ts", "<i8"), ("moment", "<i8"), ("above", "<u8"), ("number", "<u8")])


class Sequences:
    """Steps of `sequence` between rows that have one; snapshots are left out."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._last: int | None = None
        self._highest = 0
        self._steps = self._large = self._single = self._late_rows = 0
        self._jumps: list[np.ndarray] = []  # STEP rows: from `above` to `number`
        self._late: list[np.ndarray] = []

    def feed(self, rows: np.ndarray, at: int) -> None:
        """The next rows."""
        live = rows["sequence"] != 0
        if "flags" in (rows.dtype.names or ()):
            live &= (rows["flags"] & Flag.SNAPSHOT) == 0
        picks = np.flatnonzero(live)
        if not picks.size:
            return
        numbers = np.ascontiguousarray(rows["sequence"][picks])
        fresh = self._last is None
        before = np.concatenate((numbers[:1] if fresh else np.array([self._last], np.uint64), numbers[:-1]))
        start = numbers[:1] if fresh else np.array([self._highest], np.uint64)
        highest = np.maximum.accumulate(np.concatenate((start, numbers)))
        top = highest[:-1]
        back, above = np.zeros(len(rows), bool), numbers > top
        back[picks] = numbers < before
        self._tally.add_rows("sequence_back", back, rows, at)
        jumps = np.flatnonzero(above & (numbers - np.where(above, top, numbers) > 1))
        self._steps += picks.size - fresh
        self._single += int(np.count_nonzero(above)) - jumps.size
        self._large += jumps.size
        late = numbers[numbers < top]
        self._late_rows += late.size
        if self._large + self._late_rows <= KEPT:
            step = np.zeros(jumps.size, STEP)
            step["row"], step["above"], step["number"] = picks[jumps] + at, top[jumps], numbers[jumps]
            step["ts"], step["moment"] = rows["ts_event"][picks[jumps]], moments_of(rows)[picks[jumps]]
            self._jumps.append(step)
            self._late.append(late)
        self._last, self._highest = int(numbers[-1]), int(highest[-1])

    def end(self) -> str | None:
        """Count the gaps, or say why there is nothing to count."""
        if not self._large:
            return None if self._steps else "no sequence numbers"
        shared = not self._single or self._large > max(FEW_STEPS, FEW_SHARE * self._steps)
        if shared or self._large + self._late_rows > KEPT:
            return (
                f"sequence gaps cannot be told: {self._large:,} of {self._steps:,} steps go up by more than one, so "
                "the numbers are shared with other instruments or jump by design"
            )
        jumps, late = np.concatenate(self._jumps), np.unique(np.concatenate(self._late))
        wanted = jumps["number"] - jumps["above"] - np.uint64(1)
        came = np.searchsorted(late, jumps["number"]) - np.searchsorted(late, jumps["above"], side="right")
        missing = wanted - came.astype(np.uint64)
        gaps = missing > 0
        fields = {"sequence": jumps["number"][gaps], "missing": missing[gaps]}
        self._tally.add("sequence_gap", jumps["row"][gaps], jumps["ts"][gaps], jumps["moment"][gaps], fields)
        return None
