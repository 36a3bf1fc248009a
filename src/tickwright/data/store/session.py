"""One write to a catalog: rows are staged as they come and become visible together, or not at all.

1. `append` puts rows into the buffer of their instrument, schema and UTC day.
2. A full buffer becomes a row group of a Parquet file in staging; so does the largest when all together grow too big.
3. `commit` finishes and syncs the files, notes what it will move, moves, and replaces the manifest in one atomic step.
4. `abandon` drops everything; a process killed before the manifest is replaced has, for the catalog, done nothing.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tickwright.core.errors import CatalogError, InternalError
from tickwright.core.events import MARKET_EVENT
from tickwright.core.instrument import Instrument
from tickwright.core.units import DAY
from tickwright.data.store import manifest as store
from tickwright.data.store.manifest import InstrumentEntry, Manifest, Part, SourceEntry
from tickwright.data.store.part import ROW_GROUP_BYTES
from tickwright.data.store.schema import TABLES, book_levels, moments_of, span_of
from tickwright.data.store.source import Source
from tickwright.data.store.staging import Chunk, Key, StagedFiles, unstaged

BUFFER_BYTES = 160 << 20
"""Rows of all instruments together that wait in memory."""
_CALL_BYTES = 256  # what a waiting array costs beside its rows


@dataclass(slots=True)
class _Waiting:
    chunks: list[Chunk] = field(default_factory=list)
    bytes: int = 0


class IngestSession:
    """Rows of one source on their way into a catalog; made by `Catalog.ingest`."""

    def __init__(self, root: Path, manifest: Manifest, source: Source, replace: bool) -> None:
        self.source = source
        self.rows: Counter[str] = Counter()
        """Rows by schema."""
        self.actions = np.zeros(256, np.int64)
        """Market events by the code of their action."""
        self._root = root
        self._manifest = manifest
        self._replace = replace
        self._instruments: dict[str, InstrumentEntry] = {}
        self._waiting: dict[Key, _Waiting] = {}
        self._waiting_bytes = 0
        self._files = StagedFiles(root, manifest.generation + 1, source.digest)
        self._holders: dict[Key, str] = {(p.symbol, p.schema, p.day): p.source for p in manifest.parts}

    def append(self, instrument: Instrument, schema: str, chunk: np.ndarray, times: np.ndarray | None = None) -> None:
        """Stage rows of one instrument, in file order.

        `chunk` has the layout of the schema (`schema.TABLES`); for `book-N` it is int64 (rows, 4 N) and `times` their
        ts_event. The session keeps the arrays: do not write into them afterwards. The UTC day is that of ts_recv (the
        order of a vendor's file, so that a snapshot stays with the day it opens) where the layout has it, else of
        ts_event. Raises CatalogError when the
        instrument is defined otherwise, or the day is there from another source and `replace` is off; StorageError
        when the disk refuses.
        """
        if schema in TABLES:
            layout = TABLES[schema].rows
            if chunk.dtype != layout or times is not None:
                raise InternalError(f"rows of {schema} are {chunk.dtype}, expected {layout} alone")
            moments = moments_of(chunk)
        else:
            expected = (0 if times is None else times.size, 4 * book_levels(schema))
            if times is None or chunk.dtype != np.int64 or chunk.shape != expected:
                raise InternalError(f"rows of {schema} are {chunk.dtype} {chunk.shape}, expected int64 {expected}")
            moments = times
        self._define(instrument)
        for day, part in _by_span(moments, span_of(schema)):
            key = (instrument.symbol, schema, day)
            self._admit(key)
            self._buffer(key, chunk[part], None if times is None else times[part])
        self.rows[schema] += len(chunk)
        if chunk.dtype == MARKET_EVENT:
            self.actions += np.bincount(chunk["action"], minlength=256)

    def _define(self, instrument: Instrument) -> None:
        entry = InstrumentEntry.of(instrument)
        staged = self._instruments.setdefault(instrument.symbol, entry)
        known = self._manifest.instruments.get(instrument.symbol)
        # With `replace` the definition may go, if nothing stays that was stored by it: known at commit.
        against = [staged] if known is None or self._replace else [staged, known]
        for other in against:
            refuse_conflict(instrument, other)

    def _admit(self, key: Key) -> None:
        holder = self._holders.get(key)
        if holder is None or holder == self.source.digest or self._replace:
            return
        symbol, schema, day = key
        raise CatalogError(
            f"{symbol} {schema} {day} is in the catalog from {self._manifest.sources[holder].name}; "
            f"pass --replace to put {self.source.name} in its place"
        )

    def _buffer(self, key: Key, rows: np.ndarray, times: np.ndarray | None) -> None:
        waiting = self._waiting.setdefault(key, _Waiting())
        waiting.chunks.append((rows, times))
        cost = rows.nbytes + _CALL_BYTES
        waiting.bytes += cost
        self._waiting_bytes += cost
        if waiting.bytes >= ROW_GROUP_BYTES:
            self._flush(key)
        elif self._waiting_bytes > BUFFER_BYTES:
            self._flush(max(self._waiting, key=lambda k: self._waiting[k].bytes))

    def _flush(self, key: Key) -> None:
        waiting = self._waiting.pop(key)
        self._waiting_bytes -= waiting.bytes
        self._files.write(key, self._instruments[key[0]], waiting.chunks)

    def commit(self) -> Manifest:
        """Make all rows visible in one step and return the new manifest. Raises StorageError, CatalogError."""
        for key in list(self._waiting):
            self._flush(key)
        parts = self._files.finish()
        if not parts:
            return self._manifest
        displaced = self._displaced(parts)
        fresh = self._next_manifest(parts, displaced)
        self._move(parts, displaced)
        store.save(self._root, fresh)
        return fresh

    def _displaced(self, parts: list[Part]) -> set[Part]:
        """Parts that make way: of the same keys, and what the same old source stored beside them that day.

        A book file without the messages that it belongs to would be a trap, so a day of a source goes as a whole.
        """
        keys = {(p.symbol, p.schema, p.day) for p in parts}
        gone = {(p.symbol, p.day, p.source) for p in self._manifest.parts if (p.symbol, p.schema, p.day) in keys}
        return {p for p in self._manifest.parts if (p.symbol, p.day, p.source) in gone}

    def _next_manifest(self, parts: list[Part], displaced: set[Part]) -> Manifest:
        kept = [p for p in self._manifest.parts if p not in displaced]
        for symbol, entry in self._instruments.items():
            if any(p.symbol == symbol for p in kept):
                refuse_conflict(entry.instrument(), self._manifest.instruments[symbol])
        source = self.source
        entry_of = SourceEntry(source.digest, source.name, source.kind, source.bytes, len(parts))
        live = {p.source for p in kept}
        sources = {digest: known for digest, known in self._manifest.sources.items() if digest in live}
        return Manifest(
            generation=self._manifest.generation + 1,
            instruments=dict(sorted({**self._manifest.instruments, **self._instruments}.items())),
            sources={**sources, source.digest: entry_of},
            parts=tuple(sorted([*kept, *parts], key=lambda p: (p.symbol, p.schema, p.day, p.path))),
        )

    def _move(self, parts: list[Part], displaced: set[Part]) -> None:
        with store.storage(self._root):
            store.announce_moves(self._root, [p.path for p in (*parts, *displaced)])
            folders: set[Path] = set()
            for staged, final in unstaged(parts):
                target = self._root / final
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(self._root / staged, target)
                folders.update(target.parents[:4])
            for folder in folders:
                store.sync_folder(folder)

    def abandon(self) -> None:
        """Drop what was staged; after `commit`, nothing."""
        self._files.abandon()
        self._waiting.clear()


def refuse_conflict(instrument: Instrument, known: InstrumentEntry) -> None:
    """Raise CatalogError when an instrument differs from its definition in the catalog in more than its origin."""
    entry = InstrumentEntry.of(instrument)
    for name in ("venue", "currency", "tick_size", "lot_size", "multiplier", "timezone"):
        stored, given = getattr(known, name), getattr(entry, name)
        same = getattr(known.instrument(), name) == getattr(instrument, name) if stored != given else True
        if not same:
            raise CatalogError(
                f"{instrument.symbol}: {name} {given} ({instrument.source or 'no source given'}), but the catalog has "
                f"{stored} ({known.source or 'no source given'}); one symbol has one definition"
            )


def _by_span(moments: np.ndarray, unit: str) -> Iterator[tuple[str, slice | np.ndarray]]:
    """The first day of each span in `moments` with the rows that fall into it, in order."""
    if not moments.size:
        return
    low, high = int(moments.min()) // DAY, int(moments.max()) // DAY
    if low == high and unit == "D":
        yield str(np.datetime64(low, "D")), slice(None)
        return
    spans = (moments // DAY).astype("datetime64[D]").astype(f"datetime64[{unit}]")
    for span in np.unique(spans):
        yield str(span.astype("datetime64[D]")), np.flatnonzero(spans == span)
