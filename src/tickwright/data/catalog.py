"""The tick catalog: market data by schema, instrument and UTC day, written whole or not at all.

Reading goes: manifest → the parts whose recorded extremes of ts_event meet the range → their row groups that do → rows.
Rows keep the order of the file they came from, which a vendor sorts by ts_recv: ts_event may step back, and a range of
time still returns every row inside it. A day is a UTC day of ts_recv; `day=` reads one whole, its opening snapshot
(whose ts_event may lie on an earlier day) included. Long bars are kept by month or year (`schema.TABLES`): their `day`
is the first of it where files are listed, and any day where rows are read.

Writing makes a version (`store.versions`): a reader keeps the one it opened, and its files, until that is pruned.

| what | where |
|---|---|
| which files, in a folder or an object store | `store.files` |
| what a version holds | `contents` |
| a write | `store.session`, `store.compaction`, and `store.commit` for both |
| the same on ArcticDB | `arctic`, behind the Protocol of `port` |
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tickwright.core.errors import CatalogError, ConfigError
from tickwright.data.contents import Contents, Listed, Listing, gathered, narrow
from tickwright.data.store import commit, versions
from tickwright.data.store import manifest as store
from tickwright.data.store.commit import Desk, append_or_replace
from tickwright.data.store.files import Files, Room, files_at
from tickwright.data.store.schema import EVENTS, to_rows
from tickwright.data.store.versions import Clock, Version

if TYPE_CHECKING:
    import polars as pl

    from tickwright.data.store.compaction import Compacted
    from tickwright.data.store.session import IngestSession
    from tickwright.data.store.source import Source

__all__ = ["CHUNK_ROWS", "Catalog", "Listing", "Version", "Where"]

CHUNK_ROWS = 262_144


class Catalog(Listed):
    """Tick data in a folder or at an address of fsspec. `open` one that exists, or `create`; then read, or `ingest`."""

    def __init__(self, files: Files, manifest: store.Manifest, desk: Desk | None = None, pinned: bool = False) -> None:
        self.files = files
        self.desk = desk or Desk()
        self.pinned = pinned
        """Opened as of a version: it stays there, and nothing can be written."""
        self._manifest = manifest

    @classmethod
    def open(cls, path: Where, version: int | None = None, *, clock: Clock | None = None) -> Catalog:
        """A catalog as it stands now, or as of an earlier version. Raises CatalogError when there is none."""
        files, desk = _place(path, Desk(clock))
        newest = store.load(files)
        if version is None:
            return cls(files, newest, desk)
        return cls(files, versions.as_of(files, newest, version), desk, pinned=True)

    @classmethod
    def create(cls, path: Where, *, clock: Clock | None = None, append: bool = False) -> Catalog:
        """The catalog in a folder that may yet be empty or missing: the first write that succeeds makes it.

        `clock` gives versions their time, ns UTC; `append` is what `ingest` does where it is not told. A catalog in the
        place of the path hands on its place, and these two: so they reach every `ingest_…` that takes a path.
        Raises CatalogError when the folder is a file, or holds other files and no catalog.
        """
        files, desk = _place(path, Desk(clock, append))
        return cls(files, store.load_or_begin(files), desk)

    @property
    def root(self) -> Path:
        """The folder; of an object store its address, as a path is printed (`str(files.root)` is exact)."""
        return Path(self.files.root)

    def refresh(self) -> None:
        """See what other writers have committed since; not where opened as of a version. Raises CatalogError."""
        if not self.pinned:
            self._manifest = store.load_or_begin(self.files)

    def tidy(self) -> None:
        """Clear what a killed writer left, unless another writer is at work or the disk is not ours to write."""
        commit.tidy(self.files, store.STAGING)

    # ── what is there ────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def version(self) -> int:
        """The generation that is read here; 0 before the first write."""
        return self._manifest.generation

    def versions(self) -> list[Version]:
        """The kept versions up to this one, newest first. Raises CatalogError when one is damaged."""
        return [versions.version_of(change) for change in versions.changes(self.files, self._manifest)]

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────

    def chunks(
        self, symbol: str, schema: str, start_ns: int | None = None, end_ns: int | None = None, *,
        day: dt.date | None = None, rows: int = CHUNK_ROWS,
    ) -> Iterator[np.ndarray]:  # fmt: skip
        """Rows with start ≤ ts_event < end, in file order, at most `rows` at a time, memory bounded by that.

        The layout of the schema (`schema.TABLES`), int64 (rows, 4 N) for `book-N`. An open end is no bound;
        `day` keeps one UTC day.
        Raises NotInCatalogError when no part of the catalog meets the range.
        """
        from tickwright.data.store.part import read_part

        start_ns, end_ns, day = narrow(schema, start_ns, end_ns, day)
        for part in self._contents().select(symbol, schema, start_ns, end_ns, day):
            for columns in read_part(self.files, part.path, schema, start_ns, end_ns, rows):
                if columns["ts_event"].size:
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
        """The same rows as a lazy Polars frame; the range is pushed down to the files. Raises NotInCatalogError."""
        import polars as pl

        start_ns, end_ns, day = narrow(schema, start_ns, end_ns, day)
        parts = self._contents().select(symbol, schema, start_ns, end_ns, day)
        frame = self.files.scan([part.path for part in parts])
        if start_ns is not None:
            frame = frame.filter(pl.col("ts_event") >= start_ns)
        if end_ns is not None:
            frame = frame.filter(pl.col("ts_event") < end_ns)
        return frame

    def files_of(
        self, symbol: str, schema: str = EVENTS, start_ns: int | None = None, end_ns: int | None = None, *,
        day: dt.date | None = None,
    ) -> list[str]:  # fmt: skip
        """Paths, or addresses, of the Parquet files that this version reads of a range, in the order of their rows.

        For other programs: `polars.scan_parquet(catalog.files_of("GOOG"))`. A file may hold rows outside the range; it
        stays as it is until the version is pruned. Raises NotInCatalogError.
        """
        parts = self._contents().select(symbol, schema, *narrow(schema, start_ns, end_ns, day))
        root = self.root.resolve() if isinstance(self.files.root, Path) else str(self.files.root).rstrip("/")
        return [f"{root}/{part.path}" for part in parts]

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def ingest(
        self, source: Source, *, replace: bool = False, append: bool | None = None, note: str = ""
    ) -> Iterator[IngestSession]:
        """Write rows of one source: visible together at a clean exit, dropped on any exception, Ctrl-C included.

        `replace` puts the source in the place of what other sources stored of the same days; `append` behind it, where
        every row is later than what is there. Raises CatalogError while another writer is at work; StorageError when
        the disk refuses.
        """
        from tickwright.data.store.session import IngestSession
        from tickwright.data.store.staging import StagedFiles

        append = append_or_replace(self.desk, replace, append)
        with self._writing() as (room, manifest):
            staged = StagedFiles(self.files, room, manifest.generation + 1, source.digest, self.desk.stamp(note))
            session = IngestSession(staged, manifest, source, replace=replace, append=append)
            try:
                yield session
                session.commit()
            finally:
                session.abandon()

    def compact(self, symbol: str | None = None, schema: str | None = None, *, note: str = "") -> Compacted:
        """Merge the parts of each day into one, as a new version with the same rows and fingerprints.

        Raises CatalogError for a part that is damaged or while another writer is at work; StorageError.
        """
        from tickwright.data.store.compaction import compact

        with self._writing() as (room, manifest):
            return compact(self.files, room, manifest, self.desk.stamp(note), symbol, schema)[1]

    def prune(self, keep: int) -> int:
        """Keep the newest `keep` versions and delete the files that only others named; how many were dropped.

        Readers of a version that goes fail with a CatalogError. Raises CatalogError while another writer is at work.
        """
        if keep < 1:
            raise ConfigError("keep", keep, "1 or more versions")
        with self._writing() as (room, manifest):
            after = commit.prune(self.files, room, manifest, keep)
            return after.oldest - max(manifest.oldest, 1) if after is not manifest else 0

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _contents(self) -> Contents:
        return Contents(self.files.root, self._manifest)

    @contextmanager
    def _writing(self) -> Iterator[tuple[Room, store.Manifest]]:
        if self.pinned:
            raise CatalogError(f"{self.files.root}: opened as of version {self.version}, which cannot be written to")
        try:
            with commit.writing(self.files) as (room, manifest):
                self._manifest = manifest
                yield room, manifest
        finally:
            with suppress(CatalogError):
                self.refresh()


Where = Path | str | Catalog
"""A folder, an address, or a catalog whose place it is."""


def _place(path: Where, desk: Desk) -> tuple[Files, Desk]:
    if isinstance(path, Catalog):
        return path.files, Desk(desk.clock or path.desk.clock, desk.append or path.desk.append)
    return files_at(path), desk
