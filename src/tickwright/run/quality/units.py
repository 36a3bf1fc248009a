"""What is checked in one go, and when its market was open.

A unit of events, depth, quotes or trades is one UTC day, as the catalog keeps them; one of bars is the whole history of
an instrument, since a bar is judged by the one before it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tickwright.core.errors import ConfigError, NotInCatalogError
from tickwright.core.instrument import Instrument
from tickwright.core.time import midnight, utc_day
from tickwright.core.units import HOUR, Nanos
from tickwright.data.calendars import calendar
from tickwright.data.port import TickCatalog
from tickwright.data.quality.hours import Hours
from tickwright.data.store.schema import TABLES

BARS = "bars-"
BOOK = "book-"
DAY_BUCKETS = 720
BAR_BUCKETS = 480
_CME = "CMES"


@dataclass(frozen=True, slots=True)
class Unit:
    """Rows that are checked together. `day` is None for bars; `begin` and `end` span its picture."""

    instrument: Instrument
    schema: str
    day: dt.date | None
    rows: int
    begin: Nanos
    end: Nanos

    @property
    def name(self) -> str:
        """The day in words."""
        return "all" if self.day is None else self.day.isoformat()

    def chunks(self, catalog: TickCatalog) -> Iterator[np.ndarray]:
        """Its rows in file order."""
        return catalog.chunks(self.instrument.symbol, self.schema, day=self.day)


def units_of(catalog: TickCatalog, symbol: str | None = None, date: dt.date | None = None) -> list[Unit]:
    """The units of a catalog, or of one instrument, or those that reach into an exchange-local date.

    `book-N` rows belong to the unit of their events. Raises NotInCatalogError when there is nothing.
    """
    instruments = {i.symbol: i for i in catalog.instruments()}
    if symbol is not None:
        instruments = {symbol: catalog.instrument(symbol)}
    units: dict[tuple[str, str, dt.date | None], Unit] = {}
    for row in catalog.ls():
        if row.instrument not in instruments or row.schema not in TABLES:
            continue
        instrument = instruments[row.instrument]
        bars = row.schema.startswith(BARS)
        if date is not None and not bars:
            begin, end = window_of(instrument, date)
            if not utc_day(begin) <= row.day <= utc_day(end - 1):
                continue
        day = None if bars else row.day
        first, last = row.first, row.last + 1
        known = units.get((row.instrument, row.schema, day))
        if known is not None:
            first, last = min(first, known.begin), max(last, known.end)
        rows = row.rows + (known.rows if known is not None else 0)
        units[row.instrument, row.schema, day] = Unit(instrument, row.schema, day, rows, first, last)
    if not units:
        where = f"{symbol or 'the catalog'}{'' if date is None else f' on {date}'}"
        raise NotInCatalogError(f"{where}: nothing to check in {catalog.root}")
    return list(units.values())


def window_of(instrument: Instrument, date: dt.date) -> tuple[Nanos, Nanos]:
    """An exchange-local date as a span of time."""
    return midnight(date, instrument.timezone), midnight(date + dt.timedelta(days=1), instrument.timezone)


def hours_of(unit: Unit) -> tuple[Hours | None, str | None]:
    """When the market of a unit was open, or None with the reason."""
    try:
        found = calendar(unit.instrument.venue)
        around = dt.timedelta(days=3)
        sessions = found.sessions(utc_day(unit.begin) - around, utc_day(unit.end) + around)
    except ConfigError:
        return None, f"no calendar of {unit.instrument.venue!r}, so nothing is measured by session hours"
    spans: list[tuple[Nanos, Nanos]] = []
    for session in sessions:
        # The hour before the next open, of which the calendar does not know, and which Friday has too.
        close = session.close - HOUR if found.name == _CME and not session.early else session.close
        if session.break_start is not None and session.break_end is not None:
            spans += [(session.open, session.break_start), (session.break_end, close)]
        else:
            spans.append((session.open, close))
    columns = np.array(spans, np.int64).reshape(-1, 2).T
    return Hours(columns[0].copy(), columns[1].copy()), None
