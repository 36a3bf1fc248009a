"""Training of execution policies: `tickwright train`, and the same from Python.

`train(config, folder)` trains as the configuration says and leaves in the folder `policy.twp`, checkpoints, the log and
the manifest. It needs the extra `rl`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tickwright.core.errors import ConfigError
from tickwright.core.ids import fingerprint
from tickwright.data.store.disk import whole_file
from tickwright.learn.train.config import TrainConfig
from tickwright.learn.train.folder import ANEW, LEFT, at_work, is_broken_off, refuse_finished
from tickwright.run.manifest import source_commit
from tickwright.venue.sim.reactive.parameters import FP, content_hash

__all__ = ["LEFT", "Result", "TrainConfig", "train"]

MANIFEST = "manifest.json"


@dataclass(frozen=True, eq=False)
class Result:
    """What a training came to: validations before it and of the best policy, and why it ended."""

    folder: Path
    steps: int
    first: dict[str, Any]
    best: dict[str, Any]
    why: str
    notes: tuple[str, ...]


def train(
    config: TrainConfig, folder: Path, *, resume: bool = False, until: int | None = None, teacher: Any = None,
    progress: Any = lambda what, done, total: None,
) -> Result:  # fmt: skip
    """Train in a folder; with `resume` go on from its last checkpoint, and stop after `until` steps in all.

    `teacher` is used in place of the one that the configuration names: anything with `decide(batch) -> actions`. What
    the folder holds of a finished training is written over, which `claim` would refuse.
    Raises ConfigError, also where torch is not installed, TrainingError, FileFormatError, StorageError.
    """
    config = resolved(config)
    if config.algorithm != "ppo" and (
        resume or until is not None or config.stages or config.teacher.policy is not None
    ):
        raise ConfigError("algorithm", config.algorithm, "ppo, for --resume, --steps, stages and a teacher")
    from tickwright.learn.train.teachers import teacher_of

    given = teacher if teacher is not None else teacher_of(config.teacher)  # before anything is written
    with at_work(folder, _made_of(config)) as anew:
        done = _by_ppo if config.algorithm == "ppo" else _by_another
        return done(config, folder, resume and not anew, until, given, progress)


def resolved(config: TrainConfig) -> TrainConfig:
    """The configuration with its markets, and the device that it comes to here.

    Raises ConfigError, also where torch, TensorBoard or a GPU are asked for and not there.
    """
    require_torch()
    from tickwright.learn.train.log import with_board
    from tickwright.learn.train.model import device_of

    with_board(config.tensorboard)
    return replace(config.with_markets(), device=device_of(config.device))


def claim(config: TrainConfig, folder: Path, resume: bool) -> str | None:
    """What is to be said before a training begins in a folder; None: nothing.

    Raises ConfigError, as where something is in it that the training would write over.
    """
    if is_broken_off(folder, _made_of(resolved(config))):
        return ANEW
    if not resume:
        refuse_finished(folder)
    return None


def _made_of(config: TrainConfig) -> str:
    from tickwright.learn.train.manifest import configuration

    return fingerprint(configuration(config))


def _by_ppo(config: TrainConfig, folder: Path, resume: bool, until: int | None, teacher: Any, progress: Any) -> Result:
    from tickwright.learn.train.log import board_note
    from tickwright.learn.train.manifest import manifest_of
    from tickwright.learn.train.problem import MarketProblem
    from tickwright.learn.train.trainer import Trainer

    manifest, problem = manifest_of(config), MarketProblem(config)
    trainer = Trainer(config, problem, folder, manifest, resume=resume, teacher=teacher, progress=progress)
    _write(folder, manifest)
    done = trainer.run(until)
    notes = *board_note(config.tensorboard), *market_notes(config)
    return Result(folder, done.steps, done.first, done.best, done.why, notes)


def _by_another(
    config: TrainConfig, folder: Path, resume: bool, until: int | None, teacher: Any, progress: Any
) -> Result:  # fmt: skip
    from tickwright.learn.train.log import board_note
    from tickwright.learn.train.manifest import manifest_of
    from tickwright.learn.train.others import train_other
    from tickwright.learn.train.problem import MarketProblem

    manifest = manifest_of(config)
    _write(folder, manifest)
    done = train_other(config, MarketProblem(config), folder, manifest, progress)
    notes = *board_note(config.tensorboard), *market_notes(config)
    return Result(folder, done.steps, done.first, done.best, done.why, notes)


def market_notes(config: TrainConfig) -> tuple[str, ...]:
    """Of markets whose quotes follow the fair price slowly: who waits in them is paid for it by the simulator."""
    slow = [m for m in config.episode.markets if isinstance(m, FP) and m.rush == m.stale == m.heed == 0.0]
    if not slow:
        return ()
    which = ", ".join(content_hash(market)[:8] for market in slow)
    return (
        f"market {which}: its quotes follow the fair price slowly (rush, stale and heed are 0), which pays who is "
        "patient; before a claim is made there, `tickwright gate --policy rl:FILE` says whether the policy lives on it",
    )


def _write(folder: Path, manifest: dict[str, Any]) -> None:
    told = manifest | {"commit": source_commit()}
    with whole_file(folder / MANIFEST) as draft:
        draft.write_text(json.dumps(told, indent=2, sort_keys=True) + "\n", "utf-8")


def require_torch() -> None:
    """Raise ConfigError, with the command that installs it, where torch is missing."""
    from importlib.util import find_spec

    if find_spec("torch") is None:
        raise ConfigError("torch", "not installed", "pip install 'tickwright[rl]'")
