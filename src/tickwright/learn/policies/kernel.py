"""One decision of a baseline, compiled, and many of them.

1. Without a quote, or with nothing left, it keeps.
2. Where what is left could else not be crossed any more, it crosses.
3. The schedule says what is overdue and what is due by the end of the step; the placement makes an action of it.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.layout import Int, Record, Rows
from tickwright.core.kernel import inline, kernel
from tickwright.learn.layout import End
from tickwright.learn.policies.layout import Placement
from tickwright.learn.policies.placements import at_random, by_heuristic, cross_all, place, too_late
from tickwright.learn.policies.schedules import scheduled
from tickwright.strategy.learned.actions import KEEP

_RUNNING = int(End.RUNNING)
_HEURISTIC, _RANDOM = int(Placement.HEURISTIC), int(Placement.RANDOM)


@inline
def decide(policy: Record, table: np.ndarray, settings: Record, episode: Record) -> Int:
    """The action of a POLICY row for an EPISODE row; `table` is its `schedules.curve`."""
    if policy.placement == _RANDOM:
        return at_random(policy, episode)
    task, progress, sight = episode.task, episode.progress, episode.sight
    if sight.quoted == 0 or progress.remaining <= 0:
        return KEEP
    if too_late(task, progress, settings.steps - episode.step):
        return cross_all(task, progress)
    by_now, by_end = scheduled(policy, table, settings, episode)
    done = task.quantity - progress.remaining
    if policy.placement == _HEURISTIC:
        return by_heuristic(policy, by_now - done, by_end - done, task, progress, sight)
    return place(policy, by_now - done, by_end - done, task, progress, sight)


@kernel
def decide_rows(policies: Rows, table: np.ndarray, settings: Rows, episodes: Rows, actions: np.ndarray) -> None:
    """An action for every row, by the one row of `policies`; keep where the episode has ended."""
    for k in range(episodes.shape[0]):
        actions[k] = KEEP
        if episodes[k].outcome.end == _RUNNING:
            actions[k] = decide(policies[0], table, settings[0], episodes[k])
