"""Clean rows of every schema, in which the tests of the checks plant faults."""

from decimal import Decimal

import numpy as np

from tickwright.core.events import MARKET_EVENT, Action, Flag, Side
from tickwright.core.instrument import Instrument
from tickwright.core.tables import BAR, PRINT, TOP_OF_BOOK
from tickwright.core.units import DAY, SECOND

DAY_0 = 19_000  # Saturday 2022-01-08
BEGIN = DAY_0 * DAY + 10 * 3600 * SECOND
ZIF = Instrument("ZIF", "XSIM", "USD", Decimal("0.01"), timezone="America/New_York", source="test")


def orders(count: int = 60) -> np.ndarray:
    """Orders at 100 and 99 ticks against 101 and 102, each later executed in part and cancelled: no fault at all."""
    rows = np.zeros(count, MARKET_EVENT)
    rows["ts_event"] = BEGIN + np.arange(count) * SECOND
    rows["ts_recv"] = rows["ts_event"] + 1000
    rows["sequence"] = np.arange(1, count + 1)
    rows["flags"] = Flag.LAST
    rows["instrument_id"] = ZIF.id
    for k in range(count):
        group, turn = divmod(k, 6)
        side = Side.BID if turn % 2 == 0 else Side.ASK
        row = rows[k]
        row["order_id"] = 10 * group + (turn % 2) + 1
        row["side"] = side
        if turn < 2:
            row["action"], row["size"] = Action.ADD, 10
            row["price"] = (100 - group % 2) if side == Side.BID else (101 + group % 2)
        elif turn < 4:
            row["action"], row["size"] = Action.MODIFY, 8
            row["price"] = (100 - group % 2) if side == Side.BID else (101 + group % 2)
        else:
            row["action"], row["size"] = Action.CANCEL, 3
    return rows


def levels(count: int = 60) -> np.ndarray:
    """A depth feed: bid 100 and ask 101 with sizes that change, a trade every fifth row."""
    rows = np.zeros(count, MARKET_EVENT)
    rows["ts_event"] = BEGIN + np.arange(count) * SECOND
    rows["ts_recv"] = rows["ts_event"] + 1000
    rows["sequence"] = np.arange(1, count + 1)
    rows["flags"] = Flag.LAST | Flag.AGGREGATED
    rows["action"] = Action.MODIFY
    rows["side"] = np.where(np.arange(count) % 2 == 0, Side.BID, Side.ASK)
    rows["price"] = np.where(rows["side"] == Side.BID, 100, 101)
    rows["size"] = 5 + np.arange(count) % 7
    rows["action"][4::5] = Action.TRADE
    rows["instrument_id"] = ZIF.id
    return rows


def quotes(count: int = 60) -> np.ndarray:
    rows = np.zeros(count, TOP_OF_BOOK)
    rows["ts_event"] = BEGIN + np.arange(count) * SECOND
    rows["ts_recv"] = rows["ts_event"] + 1000
    rows["bid"], rows["ask"] = 100, 102
    rows["bid_size"], rows["ask_size"] = 5 + np.arange(count) % 3, 7
    rows["sequence"] = np.arange(1, count + 1)
    rows["flags"] = Flag.LAST
    return rows


def prints(count: int = 60) -> np.ndarray:
    rows = np.zeros(count, PRINT)
    rows["ts_event"] = BEGIN + np.arange(count) * SECOND
    rows["ts_recv"] = rows["ts_event"] + 1000
    rows["price"], rows["size"] = 101, 1 + np.arange(count) % 9
    rows["trade_id"] = rows["sequence"] = np.arange(1, count + 1)
    rows["side"] = Side.BID
    return rows


def bars(count: int = 60, step: int = DAY, begin: int = DAY_0 * DAY) -> np.ndarray:
    rows = np.zeros(count, BAR)
    rows["ts_event"] = begin + np.arange(count) * step
    rows["close"] = 10_000 + 100 * (np.arange(count) % 5)
    rows["open"] = rows["close"] - 30
    rows["high"], rows["low"] = rows["close"] + 50, rows["close"] - 50
    rows["volume"] = 1000
    return rows
