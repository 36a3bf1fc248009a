"""What a training was made from. Same manifest, same policy: no clock, no host, no path of a folder enters it."""

from __future__ import annotations

import platform
from dataclasses import asdict
from importlib import metadata
from typing import Any

import tickwright
from tickwright.core.ids import fingerprint
from tickwright.core.rng import derive
from tickwright.learn.train.config import TrainConfig
from tickwright.run.manifest import source_commit
from tickwright.strategy.learned.container import load
from tickwright.strategy.learned.schema import action_schema, observation_schema
from tickwright.venue.sim.reactive.parameters import content_hash

_LIBRARIES = ("numpy", "numba", "llvmlite", "torch", "gymnasium", "stable-baselines3", "sb3-contrib")


def configuration(config: TrainConfig) -> dict[str, Any]:
    """The configuration with its markets, and a teacher from a file, by their content."""
    settings = asdict(config)
    settings.pop("threads")  # results do not depend on it
    settings["markets"] = [content_hash(market) for market in config.episode.markets]
    settings["episode"].pop("markets")
    teacher = settings["teacher"]["policy"]
    if teacher is not None and teacher.startswith("rl:"):
        settings["teacher"]["policy"] = f"rl:{load(teacher.removeprefix('rl:')).fingerprint}"
    return settings


def manifest_of(config: TrainConfig) -> dict[str, Any]:
    """Configuration, markets, schemas, seeds, versions and source commit, with a fingerprint over all of them."""
    content: dict[str, Any] = {
        "schema": "tickwright.training/1",
        "config": configuration(config),
        "schemas": {"observation": observation_schema(), "action": action_schema()},
        "seeds": {"run": config.seed} | {name: derive(config.seed, name) for name in _streams(config)},
        "versions": {
            "tickwright": tickwright.__version__,
            "python": platform.python_version(),
            **{name: version for name in _LIBRARIES if (version := _version(name)) is not None},
        },
        "commit": source_commit(),
    }
    return content | {"fingerprint": fingerprint(content)}


def _streams(config: TrainConfig) -> tuple[str, ...]:
    """Everything that is drawn, a stage a stream."""
    return ("learner", *(f"train/{n}" for n in range(max(len(config.stages), 1))), "validation")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
