"""From LOBSTER files to the catalog."""

from __future__ import annotations

import time
from pathlib import Path

from tickwright.data.backends import Place, create_catalog
from tickwright.data.intake import IngestSummary, Progress, already_stored, readable, refuse_empty, summary_of
from tickwright.data.lobster.files import open_pairs
from tickwright.data.lobster.messages import chunks, instrument_of
from tickwright.data.store.schema import EVENTS, book_schema
from tickwright.data.store.source import file_source


def ingest_lobster(
    file: Path | str, catalog_path: Place, *, replace: bool = False, progress: Progress | None = None
) -> IngestSummary:
    """Store every pair of a LOBSTER zip (or one pair of CSV files, given the message file) as `events` and `book-N`.

    `progress` hears of bytes done and bytes in all. Raises FileFormatError, OffGridError, CatalogError, StorageError;
    after any error or interrupt the catalog stands as it was.
    """
    begun = time.perf_counter()
    path = readable(file)
    pairs = open_pairs(path)
    members = [Path(p) for pair in pairs for p in (pair.message, pair.orderbook)] if path.suffix == ".csv" else [path]
    source = file_source("lobster", path, members)
    catalog = create_catalog(catalog_path)
    if not replace and (known := already_stored(catalog, source)):
        return known
    notes = []
    with catalog.ingest(source, replace=replace) as session:
        for pair in pairs:
            instrument = instrument_of(pair)
            for events, rows in chunks(pair, progress=progress):
                session.append(instrument, EVENTS, events)
                session.append(instrument, book_schema(pair.levels), rows, events["ts_event"])
            notes.append(f"{pair.symbol} {pair.date}: events inside a window of {pair.levels} levels only")
        refuse_empty(path, session)
    return summary_of(catalog, session, notes=notes, begun=begun)
