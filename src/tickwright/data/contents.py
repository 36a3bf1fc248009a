"""What a version of a catalog holds: every question that its manifest answers, whatever the rows are stored in."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tickwright.core.errors import NotInCatalogError
from tickwright.core.instrument import Instrument
from tickwright.core.units import DAY
from tickwright.data.store.manifest import Manifest, Part, SourceEntry, pieces_of
from tickwright.data.store.schema import EVENTS, book_levels, empty_rows, span_of
from tickwright.data.utc import utc_text


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
    labels: tuple[dict[str, Any], ...] = ()
    """What made the rows came from; empty for what was recorded."""


@dataclass(frozen=True, slots=True)
class Contents:
    """A manifest, and the place to name in messages."""

    root: Path | str
    manifest: Manifest

    def instruments(self) -> list[Instrument]:
        """Every instrument, by symbol."""
        return [entry.instrument() for entry in self.manifest.instruments.values()]

    def instrument(self, symbol: str) -> Instrument:
        """One instrument. Raises NotInCatalogError, which lists what is there."""
        entry = self.manifest.instruments.get(symbol)
        if entry is None:
            raise NotInCatalogError(f"instrument {symbol!r} is not in {self.root}; it holds {self._known()}")
        return entry.instrument()

    def schemas(self, symbol: str) -> list[str]:
        """Schemas stored of an instrument. Raises NotInCatalogError."""
        self.instrument(symbol)
        return sorted({p.schema for p in self.manifest.parts if p.symbol == symbol})

    def days(self, symbol: str, schema: str) -> list[dt.date]:
        """UTC days stored of an instrument. Raises NotInCatalogError when it has nothing of the schema."""
        return sorted({dt.date.fromisoformat(p.day) for p in self._parts(symbol, schema)})

    def ls(self) -> list[Listing]:
        """One row an instrument, schema and day."""
        groups: dict[tuple[str, str, str], list[Part]] = {}
        for part in self.manifest.parts:
            groups.setdefault((part.symbol, part.schema, part.day), []).append(part)
        return [
            Listing(
                symbol, schema, dt.date.fromisoformat(day), sum(p.rows for p in parts), sum(p.bytes for p in parts),
                min(p.first for p in parts), max(p.last for p in parts), self._sources(parts),
                tuple(self._labels(parts)),
            )
            for (symbol, schema, day), parts in groups.items()
        ]  # fmt: skip

    def labels(self, symbol: str, schema: str, day: dt.date | None) -> list[dict[str, Any]]:
        """What made rows came from, a record a source that says it; none of what was recorded."""
        return self._labels(self.select(symbol, schema, *narrow(schema, None, None, day)))

    def _labels(self, parts: list[Part]) -> list[dict[str, Any]]:
        digests = dict.fromkeys(piece.source for part in parts for piece in pieces_of(part))
        texts = [self.manifest.sources[digest].labels for digest in digests]
        return [json.loads(text) for text in texts if text]

    def fingerprint(self, symbol: str, schema: str, start: int | None, end: int | None, day: dt.date | None) -> str:
        """Hash of the content behind a read: of the pieces it touches, as recorded when written, and of the range."""
        start, end, day = narrow(schema, start, end, day)
        pieces = [p for part in self.select(symbol, schema, start, end, day) for p in pieces_of(part)]
        touched = [p.content for p in pieces if _meets(p.first, p.last, start, end)]
        text = "\n".join([schema, symbol, str(start), str(end), *touched])
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def stored_source(self, digest: str) -> SourceEntry | None:
        """The source of a content hash, if every piece it was stored as is still there."""
        entry = self.manifest.sources.get(digest)
        return entry if entry is not None and len(self.parts_of(digest)) == entry.parts else None

    def parts_of(self, digest: str) -> list[Part]:
        """What came from the source of a content hash: a part for each piece, though they may share one file."""
        return [
            msgspec.structs.replace(
                part,
                rows=piece.rows,
                first=piece.first,
                last=piece.last,
                source=digest,
                content=piece.content,
                pieces=(),
            )
            for part in self.manifest.parts
            for piece in pieces_of(part)
            if piece.source == digest
        ]

    def select(
        self, symbol: str, schema: str, start: int | None, end: int | None, day: dt.date | None
    ) -> list[Part]:  # fmt: skip
        """Parts that meet a range, in reading order. Raises NotInCatalogError when there is none."""
        parts = self._parts(symbol, schema)
        chosen = [p for p in parts if _meets(p.first, p.last, start, end) and (day is None or p.day == day.isoformat())]
        if not chosen:
            since = "the beginning" if start is None else utc_text(start)
            until = "the end" if end is None else utc_text(end)
            asked = f"on {day}" if day else f"from {since} to {until}"
            first, last = min(p.first for p in parts), max(p.last for p in parts)
            days = sorted({p.day for p in parts})
            raise NotInCatalogError(
                f"{symbol} has no {schema} {asked}; it has {len(days):,} UTC days from {days[0]} to {days[-1]}, "
                f"{utc_text(first)} to {utc_text(last)}"
            )
        return chosen

    def _parts(self, symbol: str, schema: str) -> list[Part]:
        self.instrument(symbol)
        book_levels(schema)
        parts = [p for p in self.manifest.parts if p.symbol == symbol and p.schema == schema]
        if not parts:
            raise NotInCatalogError(
                f"{symbol} has no {schema} in {self.root}; it has {', '.join(self.schemas(symbol)) or 'nothing'}"
            )
        return parts

    def _sources(self, parts: list[Part]) -> str:
        names = dict.fromkeys(self.manifest.sources[piece.source].name for part in parts for piece in pieces_of(part))
        return ", ".join(names) if len(names) <= 3 else f"{next(iter(names))} and {len(names) - 1:,} more"

    def _known(self) -> str:
        symbols = list(self.manifest.instruments)
        more = f" and {len(symbols) - 20:,} more" if len(symbols) > 20 else ""
        return (", ".join(symbols[:20]) or "nothing") + more


def narrow(
    schema: str, start: int | None, end: int | None, day: dt.date | None
) -> tuple[int | None, int | None, dt.date | None]:
    """A day of a schema whose files hold more than a day becomes a bound on the times of its rows."""
    if day is None or span_of(schema) == "D":
        return start, end, day
    first = (day - dt.date(1970, 1, 1)).days * DAY
    return max(first, first if start is None else start), min(first + DAY, first + DAY if end is None else end), None


def gathered(schema: str, parts: list[Part], chunks: Iterable[np.ndarray]) -> np.ndarray:
    """The chunks of a read in one array, given the parts that it touches."""
    room = sum(part.rows for part in parts)
    whole = empty_rows(schema, room)
    filled = 0
    for chunk in chunks:
        whole[filled : filled + len(chunk)] = chunk
        filled += len(chunk)
    return whole if filled == room else whole[:filled].copy()


def _meets(first: int, last: int, start: int | None, end: int | None) -> bool:
    return (start is None or last >= start) and (end is None or first < end)


class Listed(ABC):
    """A catalog of any backend as far as its manifest tells: what is there, and what it came from."""

    @abstractmethod
    def _contents(self) -> Contents:
        """What the manifest that is read names."""

    def instruments(self) -> list[Instrument]:
        """Every instrument, by symbol."""
        return self._contents().instruments()

    def instrument(self, symbol: str) -> Instrument:
        """One instrument. Raises NotInCatalogError, which lists what is there."""
        return self._contents().instrument(symbol)

    def schemas(self, symbol: str) -> list[str]:
        """Schemas stored of an instrument. Raises NotInCatalogError."""
        return self._contents().schemas(symbol)

    def days(self, symbol: str, schema: str = EVENTS) -> list[dt.date]:
        """UTC days stored of an instrument. Raises NotInCatalogError when it has nothing of the schema."""
        return self._contents().days(symbol, schema)

    def ls(self) -> list[Listing]:
        """One row an instrument, schema and day."""
        return self._contents().ls()

    def labels(self, symbol: str, schema: str = EVENTS, *, day: dt.date | None = None) -> list[dict[str, Any]]:
        """What made rows came from, as their model, parameters and seed; none of what was recorded.

        A record for each source of the rows of a UTC day, or of all. Raises NotInCatalogError.
        """
        return self._contents().labels(symbol, schema, day)

    def fingerprint(
        self, symbol: str, schema: str, start_ns: int | None = None, end_ns: int | None = None, *,
        day: dt.date | None = None,
    ) -> str:  # fmt: skip
        """Hash of the content behind a read: of the pieces it touches, as recorded at ingest, and of the range."""
        return self._contents().fingerprint(symbol, schema, start_ns, end_ns, day)

    def stored_source(self, digest: str) -> SourceEntry | None:
        """The source of a content hash, if every part it was stored as is still there."""
        return self._contents().stored_source(digest)

    def parts_of(self, digest: str) -> list[Part]:
        """What came from the source of a content hash: a part for each write, though some may share a file."""
        return self._contents().parts_of(digest)
