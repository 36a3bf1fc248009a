"""One write to a catalog: rows are staged as they come and become visible together, or not at all.

1. `append` puts rows, by the definition that the catalog keeps (`definition`), into the buffer of their instrument,
   schema and UTC day.
2. A full buffer becomes a row group of a Parquet file in staging; so does the largest when all together grow too big.
3. `commit` finishes the files and makes one new version of the catalog (`commit`), all or nothing.
   Rows of a span that has some already stand beside them in the order of their times, where the two do not overlap.
4. `abandon` drops everything; a process killed before the manifest is replaced has, for the catalog, done nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
import numpy as np

from tickwright.core.errors import CatalogError, InternalError
from tickwright.core.events import MARKET_EVENT
from tickwright.core.instrument import Instrument
from tickwright.core.units import DAY
from tickwright.data.store.commit import Content
from tickwright.data.store.definition import assumed, differing, on_grid, refuse_conflict, settled
from tickwright.data.store.manifest import InstrumentEntry, Manifest, Part, Piece, SourceEntry, pieces_of, reading_order
from tickwright.data.store.part import ROW_GROUP_BYTES
from tickwright.data.store.schema import TABLES, book_levels, moments_of, span_of
from tickwright.data.store.source import Source
from tickwright.data.store.staging import Beside, Chunk, Key
from tickwright.data.utc import utc_text

BUFFER_BYTES = 160 << 20
"""Rows of all instruments together that wait in memory."""
_BEFORE_ALL = -(2**63)
_CALL_BYTES = 256  # what a waiting array costs beside its rows


@dataclass(slots=True)
class _Waiting:
    chunks: list[Chunk] = field(default_factory=list)
    bytes: int = 0


class Staging(Protocol):
    """Where a session puts its rows: files, or a database."""

    def write(self, key: Key, instrument: InstrumentEntry, chunks: list[Chunk], beside: Beside) -> None:
        """Stage one row group; `beside` is the same for all of a span. Raises StorageError."""

    def finish(self) -> list[Part]:
        """Have all of it stored; what it was stored as. Raises StorageError."""

    def commit(self, before: Manifest, content: Content) -> Manifest:
        """Make it visible in one step. Raises StorageError, CatalogError."""

    def abandon(self) -> None:
        """Drop what was not committed."""

    def latest_moment(self, part: Part) -> int:
        """The latest of the times by which the rows of a part of the catalog are kept."""


class IngestSession:
    """Rows of one source on their way into a catalog; made by `Catalog.ingest`."""

    def __init__(self, staged: Staging, manifest: Manifest, source: Source, *, replace: bool, append: bool) -> None:
        self.source = source
        self.rows: Counter[str] = Counter()
        """Rows by schema."""
        self.actions = np.zeros(256, np.int64)
        """Market events by the code of their action."""
        self._staged = staged
        self._manifest = manifest
        self._replace = replace
        self._may_append = append
        self._instruments: dict[str, InstrumentEntry] = {}
        self._defined: dict[str, tuple[Instrument, Instrument]] = {}
        """By symbol the instrument that rows come with, and the one they are stored by."""
        self._waiting: dict[Key, _Waiting] = {}
        self._waiting_bytes = 0
        self._held: dict[Key, list[Part]] = {}
        self._schemas: dict[str, set[str]] = {}
        for part in manifest.parts:
            self._held.setdefault((part.symbol, part.schema, part.day), []).append(part)
            self._schemas.setdefault(part.symbol, set()).add(part.schema)
        self._reach: dict[Key, tuple[int, int]] = {}
        """Earliest and latest moment of the rows of each span so far."""
        self._beside: dict[Key, list[tuple[int, int]]] = {}
        """Spans that rows are added to, with the times from and until which what is there reaches, write by write."""
        self._kept: Counter[Key] = Counter()
        """Rows of spans that the catalog has from this very source, beside those of others."""
        self._gone: list[str] = []

    def append(self, instrument: Instrument, schema: str, chunk: np.ndarray, times: np.ndarray | None = None) -> None:
        """Stage rows of one instrument, in file order.

        `chunk` has the layout of the schema (`schema.TABLES`); for `book-N` it is int64 (rows, 4 N) and `times` their
        ts_event. The session keeps the arrays: do not write into them afterwards. The UTC day is that of ts_recv (the
        order of a vendor's file, so that a snapshot stays with the day it opens) where the layout has it, else of
        ts_event. Raises CatalogError when the instrument is defined otherwise, when rows of another source are there
        that these overlap in time and `replace` is off, or when a row to append is not later than all that is there;
        OffGridError when it is not whole on the grid that the catalog has; StorageError when the disk refuses.
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
        kept = self._define(instrument)
        if kept is not instrument:
            chunk = on_grid(chunk, schema, instrument, kept)
        for day, part, reach in _by_span(moments, span_of(schema)):
            key = (instrument.symbol, schema, day)
            if self._is_there(key):
                self._kept[key] += moments[part].size
            else:
                self._admit(key, *reach)
                self._buffer(key, chunk[part], None if times is None else times[part])
        self.rows[schema] += len(chunk)
        if chunk.dtype == MARKET_EVENT:
            self.actions += np.bincount(chunk["action"], minlength=256)

    def notes(self) -> list[str]:
        """What `replace` took out, and which instruments were stored by another definition than the file's."""
        kinds: dict[tuple[str, str], list[str]] = {}
        for symbol, (given, kept) in self._defined.items():
            if kept is not given:
                other = differing(given, InstrumentEntry.of(kept))
                facts = ", ".join(f"{name} {getattr(kept, name)}, not {getattr(given, name)}" for name in other)
                kinds.setdefault((facts, kept.source), []).append(symbol)
        return self._gone + [
            f"{', '.join(symbols[:6])}{f' and {len(symbols) - 6} more' if len(symbols) > 6 else ''}: {facts}, as the "
            f"catalog has it ({source or 'no source given'})"
            for (facts, source), symbols in kinds.items()
        ]

    def _define(self, instrument: Instrument) -> Instrument:
        """The definition to store rows of an instrument by. Raises CatalogError."""
        symbol = instrument.symbol
        if symbol in self._defined:
            first, kept = self._defined[symbol]
            if first is not instrument:
                refuse_conflict(instrument, InstrumentEntry.of(first))
            return instrument if kept is first else kept
        known = self._manifest.instruments.get(symbol)
        # With `replace` the definition may go, if nothing stays that was stored by it: known at commit. An assumption
        # never puts facts aside.
        if known is None or (self._replace and not (assumed(instrument) and not assumed(known))):
            kept = instrument
        else:
            kept = settled(instrument, known, self._schemas.get(symbol, set()))
        entry = InstrumentEntry.of(kept)
        self._instruments[symbol] = entry
        kept = kept if differing(instrument, entry) else instrument
        self._defined[symbol] = instrument, kept
        return kept

    def _is_there(self, key: Key) -> bool:
        """Whether a span still has the rows of this source beside others', though not all that it brought is there."""
        holders = () if self._replace else _sources_of(self._held.get(key, []))
        return len(holders) > 1 and self.source.digest in holders

    def _own(self, key: Key) -> list[Piece]:
        return [piece for part in self._held[key] for piece in pieces_of(part) if piece.source == self.source.digest]

    def _admit(self, key: Key, low: int, high: int) -> None:
        if key in self._reach:
            low, high = min(low, self._reach[key][0]), max(high, self._reach[key][1])
        self._reach[key] = low, high
        held = self._held.get(key)
        # The same source again takes the place of what is left of it.
        if held is None or self._replace or _sources_of(held) == [self.source.digest]:
            return
        spans = self._beside.get(key)
        if spans is None:
            spans = self._beside[key] = _reaches(held, self._staged.latest_moment)
        if self._may_append and low <= spans[-1][1]:
            raise self._refused(
                key, f"has a row of {utc_text(low)}", f"goes on until {utc_text(spans[-1][1])}",
                "--append takes strictly later rows alone; without it rows go before or behind, where none overlap",
            )  # fmt: skip
        for begin, end in spans:
            if low <= end and high >= begin:
                rows = sum(part.rows for part in held)
                since = f"from {utc_text(begin)} " if begin > _BEFORE_ALL else ""
                raise self._refused(
                    key, f"has rows from {utc_text(low)} to {utc_text(high)}", f"reaches {since}until {utc_text(end)}",
                    "rows that overlap cannot stand beside each other: put one into another catalog, or pass --replace "
                    f"to put {self.source.name} in the place of all {rows:,} rows that are there",
                )  # fmt: skip

    def _refused(self, key: Key, has: str, there: str, advice: str) -> CatalogError:
        names = ", ".join(self._manifest.sources[digest].name for digest in _sources_of(self._held[key]))
        return CatalogError(
            f"{' '.join(key)}: {self.source.name} {has}, but what is in the catalog from {names} {there}; {advice}"
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
        self._staged.write(key, self._instruments[key[0]], waiting.chunks, self._place(key))

    def _place(self, key: Key) -> Beside:
        """Where the rows of a span go: their first ones tell, since none may overlap what is there."""
        if key not in self._beside:
            return "alone"
        return "behind" if self._reach[key][0] > self._beside[key][-1][1] else "before"

    def commit(self) -> Manifest:
        """Make all rows visible in one step and return the new manifest. Raises StorageError, CatalogError."""
        for key in list(self._waiting):
            self._flush(key)
        parts = [_since(part, self._reach[part.symbol, part.schema, part.day][0]) for part in self._staged.finish()]
        for key, count in self._kept.items():
            if count != (there := sum(piece.rows for piece in self._own(key))):
                raise CatalogError(
                    f"{' '.join(key)}: the catalog has {there:,} rows of {self.source.name}, which now has {count:,}; "
                    "pass --replace to put them in the place of all that is there"
                )
        if not parts:
            return self._manifest
        displaced = self._displaced({(p.symbol, p.schema, p.day) for p in parts} - set(self._beside))
        staying: dict[str, set[str]] = {}
        for part in self._manifest.parts:
            if part not in displaced:
                staying.setdefault(part.symbol, set()).add(part.schema)
        for symbol, entry in self._instruments.items():
            if symbol in staying:
                known = self._manifest.instruments[symbol]
                given = entry.instrument()
                refuse_conflict(given, InstrumentEntry.of(settled(given, known, staying[symbol])))
        source = self.source
        pieces = len(parts) + sum(len(self._own(key)) for key in self._kept)
        origin = SourceEntry(source.digest, source.name, source.kind, source.bytes, pieces, source.labels)
        kind = "replace" if displaced else "append" if self._beside else "ingest"
        self._gone = self._taken_out(displaced)
        return self._staged.commit(self._manifest, Content(kind, parts, displaced, self._instruments, origin))

    def _displaced(self, keys: set[Key]) -> set[Part]:
        """Parts that make way: of the same keys, and what their sources stored beside them that day.

        A book file without the messages that it belongs to would be a trap, so a day of a source goes as a whole; and
        where rows of several sources stand behind each other in a schema, the day of that schema.
        """
        by_day: dict[tuple[str, str], list[Key]] = {}
        for key in self._held:
            by_day.setdefault((key[0], key[2]), []).append(key)
        gone, fresh = set[Key](), keys & set(self._held)
        while fresh:
            gone |= fresh
            sources = {(key[0], key[2], digest) for key in fresh for digest in _sources_of(self._held[key])}
            fresh = {
                key
                for symbol, day, digest in sources
                for key in by_day[symbol, day]
                if key not in gone and key not in self._kept and digest in _sources_of(self._held[key])
            }
        return {part for key in gone for part in self._held[key]}

    def _taken_out(self, displaced: set[Part]) -> list[str]:
        """What other sources lose, in words."""
        lost: dict[str, Counter[str]] = {}
        for part in sorted(displaced, key=reading_order):
            for piece in pieces_of(part):
                if piece.source != self.source.digest:
                    lost.setdefault(piece.source, Counter())[f"{part.symbol} {part.schema} {part.day}"] += piece.rows
        return [
            f"--replace took out {rows.total():,} rows of {self._manifest.sources[digest].name}: {_some(list(rows))}; "
            "ingest it again to have those back that do not overlap"
            for digest, rows in lost.items()
        ]

    def abandon(self) -> None:
        """Drop what was staged; after `commit`, nothing."""
        self._staged.abandon()
        self._waiting.clear()


def _sources_of(parts: list[Part]) -> list[str]:
    """Digests of the sources of parts, in order of their rows."""
    return list(dict.fromkeys(piece.source for part in parts for piece in pieces_of(part)))


def _since(part: Part, moment: int) -> Part:
    return msgspec.structs.replace(part, since=moment)


def _reaches(held: list[Part], latest: Callable[[Part], int]) -> list[tuple[int, int]]:
    """From and until when each write of a span reaches, in order; one of unknown begin reaches back for ever."""
    until: dict[int, int] = {}
    for part in held:
        since = _BEFORE_ALL if part.since is None else part.since
        until[since] = max(until.get(since, _BEFORE_ALL), latest(part))
    return sorted(until.items())


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")


def _by_span(moments: np.ndarray, unit: str) -> Iterator[tuple[str, slice | np.ndarray, tuple[int, int]]]:
    """The first day of each span in `moments` with the rows that fall into it, in order, and their least and greatest
    moment."""
    if not moments.size:
        return
    low, high = int(moments.min()), int(moments.max())
    if low // DAY == high // DAY and unit == "D":
        yield str(np.datetime64(low // DAY, "D")), slice(None), (low, high)
        return
    spans = (moments // DAY).astype("datetime64[D]").astype(f"datetime64[{unit}]")
    for span in np.unique(spans):
        rows = np.flatnonzero(spans == span)
        yield str(span.astype("datetime64[D]")), rows, (int(moments[rows].min()), int(moments[rows].max()))
