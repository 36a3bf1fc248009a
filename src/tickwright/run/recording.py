"""A recorded day as arrays: made once in a single pass over its blocks, then kept in the hot cache and mapped.

1. The key of a day is a fingerprint of the stored content it is read from and of the code that makes the arrays.
2. Where the cache has the key, its arrays are mapped and nothing else is read.
3. Where not, each block of events goes through the tape compiler, the tape's rows through a book that tells the
   quotes, and prints are picked out; what comes of a block is written away before the next is read. So a day of any
   length is made with the memory of a block, and the pages of its arrays are the file's.
4. Without a cache, or where the disk refuses, the same pass is made with the arrays in memory. A day of a few rows is
   not worth a file and is always made so.

A windowed feed (LOBSTER) is the exception: it is completed by its recorded book as a whole, in memory.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np

from tickwright.book.depth_tape import DepthTapeCompiler
from tickwright.book.layout import BOOK
from tickwright.book.quotes import QuoteStream, trades_of
from tickwright.book.tape import DepthCounts, Tape, TapeCompiler, TapeCounts
from tickwright.book.windowed import WindowCounts, complete
from tickwright.core.errors import NotInCatalogError
from tickwright.core.events import MARKET_EVENT, Action
from tickwright.core.ids import fingerprint
from tickwright.core.kernel import source_hash
from tickwright.core.units import Nanos
from tickwright.data.hot import Entry, HotCache
from tickwright.data.port import TickCatalog
from tickwright.data.store.schema import DEPTH
from tickwright.run.beginning import begins_anew, clearing
from tickwright.tca.market import MidPath, QuoteColumns


class Sink(Protocol):
    """Where arrays go as they are made: a draft of the hot cache, or memory."""

    def append(self, name: str, rows: np.ndarray) -> None:
        """More rows of an array."""

    def tell(self, facts: Mapping[str, object]) -> None:
        """Facts beside the arrays."""


@dataclass(frozen=True, slots=True)
class LocalDay:
    """A local day of an instrument: `first` ≤ ts_event < `last`, and the UTC days of the schema that hold it."""

    symbol: str
    schema: str
    first: Nanos
    last: Nanos
    utc_days: tuple[dt.date, ...]


@dataclass(frozen=True, eq=False)
class Recording:
    """`opened` is the time of the first event within the span, None where there is none; `closed` the latest time.

    `moved` events are stamped earlier than one before them. `content` are the fingerprints of what it was made from.
    """

    tape: Tape
    quotes: np.ndarray
    columns: QuoteColumns
    trades: np.ndarray
    window: WindowCounts | None
    opened: Nanos | None
    closed: Nanos
    moved: int
    content: tuple[str, ...]


def record(catalog: TickCatalog, span: LocalDay, cache: HotCache | None) -> Recording:
    """The arrays of a day. Raises BookError and CapacityError where the events contradict themselves."""
    content = [catalog.fingerprint(span.symbol, span.schema, day=day) for day in span.utc_days]
    if (book := book_schema(catalog, span.symbol)) is not None and span.schema != DEPTH:
        content += [catalog.fingerprint(span.symbol, book, day=day) for day in span.utc_days]
    named = [span.symbol, span.schema, span.first, span.last, *content]
    arrays, facts = kept(cache, named, partial(_make, catalog, span))
    fact = partial(_fact, facts)
    return Recording(
        tape=Tape(arrays["tape"], fact("orders", int), fact("counts", TapeCounts), fact("depth", DepthCounts | None)),
        quotes=arrays["quotes"],
        columns=QuoteColumns(arrays["quote_ts"], arrays["two_sided"], MidPath(arrays["mid_ts"], arrays["mid2"])),
        trades=arrays["trades"],
        window=fact("window", WindowCounts | None),
        opened=fact("opened", int | None),
        closed=fact("closed", int),
        moved=fact("moved", int),
        content=tuple(content),
    )


def kept(cache: HotCache | None, named: list[Any], make: Callable[[Sink], None]) -> Entry:
    """The entry of what is `named`, made where the cache does not have it; without a cache, in memory."""
    if cache is not None:
        key = fingerprint([source_hash(Path(__file__).resolve()), *named])
        if (entry := cache.get(key)) is not None:
            return entry
        try:
            with cache.making(key) as draft:
                make(draft)
            if (entry := cache.get(key, check=False)) is not None:
                return entry
        except OSError:
            pass  # a disk that is full or read-only: made again below, where an error of the catalog comes again
    memory = _Memory()
    make(memory)
    return memory.entry()


def day_blocks(catalog: TickCatalog, span: LocalDay) -> Iterator[np.ndarray]:
    """The events of the UTC days up to the end of the span, block by block.

    A later UTC day whose book begins anew (`run.beginning`) opens with a CLEAR. Where the span itself opens with one,
    the end of the session before is left out: it would name orders of a UTC day that is not read.
    """
    zone = catalog.instrument(span.symbol).timezone
    last: Nanos | None = None
    passing = _opens_with_clear(catalog, span)
    for n, day in enumerate(span.utc_days):
        for k, block in enumerate(catalog.chunks(span.symbol, span.schema, day=day)):
            rows = block
            if n and not k and block["action"][0] != Action.CLEAR and begins_anew(block[0], last, zone):
                rows = np.concatenate([clearing(block[0]), block])
            last = int(block["ts_recv"][-1])
            if passing:
                inside = _inside(rows, span)
                if not inside.any():
                    continue
                rows, passing = rows[inside.argmax() :], False
            yield rows[rows["ts_event"] < span.last]


def _opens_with_clear(catalog: TickCatalog, span: LocalDay) -> bool:
    """Whether the first event inside a span is a CLEAR."""
    for day in span.utc_days:
        with suppress(NotInCatalogError):  # rows of the day, but none inside
            for block in catalog.chunks(span.symbol, span.schema, span.first, span.last, day=day):
                return bool(block["action"][0] == Action.CLEAR)
    return False


def _inside(rows: np.ndarray, span: LocalDay) -> np.ndarray:
    return np.asarray((rows["ts_event"] >= span.first) & (rows["ts_event"] < span.last))


def book_schema(catalog: TickCatalog, symbol: str) -> str | None:
    """The deepest recorded book of a windowed feed, which tells most; None for any other feed."""
    books = [schema for schema in catalog.schemas(symbol) if schema.startswith("book-")]
    return max(books, key=lambda schema: int(schema.removeprefix("book-")), default=None)


def _make(catalog: TickCatalog, span: LocalDay, sink: Sink) -> None:
    blocks, window = _whole(catalog, span)
    compiler = DepthTapeCompiler() if span.schema == DEPTH else TapeCompiler("count", BOOK["orders"].shape[0])
    stream, events = QuoteStream(), 0
    opened, moved, latest, before = None, 0, _EARLIEST, _EARLIEST
    for block in blocks:
        rows = compiler.feed(block)
        sink.append("tape", rows)
        _put_quotes(sink, stream.feed(rows))
        sink.append("trades", trades_of(block, latest))
        ts = block["ts_event"]
        events += len(ts)
        if len(ts):
            inside = ts >= span.first
            opened = int(ts[inside.argmax()]) if opened is None and inside.any() else opened
            moved += int(ts[0] < before) + int(np.count_nonzero(ts[1:] < ts[:-1]))
            before, latest = int(ts[-1]), max(latest, int(ts.max()))
    _put_quotes(sink, stream.close())
    sink.append("trades", trades_of(np.zeros(0, MARKET_EVENT)))  # its layout, where there was no block
    sink.append("tape", compiler.feed(np.zeros(0, MARKET_EVENT)))
    facts = {"window": window, "opened": opened, "closed": latest, "moved": moved}
    if isinstance(compiler, DepthTapeCompiler):
        sink.tell({**facts, "orders": 1, "counts": TapeCounts(events, events), "depth": compiler.counts()})
    else:
        sink.tell({**facts, "orders": compiler.orders, "counts": compiler.counts(), "depth": None})


def _whole(catalog: TickCatalog, span: LocalDay) -> tuple[Iterator[np.ndarray], WindowCounts | None]:
    """Events of a windowed feed made whole; those of any other as they are."""
    book = book_schema(catalog, span.symbol)
    if book is None or span.schema == DEPTH or not span.utc_days:
        return day_blocks(catalog, span), None
    events = np.concatenate(list(day_blocks(catalog, span)))
    rows = np.concatenate([catalog.read(span.symbol, book, day=day) for day in span.utc_days])
    completed, window = complete(events, rows[: len(events)])
    return iter([completed]), window


def _put_quotes(sink: Sink, quotes: np.ndarray) -> None:
    columns = QuoteColumns.of(quotes)
    sink.append("quotes", quotes)
    sink.append("quote_ts", columns.ts)
    sink.append("two_sided", columns.two_sided)
    sink.append("mid_ts", columns.mids.ts)
    sink.append("mid2", columns.mids.mid2)


def _fact(facts: Mapping[str, msgspec.Raw], name: str, kind: Any) -> Any:
    return msgspec.json.decode(facts[name], type=kind)


class _Memory:
    """A sink of arrays in memory."""

    def __init__(self) -> None:
        self._parts: dict[str, list[np.ndarray]] = {}
        self._facts: dict[str, msgspec.Raw] = {}

    def append(self, name: str, rows: np.ndarray) -> None:
        self._parts.setdefault(name, []).append(rows)

    def tell(self, facts: Mapping[str, object]) -> None:
        self._facts |= {name: msgspec.Raw(msgspec.json.encode(fact)) for name, fact in facts.items()}

    def entry(self) -> Entry:
        arrays = {}
        for name in list(self._parts):
            arrays[name] = np.concatenate(self._parts.pop(name))
        return arrays, self._facts


_EARLIEST = int(np.iinfo(np.int64).min)
