"""The tick catalog: market data by schema, instrument and UTC day, written whole or not at all.

Reading goes: manifest → the parts whose recorded extremes of ts_event meet the range → their row groups that do → rows.
Rows keep the order of the file they came from, which a vendor sorts by ts_recv: ts_event may step back, and a range of
time still returns every row inside it. A day is a UTC day of ts_recv; `day=` reads one whole, its opening snapshot
(whose ts_event may lie on an earlier day) included. Long bars are kept by month or year (`schema.TABLES`): their `day`
is the first of it where files are listed, and any day where rows are read.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tickwright.core.errors import CatalogError, NotInCatalogError
from tickwright.core.instrument import Instrument
from tickwright.core.units import DAY
from tickwright.data.store import manifest as store
from tickwright.data.store.schema import EVENTS, book_levels, empty_rows, span_of, to_rows
from tickwright.data.store.writer import writer_lock
from tickwright.data.utc import utc_text

if TYPE_CHECKING:
    import polars as pl

    from tickwright.data.store.session import IngestSession
    from tickwright.data.store.source import Source

CHUNK_ROWS = 262_144


@dataclass(frozen=True, slots=True)
class Listing:
    """What the catalog holds of one instrument, schema and UTC day. `first`, `last`: extremes of ts_event, ns."""

    instrument: str
    schema: str
    day: dt.date
    rows: int
    bytes: int
    first: int
    last: int
    source: str


class Catalog:
    """A folder of tick data. `open` one that exists, or `create`; then read, or `ingest`."""

    def __init__(self, root: Path, manifest: store.Manifest) -> None:
        self.root = root
        self._manifest = manifest

    @classmethod
    def open(cls, path: Path | str) -> Catalog:
        """A catalog as it stands now. Raises CatalogError when there is none."""
        root = Path(path)
        return cls(root, store.load(root))

    @classmethod
    def create(cls, path: Path | str) -> Catalog:
        """The catalog in a folder that may yet be empty or missing: the first write that succeeds makes it.

        Raises CatalogError when the folder is a file, or holds other files and no catalog.
        """
        root = Path(path)
        return cls(root, store.load_or_begin(root))

    def refresh(self) -> None:
        """See what other writers have committed since. Raises CatalogError."""
        self._manifest = store.load_or_begin(self.root)

    def tidy(self) -> None:
        """Clear what a killed writer left, unless another writer is at work or the disk is not ours to write."""
        if (self.root / store.STAGING).exists():
            with suppress(CatalogError), writer_lock(self.root), store.storage(self.root):
                store.sweep(self.root, store.load_or_begin(self.root))

    # ── what is there ────────────────────────────────────────────────────────────────────────────────────────────

    def instruments(self) -> list[Instrument]:
        """Every instrument, by symbol."""
        return [entry.instrument() for entry in self._manifest.instruments.values()]

    def instrument(self, symbol: str) -> Instrument:
        """One instrument. Raises NotInCatalogError, which lists what is there."""
        entry = self._manifest.instruments.get(symbol)
        if entry is None:
            raise NotInCatalogError(f"instrument {symbol!r} is not in {self.root}; it holds {self._known()}")
        return entry.instrument()

    def schemas(self, symbol: str) -> list[str]:
        """Schemas stored of an instrument. Raises NotInCatalogError."""
        self.instrument(symbol)
        return sorted({p.schema for p in self._manifest.parts if p.symbol == symbol})

    def days(self, symbol: str, schema: str = EVENTS) -> list[dt.date]:
        """UTC days stored of an instrument. Raises NotInCatalogError when it has nothing of the schema."""
        return sorted({dt.date.fromisoformat(p.day) for p in self._parts(symbol, schema)})

    def ls(self) -> list[Listing]:
        """One row an instrument, schema and day."""
        groups: dict[tuple[str, str, str], list[store.Part]] = {}
        for part in self._manifest.parts:
            groups.setdefault((part.symbol, part.schema, part.day), []).append(part)
        return [
            Listing(
                symbol, schema, dt.date.fromisoformat(day), sum(p.rows for p in parts), sum(p.bytes for p in parts),
                min(p.first for p in parts), max(p.last for p in parts), self._manifest.sources[parts[0].source].name,
            )
            for (symbol, schema, day), parts in groups.items()
        ]  # fmt: skip

    def fingerprint(
        self, symbol: str, schema: str, start_ns: int | None = None, end_ns: int | None = None, *,
        day: dt.date | None = None,
    ) -> str:  # fmt: skip
        """Hash of the content behind a read: of the parts it touches, as recorded at ingest, and of the range."""
        start_ns, end_ns, day = _narrow(schema, start_ns, end_ns, day)
        parts = self._select(symbol, schema, start_ns, end_ns, day)
        text = "\n".join([schema, symbol, str(start_ns), str(end_ns), *(p.content for p in parts)])
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def stored_source(self, digest: str) -> store.SourceEntry | None:
        """The source of a content hash, if every part it was stored as is still there."""
        entry = self._manifest.sources.get(digest)
        return entry if entry is not None and len(self.parts_of(digest)) == entry.parts else None

    def parts_of(self, digest: str) -> list[store.Part]:
        """Parts that came from the source of a content hash."""
        return [p for p in self._manifest.parts if p.source == digest]

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

        start_ns, end_ns, day = _narrow(schema, start_ns, end_ns, day)
        for part in self._select(symbol, schema, start_ns, end_ns, day):
            for columns in read_part(self.root / part.path, schema, start_ns, end_ns, rows):
                if columns["ts_event"].size:
                    yield to_rows(schema, columns)

    def read(
        self, symbol: str, schema: str = EVENTS, start_ns: int | None = None, end_ns: int | None = None, *,
        day: dt.date | None = None,
    ) -> np.ndarray:  # fmt: skip
        """All rows of `chunks` in one array. Raises NotInCatalogError."""
        start_ns, end_ns, day = _narrow(schema, start_ns, end_ns, day)
        room = sum(part.rows for part in self._select(symbol, schema, start_ns, end_ns, day))
        whole = empty_rows(schema, room)
        filled = 0
        for chunk in self.chunks(symbol, schema, start_ns, end_ns, day=day):
            whole[filled : filled + len(chunk)] = chunk
            filled += len(chunk)
        return whole if filled == room else whole[:filled].copy()

    def scan(
        self, symbol: str, schema: str = EVENTS, start_ns: int | None = None, end_ns: int | None = None, *,
        day: dt.date | None = None,
    ) -> pl.LazyFrame:  # fmt: skip
        """The same rows as a lazy Polars frame; the range is pushed down to the files. Raises NotInCatalogError."""
        import polars as pl

        start_ns, end_ns, day = _narrow(schema, start_ns, end_ns, day)
        paths = [self.root / part.path for part in self._select(symbol, schema, start_ns, end_ns, day)]
        frame = pl.scan_parquet(paths, glob=False)
        if start_ns is not None:
            frame = frame.filter(pl.col("ts_event") >= start_ns)
        if end_ns is not None:
            frame = frame.filter(pl.col("ts_event") < end_ns)
        return frame

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def ingest(self, source: Source, *, replace: bool = False) -> Iterator[IngestSession]:
        """Write rows of one source: visible together at a clean exit, dropped on any exception, Ctrl-C included.

        `replace` puts the source in the place of what other sources stored of the same days. Raises CatalogError while
        another writer is at work; StorageError when the disk refuses.
        """
        from tickwright.data.store.session import IngestSession

        with writer_lock(self.root):
            self.refresh()
            with store.storage(self.root):
                store.sweep(self.root, self._manifest)
                (self.root / store.STAGING).mkdir()
            session = IngestSession(self.root, self._manifest, source, replace)
            try:
                yield session
                session.commit()
            finally:
                session.abandon()
                # Whatever stays behind is not in the manifest, and the next writer sweeps again.
                with suppress(OSError, CatalogError):
                    self.refresh()
                    store.sweep(self.root, self._manifest)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _parts(self, symbol: str, schema: str) -> list[store.Part]:
        self.instrument(symbol)
        book_levels(schema)
        parts = [p for p in self._manifest.parts if p.symbol == symbol and p.schema == schema]
        if not parts:
            raise NotInCatalogError(
                f"{symbol} has no {schema} in {self.root}; it has {', '.join(self.schemas(symbol))}"
            )
        return parts

    def _select(
        self, symbol: str, schema: str, start: int | None, end: int | None, day: dt.date | None
    ) -> list[store.Part]:
        parts = self._parts(symbol, schema)
        chosen = [
            p
            for p in parts
            if (start is None or p.last >= start)
            and (end is None or p.first < end)
            and (day is None or p.day == day.isoformat())
        ]
        if not chosen:
            since = "the beginning" if start is None else utc_text(start)
            until = "the end" if end is None else utc_text(end)
            asked = f"on {day}" if day else f"from {since} to {until}"
            first, last = min(p.first for p in parts), max(p.last for p in parts)
            days = sorted({p.day for p in parts})
            raise NotInCatalogError(
                f"{symbol} has no {schema} {asked}; it has {len(days)} UTC days from {days[0]} to {days[-1]}, "
                f"{utc_text(first)} to {utc_text(last)}"
            )
        return chosen

    def _known(self) -> str:
        symbols = list(self._manifest.instruments)
        more = f" and {len(symbols) - 20} more" if len(symbols) > 20 else ""
        return (", ".join(symbols[:20]) or "nothing") + more


def _narrow(
    schema: str, start: int | None, end: int | None, day: dt.date | None
) -> tuple[int | None, int | None, dt.date | None]:
    """A day of a schema whose files hold more than a day becomes a bound on the times of its rows."""
    if day is None or span_of(schema) == "D":
        return start, end, day
    first = (day - dt.date(1970, 1, 1)).days * DAY
    return max(first, first if start is None else start), min(first + DAY, first + DAY if end is None else end), None
