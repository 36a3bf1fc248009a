"""The arrays of a reactive market inside a world, and the pointer by which the loop runs it.

The market's row, the feed (MARKET_EVENT rows, our orders among them) and the tape (the same row by row, as the desk and
the cost analysis see it: the market of others) are held whole, since a desk looks back at when an order was born. They
grow by doubling, between two turns of the loop.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numba
import numba.core.config
import numpy as np

from tickwright.book.layout import TAPE
from tickwright.book.tape import Tape, compile_tape
from tickwright.core.events import MARKET_EVENT, Action
from tickwright.core.units import SECOND, Nanos
from tickwright.venue.sim.layout import SIM, WIRE
from tickwright.venue.sim.reactive.layout import PARAMS, REQUEST, Fault
from tickwright.venue.sim.reactive.live import turn
from tickwright.venue.sim.reactive.live_feed import LIVE
from tickwright.venue.sim.reactive.session import Session, opening_rows

_ROWS_PER_MESSAGE = 3
"""Generous: memory that is not written to costs nothing."""
_ROOM = 8
"""Rows a turn may write, in arenas: a command is at most three requests, and a request at most two."""


@cache
def _own_turn(layout: np.dtype[Any]) -> Any:
    """`turn` for markets of a layout, as a function pointer whose type is the same for all: they come as bytes."""

    def own_turn(
        market: Any, params: Any, lives: Any, requests: Any, events: Any, births: Any, tape: Any, sims: Any, wires: Any,
        command: Any, bound: Any,
    ) -> int:  # fmt: skip
        turn(market.view(layout), params, lives, requests, events, births, tape, sims, wires, command, bound)
        return 0

    given = (np.uint8, PARAMS, LIVE, REQUEST, MARKET_EVENT, np.int64, TAPE, SIM, WIRE)
    types, config, typeof = (numba.types, numba.core.config, numba.typeof)  # type: Any, Any, Any
    arrays = [typeof(np.zeros(0, dtype)) for dtype in given]
    signature = types.int64(*arrays, types.int64, types.int64)
    previous = config.CACHE_DIR
    config.CACHE_DIR = str(Path(_turn.stats.cache_path).parent)  # with what it calls, whose source names the folder
    try:
        return numba.cfunc(signature, error_model="numpy", cache=True)(own_turn)
    finally:
        config.CACHE_DIR = previous


_turn: Any = turn


class LiveMarket:
    """One run of one market: made anew for each, from a session at its open (which stays as it is), or from one that
    has gone on to `begin` alone; with room for what comes until `end`, and more where that is too little."""

    def __init__(
        self, session: Session, instrument_id: int = 0, begin: Nanos | None = None, end: Nanos | None = None
    ) -> None:
        begins = session.open_ts if begin is None else begin
        ends = session.close_ts if end is None else min(end, session.close_ts)
        opening = opening_rows(session)
        opening["ts_event"] = opening["ts_recv"] = begins
        opening["sequence"] = np.arange(1, len(opening) + 1)
        opening["instrument_id"] = instrument_id
        opening["venue_id"] += np.uint16(session.params["apart"][0])
        self.opening: Tape = compile_tape(opening)
        """The tape of the book at the open."""
        self._market = session.markets.copy()
        self._market["written"] = 0
        arena = self._market["book"]["orders"].shape[1]
        expected = _ROWS_PER_MESSAGE * session.parameters.flow.messages_a_second * (ends - begins) / SECOND
        rows = len(opening) + 2 * _ROOM * arena + int(expected)
        self._events, self._tape = np.zeros(rows, MARKET_EVENT), np.zeros(rows, TAPE)
        self._events[: len(opening)], self._tape[: len(opening)] = opening, self.opening.rows
        self._tape["slot"][: len(opening)] = -np.maximum(opening["venue_id"].astype(np.int64), 1)
        first = int(opening["order_id"].min())
        self._ids = int(self._market["book"]["joins"][0]) + 1 - first  # that may have been given before the open
        self._births = np.zeros(self._ids + rows, np.int64)
        self._births[opening["order_id"].astype(np.int64) - first] = np.arange(len(opening))
        self._live, self._requests, self._params = np.zeros(1, LIVE), np.zeros(1, REQUEST), session.params
        self._live["open"], self._live["seconds"] = session.open_ts, session.seconds
        self._live["opening"], self._live["first_id"] = len(opening), first
        self._live["instrument_id"] = instrument_id
        self._sims = np.zeros(1, SIM)
        self._room = _ROOM * arena

    @property
    def venues(self) -> int:
        """Lit venues."""
        return int(self._params["venues"][0])

    @property
    def pool(self) -> int:
        """What a command calls the dark pool; 0 without one."""
        return self.venues + 1 if self._params["pool"][0] else 0

    def begin(self, sims: np.ndarray, wires: np.ndarray) -> np.ndarray:
        """Put the market into the `SIM` row of a world, and the ways to its venues into its `WIRE`: the tape that its
        loop runs on. An order that names no venue is there when it has reached the farthest."""
        beyond = np.rint(self._params["latency"][0, : self.venues] * SECOND).astype(np.int64)
        wires["further"][0, 0] = beyond.max(initial=0)
        wires["further"][0, 1 : 1 + len(beyond)] = beyond
        if self.pool:
            wires["further"][0, self.pool] = round(float(self._params["pool_latency"][0]) * SECOND)
        self._sims = sims
        sims["room"] = self._room
        sims["due"] = self.opening.rows["ts_event"][-1]  # not before; the first turn finds out when
        sims["cursor"] = sims["end"]
        return self._tape

    @property
    def pointer(self) -> Any:
        """The compiled turn of a market of this layout."""
        return _own_turn(self._market.dtype)

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """What a turn needs besides the arrays of the loop."""
        return self._market.view(np.uint8), self._params, self._live, self._requests, self._events, self._births

    def grow(self) -> np.ndarray:
        """Twice the room: the tape from now on."""
        for name in ("_events", "_tape", "_births"):
            old = getattr(self, name)
            new = np.zeros(2 * len(old), old.dtype)
            new[: len(old)] = old
            setattr(self, name, new)
        return self._tape

    @property
    def fault(self) -> Fault:
        """Why the market stopped, if it did."""
        return Fault(int(self._market["fault"][0]))

    @property
    def feed(self) -> np.ndarray:
        """What the venue has told so far: MARKET_EVENT rows, our orders among them."""
        return np.asarray(self._events[: int(self._sims["end"][0])])

    @property
    def ours(self) -> np.ndarray:
        """Which rows of the feed are about orders of ours."""
        return np.asarray(self._tape["action"][: len(self.feed)] == Action.NONE)

    @property
    def taken(self) -> np.ndarray:
        """Which rows of the feed are executions of others' orders by us."""
        seen = self._tape["action"][: len(self.feed)]
        return np.asarray((self.feed["action"] == Action.EXECUTE) & (seen == Action.CANCEL))

    def others(self) -> np.ndarray:
        """The market of others: the feed without our orders, what we took leaving its level without a print."""
        rows = self.feed.copy()
        rows["action"][self.taken] = Action.CANCEL
        return np.asarray(rows[~self.ours])
