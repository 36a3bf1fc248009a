"""The kernel behind `flow`: a small matching engine of its own, so that no engine under test sets its own exam."""

from __future__ import annotations

from typing import Any

import numpy as np

from tickwright.core.events import Action, Flag, Side
from tickwright.core.kernel import inline, kernel
from tickwright.core.rng import next64, to_unit

START = 1_699_970_400_000_000_000
"""2023-11-14 14:00 UTC."""
FEED_LATENCY = 50_000
"""ns from the exchange to the desk: constant, so that both engines see the rows in one order."""
CENTRE = 100_000
"""ticks; the first quote is around it."""
WIDTH = 1 << 14
"""ticks of the generator's ladder."""
CAPACITY = 1 << 17
"""live orders the generator can hold."""
MOST_ROWS_OF_AN_EVENT = 256

_ADD, _CANCEL, _MODIFY = int(Action.ADD), int(Action.CANCEL), int(Action.MODIFY)
_FILL, _TRADE = int(Action.FILL), int(Action.TRADE)
_BID, _ASK, _LAST = int(Side.BID), int(Side.ASK), int(Flag.LAST)

_ORDER = np.dtype(
    [("id", "<i8"), ("price", "<i4"), ("size", "<i4"), ("next", "<i4"), ("prev", "<i4"), ("at", "<i4"), ("side", "<i4")]
)


@inline
def _exponential(state):
    return -np.log(1.0 - to_unit(next64(state)))


@inline
def _write(row, ts, identity, price, size, action, side, sequence):
    row["ts_event"] = ts
    row["ts_recv"] = ts + FEED_LATENCY
    row["order_id"] = identity
    row["price"] = price
    row["size"] = size
    row["sequence"] = sequence
    row["instrument_id"] = 1
    row["venue_id"] = 1
    row["action"] = action
    row["side"] = side


@inline
def _behind(order, base, best_bid, best_ask):
    place = order["price"] - base
    return best_ask - place if order["side"] == _BID else place - best_bid


@inline
def _unlink(orders, levels, index, alive, slot):
    order = orders[slot]
    place = order["price"] - (CENTRE - WIDTH // 2)
    before, after = order["prev"], order["next"]
    if before >= 0:
        orders[before]["next"] = after
    else:
        levels[place, 0] = after
    if after >= 0:
        orders[after]["prev"] = before
    else:
        levels[place, 1] = before
    levels[place, 2] -= 1
    # The last of the dense list of the living takes the place of the dead; the slot waits just past the list.
    at = order["at"]
    other = index[alive - 1]
    index[at] = other
    orders[other]["at"] = at
    index[alive - 1] = slot
    return alive - 1


@kernel
def draw(rows, wanted, state, sums, target, market, cancel, hurry, near, near_rate, depth, size_mean, gap):
    """Fill `rows` until at least `wanted` → (rows written or -1, orders alive)."""
    orders = np.zeros(CAPACITY, _ORDER)
    levels = np.full((WIDTH, 3), -1, np.int32)  # head, tail, orders
    levels[:, 2] = 0
    index = np.arange(CAPACITY).astype(np.int32)  # the living first, free slots behind
    base = CENTRE - WIDTH // 2
    alive, count, identity = 0, 0, 0
    best_bid: Any = WIDTH // 2 - 1  # places on the ladder
    best_ask: Any = WIDTH // 2 + 1
    ts = np.float64(0.0)
    while count < wanted:
        warm = identity < target
        if not warm:
            ts += _exponential(state) * gap
            sums[0] += 1.0
            sums[1] += best_ask - best_bid
            sums[2] += 0.5 * (levels[best_bid, 2] + levels[best_ask, 2])
        now = START + np.int64(ts)
        draw = 0.0 if warm else to_unit(next64(state)) * (1.0 + market + cancel * alive)
        buy = to_unit(next64(state)) < 0.5
        if draw < 1.0:
            if to_unit(next64(state)) < near:
                distance = 1 + np.int64(_exponential(state) / near_rate)
            else:
                distance = 1 + np.int64(to_unit(next64(state)) * depth)
            place = best_ask - distance if buy else best_bid + distance
            if place < 1 or place > WIDTH - 2 or alive >= CAPACITY - 1:
                return -1, alive
            size = 1 + np.int64(_exponential(state) * size_mean)
            slot = index[alive]
            order = orders[slot]
            identity += 1
            order["id"] = identity
            order["price"] = place + base
            order["size"] = size
            order["side"] = _BID if buy else _ASK
            order["at"] = alive
            order["next"] = -1
            order["prev"] = levels[place, 1]
            if levels[place, 1] >= 0:
                orders[levels[place, 1]]["next"] = slot
            else:
                levels[place, 0] = slot
            levels[place, 1] = slot
            levels[place, 2] += 1
            alive += 1
            if buy:
                best_bid = max(best_bid, place)
            else:
                best_ask = min(best_ask, place)
            _write(rows[count], now, identity, place + base, size, _ADD, order["side"], count)
            count += 1
        elif draw < 1.0 + market:
            left: Any = 1 + np.int64(_exponential(state) * size_mean)
            bound = count + MOST_ROWS_OF_AN_EVENT - 3
            while left > 0 and count < bound and levels[best_ask if buy else best_bid, 2] > 0:
                place = best_ask if buy else best_bid
                print_row = count
                traded = 0
                count += 1
                while left > 0 and count < bound and levels[place, 2] > 0:
                    slot = levels[place, 0]
                    order = orders[slot]
                    lots = min(left, order["size"])
                    left -= lots
                    traded += lots
                    order["size"] -= lots
                    _write(rows[count], now, order["id"], place + base, lots, _FILL, order["side"], count)
                    gone = order["size"] == 0
                    word = _CANCEL if gone else _MODIFY
                    rest = lots if gone else order["size"]
                    _write(rows[count + 1], now, order["id"], place + base, rest, word, order["side"], count + 1)
                    count += 2
                    if gone:
                        alive = _unlink(orders, levels, index, alive, slot)
                side = _BID if buy else _ASK
                _write(rows[print_row], now, 0, place + base, traded, _TRADE, side, print_row)
                while levels[best_ask, 2] == 0 and best_ask < WIDTH - 2:
                    best_ask += 1
                while levels[best_bid, 2] == 0 and best_bid > 1:
                    best_bid -= 1
        elif alive > 2:
            slot = index[np.int64(to_unit(next64(state)) * alive)]
            for _ in range(hurry - 1):
                other = index[np.int64(to_unit(next64(state)) * alive)]
                if _behind(orders[other], base, best_bid, best_ask) < _behind(orders[slot], base, best_bid, best_ask):
                    slot = other
            order = orders[slot]
            _write(rows[count], now, order["id"], order["price"], order["size"], _CANCEL, order["side"], count)
            count += 1
            alive = _unlink(orders, levels, index, alive, slot)
            while levels[best_ask, 2] == 0 and best_ask < WIDTH - 2:
                best_ask += 1
            while levels[best_bid, 2] == 0 and best_bid > 1:
                best_bid -= 1
        if count > 0:
            rows[count - 1]["flags"] = _LAST
    return count, alive
