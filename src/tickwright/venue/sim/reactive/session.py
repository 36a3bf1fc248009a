"""A day of a reactive market as MARKET_EVENT rows, like a recorded one.

1. The market opens and runs unseen until its book and memories are as they usually are; then the clock is set to the
   open.
2. The opening snapshot: an ADD for each resting order, best level first, each queue in its order.
3. ADD, CANCEL and EXECUTE until the close, Flag.LAST on the last row of each message. The pace follows the volume
   curve of the day and the activity.

Same arguments, same bytes. What the rows came from is returned beside them as labels: the truth a calibration is
tested against.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from tickwright.book.layout import BID
from tickwright.core.errors import CapacityError, ConfigError
from tickwright.core.events import MARKET_EVENT, Action, Flag, Side
from tickwright.core.rng import derive
from tickwright.core.units import SECOND, Nanos, Ticks
from tickwright.venue.sim.reactive.driver import advance, open_markets, reseed, stopped
from tickwright.venue.sim.reactive.parameters import Parameters, content_hash, to_dict
from tickwright.venue.sim.reactive.prepare import layout_for, prepare

_CHUNK = 1 << 16
_BURN_IN = 50_000
_BURN_IN_PER_ORDER = 40
_ENDLESS = 2**62


def generate_session(
    parameters: Parameters, seed: int, open_ts: Nanos, close_ts: Nanos, *, mid_price: Ticks = 10_000,
    instrument_id: int = 0, venue_id: int = 0,
) -> tuple[np.ndarray, dict[str, Any]]:  # fmt: skip
    """A session's rows and its labels. Raises ConfigError, and CapacityError where the book overflows."""
    if close_ts <= open_ts:
        raise ConfigError("close_ts", close_ts, f"a time after the open at {open_ts}")
    seconds = (close_ts - open_ts) / SECOND
    given = dataclasses.replace(parameters, flow=dataclasses.replace(parameters.flow, day_seconds=seconds))
    params = prepare(given)
    markets = np.zeros(1, layout_for(given))
    open_markets(markets, params, derive(seed, "session"), mid_price)
    advance(markets, 0, params, _BURN_IN + int(_BURN_IN_PER_ORDER * given.mean_orders))
    reseed(markets, 0, np.uint64(derive(seed, "session/open")))
    parts = [_snapshot(markets[0])]
    out = np.zeros(_CHUNK, MARKET_EVENT)
    while True:
        markets["written"] = 0
        ran = advance(markets, 0, params, _ENDLESS, seconds=seconds, out=out)
        parts.append(out[: int(markets["written"][0])].copy())
        if stopped(markets):
            raise CapacityError(f"{given.name}: the market stopped: {stopped(markets)[0][1].name}")
        if ran == 0:
            break
    events = np.concatenate(parts)
    if events["price"].min() < 1:
        raise ConfigError("mid_price", mid_price, "a price so high that the market does not fall to zero")
    events["ts_event"] += open_ts
    events["ts_recv"] = events["ts_event"]
    events["sequence"] = np.arange(1, len(events) + 1)
    events["instrument_id"], events["venue_id"] = instrument_id, venue_id
    labels = {
        "parameters": to_dict(given),
        "hash": content_hash(given),
        "seed": seed,
        "mid_price": mid_price,
        "messages": int(markets["events"][0]),
        "market_orders": int(markets["trades"][0]),
        "volume": int(markets["volume"][0]),
        "edge_units": int(markets["edge_units"][0]),
    }
    return events, labels


def _snapshot(market: Any) -> np.ndarray:
    """The book as it stands, one ADD an order."""
    orders = market["book"]["orders"]
    live = np.flatnonzero(orders["qty"])
    bids = orders["side"][live] == BID
    rank = np.where(bids, -orders["price"][live].astype(np.int64), orders["price"][live])
    live = live[np.lexsort((orders["born"][live], rank, ~bids))]
    rows = np.zeros(len(live), MARKET_EVENT)
    rows["action"] = Action.ADD
    rows["order_id"] = orders["born"][live] + 1
    rows["side"] = np.where(orders["side"][live] == BID, int(Side.BID), int(Side.ASK))
    rows["price"], rows["size"] = orders["price"][live], orders["qty"][live]
    rows["flags"] = Flag.SNAPSHOT
    rows["flags"][-1] = Flag.SNAPSHOT | Flag.LAST
    return rows
