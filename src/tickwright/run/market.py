"""A recorded day, from the catalog to what the engine and the cost analysis need.

1. Single orders (`events`) are taken where the catalog has them, else sizes of levels (`depth`). The UTC days that hold
   the exchange-local day are read whole, since a book can only be built from its beginning; a later one that opens with
   a snapshot starts from an empty book.
2. A windowed feed (LOBSTER) is completed by its own orderbook rows: seed, prune, resync (`book.windowed`).
3. The events are compiled into a tape; the quotes and the prints of the market without us are read off it.
4. The volume curve that a VWAP may use is predicted from earlier days of the catalog alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tickwright.book.depth_tape import compile_depth
from tickwright.book.layout import BOOK
from tickwright.book.quotes import quotes_of, trades_of
from tickwright.book.tape import Tape, compile_tape
from tickwright.book.windowed import WindowCounts, complete
from tickwright.core.errors import NotInCatalogError
from tickwright.core.events import MARKET_EVENT, Action, Flag
from tickwright.core.ids import fingerprint
from tickwright.core.instrument import Instrument
from tickwright.core.time import local_date, midnight, time_text, utc_day
from tickwright.core.units import DAY, MINUTE, Nanos
from tickwright.data.catalog import Catalog
from tickwright.data.store.schema import DEPTH, EVENTS
from tickwright.strategy.intraday.vwap import VolumeCurve
from tickwright.tca.market import Market

CURVE_DAYS = 20
CLOSE_REACH = 4 * DAY
"""A previous close is looked for over a long weekend, no further."""
CURVE_BIN = 5 * MINUTE
# Prints of the continuous market: a schedule cannot trade in an auction.
_PRINTS = (Action.EXECUTE, Action.HIDDEN, Action.TRADE)


@dataclass(frozen=True, eq=False)
class MarketDay:
    """One instrument on one exchange-local day.

    `market` holds the quotes and prints of the whole recorded day, `begin` and `end` are its first and last moment,
    `window` the counts of a windowed feed, `fingerprint` names the stored content it came from.
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

    def require(self, ts: Nanos, what: str) -> None:
        """Raise NotInCatalogError when a moment lies outside the recorded day."""
        if not self.begin <= ts <= self.end:
            zone = self.instrument.timezone
            raise NotInCatalogError(
                f"{what} {time_text(ts, zone)} ({zone}): {self.instrument.symbol} is recorded on {self.date} "
                f"from {time_text(self.begin, zone)} to {time_text(self.end, zone)}"
            )


def load_day(catalog: Catalog, symbol: str, date: dt.date) -> MarketDay:
    """Read and compile one day. Raises NotInCatalogError, and BookError where the events contradict themselves."""
    instrument, schema = catalog.instrument(symbol), schema_of(catalog, symbol)
    first = midnight(date, instrument.timezone)
    last = midnight(date + dt.timedelta(days=1), instrument.timezone)
    utc_days = [d for d in catalog.days(symbol, schema) if utc_day(first) <= d <= utc_day(last - 1)]
    events = _join([catalog.read(symbol, schema, day=day) for day in utc_days])
    events = events[events["ts_event"] < last]
    today = np.flatnonzero(events["ts_event"] >= first)
    if not len(today):
        days = ", ".join(day.isoformat() for day in catalog.days(symbol, schema))
        raise NotInCatalogError(f"{symbol} has no {schema} on {date} ({instrument.timezone}); days: {days}")
    window = None
    if schema == DEPTH:
        tape = compile_depth(events)
    else:
        events, window = _completed(catalog, symbol, events, utc_days)
        tape = compile_tape(events, on_unknown="count", orders=BOOK["orders"].shape[0])
    notes = list(_tape_notes(symbol, tape))
    quotes, trades = quotes_of(tape), trades_of(events)
    moved = int(np.count_nonzero(np.diff(events["ts_event"]) < 0))
    if moved:
        notes.append(
            f"{symbol}: {moved} events are stamped earlier than one before them; they happen when that one did"
        )
    opened, closed = int(events["ts_event"][today[0]]), int(events["ts_event"].max())
    if closed <= opened:
        raise NotInCatalogError(f"{symbol} on {date}: the recording spans no time, so nothing can trade in it")
    close, close_note = _previous_close(catalog, instrument, schema, first)
    notes += [close_note] if close_note else []
    zone = instrument.timezone
    notes.append(
        f"{symbol}: open, close and day VWAP are those of the recorded day, {time_text(opened, zone)[:8]} to "
        f"{time_text(closed, zone)[:8]}"
    )
    return MarketDay(
        instrument=instrument,
        date=date,
        tape=tape,
        market=Market(quotes, trades, opened, closed, close),
        begin=opened,
        end=closed,
        fingerprint=fingerprint([catalog.fingerprint(symbol, schema, day=day) for day in utc_days]),
        window=window,
        curve=volume_curve(catalog, instrument, date, schema),
        notes=tuple(notes),
    )


def schema_of(catalog: Catalog, symbol: str) -> str:
    """The schema that an instrument is replayed from: `events`, else `depth`. Raises NotInCatalogError."""
    stored = catalog.schemas(symbol)
    for schema in (EVENTS, DEPTH):
        if schema in stored:
            return schema
    raise NotInCatalogError(f"{symbol} has {', '.join(stored)}; a replay needs {EVENTS} (orders) or {DEPTH} (levels)")


def _completed(
    catalog: Catalog, symbol: str, events: np.ndarray, utc_days: list[dt.date]
) -> tuple[np.ndarray, WindowCounts | None]:
    """Events of a windowed feed made whole; those of any other as they are."""
    books = [schema for schema in catalog.schemas(symbol) if schema.startswith("book-")]
    if not books:
        return events, None
    # The deepest window tells most; a LOBSTER pair has one.
    rows = np.concatenate([catalog.read(symbol, max(books, key=_levels), day=day) for day in utc_days])
    return complete(events, rows[: len(events)])


def _tape_notes(symbol: str, tape: Tape) -> Iterator[str]:
    """What a reader of the results has to know of the recorded feed."""
    orders, levels = tape.counts, tape.depth
    if orders.unknown or orders.over_reduced or orders.duplicates:
        yield (
            f"{symbol}: {orders.unknown} events name an unknown order, {orders.over_reduced} take more than "
            f"their order has, {orders.duplicates} add an order twice; they are counted and left out of the book"
        )
    if levels is None:
        return
    if not levels.trades:
        yield f"{symbol}: the feed holds no trades, so nothing of ours fills but by crossing prices"
    if levels.trades_without_side:
        yield f"{symbol}: {levels.trades_without_side} of {levels.trades} trades name no side and fill nobody"
    if levels.crossed or levels.locked:
        yield f"{symbol}: the recorded book is crossed after {levels.crossed} updates, locked after {levels.locked}"
    if levels.maybe_bad:
        yield f"{symbol}: {levels.maybe_bad} of {levels.events} rows stand after a gap of the feed, before a snapshot"


def volume_curve(catalog: Catalog, instrument: Instrument, date: dt.date, schema: str = EVENTS) -> VolumeCurve | None:
    """Share of the volume of up to twenty earlier days in each five minutes; None when there are none."""
    zone, start = instrument.timezone, midnight(date, instrument.timezone)
    bins = DAY // CURVE_BIN
    volumes: list[np.ndarray] = []
    for day in _earlier_days(catalog, instrument, date, schema):
        begin, end = midnight(day, zone), midnight(day + dt.timedelta(days=1), zone)
        if end - begin == DAY:  # on the days when clocks change, time since midnight is not the time of day
            prints = _prints(catalog, instrument.symbol, schema, begin, end)
            by_bin = np.bincount((prints["ts_event"] - begin) // CURVE_BIN, weights=prints["size"], minlength=bins)
            volumes.append(by_bin[:bins])
    total = np.sum(volumes, axis=0) if volumes else np.zeros(bins)
    if total.sum() <= 0:
        return None
    edges = tuple(start + CURVE_BIN * i for i in range(bins + 1))
    return VolumeCurve(edges, tuple((total / total.sum()).tolist()), f"volume of {len(volumes)} earlier days")


def _prints(catalog: Catalog, symbol: str, schema: str, begin: Nanos, end: Nanos) -> np.ndarray:
    try:
        events = catalog.read(symbol, schema, begin, end)
    except NotInCatalogError:
        return np.zeros(0, [("ts_event", "<i8"), ("size", "<i8")])
    return np.asarray(events[np.isin(events["action"], _PRINTS)])


def _earlier_days(catalog: Catalog, instrument: Instrument, date: dt.date, schema: str) -> list[dt.date]:
    start = midnight(date, instrument.timezone)
    # A UTC day can hold the end of one local day and the beginning of the next.
    moments = [midnight(day, "UTC") for day in catalog.days(instrument.symbol, schema)]
    days = {local_date(m + h, instrument.timezone) for m in moments for h in (0, DAY - 1) if m < start}
    return sorted(day for day in days if day < date)[-CURVE_DAYS:]


def _previous_close(catalog: Catalog, instrument: Instrument, schema: str, first: Nanos) -> tuple[int | None, str]:
    """The last print before a local day begins, in ticks, and a note of what it is; None when there is none near."""
    days = [day for day in catalog.days(instrument.symbol, schema) if day <= utc_day(first)]
    for day in reversed(days):
        prints = trades_of(catalog.read(instrument.symbol, schema, day=day))
        before = prints[prints["ts_event"] < first]
        if len(before):
            ts = int(before["ts_event"][-1])
            if first - ts > CLOSE_REACH:
                break
            closed = local_date(ts, instrument.timezone)
            return int(before["price"][-1]), f"{instrument.symbol}: previous close is the last print of {closed}"
    return None, ""


def _join(days: list[np.ndarray]) -> np.ndarray:
    """Days of one feed, one after the other; a day that opens with a snapshot begins from an empty book."""
    parts: list[np.ndarray] = []
    for events in days:
        if parts and len(events) and events["flags"][0] & Flag.SNAPSHOT and events["action"][0] != Action.CLEAR:
            clear = events[:1].copy()
            clear["action"], clear["order_id"], clear["size"] = Action.CLEAR, 0, 0
            clear["flags"] = Flag.SYNTHETIC
            parts.append(clear)
        parts.append(events)
    return np.concatenate(parts) if parts else np.zeros(0, MARKET_EVENT)


def _levels(schema: str) -> int:
    return int(schema.removeprefix("book-"))
