"""Training by an algorithm other than our PPO: validate, train, validate, keep the best."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tickwright.core.errors import TrainingError
from tickwright.core.rng import derive
from tickwright.learn.artefact import NetworkPolicy, save
from tickwright.learn.train.config import TrainConfig
from tickwright.learn.train.folder import LEFT
from tickwright.learn.train.log import Log
from tickwright.learn.train.problem import Problem, Taken
from tickwright.learn.train.rollout import Running
from tickwright.learn.train.trainer import POLICY
from tickwright.learn.train.validation import Decide, validate


@dataclass(frozen=True, eq=False)
class Learned:
    """What came of a training: validations before it and of the best policy, the steps taken, and why it ended."""

    first: dict[str, Any]
    best: dict[str, Any]
    steps: int
    why: str


def train_other(
    config: TrainConfig, problem: Problem, folder: Path, manifest: dict[str, Any], progress: Any
) -> Learned:  # fmt: skip
    """A training that leaves the best of its validated policies in the folder. Raises TrainingError."""
    training = _Training(config, problem, folder, manifest, progress)
    try:
        return training.by_table() if config.algorithm == "tabular" else training.by_library()
    except TrainingError as error:
        kept = [str(folder / name) for name in LEFT if (folder / name).exists()]
        error.add_note(f"the last good policy is {kept[0] if kept else 'none'}")
        raise
    finally:
        training.close()


class _Training:
    """One training: its episodes, its log, and how it was judged so far."""

    def __init__(
        self, config: TrainConfig, problem: Problem, folder: Path, manifest: dict[str, Any], progress: Any
    ) -> None:
        self._config, self._problem, self._folder = config, problem, folder
        self._manifest, self._progress = manifest, progress
        count = config.library.environments
        self._log = Log(folder, board=config.tensorboard)
        self._episodes = problem.episodes(0, count, "train/0")
        self._running = Running(np.zeros(count))
        self._logged, self._judged, self._stale = 0, 0, 0
        self._first: dict[str, Any] | None = None
        self._best: dict[str, Any] | None = None

    def close(self) -> None:
        """End episodes and log."""
        self._episodes.close()
        self._log.close()

    def by_table(self) -> Learned:
        """Q-learning on buckets, judged before and after: between its rounds it explores."""
        from tickwright.learn.train.tabular import Table, train_table

        config, episodes = self._config, self._episodes
        episodes.reset()
        self._judge(0, Table(config.tabular, episodes.masks.shape[1]).decide)
        given = episodes, config.tabular, config.steps, derive(config.seed, "learner"), self._progress
        table = train_table(*given, config.ppo.without_news, self._watch)
        self._tell(config.steps, {})
        table.save(self._folder)
        self._best = None  # the table that nothing was written into is no policy
        self._judge(config.steps, table.decide)
        return self._learned(config.steps, f"{config.steps:,} steps")

    def by_library(self) -> Learned:
        """An algorithm of Stable-Baselines3 or sb3-contrib, judged on its way."""
        from tickwright.learn.train.library import Model

        config, ways = self._config, self._config.validation
        model = Model(config, self._episodes, self._watch)
        each = config.library.environments * config.ppo.rollout

        def between(steps: int, told: dict[str, float]) -> bool:
            self._progress("training", min(steps, config.steps), config.steps)
            if steps - self._logged >= each:
                self._tell(steps, told)
            if steps - self._judged >= ways.every and steps < config.steps:
                self._judge_model(steps, model)
            return not 0 < ways.patience <= self._stale

        self._judge_model(0, model)
        steps, told = model.learn(config.steps, between)
        self._tell(steps, told)
        why = f"{config.steps:,} steps"
        if steps < config.steps:
            why = f"no better policy in {self._stale} validations"
        else:
            self._judge_model(steps, model)
        return self._learned(steps, why)

    def _watch(self, got: Taken) -> None:
        self._running.take(self._problem, self._episodes, got)

    def _tell(self, steps: int, told: dict[str, float]) -> None:
        """A line about what was trained on since the last one."""
        self._log.write(steps, "train", told | self._running.means())
        self._logged = steps

    def _judge_model(self, steps: int, model: Any) -> None:
        """Validate what a model of the library has learned, and keep it where it is the best so far."""
        decide = model.remembering() if model.has_memory else NetworkPolicy(model.network()).decide
        if not self._judge(steps, decide):
            return
        model.save(self._folder)
        if not model.has_memory:
            metrics = {"first": self._first, "best": self._best, "steps": steps}
            policy = self._problem.policy(model.network(), metrics, self._manifest)
            if policy is not None:
                save(policy, self._folder / POLICY)

    def _judge(self, steps: int, decide: Decide) -> bool:
        """Whether this is the best policy so far."""
        self._progress("validating", min(steps, self._config.steps), self._config.steps)
        told = validate(self._problem, 0, decide, self._config.validation.episodes)
        self._log.write(steps, "validation", told)
        self._judged, self._stale = steps, self._stale + 1
        self._first = self._first or told
        better = self._best is None or told["reward"] > self._best["reward"]
        if better:
            self._best, self._stale = told | {"steps": steps}, 0
        return better

    def _learned(self, steps: int, why: str) -> Learned:
        assert self._first is not None
        assert self._best is not None
        return Learned(self._first, self._best, steps, why)
