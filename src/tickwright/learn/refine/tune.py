"""A policy trained on, in the corrected market, on a leash.

1. It begins from the very weights and the frozen normalisation of the old one; its value, which the file does not hold,
   learns first what the old policy earns.
2. PPO as in `learn.train`, the old policy's actions in its loss with weight `leash`.
3. After every update the mean Kullback-Leibler divergence of the new policy from the old one is measured, over states
   that the old one comes to by itself in episodes that neither learns from. Above the cap the training ends, and the
   last policy below it is what came of it. So no policy above the cap is ever written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.ids import fingerprint
from tickwright.core.rng import derive
from tickwright.learn.artefact import NetworkPolicy
from tickwright.learn.config import EpisodeConfig
from tickwright.learn.layout import End
from tickwright.learn.refine.config import RefineConfig
from tickwright.learn.train.config import PpoConfig, TrainConfig, ValidationConfig
from tickwright.strategy.learned.container import TrainedPolicy
from tickwright.strategy.learned.network import CLIP, Network
from tickwright.venue.sim.reactive.parameters import Parameters

_OF_LOGITS = ("ppo", "sb3-ppo", "sb3-maskable-ppo")
"""Algorithms whose network gives logits of what is done, so that a divergence means something."""
_VALUE_PASSES = 4
_ROWS, _LONGEST = 256, 100_000
Report = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class States:
    """Where a policy comes to: what it saw, and which actions were legal."""

    observations: np.ndarray
    masks: np.ndarray


@dataclass(frozen=True, eq=False)
class Tuned:
    """What came of a training on: the path of divergences, and the policy."""

    network: Network
    steps: int
    divergence: float
    """Of what is kept."""
    path: tuple[float, ...]
    """After each update; the last one may be above the cap, and is then not kept."""
    why: str


def episode_of(policy: TrainedPolicy, market: Parameters) -> EpisodeConfig:
    """The episodes that a policy was trained on, in another market. Raises ConfigError."""
    known = {name for name in EpisodeConfig.__dataclass_fields__ if name != "markets"}
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in policy.episode.items() if name in known
    }  # fmt: skip
    return EpisodeConfig(markets=(market,), **given)


def recipe(champion: TrainedPolicy, episode: EpisodeConfig, config: RefineConfig) -> TrainConfig:
    """The training: as the old policy's own, but gentler. Raises ConfigError for one without logits."""
    told = champion.manifest.get("config", {})
    algorithm = told.get("algorithm", "ppo")
    if algorithm not in _OF_LOGITS:
        raise ConfigError("champion", algorithm, f"a policy of {', '.join(_OF_LOGITS)}")
    known = {name: value for name, value in told.get("ppo", {}).items() if name in PpoConfig.__dataclass_fields__}
    known |= {
        "hidden": tuple(champion.network.widths[1:-1].tolist()), "learning_rate": config.learning_rate, "entropy": 0.0,
        "learning_rate_end": config.learning_rate_end,
    }  # fmt: skip
    validation = ValidationConfig(episodes=config.benchmark.cell_episodes)
    return TrainConfig(
        steps=config.training_steps, seed=config.seed, threads=config.threads, episode=episode, ppo=PpoConfig(**known),
        validation=validation,
    )  # fmt: skip


def manifest_of(recipe: TrainConfig, champion: TrainedPolicy, config: RefineConfig, runs: list[str]) -> dict[str, Any]:
    """What the new policy is made from; its fingerprint says whether one that is there already is the same."""
    from tickwright.learn.train.manifest import manifest_of as of_training

    content = of_training(recipe)
    content.pop("fingerprint")
    content |= {
        "schema": "tickwright.refinement/1", "champion": champion.fingerprint, "runs": runs,
        "refine": {name: getattr(config, name) for name in ("divergence", "states", "leash")},
    }  # fmt: skip
    content["seeds"] |= {"states": derive(recipe.seed, "states")}
    return content | {"fingerprint": fingerprint(content)}


def tune(champion: Network, recipe: TrainConfig, problem: Any, config: RefineConfig, report: Report) -> Tuned:
    """The new policy. Raises TrainingError."""
    from tickwright.learn.train.ppo import Learner
    from tickwright.learn.train.rollout import Running, collect

    ppo = recipe.ppo
    old = NetworkPolicy(champion)
    states = states_of(problem, old, config.states)
    reference = log_probabilities(champion, states)
    episodes = problem.episodes(0, ppo.environments, "train/0")
    try:
        learner = Learner(ppo, len(champion.mean), len(champion.layers[-1][1]), derive(recipe.seed, "learner"))
        learner.begin_from(champion)
        running = Running(np.zeros(ppo.environments))
        episodes.reset()

        def rollout() -> Any:
            return collect(problem, episodes, learner.act, ppo, running, old)

        for _ in range(_VALUE_PASSES):
            first = rollout()
            for _ in range(ppo.epochs):
                learner.value(first)
        per_update = ppo.environments * ppo.rollout
        kept, kept_at, path, steps = champion, 0.0, [], 0
        why = f"all {recipe.steps:,} steps"
        while steps < recipe.steps:
            report(f"training on, divergence {kept_at:.4f} of {config.divergence:g}", steps, recipe.steps)
            learner.update(rollout(), 1.0 - steps / recipe.steps, config.leash)
            steps += per_update
            network = learner.model.network(learner.mean, learner.scale)
            path.append(divergence(log_probabilities(network, states), reference))
            if path[-1] > config.divergence:
                why = f"the cap: {path[-1]:.4f} nats after {steps:,} steps, {config.divergence:g} allowed"
                break
            kept, kept_at = network, path[-1]
    finally:
        episodes.close()
    return Tuned(kept, steps, kept_at, tuple(path), why)


def states_of(problem: Any, policy: NetworkPolicy, most: int) -> States:
    """States of whole episodes that a policy plays by its best actions, up to so many."""
    seen, masks, count = [], [], 0
    batch = problem.episodes(0, min(_ROWS, most), "states", restart=False)
    try:
        while count < most:
            batch.reset()
            going = np.ones(batch.count, np.bool_)
            for _ in range(_LONGEST):
                seen.append(batch.observations[going].copy())
                masks.append(batch.masks[going].copy())
                count += int(going.sum())
                going = batch.step(policy.decide(batch)).ends == End.RUNNING
                if not going.any():
                    break
    finally:
        batch.close()
    return States(np.concatenate(seen)[:most], np.concatenate(masks)[:most])


def log_probabilities(network: Network, states: States) -> np.ndarray:
    """float64 (n, actions) of what a policy does; minus infinity where an action is not legal."""
    x = np.clip((states.observations - network.mean) * network.scale, -CLIP, CLIP).astype(np.float64)
    for i, (weights, bias) in enumerate(network.layers):
        x = x @ weights.astype(np.float64) + bias
        if i < len(network.layers) - 1:
            x = np.tanh(x)
    x = np.where(states.masks, x, -np.inf)
    x = x - x.max(axis=1, keepdims=True)
    found: np.ndarray = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
    return found


def divergence(new: np.ndarray, old: np.ndarray) -> float:
    """Mean of KL(new, old) over states, nats."""
    legal = np.isfinite(new)
    terms = np.where(legal, np.exp(new) * (np.where(legal, new, 0.0) - np.where(legal, old, 0.0)), 0.0)
    return float(terms.sum(axis=1).mean())


def changed(new: Network, old: Network, states: States) -> float:
    """Share of the states in which the best action is another one."""
    first, second = (log_probabilities(network, states).argmax(axis=1) for network in (new, old))
    return float((first != second).mean())


def as_policy(tuned: Tuned, champion: TrainedPolicy, problem: Any, recipe: TrainConfig, manifest: Any) -> TrainedPolicy:
    """The file's content: what validation says of both, and how far apart they are."""
    from tickwright.learn.train.validation import validate

    told = [
        validate(problem, 0, NetworkPolicy(network).decide, recipe.validation.episodes)
        for network in (champion.network, tuned.network)
    ]
    apart = {"divergence": tuned.divergence, "path": list(tuned.path), "why": tuned.why}
    metrics = {"first": told[0], "best": told[1] | {"steps": tuned.steps}, "steps": tuned.steps, "refinement": apart}
    made: TrainedPolicy = problem.policy(tuned.network, metrics, manifest)
    return made
