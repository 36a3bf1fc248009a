"""`tickwright train`: a configuration file to a training, and what came of it in a few lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tickwright.app import config_file, first_use, terminal
from tickwright.core.errors import ConfigError
from tickwright.learn.train import Result, claim, require_torch
from tickwright.learn.train import train as carry_out
from tickwright.learn.train.config import TrainConfig


def train(file: Path, out: Path, resume: bool, steps: int | None) -> None:
    """Train, and tell."""
    require_torch()
    config = read(file)
    if steps is not None and steps < 1:
        raise ConfigError("--steps", steps, "a whole number above 0")
    if out.exists() and not out.is_dir():
        raise ConfigError("--out", str(out), "a folder")
    note = claim(config, out, resume)
    if note is not None:
        print(f"note: {note}")
    first_use.say(*first_use.TRAIN)
    with terminal.progress() as report:
        tell(carry_out(config, out, resume=resume, until=steps, progress=report))


def read(file: Path) -> TrainConfig:
    """The configuration of a file. Raises ConfigError, and UsageError for an unknown key."""
    table = config_file.read(file)
    episode = table.get("episode")
    if isinstance(episode, dict) and "markets" in episode:
        raise ConfigError("episode.markets", episode["markets"], "markets at the top of the file, as fp or fp:FILE")
    return config_file.build(TrainConfig, table)


def tell(result: Result) -> None:
    """What the training came to, on stdout."""
    print(f"ended after {result.why}: {result.steps:,} steps")
    for name, told in (("before", result.first), ("best", result.best)):
        print(f"{name + ':':<7} {_cost(told)}")
    for note in result.notes:
        print(f"note: {note}")
    print(f"policy: {result.folder / 'policy.twp'}")


def _cost(told: dict[str, Any]) -> str:
    which = f", after {told['steps']:,} steps" if "steps" in told else ""
    error = f"{-told['reward']:.3f} ± {1.96 * told['error']:.3f} bp"
    forced = f", {told['forced']:.2%} forced" if "forced" in told else ""
    return f"cost {error} over {told['episodes']:,} episodes{forced}{which}"
