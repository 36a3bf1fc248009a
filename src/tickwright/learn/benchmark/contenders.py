"""The policies that are benchmarked: their files, what they say of their training, and the learning curve beside them.

Several files are several training seeds of one recipe where they were trained in the same markets. A scenario asks
those that were trained in its base market; where none was, all of them, and the result says so.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tickwright.core.errors import ConfigError
from tickwright.core.ids import fingerprint
from tickwright.learn.artefact import NetworkPolicy, latency, load
from tickwright.learn.benchmark.scenarios import Scenario
from tickwright.strategy.learned.container import NAMES, TrainedPolicy

_RECIPE = ("seed", "threads", "checkpoint_every", "keep", "markets")
"""Of a training's configuration, what may differ within one recipe."""


@dataclass(frozen=True, eq=False)
class Contender:
    """A trained policy. `name` is how rows call it."""

    name: str
    file: Path
    trained: TrainedPolicy

    @property
    def policy(self) -> NetworkPolicy:
        """As the episodes ask it."""
        return NetworkPolicy(self.trained.network, self.name, self.trained.risk_aversion)

    @property
    def seed(self) -> int | None:
        """Of its training."""
        seed = self.trained.manifest.get("config", {}).get("seed")
        return seed if isinstance(seed, int) else None

    @property
    def recipe(self) -> str | None:
        """Of its configuration without what differs between runs of one recipe; None where it says nothing."""
        config = self.trained.manifest.get("config")
        if not isinstance(config, dict):
            return None
        return fingerprint({key: value for key, value in config.items() if key not in _RECIPE})

    @property
    def episodes(self) -> int | None:
        """Simulated episodes that it was trained and validated on, as metrics.jsonl beside its file counts them; None
        without that log, or with one that is not of this training."""
        return None if str(self.file) in NAMES else _counted(_lines(self.file), self.trained.metrics)

    @property
    def least_episodes(self) -> int:
        """As many where they are known; else steps over the most that an episode has, which is fewer than it saw."""
        known = self.episodes
        if known is not None:
            return known
        config = self.trained.manifest.get("config", {})
        steps = max(int(config.get("steps", 0)), int(self.trained.metrics.get("steps", 0)))
        return steps // max(int(self.trained.episode.get("steps", 30)), 1)

    @property
    def risk_aversion(self) -> tuple[float, float]:
        """The range of λ that it was told in training."""
        low, high = self.trained.episode.get("risk_aversion", (0.0, 0.0))
        return float(low), float(high)

    def to_json(self) -> dict[str, Any]:
        """What the result says of it; no path, so that the same policy elsewhere is the same input."""
        return {
            "policy": self.name,
            "fingerprint": self.trained.fingerprint,
            "training_seed": self.seed,
            "training_episodes": self.episodes,
            "training_episodes_at_least": self.least_episodes,
            "recipe": self.recipe,
            "markets": list(self.trained.markets),
            "risk_aversion": list(self.risk_aversion),
            "goes_by": float(f"{self.trained.risk_aversion:.6g}"),
            "validation": _numbers(self.trained.metrics),
            "curve": curve(self.file),
        }


def contenders(given: Sequence[Path]) -> list[Contender]:
    """Files of policies, and folders with `seed-*/policy.twp` or a `policy.twp`. Raises FileFormatError for a file of
    another observation or action schema, and ConfigError for a folder without one or the same policy twice."""
    files = [file for path in given for file in _files(path)]
    loaded = [(file, load(file)) for file in files]
    seeds = [trained.manifest.get("config", {}).get("seed") for _, trained in loaded]
    found: list[Contender] = []
    for number, ((file, trained), seed) in enumerate(zip(loaded, seeds, strict=True), 1):
        twin = next((c for c in found if c.trained.fingerprint == trained.fingerprint), None)
        if twin is not None:
            raise ConfigError("--policy", str(file), f"each policy once; {twin.file} has the same content")
        several = f"seed {seed}" if isinstance(seed, int) and seeds.count(seed) == 1 else f"file {number}"
        found.append(Contender("policy" if len(loaded) == 1 else f"policy, {several}", file, trained))
    return found


def _files(path: Path) -> list[Path]:
    if str(path) in NAMES or not path.is_dir():
        return [path]
    found = sorted(path.glob("seed-*/policy.twp")) or sorted(path.glob("policy.twp"))
    if not found:
        raise ConfigError("--policy", str(path), "a file, or a folder with policy.twp or seed-*/policy.twp")
    return found


def chosen(all_given: Sequence[Contender], base: Scenario) -> tuple[list[Contender], bool]:
    """(those that a scenario of this base asks, whether they were trained in its market)."""
    own = [c for c in all_given if base.market_hash in c.trained.markets]
    return (own, True) if own else (list(all_given), False)


def curve(file: Path) -> list[dict[str, float]]:
    """Validations of the training from metrics.jsonl beside the file: steps, cost and its standard error, bps; empty
    without one, and of a policy of the package, whose name is no place."""
    if str(file) in NAMES:
        return []
    found = []
    for entry in _lines(file):
        try:
            told = entry["validation"]
            point = {"steps": int(entry["steps"]), "cost_bps": -float(told["reward"]), "error": float(told["error"])}
        except (ValueError, KeyError, TypeError):
            continue  # another kind of line
        found.append(point)
    return found


def _lines(file: Path) -> list[dict[str, Any]]:
    """The log beside a policy's file, without a line that was cut short."""
    log = file.with_name("metrics.jsonl")
    found = []
    for line in log.read_text("utf-8").splitlines() if log.is_file() else ():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            found.append(entry)
    return found


def _counted(lines: Sequence[dict[str, Any]], metrics: dict[str, Any]) -> int | None:
    """Episodes of a log, where it has the validation that the policy was kept for, and what was trained before it."""
    best = metrics.get("best")
    if not isinstance(best, dict):
        return None
    try:
        told = [(kind, entry[kind]) for entry in lines for kind in ("train", "teacher", "validation") if kind in entry]
        own = any(
            kind == "validation" and (table["reward"], table["error"]) == (best["reward"], best["error"])
            for kind, table in told
        )
        trained = sum(kind == "train" for kind, _ in told)
        return sum(int(table["episodes"]) for _, table in told) if own and trained else None
    except (KeyError, TypeError, ValueError):
        return None


def decision_times(given: Sequence[Contender]) -> dict[str, float] | None:
    """Nanoseconds of a decision on this machine, p50 and p99: told on screen and never stored, being of the hour."""
    if not given:
        return None
    found = latency(given[0].trained.network)
    return {"p50": found.p50, "p99": found.p99}


def _numbers(metrics: dict[str, Any]) -> dict[str, Any]:
    return {name: metrics[name] for name in ("first", "best") if isinstance(metrics.get(name), dict)}
