"""What a training was made from. Same manifest, same policy: no clock, no host, no path of a folder, no commit enters
it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tickwright.core.ids import fingerprint
from tickwright.core.rng import derive
from tickwright.learn.train.config import TrainConfig
from tickwright.run.manifest import versions
from tickwright.strategy.learned.container import load
from tickwright.strategy.learned.schema import action_schema, observation_schema
from tickwright.venue.sim.reactive.parameters import content_hash

_LIBRARIES = ("numpy", "numba", "llvmlite", "torch", "gymnasium", "stable-baselines3", "sb3-contrib")
_LATER = (("", "device", "cpu"), ("library", "learning_rate_end", 1.0), ("library", "quantiles", 200))


def configuration(config: TrainConfig) -> dict[str, Any]:
    """The configuration with its markets, and a teacher from a file, by their content.

    A key that came later than the first policies is left out at its default, so that their configurations stay theirs.
    """
    settings = asdict(config)
    for name in ("threads", "tensorboard"):
        settings.pop(name)  # results do not depend on it
    for table, name, usual in _LATER:
        within = settings[table] if table else settings
        if within[name] == usual:
            within.pop(name)
    settings["markets"] = [content_hash(market) for market in config.episode.markets]
    settings["episode"].pop("markets")
    teacher = settings["teacher"]["policy"]
    if teacher is not None and teacher.startswith("rl:"):
        settings["teacher"]["policy"] = f"rl:{load(teacher.removeprefix('rl:')).fingerprint}"
    return settings


def manifest_of(config: TrainConfig) -> dict[str, Any]:
    """Configuration, markets, schemas, seeds and versions, with a fingerprint over all of them. The commit is left out,
    so that a policy can be kept in the source that it was trained by."""
    content: dict[str, Any] = {
        "schema": "tickwright.training/1",
        "config": configuration(config),
        "schemas": {"observation": observation_schema(), "action": action_schema()},
        "seeds": {"run": config.seed} | {name: derive(config.seed, name) for name in _streams(config)},
        "versions": versions(*_LIBRARIES),
    }
    return content | {"fingerprint": fingerprint(content)}


def _streams(config: TrainConfig) -> tuple[str, ...]:
    """Everything that is drawn, a stage a stream."""
    return ("learner", *(f"train/{n}" for n in range(max(len(config.stages), 1))), "validation")
