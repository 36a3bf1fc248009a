"""Intensity tables of a queue-reactive book from the states of a day.

Estimator (Huang, Lehalle, Rosenbaum 2015): events in a state over seconds in it, so that a unit of model time is a
second. States that the day hardly knows lean on the rest of their queue: with n events in T seconds the rate is
(n + w) / (T + w / r), r the rate of the queue as a whole, w = `PSEUDO` events (the mean of a Gamma posterior). For
cancels r is c q^`POWER`, the law of the default tables.

A rate by state is not all that moves a queue: hours, activity and prices that go on make rates and states go together,
and a market that has these as well would have them twice. So tables are taken `towards` the day by what a market with
them shows of its own states.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tickwright.calibrate.queue_states import QueueStates
from tickwright.core.errors import ConfigError
from tickwright.venue.sim.reactive.layout import DEPTH, VOLUMES
from tickwright.venue.sim.reactive.parameters import Numbers, Queues

PSEUDO = 8.0
_LESS = 0.9
"""Limit orders that a queue longer than all tables has, of its cancels, or it would grow."""
PARTS = (1, 2, 3, 5, 8, 12, 18, 28)
"""First volumes of the parts by which tables are corrected."""
STEP, MOST_STEP = 0.7, 1.5
"""Of the way, in logarithms, and the most that a rate is multiplied or divided by in a step."""
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
        arriving[-1] = min(arriving[-1], _LESS * leaving[-1])
        limit.append(_plain(arriving))
        cancel.append(_plain(leaving))
    market = _plain(market_row(states))
    for depth in range(max(deepest, 2), 1, -1):
        rows = [min(i, known - 1) for i in range(depth)]
        found = Queues(tuple(limit[i] for i in rows), tuple(cancel[i] for i in rows), market, theta, 0.0)
        if found.mean_orders() <= most_orders:
            return found
    raise ConfigError("model", "queues", f"a book of at most {most_orders:g} typical orders on two levels a side")


def towards(queues: Queues, recorded: QueueStates, simulated: QueueStates) -> Queues:
    """Tables a step nearer to those with which simulated states see as many events as the recorded ones in the same
    time: part by part of the volumes, and the less the less of a part either has seen. Their common pace is the
    clock's, and how many market orders there are is a moment: of both only the shape changes. How an empty queue is
    filled does not: the spread is fitted by it."""
    market = _compared(recorded.market, recorded.best_seconds, simulated.market, simulated.best_seconds)
    pairs = [
        _compared(getattr(recorded, name)[i], recorded.seconds[i], getattr(simulated, name)[i], simulated.seconds[i])
        for name in ("limit", "cancel")
        for i in range(len(queues.limit))
    ]
    factors = _factors(pairs)
    limit = [_times(row, by) for row, by in zip(queues.limit, factors[: len(pairs) // 2], strict=True)]
    cancel = [_times(row, by) for row, by in zip(queues.cancel, factors[len(pairs) // 2 :], strict=True)]
    shorter = [
        row if row[-1] < gone[-1] else (*row[:-1], _LESS * gone[-1]) for row, gone in zip(limit, cancel, strict=True)
    ]
    return dataclasses.replace(
        queues, limit=tuple(shorter), cancel=tuple(cancel), market=_times(queues.market, _factors([market])[0])
    )


def _compared(
    events: np.ndarray, seconds: np.ndarray, found: np.ndarray, found_seconds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Events of each part of the volumes, recorded and simulated, in the time of whichever saw less of it."""
    wanted, held = np.add.reduceat(events, PARTS).astype(float), np.add.reduceat(seconds, PARTS)
    seen, spent = np.add.reduceat(found, PARTS).astype(float), np.add.reduceat(found_seconds, PARTS)
    least = np.minimum(held, spent)
    share, found_share = (np.divide(least, a, out=np.zeros_like(least), where=a > 0) for a in (held, spent))
    return wanted * share, seen * found_share


def _factors(pairs: list[tuple[np.ndarray, np.ndarray]]) -> list[np.ndarray]:
    """What rates are multiplied by, by volume, so that all together come as often as they do."""
    wanted, found = (sum(float(pair[k].sum()) for pair in pairs) for k in range(2))
    pace = wanted / found if wanted > 0 and found > 0 else 1.0
    ends = np.log([*PARTS[1:], VOLUMES])
    middles, volumes = (np.log(PARTS) + ends) / 2, np.log(np.maximum(np.arange(VOLUMES), 1))
    made = []
    for events, seen in pairs:
        steps = ((events + PSEUDO) / (seen * pace + PSEUDO)) ** STEP
        by = np.interp(volumes, middles, np.clip(steps, 1 / MOST_STEP, MOST_STEP))
        by[0] = 1.0
        made.append(by)
    return made


def _times(row: Numbers, factors: np.ndarray) -> Numbers:
    """A table, whose last entry holds for every larger volume, multiplied."""
    return _plain(np.array([*row, *(VOLUMES - len(row)) * [row[-1]]]) * factors)


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
