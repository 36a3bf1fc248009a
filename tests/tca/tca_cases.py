"""Builders of rows, and the order that the hand-worked examples are about.

Ticks of a cent; times in seconds. The market (others only):

    quotes   0 s 99.99/100.01   10 s 100.01/100.03   20 s 100.03/100.07   30 s 100.09/100.11   40 s 100.04/100.06
             100 s 100.02/100.04   3999 s 100.02/100.05
    prints   12 s 100 at 100.02   17 s 400 at 100.03   26 s 200 at 100.04   35 s 100 at 100.105 (hidden)
             50 s 500 at 100.05   3990 s 700 at 100.04

The order: buy 1000, decided at 5 s (mid 100.00), accepted at 15 s (mid 100.02), deadline 60 s. It fills

    16 s 250 at 100.03 and 50 at 100.04, taking    25 s 200 at 100.03, making    35 s 100 at 100.11, taking

and the rest is cancelled at 61 s (mid 100.05). Fees 0.003 a share taking, -0.002 making: 0.90 - 0.40 + 0.30 = 0.80.
Σqp = 25007.50 + 5002.00 + 20006.00 + 10011.00 = 60026.50 for Q = 600.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import numpy as np

from tickwright.core.events import QUOTE, TRADE
from tickwright.core.instrument import Instrument
from tickwright.core.records import (
    COMMAND,
    FILL,
    MAKER,
    ORDER_EVENT,
    TAKER,
    VERDICT,
    CommandKind,
    OrderEventKind,
    OrderType,
    ParentOrder,
    Schedule,
    TimeInForce,
)
from tickwright.core.units import SECOND
from tickwright.tca import Market, OrderTca, analyse

SHARE = Instrument("ABC", "XNAS", "USD", Decimal("0.01"))
CENT = 10_000_000
"""One cent in billionths."""
PARENT = 7


def rows(layout: np.dtype[Any], *values: dict[str, int]) -> np.ndarray:
    out = np.zeros(len(values), layout)
    for i, value in enumerate(values):
        for name, x in value.items():
            out[name][i] = x
    return out


def quotes(*values: tuple[float, int, int]) -> np.ndarray:
    return rows(
        QUOTE,
        *({"ts_event": int(t * SECOND), "bid": b, "ask": a, "bid_size": 100, "ask_size": 100} for t, b, a in values),
    )


def trades(*values: tuple[float, int, int, int]) -> np.ndarray:
    return rows(
        TRADE, *({"ts_event": int(t * SECOND), "price": p, "subtick": u, "size": q, "side": 1} for t, p, u, q in values)
    )


def fill(
    t: float, size: int, price: int, liquidity: int, bid: int, ask: int, fee: int = 0, **more: int
) -> dict[str, int]:
    ns = int(t * SECOND)
    return {
        "parent": PARENT, "instrument": 1, "side": 1, "liquidity": liquidity, "price": price, "size": size, "bid": bid,
        "ask": ask, "fee": fee, "ts_entered": ns, "ts_exchange": ns, "ts_desk": ns,
    } | more  # fmt: skip


QUOTES = quotes(
    (0, 9999, 10001), (10, 10001, 10003), (20, 10003, 10007), (30, 10009, 10011), (40, 10004, 10006),
    (100, 10002, 10004), (3999, 10002, 10005),
)  # fmt: skip
TRADES = trades(
    (12, 10002, 0, 100), (17, 10003, 0, 400), (26, 10004, 0, 200), (35, 10010, 5000, 100), (50, 10005, 0, 500),
    (3990, 10004, 0, 700),
)  # fmt: skip
MARKET = Market(QUOTES, TRADES, 0, 4000 * SECOND)
ORDER = ParentOrder(PARENT, "ABC", 1, 1000, 5 * SECOND, 15 * SECOND, 60 * SECOND)
FILLS = rows(
    FILL,
    fill(16, 250, 10003, TAKER, 10001, 10003, 750_000_000),
    fill(16, 50, 10004, TAKER, 10001, 10003, 150_000_000),
    fill(25, 200, 10003, MAKER, 10003, 10007, -400_000_000, queue_entry=500, queue_fill=20, ts_entered=21 * SECOND),
    fill(35, 100, 10011, TAKER, 10009, 10011, 300_000_000),
)
PLAN = Schedule((30 * SECOND, 60 * SECOND), (400, 1000))

MS = 1_000_000


def command(number: int, order: int, kind: int, t: float, tif: int = TimeInForce.DAY, price: int = 0) -> dict[str, int]:
    ns = int(t * SECOND)
    return {
        "command_id": number, "order_id": order, "parent": PARENT, "kind": kind, "order_type": OrderType.LIMIT,
        "tif": tif, "side": 1, "price": price, "ts_decided": ns, "ts_sent": ns + MS,
        "ts_arrives": ns + (2 + number) * MS,
    }  # fmt: skip


def report(order: int, kind: int, t: float, price: int = 0, leaves: int = 0, **more: int) -> dict[str, int]:
    ns = int(t * SECOND)
    return {
        "order_id": order, "parent": PARENT, "kind": kind, "price": price, "leaves": leaves, "ts_exchange": ns,
        "ts_desk": ns + 5 * MS,
    } | more  # fmt: skip


# Order 1 takes at once. Order 2 rests from 21 s at 100.03 and makes 200 of 300; moved at 28 s to 100.08, never filled
# there, cancelled at 61 s. Order 3 takes at once. Command 5 is refused by the gate.
COMMANDS = rows(
    COMMAND,
    command(1, 1, CommandKind.NEW, 15.9, TimeInForce.IOC, 10004),
    command(2, 2, CommandKind.NEW, 20.9, price=10003),
    command(3, 2, CommandKind.REPLACE, 27.9, price=10008),
    command(4, 3, CommandKind.NEW, 34.9, TimeInForce.IOC, 10011),
    command(5, 4, CommandKind.NEW, 50, price=12000),
    command(6, 2, CommandKind.CANCEL, 60.9),
)
EVENTS = rows(
    ORDER_EVENT,
    report(1, OrderEventKind.ACKNOWLEDGED, 16, 10004, 300, command_id=1),
    report(1, OrderEventKind.FILLED, 16, 10004, 0, last_price=10003, last_size=300, liquidity=TAKER),
    report(2, OrderEventKind.ACKNOWLEDGED, 21, 10003, 300, command_id=2),
    report(2, OrderEventKind.PARTIALLY_FILLED, 25, 10003, 100, last_price=10003, last_size=200, liquidity=MAKER),
    report(2, OrderEventKind.REPLACED, 28, 10008, 100, command_id=3),
    report(3, OrderEventKind.ACKNOWLEDGED, 35, 10011, 100, command_id=4),
    report(3, OrderEventKind.FILLED, 35, 10011, 0, last_price=10011, last_size=100, liquidity=TAKER),
    report(2, OrderEventKind.CANCELLED, 61, 10008, 0, command_id=6),
)
VERDICTS = rows(VERDICT, *({"command_id": n, "code": 2 if n == 5 else 0} for n in range(1, 7)))


def worked(**changes: Any) -> OrderTca:
    """The analysis of the order above, with some arguments changed."""
    arguments: dict[str, Any] = {
        "order": ORDER, "instrument": SHARE, "fills": FILLS, "events": EVENTS, "commands": COMMANDS,
        "verdicts": VERDICTS, "market": MARKET, "end_ns": 4000 * SECOND, "schedule": PLAN, "policy": "hand",
    }  # fmt: skip
    return analyse(**(arguments | changes))


def random_case(random: Random) -> tuple[Market, ParentOrder, np.ndarray]:
    """A random market of 400 s and an order of either side with eight fills near its quotes."""
    mid, book, prints = 50_000, [], []
    for ms in [0, *sorted(random.sample(range(1, 400_000), 150))]:
        mid += random.randint(-4, 4)
        bid, ask = mid - random.randint(1, 3), mid + random.randint(1, 3)
        book.append({"ts_event": ms * MS, "bid": bid, "ask": ask, "bid_size": 5, "ask_size": 5})
    for ms in sorted(random.sample(range(1, 400_000), 60)):
        price, subtick, size = mid + random.randint(-20, 20), random.choice((0, 0, 5000)), random.randint(1, 50)
        prints.append({"ts_event": ms * MS, "price": price, "subtick": subtick, "size": size, "side": 1})
    market = Market(rows(QUOTE, *book), rows(TRADE, *prints), 0, 400 * SECOND)
    side = random.choice((1, -1))
    fills = []
    for ms in sorted(random.randint(100_000, 200_000) for _ in range(8)):
        bid, ask = 49_990 + random.randint(0, 8), 50_000 + random.randint(0, 8)
        price, size, liquidity = 50_000 + random.randint(-30, 30), random.randint(1, 40), random.choice((TAKER, MAKER))
        fills.append(fill(ms / 1000, size, price, liquidity, bid, ask, random.randint(-5, 99), side=side))
    quantity = sum(f["size"] for f in fills) + random.choice((0, 25))
    order = ParentOrder(PARENT, "ABC", side, quantity, 90 * SECOND, 95 * SECOND, 250 * SECOND)
    return market, order, rows(FILL, *fills)


def run(market: Market, order: ParentOrder, fills: np.ndarray) -> OrderTca:
    """The analysis of a random case, which has fills but no messages."""
    nothing = {"events": rows(ORDER_EVENT), "commands": rows(COMMAND), "verdicts": rows(VERDICT), "schedule": None}
    return worked(market=market, order=order, fills=fills, end_ns=400 * SECOND, **nothing)
