"""From Databento files to the catalog.

1. The metadata of a DBN file, or the header of a CSV file, says the schema.
2. `batches` (DBN) or `csv_file` (CSV) yield raw records by symbol, both with the layouts of `layouts`.
3. `lookup` says what each instrument's tick is, and `convert` makes the rows.
4. `known` leaves out trades that another file has brought already.
5. The session of the catalog stores them, all or none.

A live capture whose metadata states no schema is read once for each type of record in it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from tickwright.core.errors import ConfigError, FileFormatError
from tickwright.data.backends import Place, create_catalog
from tickwright.data.databento.batches import Batch, common_ticks, dbn_batches
from tickwright.data.databento.convert import MAPPERS, Converter
from tickwright.data.databento.csv_file import DatabentoCsv
from tickwright.data.databento.definitions import definitions_of, read_definitions
from tickwright.data.databento.known import KnownTrades
from tickwright.data.databento.layouts import RECORDS
from tickwright.data.databento.lookup import Lookup
from tickwright.data.databento.stream import RecordStream, open_bytes, read_header
from tickwright.data.intake import (
    IngestSummary,
    Progress,
    already_stored,
    positive,
    readable,
    refuse_empty,
    summary_of,
)
from tickwright.data.port import TickCatalog
from tickwright.data.store.schema import TRADES
from tickwright.data.store.source import file_source

Batches = Callable[[], Iterator[Batch]]


@dataclass(frozen=True, slots=True)
class _Part:
    """The records of one schema in a file. `again` reads them once more, when prices or definitions are looked at."""

    schema: str
    read: Batches
    again: Batches


def ingest_dbn(
    file: Path | str,
    catalog_path: Place,
    *,
    tick_size: Decimal | str | None = None,
    definition: Path | str | None = None,
    replace: bool = False,
    progress: Progress | None = None,
) -> IngestSummary:
    """Store a Databento DBN file of any schema (`convert`), plain or zstd, instrument by instrument.

    Where a tick size comes from stands in `contracts`. `progress` hears of bytes of the file done and in all. Raises
    FileFormatError, OffGridError, ConfigError, CatalogError, StorageError; after any error or interrupt the catalog
    stands as it was.
    """
    path = readable(file)
    with open_bytes(path) as source:
        header = read_header(path, source)
    schemas = [header.schema] if header.schema is not None else _schemas_in(path)
    streams = [RecordStream(path, schema, progress) for schema in schemas]

    def part(stream: RecordStream) -> _Part:
        schema = stream.record.schema
        return _Part(schema, lambda: dbn_batches(stream), lambda: dbn_batches(RecordStream(path, schema)))

    def told() -> tuple[dict[str, int], list[str]]:
        others = {name: n for name, n in streams[0].skipped.items() if name not in schemas}
        return others, streams[0].errors

    store = _Store("dbn", path, catalog_path, header.dataset, tick_size, definition, replace)
    return store([part(stream) for stream in streams], told)


def ingest_databento_csv(
    file: Path | str,
    catalog_path: Place,
    *,
    instrument: str | None = None,
    dataset: str | None = None,
    tick_size: Decimal | str | None = None,
    definition: Path | str | None = None,
    replace: bool = False,
    progress: Progress | None = None,
) -> IngestSummary:
    """Store a Databento CSV file of any schema, plain, gzip or zstd, as `ingest_dbn` would its DBN.

    `instrument` is the symbol of all rows where the file has no column `symbol`; `dataset`, as `XNAS.ITCH`, is that of
    the publisher where it is not given. Raises what `ingest_dbn` does.
    """
    path = readable(file)
    reader = DatabentoCsv(path, instrument, progress)
    part = _Part(reader.schema, reader.batches, DatabentoCsv(path, instrument).batches)
    store = _Store("databento-csv", path, catalog_path, dataset or reader.dataset(), tick_size, definition, replace)
    return store([part], lambda: ({}, reader.notes))


@dataclass(frozen=True, slots=True)
class _Store:
    """Parts of one file into the catalog: what DBN and CSV have in common."""

    kind: str
    path: Path
    catalog_path: Place
    dataset: str
    tick_size: Decimal | str | None
    definition: Path | str | None
    replace: bool

    def __call__(self, parts: list[_Part], told: Callable[[], tuple[Mapping[str, int], list[str]]]) -> IngestSummary:
        """`told` is asked when all is read: records passed over, and notes."""
        begun = time.perf_counter()
        source = file_source(self.kind, self.path, [self.path])
        catalog = create_catalog(self.catalog_path)
        lookup = self._lookup(catalog, parts)
        if not self.replace and (known := already_stored(catalog, source)):
            for symbol in known.instruments:
                lookup(symbol)  # a tick size that contradicts what is stored is said, not passed over
            return known
        notes = []
        with catalog.ingest(source, replace=self.replace) as session:
            known_trades = None if self.replace else KnownTrades(catalog, source)
            for part in parts:
                converter = Converter(part.schema, lookup)
                for instrument, table, rows in converter.tables(part.read()):
                    fresh = known_trades.new(instrument, rows) if known_trades and table == TRADES else rows
                    if len(fresh):
                        session.append(instrument, table, fresh)
                notes += converter.notes()
            stored_before = known_trades.notes() if known_trades else []
            if not stored_before:
                refuse_empty(self.path, session)
        skipped, others = told()
        notes = [*others, *lookup.notes(), *notes, *stored_before]
        summary = summary_of(catalog, session, skipped=skipped, notes=notes, begun=begun)
        return summary if summary.rows else replace(summary, already=True)

    def _lookup(self, catalog: TickCatalog, parts: list[_Part]) -> Lookup:
        tick = None if self.tick_size is None else positive(self.tick_size, "tick size")
        own = [part for part in parts if part.schema == "definition"]
        if self.definition is not None and own:
            raise ConfigError("definition", str(self.definition), f"none: {self.path.name} holds definitions itself")
        definitions = read_definitions(readable(self.definition, "definition")) if self.definition is not None else None
        if own:
            definitions = definitions_of(self.path, own[0].again())
        observed = [part for part in parts if part.schema != "definition"]

        def observe() -> dict[str, tuple[int, int]]:
            return {s: seen for part in observed for s, seen in common_ticks(part.again()).items()}

        return Lookup(catalog, self.dataset, tick, definitions, self.replace, observe, of_itself=bool(own))


def _schemas_in(path: Path) -> list[str]:
    """Schemas of the records in a capture that states none. Raises FileFormatError."""
    stream = RecordStream(path, "mbo")
    found = ["mbo"] if sum(len(block) for block in stream.blocks()) else []
    found += [name for name in stream.skipped if name in RECORDS]
    tables = Counter(table for schema in found for table in MAPPERS[schema][1])
    if twice := [table for table, times in tables.items() if times > 1]:
        raise FileFormatError(
            path, "schemas", " and ".join(s for s in found if set(MAPPERS[s][1]) & set(twice)),
            f"one source of {twice[0]}: convert the capture to a file a schema first",
        )  # fmt: skip
    return found or ["mbo"]
