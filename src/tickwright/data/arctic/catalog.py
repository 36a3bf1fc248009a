"""The tick catalog on ArcticDB (LMDB): the port of `data.port`, with Arctic's snapshots as versions.

Rows, fingerprints, refusals and versions are those of `data.catalog`; the suite `catalog_conformance` holds both to it.

| | `catalog.Catalog` | here |
|---|---|---|
| a version | the manifest, and changes to undo | a snapshot |
| `bytes` of a listing | of the file | of the columns, before compression |
| a first write that fails | leaves nothing | leaves an empty database |
| `scan` | pushed down to the files | the range is read at once |
| a span | a file for each part | a symbol in which parts stand behind each other; one for each that came before |
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from tickwright.core.errors import CatalogError, ConfigError
from tickwright.data.arctic.library import ArcticLibrary, offset_in_symbol, refusals, snapshot
from tickwright.data.arctic.staging import ArcticStaging, symbol_of
from tickwright.data.contents import Contents, Listed, gathered, narrow
from tickwright.data.store.commit import Content, Desk, append_or_replace
from tickwright.data.store.compaction import Compacted, merged_parts, small_spans
from tickwright.data.store.manifest import Manifest, Part
from tickwright.data.store.schema import EVENTS, Columns, column_types, to_rows
from tickwright.data.store.session import IngestSession
from tickwright.data.store.versions import Clock, Version, version_of

if TYPE_CHECKING:
    import polars as pl

    from tickwright.data.store.source import Source

CHUNK_ROWS = 262_144


class ArcticCatalog(Listed):
    """Tick data at `lmdb://folder`. `open` one that exists, or `create`; then read, or `ingest`."""

    def __init__(
        self, library: ArcticLibrary, manifest: Manifest, desk: Desk | None = None, pinned: bool = False
    ) -> None:
        self.library = library
        self.desk = desk or Desk()
        self.pinned = pinned
        self._manifest = manifest

    @classmethod
    def open(cls, where: Path | str, version: int | None = None, *, clock: Clock | None = None) -> ArcticCatalog:
        """A catalog as it stands now, or as of a version. Raises CatalogError when there is none, ConfigError."""
        library = ArcticLibrary.at(where)
        return cls(library, library.manifest(version), Desk(clock), pinned=version is not None)

    @classmethod
    def create(cls, where: Path | str, *, clock: Clock | None = None, append: bool = False) -> ArcticCatalog:
        """The catalog in a folder that may yet be empty. Raises CatalogError when it holds other files, ConfigError."""
        library = ArcticLibrary.at(where)
        return cls(library, _newest(library), Desk(clock, append))

    @property
    def root(self) -> Path:
        """The folder."""
        return self.library.root

    def refresh(self) -> None:
        """See what other writers have committed since; not where opened as of a version."""
        if not self.pinned:
            self._manifest = _newest(self.library)

    def tidy(self) -> None:
        """Nothing: what a killed writer left of a span goes when the span is written again."""

    # ── what is there ────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def version(self) -> int:
        """The generation that is read here; 0 before the first write."""
        return self._manifest.generation

    def versions(self) -> list[Version]:
        """The kept versions up to this one, newest first."""
        kept = self.library.generations() if self.version else []
        return [version_of(self.library.change(g)) for g in reversed(kept) if g <= self.version]

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────

    def chunks(
        self, symbol: str, schema: str, start_ns: int | None = None, end_ns: int | None = None, *,
        day: dt.date | None = None, rows: int = CHUNK_ROWS,
    ) -> Iterator[np.ndarray]:  # fmt: skip
        """Rows with start ≤ ts_event < end, in file order, at most `rows` at a time, memory bounded by that."""
        for columns in self._columns(symbol, schema, start_ns, end_ns, day, rows):
            yield to_rows(schema, columns)

    def read(
        self, symbol: str, schema: str = EVENTS, start_ns: int | None = None, end_ns: int | None = None, *,
        day: dt.date | None = None,
    ) -> np.ndarray:  # fmt: skip
        """All rows of `chunks` in one array. Raises NotInCatalogError."""
        parts = self._contents().select(symbol, schema, *narrow(schema, start_ns, end_ns, day))
        return gathered(schema, parts, self.chunks(symbol, schema, start_ns, end_ns, day=day))

    def scan(
        self, symbol: str, schema: str = EVENTS, start_ns: int | None = None, end_ns: int | None = None, *,
        day: dt.date | None = None,
    ) -> pl.LazyFrame:  # fmt: skip
        """The same rows as a lazy Polars frame; ArcticDB is read here, before the frame is collected."""
        import polars as pl

        types = {name: np.empty(0, kind) for name, kind in column_types(schema).items()}
        found = self._columns(symbol, schema, start_ns, end_ns, day, CHUNK_ROWS)
        return pl.concat([pl.DataFrame(types), *(pl.DataFrame(columns) for columns in found)]).lazy()

    def _columns(
        self, symbol: str, schema: str, start: int | None, end: int | None, day: dt.date | None, rows: int,
        parts: list[Part] | None = None,
    ) -> Iterator[Columns]:  # fmt: skip
        start, end, day = narrow(schema, start, end, day)
        for part in parts or self._contents().select(symbol, schema, start, end, day):
            begin = offset_in_symbol(self._manifest, part)
            for at in range(begin, begin + part.rows, rows):
                columns = self._rows(part, at, min(at + rows, begin + part.rows))
                times = columns["ts_event"]
                keep = np.ones(times.size, bool) if start is None else times >= start
                if end is not None:
                    keep &= times < end
                if keep.any():
                    yield {name: column[keep] for name, column in columns.items()}

    def _rows(self, part: Part, begin: int, end: int) -> Columns:
        library, version = self.library.library(), snapshot(self.version)
        with refusals(self.root):
            table = library.read(part.path, as_of=version, row_range=(begin, end), output_format="pyarrow").data
        columns = {name: table[name].to_numpy() for name in column_types(part.schema)}
        if table.num_rows != end - begin:
            raise CatalogError(f"{self.root}: {part.path} has no rows {begin} to {end}; the database is damaged")
        return columns

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def ingest(
        self, source: Source, *, replace: bool = False, append: bool | None = None, note: str = ""
    ) -> Iterator[IngestSession]:
        """Write rows of one source: visible together at a clean exit, dropped on any exception, as `Catalog.ingest`."""
        append = append_or_replace(self.desk, replace, append)
        with self._writing(source.digest, note) as staged:
            session = IngestSession(staged, self._manifest, source, replace=replace, append=append)
            yield session
            session.commit()

    def compact(self, symbol: str | None = None, schema: str | None = None, *, note: str = "") -> Compacted:
        """Merge the segments of each day that several writes brought, as a new version with the same rows."""
        with self._writing("", note) as staged:
            spans = small_spans(self._manifest, symbol, schema)
            if not spans:
                return Compacted(self.version)
            merged = []
            for key, parts in spans.items():
                path = symbol_of(*key)
                if {part.path for part in parts} == {path}:
                    with refusals(self.root):
                        staged.roll_back(path)
                        staged.touched(path, int(self.library.library().compact_data(path).version))
                else:
                    staged.rewrite(path, self._columns(*key[:2], None, None, None, CHUNK_ROWS, parts))
                merged.append(merged_parts(_sum(path, parts), parts))
            old = {part for parts in spans.values() for part in parts}
            after = staged.commit(self._manifest, Content("compact", merged, old))
            return Compacted.of(after.generation, old, merged)

    def prune(self, keep: int) -> int:
        """Keep the newest `keep` versions; how many were dropped. ArcticDB deletes what only they named."""
        if keep < 1:
            raise ConfigError("keep", keep, "1 or more versions")
        if self.pinned:
            raise self._is_pinned()
        with self.library.writer():
            gone = self.library.generations()[:-keep]
            with refusals(self.root):
                for generation in gone:
                    self.library.library().delete_snapshot(snapshot(generation))
        return len(gone)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _contents(self) -> Contents:
        return Contents(f"lmdb://{self.root}", self._manifest)

    def _is_pinned(self) -> CatalogError:
        return CatalogError(f"{self.root}: opened as of version {self.version}, which cannot be written to")

    @contextmanager
    def _writing(self, source: str, note: str) -> Iterator[ArcticStaging]:
        if self.pinned:
            raise self._is_pinned()
        with self.library.writer():
            self.refresh()
            staged = ArcticStaging(self.library, self.version, source, self.desk.stamp(note))
            try:
                yield staged
            finally:
                staged.abandon()
                with suppress(CatalogError):
                    self.refresh()


def _newest(library: ArcticLibrary) -> Manifest:
    """The newest manifest, or an empty one where a catalog may begin. Raises CatalogError."""
    if library.exists() and library.generations():
        return library.manifest()
    if library.root.is_file():
        raise CatalogError(f"{library.root}: is a file, expected a folder")
    found = sorted(p.name for p in library.root.iterdir()) if library.root.exists() else []
    if found and "_arctic_cfg" not in found and found != [".lock"]:
        raise CatalogError(f"{library.root}: holds {found[0]!r} and no catalog, expected an empty or a new folder")
    return Manifest()


def _sum(path: str, parts: list[Part]) -> Part:
    """One part for several of a span, before its pieces are known."""
    return msgspec.structs.replace(
        parts[0],
        path=path,
        rows=sum(p.rows for p in parts),
        bytes=sum(p.bytes for p in parts),
        first=min(p.first for p in parts),
        last=max(p.last for p in parts),
        until=max(p.until if p.until is not None else p.last for p in parts),
    )
