"""From ITCH files to the catalog."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import numpy as np

from tickwright.core.events import Action
from tickwright.core.instrument import Instrument
from tickwright.core.time import parse_date
from tickwright.data.backends import Place, create_catalog
from tickwright.data.intake import (
    IngestSummary,
    Progress,
    already_stored,
    positive,
    readable,
    refuse_empty,
    summary_of,
)
from tickwright.data.itch.files import NEW_YORK, date_of
from tickwright.data.store.schema import EVENTS
from tickwright.data.store.source import Source, file_source

TICK = Decimal("0.0001")
"""The unit of ITCH prices, and the increment of quotes below one dollar: exact for every stock."""

BOOK_LIMIT = 2**31 - 2
"""`book.layout.PRICE_LIMIT`, which data may not import; a test holds them together."""


def ingest_itch(
    file: Path | str,
    catalog_path: Place,
    *,
    date: dt.date | str | None = None,
    symbols: Sequence[str] = (),
    tick_size: Decimal | str | None = None,
    replace: bool = False,
    progress: Progress | None = None,
) -> IngestSummary:
    """Store a NASDAQ ITCH 5.0 file, plain or gzip, as `events` of each stock, or of `symbols` alone.

    The day is `date`, else the one in the file's name. A tick is `tick_size`, else what the catalog has for the stock,
    else 0.0001; a tick of 0.01 refuses orders between cents. `progress` hears of bytes of the file done and in all.
    Raises FileFormatError, OffGridError, ConfigError, CatalogError, StorageError; after any error or interrupt the
    catalog stands as it was.
    """
    begun = time.perf_counter()
    path = readable(file)
    day = date_of(path) if date is None else date if isinstance(date, dt.date) else parse_date(date, "--date")
    tick, asked = None if tick_size is None else positive(tick_size, "tick size"), sorted(set(symbols))
    catalog = create_catalog(catalog_path)
    lookup = _Lookup(tick, {i.symbol: i for i in catalog.instruments()})
    with ThreadPoolExecutor(max_workers=1) as aside:  # the file is hashed while compiled code is loaded
        hashed = aside.submit(_source, path, day, asked)
        from tickwright.data.itch.reader import ItchReader

    reader = ItchReader(path, day, lookup, asked, progress)
    source = hashed.result()
    if not replace and (known := already_stored(catalog, source)):
        return known
    with catalog.ingest(source, replace=replace) as session:
        for instrument, events in reader.chunks():
            lookup.watch(instrument, events)
            session.append(instrument, EVENTS, events)
        refuse_empty(path, session)
    notes = [f"{day}: {reader.messages:,} messages, {lookup.told()}", *lookup.notes(), *reader.journal.notes()]
    skipped = reader.journal.skipped(reader.counts)
    return summary_of(catalog, session, skipped=skipped, notes=notes, begun=begun)


def _source(path: Path, day: dt.date, symbols: Sequence[str]) -> Source:
    """The same bytes read as another day, or for other stocks, are another source."""
    source = file_source("itch", path, [path])
    whole = hashlib.sha256(f"{source.digest}\n{day}\n{' '.join(symbols)}\n".encode())
    return replace(source, digest=whole.hexdigest()[:32])


@dataclass(slots=True)
class _Lookup:
    """The instrument of a stock; called once a stock."""

    tick: Decimal | None
    known: dict[str, Instrument]
    high: dict[str, int] = field(default_factory=dict)
    """Orders by stock at prices that no book holds at this tick size."""
    ticks: set[Decimal] = field(default_factory=set)

    def __call__(self, symbol: str) -> Instrument:
        stored = self.known.get(symbol)
        tick = self.tick or (stored.tick_size if stored is not None else TICK)
        self.ticks.add(tick)
        return Instrument(symbol, "XNAS", "USD", tick, timezone=NEW_YORK, source="itch")

    def watch(self, instrument: Instrument, events: np.ndarray) -> None:
        """Count orders beyond the prices of a book: a stock above 214 748 dollars at a tick of 0.0001."""
        if int(events["price"].max()) > BOOK_LIMIT:
            beyond = (events["price"] > BOOK_LIMIT) & (events["action"] == Action.ADD)
            self.high[instrument.symbol] = self.high.get(instrument.symbol, 0) + int(beyond.sum())

    def told(self) -> str:
        return f"tick {', '.join(str(tick) for tick in sorted(self.ticks))}"

    def notes(self) -> list[str]:
        return [
            f"{symbol}: {count:,} orders at more than {BOOK_LIMIT:,} ticks, which no book holds; pass --tick-size 0.01"
            for symbol, count in self.high.items()
        ]
