"""From Databento files to the catalog."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

from tickwright.core.errors import ConfigError
from tickwright.core.instrument import Instrument
from tickwright.data.catalog import Catalog
from tickwright.data.databento.contracts import Definitions, instrument_for, read_definitions
from tickwright.data.databento.mbo import DbnReader, common_ticks
from tickwright.data.intake import IngestSummary, Progress, already_stored, readable, refuse_empty, summary_of
from tickwright.data.store.schema import EVENTS
from tickwright.data.store.source import file_source


def ingest_dbn(
    file: Path | str,
    catalog_path: Path | str,
    *,
    tick_size: Decimal | str | None = None,
    definition: Path | str | None = None,
    replace: bool = False,
    progress: Progress | None = None,
) -> IngestSummary:
    """Store a Databento DBN `mbo` file, plain or zstd, as `events` of each of its instruments.

    Where a tick size comes from stands in `contracts`. `progress` hears of bytes of the file done and in all. Raises
    FileFormatError, OffGridError, ConfigError, CatalogError, StorageError; after any error or interrupt the catalog
    stands as it was.
    """
    begun = time.perf_counter()
    path = readable(file)
    tick = None if tick_size is None else _positive(tick_size)
    definitions = read_definitions(readable(definition, "definition")) if definition is not None else None
    source = file_source("dbn", path, [path])
    catalog = Catalog.create(catalog_path)
    lookup = _Lookup(catalog, path, tick, definitions, replace, common_ticks)
    reader = DbnReader(path, lookup, progress)
    lookup.dataset = reader.stream.header.dataset
    if not replace and (known := already_stored(catalog, source)):
        for symbol in known.instruments:
            lookup(symbol)  # a tick size that contradicts what is stored is said, not passed over
        return known
    with catalog.ingest(source, replace=replace) as session:
        for instrument, events in reader.chunks():
            session.append(instrument, EVENTS, events)
        refuse_empty(path, session)
    notes = [*reader.stream.errors, *lookup.notes()]
    return summary_of(catalog, session, skipped=reader.stream.skipped, notes=notes, begun=begun)


@dataclass(slots=True)
class _Lookup:
    """The instrument of a symbol of one file; called once a symbol."""

    catalog: Catalog
    path: Path
    tick: Decimal | None
    definitions: Definitions | None
    replace: bool
    observe: Callable[[Path], dict[str, tuple[int, int]]]
    dataset: str = ""
    observed: dict[str, tuple[int, int]] | None = None
    found: dict[str, Instrument] = field(default_factory=dict)

    def __call__(self, symbol: str) -> Instrument:
        stored = {i.symbol: i for i in self.catalog.instruments()}
        # With `replace` a wrong tick size may be put right: then the catalog's counts only when nothing else is said.
        said = self.tick is not None or self.definitions is not None
        known = None if self.replace and said else stored.get(symbol)
        facts = {"tick_size": self.tick, "known": known, "definitions": self.definitions}
        try:
            instrument = instrument_for(symbol, self.dataset, **facts)  # type: ignore[arg-type]
        except ConfigError as error:
            if error.parameter != "tick size":
                raise
            if self.observed is None:
                self.observed = self.observe(self.path)
            instrument = instrument_for(symbol, self.dataset, observed=self.observed.get(symbol), **facts)  # type: ignore[arg-type]
        self.found[symbol] = instrument
        return instrument

    def notes(self) -> list[str]:
        return [f"{i.symbol}: tick {i.tick_size}, multiplier {i.multiplier} ({i.source})" for i in self.found.values()]


def _positive(tick: Decimal | str) -> Decimal:
    try:
        exact = Decimal(tick)
    except InvalidOperation:
        exact = Decimal("NaN")
    if not exact.is_finite() or exact <= 0:
        raise ConfigError("tick size", str(tick), "a positive decimal as 0.25")
    return exact
