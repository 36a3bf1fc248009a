"""One step of an episode, compiled: what is seen, what an action does, what it cost.

1. `begin.begin` puts a warmed-up market with draws of its own into the row, draws an order, and looks.
2. `take_step`: the market runs for the latency, then the action arrives (`act`): a cross, and what the child shall be.
3. The market runs for the rest of the step's messages.
4. At the deadline what is left is crossed at any price, again after further messages while nobody is there.
5. The reward of execution.md: `-[s Σ q (p - m) + fees + s R (m' - m)] / (X m0)`, in basis points, m the mid as the step
   began and R what is left after it; less `λ σ² Δt (R / X)²`. Without λ its sum is minus the shortfall, exactly.
6. `news`: what the exogenous part of the price did to what was left as the step began. Its mean is zero whatever is
   done, so reward plus news has the reward's mean and less noise.
7. `seen.look` fills the sight without our own order; the policy's functions make the observation of it.

Time is the mean time of the messages that passed: a step lasts as long in a busy market as in a quiet one.
"""

from __future__ import annotations

import math

import numpy as np

from tickwright.book.layout import ASK, BID, NIL, Bool, Int, Record, Rows
from tickwright.core.kernel import inline, kernel
from tickwright.learn.begin import begin
from tickwright.learn.layout import ACCOUNT, EPISODE, End
from tickwright.learn.places import act_dark, ask_at, fees_since, lag_of, make_room
from tickwright.learn.seen import look, mid_of, show
from tickwright.strategy.learned.actions import wish
from tickwright.strategy.learned.venues import decode, legal_at
from tickwright.venue.sim.reactive.fetch import fetch_bytes, fetch_rest
from tickwright.venue.sim.reactive.laws import run_beside, run_events
from tickwright.venue.sim.reactive.layout import Ask

_RUNNING, _FILLED, _DEADLINE, _FAULT = int(End.RUNNING), int(End.FILLED), int(End.DEADLINE), int(End.FAULT)
_POST, _AMEND, _CANCEL, _TAKE, _TAKE_ANY, _DARK_AMEND = (
    int(kind) for kind in (Ask.POST, Ask.AMEND, Ask.CANCEL, Ask.TAKE, Ask.TAKE_ANY, Ask.DARK_AMEND)
)
_BPS = 1e4
_EPISODE = EPISODE.itemsize
_PATIENCE = 20
"""Steps' worth of messages that a forced cross may wait for somebody to trade with."""
# -- an action ---------------------------------------------------------------------------------------------------------


@inline(borrow=True)
def act(market: Record, param: Record, settings: Record, episode: Record, action: Int, rows: Rows) -> None:
    """Carry out an action decided on `episode.sight`. What the market refuses by now is not done."""
    task = episode.task
    base, place, dark = decode(action, episode.places)
    if dark >= 0:
        act_dark(market, param, episode, dark, rows)
        return
    venue = place + 1 if param.venues > 1 else np.int64(0)
    crossing, price, rest = wish(base, task, episode.progress, episode.sight)
    own_side = np.int64(BID if task.side > 0 else ASK)
    account = market.accounts[ACCOUNT]
    left = task.quantity - task.side * account.shares
    if crossing > 0 and left > 0:
        make_room(market, param, left - min(crossing, left), rows)
        touch = episode.sight.ask if task.side > 0 else episode.sight.bid
        limit = touch + task.side * settings.reach
        ask_at(market, param, _TAKE, own_side, limit, min(crossing, left), np.int64(NIL), venue, rows)
        left = task.quantity - task.side * account.shares
    if rest < 0:
        return
    rest = min(rest, left)
    if param.pool != 0:
        ask_at(market, param, _DARK_AMEND, own_side, price, np.int64(0), np.int64(NIL), np.int64(0), rows)
    if account.live > 0:
        slot = np.int64(account.slots[0])
        order = market.book.orders[slot]
        lots = np.int64(order.qty)
        if rest > 0 and order.price == price and lots >= rest and (venue == 0 or order.venue == place):
            if lots > rest:
                ask_at(market, param, _AMEND, own_side, price, rest, slot, np.int64(0), rows)
            return
        ask_at(market, param, _CANCEL, own_side, price, lots, slot, np.int64(0), rows)
    if rest > 0:
        ask_at(market, param, _POST, own_side, price, rest, np.int64(NIL), venue, rows)


# -- a step ------------------------------------------------------------------------------------------------------------


@inline(borrow=True)
def heard(settings: Record, episode: Record, reference: Record, action: Int) -> tuple[Int, Int]:
    """(the action, or keep where it is not legal; messages until it arrives)."""
    if not legal_at(action, episode.task, episode.progress, episode.sight, episode.places):
        episode.outcome.refused += 1
        action = np.int64(0)
    return np.int64(action), lag_of(settings, episode, reference, np.int64(action))


@inline(borrow=True)
def late(market: Record, settings: Record, episode: Record, reference: Record) -> Bool:
    """The step's messages have passed: look, and say whether what is left must be crossed now."""
    episode.step += 1
    look(market, settings, episode, reference)
    if episode.progress.remaining == 0:
        episode.outcome.end = _FILLED
    elif episode.step >= settings.steps:
        episode.outcome.end = _DEADLINE
        return True
    return False


@inline(borrow=True)
def take_step(
    market: Record, param: Record, settings: Record, episode: Record, reference: Record, action: Int,
    upcoming: Record, later: Record, rows: Rows,
) -> float:  # fmt: skip
    """One step: the reward. `episode.outcome.end` says whether it was the last. `upcoming` is the market of the next
    row, `later` of the one after it."""
    held, walk = episode.task.side * episode.progress.remaining, market.walk
    action, lag = heard(settings, episode, reference, action)
    if lag > 0:
        run_events(market, param, lag, rows)
    act(market, param, settings, episode, action, rows)
    run_beside(market, param, settings.messages - lag, upcoming, later, rows)
    fetch_rest(upcoming, later, settings.messages - lag)
    if late(market, settings, episode, reference):
        finish(market, param, settings, episode, reference, rows)
    return account_for(market, param, settings, episode, reference, held, walk)


@inline(borrow=True)
def finish(market: Record, param: Record, settings: Record, episode: Record, reference: Record, rows: Rows) -> None:
    """Cross what is left at the deadline, whatever it costs."""
    task, account = episode.task, market.accounts[ACCOUNT]
    make_room(market, param, np.int64(0), rows)
    own_side = np.int64(BID if task.side > 0 else ASK)
    before = account.taken
    left = task.quantity - task.side * account.shares
    ask_at(market, param, _TAKE_ANY, own_side, np.int64(0), left, np.int64(NIL), np.int64(0), rows)
    for _ in range(_PATIENCE):
        left = task.quantity - task.side * account.shares
        if left == 0 or market.fault != 0:
            break
        run_events(market, param, settings.messages, rows)
        ask_at(market, param, _TAKE_ANY, own_side, np.int64(0), left, np.int64(NIL), np.int64(0), rows)
    episode.outcome.forced = account.taken - before
    episode.outcome.unfilled = task.quantity - task.side * account.shares
    look(market, settings, episode, reference)


@inline(borrow=True)
def account_for(
    market: Record, param: Record, settings: Record, episode: Record, reference: Record, held: Int, walk: float
) -> float:
    """The reward of the step that has passed, in basis points, and the outcome brought up to it. As the step began,
    `held` signed lots were left and the news stood at `walk`."""
    task, outcome, account = episode.task, episode.outcome, market.accounts[ACCOUNT]
    mid = mid_of(episode)
    lots = task.side * (account.shares - episode.shares)
    fees = fees_since(market, param, settings, episode)
    # side x sum of q p is what left the account
    ledger = market.ledger[ACCOUNT]
    paid = (episode.cash - account.cash) + 0.5 * (episode.ledger.dark_cash - ledger.dark_cash)
    cost = paid - task.side * lots * episode.mid + fees
    cost += task.side * episode.progress.remaining * (mid - episode.mid)
    scale = _BPS / (task.quantity * task.arrival)
    left = episode.progress.remaining / task.quantity
    elapsed = settings.messages * reference.seconds
    move = _BPS * task.volatility / task.arrival
    horizon = settings.steps * elapsed
    risk = task.risk_aversion / (move * math.sqrt(horizon)) if task.risk_aversion > 0.0 else 0.0
    reward: float = -cost * scale - risk * move * move * elapsed * left * left
    outcome.shortfall += cost * scale
    outcome.fees += fees * scale
    outcome.reward += reward
    outcome.steps, outcome.end_mid = episode.step, mid
    outcome.dark = ledger.dark_made + ledger.dark_taken
    outcome.made, outcome.taken = account.made + ledger.dark_made, account.taken + ledger.dark_taken
    episode.ledger = ledger
    episode.cash, episode.shares, episode.made, episode.taken = (
        account.cash, account.shares, account.made, account.taken,
    )  # fmt: skip
    episode.mid = mid
    episode.news = held * (market.walk - walk) * scale
    if market.fault != 0:
        outcome.end = _FAULT
    return reward


# -- many rows ---------------------------------------------------------------------------------------------------------


@kernel(borrow=True)
def begin_rows(
    markets: Rows, episodes: Rows, first: Int, last: Int, settings: Rows, templates: Rows, kinds: np.ndarray,
    references: Rows, observations: np.ndarray, masks: np.ndarray,
) -> None:  # fmt: skip
    """A new episode in each of the rows first to last - 1."""
    for k in range(first, last):
        begin(markets, k, settings[0], episodes[k], templates, kinds, references)
        show(episodes[k], observations[k], masks[k])


@kernel(borrow=True)
def step_rows(
    markets: Rows, episodes: Rows, first: Int, last: Int, params: Rows, settings: Rows, templates: Rows,
    kinds: np.ndarray, references: Rows, actions: np.ndarray, observations: np.ndarray, masks: np.ndarray,
    rewards: np.ndarray, ends: np.ndarray, finals: np.ndarray, restart: Int, rows: Rows,
) -> None:  # fmt: skip
    """One step in each of the rows first to last - 1; with `restart`, an ended episode is followed by the next one, and
    its last observation is in `finals`."""
    for k in range(first, last):
        upcoming, later = markets[min(k + 1, last - 1)], markets[min(k + 2, last - 1)]
        fetch_bytes(episodes[min(k + 1, last - 1)], _EPISODE)
        episode = episodes[k]
        market = markets[k]
        if episode.outcome.end != _RUNNING:  # not restarted: nothing happens any more
            rewards[k], ends[k], episode.news = 0.0, episode.outcome.end, 0.0
            continue
        param, reference = params[episode.params], references[episode.params]
        rewards[k] = take_step(market, param, settings[0], episode, reference, actions[k], upcoming, later, rows)
        ends[k] = episode.outcome.end
        show(episode, observations[k], masks[k])
        if ends[k] != _RUNNING:
            for i in range(observations.shape[1]):
                finals[k, i] = observations[k, i]
            episodes[k].last = episode.outcome
            if restart != 0:
                begin(markets, k, settings[0], episode, templates, kinds, references)
                show(episode, observations[k], masks[k])
