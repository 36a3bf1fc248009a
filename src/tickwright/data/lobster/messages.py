"""LOBSTER message and orderbook files → market events and book rows, straight from the zip.

1. `lobster_files.open_pairs` finds the pairs of a zip, or of two CSV files side by side, by their names.
2. `chunks` reads both files in lockstep: message k belongs to book row k.
3. A chunk of messages becomes MARKET_EVENT, a chunk of book rows int64 (rows, 4 N).
4. `lobster_pair` refuses rows that are not those of the messages.

| LOBSTER type | event |
|---|---|
| 1 submission | ADD |
| 2 partial cancellation, 3 deletion | CANCEL of `size` |
| 4 execution | EXECUTE |
| 5 hidden execution | HIDDEN; the side is the aggressor's, opposite of LOBSTER's direction; no order id |
| 6 cross | CROSS; no side, no order id; size 0 when nothing crossed |
| 7 halt | HALT; price −1 halted, 0 quoting, 1 trading again |

Prices are ten-thousandths of a dollar, times seconds after midnight in New York. Each message stands alone, so each has
Flag.LAST; `sequence` is the line of the message; `ts_recv` equals `ts_event`. A file of N levels lists only events
inside its window of N levels. Source: LOBSTER's own readme of the sample files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import numpy as np
import pyarrow as pa

from tickwright.core.errors import FileFormatError, OffGridError
from tickwright.core.events import MARKET_EVENT, SUBTICKS, Action, Flag, Side
from tickwright.core.instrument import Instrument
from tickwright.core.time import midnight
from tickwright.core.units import SECOND
from tickwright.data.csv_rows import CsvRows
from tickwright.data.lobster.files import LobsterPair, open_member
from tickwright.data.lobster.pair import refuse_other_rows
from tickwright.data.places import Places

CHUNK_ROWS = 65_536
NEW_YORK = "America/New_York"
VENUE_ID = 2
"""NASDAQ, in Databento's numbering of publishers."""

_PRICE_SCALE = 10_000
_EMPTY = 9_999_999_999
_ADD, _PARTIAL, _DELETE, _EXECUTE, _HIDDEN, _CROSS, _HALT = range(1, 8)
_ACTION = np.array(
    [0, Action.ADD, Action.CANCEL, Action.CANCEL, Action.EXECUTE, Action.HIDDEN, Action.CROSS, Action.HALT], np.uint8
)
_MESSAGE_TYPES = [pa.float64()] + [pa.int64()] * 5

Progress = Callable[[int, int], None]


def instrument_of(pair: LobsterPair) -> Instrument:
    """The stock of a pair: NASDAQ, dollars, ticks of a cent."""
    return Instrument(pair.symbol, "XNAS", "USD", Decimal("0.01"), timezone=NEW_YORK, source="lobster")


def chunks(
    pair: LobsterPair, rows: int = CHUNK_ROWS, progress: Progress | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(MARKET_EVENT, int64 (rows, 4 N)) in file order, at most `rows` at a time; memory is bounded by that.

    A book row is ask price, ask size, bid price, bid size a level, in ticks and lots; size 0 is an empty level.
    `progress` hears of uncompressed bytes done and in all. Raises FileFormatError, OffGridError.
    """
    instrument = instrument_of(pair)
    with (
        open_member(pair.file, pair.message) as (message, message_bytes),
        open_member(pair.file, pair.orderbook) as (orderbook, orderbook_bytes),
    ):
        messages = CsvRows(pair.place(pair.message), message, _MESSAGE_TYPES)
        books = CsvRows(pair.place(pair.orderbook), orderbook, [pa.int64()] * (4 * pair.levels))
        done, last = 0, 0
        row: np.ndarray | None = None
        while True:
            columns, levels = messages.take(rows), books.take(rows)
            count = columns[0].size
            if count != levels[0].size:
                raise _not_as_long(pair, done + count, done + levels[0].size)
            if not count:
                return
            places = Places(messages.name, "line", done)
            times = _times(pair, columns[0], last, places)
            events = _events(times, columns, instrument, places)
            shown = _book_rows(levels, instrument, Places(books.name, "line", done))
            both = Places(f"{messages.name} with {pair.orderbook}", "message", done)
            refuse_other_rows(events, shown, row, instrument, both)
            last, row = int(times[-1]), shown[-1].copy()
            yield events, shown
            done += count
            if progress is not None:
                progress(messages.bytes + books.bytes, message_bytes + orderbook_bytes)


def _not_as_long(pair: LobsterPair, messages: int, books: int) -> FileFormatError:
    shorter, longer = (pair.message, pair.orderbook) if messages < books else (pair.orderbook, pair.message)
    place = f"line {min(messages, books) + 1}"
    return FileFormatError(
        pair.place(shorter), place, "the end of the file", f"a row for each one of {longer}: not a pair"
    )


def _times(pair: LobsterPair, seconds: np.ndarray, last: int, places: Places) -> np.ndarray:
    """Nanoseconds UTC. Float64 holds seconds of a day to within 8 ps, so that rounding to whole ns is exact."""
    places.refuse(~((seconds >= 0) & (seconds < 86_400)), lambda k: f"time {seconds[k]}", "seconds of a day")
    whole = np.rint(seconds * SECOND)
    off = np.abs(seconds * SECOND - whole) > 0.05
    places.refuse(off, lambda k: f"time {seconds[k]}", "at most nine decimals")
    times: np.ndarray = whole.astype(np.int64) + midnight(pair.date, NEW_YORK)
    before = np.concatenate(([last], times[:-1]))
    places.refuse(times < before, lambda k: f"time {seconds[k]} after a later one", "times that do not go back")
    return times


def _events(times: np.ndarray, columns: list[np.ndarray], instrument: Instrument, places: Places) -> np.ndarray:
    _, kind, order_id, size, price, direction = columns
    places.refuse((kind < _ADD) | (kind > _HALT), lambda k: f"type {kind[k]}", "a type from 1 to 7")
    halt, cross, hidden = kind == _HALT, kind == _CROSS, kind == _HIDDEN
    known = ~(halt | cross | hidden)
    places.refuse(known & (order_id <= 0), lambda k: f"order id {order_id[k]}", "a positive order id")
    places.refuse(~halt & ~cross & (size <= 0), lambda k: f"size {size[k]}", "a positive size")
    places.refuse(cross & (size < 0), lambda k: f"size {size[k]}", "a size of 0 or more")
    places.refuse(~halt & ~cross & (price <= 0), lambda k: f"price {price[k]}", "a positive price")
    places.refuse(halt & (np.abs(price) > 1), lambda k: f"halt with price {price[k]}", "-1, 0 or 1")
    sided = ~halt & ~cross
    places.refuse(sided & (np.abs(direction) != 1), lambda k: f"direction {direction[k]}", "1 or -1")

    grid = int(instrument.tick_size * _PRICE_SCALE)
    ticks, rest = np.divmod(price, grid)
    _on_grid(known & (rest != 0), price, instrument, places)
    events = np.zeros(times.size, MARKET_EVENT)
    events["ts_event"] = events["ts_recv"] = times
    events["order_id"] = np.where(known, order_id, 0)
    events["price"] = np.where(halt, 0, ticks)
    events["subtick"] = np.where(halt, 0, rest * SUBTICKS // grid)
    events["size"] = np.where(halt, price + 1, size)  # -1, 0, 1 become TradingStatus 0, 1, 2
    events["sequence"] = np.arange(places.base + 1, places.base + 1 + times.size)
    events["action"] = _ACTION[kind]
    buys = (direction == 1) != hidden
    events["side"] = np.where(sided, np.where(buys, Side.BID, Side.ASK), Side.NONE)
    events["flags"] = Flag.LAST
    events["instrument_id"] = instrument.id
    events["venue_id"] = VENUE_ID
    return events


def _book_rows(columns: list[np.ndarray], instrument: Instrument, places: Places) -> np.ndarray:
    rows = np.stack(columns, axis=1)
    prices, sizes = rows[:, 0::2], rows[:, 1::2]
    empty = np.abs(prices) == _EMPTY
    wrong = (sizes < 0) | (empty != (sizes == 0))
    places.refuse(wrong.any(axis=1), lambda k: f"sizes {sizes[k].tolist()}", "a positive size at each occupied level")
    prices[empty] = 0
    ticks, rest = np.divmod(prices, int(instrument.tick_size * _PRICE_SCALE))
    off = rest != 0
    if off.any():
        row = int(off.any(axis=1).argmax())
        _on_grid(off.any(axis=1), np.full(len(rows), prices[row, off[row].argmax()]), instrument, places)
    rows[:, 0::2] = ticks
    return rows


def _on_grid(off: np.ndarray, price: np.ndarray, instrument: Instrument, places: Places) -> None:
    if off.any():
        row = int(off.argmax())
        exact = Decimal(int(price[row])) / _PRICE_SCALE
        raise OffGridError("price", exact, instrument.tick_size, f"{places.file}: {places.of(row)}")
