"""The port of a tick catalog: what every backend does, whatever it stores rows in.

| backend | address | module |
|---|---|---|
| Parquet in a folder | a path, `file://` | `catalog` |
| Parquet in an object store | `memory://`, `s3://`, any of fsspec | `catalog` |
| ArcticDB on LMDB | `lmdb://folder` | `arctic` |

One suite of tests (`tests/data/catalog_conformance.py`) is run on each. `backends` opens one by its address.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

    import polars as pl

    from tickwright.core.instrument import Instrument
    from tickwright.data.contents import Listing
    from tickwright.data.store.commit import Desk
    from tickwright.data.store.compaction import Compacted
    from tickwright.data.store.manifest import Part, SourceEntry
    from tickwright.data.store.source import Source
    from tickwright.data.store.versions import Version


class Session(Protocol):
    """Rows of one source on their way into a catalog."""

    source: Source
    rows: Counter[str]
    """Rows by schema."""
    actions: np.ndarray
    """Market events by the code of their action."""

    def append(self, instrument: Instrument, schema: str, chunk: np.ndarray, times: np.ndarray | None = None) -> None:
        """Stage rows of one instrument, in file order. Raises CatalogError, OffGridError, StorageError."""

    def notes(self) -> list[str]:
        """What was stored by another definition than its file's."""


class Reading(Protocol):
    """A version of a catalog, to read."""

    @property
    def root(self) -> Path:
        """Where it lies, as it is printed."""

    @property
    def version(self) -> int:
        """The generation that is read; 0 before the first write."""

    def versions(self) -> list[Version]:
        """The kept versions up to this one, newest first."""

    def instruments(self) -> list[Instrument]:
        """Every instrument, by symbol."""

    def instrument(self, symbol: str) -> Instrument:
        """One instrument. Raises NotInCatalogError."""

    def schemas(self, symbol: str) -> list[str]:
        """Schemas stored of an instrument. Raises NotInCatalogError."""

    def days(self, symbol: str, schema: str = ...) -> list[dt.date]:
        """UTC days stored of an instrument. Raises NotInCatalogError."""

    def ls(self) -> list[Listing]:
        """One row an instrument, schema and day."""

    def labels(self, symbol: str, schema: str = ..., *, day: dt.date | None = None) -> list[dict[str, Any]]:
        """What made rows came from; none of what was recorded. Raises NotInCatalogError."""

    def fingerprint(
        self, symbol: str, schema: str, start_ns: int | None = None, end_ns: int | None = None, *,
        day: dt.date | None = None,
    ) -> str:  # fmt: skip
        """Hash of the content behind a read; the same in every backend, before and after compaction."""

    def chunks(
        self, symbol: str, schema: str, start_ns: int | None = None, end_ns: int | None = None, *,
        day: dt.date | None = None, rows: int = ...,
    ) -> Iterator[np.ndarray]:  # fmt: skip
        """Rows with start ≤ ts_event < end, in file order, at most `rows` at a time."""

    def read(
        self, symbol: str, schema: str = ..., start_ns: int | None = None, end_ns: int | None = None, *,
        day: dt.date | None = None,
    ) -> np.ndarray:  # fmt: skip
        """All rows of `chunks` in one array."""

    def scan(
        self, symbol: str, schema: str = ..., start_ns: int | None = None, end_ns: int | None = None, *,
        day: dt.date | None = None,
    ) -> pl.LazyFrame:  # fmt: skip
        """The same rows as a lazy Polars frame."""


class TickCatalog(Reading, Protocol):
    """A catalog, to read and write."""

    desk: Desk
    """How its versions get their time, and what `ingest` does where it is not told."""

    def refresh(self) -> None:
        """See what other writers have committed since. Raises CatalogError."""

    def tidy(self) -> None:
        """Clear what a killed writer left, unless another writer is at work."""

    def stored_source(self, digest: str) -> SourceEntry | None:
        """The source of a content hash, if all of it is still there."""

    def parts_of(self, digest: str) -> list[Part]:
        """What came from the source of a content hash, by write."""

    def ingest(
        self, source: Source, *, replace: bool = False, append: bool | None = None, note: str = ""
    ) -> AbstractContextManager[Any]:  # of a Session; each backend names its own
        """Write rows of one source: visible together at a clean exit, dropped on any exception."""

    def compact(self, symbol: str | None = None, schema: str | None = None, *, note: str = "") -> Compacted:
        """Merge what small writes left, as a new version with the same rows and fingerprints."""

    def prune(self, keep: int) -> int:
        """Keep the newest `keep` versions; how many were dropped."""
