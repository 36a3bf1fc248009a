"""What a policy costs: the episodes of a seed, played by it from the first to the last.

1. A `Course` holds warmed-up markets and as many rows as are played at a time.
2. Episode i is row i % 1024 and the i // 1024-th of its row: a function of config and seed, whatever plays it, however
   many there are and over however many threads. So two policies meet the same market draws and the same order.
3. In each round every row begins, and all decide and step together until the last has ended: two compiled calls a step.
4. `news` is a control variate, bps: what the exogenous news cost, Σ s R (W' − W) with R left as a step begins. R is
   known before the news of the step is drawn, so its mean is zero whatever the policy; only FP has news apart from the
   orders, elsewhere it is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.learn.batch import ExecutionBatch
from tickwright.learn.config import EpisodeConfig
from tickwright.learn.layout import OUTCOME, End
from tickwright.learn.policies.aim import aimed
from tickwright.learn.policies.port import Policy

SCORE = np.dtype([*OUTCOME.descr, ("news", "<f8")])
"""An OUTCOME, and the news in its shortfall, bps: shortfall less news has the same mean and less noise."""
AT_ONCE = 1_024
"""Rows played at a time. Part of what an index means: episodes differ with it."""

Progress = Callable[[int, int], None]
"""Called with the episodes played, and of how many."""


def _silent(done: int, total: int) -> None:
    pass


class Course:
    """The first `episodes` episodes of a seed, for one policy after another. Raises ConfigError."""

    def __init__(self, config: EpisodeConfig, episodes: int, seed: int, *, threads: int = 1) -> None:
        if episodes < 1:
            raise ConfigError("episodes", episodes, "at least one")
        self.episodes, self.seed = episodes, seed
        self.batch = ExecutionBatch(config, min(episodes, AT_ONCE), seed, threads=threads, restart=False)

    def __enter__(self) -> Course:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.batch.close()

    def play(self, policy: Policy, progress: Progress = _silent) -> np.ndarray:
        """SCORE rows, an episode each."""
        scores = np.zeros(self.episodes, SCORE)
        for rows in self.rounds():
            news = work(self.batch, policy)
            last = self.batch.episodes["last"][: len(scores[rows])]
            for name in OUTCOME.names or ():
                scores[name][rows] = last[name]
            scores["news"][rows] = news[: len(last)]
            progress(rows.stop, self.episodes)
        return scores

    def rounds(self) -> Iterator[slice]:
        """Begin every episode, a round of rows at a time: which of the episodes stand in the batch."""
        self.batch.reseed(self.seed)
        for first in range(0, self.episodes, self.batch.count):
            rows = slice(first, min(first + self.batch.count, self.episodes))
            self.batch.reset()
            self.batch.episodes["outcome"]["end"][rows.stop - first :] = End.FILLED  # nobody asks for these
            yield rows


def work(batch: ExecutionBatch, policy: Policy, step: Callable[[np.ndarray], object] | None = None) -> np.ndarray:
    """Play all rows to their end, by `batch.step` or another one: the news in the shortfall, float64 (K,), bps."""
    take = batch.step if step is None else step
    news, episodes = np.zeros(batch.count), batch.episodes
    for _ in range(batch.config.steps):
        if (episodes["outcome"]["end"] != End.RUNNING).all():
            break
        actions = np.ascontiguousarray(policy.decide(batch), np.int64)
        with aimed(batch, policy, actions):
            take(actions)
        news += episodes["news"]
    return news


def evaluate(
    config: EpisodeConfig, policy: Policy, episodes: int, seed: int, *, threads: int = 1, progress: Progress = _silent
) -> np.ndarray:
    """SCORE rows of the first `episodes` episodes of a seed. Same config, policy and seed: same bytes, over any number
    of threads, and the first rows of more episodes. Raises ConfigError."""
    with Course(config, episodes, seed, threads=threads) as course:
        return course.play(policy, progress)
