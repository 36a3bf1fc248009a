"""An episode begins, compiled: a warmed-up market with draws of its own, and an order.

Nothing here draws from the market's chances: the draws of an episode are a function of its seed alone.
"""

from __future__ import annotations

import math

import numpy as np

from tickwright.book.layout import NIL, Int, Record, Rows
from tickwright.core.kernel import inline
from tickwright.core.rng import hash64, to_unit
from tickwright.learn.layout import ACCOUNT, End
from tickwright.learn.places import begin_places
from tickwright.learn.seen import look, mid_of
from tickwright.strategy.learned.observation import weigh
from tickwright.venue.sim.reactive.laws import draw_wait
from tickwright.venue.sim.reactive.restart import begin_from

_RUNNING = int(End.RUNNING)
_SECOND = 1e9
_SIDE, _SIZE, _RISK, _TEMPLATE, _MARKET = (np.uint64(i) for i in range(5))


@inline(borrow=True)
def _draw(settings: Record, row: Int, serial: Int, place: np.uint64) -> np.uint64:
    """A draw for an episode: a function of the seed, the row, the number of the episode and the place alone."""
    return hash64(hash64(settings.seed, np.uint64(row)), np.uint64(serial) * np.uint64(8) + place)


@inline(borrow=True)
def begin(
    markets: Rows, row: Int, settings: Record, episode: Record, templates: Rows, kinds: np.ndarray, references: Rows
) -> None:
    """Put a fresh market and a fresh order into the row. `kinds[t]` is the row of parameters of template t."""
    serial = episode.serial
    chosen = np.int64(to_unit(_draw(settings, row, serial, _TEMPLATE)) * templates.shape[0])
    seed = _draw(settings, row, serial, _MARKET)
    begin_from(markets[row : row + 1], templates, chosen, seed)
    markets[row].events = 0
    draw_wait(markets[row])
    _new_order(markets[row], settings, episode, references[kinds[chosen]], row)
    episode.params = kinds[chosen]
    episode.outcome.template, episode.outcome.seed = chosen, seed
    episode.serial = serial + 1


@inline(borrow=True)
def _new_order(market: Record, settings: Record, episode: Record, reference: Record, row: Int) -> None:
    task, outcome, serial = episode.task, episode.outcome, episode.serial
    horizon = settings.steps * settings.messages * reference.seconds
    volume = settings.steps * settings.messages * reference.volume
    share = to_unit(_draw(settings, row, serial, _SIZE))
    share = settings.smallest + share * (settings.largest - settings.smallest)
    task.side = settings.side
    if settings.side == 0:
        task.side = 1 if to_unit(_draw(settings, row, serial, _SIDE)) < 0.5 else -1
    task.quantity = max(np.int64(share * volume), 1)
    task.start, task.deadline = 0, np.int64(horizon * _SECOND)
    task.slice = max(np.int64(math.ceil(task.quantity / settings.slices)), np.int64(reference.typical), 1)
    task.typical_spread, task.typical_depth = reference.spread, reference.depth
    task.volatility, task.volume, task.slope = reference.volatility, volume, 0.0
    task.latency = settings.latency * reference.seconds * _SECOND
    task.fee_edge = settings.taker_fee - settings.maker_fee
    episode.step, episode.child = 0, NIL
    episode.progress.live, episode.progress.live_price = 0, 0
    episode.recall.begun = 0
    begin_places(settings, episode, reference)
    episode.mid = 0.5 * market.twice_mid
    look(market, settings, episode, reference)
    episode.mid = mid_of(episode)
    task.arrival = episode.mid
    risk = 0.0
    if settings.risk_high > 0.0:
        u = to_unit(_draw(settings, row, serial, _RISK))
        risk = settings.risk_low * (settings.risk_high / settings.risk_low) ** u
    task.risk_aversion = weigh(task, risk)
    account = market.accounts[ACCOUNT]
    episode.cash, episode.shares, episode.made, episode.taken = account.cash, account.shares, 0, 0
    episode.ledger = market.ledger[ACCOUNT]
    outcome.end, outcome.side, outcome.quantity, outcome.steps = _RUNNING, task.side, task.quantity, 0
    outcome.shortfall, outcome.reward, outcome.fees = 0.0, 0.0, 0.0
    outcome.forced, outcome.unfilled, outcome.made, outcome.taken, outcome.refused = 0, 0, 0, 0, 0
    outcome.dark = 0
    outcome.arrival, outcome.end_mid = task.arrival, task.arrival
