"""Training by an algorithm other than our PPO: validate, train, validate, keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

from tickwright.core.rng import derive
from tickwright.learn.artefact import NetworkPolicy, save
from tickwright.learn.train.config import TrainConfig
from tickwright.learn.train.log import Log
from tickwright.learn.train.problem import Problem
from tickwright.learn.train.trainer import POLICY
from tickwright.learn.train.validation import Decide, validate

_Two: TypeAlias = tuple[dict[str, Any], dict[str, Any]]
"""Of the validations before and after."""


def train_other(config: TrainConfig, problem: Problem, folder: Path, manifest: dict[str, Any], progress: Any) -> _Two:
    """(validation before, validation after) a training that leaves its policy in the folder."""
    log = Log(folder)

    def judged(steps: int, decide: Decide) -> dict[str, Any]:
        progress("validating", steps, config.steps)
        told = validate(problem, 0, decide, config.validation.episodes)
        log.write(steps, "validation", told)
        return told | {"steps": steps}

    try:
        if config.algorithm == "tabular":
            return _table(config, problem, folder, progress, judged)
        return _library(config, problem, folder, manifest, progress, judged)
    finally:
        log.close()


def _table(config: TrainConfig, problem: Problem, folder: Path, progress: Any, judged: Any) -> _Two:
    from tickwright.learn.train.tabular import Table, train_table

    episodes = problem.episodes(0, config.library.environments, "train/0")
    try:
        episodes.reset()
        first = judged(0, Table(config.tabular, episodes.masks.shape[1]).decide)
        seed = derive(config.seed, "learner")
        table = train_table(episodes, config.tabular, config.steps, seed, progress, config.ppo.without_news)
    finally:
        episodes.close()
    table.save(folder)
    return first, judged(config.steps, table.decide)


def _library(
    config: TrainConfig, problem: Problem, folder: Path, manifest: dict[str, Any], progress: Any, judged: Any
) -> _Two:  # fmt: skip
    from tickwright.learn.train.library import Model

    episodes = problem.episodes(0, config.library.environments, "train/0")
    try:
        model = Model(config, episodes)

        def decide() -> Decide:
            return model.remembering() if model.has_memory else NetworkPolicy(model.network()).decide

        first = judged(0, decide())
        model.learn(config.steps, progress)
        best = judged(config.steps, decide())
    finally:
        episodes.close()
    model.save(folder)
    if not model.has_memory:
        policy = problem.policy(model.network(), {"first": first, "best": best, "steps": config.steps}, manifest)
        if policy is not None:
            save(policy, folder / POLICY)
    return first, best
