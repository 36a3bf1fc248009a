"""What is seen of a market in an episode, compiled: the sight without our own order, and what the policy gets of it.

Mids are those of the market without our order, so that an order inside the spread moves nothing that is paid for.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.l3 import ahead_of
from tickwright.book.ladder import best, has, level_size, next_price
from tickwright.book.layout import ASK, BID, NIL, Bool, Int, Record
from tickwright.core.kernel import inline
from tickwright.learn.layout import ACCOUNT
from tickwright.learn.places import look_places
from tickwright.strategy.learned.actions import ACTIONS, legal
from tickwright.strategy.learned.layout import LEVELS
from tickwright.strategy.learned.observation import observe, remember
from tickwright.strategy.learned.venues import legal_at, observe_places, remember_places

_SECOND = 1e9


@inline(borrow=True)
def _without(market: Record, side: Int, own_price: Int, own_lots: Int) -> tuple[Bool, Int]:
    """The best price of a side without `own_lots` at `own_price`: (found, price)."""
    ladder = market.book.ladder
    if not has(ladder, side):
        return False, np.int64(0)
    price = best(ladder, side)
    if own_lots > 0 and price == own_price and level_size(ladder, side, price) <= own_lots:
        return next_price(ladder, side, price)
    return True, price


@inline(borrow=True)
def look(market: Record, settings: Record, episode: Record, reference: Record) -> None:
    """Bring progress and sight up to now."""
    task, progress, sight = episode.task, episode.progress, episode.sight
    account = market.accounts[ACCOUNT]
    progress.remaining = task.quantity - task.side * account.shares
    progress.paid = -task.side * account.cash
    progress.made = account.made
    progress.live, progress.ahead = 0, 0
    own_side = BID if task.side > 0 else ASK
    if account.live > 0:
        episode.child = np.int64(account.slots[0])
        order = market.book.orders[episode.child]
        progress.live, progress.live_price = np.int64(order.qty), np.int64(order.price)
        progress.ahead = ahead_of(market.book, episode.child)[0]
    else:
        episode.child = NIL
    has_bid, bid = _without(market, BID, progress.live_price, progress.live if own_side == BID else 0)
    has_ask, ask = _without(market, ASK, progress.live_price, progress.live if own_side == ASK else 0)
    sight.now = task.start + np.int64(episode.step * settings.messages * reference.seconds * _SECOND)
    sight.quoted = 1 if has_bid and has_ask and bid < ask else 0
    sight.traded = market.volume - account.taken
    sight.signed = market.signed - task.side * account.taken
    if sight.quoted == 1:
        sight.bid, sight.ask = bid, ask
        for i in range(LEVELS):
            sight.bid_sizes[i] = level_size(market.book.ladder, BID, bid - i)
            sight.ask_sizes[i] = level_size(market.book.ladder, ASK, ask + i)
        if progress.live > 0:
            level = task.side * ((bid if own_side == BID else ask) - progress.live_price)
            if 0 <= level < LEVELS:
                if own_side == BID:
                    sight.bid_sizes[level] -= progress.live
                else:
                    sight.ask_sizes[level] -= progress.live
    if episode.places.venues > 1 or episode.places.pool != 0:
        look_places(market, episode)


@inline(borrow=True)
def mid_of(episode: Record) -> float:
    """The mid of what is seen; the last one while a side is empty."""
    mid: float = episode.mid
    if episode.sight.quoted == 1:
        mid = 0.5 * (episode.sight.bid + episode.sight.ask)
    return mid


@inline(borrow=True)
def show(episode: Record, observation: np.ndarray, mask: np.ndarray) -> None:
    """What the policy gets: the observation and which actions are legal."""
    remember(episode.task, episode.progress, episode.sight, episode.recall)
    observe(episode.task, episode.progress, episode.sight, episode.recall, observation)
    remember_places(episode.task, episode.sight, episode.places)
    observe_places(episode.task, episode.progress, episode.sight, episode.places, observation)
    if episode.places.venues > 1 or episode.places.pool != 0:
        for action in range(mask.shape[0]):
            mask[action] = legal_at(action, episode.task, episode.progress, episode.sight, episode.places)
    else:  # whose numbers are those of `actions`
        for action in range(ACTIONS):
            mask[action] = legal(action, episode.task, episode.progress, episode.sight)
