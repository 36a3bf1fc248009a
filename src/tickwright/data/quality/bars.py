"""Checks of bars: against themselves, against the bar before, and against the hours of the market."""

from __future__ import annotations

import numpy as np

from tickwright.core.instrument import Instrument
from tickwright.core.tables import Missing
from tickwright.core.time import local_date
from tickwright.core.units import DAY, HOUR, MINUTE, SECOND, Nanos
from tickwright.data.quality.hours import Hours
from tickwright.data.quality.tally import Tally

STEPS: dict[str, Nanos] = {"bars-1s": SECOND, "bars-1m": MINUTE, "bars-1h": HOUR, "bars-1d": DAY}
LARGE_MOVE = 0.4
SPLITS = (1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 30.0, 50.0)
"""New shares for one old; a reverse split is the inverse."""
SPLIT_REACH = 0.045
"""How far, in logarithm, open and close may stand from a split ratio: a day's own move comes on top of it."""
_FIELDS = ("open", "high", "low", "close", "volume")


def inconsistent(rows: np.ndarray) -> np.ndarray:
    """Where high is below low, or open or close lies outside of them, as far as the fields are there."""
    here = {name: (rows["missing"] & Missing[name.upper()]) == 0 for name in _FIELDS}
    bad = here["high"] & here["low"] & (rows["high"] < rows["low"])
    for name in ("open", "close"):
        bad |= here[name] & here["high"] & (rows[name] > rows["high"])
        bad |= here[name] & here["low"] & (rows[name] < rows["low"])
    return np.asarray(bad)


def near_split(ratio: np.ndarray) -> np.ndarray:
    """Whether a price ratio is that of a split, up to `SPLIT_REACH`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.abs(np.log(ratio))
    return np.asarray((np.abs(logs[:, None] - np.log(SPLITS)) < SPLIT_REACH).any(axis=1))


class Bars:
    """One instrument's bars of one length, in order."""

    def __init__(self, tally: Tally, schema: str, instrument: Instrument, hours: Hours | None) -> None:
        self._tally = tally
        self._step = STEPS[schema]
        self._zone = instrument.timezone
        self._hours = hours
        self._previous: np.ndarray | None = None
        self._close = 0  # last close that was there, 0 before the first

    def feed(self, rows: np.ndarray, at: int) -> None:
        """The next rows."""
        self._tally.add_rows("bar_inconsistent", inconsistent(rows), rows, at)
        self._tally.add_rows("bar_missing_field", rows["missing"] != 0, rows, at)
        for name in _FIELDS:
            missing = int(np.count_nonzero(rows["missing"] & Missing[name.upper()]))
            self._tally.add_detail("bar_missing_field", name, missing)
        self._moves(rows, at)
        before = rows[:1] if self._previous is None else self._previous
        shifted = np.concatenate((before, rows[:-1]))
        fresh = np.arange(len(rows)) > 0 if self._previous is None else np.ones(len(rows), bool)
        same_time = fresh & (rows["ts_event"] == shifted["ts_event"])
        self._tally.add_rows("bar_repeated", same_time & (rows != shifted), rows, at)
        self._holes(rows, shifted["ts_event"], fresh, at)
        self._previous = rows[-1:].copy()

    def _moves(self, rows: np.ndarray, at: int) -> None:
        closes = np.where((rows["missing"] & Missing.CLOSE) == 0, rows["close"], 0)
        # The last close that is there before each row; prices of zero or less are a finding of their own.
        known = np.concatenate(([self._close], np.where(closes > 0, closes, 0)))
        filled = known[np.maximum.accumulate(np.where(known > 0, np.arange(known.size), 0))]
        before, self._close = filled[:-1], int(filled[-1])
        valid = (before > 0) & (closes > 0)
        base = np.where(valid, before, 1)
        ratio = np.where(valid, closes / base, 1.0)
        self._tally.add_rows("large_move", np.abs(ratio - 1) > LARGE_MOVE, rows, at)
        opens = np.where((rows["missing"] & Missing.OPEN) == 0, rows["open"], 0)
        at_open = np.where(valid & (opens > 0), opens / base, 1.0)
        same_way = (ratio > 1) == (at_open > 1)
        self._tally.add_rows("split_unadjusted", near_split(ratio) & near_split(at_open) & same_way, rows, at)

    def _holes(self, rows: np.ndarray, before: np.ndarray, fresh: np.ndarray, at: int) -> None:
        """Bars that are not there: counted at the bar after the hole."""
        times = rows["ts_event"]
        holes = np.flatnonzero(fresh & (times - before > self._step))
        missing = np.array([self._missing(int(before[k]), int(times[k])) for k in holes], np.int64)
        holes, missing = holes[missing > 0], missing[missing > 0]
        fields = {"bars_missing_before": missing}
        self._tally.add("bar_missing", holes + at, times[holes], times[holes], fields, missing)

    def _missing(self, before: Nanos, now: Nanos) -> int:
        """How many bars the market's hours have between two that are there; without a calendar, of one local day."""
        if self._step == DAY:
            if self._hours is None:
                return 0
            opens = self._hours.opens
            # A daily bar is stamped with the beginning of its day, a session begins later on it.
            return int(np.count_nonzero((opens >= before + DAY) & (opens < now)))
        if self._hours is not None:
            return max(0, self._hours.open_time(before + self._step, now) // self._step)
        same_day = local_date(before, self._zone) == local_date(now, self._zone)
        return (now - before) // self._step - 1 if same_day else 0
