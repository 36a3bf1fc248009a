"""ITCH files as market events, stock by stock.

1. Blocks of bytes go through the kernel, which fills one buffer of events of all stocks; what is left of a message at
   the end of a block waits for the next.
2. Messages that carry more than events (directory, halts, system events, broken trades) are decoded here.
3. A full buffer is split by stock, prices become ticks of the stock's instrument, and each part is handed out.
4. The first part of each stock opens with a CLEAR at the time of the file's first message: references are those of one
   day, and no order of the day before is ended by anything but that.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np

from tickwright.core.errors import ConfigError, FileFormatError, OffGridError
from tickwright.core.events import MARKET_EVENT, Action, Flag, Side
from tickwright.core.instrument import Instrument
from tickwright.core.time import midnight
from tickwright.data.itch import kernel as k
from tickwright.data.itch import orders
from tickwright.data.itch.files import NEW_YORK
from tickwright.data.itch.journal import Journal
from tickwright.data.itch.messages import LENGTHS, MESSAGES, decode
from tickwright.data.itch.split import split_by_stock
from tickwright.data.unpack import Content

PRICE_SCALE = 10_000
BATCH_ROWS = 1 << 18
"""Events of all stocks that are split and handed out together: the reader's memory, with the order table."""

_RESTING_SIDE_UNTIL = dt.date(2014, 7, 14)
_NAME_BYTES = 8
_TOLD_ROWS = 4096
_EXPECTED = {
    k.BAD_TIME: ("a time of a day or more", "nanoseconds since midnight"),
    k.BAD_SIDE: ("a side", "B or S"),
    k.BAD_SHARES: ("shares", f"1 to {k.MOST_SHARES} shares, in a cross 0 to that"),
    k.BAD_PRICE: ("a price of 0", "a positive price"),
    k.BAD_PRINTABLE: ("a printable flag", "Y or N"),
    k.BAD_STATE: ("a trading state", "H, P, Q or T; for an operational halt H or T"),
}

InstrumentOf = Callable[[str], Instrument]
Progress = Callable[[int, int], None]


class ItchReader:
    """An ITCH 5.0 file of one day, read once. `instrument_of` says what a stock's tick is, once a stock.

    `symbols`: only these stocks; all when empty. Raises FileFormatError with the number of the message (from 1) and its
    byte in the unpacked stream, OffGridError, and whatever `instrument_of` raises.
    """

    def __init__(
        self,
        path: Path,
        date: dt.date,
        instrument_of: InstrumentOf,
        symbols: Collection[str] = (),
        progress: Progress | None = None,
    ) -> None:
        self.path = path
        self.journal = Journal()
        """What is not an event; complete when `chunks` has ended."""
        self.symbols: dict[int, str] = {}
        """Stocks by locate, wanted or not."""
        self._names: set[str] = set()
        self._midnight = midnight(date, NEW_YORK)
        self._resting_side_told = date < _RESTING_SIDE_UNTIL
        self._instrument_of = instrument_of
        self._instruments: dict[int, Instrument] = {}
        self._progress = progress
        self._wanted = np.array([_number_of(symbol) for symbol in symbols], np.uint64)
        self._cells = orders.empty()
        self._state = np.zeros(k.N_STATE, np.int64)
        self._stocks = np.zeros(k.LOCATES, np.uint64)
        self._kept = np.zeros(k.LOCATES, np.uint8)
        self._faults = np.zeros((k.LOCATES, k.N_FAULTS), np.int64)
        self._kinds = np.zeros(256, np.int64)
        self._learned = np.zeros((_TOLD_ROWS, 2), np.int64)
        self._told = np.zeros((_TOLD_ROWS, 2), np.int64)
        self._out: np.ndarray = np.zeros(BATCH_ROWS, MARKET_EVENT)
        self._locates = np.zeros(BATCH_ROWS, np.uint16)
        self._sorted: np.ndarray = np.zeros(BATCH_ROWS, MARKET_EVENT)
        self._grids = np.ones(k.LOCATES, np.int64)
        self._numbers = np.zeros(k.LOCATES, np.int64)

    def chunks(self) -> Iterator[tuple[Instrument, np.ndarray]]:
        """(instrument, MARKET_EVENT) in file order within an instrument; the arrays are the caller's to keep."""
        file = Content(self.path)
        rest, base, ended = b"", 0, False
        for fresh in file.blocks():
            if ended:
                raise self._behind_the_end(base, len(fresh))
            block = rest + fresh
            at, reason = 0, k.FULL
            while reason in (k.FULL, k.GROW) and not ended:
                at, reason = self._decode(block, at)
                self._take_notes(block)
                if reason == k.GROW:
                    self._cells = orders.grown(self._cells)
                elif reason == k.FULL:
                    yield from self._batch()
                elif reason not in (k.MORE, k.END):
                    raise self._refusal(block, at, base, reason)
                ended = reason == k.END
            base += at + 2 * ended
            if ended and len(block) > at + 2:
                raise self._behind_the_end(base, len(block) - at - 2)
            rest = b"" if ended else block[at:]
            if self._progress is not None:
                self._progress(file.done, file.size)
        yield from self._batch()
        if rest:
            place = self._place(base)
            found = f"{len(rest)} bytes and the end of the file"
            raise FileFormatError(self.path, place, found, "whole messages: the file is truncated")
        self._close(ended)

    def _decode(self, block: bytes, at: int) -> tuple[int, int]:
        position, reason = k.decode(
            np.frombuffer(block, np.uint8), at, self._midnight, self._resting_side_told, self._cells, self._state,
            self._stocks, self._kept, self._wanted, self._learned, self._faults, self._kinds, self._told, self._out,
            self._locates,
        )  # fmt: skip
        return int(position), int(reason)

    def _take_notes(self, block: bytes) -> None:
        """New names, and the messages that are more than events."""
        for locate, message in self._learned[: self._state[k.LEARNED]].tolist():
            self.symbols[locate] = self._name(locate, message)
        self._state[k.LEARNED] = 0
        for message, at in self._told[: self._state[k.TOLD]].tolist():
            fields = decode(block[at : at + int(LENGTHS[block[at]])])
            self.journal.note(message, fields, self.symbols.get(int(fields["locate"]), ""))
        self._state[k.TOLD] = 0

    def _name(self, locate: int, message: int) -> str:
        raw = int(self._stocks[locate]).to_bytes(_NAME_BYTES, "big")
        text = raw.rstrip(b" ")
        place = f"message {message}"
        if not text or not all(0x21 <= byte <= 0x7E for byte in text):
            raise FileFormatError(self.path, place, f"stock {raw!r}", "a name of printable letters, padded with spaces")
        name = text.decode("ascii")
        if name in self._names:
            raise FileFormatError(self.path, place, f"{name} at locate {locate}", "one locate for a stock")
        self._names.add(name)
        return name

    def _batch(self) -> Iterator[tuple[Instrument, np.ndarray]]:
        """The events so far, split by stock."""
        locates = self._locates[: int(self._state[k.WRITTEN])]
        self._state[k.WRITTEN] = 0
        counts = np.bincount(locates, minlength=k.LOCATES)
        present = np.flatnonzero(counts).tolist()
        opening = {locate: self._meet(locate) for locate in present if locate not in self._instruments}
        ends = np.cumsum(counts) - counts
        off = split_by_stock(self._out, locates, self._grids, self._numbers, ends, self._sorted)
        if off >= 0:
            raise self._off_grid(self._out[off], self._instruments[int(locates[off])])
        for locate in present:
            end = int(ends[locate])
            # A copy, or the least of them would keep the whole buffer; as words, for NumPy copies records slowly.
            events = _words(self._sorted[end - int(counts[locate]) : end]).copy().view(MARKET_EVENT)
            if locate in opening:
                events = np.concatenate((opening[locate], events))
            yield self._instruments[locate], events

    def _meet(self, locate: int) -> np.ndarray:
        """Learn the instrument of a stock; its opening event."""
        instrument = self._instruments[locate] = self._instrument_of(self.symbols[locate])
        self._grids[locate], self._numbers[locate] = _grid_of(instrument), instrument.id
        clear = self._opening()
        clear["instrument_id"] = instrument.id
        return clear

    def _opening(self) -> np.ndarray:
        """The empty book with which a stock's day begins: a snapshot of nothing, in no message."""
        clear = np.zeros(1, MARKET_EVENT)
        clear["ts_event"] = clear["ts_recv"] = self._midnight + self._state[k.FIRST_TIME]
        clear["action"], clear["side"], clear["venue_id"] = Action.CLEAR, Side.NONE, k.VENUE
        clear["flags"] = Flag.LAST | Flag.SNAPSHOT | Flag.SYNTHETIC
        return clear

    def _off_grid(self, event: np.void, instrument: Instrument) -> OffGridError:
        exact = Decimal(int(event["price"])) / PRICE_SCALE
        place = f"{self.path}: message {event['sequence']}: {instrument.symbol}"
        return OffGridError("price", exact, instrument.tick_size, place)

    def _close(self, ended: bool) -> None:
        """What is known only at the end."""
        missing = [name for name in map(_name_of, self._wanted.tolist()) if name not in self._names]
        if missing:
            some = ", ".join(sorted(self._names)[:5]) or "no stock"
            raise ConfigError("symbol", missing[0], f"a stock of {self.path.name}, which names {some} …")
        self.journal.finish(self._state, self._faults, self.symbols, ended)

    @property
    def messages(self) -> int:
        """Messages read so far."""
        return int(self._state[k.MESSAGE_COUNT])

    @property
    def counts(self) -> Counter[str]:
        """Messages of the stocks wanted, by type letter."""
        return Counter({letter: n for letter in MESSAGES if (n := int(self._kinds[ord(letter)]))})

    def _place(self, byte: int) -> str:
        return f"message {self.messages + 1}, byte {byte}"

    def _behind_the_end(self, byte: int, count: int) -> FileFormatError:
        return FileFormatError(self.path, self._place(byte), f"{count} bytes", "nothing after the session's end")

    def _refusal(self, block: bytes, at: int, base: int, reason: int) -> FileFormatError:
        length, kind = int.from_bytes(block[at : at + 2], "big"), block[at + 2]
        place = self._place(base + at)
        if reason == k.UNKNOWN_TYPE:
            return FileFormatError(self.path, place, f"type {chr(kind)!r}", f"one of {', '.join(MESSAGES)}")
        known = MESSAGES[chr(kind)]
        if reason == k.WRONG_LENGTH:
            found = f"{length} bytes for type {known.letter} ({known.name})"
            return FileFormatError(self.path, place, found, f"{known.length} bytes")
        fields = decode(block[at + 2 : at + 2 + length])
        locate = int(fields["locate"])
        if reason == k.OTHER_STOCK:
            found = f"stock {fields['stock']!r} at locate {locate}"
            return FileFormatError(self.path, place, found, f"{self.symbols.get(locate)!r}, as at its first message")
        if reason == k.NO_STOCK:
            found = f"{known.name} at locate {locate}, which no message has named"
            return FileFormatError(self.path, place, found, "a stock directory message before")
        what, expected = _EXPECTED[reason]
        told = ", ".join(f"{name} {value}" for name, value in fields.items() if name not in ("type", "tracking"))
        return FileFormatError(self.path, place, f"{what} in {known.name} ({told})", expected)


def _words(events: np.ndarray) -> np.ndarray:
    return events.view(np.int64)


def _grid_of(instrument: Instrument) -> int:
    """Ten-thousandths of a dollar in a tick. Raises ConfigError."""
    grid = instrument.tick_size * PRICE_SCALE
    if grid < 1 or grid != int(grid):
        raise ConfigError("tick size", str(instrument.tick_size), "whole ten-thousandths, in which ITCH states prices")
    return int(grid)


def _number_of(symbol: str) -> int:
    raw = symbol.encode("ascii", errors="replace")
    if not 1 <= len(raw) <= _NAME_BYTES:
        raise ConfigError("symbol", symbol, f"a name of 1 to {_NAME_BYTES} letters")
    return int.from_bytes(raw.ljust(_NAME_BYTES), "big")


def _name_of(number: int) -> str:
    return number.to_bytes(_NAME_BYTES, "big").decode("latin-1").rstrip(" ")
