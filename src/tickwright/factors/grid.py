"""An absolute grid of bars: which slot a moment lies in, whatever row a run begins with.

Without a calendar slot k begins k lengths after 1970-01-01 UTC. With one, slots are counted through its sessions, the
first slot of the first session of 2000 being 0, so that the bar after the last of a session is the first of the next:
nights, weekends and holidays are no gaps. A slot that the close cuts short is a slot.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.time import parse_duration
from tickwright.core.units import DAY, MILLISECOND, MINUTE, SECOND, Nanos
from tickwright.data.calendars import CONTINUOUS, calendar

OUTSIDE = -1
"""The slot of a moment that lies in no session."""
SLOT = "slot"
_EXPECTED = "a bar length as 100ms, 1s, 1min, 1h or 1d, or slot for rows that are numbered"
_FIRST_YEAR = 2000
_FIRST: Nanos = int(np.datetime64(f"{_FIRST_YEAR}-01-01", "ns").astype(np.int64))
_NEXT_YEAR = 1


@dataclass(frozen=True)
class Grid:
    """`length` nanoseconds a bar; `session` is a calendar, as XNYS, or empty for a clock that never stops.

    `auction` adds one slot at the close of each session, for bars that hold a closing auction. A length of 0 is the
    grid of numbered rows: times are slots. Raises ConfigError.
    """

    length: Nanos
    session: str = ""
    auction: bool = False

    def __post_init__(self) -> None:
        if self.length < 0 or self.length > DAY:
            raise ConfigError("grid", self.length, "at most a day, in nanoseconds")
        if self.session == CONTINUOUS:
            object.__setattr__(self, "session", "")
        if self.session:
            object.__setattr__(self, "session", calendar(self.session).name)
        if self.session and not self.length:
            raise ConfigError("session", self.session, "none: numbered rows have no calendar")
        if self.auction and (not self.session or self.length == DAY):
            raise ConfigError("auction", True, "a grid within the sessions of a calendar")

    @classmethod
    def parse(cls, text: str, session: str = "", auction: bool = False) -> Grid:
        """`100ms`, `1min`, `1d`, or `slot`. Raises ConfigError."""
        if text == SLOT:
            return cls(0, session, auction)
        if text == "1d":
            return cls(DAY, session, auction)
        try:
            length = parse_duration(text, "grid")
        except ConfigError as error:
            raise ConfigError("grid", text, _EXPECTED) from error
        if not 0 < length <= DAY:
            raise ConfigError("grid", text, _EXPECTED)
        return cls(length, session, auction)

    @property
    def text(self) -> str:
        """The length as `parse` reads it."""
        for unit, name in ((DAY, "d"), (MINUTE, "min"), (SECOND, "s"), (MILLISECOND, "ms")):
            if self.length and self.length % unit == 0 and (unit != DAY or self.length == DAY):
                return f"{self.length // unit}{name}"
        return f"{self.length}ns" if self.length else SLOT

    @property
    def bars_per_session(self) -> int:
        """Slots of a whole session, a UTC day where there is no calendar; 0 for numbered rows."""
        if not self.length:
            return 0
        if not self.session:
            return -(-DAY // self.length)
        _, _, _, first = self._table(_FIRST_YEAR)
        return int(np.diff(first).max())

    def slots(self, times: np.ndarray) -> np.ndarray:
        """Nanoseconds UTC → slots; OUTSIDE where no session is. Raises ConfigError before 2000 with a calendar."""
        times = np.asarray(times, np.int64)
        if not self.length:
            return times
        if not self.session or not len(times):
            return np.asarray(times // self.length)
        days, opens, closes, first = self._covering(times)
        if self.length == DAY:  # a daily bar stands at midnight of its session's date
            at = np.searchsorted(days, times // DAY)
            inside = (at < len(days)) & (days[np.minimum(at, len(days) - 1)] == times // DAY)
            return np.where(inside, at, OUTSIDE)
        at = np.searchsorted(opens, times, side="right") - 1
        within = (times - opens[at]) // self.length
        inside = (at >= 0) & (within < first[at + 1] - first[at]) & (times < closes[at] + self._tail)
        last = np.minimum(within, first[at + 1] - first[at] - 1)
        if self.auction:  # what begins at the close is the auction's slot, even where a half slot comes before
            last = np.where(times >= closes[at], first[at + 1] - first[at] - 1, last)
        return np.where(inside, first[at] + last, OUTSIDE)

    def begins(self, slots: np.ndarray) -> np.ndarray:
        """The first nanosecond of each slot: what a bar is labelled with."""
        slots = np.asarray(slots, np.int64)
        if not self.session or not len(slots):
            return slots * (self.length or 1)
        days, opens, closes, first = self._reaching(slots)
        if self.length == DAY:
            return np.asarray(days[slots] * DAY)
        at = np.searchsorted(first, slots, side="right") - 1
        begin: np.ndarray = opens[at] + (slots - first[at]) * self.length
        return np.where(self.auction & (slots == first[at + 1] - 1), closes[at], begin)

    def beginning_at(self, times: np.ndarray) -> np.ndarray:
        """The slots that begin at these moments; OUTSIDE where none does."""
        slots = self.slots(times)
        return np.where((slots >= 0) & (self.begins(np.maximum(slots, 0)) == times), slots, OUTSIDE)

    def before(self, time: Nanos, count: int) -> Nanos:
        """When the slot begins that is `count` slots before the first one at `time`, or after it in no session."""
        if self.session and time < _FIRST:
            return time
        slot = int(self.slots(np.array([time]))[0])
        if slot == OUTSIDE and self.session:
            days, opens, _, first = self._covering(np.array([time]))
            slot = int(first[np.searchsorted(days * DAY if self.length == DAY else opens, time)])
        slot -= count
        return int(self.begins(np.array([max(slot, 0) if self.session else slot]))[0])

    def covering(self, start: Nanos | None, end: Nanos | None, count: int) -> tuple[Nanos | None, Nanos | None]:
        """Bounds that hold `count` slots before `start` too, and the last slot before `end` whole; None is open."""
        first = start if start is None else self.before(start, count)
        if end is None or not self.length or (self.session and end <= _FIRST):
            return first, end
        last = self.slots(np.array([end - 1]))
        return first, end if last[0] == OUTSIDE else max(end, int(self.ends(last)[0]))

    def ends(self, slots: np.ndarray) -> np.ndarray:
        """When each slot is over, the close of its session at the latest: from then a bar is known."""
        slots = np.asarray(slots, np.int64)
        if not self.session or not len(slots):
            return slots * (self.length or 1) + self.length
        _, _, closes, first = self._reaching(slots)
        at = slots if self.length == DAY else np.searchsorted(first, slots, side="right") - 1
        if self.length == DAY:
            return np.asarray(closes[at])
        auction = self.auction & (slots == first[at + 1] - 1)
        return np.where(auction, closes[at] + self._tail, np.minimum(self.begins(slots) + self.length, closes[at]))

    def sessions(self, slots: np.ndarray) -> np.ndarray:
        """The ordinal of the session of each slot."""
        slots = np.asarray(slots, np.int64)
        if not self.length:
            return np.zeros_like(slots)
        if not self.session:
            return np.asarray(slots * self.length // DAY)
        if self.length == DAY or not len(slots):
            return slots
        return np.asarray(np.searchsorted(self._reaching(slots)[3], slots, side="right") - 1)

    def places(self, slots: np.ndarray) -> np.ndarray:
        """How many slots of its session come before each slot."""
        slots = np.asarray(slots, np.int64)
        if not self.length or self.length == DAY or not len(slots):
            return np.zeros_like(slots)
        if not self.session:
            return np.asarray(slots + (-(slots * self.length // DAY * DAY) // self.length))
        first = self._reaching(slots)[3]
        return np.asarray(slots - first[np.searchsorted(first, slots, side="right") - 1])

    def session_bars(self, slots: np.ndarray) -> np.ndarray:
        """How many slots the session of each slot has: fewer than `bars_per_session` where it closes early."""
        slots = np.asarray(slots, np.int64)
        if not self.length or self.length == DAY or not len(slots):
            return np.full_like(slots, int(self.length > 0))
        day = self.sessions(slots)
        if not self.session:
            return np.asarray(-(-(day + 1) * DAY // self.length) + (-day * DAY // self.length))
        first = self._reaching(slots)[3]
        return np.asarray(first[day + 1] - first[day])

    @cached_property
    def _tail(self) -> int:
        return self.length if self.auction else 0

    def _covering(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        first, last = (int(np.array(t, "datetime64[ns]").astype("datetime64[Y]").astype(int)) + 1970 for t in (
            times.min(), times.max(),
        ))  # fmt: skip
        if first < _FIRST_YEAR:
            raise ConfigError("time", str(np.datetime64(int(times.min()), "ns")), f"{_FIRST_YEAR} or later")
        return self._table(last)

    def _reaching(self, slots: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        year = max(self._tables, default=_FIRST_YEAR)
        table = self._table(year)
        while table[3][-1] <= slots.max():
            year += 5
            table = self._table(year)
        return table

    @cached_property
    def _tables(self) -> dict[int, tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        return {}

    def _table(self, year: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(days, opens, closes, first slot of each session and of the one after the last) from 2000 to a year."""
        known = max(self._tables, default=0)
        if known >= year:
            return self._tables[known]
        # One year more than asked for: a live run does not stop at New Year.
        days, opens, closes = calendar(self.session).hours(_FIRST_YEAR, year + _NEXT_YEAR)
        count = np.ones(len(days), np.int64) if self.length == DAY else -(-(closes - opens) // self.length)
        first = np.concatenate([[0], np.cumsum(count + self.auction)])
        self._tables[year + _NEXT_YEAR] = days, opens, closes, first
        return self._tables[year + _NEXT_YEAR]
