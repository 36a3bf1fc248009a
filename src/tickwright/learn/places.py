"""The venues and the dark pool of an episode: what is seen of them, what is done in the pool, what fees are due.

Kernels of `episode`. With one venue and no pool they change nothing.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.ladder import find_level
from tickwright.book.layout import ASK, BID, NIL, Int, Record, Rows
from tickwright.core.kernel import inline, kernel
from tickwright.learn.layout import ACCOUNT
from tickwright.strategy.learned.actions import PULL
from tickwright.strategy.learned.venues import DARK_REST, dark_lots, decode
from tickwright.venue.sim.reactive import agents, dark
from tickwright.venue.sim.reactive.layout import Ask

_CANCEL, _AMEND = int(Ask.CANCEL), int(Ask.AMEND)
_DARK_POST, _DARK_AMEND, _DARK_TAKE = int(Ask.DARK_POST), int(Ask.DARK_AMEND), int(Ask.DARK_TAKE)


@inline
def ask_at(
    market: Record, param: Record, kind: Int, side: Int, price: Int, lots: Int, slot: Int, venue: Int, rows: Rows
) -> Int:
    """One action of the account of episodes; `venue` as in `agents.act_at`."""
    # no literal kind, for each of which Numba would compile all of it anew
    return agents.act_at(
        market, param, np.int64(kind), np.int64(ACCOUNT), side, np.int64(price), lots, slot, venue, rows
    )


@inline
def begin_places(settings: Record, episode: Record, reference: Record) -> None:
    """What is known of the venues beforehand."""
    places = episode.places
    places.venues, places.pool = reference.venues, reference.pool
    for v in range(reference.venues):
        places.maker_fee[v] = settings.maker_fee + reference.maker_fee[v]
        places.taker_fee[v] = settings.taker_fee + reference.taker_fee[v]
        places.latency[v] = (settings.latency + reference.latency[v]) * reference.seconds * 1e9
    places.child, places.dark, places.dark_filled = -1, 0, 0
    places.now, places.recalled, places.recent = 0, 0, 0.0


@kernel
def look_places(market: Record, episode: Record) -> None:
    """Bring what is seen of venues and pool up to now, after `episode.look` has done so with the rest."""
    places, sight, progress = episode.places, episode.sight, episode.progress
    places.child = -1
    if places.venues > 1:
        for v in range(places.venues):
            places.bid_sizes[v], places.ask_sizes[v] = 0, 0
        if sight.quoted == 1:
            for side in range(2):
                _count(market, np.int64(side), sight.bid if side == BID else sight.ask, places)
        if progress.live > 0:
            places.child = np.int64(market.book.orders[episode.child].venue)
            progress.ahead = _ahead(market, episode.child)
    if places.pool != 0:
        ledger, i = market.ledger[ACCOUNT], dark.place_of(market, np.int64(ACCOUNT))
        places.dark = np.int64(market.pool.orders[i].lots) if i >= 0 else np.int64(0)
        places.dark_filled = ledger.dark_made + ledger.dark_taken
        progress.paid -= episode.task.side * (ledger.dark_cash // 2)
        progress.made += ledger.dark_made


@inline
def _count(market: Record, side: Int, price: Int, places: Record) -> None:
    """Lots of others at a price, by venue."""
    index = find_level(market.book.ladder, side, price)
    slot = np.int64(market.book.ladder.levels[index].head) if index >= 0 else np.int64(NIL)
    for _ in range(market.book.orders.shape[0]):
        if slot == NIL:
            break
        order = market.book.orders[slot]
        if order.owner != ACCOUNT:
            if side == BID:
                places.bid_sizes[order.venue] += order.qty
            else:
                places.ask_sizes[order.venue] += order.qty
        slot = np.int64(order.next)


@inline
def _ahead(market: Record, child: Int) -> Int:
    """Lots ahead of the child at its venue."""
    lots, venue = np.int64(0), market.book.orders[child].venue
    slot = np.int64(market.book.orders[child].prev)
    for _ in range(market.book.orders.shape[0]):
        if slot == NIL:
            break
        if market.book.orders[slot].venue == venue:
            lots += np.int64(market.book.orders[slot].qty)
        slot = np.int64(market.book.orders[slot].prev)
    return lots


@inline
def lag_of(settings: Record, episode: Record, reference: Record, action: Int) -> Int:
    """Messages between a decision and its arrival: where the action goes, or where the child is."""
    places = episode.places
    base, venue, which = decode(action, places)
    if base > PULL:
        further = reference.latency[venue]
    elif which >= 0 or places.dark > 0:
        further = reference.pool_latency
    else:
        further = reference.latency[max(places.child, np.int64(0))]
    return min(settings.latency + further, settings.messages)


@inline
def make_room(market: Record, param: Record, spare: Int, rows: Rows) -> None:
    """The child may hold `spare` lots at most, wherever it is: never more in the market than is left."""
    account, zero = market.accounts[ACCOUNT], np.int64(0)
    if account.live > 0:
        slot = np.int64(account.slots[0])
        if market.book.orders[slot].qty > spare:
            ask_at(market, param, _AMEND if spare > 0 else _CANCEL, zero, zero, spare, slot, zero, rows)
    if param.pool != 0:
        ask_at(market, param, _DARK_AMEND, zero, zero, spare, zero, zero, rows)


@kernel
def act_dark(market: Record, param: Record, episode: Record, which: Int, rows: Rows) -> None:
    """Carry out an action of the pool."""
    task, zero = episode.task, np.int64(0)
    account, side = market.accounts[ACCOUNT], np.int64(BID if task.side > 0 else ASK)
    left = task.quantity - task.side * account.shares
    if left <= 0:
        return
    if which != DARK_REST:
        lots = min(dark_lots(which, task, episode.progress), left)
        make_room(market, param, left - lots, rows)
        ask_at(market, param, _DARK_TAKE, side, zero, lots, zero, zero, rows)
        return
    i = dark.place_of(market, np.int64(ACCOUNT))
    if i >= 0 and market.pool.orders[i].lots >= left:
        return  # it is where it shall be
    make_room(market, param, zero, rows)
    ask_at(market, param, _DARK_POST, side, zero, left, zero, zero, rows)


@inline
def fees_since(market: Record, param: Record, settings: Record, episode: Record) -> float:
    """Fees of what was made and taken since the step began, ticks times lots."""
    account, ledger, before = market.accounts[ACCOUNT], market.ledger[ACCOUNT], episode.ledger
    made, taken = account.made - episode.made, account.taken - episode.taken
    fees: float
    if param.venues <= 1:
        fees = (settings.maker_fee + param.maker_fee[0]) * made + (settings.taker_fee + param.taker_fee[0]) * taken
    else:
        fees = settings.maker_fee * made + settings.taker_fee * taken
        for v in range(param.venues):
            fees += param.maker_fee[v] * (ledger.made_at[v] - before.made_at[v])
            fees += param.taker_fee[v] * (ledger.taken_at[v] - before.taken_at[v])
    if param.pool != 0:
        fees += param.pool_fee * (ledger.dark_made + ledger.dark_taken - before.dark_made - before.dark_taken)
    return fees
