"""Binance raw lines → rows of the schemas `depth`, `trades` and `quotes`.

1. `lines.blocks` cuts the file, plain or gzip, into blocks of whole lines.
2. `scan.Scanner` reads a block: messages, and their prices and sizes as exact decimals.
3. Here those become ticks and lots.
4. `chain.Chain` applies the exchange's rule of sequence and says which updates make the book.
5. `rows_kernel.depth_rows` writes snapshots, updates and trades as one stream; trades and best quotes become tables.

| message | rows |
|---|---|
| snapshot | `depth`: CLEAR, then MODIFY a level, all with Flag.SNAPSHOT |
| depthUpdate | `depth`: MODIFY a level, size 0 takes it away |
| trade | `depth`: TRADE; `trades`: one row, `sequence` is the trade's id too |
| bookTicker | `quotes` |

`ts_event` is the time of the transaction (`T`), else of the message (`E`), else that of receipt: a spot snapshot and a
spot bookTicker have no time of their own. `sequence` is the update id; a TRADE in `depth` has that of the book before
it. The aggressor of a trade is the seller where the buyer was the maker (`m`). A snapshot holds a limited number of
levels (1000 by habit): what lies beyond is unknown until it changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np

from tickwright.core.errors import OffGridError
from tickwright.core.events import MARKET_EVENT, Flag, Side
from tickwright.core.instrument import Instrument
from tickwright.core.tables import PRINT, TOP_OF_BOOK
from tickwright.data.binance.chain import Chain, Piece, Rows
from tickwright.data.binance.message import QUOTE, SNAPSHOT, TRADE, USDM
from tickwright.data.binance.rows_kernel import depth_rows
from tickwright.data.binance.scan import Batch, Decimals, Scanner
from tickwright.data.binance.scan_kernel import to_grid
from tickwright.data.store.schema import DEPTH, QUOTES, TRADES

VENUE_ID = {"spot": 60_001, "usdm": 60_002}
"""Beyond Databento's numbering of publishers."""

Progress = Callable[[int, int], None]


class BinanceReader:
    """One file of one instrument. `skipped` and `notes` are whole when `chunks` is through.

    Raises FileFormatError and OffGridError with the line.
    """

    def __init__(
        self, path: Path, symbol: str, market: str, instrument: Instrument, progress: Progress | None = None
    ) -> None:
        self._path = path
        self._instrument = instrument
        self._venue = VENUE_ID[market]
        self._scanner = Scanner(path, symbol, market, progress)
        self._chain = Chain(usdm=market == USDM)
        self._last = 0
        self._recv = 0
        self._back = 0
        self._early = 0
        self._earliest = 0

    def chunks(self) -> Iterator[tuple[str, np.ndarray]]:
        """(schema, rows), in the order of receipt within a schema."""
        for batch in self._scanner.batches():
            rows = self._rows(batch)
            self._watch(rows.messages)
            for piece in self._chain.follow(rows):
                if (depth := self._depth(piece)).size:
                    yield DEPTH, depth
            trades = rows.messages[rows.messages["kind"] == TRADE]
            if trades.size:
                yield TRADES, _prints(trades, rows)
            quotes = rows.messages[rows.messages["kind"] == QUOTE]
            if quotes.size:
                yield QUOTES, _quotes(quotes, rows)

    @property
    def skipped(self) -> dict[str, int]:
        """What was passed over, by type."""
        old = {"depthUpdate before its snapshot": self._chain.waiting, "depthUpdate of the past": self._chain.stale}
        return {**self._scanner.skipped, **{name: count for name, count in old.items() if count}}

    def notes(self) -> list[str]:
        """What a reader of the file should know."""
        notes = self._chain.notes()
        if self._back:
            notes.append(f"{self._back:,} lines were received before the line above them")
        if self._early:
            seconds = -self._earliest / 1e9
            notes.append(
                f"{self._early:,} messages were received before they were sent, by {seconds:,.3f} s at most: the clock "
                "of the recorder is behind the exchange's; times are kept as they are"
            )
        return notes

    def _watch(self, messages: np.ndarray) -> None:
        """Look for clocks that disagree."""
        if messages.size:
            received = messages["ts_recv"]
            self._back += int(np.count_nonzero(np.diff(received, prepend=min(self._recv, int(received[0]))) < 0))
            self._back += int(received[0]) < self._recv
            self._recv = int(received[-1])
            late = received - messages["ts_event"]
            self._early += int(np.count_nonzero(late < 0))
            self._earliest = min(self._earliest, int(late.min()))

    def _rows(self, batch: Batch) -> Rows:
        price = self._whole(batch, batch.price, self._instrument.tick_size, "price")
        size = self._whole(batch, batch.size, self._instrument.lot_size, "size")
        return Rows(batch.messages, price, size)

    def _whole(self, batch: Batch, numbers: Decimals, grid: Decimal, what: str) -> np.ndarray:
        """Decimals as whole multiples of the grid."""
        places = max(0, -int(grid.normalize().as_tuple().exponent))
        whole = np.empty(numbers.mantissa.size, np.int64)
        k = int(to_grid(numbers.mantissa, numbers.decimals, places, int(grid * 10**places), whole))
        if k >= 0:
            value = Decimal(int(numbers.mantissa[k])).scaleb(-int(numbers.decimals[k]))
            begin = batch.messages["begin"]
            of = (begin <= k) & (k < begin + batch.messages["bids"] + batch.messages["asks"])
            where = f"{self._path}: line {int(batch.messages['line'][of.argmax()])}"
            raise OffGridError(what, f"{value:f}", grid, where)
        return whole

    def _depth(self, piece: Piece) -> np.ndarray:
        messages = piece.rows.messages
        room = int((messages["bids"] + messages["asks"]).sum()) + int(np.count_nonzero(messages["kind"] == SNAPSHOT))
        out = np.zeros(room, MARKET_EVENT)
        count, self._last = depth_rows(
            messages, piece.take, piece.bad, piece.rows.price, piece.rows.size, self._last, self._instrument.id,
            self._venue, out,
        )  # fmt: skip
        return out[:count]


def _prints(trades: np.ndarray, rows: Rows) -> np.ndarray:
    out = np.zeros(trades.size, PRINT)
    for name in ("ts_event", "ts_recv"):
        out[name] = trades[name]
    out["price"], out["size"] = rows.price[trades["begin"]], rows.size[trades["begin"]]
    out["trade_id"] = out["sequence"] = trades["last"]
    out["side"] = np.where(trades["maker"] == 1, Side.ASK, Side.BID)
    out["flags"] = Flag.LAST
    return out


def _quotes(quotes: np.ndarray, rows: Rows) -> np.ndarray:
    out = np.zeros(quotes.size, TOP_OF_BOOK)
    for name in ("ts_event", "ts_recv"):
        out[name] = quotes[name]
    for side, k in (("bid", quotes["begin"]), ("ask", quotes["begin"] + 1)):
        size = rows.size[k]
        out[f"{side}_size"] = size
        out[side] = np.where(size == 0, 0, rows.price[k])
    out["sequence"] = quotes["last"]
    out["flags"] = Flag.LAST | Flag.TOP_OF_BOOK
    return out
