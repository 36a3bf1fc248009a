"""From a file to the catalog: hash the file, stream it, stage its rows, commit. What the command line calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np

from tickwright.core.errors import ConfigError, DataError, FileFormatError
from tickwright.core.events import Action
from tickwright.core.instrument import Instrument
from tickwright.data.catalog import Catalog
from tickwright.data.contracts import Definitions, instrument_for, read_definitions
from tickwright.data.schema import EVENTS, book_schema
from tickwright.data.source import Source, file_source, made_source

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class IngestSummary:
    """What an ingest did. `already` says that the catalog had the very content and nothing was written."""

    source: Source
    rows: int = 0
    """Market events, without book rows."""
    instruments: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    """UTC days."""
    actions: dict[str, int] = field(default_factory=dict)
    """Events by name of action."""
    skipped: dict[str, int] = field(default_factory=dict)
    """Records of other types that were passed over, by type."""
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    already: bool = False


def ingest_lobster(
    file: Path | str, catalog_path: Path | str, *, replace: bool = False, progress: Progress | None = None
) -> IngestSummary:
    """Store every pair of a LOBSTER zip (or one pair of CSV files, given the message file) as `events` and `book-N`.

    `progress` hears of bytes done and bytes in all. Raises FileFormatError, OffGridError, CatalogError, StorageError;
    after any error or interrupt the catalog stands as it was.
    """
    from tickwright.data.lobster import chunks, instrument_of
    from tickwright.data.lobster_files import open_pairs

    begun = time.perf_counter()
    path = _readable(file)
    pairs = open_pairs(path)
    members = [Path(p) for pair in pairs for p in (pair.message, pair.orderbook)] if path.suffix == ".csv" else [path]
    source = file_source("lobster", path, members)
    catalog = Catalog.create(catalog_path)
    if not replace and (known := _already(catalog, source)):
        return known
    actions = np.zeros(256, np.int64)
    notes = []
    with catalog.ingest(source, replace=replace) as session:
        for pair in pairs:
            instrument = instrument_of(pair)
            for events, rows in chunks(pair, progress=progress):
                session.append(instrument, EVENTS, events)
                session.append(instrument, book_schema(pair.levels), rows, events["ts_event"])
                actions += np.bincount(events["action"], minlength=256)
            notes.append(f"{pair.symbol} {pair.date}: events inside a window of {pair.levels} levels only")
        _refuse_empty(path, actions)
    return _summary(catalog, source, actions, notes=notes, begun=begun)


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
    from tickwright.data.dbn import DbnReader, common_ticks

    begun = time.perf_counter()
    path = _readable(file)
    tick = None if tick_size is None else _positive(tick_size)
    definitions = read_definitions(_readable(definition, "definition")) if definition is not None else None
    source = file_source("dbn", path, [path])
    catalog = Catalog.create(catalog_path)
    lookup = _Lookup(catalog, path, tick, definitions, replace, common_ticks)
    reader = DbnReader(path, lookup, progress)
    lookup.dataset = reader.stream.header.dataset
    if not replace and (known := _already(catalog, source)):
        for symbol in known.instruments:
            lookup(symbol)  # a tick size that contradicts what is stored is said, not passed over
        return known
    with catalog.ingest(source, replace=replace) as session:
        for instrument, events in reader.chunks():
            session.append(instrument, EVENTS, events)
        _refuse_empty(path, reader.actions)
    return _summary(
        catalog, source, reader.actions, skipped=dict(reader.stream.skipped), begun=begun,
        notes=[*reader.stream.errors, *lookup.notes()],
    )  # fmt: skip


def write_events(
    catalog: Catalog, instrument: Instrument, events: np.ndarray, source: str, *, replace: bool = False
) -> IngestSummary:
    """Store market events that were made, not read, under the name `source`. Raises CatalogError, StorageError."""
    begun = time.perf_counter()
    origin = made_source(source, instrument, events)
    if not replace and (known := _already(catalog, origin)):
        return known
    with catalog.ingest(origin, replace=replace) as session:
        session.append(instrument, EVENTS, events)
    return _summary(catalog, origin, np.bincount(events["action"], minlength=256), begun=begun)


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


def _readable(file: Path | str, parameter: str = "file") -> Path:
    path = Path(file)
    if path.is_dir():
        raise ConfigError(parameter, str(file), "a file; this is a folder")
    if not path.is_file():
        raise ConfigError(parameter, str(file), "a file that exists")
    return path


def _positive(tick: Decimal | str) -> Decimal:
    try:
        exact = Decimal(tick)
    except InvalidOperation:
        exact = Decimal("NaN")
    if not exact.is_finite() or exact <= 0:
        raise ConfigError("tick size", str(tick), "a positive decimal as 0.25")
    return exact


def _refuse_empty(path: Path, actions: np.ndarray) -> None:
    if not actions.any():
        raise FileFormatError(path, "contents", "no market event", "at least one")


def _already(catalog: Catalog, source: Source) -> IngestSummary | None:
    if catalog.stored_source(source.digest) is None:
        return None
    catalog.tidy()
    note = f"{source.name}: the catalog has this very content already; nothing was written"
    return replace(_summary(catalog, source, np.zeros(256, np.int64), notes=[note]), already=True)


def _summary(
    catalog: Catalog, source: Source, actions: np.ndarray, *,
    skipped: dict[str, int] | None = None, notes: Iterable[str] = (), begun: float | None = None,
) -> IngestSummary:  # fmt: skip
    parts = catalog.parts_of(source.digest)
    rows = sum(p.rows for p in parts if p.schema == EVENTS)
    if begun is not None and rows != actions.sum():
        raise DataError(f"{source.name}: {actions.sum()} events read, {rows} stored")
    return IngestSummary(
        source=source,
        rows=rows,
        instruments=tuple(sorted({p.symbol for p in parts})),
        days=tuple(sorted({p.day for p in parts})),
        actions={action.name.lower(): int(actions[action]) for action in Action if actions[action]},
        skipped=skipped or {},
        notes=tuple(notes),
        seconds=0.0 if begun is None else time.perf_counter() - begun,
    )
