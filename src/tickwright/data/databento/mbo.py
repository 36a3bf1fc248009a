"""Databento market-by-order records → market events, instrument by instrument.

1. `MboStream` yields arrays of raw records.
2. A block is split by instrument and UTC day of ts_recv, and the symbol of each looked up.
3. Prices become ticks, fields that a venue may leave undefined are settled or refused, and the rest is copied.

Actions, sides and flags have the same codes in DBN and in MARKET_EVENT. `venue_id` is the publisher, `instrument_id`
Tickwright's own. `channel_id` and `ts_in_delta` have no place in the layout and are left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np

from tickwright.core.errors import ConfigError, FileFormatError, OffGridError
from tickwright.core.events import MARKET_EVENT, SUBTICKS, Action, Side
from tickwright.core.instrument import Instrument
from tickwright.core.time import utc_day
from tickwright.core.units import DAY
from tickwright.data.databento.contracts import MIN_DISTINCT_PRICES, PRICE_SCALE
from tickwright.data.databento.stream import UNDEF_PRICE, UNDEF_SIZE, UNDEF_TIME, MboStream, Progress
from tickwright.data.places import Places
from tickwright.data.utc import utc_text

# ADD and MODIFY say which side an order rests on; the others may not know one.
_SIDED = (Action.ADD, Action.MODIFY)
_UNSIDED = (Action.CANCEL, Action.CLEAR, Action.FILL, Action.TRADE, Action.NONE)
_ALLOWED = np.zeros((256, 256), bool)
for _action in (*_SIDED, *_UNSIDED):
    for _side in (Side.BID, Side.ASK):
        _ALLOWED[_action, _side] = True
_ALLOWED[_UNSIDED, Side.NONE] = True

UNIT = "market-by-order record"

InstrumentOf = Callable[[str], Instrument]


class DbnReader:
    """A DBN `mbo` file as market events. `instrument_of` says what a symbol's tick is, once a symbol.

    Raises FileFormatError and OffGridError with the number of the market-by-order record (from 1), and whatever
    `instrument_of` raises.
    """

    def __init__(self, path: Path, instrument_of: InstrumentOf, progress: Progress | None = None) -> None:
        self.stream = MboStream(path, progress)
        self._path = path
        self._instrument_of = instrument_of
        self._instruments: dict[str, Instrument] = {}
        self._publishers: dict[str, int] = {}

    def chunks(self) -> Iterator[tuple[Instrument, np.ndarray]]:
        """(instrument, MARKET_EVENT), each of one UTC day of ts_recv; in file order within an instrument and day."""
        for raw, base in numbered(self.stream):
            for symbol, picks in self._streams(raw, base):
                instrument = self._instruments.get(symbol) or self._instrument_of(symbol)
                self._instruments[symbol] = instrument
                yield instrument, self._events(raw[picks], instrument, self._places(base, picks))

    def _streams(self, raw: np.ndarray, base: int) -> Iterator[tuple[str, slice | np.ndarray]]:
        for number, day, picks in split(raw):
            symbol = symbol_of(self.stream, number, day, base)
            publisher = int(raw["publisher_id"][picks][0])
            others = np.flatnonzero(raw["publisher_id"][picks] != self._publishers.setdefault(symbol, publisher))
            if others.size:
                found = int(raw["publisher_id"][picks][others[0]])
                place = self._places(base, picks).of(others[0])
                expected = f"publisher {self._publishers[symbol]} throughout: one book is of one venue"
                raise FileFormatError(self._path, place, f"publisher {found} for {symbol}", expected)
            yield symbol, picks

    def _places(self, base: int, picks: slice | np.ndarray) -> Places:
        return Places(self._path, UNIT, base, None if isinstance(picks, slice) else picks)

    def _events(self, raw: np.ndarray, instrument: Instrument, places: Places) -> np.ndarray:
        action = raw["action"]
        places.refuse(
            ~_ALLOWED[action, raw["side"]],
            lambda k: f"action {chr(action[k])!r} on side {chr(raw['side'][k])!r}",
            "an action of A, C, M, R, T, F, N with a side of B or A, or N where no order is placed",
        )
        bare = (action == Action.CLEAR) | (action == Action.NONE)
        events = np.zeros(raw.size, MARKET_EVENT)
        events["ts_event"], events["ts_recv"] = _times(raw, bare, places)
        events["price"], events["subtick"] = _ticks(raw, bare, instrument, places)
        undefined = raw["size"] == UNDEF_SIZE
        places.refuse(undefined & ~bare, lambda k: "an undefined size", "a size")
        events["size"] = np.where(undefined, 0, raw["size"])
        for name in ("order_id", "sequence", "action", "side", "flags"):
            events[name] = raw[name]
        events["instrument_id"] = instrument.id
        events["venue_id"] = raw["publisher_id"]
        return events


def _times(raw: np.ndarray, bare: np.ndarray, places: Places) -> tuple[np.ndarray, np.ndarray]:
    """ts_event and ts_recv; a CLEAR or NONE that lacks one takes the other."""
    event, received = raw["ts_event"], raw["ts_recv"]
    no_event, no_received = event == UNDEF_TIME, received == UNDEF_TIME
    either = no_event | no_received
    if either.any():
        places.refuse(either & ~bare, lambda k: "an undefined timestamp", "ts_event and ts_recv")
        places.refuse(no_event & no_received, lambda k: "two undefined timestamps", "ts_event or ts_recv")
        event, received = np.where(no_event, received, event), np.where(no_received, event, received)
    places.refuse((event | received) >> 63 != 0, lambda k: "a time after 2262", "nanoseconds that fit int64")
    return event.astype(np.int64), received.astype(np.int64)


def _ticks(
    raw: np.ndarray, bare: np.ndarray, instrument: Instrument, places: Places
) -> tuple[np.ndarray, np.ndarray | int]:
    """Ticks and ten-thousandths of a tick; only a TRADE may have the latter, as a hidden mid-point execution does."""
    grid = int(instrument.tick_size * PRICE_SCALE)
    if not grid or grid != instrument.tick_size * PRICE_SCALE:
        raise ConfigError("tick size", instrument.tick_size, "whole billionths, in which DBN states its prices")
    price = raw["price"]
    undefined = price == UNDEF_PRICE
    if undefined.any():
        places.refuse(undefined & ~bare, lambda k: f"{chr(raw['action'][k])} without a price", "a price")
        price = np.where(undefined, 0, price)
    ticks = price // grid
    rest = price - ticks * grid
    off = np.flatnonzero(rest)
    if not off.size:
        return ticks, 0
    parts = rest[off] * SUBTICKS
    refused = (raw["action"][off] != Action.TRADE) | (parts % grid != 0)
    if refused.any():
        row = int(off[refused.argmax()])
        exact = Decimal(int(price[row])) / PRICE_SCALE
        raise OffGridError("price", exact, instrument.tick_size, f"{places.file}: {places.of(row)}")
    subticks = np.zeros(raw.size, np.uint16)
    subticks[off] = parts // grid
    return ticks, subticks


def numbered(stream: MboStream) -> Iterator[tuple[np.ndarray, int]]:
    """Blocks of a stream, each with the number of records before it."""
    for raw in stream.blocks():
        yield raw, stream.records


def split(raw: np.ndarray) -> Iterator[tuple[int, int, slice | np.ndarray]]:
    """(instrument id, UTC day number of ts_recv, rows) for every pair in a block, by day, rows in file order."""
    numbers = raw["instrument_id"]
    moments = np.where(raw["ts_recv"] == UNDEF_TIME, raw["ts_event"], raw["ts_recv"])
    first, last = int(moments.min()) // DAY, int(moments.max()) // DAY
    if first == last and (numbers == numbers[0]).all():
        yield int(numbers[0]), first, slice(None)
        return
    days = moments // np.uint64(DAY)
    order = np.lexsort((numbers, days))
    changes = np.flatnonzero((np.diff(numbers[order]) != 0) | (np.diff(days[order]) != 0)) + 1
    for picks in np.split(order, changes):
        yield int(numbers[picks[0]]), int(days[picks[0]]), picks


def symbol_of(stream: MboStream, number: int, day: int, base: int) -> str:
    """The symbol of an instrument id on a UTC day. Raises FileFormatError when the file does not say."""
    known = stream.header.symbols.get(number, [])
    for start, end, symbol in reversed(known):
        if start <= day * DAY < end:
            return symbol
    spans = ", ".join(f"{symbol} from {utc_text(start)} to {utc_text(end)}" for start, end, symbol in known) or "none"
    raise FileFormatError(
        stream.path, f"after market-by-order record {base}", f"instrument id {number} on {utc_day(day * DAY)}",
        f"a symbol for it in the metadata, which has {spans}",
    )  # fmt: skip


def common_ticks(path: Path) -> dict[str, tuple[int, int]]:
    """Greatest common divisor of the prices, in billionths, and number of distinct ones, by symbol.

    One pass over the file. The count stops at MIN_DISTINCT_PRICES, which bounds the memory. Raises FileFormatError.
    """
    stream = MboStream(path)
    found: dict[str, tuple[int, set[int]]] = {}
    for raw, base in numbered(stream):
        for number, day, picks in split(raw):
            symbol = symbol_of(stream, number, day, base)
            prices = np.unique(raw["price"][picks])
            prices = prices[prices != UNDEF_PRICE]
            divisor, seen = found.get(symbol, (0, set()))
            divisor = int(np.gcd.reduce(np.abs(prices), initial=divisor))
            seen.update(prices[:MIN_DISTINCT_PRICES].tolist() if len(seen) < MIN_DISTINCT_PRICES else ())
            found[symbol] = (divisor, seen)
    return {symbol: (divisor, len(seen)) for symbol, (divisor, seen) in found.items()}
