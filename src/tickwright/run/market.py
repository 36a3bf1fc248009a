"""A recorded day, from the catalog to what the engine and the cost analysis need.

1. Single orders (`events`) are taken where the catalog has them, else sizes of levels (`depth`). The UTC days that hold
   the exchange-local day are read whole, since a book can only be built from its beginning; a later one that opens with
   a snapshot starts from an empty book.
2. A windowed feed (LOBSTER) is completed by its own orderbook rows: seed, prune, resync (`book.windowed`).
3. The events are compiled into a tape; the quotes and the prints of the market without us are read off it. 2 and 3
   are `run.recording`'s, block by block, and what they make is kept in the hot cache (`data.hot`).
4. The volume curve that a VWAP may use is predicted from earlier days of the catalog alone.
5. The fingerprints of all that was read for 1 to 4 become the one by which the day is named in a manifest.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from tickwright.book.quotes import trades_of
from tickwright.book.tape import Tape
from tickwright.book.windowed import WindowCounts
from tickwright.core.errors import NotInCatalogError
from tickwright.core.events import TRADE, Action
from tickwright.core.ids import fingerprint
from tickwright.core.instrument import Instrument
from tickwright.core.time import local_date, midnight, time_text, utc_day
from tickwright.core.units import DAY, MINUTE, Nanos
from tickwright.data.hot import HotCache
from tickwright.data.port import TickCatalog
from tickwright.data.store.schema import DEPTH, EVENTS
from tickwright.run.behind import behind, note_of
from tickwright.run.recording import LocalDay, Sink, kept, record
from tickwright.strategy.intraday.vwap import VolumeCurve
from tickwright.tca.market import Market
from tickwright.venue.sim.fees import VenueTerms

CURVE_DAYS = 20
CLOSE_REACH = 4 * DAY
"""A previous close is looked for over a long weekend, no further."""
CURVE_BIN = 5 * MINUTE
WORTH_ROWS = 50_000
"""Rows of an instrument from which its days are kept: with fewer, making them again is as fast as looking them up."""
# Prints of the continuous market: a schedule cannot trade in an auction.
_PRINTS = (Action.EXECUTE, Action.HIDDEN, Action.TRADE)


@dataclass(frozen=True, eq=False)
class MarketDay:
    """One instrument on one exchange-local day.

    `market` holds the quotes and prints of the whole recorded day, `begin` and `end` are its first and last moment,
    `window` the counts of a windowed feed, `fingerprint` names all stored content it came from: that of the day, and
    of the earlier days behind the previous close and the curve. `venues` are the lit ones of a market that names any,
    in the order of their places.
    """

    instrument: Instrument
    date: dt.date
    tape: Tape
    market: Market
    begin: Nanos
    end: Nanos
    fingerprint: str
    window: WindowCounts | None
    curve: VolumeCurve | None
    notes: tuple[str, ...]
    venues: tuple[VenueTerms, ...] = ()

    def require(self, ts: Nanos, what: str) -> None:
        """Raise NotInCatalogError when a moment lies outside the recorded day."""
        if not self.begin <= ts <= self.end:
            zone = self.instrument.timezone
            raise NotInCatalogError(
                f"{what} {time_text(ts, zone)} ({zone}): {self.instrument.symbol} is recorded on {self.date} "
                f"from {time_text(self.begin, zone)} to {time_text(self.end, zone)}"
            )


def load_day(catalog: TickCatalog, symbol: str, date: dt.date, cache: HotCache | None = None) -> MarketDay:
    """One day, read and compiled, or mapped from the cache. Raises NotInCatalogError, and BookError where the events
    contradict themselves."""
    instrument, schema = catalog.instrument(symbol), schema_of(catalog, symbol)
    if sum(row.rows for row in catalog.ls() if (row.instrument, row.schema) == (symbol, schema)) < WORTH_ROWS:
        cache = None
    span = span_of_day(catalog, symbol, date, schema)
    day = record(catalog, span, cache)
    if day.opened is None:
        days = ", ".join(day.isoformat() for day in catalog.days(symbol, schema))
        raise NotInCatalogError(f"{symbol} has no {schema} on {date} ({instrument.timezone}); days: {days}")
    if day.closed <= day.opened:
        raise NotInCatalogError(f"{symbol} on {date}: the recording spans no time, so nothing can trade in it")
    notes = list(_tape_notes(symbol, day.tape))
    if day.tape.is_depth:
        late = note_of(symbol, behind(day.quotes, day.columns.ts, day.trades), len(day.trades))
        notes += [late] if late else []
    if day.moved:
        notes.append(
            f"{symbol}: {day.moved:,} events are stamped earlier than one before them; they happen when that one did"
        )
    close, close_note, close_content = _previous_close(catalog, instrument, schema, span.first, cache)
    notes += [close_note] if close_note else []
    curve, curve_content = _volume_curve(catalog, instrument, date, schema, cache)
    zone = instrument.timezone
    notes.append(
        f"{symbol}: open, close and day VWAP are those of the recorded day, {time_text(day.opened, zone)[:8]} to "
        f"{time_text(day.closed, zone)[:8]}"
    )
    return MarketDay(
        instrument=instrument,
        date=date,
        tape=day.tape,
        market=Market(day.quotes, day.trades, day.opened, day.closed, close, day.columns),
        begin=day.opened,
        end=day.closed,
        fingerprint=fingerprint([day.content, close_content, curve_content]),
        window=day.window,
        curve=curve,
        notes=tuple(notes),
    )


def span_of_day(catalog: TickCatalog, symbol: str, date: dt.date, schema: str) -> LocalDay:
    """An exchange-local day, and the stored UTC days that it reaches into. Raises NotInCatalogError."""
    zone = catalog.instrument(symbol).timezone
    first, last = midnight(date, zone), midnight(date + dt.timedelta(days=1), zone)
    days = tuple(d for d in catalog.days(symbol, schema) if utc_day(first) <= d <= utc_day(last - 1))
    return LocalDay(symbol, schema, first, last, days)


def schema_of(catalog: TickCatalog, symbol: str) -> str:
    """The schema that an instrument is replayed from: `events`, else `depth`. Raises NotInCatalogError."""
    stored = catalog.schemas(symbol)
    for schema in (EVENTS, DEPTH):
        if schema in stored:
            return schema
    raise NotInCatalogError(f"{symbol} has {', '.join(stored)}; a replay needs {EVENTS} (orders) or {DEPTH} (levels)")


def _tape_notes(symbol: str, tape: Tape) -> Iterator[str]:
    """What a reader of the results has to know of the recorded feed."""
    orders, levels = tape.counts, tape.depth
    if orders.unknown or orders.over_reduced or orders.duplicates:
        yield (
            f"{symbol}: {orders.unknown:,} events name an unknown order, {orders.over_reduced:,} take more than "
            f"their order has, {orders.duplicates:,} add an order twice; they are counted and left out of the book"
        )
    if levels is None:
        return
    if not levels.trades:
        yield f"{symbol}: the feed holds no trades, so nothing of ours fills but by crossing prices"
    if levels.trades_without_side:
        yield f"{symbol}: {levels.trades_without_side:,} of {levels.trades:,} trades name no side and fill nobody"
    if levels.crossed or levels.locked:
        yield f"{symbol}: the recorded book is crossed after {levels.crossed:,} updates, locked after {levels.locked:,}"
    if levels.maybe_bad:
        rows = f"{levels.maybe_bad:,} of {levels.events:,} rows"
        yield f"{symbol}: {rows} stand after a gap of the feed, before a snapshot"


def _volume_curve(
    catalog: TickCatalog, instrument: Instrument, date: dt.date, schema: str, cache: HotCache | None
) -> tuple[VolumeCurve | None, list[str]]:
    """Share of the volume of up to twenty earlier days in each five minutes, None without any; what was read."""
    zone, start = instrument.timezone, midnight(date, instrument.timezone)
    volumes: list[np.ndarray] = []
    content: list[str] = []
    for day in _earlier_days(catalog, instrument, date, schema):
        begin, end = midnight(day, zone), midnight(day + dt.timedelta(days=1), zone)
        if end - begin == DAY:  # on the days when clocks change, time since midnight is not the time of day
            lots, read = _volume_by_bin(catalog, instrument.symbol, schema, begin, cache)
            volumes.append(lots)
            content += read
    total = np.sum(volumes, axis=0) if volumes else np.zeros(_BINS)
    if total.sum() <= 0:
        return None, content
    edges = tuple(start + CURVE_BIN * i for i in range(_BINS + 1))
    told = f"volume of {len(volumes)} earlier days"
    return VolumeCurve(edges, tuple((total / total.sum()).tolist()), told), content


def _volume_by_bin(
    catalog: TickCatalog, symbol: str, schema: str, begin: Nanos, cache: HotCache | None
) -> tuple[np.ndarray, list[str]]:
    """Lots printed in each bin of the day that begins at `begin`, float64, exact to 2**53; what was read."""
    end = begin + DAY

    def make(sink: Sink) -> None:
        total = np.zeros(_BINS)
        for events in catalog.chunks(symbol, schema, begin, end):
            prints = events[np.isin(events["action"], _PRINTS)]
            bins = (prints["ts_event"] - begin) // CURVE_BIN
            total += np.bincount(bins, weights=prints["size"], minlength=_BINS)[:_BINS]
        sink.append("lots", total)

    try:
        content = catalog.fingerprint(symbol, schema, begin, end)
        return kept(cache, ["volume", content], make)[0]["lots"], [content]
    except NotInCatalogError:
        return np.zeros(_BINS), []


def _earlier_days(catalog: TickCatalog, instrument: Instrument, date: dt.date, schema: str) -> list[dt.date]:
    start = midnight(date, instrument.timezone)
    # A UTC day can hold the end of one local day and the beginning of the next.
    moments = [midnight(day, "UTC") for day in catalog.days(instrument.symbol, schema)]
    days = {local_date(m + h, instrument.timezone) for m in moments for h in (0, DAY - 1) if m < start}
    return sorted(day for day in days if day < date)[-CURVE_DAYS:]


def _previous_close(
    catalog: TickCatalog, instrument: Instrument, schema: str, first: Nanos, cache: HotCache | None
) -> tuple[int | None, str, list[str]]:
    """The last print before a local day begins, in ticks, None when there is none near; what it is, and what was read.

    Days that begin too early to hold a print that counts are not looked at.
    """
    symbol, content = instrument.symbol, []
    days = [day for day in catalog.days(symbol, schema) if day <= utc_day(first)]
    for day in reversed(days):
        if first - midnight(day, "UTC") > CLOSE_REACH + DAY:
            break
        content.append(catalog.fingerprint(symbol, schema, day=day))
        named = ["close", content[-1], first]
        last = kept(cache, named, partial(_last_print, catalog, symbol, schema, day, first))[0]["print"]
        if len(last):
            ts = int(last["ts_event"][0])
            if first - ts > CLOSE_REACH:
                break
            closed = local_date(ts, instrument.timezone)
            return int(last["price"][0]), f"{symbol}: previous close is the last print of {closed}", content
    return None, "", content


def _last_print(catalog: TickCatalog, symbol: str, schema: str, day: dt.date, before: Nanos, sink: Sink) -> None:
    last, latest = np.zeros(0, TRADE), _EARLIEST
    for events in catalog.chunks(symbol, schema, day=day):
        prints = trades_of(events, latest)
        prints = prints[prints["ts_event"] < before]
        last = prints[-1:].copy() if len(prints) else last
        latest = max(latest, int(events["ts_event"].max()))
    sink.append("print", last)


_EARLIEST = int(np.iinfo(np.int64).min)
_BINS = DAY // CURVE_BIN
