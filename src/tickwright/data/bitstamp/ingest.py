"""From Bitstamp order files to the catalog."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path

from tickwright.core.errors import ConfigError
from tickwright.core.instrument import Instrument
from tickwright.data.backends import Place, create_catalog
from tickwright.data.bitstamp.orders import OrderReader
from tickwright.data.bitstamp.survey import survey
from tickwright.data.intake import (
    IngestSummary,
    Progress,
    already_stored,
    positive,
    readable,
    refuse_empty,
    refuse_other_venue,
    stored_name,
    summary_of,
)
from tickwright.data.store.schema import EVENTS
from tickwright.data.store.source import file_source

TICK_SIZE, LOT_SIZE = "0.01", "0.000001"


def ingest_bitstamp(
    file: Path | str,
    catalog_path: Place,
    *,
    symbol: str = "BTCUSD",
    instrument: str | None = None,
    tick_size: Decimal | str = TICK_SIZE,
    lot_size: Decimal | str = LOT_SIZE,
    replace: bool = False,
    progress: Progress | None = None,
) -> IngestSummary:
    """Store a file of order events, plain, gzip or xz, as `events`. The file does not name its instrument.

    The currency is the last three letters of `symbol`; `instrument` is another name to store it by, as where the
    catalog has the pair of another venue. `progress` hears of bytes of the file done and in all. Raises
    FileFormatError, OffGridError, ConfigError, CatalogError, StorageError; after any error or interrupt the catalog
    stands as it was.
    """
    begun = time.perf_counter()
    path = readable(file)
    if len(symbol) < 6 or not symbol.isalnum():
        raise ConfigError("symbol", symbol, "a pair as BTCUSD")
    tick, lot = positive(tick_size, "tick size"), positive(lot_size, "lot size")
    name = symbol if instrument is None else stored_name(instrument)
    made = Instrument(name, "BITSTAMP", symbol[-3:], tick, lot, source="tick and lot given or by default")
    source = file_source("bitstamp", path, [path])
    catalog = create_catalog(catalog_path)
    if not replace and (known := already_stored(catalog, source)):
        return known
    if not replace:
        refuse_other_venue(made, next((i for i in catalog.instruments() if i.symbol == name), None))
    found = survey(path)
    reader = OrderReader(path, made, found, progress)
    with catalog.ingest(source, replace=replace) as session:
        for events in reader.chunks():
            session.append(made, EVENTS, events)
        refuse_empty(path, session)
    notes = [f"{count:,} {what}" for what, count in sorted(reader.found.items())]
    if found.aggressors or found.single_fills:
        notes.append(f"{len(found.aggressors):,} trades with both orders listed, {found.single_fills:,} fills with one")
    if reader.rounded:
        notes.append(f"{reader.rounded:,} volumes rounded up to whole lots of {lot}")
    return summary_of(catalog, session, notes=notes, begun=begun)
