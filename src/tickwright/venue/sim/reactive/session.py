"""A day of a reactive market as MARKET_EVENT rows, like a recorded one.

1. The market opens and runs unseen until its book and memories are as they usually are; then the clock is set to the
   open.
2. The opening snapshot: an ADD for each resting order, best level first, each queue in its order.
3. ADD, CANCEL and EXECUTE until the close, Flag.LAST on the last row of each message. The pace follows the volume
   curve of the day and the activity.
4. Where there are several venues, rows are of all of them, as a consolidated feed has them: `venue_id` is that given
   and 1 + the venue's place, and the oldest order comes first at each venue only. A dark pool, whose place is after
   them, prints its trades (HIDDEN), and shows nothing else.

`open_session` does the first, `chunks` the other two a part at a time, `labels_of` tells what the rows came from: the
truth that a calibration is tested against. `generate_session` is all three. Same arguments, same bytes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
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
MID_PRICE = 10_000
"""Ticks around which a market opens where nothing else is said."""


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """A market at the open of its day: made by `open_session`. `chunks` runs it, once."""

    parameters: Parameters
    """With the length of this day."""
    seed: int
    open_ts: Nanos
    close_ts: Nanos
    mid_price: Ticks
    markets: np.ndarray
    """One row of `layout.MARKET` or MARKET_M, its clock at 0."""
    params: np.ndarray
    """One row of `layout.PARAMS`."""

    @property
    def seconds(self) -> float:
        """Length of the day."""
        return (self.close_ts - self.open_ts) / SECOND


def open_session(
    parameters: Parameters, seed: int, open_ts: Nanos, close_ts: Nanos, *, mid_price: Ticks = MID_PRICE
) -> Session:
    """A market that has run unseen until it is as usual. Raises ConfigError, CapacityError."""
    if seed < 0:
        raise ConfigError("seed", seed, "0 or more")
    if close_ts <= open_ts:
        raise ConfigError("close_ts", close_ts, f"a time after the open at {open_ts}")
    flow = dataclasses.replace(parameters.flow, day_seconds=(close_ts - open_ts) / SECOND)
    given = dataclasses.replace(parameters, flow=flow)
    params = prepare(given)
    markets = np.zeros(1, layout_for(given))
    open_markets(markets, params, derive(seed, "session"), mid_price)
    advance(markets, 0, params, _BURN_IN + int(_BURN_IN_PER_ORDER * given.mean_orders))
    reseed(markets, 0, np.uint64(derive(seed, "session/open")))
    return Session(given, seed, open_ts, close_ts, mid_price, markets, params)


def chunks(session: Session, instrument_id: int = 0, venue_id: int = 0) -> Iterator[np.ndarray]:
    """The day's rows in order, at most about 65 000 at a time. Raises CapacityError where the book overflows, and
    ConfigError where the price falls to zero."""
    opening = opening_rows(session)
    written = len(opening)
    yield _finished(session, opening, 0, instrument_id, venue_id)
    out = np.zeros(_CHUNK, MARKET_EVENT)
    while True:
        session.markets["written"] = 0
        ran = advance(session.markets, 0, session.params, _ENDLESS, seconds=session.seconds, out=out)
        if stopped(session.markets):
            fault = stopped(session.markets)[0][1]
            raise CapacityError(f"{session.parameters.name}: the market stopped: {fault.name}")
        if ran == 0:
            return
        rows = out[: int(session.markets["written"][0])].copy()
        if len(rows):  # an event may leave nothing behind
            yield _finished(session, rows, written, instrument_id, venue_id)
            written += len(rows)


def labels_of(session: Session) -> dict[str, Any]:
    """What the rows came from, and what was counted up to here: whole after the last of `chunks`."""
    market = session.markets[0]
    dark = {"dark_volume": int(market["pool"]["volume"])} if session.params["pool"][0] else {}
    return {
        "model": session.parameters.name,
        "parameters": to_dict(session.parameters),
        "hash": content_hash(session.parameters),
        "seed": session.seed,
        "open_ns": session.open_ts,
        "close_ns": session.close_ts,
        "mid_price": session.mid_price,
        "messages": int(market["events"]),
        "market_orders": int(market["trades"]),
        "volume": int(market["volume"]),
        "edge_units": int(market["edge_units"]),
        **dark,
    }


def generate_session(
    parameters: Parameters, seed: int, open_ts: Nanos, close_ts: Nanos, *, mid_price: Ticks = MID_PRICE,
    instrument_id: int = 0, venue_id: int = 0,
) -> tuple[np.ndarray, dict[str, Any]]:  # fmt: skip
    """A session's rows and its labels. Raises ConfigError, and CapacityError where the book overflows."""
    session = open_session(parameters, seed, open_ts, close_ts, mid_price=mid_price)
    events = np.concatenate(list(chunks(session, instrument_id, venue_id)))
    return events, labels_of(session)


def _finished(session: Session, rows: np.ndarray, before: int, instrument_id: int, venue_id: int) -> np.ndarray:
    """Rows as the outside has them; `before` of them came earlier."""
    if rows["price"].min() < 1:
        raise ConfigError("mid_price", session.mid_price, "a price so high that the market does not fall to zero")
    rows["ts_event"] += session.open_ts
    rows["ts_recv"] = rows["ts_event"]
    rows["sequence"] = np.arange(before + 1, before + len(rows) + 1)
    rows["instrument_id"] = instrument_id
    # The market writes the places of its venues, the pool's after them.
    rows["venue_id"] = venue_id + rows["venue_id"] + 1 if session.params["apart"][0] else venue_id
    return rows


def opening_rows(session: Session) -> np.ndarray:
    """The book as it stands, one ADD an order, at 0 ns."""
    orders = session.markets[0]["book"]["orders"]
    live = np.flatnonzero(orders["qty"])
    bids = orders["side"][live] == BID
    rank = np.where(bids, -orders["price"][live].astype(np.int64), orders["price"][live])
    live = live[np.lexsort((orders["born"][live], rank, ~bids))]
    rows = np.zeros(len(live), MARKET_EVENT)
    rows["action"] = Action.ADD
    rows["order_id"] = orders["born"][live] + 1
    rows["side"] = np.where(orders["side"][live] == BID, int(Side.BID), int(Side.ASK))
    rows["price"], rows["size"] = orders["price"][live], orders["qty"][live]
    rows["venue_id"] = orders["venue"][live]
    rows["flags"] = Flag.SNAPSHOT
    rows["flags"][-1] = Flag.SNAPSHOT | Flag.LAST
    return rows
