"""Schedules: the lots that shall be done by the end of a step.

| name | share of the order that is due by the share u of the horizon |
|---|---|
| twap | u |
| vwap | predicted volume so far over that of the horizon: `expm1(2su)/expm1(2s)`, s the predicted slope |
| pov | others' volume so far times rate / (1 - rate); without a rate, over the forecast volume |
| ac | Almgren–Chriss for an urgency (`strategy.intraday.almgren_chriss`) |
| ow | Obizhaeva–Wang for an exponential decay (`strategy.intraday.obizhaeva_wang`) |
| once | all, from the first step on |

The volume curve is the exponential whose second half has e^s times the volume of its first, s being `task.slope`: with
no slope vwap is twap. All but vwap and pov are the same for every order of as many steps, a table (`curve`). Lots are
whole, half a lot upwards; by the last step's end all are due.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from tickwright.core.kernel import inline
from tickwright.learn.policies.layout import Schedule
from tickwright.strategy.intraday.almgren_chriss import trajectory
from tickwright.strategy.intraday.obizhaeva_wang import exponential, kernel_matrix, optimal_trades
from tickwright.strategy.learned.layout import Int, Record

_VWAP, _POV = int(Schedule.VWAP), int(Schedule.POV)


@lru_cache(maxsize=64)
def curve(schedule: Schedule, steps: int, urgency: float, half_life: float) -> np.ndarray:
    """Share of an order that is due at the edges of its steps, float64 (steps + 1,), from 0 to 1. `half_life` is a
    share of the horizon. Raises ConfigError as the closed forms do."""
    edges = np.linspace(0.0, 1.0, steps + 1)
    shares: np.ndarray
    if schedule is Schedule.AC:
        shares = 1.0 - trajectory(1.0, urgency, edges)
    elif schedule is Schedule.OW:
        trades = optimal_trades(kernel_matrix(exponential(half_life), edges[:-1]), 1.0)
        shares = np.concatenate(([0.0], np.cumsum(trades)))
    elif schedule is Schedule.ONCE:
        shares = np.ones(steps + 1)
    else:
        shares = edges
    shares[0], shares[-1] = 0.0, 1.0
    shares.setflags(write=False)
    return shares


@inline
def _whole(lots: float, task: Record) -> Int:
    return min(np.int64(math.floor(lots + 0.5)), task.quantity)


@inline
def _along(policy: Record, table: np.ndarray, task: Record, step: Int, steps: Int) -> Int:
    """Due by the end of `step` steps, of a schedule that does not look at the market."""
    share = np.float64(table[step])
    if policy.schedule == _VWAP and task.slope != 0.0:
        share = np.float64(math.expm1(2.0 * task.slope * step / steps) / math.expm1(2.0 * task.slope))
    return _whole(share * task.quantity, task)


@inline
def _taking_part(policy: Record, task: Record, others: float) -> Int:
    """Due once others have traded so many lots."""
    share = policy.rate / (1.0 - policy.rate) if policy.rate > 0.0 else task.quantity / max(task.volume, 1.0)
    return _whole(share * others, task)


@inline
def scheduled(policy: Record, table: np.ndarray, settings: Record, episode: Record) -> tuple[Int, Int]:
    """(lots that should be done by now, lots that shall be done by the end of the step that begins)."""
    task, step, steps = episode.task, np.int64(episode.step), np.int64(settings.steps)
    if step + 1 >= steps:
        by_end = np.int64(task.quantity)
    elif policy.schedule == _POV:
        others = episode.sight.traded - episode.recall.first_traded
        by_end = _taking_part(policy, task, others + task.volume / steps)
    else:
        by_end = _along(policy, table, task, step + 1, steps)
    if policy.schedule == _POV:
        by_now = _taking_part(policy, task, np.float64(episode.sight.traded - episode.recall.first_traded))
    else:
        by_now = _along(policy, table, task, step, steps)
    return by_now, by_end
