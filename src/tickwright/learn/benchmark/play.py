"""The episodes of a seed played by a policy, its costs taken apart: SCORE rows, and a SPLIT row each.

    shortfall = spread + adverse selection + own impact + drift + fees

1. spread: half-spreads as they were seen at the decision, paid by takes and earned by fills at rest.
2. adverse selection: fills at rest against the mid at the end of their step, beyond the half-spread they were for.
3. own impact: what takes paid beyond the touch, and how what was still to do got dearer because the mid is not that of
   the same seed without us. With latency also what moved while an order was on its way.
4. drift: what that market without us did to what was still to do. A policy that foresees it has it below zero.
5. fees.

Sums of 1 to 4 are whole half ticks times lots: they add up to the shortfall to the last one.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import TracebackType

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.parts import in_parts
from tickwright.learn.benchmark.kernel import TALLY, tallied_rows
from tickwright.learn.config import EpisodeConfig
from tickwright.learn.layout import OUTCOME
from tickwright.learn.policies import SCORE, Course, Policy
from tickwright.learn.policies.course import Progress, work
from tickwright.strategy.learned.actions import KEEP
from tickwright.venue.sim.reactive.driver import NO_ROWS
from tickwright.venue.sim.reactive.prepare import prepare

PARTS = ("spread", "adverse_selection", "own_impact", "drift", "fees")
SPLIT = np.dtype([(name, "<f8") for name in PARTS])
"""bps of quantity times arrival."""
WHOLE = np.dtype([(name, "<i8") for name in PARTS[:-1]])
"""The same before division, half ticks times lots, without fees."""


def _silent(done: int, total: int) -> None:
    pass


class Ground:
    """The first `episodes` episodes of a seed, for one policy after another. Raises ConfigError."""

    def __init__(self, config: EpisodeConfig, episodes: int, seed: int, *, threads: int = 1) -> None:
        if config.pool:
            raise ConfigError("markets", "a dark pool", "markets without one: fills at the mid have no half-spread")
        self._course = Course(config, episodes, seed)
        self.batch, self.episodes = self._course.batch, episodes
        self._params = np.concatenate([prepare(market) for market in config.markets])
        self._threads, self._pool = threads, ThreadPoolExecutor(threads - 1) if threads > 1 else None
        self._idle: np.ndarray | None = None

    def __enter__(self) -> Ground:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.batch.close()
        if self._pool is not None:
            self._pool.shutdown()

    def facts(self, progress: Progress = _silent) -> dict[str, float]:
        """What the market is like while nobody but the background trades: spread in ticks, depth at the best and volume
        a message in lots, and how far the mid moves over an episode, ticks (root of the mean square)."""
        found = self.batch.references
        idle = self._without_us(progress)
        moved = 0.5 * (idle[:, -1] - idle[:, 0])
        facts = {name: float(found[name].mean()) for name in ("spread", "depth", "volume")}
        return facts | {"move": float(np.sqrt(np.mean(moved**2)))}

    def play(
        self, policy: Policy, episodes: int | None = None, progress: Progress = _silent
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(SCORE rows, as `evaluate`'s; SPLIT rows; WHOLE rows) of the first so many episodes, or of all."""
        idle, count = self._without_us(progress), self.episodes if episodes is None else min(episodes, self.episodes)
        self._course.episodes = count
        try:
            return self._play(policy, idle, count, progress)
        finally:
            self._course.episodes = self.episodes

    def _play(
        self, policy: Policy, idle: np.ndarray, episodes: int, progress: Progress
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        scores, whole = np.zeros(episodes, SCORE), np.zeros(episodes, WHOLE)
        batch, steps = self.batch, self.batch.config.steps
        for rows in self._course.rounds():
            tallies, mids, held = self._sums()
            news = work(batch, policy, partial(self._step, tallies=tallies, mids=mids, held=held))
            count = rows.stop - rows.start
            last = batch.episodes["last"][:count]
            for name in OUTCOME.names or ():
                scores[name][rows] = last[name]
            scores["news"][rows] = news[:count]
            anyway = (held[:count, : steps + 1] * np.diff(idle[rows], axis=1)).sum(axis=1)
            whole["spread"][rows], whole["adverse_selection"][rows] = (
                tallies["spread"][:count],
                tallies["adverse"][:count],
            )
            whole["own_impact"][rows] = (tallies["beyond"] + tallies["unpaired"])[:count] - anyway
            whole["drift"][rows] = anyway
            progress(rows.stop, episodes)
        return scores, in_bps(whole, scores), whole

    def _sums(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        count, steps = self.batch.count, self.batch.config.steps
        return np.zeros(count, TALLY), np.zeros((count, steps + 2), np.int64), np.zeros((count, steps + 2), np.int64)

    def _step(self, actions: np.ndarray, tallies: np.ndarray, mids: np.ndarray, held: np.ndarray) -> None:
        batch = self.batch

        def part(first: int, last: int) -> None:
            tallied_rows(
                batch.markets, batch.episodes, first, last, self._params, batch.settings, batch.references, actions,
                batch.observations, batch.masks, tallies, mids, held, NO_ROWS,
            )  # fmt: skip

        in_parts(batch.count, part, self._pool, self._threads)

    def _without_us(self, progress: Progress) -> np.ndarray:
        """Twice the mid at each decision, at the deadline and after it, of the same seeds while we do nothing: int64
        (episodes, steps + 2). Nothing moves after the deadline."""
        if self._idle is None:
            batch, steps = self.batch, self.batch.config.steps
            self._idle = np.zeros((self.episodes, steps + 2), np.int64)
            idle = np.full(batch.count, KEEP)
            for rows in self._course.rounds():
                count = rows.stop - rows.start
                tallies, mids, held = self._sums()
                mids[:, 0] = np.rint(2.0 * batch.episodes["mid"])
                batch.settings["steps"] = steps + 1  # so that nothing is crossed at the deadline
                try:
                    for _ in range(steps):
                        self._step(idle, tallies, mids, held)
                finally:
                    batch.settings["steps"] = steps
                mids[:, steps + 1] = mids[:, steps]
                self._idle[rows] = mids[:count]
                progress(0, self.episodes)
        return self._idle


def in_bps(whole: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """SPLIT rows of WHOLE ones."""
    split = np.zeros(len(whole), SPLIT)
    scale = 0.5 * 1e4 / np.maximum(scores["quantity"] * scores["arrival"], 1e-300)
    for name in WHOLE.names or ():
        split[name] = whole[name] * scale
    split["fees"] = scores["fees"]
    return split
