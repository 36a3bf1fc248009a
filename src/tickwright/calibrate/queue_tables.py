"""Intensity tables of a queue-reactive book from the states of a day.

Estimator (Huang, Lehalle, Rosenbaum 2015): events in a state over seconds in it, so that a unit of model time is a
second. States that the day hardly knows lean on the rest of their queue: with n events in T seconds the rate is
(n + w) / (T + w / r), r the rate of the queue as a whole, w = `PSEUDO` events (the mean of a Gamma posterior). For
cancels r is c q^`POWER`, the law of the default tables.
"""

from __future__ import annotations

import numpy as np

from tickwright.calibrate.queue_states import QueueStates
from tickwright.core.errors import ConfigError
from tickwright.venue.sim.reactive.layout import DEPTH, VOLUMES
from tickwright.venue.sim.reactive.parameters import Numbers, Queues

PSEUDO = 8.0
POWER = 0.85
SEEN = 0.15
"""A queue is estimated where the feed shows it whole for this share of the time; deeper ones repeat the last."""
SMALL_BOOK = 240.0
"""Orders of the stationary book: as many as the default layout of a market, in which policies train, has room for
twice."""
MOST_ORDERS = 2_000.0
"""The same where the larger layout may be taken."""


def tables_of(states: QueueStates, theta: float, deepest: int = DEPTH, most_orders: float = SMALL_BOOK) -> Queues:
    """The tables, `deepest` queues at most, fewer where the book would have more than `most_orders`. Raises ConfigError
    where the day shows no queue at all."""
    seconds = states.seconds.sum(1)
    known = int(np.sum(seconds >= SEEN * seconds[0])) if seconds[0] > 0 else 0
    if not (states.limit[:known].sum() and states.cancel[:known, 1:].sum() and states.market.sum()):
        raise ConfigError("model", "queues", "a day with limit orders, cancels and market orders near the mid")
    limit, cancel = [], []
    for i in range(known):
        arriving, leaving = limit_row(states, i), cancel_row(states, i)
        arriving[-1] = min(arriving[-1], 0.9 * leaving[-1])
        limit.append(_plain(arriving))
        cancel.append(_plain(leaving))
    market = _plain(market_row(states))
    for depth in range(max(deepest, 2), 1, -1):
        rows = [min(i, known - 1) for i in range(depth)]
        found = Queues(tuple(limit[i] for i in rows), tuple(cancel[i] for i in rows), market, theta, 0.0)
        if found.mean_orders() <= most_orders:
            return found
    raise ConfigError("model", "queues", f"a book of at most {most_orders:g} typical orders on two levels a side")


def room_of(queues: Queues) -> float:
    """The orders that a fit may come to from a book: one small enough to train in stays so."""
    return SMALL_BOOK if queues.mean_orders() <= SMALL_BOOK else MOST_ORDERS


def limit_row(states: QueueStates, i: int) -> np.ndarray:
    """Limit orders a second, by the queue's volume; where a day saw none, as if it had seen half of one."""
    events, seconds = states.limit[i], states.seconds[i]
    return _leaning(events, seconds, np.full(VOLUMES, max(0.5, events.sum()) / seconds.sum()))


def cancel_row(states: QueueStates, i: int) -> np.ndarray:
    """Cancels a second; an empty queue has none. A queue that hardly saw any leans on all queues together."""
    law = np.arange(VOLUMES) ** POWER
    events = np.where(law > 0, states.cancel, 0.0)
    held = (states.seconds * law).sum(1)
    own = slice(i, i + 1) if events[i].sum() >= PSEUDO and held[i] > 0 else slice(None)
    row = _leaning(events[i], states.seconds[i], law * events[own].sum() / held[own].sum())
    row[0] = 0.0
    return row


def market_row(states: QueueStates) -> np.ndarray:
    """Market orders a second that hit a best queue, by its volume."""
    whole = states.market.sum() / states.best_seconds.sum()
    return _leaning(states.market, states.best_seconds, np.full(VOLUMES, whole))


def _leaning(events: np.ndarray, seconds: np.ndarray, law: np.ndarray) -> np.ndarray:
    safe = np.where(law > 0, law, 1.0)
    return np.where(law > 0, (events + PSEUDO) / (seconds + PSEUDO / safe), 0.0)


def _plain(row: np.ndarray) -> Numbers:
    return tuple(round(float(rate), 9) for rate in row)
