"""Bitstamp order rows → market events, one event a row.

1. `survey.survey` reads the file once for what needs a look ahead.
2. `OrderReader.chunks` reads it again, keeps what is left of each living order, and writes an event a row:

| row | event |
|---|---|
| created | ADD of its volume |
| changed, less volume | EXECUTE of the difference; CANCEL of it when this is the aggressor's side of the trade |
| changed, more volume | MODIFY |
| changed, another price | MODIFY, with less volume too: a market order for an amount of money walks through the book |
| deleted, volume 0 | EXECUTE or, of the aggressor, CANCEL of the rest: it was filled |
| deleted, volume left | CANCEL of the rest |
| deleted, never created | CANCEL of its volume, or MODIFY to nothing when it was filled: an unknown order to a book |
| changed, never created | ADD of what is left, with Flag.SYNTHETIC: it rested before the recording began |
| deleted again, changed when gone | NONE |
| deleted before it is created | follows its creation, as if received then: nobody could apply it before |

Why an aggressor's fill is a CANCEL: a trade is listed twice, and one EXECUTE a trade keeps volumes right. It carries
Flag.PUBLISHER_SPECIFIC. Until that fill is listed, a tenth of a second later, the aggressor's order crosses the book:
Bitstamp shows it as created before it trades.

`ts_event` is the exchange's time for ADD alone, to the second; no other row has a time but that of receipt.
`sequence` is the row's number. Sizes are lots of 0.000001 by default, rounded up: lots of 10^-8 with ticks of a cent
would be worth less than a billionth of a dollar, the unit of accounts, and 21 coins of them fill 32 bits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np

from tickwright.core.errors import ConfigError, OffGridError
from tickwright.core.events import MARKET_EVENT, Action, Flag, Side
from tickwright.core.instrument import Instrument
from tickwright.core.units import MILLISECOND
from tickwright.data.bitstamp.rows import OrderRow, Progress, order_rows
from tickwright.data.bitstamp.survey import Gone, Survey

VENUE_ID = 60_003
"""Beyond Databento's numbering of publishers."""
CHUNK_ROWS = 65_536
_VOLUME_UNIT = Decimal("0.00000001")
_LAST, _AGGRESSOR = int(Flag.LAST), int(Flag.PUBLISHER_SPECIFIC)
_FIELDS = ("ts_event", "ts_recv", "order_id", "price", "size", "sequence", "action", "side", "flags")

_Event = tuple[int, int, int, int, int, int, int, int, int]
"""The fields above, in their order."""


class OrderReader:
    """One file. `found` counts what is odd in it, by words for a note; it is whole when `chunks` is through.

    Raises FileFormatError and OffGridError with the line, ConfigError when a lot is no multiple of 10^-8.
    """

    def __init__(self, path: Path, instrument: Instrument, known: Survey, progress: Progress | None = None) -> None:
        self.found: Counter[str] = Counter()
        self.rounded = 0
        """Rows whose volume was no whole number of lots."""
        self._path = path
        self._instrument = instrument
        self._known = known
        self._progress = progress
        lot = instrument.lot_size / _VOLUME_UNIT
        if lot != lot.to_integral_value():
            raise ConfigError("lot size", instrument.lot_size, f"a multiple of {_VOLUME_UNIT:f}, the unit of the file")
        self._lot = int(lot)
        self._live: dict[int, tuple[int, int]] = {}
        self._gone = Gone()
        self._held: dict[int, OrderRow] = {}
        self._prices: dict[str, int] = {}

    def chunks(self, rows: int = CHUNK_ROWS) -> Iterator[np.ndarray]:
        """MARKET_EVENT rows in file order, at most about `rows` at a time; memory is bounded by the living orders."""
        events: list[_Event] = []
        for row in order_rows(self._path, self._progress):
            events += self._events(row)
            if len(events) >= rows:
                yield self._array(events)
                events = []
        if events:
            yield self._array(events)

    def _events(self, row: OrderRow) -> list[_Event]:
        price, size = self._ticks(row), -(-row.volume // self._lot)
        self.rounded += size * self._lot != row.volume
        if row.action == "created":
            return self._created(row, price, size)
        if row.id not in self._live:
            return self._not_living(row, price, size)
        was, had = self._live[row.id]
        if row.action == "deleted" or not size:
            del self._live[row.id]
            self._gone.add(row.id)
            return [self._event(row, self._fill(row) if not size else Action.CANCEL, was, had)]
        self._live[row.id] = (price, size)
        if price != was or size > had:
            walks = "changes of price, as of market orders that walk through the book"
            self.found[walks if price != was else "orders that grew"] += 1
            return [self._event(row, Action.MODIFY, price, size)]
        if size == had:
            self.found["changes of less than a lot"] += 1
            return [self._event(row, Action.NONE, price, 0)]
        return [self._event(row, self._fill(row), was, had - size)]

    def _created(self, row: OrderRow, price: int, size: int) -> list[_Event]:
        if not size:
            self.found["orders created without a volume"] += 1
            return [self._event(row, Action.NONE, price, 0)]
        add = self._event(row, Action.ADD, price, size, ts_event=row.created * MILLISECOND)
        held = self._held.pop(row.id, None)
        if held is not None:
            self._gone.add(row.id)
            return [add, self._event(held, Action.CANCEL, price, size, ts_recv=row.received * MILLISECOND)]
        if row.id in self._live:
            self.found["orders created twice"] += 1
        else:
            self._live[row.id] = (price, size)
        return [add]

    def _not_living(self, row: OrderRow, price: int, size: int) -> list[_Event]:
        if row.id in self._gone:
            self.found[f"orders {'deleted again' if row.action == 'deleted' else 'changed when they were gone'}"] += 1
            return [self._event(row, Action.NONE, price, 0)]
        if row.action == "changed" and size:
            self.found["orders changed that were never created: they rested before"] += 1
            self._live[row.id] = (price, size)
            return [self._event(row, Action.ADD, price, size, flags=int(Flag.SYNTHETIC))]
        if row.id in self._known.late and row.id not in self._held:
            self.found["orders deleted before they were created"] += 1
            self._held[row.id] = row
            return []
        self.found["orders deleted that were never created"] += 1
        self._gone.add(row.id)
        return [self._event(row, Action.CANCEL if size else Action.MODIFY, price, size)]

    def _fill(self, row: OrderRow) -> Action:
        return Action.CANCEL if row.line in self._known.aggressors else Action.EXECUTE

    def _event(
        self,
        row: OrderRow,
        action: Action,
        price: int,
        size: int,
        *,
        flags: int = 0,
        ts_event: int | None = None,
        ts_recv: int | None = None,
    ) -> _Event:
        received = row.received * MILLISECOND
        flags |= _LAST | (_AGGRESSOR if row.line in self._known.aggressors else 0)
        return (
            received if ts_event is None else ts_event, received if ts_recv is None else ts_recv, row.id, price, size,
            row.line - 1, action, Side.BID if row.bid else Side.ASK, flags,
        )  # fmt: skip

    def _ticks(self, row: OrderRow) -> int:
        known = self._prices.get(row.price)
        if known is not None:
            return known
        ticks, rest = divmod(Decimal(row.price), self._instrument.tick_size)
        if rest:
            raise OffGridError("price", row.price, self._instrument.tick_size, f"{self._path}: line {row.line}")
        if len(self._prices) >= CHUNK_ROWS:
            self._prices.clear()
        self._prices[row.price] = int(ticks)
        return int(ticks)

    def _array(self, events: list[_Event]) -> np.ndarray:
        out = np.zeros(len(events), MARKET_EVENT)
        for name, values in zip(_FIELDS, zip(*events, strict=True), strict=True):
            out[name] = values
        out["instrument_id"], out["venue_id"] = self._instrument.id, VENUE_ID
        return out
