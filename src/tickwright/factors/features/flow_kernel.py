"""What an event did: running totals of flows, the best prices after it, and what their queues gained.

Rows that no trader sent (`Flag.SYNTHETIC`, `Flag.SNAPSHOT`, CLEAR) are no flow. A CANCEL that a FILL announced is a
trade and no cancel; a MODIFY is what the tape made of it, a cancel of what left and an order that is new.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tickwright.book.ladder import best, has, level_size
from tickwright.book.layout import ASK, BID, NO_SIDE
from tickwright.core.events import Action, Flag
from tickwright.core.kernel import inline
from tickwright.core.layout import I8, dtype_of
from tickwright.factors.features.formulas import gain

# Totals, lots unless said otherwise. What is of a side has the asks' behind the bids'.
EVENTS, GAIN, CANCELLED, ADDED, BOUGHT, SOLD, TRADED, TRADES = 0, 1, 3, 5, 7, 8, 9, 10
TOTALS = 11
"""events, gains of the best (2), cancelled (2), added (2), bought and sold by takers, traded, prints"""
LOG = 1 + TOTALS
"""Numbers of an event in a log: when it was, and totals."""

_ADD, _CANCEL, _EXECUTE, _CLEAR = int(Action.ADD), int(Action.CANCEL), int(Action.EXECUTE), int(Action.CLEAR)
_FILL, _TRADE, _HIDDEN, _CROSS = int(Action.FILL), int(Action.TRADE), int(Action.HIDDEN), int(Action.CROSS)
_AGGREGATED, _SNAPSHOT = int(Flag.AGGREGATED), int(Flag.SNAPSHOT)
_NO_FLOW = int(Flag.SYNTHETIC | Flag.SNAPSHOT)


@dataclass(frozen=True, slots=True)
class BookState:
    """Where a run stands, and the best prices: now, and (`_1`) after the event before."""

    midnight: I8
    """The first nanosecond of the local day."""
    levels: I8
    """The most levels that a column asks for."""
    flows: I8
    """Whether any column is over a window, so that the log is kept."""
    begun: I8
    first: I8
    """When the first event of the run was."""
    reset: I8
    """The book was given anew since the last event: what changed is no flow."""
    bids: I8
    """Whether there are bids."""
    asks: I8
    bid: I8
    ask: I8
    bid_size: I8
    ask_size: I8
    bids_1: I8
    asks_1: I8
    bid_1: I8
    ask_1: I8
    bid_size_1: I8
    ask_size_1: I8
    traded: I8
    """Lots that takers bought less those they sold within this event."""
    logged: I8
    """Events that were ever put into the log."""
    oldest: I8
    """The first of them that a window still holds."""


BOOK_STATE: np.dtype = dtype_of(BookState)


@inline(borrow=True)
def _traded(state: Any, totals: Any, aggressor_buys: bool, known: bool, size: Any) -> None:
    totals[TRADED] += size
    totals[TRADES] += 1
    if known and aggressor_buys:
        totals[BOUGHT] += size
        state.traded += size
    elif known:
        totals[SOLD] += size
        state.traded -= size


@inline(borrow=True)
def flow(state: Any, totals: Any, pending: Any, row: Any) -> None:
    """What a row says of trades, cancels and new orders. `pending`: lots of each order whose FILL came, not its end."""
    action, side, size = row.action, row.side, np.int64(row.size)
    if action == _CLEAR or row.flags & _SNAPSHOT != 0:
        state.reset = 1
    if action == _ADD and row.slot >= 0:
        pending[row.slot] = 0
    if row.flags & _NO_FLOW != 0:
        return
    if action == _ADD:
        totals[ADDED + side] += size
    elif action == _CANCEL:
        executed = min(size, np.int64(pending[row.slot]))
        pending[row.slot] -= executed
        totals[CANCELLED + side] += size - executed
    elif (
        action in (_EXECUTE, _TRADE, _HIDDEN)
        or (action == _CROSS and size > 0)
        or (action == _FILL and row.flags & _AGGREGATED != 0)  # of a feed of levels: the trade itself
    ):
        _traded(state, totals, side == ASK, side != NO_SIDE, size)
    elif action == _FILL and row.slot >= 0:
        pending[row.slot] = min(np.int64(pending[row.slot]) + size, np.int64(2**31 - 1))


@inline(borrow=True)
def quote(state: Any, ladder: Any) -> None:
    """The best prices after an event; those before it move to the second place."""
    state.bids_1, state.bid_1, state.bid_size_1 = state.bids, state.bid, state.bid_size
    state.asks_1, state.ask_1, state.ask_size_1 = state.asks, state.ask, state.ask_size
    state.bids, state.bid, state.bid_size = 0, 0, 0
    state.asks, state.ask, state.ask_size = 0, 0, 0
    if has(ladder, BID):
        state.bids, state.bid = 1, best(ladder, BID)
        state.bid_size = level_size(ladder, BID, state.bid)
    if has(ladder, ASK):
        state.asks, state.ask = 1, best(ladder, ASK)
        state.ask_size = level_size(ladder, ASK, state.ask)


@inline(borrow=True)
def gains(state: Any, totals: Any) -> None:
    """What each best queue gained; a side that is empty has the worst of prices and no lots."""
    up = state.bids > state.bids_1 or (state.bids == 1 and state.bids_1 == 1 and state.bid > state.bid_1)
    down = state.bids < state.bids_1 or (state.bids == 1 and state.bids_1 == 1 and state.bid < state.bid_1)
    totals[GAIN + BID] += gain(up, down, state.bid_size, state.bid_size_1)
    lower = state.asks > state.asks_1 or (state.asks == 1 and state.asks_1 == 1 and state.ask < state.ask_1)
    higher = state.asks < state.asks_1 or (state.asks == 1 and state.asks_1 == 1 and state.ask > state.ask_1)
    totals[GAIN + ASK] += gain(lower, higher, state.ask_size, state.ask_size_1)
