"""`BarBuilder`: prints and rows of book features to bars, as they come or all at once, with the same bits.

1. What is pushed is all of both feeds up to a moment; it waits until a bar that it belongs to is over.
2. A bar is over when something later is known: no print of its last nanosecond can follow.
3. Lots and money of a bar are sums of whole numbers. What the book was is taken from the last event before its end;
   a flow over a window of time T is of the last T before that end, whether anything happened lately or not.

A print without a side (an auction, or a feed that does not say) counts in the volume, and neither as bought nor sold.
"""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np

from tickwright.core.errors import DataError, FileFormatError
from tickwright.core.events import SUBTICKS, TRADE
from tickwright.core.units import Nanos
from tickwright.factors.features.bar_rows import FEATURE_BAR, Bars
from tickwright.factors.features.book import EARLIEST, NO_FLOWS, FeatureRows, joined
from tickwright.factors.features.clock import BUCKET, DOLLARS, EVENTS, TICKS, TIME, Clock
from tickwright.factors.features.past import Past
from tickwright.factors.records import Status

FORMAT = "tickwright.features.bars/2"
_GAP = int(Status.GAP)


class BarBuilder:
    """Bars of one instrument by a clock, with the features `names` of the book sampled at their ends."""

    def __init__(self, clock: Clock, names: tuple[str, ...] = ()) -> None:
        self.clock, self.names = clock, names
        self.now: Nanos = EARLIEST
        """The latest moment that was pushed."""
        self._next = 0
        """The slot of the bar that is told next; of the clock, once something lay in a slot."""
        self._begun = False
        self._reached = -1
        """The last slot of the clock that something lay in."""
        self._until: Nanos = EARLIEST
        """The end of the bar that was told last."""
        self._prints: np.ndarray = np.zeros(0, TRADE)
        self._rows = _no_rows(names)
        self._first: Nanos | None = None
        """When the first event of the book was."""
        self._past = Past(names)

    def push(self, prints: np.ndarray, rows: FeatureRows) -> Bars:
        """TRADE rows and feature rows, all there is up to their latest moment → the bars that are over.

        Raises DataError for what is earlier than the latest moment before.
        """
        times = (prints["ts_event"], rows.ts_event)
        first = min((int(t[0]) for t in times if len(t)), default=self.now)
        if first < self.now or any((t[1:] < t[:-1]).any() for t in times):
            raise DataError(
                f"known at {first}, after something that was known at {self.now}: push in the order of time"
            )
        self.now = max(self.now, *(int(t[-1]) for t in times if len(t)), self.now)
        if len(prints):
            self._prints = np.concatenate([self._prints, prints[prints["size"] > 0]])
        if len(rows):
            self._first = int(rows.ts_event[0]) if self._first is None else self._first
            self._rows = joined((self._rows, replace(rows, flows=NO_FLOWS)))
            self._past.append(rows.flows)
        return self._tell(self.now, [t for t in times if len(t)])

    def close(self) -> Bars:
        """Nothing more comes: the bars that are whole, of the clock the last one too."""
        return self._tell(None, [])

    # ── which bars are over ──────────────────────────────────────────────────────────────────────────────────────

    def _tell(self, now: Nanos | None, times: list[np.ndarray]) -> Bars:
        if self.clock.kind == TIME:
            return self._slots(now, times)
        if self.clock.kind == BUCKET:
            self._split()
        if self.clock.kind == EVENTS:
            moments = self._rows.ts_event
            kept = int(np.searchsorted(moments, self._until))
            ends = _whole_nanoseconds(moments[kept:], self.clock.size)
            ends = ends if now is None else ends[ends <= now]
            upto = np.searchsorted(self._prints["ts_event"], ends)
            begins = (
                moments[np.searchsorted(moments, np.concatenate([[self._until], ends[:-1]]))] if len(ends) else ends
            )
        else:
            last = _every(np.cumsum(self._measure()), self.clock.size)
            ends = self._prints["ts_event"][last] + 1
            over = len(ends) if now is None else int(np.searchsorted(ends, now, side="right"))
            ends, upto = ends[:over], last[:over] + 1
            begins = self._prints["ts_event"][np.concatenate([[0], upto[:-1]]).astype(np.int64)] if over else ends
        slots = self._next + np.arange(len(ends))
        self._next += len(ends)
        return self._made(slots, begins, ends, ends - 1, upto)

    def _slots(self, now: Nanos | None, times: list[np.ndarray]) -> Bars:
        grid = self.clock.grid
        seen = np.concatenate([grid.slots(t) for t in times]) if times else np.zeros(0, np.int64)
        seen = seen[seen >= 0]
        if len(seen):
            self._next = self._next if self._begun else int(seen.min())
            self._begun, self._reached = True, max(self._reached, int(seen.max()))
        slots: np.ndarray = np.arange(self._next, self._reached + 1 if self._begun else self._next)
        ends = grid.ends(slots)
        over = len(ends) if now is None else int(np.searchsorted(ends, now, side="right"))
        slots, ends = slots[:over], ends[:over]
        self._next += over
        begins = grid.begins(slots)
        if over and grid.session:  # what lies between two slots, outside every session, is in no bar
            self._prints = self._prints[grid.slots(self._prints["ts_event"]) >= 0]
        return self._made(slots, begins, ends, ends, np.searchsorted(self._prints["ts_event"], ends))

    def _measure(self) -> np.ndarray:
        """What each waiting print adds to the size of its bar."""
        size = self._prints["size"]
        if self.clock.kind == TICKS:
            return np.ones(len(size), np.int64)
        if self.clock.kind == DOLLARS:
            return np.asarray(self._prints["price"] * size + self._prints["subtick"] * size // SUBTICKS)
        return np.asarray(size)

    def _split(self) -> None:
        """Cut waiting prints where a bucket is full, into prints of the same moment, price and side."""
        total = np.cumsum(self._prints["size"])
        if len(total):
            edges = np.union1d(total, np.arange(self.clock.size, total[-1], self.clock.size))
            whole = self._prints[np.searchsorted(total, edges)].copy()
            whole["size"] = np.diff(edges, prepend=0)
            self._prints = whole

    # ── what is in them ──────────────────────────────────────────────────────────────────────────────────────────

    def _made(
        self, slots: np.ndarray, begins: np.ndarray, ends: np.ndarray, known: np.ndarray, upto: np.ndarray
    ) -> Bars:
        out = np.zeros(len(slots), FEATURE_BAR)
        if not len(slots):
            return Bars(out, self.names, np.zeros((len(self.names), 0)), np.zeros((len(self.names), 0), np.uint8))
        out["slot"], out["ts_event"], out["ts_available"] = slots, begins, known
        since = np.concatenate([[0], upto[:-1]]).astype(np.int64)
        self._fill(out, since, upto)
        moments = self._rows.ts_event
        # Every row before the end counts, also those of between two sessions: the book stands all the same.
        place = np.searchsorted(moments, ends)
        edges = np.concatenate([[np.searchsorted(moments, self._until)], place])
        out["events"] = np.diff(edges)
        there = place > 0
        at = np.maximum(place - 1, 0)
        values, statuses = np.zeros((len(self.names), len(out))), np.full((len(self.names), len(out)), _GAP, np.uint8)
        if there.any():
            values[:, there] = self._rows.values[:, at[there]]
            statuses[:, there] = self._rows.statuses[:, at[there]]
            assert self._first is not None
            self._past.fill(self._first, ends - 1, values, statuses)
            out["ts_available"][there] = np.maximum(known[there], self._rows.ts_available[at[there]])
        self._until = int(ends[-1])
        self._past.drop(self._until)
        self._prints = self._prints[upto[-1] :]
        self._rows = _from(self._rows, int(at[-1]))
        return Bars(out, self.names, values, statuses)

    def _fill(self, out: np.ndarray, since: np.ndarray, upto: np.ndarray) -> None:
        prints = self._prints
        size, side = prints["size"], prints["side"]
        price = prints["price"] + prints["subtick"] / SUBTICKS
        out["volume"] = _sums(size, since, upto)
        out["bought"] = _sums(np.where(side > 0, size, 0), since, upto)
        out["sold"] = _sums(np.where(side < 0, size, 0), since, upto)
        out["trades"] = upto - since
        parts = _sums(prints["subtick"] * size, since, upto)
        out["notional"] = _sums(prints["price"] * size, since, upto) + parts / SUBTICKS
        some = upto > since
        if some.any():
            first, last = since[some], upto[some]
            out["open"][some], out["close"][some] = price[first], price[last - 1]
            # Prints of bars that have some follow each other: what ends one begins the next.
            out["high"][some] = np.maximum.reduceat(price[: last[-1]], first)
            out["low"][some] = np.minimum.reduceat(price[: last[-1]], first)
            out["vwap"][some] = out["notional"][some] / out["volume"][some]

    # ── restart ──────────────────────────────────────────────────────────────────────────────────────────────────

    def snapshot(self) -> bytes:
        """What waits, and which bar is next."""
        head = {
            "format": FORMAT, "clock": self.clock.text, "session": self.clock.grid.session, "names": self.names,
            "size": self.clock.size,
            "state": [self.now, self._next, self._begun, self._reached, self._until, self._first],
        }  # fmt: skip
        out = io.BytesIO()
        out.write(json.dumps(head).encode() + b"\n")
        rows = self._rows
        for array in (self._prints, self._past.log, rows.ts_event, rows.ts_available, rows.values, rows.statuses):
            np.save(out, array)
        return out.getvalue()

    def restore(self, snapshot: bytes) -> None:
        """Go on from where a snapshot was taken. Raises FileFormatError for one of other bars."""
        file = io.BytesIO(snapshot)
        head = json.loads(file.readline())
        wanted = {
            "format": FORMAT, "clock": self.clock.text, "session": self.clock.grid.session, "names": list(self.names),
            "size": self.clock.size,
        }  # fmt: skip
        for name, value in wanted.items():
            if head.get(name) != value:
                raise FileFormatError("snapshot", name, str(head.get(name)), str(value))
        self.now, self._next, self._begun, self._reached, self._until, self._first = head["state"]
        self._prints, log, *rows = (np.load(file) for _ in range(6))
        self._past.restore(log)
        self._rows = FeatureRows(self.names, *rows)


def _sums(numbers: np.ndarray, since: np.ndarray, upto: np.ndarray) -> np.ndarray:
    """Sums of whole numbers from `since` to before `upto`, each."""
    total = np.concatenate([[0], np.cumsum(numbers)])
    return np.asarray(total[upto] - total[since])


def _every(total: np.ndarray, size: int) -> np.ndarray:
    """Places at which a running total is `size` or more above what it was at the place before."""
    found, before = [], 0
    at = int(np.searchsorted(total, size))
    while at < len(total):
        found.append(at)
        before = int(total[at])
        at = int(np.searchsorted(total, before + size))
    return np.array(found, np.int64)


def _whole_nanoseconds(moments: np.ndarray, size: int) -> np.ndarray:
    """Ends of bars of `size` events or more, each with all of its last nanosecond."""
    found = []
    upto = 0
    while upto + size <= len(moments):
        end = int(moments[upto + size - 1]) + 1
        found.append(end)
        upto = int(np.searchsorted(moments, end))
    return np.array(found, np.int64)


def _no_rows(names: tuple[str, ...]) -> FeatureRows:
    none = np.zeros(0, np.int64)
    return FeatureRows(names, none, none, np.zeros((len(names), 0)), np.zeros((len(names), 0), np.uint8))


def _from(rows: FeatureRows, at: int) -> FeatureRows:
    return FeatureRows(
        rows.names, rows.ts_event[at:], rows.ts_available[at:], rows.values[:, at:], rows.statuses[:, at:]
    )
