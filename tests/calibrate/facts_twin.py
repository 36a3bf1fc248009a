"""The facts of a day the slow way: a book of Python dictionaries, every event in a list, every lag a NumPy slice."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tickwright.core.events import Flag, Side

LAGS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000)
SECOND = 10**9


@dataclass
class Order:
    side: str
    price: int
    left: int
    size: int
    birth: int
    known: bool
    ahead: int | None = None
    executed: int = 0
    first_fill: int = 0
    pending: int = 0


@dataclass
class Log:
    """Everything that happened, in order."""

    kinds: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))  # kind -> times
    sequence: list[tuple[int, str, str]] = field(default_factory=list)  # the same as they came, with their side
    spreads: list[int] = field(default_factory=list)
    best: list[tuple[str, int, int, int, dict[str, int]]] = field(default_factory=list)
    trades: list[dict[str, Any]] = field(default_factory=list)
    states: list[tuple[int, int, dict[str, list[tuple[int, int]]]]] = field(default_factory=list)  # from, to, levels
    orders: list[tuple[int, bool, Order]] = field(default_factory=list)  # end, censored, order
    distances: list[int] = field(default_factory=list)
    mids: list[tuple[int, int | None]] = field(default_factory=list)  # mid2 from this time on
    prints: list[tuple[int, int]] = field(default_factory=list)


def watch(events: np.ndarray, begin: int, end: int, levels: int = 10, windowed: bool = False) -> Log:
    """Run MARKET_EVENT rows through the twin."""
    log, live = Log(), {}
    trade: dict[str, Any] | None = None
    now = None

    def side_levels(side: str) -> list[tuple[int, int]]:
        total: dict[int, int] = defaultdict(int)
        for order in live.values():
            if order.side == side:
                total[order.price] += order.left
        return sorted(total.items(), reverse=side == "B")[:10]

    def view() -> dict[str, list[tuple[int, int]]]:
        return {side: side_levels(side) for side in "BA"}

    def valid(v: dict[str, list[tuple[int, int]]]) -> bool:
        return bool(v["B"] and v["A"] and v["A"][0][0] > v["B"][0][0])

    def mid2(v: dict[str, list[tuple[int, int]]]) -> int:
        return v["A"][0][0] + v["B"][0][0]

    def spread(v: dict[str, list[tuple[int, int]]]) -> int:
        return v["A"][0][0] - v["B"][0][0]

    def depth(v: dict[str, list[tuple[int, int]]]) -> dict[str, int]:
        return {side: sum(lots for _, lots in v[side][: min(5, levels)]) for side in "BA"}

    def close_trade(v: dict[str, list[tuple[int, int]]]) -> None:
        nonlocal trade
        t, trade = trade, None
        if t is None or not begin <= t["ts"] < end or not t["valid"]:
            return
        before = t["view"]
        log.kinds["market"].append(t["ts"])
        log.sequence.append((t["ts"], "market", t["side"]))
        log.spreads.append(spread(before))
        emptied = not v[t["side"]] or v[t["side"]][0][0] != before[t["side"]][0][0]
        sign = 1 if t["side"] == "A" else -1
        log.best.append(("MO'" if emptied else "MO0", sign, mid2(before), spread(before), depth(before)))
        log.trades.append({**t, "sign": sign, "mid2": mid2(before), "spread": spread(before)})

    current = view()
    for row in events:
        ts, action, flags = int(row["ts_event"]), chr(row["action"]), int(row["flags"])
        if ts >= end:
            break
        number, price, size = int(row["order_id"]), int(row["price"]), int(row["size"])
        side = "B" if row["side"] == int(Side.BID) else "A"
        real = not flags & (Flag.SYNTHETIC | Flag.SNAPSHOT)
        order = live.get(number)
        takes = action == "E" or (action == "C" and real and order is not None and order.pending > 0)
        book_row = action in "ACER"
        if trade is not None and (
            ts > trade["ts"] or (book_row and real and not (takes and side == trade["side"])) or action == "R"
        ):
            close_trade(current)
        if now is not None and ts > now and ts > begin and max(now, begin) < ts:
            log.states.append((max(now, begin), ts, current))
        now = ts
        if action == "F" and order is not None:
            order.pending += size
        if action == "P" and ts >= begin:
            log.prints.append((ts, size))
        if not book_row:
            continue
        if action == "R":
            for old in live.values():
                log.orders.append((ts, True, old))
            live.clear()
            current = view()
            log.mids.append((ts, mid2(current) if valid(current) else None))
            continue
        shown = current[side]
        near = len(shown) < levels or (price >= shown[levels - 1][0] if side == "B" else price <= shown[levels - 1][0])
        counts = real and near and ts >= begin
        before = current
        sgn = 1 if side == "B" else -1
        if action == "A":
            order = live[number] = Order(side, price, size, size, ts, counts)
            current = view()
            if windowed and len(shown) >= levels and current[side][levels - 1][0] != shown[levels - 1][0]:
                for key, lost in list(live.items()):
                    if lost.side == side and lost.price == shown[levels - 1][0] and lost is not order:
                        log.orders.append((ts, True, lost))
                        live[key] = replace(lost, known=False, executed=0, pending=0)
            if real and ts >= begin and valid(before):
                other = before["A"][0][0] if side == "B" else before["B"][0][0]
                log.distances.append(sgn * (other - price))
            if counts:
                log.kinds["limit"].append(ts)
                log.sequence.append((ts, "limit", side))
                if valid(before):
                    log.spreads.append(spread(before))
                    best, lots = before[side][0]
                    if sgn * (price - best) >= 0:
                        order.ahead = lots if price == best else 0
                        kind = "LO0" if price == best else "LO'"
                        log.best.append((kind, sgn, mid2(before), spread(before), depth(before)))
        else:
            assert order is not None
            order.left -= size
            if order.left == 0:
                del live[number]
            if takes:
                if trade is None:
                    good = valid(before) and price == before[side][0][0]
                    trade = {"ts": ts, "side": side, "valid": good, "view": before, "lots": 0, "cash": 0}
                trade["lots"] += size
                trade["cash"] += size * price
                if ts >= begin:
                    log.prints.append((ts, size))
                if order.executed == 0:
                    order.first_fill = ts
                order.executed += size
                order.pending = max(0, order.pending - size)
                current = view()
            else:
                current = view()
                if counts:
                    log.kinds["cancel"].append(ts)
                    log.sequence.append((ts, "cancel", side))
                    if valid(before):
                        log.spreads.append(spread(before))
                        if price == before[side][0][0]:
                            gone = not current[side] or current[side][0][0] != price
                            log.best.append(
                                ("CA'" if gone else "CA0", -sgn, mid2(before), spread(before), depth(before))
                            )
            if order.left == 0:
                log.orders.append((ts, not real, order))
        log.mids.append((ts, mid2(current) if valid(current) else None))
    close_trade(current)
    if now is not None and max(now, begin) < end:
        log.states.append((max(now, begin), end, current))
    for order in live.values():
        log.orders.append((end, True, order))
    return log


def mid_at(log: Log, ts: int) -> int | None:
    """bid + ask that stood at a moment, what happened at it included."""
    times = [t for t, _ in log.mids]
    i = int(np.searchsorted(times, ts, side="right")) - 1
    return log.mids[i][1] if i >= 0 else None
