"""A depth feed of a generated session of single orders: what a venue that shows levels alone would send of it."""

from functools import cache

import numpy as np
from worlds import session

from tickwright.book.depth_tape import compile_depth
from tickwright.core.events import MARKET_EVENT, Action, Flag, Side


def depth_of(events):
    """MARKET_EVENTs of orders (A, C, E) → of levels: the size of a level after each, a TRADE before that of an E."""
    orders, levels, out = {}, {}, []
    for e in events:
        order, size, action, flags = int(e["order_id"]), int(e["size"]), int(e["action"]), int(e["flags"])
        if action == Action.ADD:
            orders[order] = key = int(e["side"]), int(e["price"])
            size = -size
        else:
            key = orders[order]
        levels[key] = levels.get(key, 0) - size
        side, price = key
        if action == Action.EXECUTE:
            taker = Side.ASK if side == Side.BID else Side.BID
            out.append((e, Action.TRADE, taker, price, size, Flag.AGGREGATED))
        kept = flags & (Flag.SNAPSHOT | Flag.LAST)
        out.append((e, Action.MODIFY, side, price, levels[key], kept | Flag.AGGREGATED))
    rows = np.zeros(len(out), MARKET_EVENT)
    for row, (e, action, side, price, size, flags) in zip(rows, out, strict=True):
        for name in ("ts_event", "ts_recv", "sequence", "instrument_id", "venue_id"):
            row[name] = e[name]
        row["action"], row["side"], row["price"], row["size"], row["flags"] = action, side, price, size, flags
    return rows


@cache
def depth_session(seed=1):
    """The ten generated minutes of `worlds.session`, as levels."""
    return depth_of(session(seed))


@cache
def depth_tape(seed=1):
    return compile_depth(depth_session(seed))
