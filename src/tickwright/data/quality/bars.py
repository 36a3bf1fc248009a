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
_CLOSES_ALONE = Missing.OPEN | Missing.HIGH | Missing.LOW | Missing.VOLUME
_NOTHING = _CLOSES_ALONE | Missing.CLOSE
FEW_EMPTY: dict[Nanos, int] = {SECOND: 3, MINUTE: 3, HOUR: 0}
"""Bars that may always be missing in a row, as nothing trades for a moment."""
_COUNTED_EMPTY = 5
_CHANCE = 1e-3


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
        self._rows = self._empty = self._holidays = 0
        self._by_missing: dict[int, Tally] = {}  # findings by the missing fields of the bar
        self._holes_kept: list[tuple[int, Nanos, int]] = []  # row and time after it, bars that are not there

    def feed(self, rows: np.ndarray, at: int) -> None:
        """The next rows."""
        self._tally.add_rows("bar_inconsistent", inconsistent(rows), rows, at)
        holiday = self._holiday(rows)
        self._holidays += int(np.count_nonzero(holiday))
        for mask in np.unique(rows["missing"]).tolist():
            part = self._by_missing.setdefault(mask, self._tally.beside())
            part.add_rows("bar_missing_field", (rows["missing"] == mask) & ~holiday, rows, at)
        self._rows += len(rows)
        self._moves(rows, at)
        before = rows[:1] if self._previous is None else self._previous
        shifted = np.concatenate((before, rows[:-1]))
        fresh = np.arange(len(rows)) > 0 if self._previous is None else np.ones(len(rows), bool)
        same_time = fresh & (rows["ts_event"] == shifted["ts_event"])
        self._tally.add_rows("bar_repeated", same_time & (rows != shifted), rows, at)
        self._holes(rows, shifted["ts_event"], fresh, at)
        self._previous = rows[-1:].copy()

    def _holiday(self, rows: np.ndarray) -> np.ndarray:
        """Daily rows without any value on a day without a session, as some series have them."""
        empty = rows["missing"] == _NOTHING
        if self._step != DAY or self._hours is None or not empty.any():
            return np.zeros(len(rows), bool)
        opens = self._hours.opens
        sessions = np.searchsorted(opens, rows["ts_event"] + DAY) - np.searchsorted(opens, rows["ts_event"])
        return np.asarray(empty & (sessions == 0))

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
        few = (missing > 0) & (missing <= FEW_EMPTY.get(self._step, 0))
        self._empty += int(np.minimum(missing, _COUNTED_EMPTY).sum())
        self._tell("bar_empty", holes[few] + at, times[holes[few]], missing[few])
        for k in np.flatnonzero((missing > 0) & ~few).tolist():
            self._holes_kept.append((int(holes[k]) + at, int(times[holes[k]]), int(missing[k])))

    def _tell(self, code: str, places: np.ndarray, times: np.ndarray, missing: np.ndarray) -> None:
        self._tally.add(code, places, times, times, {"bars_missing_before": missing}, missing)

    def _usual(self) -> int:
        """How many bars in a row may be missing because nothing traded.

        With a share p of the bars missing, n·p^k runs of k are to be expected; a run of which fewer than a thousandth
        is expected is no chance. A long hole counts as five bars in p, so that it does not excuse itself.
        """
        least = FEW_EMPTY.get(self._step, 0)
        if self._step == DAY or not self._empty:
            return least
        count = self._rows + self._empty
        return max(least, int(np.log(_CHANCE / count) / np.log(self._empty / count)))

    def end(self) -> list[str]:
        """What can be told only of the whole: fields and bars that are missing. Returns notes."""
        rows, times, missing = np.array(self._holes_kept, np.int64).reshape(-1, 3).T
        long = missing > self._usual()
        for code, these in (("bar_missing", long), ("bar_empty", ~long)):
            self._tell(code, rows[these], times[these], missing[these])
        everywhere = int(np.bitwise_and.reduce(np.array(list(self._by_missing) or [0], np.int64)))
        for mask, part in self._by_missing.items():
            # A field that no bar has is no part of the feed.
            if mask & ~everywhere:
                for name in _FIELDS:
                    lacks = mask & ~everywhere & Missing[name.upper()]
                    part.add_detail("bar_missing_field", name, part.count("bar_missing_field") if lacks else 0)
                self._tally.take(part)
        notes = []
        if self._holidays:
            notes.append(f"{self._holidays:,} rows without a value on days without a session: taken as holidays")
        if not everywhere:
            return notes
        if everywhere == _CLOSES_ALONE:
            self._tally.rename("large_move", "large_change")
        lacking = [name for name in _FIELDS if everywhere & Missing[name.upper()]]
        return [*notes, f"no bar has {', '.join(lacking)}: taken as how the feed is, not as a fault"]

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
