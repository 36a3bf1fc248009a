"""The check of a catalog.

1. `units_of` lists what is checked in one go.
2. `check_unit` reads a unit chunk by chunk and feeds every check that its schema allows. The book of one UTC day goes
   on into the next where the recording does.
3. Findings of the same code, instrument and schema are put together over the days.

Memory is bounded by a chunk, the orders that live at once, and the pictures.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tickwright.core.events import Action, Flag
from tickwright.core.units import HOUR, SECOND, Nanos
from tickwright.data.port import TickCatalog
from tickwright.data.quality.aligned import aligned
from tickwright.data.quality.bars import Bars
from tickwright.data.quality.clocks import Clocks
from tickwright.data.quality.codes import FAILING
from tickwright.data.quality.columns import check_rows
from tickwright.data.quality.duplicates import Duplicates
from tickwright.data.quality.fix import fix
from tickwright.data.quality.gaps import Gaps
from tickwright.data.quality.hours import Hours
from tickwright.data.quality.prints import trades_outside
from tickwright.data.quality.sequences import Sequences
from tickwright.data.quality.tally import Found, Tally, Timeline, finding_json, severity_of
from tickwright.data.quality.tops import Tops
from tickwright.data.store.schema import DEPTH, EVENTS, QUOTES, TRADES, moments_of
from tickwright.run.quality.levels import LevelBook
from tickwright.run.quality.orders import CODES, OrderBook
from tickwright.run.quality.units import BAR_BUCKETS, BARS, BOOK, DAY_BUCKETS, Unit, hours_of, units_of, window_of

Progress = Callable[[int, int], None]
"""Hears of rows done and in all."""
Books = dict[str, tuple[Any, Nanos]]
"""By instrument and schema: the book after the day before, and the time of its last row."""

_NEVER: Nanos = -(2**63)
_LONGEST_PAUSE: Nanos = HOUR
"""A book goes on into the next day when its rows do within this time."""


@dataclass(frozen=True, slots=True)
class UnitResult:
    """What a unit held: its findings, notes on what could not be checked, and its picture."""

    unit: Unit
    rows: int
    found: dict[str, Found]
    notes: tuple[str, ...]
    timeline: Timeline


@dataclass(frozen=True, slots=True)
class CheckResult:
    """All units of a check."""

    catalog: str
    units: tuple[UnitResult, ...]
    fixed: tuple[dict[str, Any], ...] = field(default=())
    """The log of what was put right before."""

    def findings(self) -> list[dict[str, Any]]:
        """One entry a code, instrument and schema, over all days."""
        whole: dict[tuple[str, str, str], Found] = {}
        instruments = {}
        for result in self.units:
            instruments[result.unit.instrument.symbol] = result.unit.instrument
            for code, found in result.found.items():
                key = (result.unit.instrument.symbol, result.unit.schema, code)
                if key in whole:
                    whole[key].merge(found)
                else:
                    whole[key] = Found(found.count, found.first, found.last, dict(found.detail))
        return [
            finding_json(code, found, instruments[symbol], schema) for (symbol, schema, code), found in whole.items()
        ]

    @property
    def clean(self) -> bool:
        """Whether nothing was found that makes a check fail."""
        return not any(severity_of(code) in FAILING for result in self.units for code in result.found)

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        findings = self.findings()
        totals: dict[str, int] = {}
        for finding in findings:
            totals[finding["code"]] = totals.get(finding["code"], 0) + finding["count"]
        units = [
            {
                "instrument": r.unit.instrument.symbol, "schema": r.unit.schema, "day": r.unit.name, "rows": r.rows,
                "notes": list(r.notes),
            }
            for r in self.units
        ]  # fmt: skip
        checked = {
            "catalog": self.catalog,
            "instruments": len({r.unit.instrument.symbol for r in self.units}),
            "rows": sum(r.rows for r in self.units),
            "units": units,
        }
        answer = {"findings": findings, "totals": totals, "checked": checked, "clean": self.clean}
        return answer | ({"fixed": list(self.fixed)} if self.fixed else {})


def check(
    catalog: TickCatalog, symbol: str | None = None, date: dt.date | None = None, progress: Progress | None = None
) -> CheckResult:
    """Check a catalog, one instrument of it, or one exchange-local date. Raises NotInCatalogError, CatalogError."""
    units = units_of(catalog, symbol, date)
    total, done = sum(unit.rows for unit in units), 0
    books: Books = {}
    results = []
    for unit in units:
        window = None if date is None else window_of(unit.instrument, date)
        results.append(check_unit(catalog, unit, books, window))
        done += unit.rows
        if progress is not None:
            progress(done, total)
    return CheckResult(str(catalog.root), tuple(results))


def repair(catalog: TickCatalog, symbol: str | None = None, date: dt.date | None = None) -> list[dict[str, Any]]:
    """Put right what is proven in what `check` would look at; the log. Raises CatalogError, StorageError."""
    wanted = {(unit.instrument.symbol, unit.schema, unit.day) for unit in units_of(catalog, symbol, date)}
    keys = []
    for row in catalog.ls():
        day = None if row.schema.startswith(BARS) else row.day
        if (row.instrument, row.schema, day) in wanted:
            keys.append((row.instrument, row.schema, row.day))
    return fix(catalog, keys)


def check_unit(
    catalog: TickCatalog,
    unit: Unit,
    books: Books,
    window: tuple[Nanos, Nanos] | None = None,
) -> UnitResult:
    """Check one unit; `books` hands the books of one day to the next."""
    symbol = unit.instrument.symbol
    names = [s for s in catalog.schemas(symbol) if s.startswith(BOOK)] if unit.schema == EVENTS else []
    recorded = None
    notes = []
    for name in sorted(names, key=lambda s: int(s.removeprefix(BOOK)), reverse=True):
        held = {row.day: row.rows for row in catalog.ls() if row.instrument == symbol and row.schema == name}
        if unit.day in held:
            recorded = (name, held[unit.day])
            break
    source: Iterable[tuple[np.ndarray, np.ndarray | None]]
    whole = recorded is not None and recorded[1] == unit.rows
    if recorded is not None and whole:
        source = aligned(unit.chunks(catalog), catalog.chunks(symbol, recorded[0], day=unit.day))
        notes.append(
            f"a window of the book: quotes are those of {recorded[0]}, and orders cannot be followed, so unknown and "
            "duplicate orders are not looked for (`data verify-book` compares every transition)"
        )
    else:
        source = ((rows, None) for rows in unit.chunks(catalog))
    hours, reason = hours_of(unit)
    notes += [reason] if reason else []
    buckets = BAR_BUCKETS if unit.day is None else DAY_BUCKETS
    tally = Tally(unit.name, Timeline(unit.begin, max(unit.end, unit.begin + buckets * SECOND), buckets), window)
    book = None if whole else _book(unit, books)
    run = UnitCheck(unit, tally, hours, book)
    rows = 0
    for chunk, levels in source:
        run.feed(chunk, levels)
        rows += len(chunk)
    if run.duplicates.late:
        at = 0
        for chunk in unit.chunks(catalog):
            run.duplicates.look_again(chunk, at)
            at += len(chunk)
    notes += run.end()
    if unit.schema == TRADES and unit.day in _days(catalog, symbol, QUOTES):
        quotes = catalog.chunks(symbol, QUOTES, day=unit.day)
        trades_outside(tally, unit.chunks(catalog), quotes, hours)
    if recorded is not None and not whole:
        one = np.zeros(1, np.int64)
        begin = np.array([unit.begin], np.int64)
        counts = {"events": one + unit.rows, "book_rows": one + recorded[1]}
        tally.add("book_rows_misaligned", one, begin, begin, counts)
    if book is not None:
        books[f"{symbol} {unit.schema}"] = (run.book, run.last)
    return UnitResult(unit, rows, tally.found, tuple(notes), tally.timeline)


def _days(catalog: TickCatalog, symbol: str, schema: str) -> list[dt.date]:
    return catalog.days(symbol, schema) if schema in catalog.schemas(symbol) else []


def _book(unit: Unit, books: Books) -> tuple[Any, Nanos] | None:
    """The book with which a unit begins, and when it was last changed."""
    if unit.schema not in (EVENTS, DEPTH):
        return None
    fresh = OrderBook() if unit.schema == EVENTS else LevelBook()
    return books.get(f"{unit.instrument.symbol} {unit.schema}", (fresh, _NEVER))


class UnitCheck:
    """Every check of one unit. `feed` the chunks in order, then, where `duplicates.late`, all again; then `end`."""

    def __init__(self, unit: Unit, tally: Tally, hours: Hours | None, book: tuple[Any, Nanos] | None) -> None:
        self._unit = unit
        self._tally = tally
        self._hours = None if unit.schema == "bars-1d" else hours
        self.book: Any
        self.book, self.last = book or (None, 0)
        self._at = 0
        self._clocks = Clocks(tally)
        self.duplicates = Duplicates(tally)
        self._sequences = Sequences(tally)
        self._gaps = Gaps(tally, hours)
        self._bar_checks = Bars(tally, unit.schema, unit.instrument, hours) if unit.schema.startswith(BARS) else None
        self._tops = Tops(tally, hours, separate=unit.schema == DEPTH)

    def feed(self, rows: np.ndarray, levels: np.ndarray | None = None) -> None:
        """The next rows; `levels` are a vendor's book rows after each."""
        if not len(rows):
            return
        at = self._at
        self._tally.timeline.add_rows(moments_of(rows))
        check_rows(self._tally, rows, at, self._hours)
        self._clocks.feed(rows, at)
        self.duplicates.feed(rows, at)
        if self._bar_checks is not None:
            self._bar_checks.feed(rows, at)
        else:
            self._sequences.feed(rows, at)
            self._gaps.feed(rows, at)
        tops = self._best(rows, levels, at)
        if tops is not None:
            self._tops.feed(rows, tops)
        self._at += len(rows)

    def _best(self, rows: np.ndarray, levels: np.ndarray | None, at: int) -> np.ndarray | None:
        """The best levels after each row."""
        if levels is not None:
            return levels[:, :4]
        if self._unit.schema == QUOTES:
            return np.stack([rows[name].astype(np.int64) for name in ("ask", "ask_size", "bid", "bid_size")], axis=1)
        if self.book is None:
            return None
        if at == 0 and self._begins_anew(rows[0]):
            self.book = OrderBook() if self._unit.schema == EVENTS else LevelBook()
        self.last = int(moments_of(rows[-1:])[0])
        tops, marks = self.book.feed(rows)
        for bit, code in CODES.items():
            self._tally.add_rows(code, (marks & bit) != 0, rows, at)
        return np.asarray(tops)

    def _begins_anew(self, first: np.ndarray) -> bool:
        opens = (first["flags"] & Flag.SNAPSHOT) != 0 or first["action"] == Action.CLEAR
        pause = int(first["ts_recv"]) - self.last
        return bool(opens or not 0 <= pause <= _LONGEST_PAUSE)

    def end(self) -> list[str]:
        """After the last row: what could not be checked."""
        self._tops.end()
        notes = [self.duplicates.end()]
        if self._bar_checks is not None:
            notes += self._bar_checks.end()
        else:
            notes += [self._gaps.end(), self._sequences.end()]
        return [note for note in notes if note]
