"""Training by PPO, from a configuration to a policy in a file.

1. Without a checkpoint: a learner of random weights; what a teacher does is imitated, if there is one.
2. Again and again: a rollout, an update, a line in the log. The observations of a rollout go into the normalisation
   after its update, so that the policy that is updated is the one that acted.
3. Every so often the policy is validated; the best so far is `policy.twp`.
4. Every so often everything is written down. A training that goes on from there ends in the same bytes.
5. It ends after all steps, or where validation gets no better, or with an error that names the last good checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tickwright.core.errors import TrainingError
from tickwright.core.ids import fingerprint
from tickwright.core.rng import derive
from tickwright.learn.artefact import NetworkPolicy, save
from tickwright.learn.train import checkpoint as checkpoints
from tickwright.learn.train.checkpoint import Checkpoint
from tickwright.learn.train.config import TrainConfig
from tickwright.learn.train.log import Log
from tickwright.learn.train.manifest import configuration
from tickwright.learn.train.ppo import Learner
from tickwright.learn.train.problem import Episodes, Problem
from tickwright.learn.train.rollout import Running, collect
from tickwright.learn.train.teachers import Teacher
from tickwright.learn.train.validation import validate
from tickwright.strategy.learned.network import Network

POLICY = "policy.twp"
Progress = Callable[[str, int, int], None]
"""Called with what is being done, steps done and steps in all."""


@dataclass(frozen=True, eq=False)
class Trained:
    """What came of a training."""

    network: Network
    """The best one that was validated."""
    steps: int
    first: dict[str, Any]
    """Of the validation before any update; `best` of the best one."""
    best: dict[str, Any]
    why: str
    """Why it ended."""


@dataclass(eq=False)
class _State:
    """Where a training stands, besides the learner and its episodes."""

    steps: int = 0
    stage: int = -1
    validated: int = -1
    """Steps at the last validation; -1 before any."""
    stale: int = 0
    """Validations since the best one."""
    first: dict[str, Any] | None = None
    best: dict[str, Any] | None = None


class Trainer:
    """One training, going on in a folder."""

    def __init__(
        self, config: TrainConfig, problem: Problem, folder: Path, manifest: dict[str, Any], *, resume: bool = False,
        teacher: Teacher | None = None, progress: Progress = lambda what, done, total: None,
    ) -> None:  # fmt: skip
        self._config, self._problem, self._folder, self._manifest = config, problem, folder, manifest
        self._teacher, self._progress = teacher, progress
        self._configuration = fingerprint(configuration(config))
        self._state = _State()
        found = checkpoints.newest(folder, self._configuration) if resume else None
        stage = config.stage_at(0) if found is None else int(found.about["state"]["stage"])
        self._episodes: Episodes = self._open(stage)
        observed, actions = self._episodes.observations.shape[1], self._episodes.masks.shape[1]
        self._learner = Learner(config.ppo, observed, actions, derive(config.seed, "learner"), config.device)
        self._running = Running(np.zeros(config.ppo.environments))
        self._best = self._network()
        if found is None:
            self._begin_stage(stage)
            for old in checkpoints.stored(folder):
                old.unlink()
        else:
            self._go_on(found)
        self._resumed = found is not None

    def run(self, until: int | None = None) -> Trained:
        """Train up to `until` steps in all (None: those of the configuration). Raises TrainingError."""
        state, config = self._state, self._config
        end = config.steps if until is None else min(until, config.steps)
        self._log = Log(self._folder, state.steps if self._resumed else None, config.tensorboard)
        try:
            if state.validated < 0:
                self._validate()
                self._imitate()
            why = f"{end:,} steps"
            while state.steps < end:
                if 0 < config.validation.patience <= state.stale:  # before a step, so that a resumed one ends here too
                    why = f"no better policy in {state.stale} validations"
                    break
                self._update()
                if state.steps - state.validated >= config.validation.every or state.steps >= config.steps:
                    self._validate()
                if state.steps // config.checkpoint_every > (state.steps - self._per_update) // config.checkpoint_every:
                    self._write()
            self._write()
        except TrainingError as error:
            kept = checkpoints.stored(self._folder)
            error.add_note(f"after {state.steps:,} steps; the last good checkpoint is {kept[-1] if kept else 'none'}")
            raise
        finally:
            self._episodes.close()
            self._log.close()
        assert state.first is not None
        assert state.best is not None
        return Trained(self._best, state.steps, state.first, state.best, why)

    @property
    def _per_update(self) -> int:
        return self._config.ppo.environments * self._config.ppo.rollout

    def _update(self) -> None:
        config, state, learner = self._config, self._state, self._learner
        stage = config.stage_at(state.steps)
        if stage != state.stage:
            self._episodes.close()
            self._episodes = self._open(stage)
            self._begin_stage(stage)
        self._progress(f"training, validated {_worth(state.best)}", state.steps, config.steps)
        left = max(1.0 - state.steps / config.steps, 0.0)
        leash = self._leash()
        rollout = self._collect(learner.act, self._teacher if leash > 0.0 else None)
        told = learner.update(rollout, left, leash)
        learner.freeze(rollout.observations)
        state.steps += self._per_update
        self._log.write(state.steps, "train", told | self._running.means())

    def _collect(self, act: Any, teacher: Teacher | None) -> Any:
        return collect(self._problem, self._episodes, act, self._config.ppo, self._running, teacher)

    def _leash(self) -> float:
        """The teacher's weight by now."""
        given = self._config.teacher
        if self._teacher is None or given.release <= 0.0:
            return 0.0
        return given.leash * max(1.0 - self._state.steps / (given.release * self._config.steps), 0.0)

    def _imitate(self) -> None:
        """Begin from the teacher: what it does, and what that earns."""
        teacher, given, learner = self._teacher, self._config.teacher, self._learner
        if teacher is None:
            return

        def obey(observations: np.ndarray, masks: np.ndarray) -> Any:
            _, log_probs, values = learner.act(observations, masks)
            return teacher.decide(self._episodes), log_probs, values

        updates = max(round(given.steps / self._per_update), 1)
        for i in range(updates):
            self._progress("learning from the teacher", i, updates)
            rollout = self._collect(obey, teacher)
            if i == 0:
                learner.freeze(rollout.observations)
            away = [learner.imitate(rollout) for _ in range(given.epochs)][-1]
            self._log.write(0, "teacher", {"from_teacher": away} | self._running.means())
        self._validate()

    def _validate(self) -> None:
        config, state = self._config, self._state
        network = self._network()
        last = max(len(config.stages) - 1, 0)
        self._progress("validating", state.steps, config.steps)
        told = validate(self._problem, last, NetworkPolicy(network).decide, config.validation.episodes)
        self._log.write(state.steps, "validation", told)
        state.validated = state.steps
        state.first = state.first or told
        state.stale += 1
        if state.best is None or told["reward"] > state.best["reward"]:
            state.best, state.stale, self._best = told | {"steps": state.steps}, 0, network
            self._keep(network)

    def _keep(self, network: Network) -> None:
        state = self._state
        metrics = {"first": state.first, "best": state.best, "steps": state.steps}
        policy = self._problem.policy(network, metrics, self._manifest)
        if policy is not None:
            save(policy, self._folder / POLICY)

    def _network(self) -> Network:
        return self._learner.model.network(self._learner.mean, self._learner.scale)

    # -- episodes and checkpoints --------------------------------------------------------------------------------------

    def _open(self, stage: int) -> Episodes:
        return self._problem.episodes(stage, self._config.ppo.environments, f"train/{stage}")

    def _begin_stage(self, stage: int) -> None:
        self._state.stage = stage
        self._episodes.reset()
        self._running.reward[:] = 0.0

    def _write(self) -> None:
        state = self._state
        arrays = self._learner.arrays() | {f"rows.{n}": rows for n, rows in self._episodes.snapshot().items()}
        arrays |= {f"best.{name}": array for name, array in self._best.arrays().items()}
        arrays["running"] = self._running.reward
        about = {
            "steps": state.steps, "configuration": self._configuration, "chance": self._learner.chance(),
            "state": vars(state), "ended": self._running.ended,
        }  # fmt: skip
        checkpoints.write(self._folder, Checkpoint(arrays, about), self._config.keep)

    def _go_on(self, found: Checkpoint) -> None:
        self._state = _State(**found.about["state"])
        self._learner.restore(found.arrays, found.about["chance"])
        self._episodes.restore(_part(found.arrays, "rows."))
        best = _part(found.arrays, "best.")
        layers = [(best[f"layer{i}.weights"], best[f"layer{i}.bias"]) for i in range(len(best) // 2 - 1)]
        self._best = Network(best["observation.mean"], best["observation.scale"], tuple(layers))
        self._running = Running(found.arrays["running"].copy(), found.about["ended"])


def _part(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _worth(best: dict[str, Any] | None) -> str:
    return "never" if best is None else f"{-best['reward']:.3f} bp"
