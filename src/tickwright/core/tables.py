"""Rows that a catalog stores beside market events: quotes, prints and bars. Declared here, once.

Prices are ticks, sizes lots, times nanoseconds UTC; `ts_recv` equals `ts_event` where a feed has no receive time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

from tickwright.core.layout import I8, U1, U2, U8, dtype_of


class Missing(IntFlag):
    """Which fields of a bar its source left empty; they are zero in the row."""

    OPEN = 1
    HIGH = 2
    LOW = 4
    CLOSE = 8
    VOLUME = 16


@dataclass(frozen=True, slots=True)
class TopOfBook:
    """The best bid and ask as a feed states them. A side that is empty has size 0, and price 0."""

    ts_event: I8
    ts_recv: I8
    bid: I8
    ask: I8
    bid_size: I8
    ask_size: I8
    sequence: U8
    flags: U1
    """Bits of `events.Flag`."""


@dataclass(frozen=True, slots=True)
class Print:
    """One trade: `size` lots at `price` ticks and `subtick` ten-thousandths; `side` is the aggressor's
    `events.Side`."""

    ts_event: I8
    ts_recv: I8
    price: I8
    size: I8
    trade_id: U8
    sequence: U8
    subtick: U2
    side: U1
    flags: U1
    """Bits of `events.Flag`."""


@dataclass(frozen=True, slots=True)
class Bar:
    """Open, high, low, close and volume of the interval that begins at `ts_event`."""

    ts_event: I8
    open: I8
    high: I8
    low: I8
    close: I8
    volume: I8
    missing: U1
    """Bits of `Missing`."""


TOP_OF_BOOK = dtype_of(TopOfBook)
PRINT = dtype_of(Print)
BAR = dtype_of(Bar)
