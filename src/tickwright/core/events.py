"""The market-event layout: what every reader yields and every book consumes. Declared here, once.

Close to Databento's normalised market-by-order message; letters of actions follow Databento and NASDAQ ITCH 5.0.

| action | changes the book | meaning |
|---|---|---|
| ADD `A` | yes | a new order of `size` at `price` rests at the back of its queue |
| CANCEL `C` | yes | `size` lots leave the order; at zero it is gone |
| MODIFY `M` | yes | the order now has `price` and `size`; priority is lost when the price moves or the size grows |
| EXECUTE `E` | yes | `size` lots of the resting order trade and leave it (LOBSTER, ITCH) |
| CLEAR `R` | yes | the book of the instrument is emptied |
| FILL `F` | no | `size` lots of the order traded; a CANCEL or MODIFY that follows changes the book (Databento) |
| TRADE `T` | no | a trade as the aggressor saw it; FILLs name its resting orders (Databento) |
| HIDDEN `P` | no | a trade against a resting order that was never displayed (LOBSTER, ITCH) |
| CROSS `Q` | no | an auction print |
| HALT `H` | no | trading status; `size` is a `TradingStatus` |
| NONE `N` | no | carries flags only |

`side` is the resting order's side for A, C, M, E and F, and the aggressor's for T and P.
`price` is in ticks; `subtick` adds ten-thousandths of a tick and is non-zero only in prints off the tick grid, as
hidden mid-point executions. `ts_recv` equals `ts_event` where the feed has no receive time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag

from tickwright.core.layout import I8, U1, U2, U4, U8, dtype_of

SUBTICKS = 10_000


class Action(IntEnum):
    """What happened; the ASCII code of its letter."""

    ADD = ord("A")
    CANCEL = ord("C")
    MODIFY = ord("M")
    EXECUTE = ord("E")
    CLEAR = ord("R")
    FILL = ord("F")
    TRADE = ord("T")
    HIDDEN = ord("P")
    CROSS = ord("Q")
    HALT = ord("H")
    NONE = ord("N")


class Side(IntEnum):
    """Side of the book; the ASCII code of its letter, as in DBN."""

    BID = ord("B")
    ASK = ord("A")
    NONE = ord("N")


class TradingStatus(IntEnum):
    """`size` of a HALT event."""

    HALTED = 0
    QUOTING = 1
    TRADING = 2


class Flag(IntFlag):
    """Bits of `flags`; all but SYNTHETIC as in DBN."""

    LAST = 128
    TOP_OF_BOOK = 64
    SNAPSHOT = 32
    AGGREGATED = 16
    BAD_TS_RECV = 8
    MAYBE_BAD_BOOK = 4
    PUBLISHER_SPECIFIC = 2
    SYNTHETIC = 1
    """Not sent by the venue: a row written to complete a windowed feed, a quote with a side carried on."""


@dataclass(frozen=True, slots=True)
class MarketEvent:
    """One market event: 64 bytes."""

    ts_event: I8
    ts_recv: I8
    order_id: U8
    price: I8
    size: I8
    sequence: U8
    instrument_id: U4
    venue_id: U2
    subtick: U2
    action: U1
    side: U1
    flags: U1


@dataclass(frozen=True, slots=True)
class Quote:
    """The best bid and ask from `ts_event` on, until the next row. A side that is empty has size 0."""

    ts_event: I8
    bid: I8
    ask: I8
    bid_size: I8
    ask_size: I8


@dataclass(frozen=True, slots=True)
class Trade:
    """One print: `size` lots at `price` ticks and `subtick` ten-thousandths; `side` is +1 when a buyer was the
    aggressor, -1 a seller, 0 in an auction."""

    ts_event: I8
    price: I8
    subtick: I8
    size: I8
    side: I8


MARKET_EVENT = dtype_of(MarketEvent)
QUOTE = dtype_of(Quote)
TRADE = dtype_of(Trade)
