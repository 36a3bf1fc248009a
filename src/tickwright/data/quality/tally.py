"""Counts of findings with their first and last place, and how they lie in time.

A unit is what is checked in one go: an instrument, a schema and a UTC day, or for bars the whole history. A place names
a row by its number from 0 within the unit, as `Catalog.read` returns it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tickwright.core.events import Action, Side
from tickwright.core.instrument import Instrument
from tickwright.core.units import Nanos
from tickwright.data.quality.codes import CODES, Severity
from tickwright.data.store.definition import PRICES, SIZES
from tickwright.data.utc import utc_text

# What of a row is told beside its time; prices and sizes as exact decimals.
_TOLD = ("order_id", "trade_id", "sequence", "action", "side", "price", "size", "bid", "ask")
_TOLD_BARS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding stands: exchange time in ns, row number, and the fields of the row."""

    ts: Nanos
    row: int
    fields: Mapping[str, int]
    day: str


@dataclass(slots=True)
class Found:
    """All findings of one code in one unit, or, merged, in several."""

    count: int
    first: Place
    last: Place
    detail: dict[str, int] = field(default_factory=dict)
    """Parts of the count, as missing fields by name; or how far: `least_ns`, `most_ns`, `longest_ns`."""

    def merge(self, later: Found) -> None:
        """Take in the findings of a later unit."""
        self.count += later.count
        self.last = later.last
        self.add_detail(later.detail)

    def add_detail(self, more: Mapping[str, int]) -> None:
        """Add counts up; of least and most keep the least and the most."""
        for name, value in more.items():
            known = self.detail.get(name)
            self.detail[name] = value if known is None else _JOINED.get(name, _sum)(known, value)


def _sum(a: int, b: int) -> int:
    return a + b


_JOINED: Mapping[str, Callable[[int, int], int]] = {"least_ns": min, "most_ns": max, "longest_ns": max}


class Timeline:
    """Equal buckets of time, for pictures: rows, mean spread, and findings by code in each."""

    def __init__(self, begin: Nanos, end: Nanos, buckets: int) -> None:
        self.begin = begin
        self.step = max(1, -(-(end - begin) // buckets))
        self.rows = np.zeros(buckets, np.int64)
        self.spread_sum = np.zeros(buckets, np.float64)
        self.spreads = np.zeros(buckets, np.int64)
        self.found: dict[str, np.ndarray] = {}

    def add_rows(self, moments: np.ndarray) -> None:
        """Count rows."""
        self.rows += self._binned(moments)

    def add_found(self, code: str, moments: np.ndarray) -> None:
        """Count findings."""
        self.found[code] = self.found.get(code, 0) + self._binned(moments)

    def _binned(self, moments: np.ndarray) -> np.ndarray:
        at = np.clip((moments - self.begin) // self.step, 0, self.rows.size - 1)
        return np.bincount(at, minlength=self.rows.size)


class Tally:
    """The findings of one unit. Only those whose row was received within `window` are kept."""

    def __init__(self, day: str, timeline: Timeline, window: tuple[Nanos, Nanos] | None = None) -> None:
        self.day = day
        self.timeline = timeline
        self.found: dict[str, Found] = {}
        self.window = window

    def add_rows(self, code: str, bad: np.ndarray, rows: np.ndarray, at: int, by: np.ndarray | None = None) -> None:
        """Findings where `bad` is true; row k of the chunk is row `at + k` of the unit. `by` says how far, in ns."""
        picks = np.flatnonzero(bad)
        if picks.size:
            names = rows.dtype.names or ()
            moments = rows["ts_recv" if "ts_recv" in names else "ts_event"][picks]
            told = [n for n in (_TOLD_BARS if "open" in names else _TOLD) if n in names]
            fields = {n: rows[n][picks] for n in told}
            self.add(code, picks + at, rows["ts_event"][picks], moments, fields, by=None if by is None else by[picks])

    def add(
        self, code: str, rows: np.ndarray, times: np.ndarray, moments: np.ndarray, fields: Mapping[str, np.ndarray],
        counts: np.ndarray | None = None, by: np.ndarray | None = None,
    ) -> None:  # fmt: skip
        """Findings at given rows of the unit, in order: their ts_event, the moments they are kept by, their fields.

        `counts` says how many findings each stands for, where that is not one; `by` how far each is off, in ns.
        """
        assert code in CODES, code
        if self.window is not None:
            inside = (moments >= self.window[0]) & (moments < self.window[1])
            if not inside.all():
                rows, times, moments = rows[inside], times[inside], moments[inside]
                fields = {name: values[inside] for name, values in fields.items()}
                counts = None if counts is None else counts[inside]
                by = None if by is None else by[inside]
        if not rows.size:
            return
        self.timeline.add_found(code, moments)
        first, last = (
            Place(int(times[k]), int(rows[k]), {name: int(v[k]) for name, v in fields.items()}, self.day)
            for k in (0, -1)
        )
        fresh = Found(len(rows) if counts is None else int(counts.sum()), first, last)
        if by is not None:
            fresh.add_detail({"least_ns": int(by.min()), "most_ns": int(by.max())})
        self._join(code, fresh)

    def _join(self, code: str, fresh: Found) -> None:
        known = self.found.get(code)
        if known is None:
            self.found[code] = fresh
        else:
            # Some checks learn of a fault only after later rows have been seen.
            known.first = min(known.first, fresh.first, key=lambda p: p.row)
            known.last = max(known.last, fresh.last, key=lambda p: p.row)
            known.count += fresh.count
            known.add_detail(fresh.detail)

    def beside(self) -> Tally:
        """An empty one for findings of the same unit of which is not known yet whether they count."""
        empty = Timeline(self.timeline.begin, self.timeline.begin + 1, self.timeline.rows.size)
        empty.step = self.timeline.step
        return Tally(self.day, empty, self.window)

    def take(self, other: Tally) -> None:
        """Take in the findings of one made by `beside`."""
        for code, fresh in other.found.items():
            self._join(code, fresh)
            self.timeline.found[code] = self.timeline.found.get(code, 0) + other.timeline.found[code]

    def count(self, code: str) -> int:
        """How often a code was found."""
        return self.found[code].count if code in self.found else 0

    def rename(self, code: str, better: str) -> None:
        """Tell the findings of a code under another, together with those already under it."""
        if code in self.found:
            self._join(better, self.found.pop(code))
            self.timeline.found[better] = self.timeline.found.get(better, 0) + self.timeline.found.pop(code)

    def add_detail(self, code: str, name: str, count: int) -> None:
        """Say how many of a code's findings are of a kind."""
        if count and code in self.found:
            self.found[code].add_detail({name: count})


def finding_json(code: str, found: Found, instrument: Instrument, schema: str) -> dict[str, Any]:
    """A finding as plain values."""
    kind = CODES[code]
    return {
        "code": code,
        "severity": kind.severity,
        "instrument": instrument.symbol,
        "schema": schema,
        "count": found.count,
        "first": _place_json(found.first, instrument),
        "last": _place_json(found.last, instrument),
        "meaning": kind.meaning,
        "effect_on_fills": kind.effect,
        "detail": dict(found.detail),
    }


def severity_of(code: str) -> Severity:
    """The severity of a code."""
    return CODES[code].severity


def _place_json(place: Place, instrument: Instrument) -> dict[str, Any]:
    return {
        "ts": place.ts,
        "time": utc_text(place.ts),
        "day": place.day,
        "row": place.row,
        **{name: _field(name, value, instrument) for name, value in place.fields.items()},
    }


def _field(name: str, value: int, instrument: Instrument) -> Any:
    if name in PRICES:
        return str(instrument.to_price(value))
    if name in SIZES:
        return str(instrument.to_quantity(value))
    if name == "action":
        return Action(value).name.lower() if value in set(Action) else value
    if name == "side":
        return Side(value).name.lower() if value in set(Side) else value
    return value
