"""The check of a catalog.

1. `units_of` lists what is checked in one go.
2. `check_unit` reads a unit chunk by chunk and feeds every check that its schema allows. The book of one UTC day goes
   on into the next where that of a replay does (`run.beginning`).
3. Findings of the same code, instrument and schema are put together over the days.

Memory is bounded by a chunk, the orders of one instrument that live at once, and the pictures.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tickwright.core.events import Action
from tickwright.core.units import SECOND, Nanos
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
from tickwright.data.quality.prints import told_when_often, trades_outside
from tickwright.data.quality.sequences import Sequences
from tickwright.data.quality.tally import Found, Tally, Timeline, finding_json, severity_of
from tickwright.data.quality.tops import Tops
from tickwright.data.store.schema import DEPTH, EVENTS, QUOTES, QUOTES_TRADES, SAMPLED_QUOTES, TRADES, moments_of
from tickwright.run.beginning import begins_anew
from tickwright.run.quality.fixes import fixed_by_code, left_by_code
from tickwright.run.quality.levels import LevelBook
from tickwright.run.quality.orders import CODES, OrderBook
from tickwright.run.quality.units import BAR_BUCKETS, BARS, BOOK, DAY_BUCKETS, Unit, hours_of, units_of, window_of

Progress = Callable[[int, int], None]
"""Hears of rows done and in all."""
Books = dict[str, tuple[Any, Nanos | None]]
"""Of the instrument and schema in hand: the book after the day before, and the time of its last row."""


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
    log: tuple[dict[str, Any], ...] | None = None
    """What `repair` did and left before this check; None where it was not asked for."""

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

    def to_json(self, units: bool = False) -> dict[str, Any]:
        """Everything as plain values; every unit that was checked where `units` asks for them."""
        findings = self.findings()
        totals: dict[str, int] = {}
        for finding in findings:
            totals[finding["code"]] = totals.get(finding["code"], 0) + finding["count"]
        checked: dict[str, Any] = {
            "catalog": self.catalog,
            "instruments": len({r.unit.instrument.symbol for r in self.units}),
            "rows": sum(r.rows for r in self.units),
            "units": len(self.units),
            "notes": self._notes(),
        }
        if units:
            checked["each"] = [
                {
                    "instrument": r.unit.instrument.symbol, "schema": r.unit.schema, "day": r.unit.name, "rows": r.rows,
                    "notes": list(r.notes),
                }
                for r in self.units
            ]  # fmt: skip
        answer = {"findings": findings, "totals": totals, "checked": checked, "clean": self.clean}
        if self.log is not None:
            answer |= {"fixed": fixed_by_code(self.log), "left": left_by_code(self.log, totals)}
        return answer

    def _notes(self) -> list[dict[str, Any]]:
        """What could not be checked, each with the number of units of which that is true."""
        counts: dict[str, int] = {}
        for unit in self.units:
            for note in unit.notes:
                counts[note] = counts.get(note, 0) + 1
        return [{"note": note, "units": count} for note, count in counts.items()]


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
    if unit.schema == TRADES and unit.day in _days(catalog, symbol, QUOTES):
        quotes = catalog.chunks(symbol, QUOTES, day=unit.day)
        trades_outside(tally, unit.chunks(catalog), quotes, hours)
    notes += run.end()
    if recorded is not None and not whole:
        one = np.zeros(1, np.int64)
        begin = np.array([unit.begin], np.int64)
        counts = {"events": one + unit.rows, "book_rows": one + recorded[1]}
        tally.add("book_rows_misaligned", one, begin, begin, counts)
    if book is not None:
        books.clear()  # units come by instrument and schema, so no other book is needed again
        books[f"{symbol} {unit.schema}"] = (run.book, run.last)
    return UnitResult(unit, rows, tally.found, tuple(notes), tally.timeline)


def _days(catalog: TickCatalog, symbol: str, schema: str) -> list[dt.date]:
    return catalog.days(symbol, schema) if schema in catalog.schemas(symbol) else []


def _book(unit: Unit, books: Books) -> tuple[Any, Nanos | None] | None:
    """The book with which a unit begins, and when it was last changed."""
    if unit.schema not in (EVENTS, DEPTH):
        return None
    fresh = OrderBook() if unit.schema == EVENTS else LevelBook()
    return books.get(f"{unit.instrument.symbol} {unit.schema}", (fresh, None))


class UnitCheck:
    """Every check of one unit. `feed` the chunks in order, then, where `duplicates.late`, all again; then `end`."""

    def __init__(self, unit: Unit, tally: Tally, hours: Hours | None, book: tuple[Any, Nanos | None] | None) -> None:
        self._unit = unit
        self._tally = tally
        self._hours = None if unit.schema == "bars-1d" else hours
        self.book: Any
        self.last: Nanos | None
        self.book, self.last = book or (None, None)
        self._at = 0
        self._trades = 0
        self._clocks = Clocks(tally)
        # Two trades of one moment met one quote: its row stands for each of them.
        self.duplicates = Duplicates(tally, alike=unit.schema == QUOTES_TRADES)
        # What came between two chosen moments has its numbers too.
        self._sequences = None if unit.schema in SAMPLED_QUOTES else Sequences(tally)
        self._gaps = Gaps(tally, hours)
        self._bar_checks = Bars(tally, unit.schema, unit.instrument, hours) if unit.schema.startswith(BARS) else None
        self._tops = Tops(tally, hours, separate=unit.schema == DEPTH)

    def feed(self, rows: np.ndarray, levels: np.ndarray | None = None) -> None:
        """The next rows; `levels` are a vendor's book rows after each."""
        if not len(rows):
            return
        at = self._at
        self._tally.timeline.add_rows(moments_of(rows))
        self._trades += self._trades_of(rows)
        check_rows(self._tally, rows, at, self._hours)
        self._clocks.feed(rows, at)
        self.duplicates.feed(rows, at)
        if self._bar_checks is not None:
            self._bar_checks.feed(rows, at)
        else:
            if self._sequences is not None:
                self._sequences.feed(rows, at)
            self._gaps.feed(rows, at)
        tops = self._best(rows, levels, at)
        if tops is not None:
            self._tops.feed(rows, tops)
        self._at += len(rows)

    def _trades_of(self, rows: np.ndarray) -> int:
        """Those within the window of the tally, as its counts are."""
        if self._unit.schema not in (DEPTH, TRADES):
            return 0
        trades = np.ones(len(rows), bool) if self._unit.schema == TRADES else rows["action"] == Action.TRADE
        if self._tally.window is not None:
            begin, end = self._tally.window
            trades &= (moments_of(rows) >= begin) & (moments_of(rows) < end)
        return int(np.count_nonzero(trades))

    def _best(self, rows: np.ndarray, levels: np.ndarray | None, at: int) -> np.ndarray | None:
        """The best levels after each row."""
        if levels is not None:
            return levels[:, :4]
        if self._unit.schema in (QUOTES, *SAMPLED_QUOTES):
            return np.stack([rows[name].astype(np.int64) for name in ("ask", "ask_size", "bid", "bid_size")], axis=1)
        if self.book is None:
            return None
        if at == 0 and begins_anew(rows[0], self.last, self._unit.instrument.timezone):
            self.book = OrderBook() if self._unit.schema == EVENTS else LevelBook()
        self.last = int(moments_of(rows[-1:])[0])
        tops, marks = self.book.feed(rows)
        for bit, code in CODES.items():
            self._tally.add_rows(code, (marks & bit) != 0, rows, at)
        return np.asarray(tops)

    def end(self) -> list[str]:
        """After the last row: what could not be checked."""
        self._tops.end()
        told_when_often(self._tally, self._trades)
        notes = [self.duplicates.end()]
        if self._bar_checks is not None:
            notes += self._bar_checks.end()
        else:
            notes += [self._gaps.end(), self._sequences.end() if self._sequences is not None else None]
        return [note for note in notes if note]
