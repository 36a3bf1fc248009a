"""A dark pool beside the lit books: orders rest unseen and trade at the mid.

Law. What comes to the pool meets what rests on the other side, oldest first, at the mid of the lit books at that
moment, and the rest of it may rest. So all that rests is of one side. Of the market orders of the background
  1. a share `ping` asks the pool first, and goes on to the lit books with what it did not get;
  2. a share `hide` comes to the pool instead, with a size from the table, and leaves it after a number of market orders
     that is exponential with mean `patience`; a full pool sends it to the lit books.
The informed do so like the others, so that a fill in the pool is adversely selected. An agent has one resting order at
most; it stays until it is cancelled. Fills of an agent enter the memory of its account like others; of the background's
only what a ping got does.

Prices may be half a tick: cash of the pool is counted in half ticks. A print is a HIDDEN row: its price rounded down
and `subtick` the rest, its side the aggressor's, without an order id, its venue the place after the lit ones.

Unrealistic: no limit prices and no least quantity; nobody looks for hidden size by small orders; an order that leaves
does not go to the lit books; a quote inside the spread moves the mid at which the pool trades, and nobody minds; what
hidden metaorders rest in the pool has no impact.

Source: the reference price cross of Buti, Rindi, Werner, "Dark pool trading strategies, market quality and welfare",
J. Financial Economics 124 (2017); who is filled there, after Zhu, "Do dark pools harm price discovery?", Review of
Financial Studies 27 (2014).
"""

from __future__ import annotations

import numpy as np

from tickwright.book.layout import BID, Bool, Int, Record, Rows
from tickwright.core.events import SUBTICKS, Action, Side
from tickwright.core.kernel import inline, kernel
from tickwright.venue.sim.reactive.flow import end_message, remember
from tickwright.venue.sim.reactive.layout import BACKGROUND, DARK_ORDERS, VENUES

_HIDDEN, _LETTER_BID, _LETTER_ASK = int(Action.HIDDEN), int(Side.BID), int(Side.ASK)
_HALF = SUBTICKS // 2
FOR_EVER = 2**62
"""`until` of an order that only its owner takes away."""


@inline(borrow=True)
def _print(market: Record, params: Record, side: Int, lots: Int, owners: Int, out: Rows) -> None:
    """`sequence`, which whoever finishes the rows counts anew, tells until then whether an agent traded."""
    if market.written >= out.shape[0]:
        return
    row = out[market.written]
    row.ts_event = np.int64(market.clock * 1e9)
    row.action = _HIDDEN
    row.order_id = 0
    row.side = _LETTER_BID if side == BID else _LETTER_ASK
    row.price = market.twice_mid >> 1
    row.subtick = _HALF * (market.twice_mid & 1)
    row.size = lots
    row.flags = 0
    row.venue_id = params.venues
    row.sequence = 0 if owners == BACKGROUND else 1
    market.written += 1


@kernel(borrow=True)
def cross(market: Record, params: Record, taker: Int, side: Int, lots: Int, out: Rows) -> Int:
    """What comes to the pool meets the other side of it: the lots filled. The taker has nothing at rest there."""
    pool = market.pool
    if pool.count == 0 or pool.side == side:
        return np.int64(0)
    sign = 1 if side == BID else -1
    left = lots
    for i in range(pool.count):
        if left <= 0:
            break
        part = min(left, np.int64(pool.orders[i].lots))
        maker = np.int64(pool.orders[i].owner)
        market.accounts[maker].shares -= sign * part
        market.ledger[maker].dark_cash += sign * market.twice_mid * part
        market.ledger[maker].dark_made += part
        market.accounts[taker].shares += sign * part
        market.ledger[taker].dark_cash -= sign * market.twice_mid * part
        market.ledger[taker].dark_taken += part
        if maker != BACKGROUND:
            remember(market, params, maker, -sign * part * params.passive)
        if taker != BACKGROUND:
            remember(market, params, taker, np.float64(sign * part))
        _print(market, params, side, part, max(maker, taker), out)
        pool.orders[i].lots -= part
        left -= part
    _close_up(pool)
    pool.volume += lots - left
    end_message(market, out)
    return lots - left


@inline(borrow=True)
def _close_up(pool: Record) -> None:
    """Orders without lots are gone; the others keep their order."""
    kept = np.int64(0)
    for i in range(pool.count):
        if pool.orders[i].lots > 0:
            if kept < i:
                pool.orders[kept].born, pool.orders[kept].until = pool.orders[i].born, pool.orders[i].until
                pool.orders[kept].lots, pool.orders[kept].owner = pool.orders[i].lots, pool.orders[i].owner
            kept += 1
    pool.count = kept


@inline(borrow=True)
def is_full(market: Record, side: Int) -> Bool:
    """Whether nothing more can rest on a side."""
    return market.pool.count >= DARK_ORDERS and market.pool.side == side


@kernel(borrow=True)
def join(market: Record, owner: Int, side: Int, lots: Int, until: Int) -> None:
    """An order rests, behind all others; the other side is empty, and the pool not full."""
    pool = market.pool
    order = pool.orders[pool.count]
    order.born, order.until, order.lots, order.owner = pool.joins, until, lots, owner
    pool.side = side
    pool.count += 1
    pool.joins += 1
    pool.added += lots


@kernel(borrow=True)
def beat(market: Record) -> None:
    """A market order of the background has come: what has waited long enough leaves."""
    pool = market.pool
    pool.beats += 1
    gone = False
    for i in range(pool.count):
        if pool.orders[i].until <= pool.beats:
            pool.left += pool.orders[i].lots
            pool.orders[i].lots = 0
            gone = True
    if gone:
        _close_up(pool)


@inline(borrow=True)
def place_of(market: Record, owner: Int) -> Int:
    """The place of an agent's order, or -1."""
    for i in range(market.pool.count):
        if market.pool.orders[i].owner == owner:
            return np.int64(i)
    return np.int64(-1)


@kernel(borrow=True)
def keep(market: Record, owner: Int, lots: Int) -> Int:
    """An agent's order keeps `lots` at most, and its place; at 0 it is gone: the lots cancelled."""
    i = place_of(market, owner)
    if i < 0:
        return np.int64(0)
    pool = market.pool
    cancelled = max(np.int64(0), np.int64(pool.orders[i].lots) - lots)
    pool.orders[i].lots -= cancelled
    pool.left += cancelled
    _close_up(pool)
    return cancelled


@inline(borrow=True)
def clear(market: Record) -> None:
    """An empty pool, as before the first event."""
    pool = market.pool
    pool.beats, pool.joins, pool.side, pool.count = 0, 0, 0, 0
    for i in range(DARK_ORDERS):
        pool.orders[i].born, pool.orders[i].until, pool.orders[i].lots, pool.orders[i].owner = 0, 0, 0, 0


@inline(borrow=True)
def clear_counters(market: Record) -> None:
    """Start what accounts did at the venues and in the pool anew; what rests there stays."""
    for a in range(market.ledger.shape[0]):
        ledger = market.ledger[a]
        ledger.dark_made, ledger.dark_taken, ledger.dark_cash = 0, 0, 0
        for v in range(VENUES):
            ledger.made_at[v], ledger.taken_at[v] = 0, 0
    pool = market.pool
    pool.volume, pool.added, pool.left = 0, 0, 0
    for i in range(pool.count):
        pool.added += pool.orders[i].lots
