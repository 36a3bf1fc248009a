"""From Binance raw lines to the catalog."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path

from tickwright.core.errors import ConfigError, FileFormatError
from tickwright.data.backends import Place, create_catalog
from tickwright.data.binance.facts import Sizes, catalog_symbol, instrument_for
from tickwright.data.binance.message import SPOT, USDM
from tickwright.data.binance.reader import BinanceReader
from tickwright.data.binance.scan import first_message
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
from tickwright.data.store.source import file_source


def ingest_binance(
    file: Path | str,
    catalog_path: Place,
    *,
    instrument: str | None = None,
    market: str | None = None,
    tick_size: Decimal | str | None = None,
    lot_size: Decimal | str | None = None,
    currency: str | None = None,
    replace: bool = False,
    progress: Progress | None = None,
) -> IngestSummary:
    """Store a file of raw websocket lines of one symbol, plain or gzip, as `depth`, `trades` and `quotes`.

    `instrument` is another name to store it by, as where the catalog has the pair of another venue. `market` is `spot`
    or `usdm`; without it the first message tells. What a tick and a lot are stands in `facts`.
    `progress` hears of bytes of the file done and in all. Raises FileFormatError, OffGridError, ConfigError,
    CatalogError, StorageError; after any error or interrupt the catalog stands as it was.
    """
    begun = time.perf_counter()
    path = readable(file)
    if market not in (None, SPOT, USDM):
        raise ConfigError("market", market, f"{SPOT} or {USDM}")
    given = Sizes(
        None if tick_size is None else positive(tick_size, "tick size"),
        None if lot_size is None else positive(lot_size, "lot size"),
    )
    symbol, told = first_message(path)
    if market not in (None, told):
        raise FileFormatError(path, "first message", f"fields of {told}", f"those of {market}, as the option says")
    source = file_source("binance", path, [path])
    catalog = create_catalog(catalog_path)
    if not replace and (known := already_stored(catalog, source)):
        return known
    name = catalog_symbol(symbol, told) if instrument is None else stored_name(instrument)
    stored = None if replace else next((i for i in catalog.instruments() if i.symbol == name), None)
    made = instrument_for(path, symbol, told, given, stored, currency, name)
    refuse_other_venue(made, stored)
    reader = BinanceReader(path, symbol, told, made, progress)
    with catalog.ingest(source, replace=replace) as session:
        for schema, rows in reader.chunks():
            session.append(made, schema, rows)
        refuse_empty(path, session)
    facts = f"{name}: tick {made.tick_size}, lot {made.lot_size} ({made.source})"
    return summary_of(catalog, session, skipped=reader.skipped, notes=[facts, *reader.notes()], begun=begun)
