"""How good a policy is on episodes that it did not learn from: its best action always, the same episodes every time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tickwright.learn.layout import End
from tickwright.learn.train.problem import Episodes, Problem, require_finite

Decide = Callable[[Episodes], np.ndarray]
_ROWS = 1024
_LONGEST = 1_000_000


def validate(problem: Problem, stage: int, decide: Decide, episodes: int) -> dict[str, Any]:
    """Mean reward less the news (basis points, a cost with its sign turned), its standard error, and means of the
    problem's facts. Raises TrainingError where an observation or a reward is not a finite number."""
    rows = min(episodes, _ROWS)
    rewards: list[float] = []
    facts: dict[str, float] = {}
    batch = problem.episodes(stage, rows, "validation", restart=False)
    try:
        for _ in range(math.ceil(episodes / rows)):
            got, told = _play(problem, batch, decide)
            rewards += got
            for name, value in told.items():
                facts[name] = facts.get(name, 0.0) + value
    finally:
        batch.close()
    count = len(rewards)
    mean, error = float(np.mean(rewards)), float(np.std(rewards) / math.sqrt(count))
    return {"episodes": count, "reward": mean, "error": error} | {name: v / count for name, v in facts.items()}


def _play(problem: Problem, batch: Episodes, decide: Decide) -> tuple[list[float], dict[str, float]]:
    """One episode a row, to its end: (rewards of those that the market did not stop, sums of facts)."""
    batch.reset()
    sums, over = np.zeros(batch.count), np.zeros(batch.count, np.bool_)
    faults = np.zeros(batch.count, np.bool_)
    for _ in range(_LONGEST):
        require_finite("observation", batch.observations)
        got = batch.step(decide(batch))
        sums += require_finite("reward", got.rewards + got.news)
        over, faults = got.ends != End.RUNNING, got.ends == End.FAULT
        if over.all():
            break
    return sums[over & ~faults].tolist(), problem.facts(batch, over)
