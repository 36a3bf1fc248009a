"""A live market-by-order subscription as market events, as they come.

1. The client's thread puts the bytes of each record into a queue; a full queue holds the thread back, so memory is
   bounded and the gateway, in the end, slows or drops a reader that cannot follow.
2. The iterator takes what is there, cuts it by instrument, and maps it as the reader of files does.

A symbol is learned from the mapping that the gateway sends before the first record of an instrument.
"""

from __future__ import annotations

import queue
import struct
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError, FileFormatError, VendorError
from tickwright.core.instrument import Instrument
from tickwright.data.databento.batches import Batch
from tickwright.data.databento.convert import Converter, InstrumentOf
from tickwright.data.databento.gateway import Connection, Gateway, Subscription
from tickwright.data.databento.layouts import MBO
from tickwright.data.places import Places

_MOST_WAITING = 65_536
_MOST_AT_ONCE = 4_096
_LOOK_S = 0.05
_MBO_TYPE, _ERROR_TYPE, _MAPPING_TYPE = 0xA0, 0x15, 0x16
# A mapping as the client hands it over, in DBN version 3: kind and symbol that were asked, kind and symbol given.
_SYMBOL = 71


class LiveFeed:
    """Iterate (instrument, MARKET_EVENT) of a subscription to `mbo`; a `with` block ends the session.

    `instrument_of` says what a symbol's tick is, once a symbol. The iteration ends with a VendorError when the session
    does: a new feed begins with a snapshot where the subscription has one. Raises FileFormatError and OffGridError for
    a record that cannot be one, numbered from 1.
    """

    def __init__(self, gateway: Gateway, subscription: Subscription, instrument_of: InstrumentOf) -> None:
        if subscription.schema != "mbo":
            raise ConfigError("schema", subscription.schema, "mbo")
        self._gateway, self._subscription = gateway, subscription
        self._converter = Converter("mbo", instrument_of)
        self._inbox = _Inbox()
        self._symbols: dict[int, str] = {}
        self._records = 0
        self._connection: Connection | None = None

    def __enter__(self) -> LiveFeed:
        self._connection = self._gateway.connect(self._subscription, self._inbox)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._inbox.closed = True
        if self._connection is not None:
            self._connection.close()

    def __iter__(self) -> Iterator[tuple[Instrument, np.ndarray]]:
        connection = self._connection
        if connection is None:
            raise ConfigError("LiveFeed", "no session", "a `with` block around the iteration")
        while True:
            alive = connection.alive()  # before the look: what came until then is in the queue
            taken = self._inbox.take()
            if taken:
                yield from self._events(taken)
            elif not alive:
                raise VendorError(f"the session ended: {connection.close()}", again=True)

    def _events(self, taken: list[bytes]) -> Iterator[tuple[Instrument, np.ndarray]]:
        for kind, group in groupby(taken, key=_kind_of):
            records = list(group)
            if kind == _ERROR_TYPE:
                text = records[0][16:].split(b"\0", 1)[0].decode(errors="replace")
                raise VendorError(f"the gateway sent an error: {text}")
            if kind == _MAPPING_TYPE:
                for record in records:
                    self._learn(record)
            if kind == _MBO_TYPE:
                batches = self._batches(np.frombuffer(b"".join(records), MBO))
                yield from ((instrument, rows) for instrument, _, rows in self._converter.tables(batches))

    def _batches(self, raw: np.ndarray) -> Iterator[Batch]:
        """Runs of one instrument, so that the order between instruments stays as well."""
        place = Path("live")
        ends = np.flatnonzero(np.diff(raw["instrument_id"])) + 1
        for run in np.split(raw, ends):
            number = int(run["instrument_id"][0])
            places = Places(place, "market-by-order record", self._records, None)
            symbol = self._symbols.get(number)
            if symbol is None:
                raise FileFormatError(place, places.of(0), f"instrument id {number}", "one that was mapped before")
            yield Batch(symbol, run, places)
            self._records += run.size

    def _learn(self, record: bytes) -> None:
        asked, given = (_text(record[at : at + _SYMBOL]) for at in (17, 18 + _SYMBOL))
        self._symbols[struct.unpack_from("<I", record, 4)[0]] = asked if given.isdigit() else given


class _Inbox:
    """Takes the bytes of a session in the client's thread, and hands them out in ours."""

    def __init__(self) -> None:
        self.closed = False
        self._fresh = True
        self._waiting: queue.Queue[bytes] = queue.Queue(_MOST_WAITING)

    def writable(self) -> bool:
        return True

    def flush(self) -> None:
        """Nothing is held back."""

    def write(self, data: bytes) -> Any:
        if self._fresh:
            self._fresh = False  # the metadata of a live session names neither symbols nor a schema
            return len(data)
        while not self.closed:
            try:
                self._waiting.put(data, timeout=_LOOK_S)
                break
            except queue.Full:
                continue
        return len(data)

    def take(self) -> list[bytes]:
        """What is there, or comes within a moment."""
        taken: list[bytes] = []
        try:
            taken.append(self._waiting.get(timeout=_LOOK_S))
            while len(taken) < _MOST_AT_ONCE:
                taken.append(self._waiting.get_nowait())
        except queue.Empty:
            pass
        return taken


def _kind_of(record: bytes) -> int:
    return record[1]


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode(errors="replace")
