"""A recorded day for the pass: chunks of MARKET_EVENT rows from the catalog, made whole where the feed is windowed.

A full feed is read chunk by chunk. A windowed one (LOBSTER) is completed by its orderbook rows first (`book.windowed`),
which needs the day in memory; the levels it shows limit what counts as an event.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tickwright.book.windowed import complete
from tickwright.calibrate.layout import LEVELS
from tickwright.core.errors import NotInCatalogError
from tickwright.core.events import Action, Flag
from tickwright.core.ids import fingerprint
from tickwright.core.instrument import Instrument
from tickwright.core.time import midnight, utc_day
from tickwright.core.units import Nanos
from tickwright.data.port import TickCatalog
from tickwright.data.store.schema import EVENTS


@dataclass(frozen=True, eq=False)
class RecordedDay:
    """One instrument on one exchange-local day. `first` and `last` are the times of its first and last event."""

    catalog: TickCatalog
    instrument: Instrument
    date: dt.date
    utc_days: tuple[dt.date, ...]
    window: str | None
    """The schema of the orderbook rows of a windowed feed."""
    first: Nanos
    last: Nanos
    fingerprint: str

    @property
    def levels(self) -> int:
        """Levels on which events are seen, ten at most."""
        return LEVELS if self.window is None else min(LEVELS, _levels(self.window))

    def chunks(self) -> Iterator[np.ndarray]:
        """MARKET_EVENT rows from the start of the feed to the end of the local day. Raises BookError."""
        symbol, end = self.instrument.symbol, self.last + 1
        for number, day in enumerate(self.utc_days):
            if self.window is None:
                for index, rows in enumerate(self.catalog.chunks(symbol, EVENTS, day=day)):
                    if number and not index and rows["flags"][0] & Flag.SNAPSHOT:
                        yield _clear(rows)
                    yield rows[rows["ts_event"] < end]
                continue
            events = self.catalog.read(symbol, EVENTS, day=day)
            rows = self.catalog.read(symbol, self.window, day=day)
            yield complete(events, rows[: len(events)])[0]


def recorded_day(catalog: TickCatalog, symbol: str, date: dt.date) -> RecordedDay:
    """Find a day of single orders. Raises NotInCatalogError where there is none."""
    import polars as pl

    instrument, schemas = catalog.instrument(symbol), catalog.schemas(symbol)
    if EVENTS not in schemas:
        raise NotInCatalogError(f"{symbol} has {', '.join(schemas)}; the facts of a day need {EVENTS} (single orders)")
    begin = midnight(date, instrument.timezone)
    end = midnight(date + dt.timedelta(days=1), instrument.timezone)
    stored = catalog.days(symbol, EVENTS)
    days = tuple(day for day in stored if utc_day(begin) <= day <= utc_day(end - 1))
    spans = []
    for day in days:
        inside = catalog.scan(symbol, EVENTS, day=day).filter(
            (pl.col("ts_event") >= begin) & (pl.col("ts_event") < end) & (pl.col("flags") & int(Flag.SNAPSHOT) == 0)
        )
        low, high = (
            inside.select(pl.col("ts_event").min().alias("low"), pl.col("ts_event").max().alias("high"))
            .collect()
            .row(0)
        )
        if low is not None:
            spans.append((int(low), int(high)))
    if not spans:
        listed = ", ".join(day.isoformat() for day in stored)
        raise NotInCatalogError(f"{symbol} has no {EVENTS} on {date} ({instrument.timezone}); days: {listed}")
    windows = [schema for schema in schemas if schema.startswith("book-")]
    return RecordedDay(
        catalog=catalog,
        instrument=instrument,
        date=date,
        utc_days=days,
        window=max(windows, key=_levels) if windows else None,
        first=min(low for low, _ in spans),
        last=max(high for _, high in spans),
        fingerprint=fingerprint([catalog.fingerprint(symbol, EVENTS, day=day) for day in days]),
    )


def _levels(schema: str) -> int:
    return int(schema.removeprefix("book-"))


def _clear(rows: np.ndarray) -> np.ndarray:
    """A later UTC day that opens with a snapshot begins from an empty book."""
    clear = rows[:1].copy()
    clear["action"], clear["order_id"], clear["size"], clear["flags"] = Action.CLEAR, 0, 0, Flag.SYNTHETIC
    return clear
