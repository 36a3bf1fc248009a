"""What an agent may do: post, cancel, take. An owner is an account (1 or 2); account 0 is the background.

`act` is the one entry, so that little is compiled; `Ask` says what.
1. A request that is not legal is an `Answer`, and the market is as it was.
2. After each action the market settles: a quote of an agent inside the spread or a sweep may move the reference, the
   rates of the queues it touched are looked at again, its fills enter the memory of its account.
3. An account never trades with itself: a take first cancels the account's own orders that it could reach, and a post
   that would meet any order, its own too, is refused.

A peg is the caller's: cancel and post as the best moves. No draw of the background is consumed.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.ladder import best
from tickwright.book.layout import ASK, BID, NO_SIDE, Bool, Int, Record, Rows
from tickwright.core.kernel import inline, kernel
from tickwright.venue.sim.reactive import dark, fp, ql, queue_reactive
from tickwright.venue.sim.reactive.draws import AGENT, block_of
from tickwright.venue.sim.reactive.flow import end_message, rest, shorten, withdraw
from tickwright.venue.sim.reactive.laws import settle
from tickwright.venue.sim.reactive.layout import ACCOUNTS, RESTING, Answer, Ask, Model
from tickwright.venue.sim.reactive.trades import CHEAPEST, no_limit, trade, trade_across

_WOULD_CROSS, _TOO_MANY, _BAD_REQUEST = int(Answer.WOULD_CROSS), int(Answer.TOO_MANY), int(Answer.BAD_REQUEST)
_NO_SUCH_ORDER, _STOPPED = int(Answer.NO_SUCH_ORDER), int(Answer.STOPPED)
_QUEUE_REACTIVE, _QL, _FP = int(Model.QUEUE_REACTIVE), int(Model.QL), int(Model.FP)
_POST, _CANCEL, _CANCEL_ALL = int(Ask.POST), int(Ask.CANCEL), int(Ask.CANCEL_ALL)
_TAKE, _TAKE_ANY, _AMEND = int(Ask.TAKE), int(Ask.TAKE_ANY), int(Ask.AMEND)
_DARK_POST, _DARK_AMEND, _DARK_TAKE = int(Ask.DARK_POST), int(Ask.DARK_AMEND), int(Ask.DARK_TAKE)
_ANYWHERE = 0
MOST_LOTS = 10_000_000
"""Largest order of an agent: no level can overflow by the orders it may have."""


@kernel(borrow=True)
def act(
    market: Record, params: Record, kind: Int, account: Int, side: Int, price: Int, lots: Int, slot: Int, out: Rows
) -> Int:
    """`act_at` where no venue is named."""
    return act_at(market, params, kind, account, side, price, lots, slot, np.int64(_ANYWHERE), out)


@kernel(borrow=True)
def act_at(
    market: Record, params: Record, kind: Int, account: Int, side: Int, price: Int, lots: Int, slot: Int, venue: Int,
    out: Rows,
) -> Int:  # fmt: skip
    """One action of an account, by `Ask`. Anything not legal is refused with an Answer (negative).

    `venue` is 1 + the place of a lit venue, or 0: an order then rests at the first, and a take goes by price, the
    cheapest venue first. A take that names a venue stops where another has the better price.

    POST: rest `lots` at the back of the queue at `price`: the slot, which names the order as long as it lives. Legal
    prices lie within half the ladder's dense window of the opposite best, so that no agent fills the table of far
    levels. CANCEL: the order in `slot`: the lots it still had. CANCEL_ALL: every order of the account, likewise, and
    the one in the pool.
    AMEND: the order in `slot` keeps `lots` of its lots and its place: the lots cancelled; for more, cancel and post.
    TAKE: at most `lots` at `price` or better, TAKE_ANY at any price: the lots filled; the rest is dropped.
    DARK_TAKE: at most `lots` in the pool, at the mid: likewise. DARK_POST: the same, and the rest of it rests there:
    the lots filled at once. An account has one order in the pool at most, and what it has there on the other side is
    cancelled first. DARK_AMEND: that order keeps `lots`, and its place; 0 cancels it: the lots cancelled.
    """
    if market.fault != 0:
        return np.int64(_STOPPED)
    if not (1 <= account < ACCOUNTS and 0 <= venue <= params.venues):
        return np.int64(_BAD_REQUEST)
    if kind == _POST:
        answer = _post(market, params, account, side, price, lots, max(venue - 1, np.int64(0)), out)
    elif kind == _CANCEL:
        answer = _cancel(market, params, account, slot, out)
    elif kind == _CANCEL_ALL:
        answer = _cancel_some(market, params, account, np.int64(NO_SIDE), np.int64(0), np.int64(_ANYWHERE), out)
        if params.pool != 0:
            answer += dark.keep(market, account, np.int64(0))
    elif kind == _AMEND:
        answer = _amend(market, params, account, slot, lots, out)
    elif kind in (_TAKE, _TAKE_ANY):
        answer = _take(market, params, account, side, lots, price if kind == _TAKE else no_limit(side), venue, out)
    elif _DARK_POST <= kind <= _DARK_TAKE and params.pool != 0:
        answer = _dark(market, params, kind, account, side, lots, out)
    else:
        return np.int64(_BAD_REQUEST)
    if answer >= 0:
        settle(market, params, block_of(market.seed, market.events), np.int64(AGENT), np.int64(NO_SIDE), out)
    return answer


@inline(borrow=True)
def _illegal(side: Int, lots: Int) -> Bool:
    return not (side in (BID, ASK) and 1 <= lots <= MOST_LOTS)


@inline(borrow=True)
def _post(market: Record, params: Record, account: Int, side: Int, price: Int, lots: Int, venue: Int, out: Rows) -> Int:
    if _illegal(side, lots):
        return np.int64(_BAD_REQUEST)
    opposite = best(market.book.ladder, 1 - side)
    if not abs(price - opposite) < 32 * market.book.ladder.bits0.shape[1]:
        return np.int64(_BAD_REQUEST)
    if (price >= opposite) if side == BID else (price <= opposite):
        return np.int64(_WOULD_CROSS)
    if market.accounts[account].live >= RESTING:
        return np.int64(_TOO_MANY)
    slot = rest(market, account, side, price, lots, venue, out)
    if slot < 0:
        return np.int64(_TOO_MANY)
    end_message(market, out)
    _look(market, params, side, price)
    return slot


@inline(borrow=True)
def _cancel(market: Record, params: Record, account: Int, slot: Int, out: Rows) -> Int:
    if not 0 <= slot < market.book.orders.shape[0]:
        return np.int64(_BAD_REQUEST)
    order = market.book.orders[slot]
    if order.qty == 0 or order.owner != account:
        return np.int64(_NO_SUCH_ORDER)
    lots = np.int64(order.qty)
    _withdraw(market, params, slot, out)
    return lots


@inline(borrow=True)
def _amend(market: Record, params: Record, account: Int, slot: Int, lots: Int, out: Rows) -> Int:
    if not 0 <= slot < market.book.orders.shape[0]:
        return np.int64(_BAD_REQUEST)
    order = market.book.orders[slot]
    if order.qty == 0 or order.owner != account:
        return np.int64(_NO_SUCH_ORDER)
    cancelled = np.int64(order.qty) - lots
    if lots < 1 or cancelled < 0:
        return np.int64(_BAD_REQUEST)
    if cancelled > 0:
        side, price = np.int64(order.side), np.int64(order.price)
        shorten(market, slot, cancelled, out)
        end_message(market, out)
        _look(market, params, side, price)
    return cancelled


@kernel(borrow=True)
def _cancel_some(market: Record, params: Record, account: Int, side: Int, limit: Int, venue: Int, out: Rows) -> Int:
    """Cancel the account's orders that a take could reach: those of `side` at `limit` or nearer, and of a venue if one
    is named. NO_SIDE: all."""
    owner = market.accounts[account]
    lots, i = np.int64(0), np.int64(0)
    for _ in range(RESTING):
        if i >= owner.live:
            break
        slot = np.int64(owner.slots[i])
        order = market.book.orders[slot]
        reached = side == NO_SIDE or (
            order.side == side and ((order.price <= limit) if side == ASK else (order.price >= limit))
            and (venue == _ANYWHERE or order.venue == venue - 1)
        )  # fmt: skip
        if reached:
            lots += np.int64(order.qty)
            _withdraw(market, params, slot, out)
        else:
            i += 1
    return lots


@inline(borrow=True)
def _take(market: Record, params: Record, account: Int, side: Int, lots: Int, limit: Int, venue: Int, out: Rows) -> Int:
    if _illegal(side, lots):
        return np.int64(_BAD_REQUEST)
    hit = 1 - side
    if market.resting > 0:
        _cancel_some(market, params, account, hit, limit, venue, out)
    was_best = best(market.book.ladder, hit)
    if params.venues > 1:
        first = np.int64(CHEAPEST) if venue == _ANYWHERE else venue - 1
        filled = trade_across(market, params, account, side, lots, limit, first, venue != _ANYWHERE, out)
    else:
        filled = trade(market, params, account, side, lots, limit, out)
    if params.model >= _QUEUE_REACTIVE:
        queue_reactive.look_after_trade(market, params, hit, was_best)
    _hear(market, params, side, filled)
    return filled


@kernel(borrow=True)
def _dark(market: Record, params: Record, kind: Int, account: Int, side: Int, lots: Int, out: Rows) -> Int:
    if kind == _DARK_AMEND:
        return np.int64(_BAD_REQUEST) if lots < 0 else dark.keep(market, account, lots)
    if _illegal(side, lots):
        return np.int64(_BAD_REQUEST)
    if dark.place_of(market, account) >= 0 and market.pool.side != side:
        dark.keep(market, account, np.int64(0))
    if kind == _DARK_POST and (dark.place_of(market, account) >= 0 or dark.is_full(market, side)):
        return np.int64(_TOO_MANY)
    filled = dark.cross(market, params, account, side, lots, out)
    if kind == _DARK_POST and filled < lots:
        dark.join(market, account, side, lots - filled, np.int64(dark.FOR_EVER))
    _hear(market, params, side, filled)
    return filled


@inline(borrow=True)
def _hear(market: Record, params: Record, side: Int, filled: Int) -> None:
    """The law hears of what an account took; the tilt follows as the market settles."""
    if params.model == _FP:
        fp.value(market, params)
    elif params.model == _QL:
        ql.hear(market, params, filled if side == BID else -filled)


@kernel(borrow=True)
def _withdraw(market: Record, params: Record, slot: Int, out: Rows) -> None:
    order = market.book.orders[slot]
    side, price = np.int64(order.side), np.int64(order.price)
    withdraw(market, slot, out)
    end_message(market, out)
    _look(market, params, side, price)


@inline(borrow=True)
def _look(market: Record, params: Record, side: Int, price: Int) -> None:
    if params.model >= _QUEUE_REACTIVE:
        queue_reactive.look_apart(market, params, side, queue_reactive.queue_of(market, side, price))
