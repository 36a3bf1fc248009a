"""Cells of a scenario: whoever plays its episodes, taken from the store or played now, on one ground."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

from tickwright.core.errors import ConfigError
from tickwright.core.rng import derive
from tickwright.learn.benchmark.cells import Cell, Store, cell_of
from tickwright.learn.benchmark.config import BenchmarkConfig
from tickwright.learn.benchmark.contenders import Contender
from tickwright.learn.benchmark.play import Ground
from tickwright.learn.benchmark.scenarios import URGENCIES, Scenario, identity
from tickwright.learn.benchmark.seeds import test_seed
from tickwright.learn.policies import NAMES, Baseline, Numbers, Policy, Tuned, clairvoyant, tune, tune_leave
from tickwright.learn.policies.baseline import HEURISTIC, RANDOM
from tickwright.learn.policies.course import AT_ONCE

Report = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and of how much."""

HEADLINE_NAMES = ("twap/take", "twap/post-then-cross", "vwap/post-then-cross", "ac/post-then-cross")
UNTUNED = "heuristic, untuned"
TUNED_LEAVE = "submit-and-leave, tuned"
_AS_UNTUNED = "twap/heuristic"
"""The very same."""
BOUNDS = {"clairvoyant, crossing": False, "clairvoyant, resting": True}
BASELINE, POLICY, BOUND = "baseline", "policy", "bound"
_A_TRIAL = 1_024


@dataclass(frozen=True, eq=False)
class Entry:
    """Somebody who plays: `who` is everything that its decisions are a function of. Without a policy it is a bound."""

    name: str
    kind: str
    who: dict[str, Any]
    policy: Policy | None
    episodes: int


def baseline(name: str, episodes: int, numbers: Numbers | None = None, shown: str | None = None) -> Entry:
    """A baseline by its name, shown under another one where its numbers are special."""
    made = Baseline(name, numbers)
    return Entry(shown or name, BASELINE, {"baseline": name, "numbers": asdict(made.numbers)}, made, episodes)


def contender(given: Contender, episodes: int) -> Entry:
    """A trained policy."""
    return Entry(given.name, POLICY, {"policy": given.trained.fingerprint}, given.policy, episodes)


def further(episodes: int) -> list[Entry]:
    """Every baseline that is in no headline, the untuned heuristic, and random."""
    names = [name for name in NAMES if name not in (*HEADLINE_NAMES, _AS_UNTUNED, HEURISTIC, RANDOM)]
    return [
        *(baseline(name, episodes) for name in names),
        baseline(HEURISTIC, episodes, shown=UNTUNED),
        baseline(RANDOM, episodes),
    ]


def bounds(episodes: int) -> list[Entry]:
    """What somebody pays who knows the prices beforehand."""
    return [Entry(name, BOUND, {"clairvoyant": resting}, None, episodes) for name, resting in BOUNDS.items()]


def hurried(risk_index: int, episodes: int) -> Entry:
    """Almgren and Chriss of the frontier's urgency."""
    urgency = URGENCIES[risk_index]
    return baseline("ac/post-then-cross", episodes, Numbers(urgency=urgency))


def require_tuner() -> None:
    """Raise ConfigError, with the command that installs it, where Optuna is missing."""
    if find_spec("optuna") is None:
        raise ConfigError("optuna", "not installed", "pip install 'tickwright[learn]', or --no-tune")


class Measurer:
    """Cells of scenarios, by a configuration and a store."""

    def __init__(self, config: BenchmarkConfig, store: Store, report: Report) -> None:
        self._config, self._store, self._report = config, store, report

    def cells(self, scenario: Scenario, entries: Sequence[Entry], told: str) -> tuple[dict[str, float], list[Cell]]:
        """(facts of the market, a cell for each entry). Raises ConfigError and what playing raises."""
        most = max(entry.episodes for entry in entries)
        seed = test_seed(self._config.seed, scenario.seed_name)
        key = {"scenario": identity(scenario.config), "seed": seed, "rows": min(most, AT_ONCE)}
        found: list[Cell] = []
        with ExitStack() as stack:
            opened: list[Ground] = []

            def ground() -> Ground:
                if not opened:
                    self._report(f"{told}: {scenario.name}", 0, most)
                    opened.append(stack.enter_context(
                        Ground(scenario.config, most, seed, threads=self._config.threads)
                    ))  # fmt: skip
                return opened[0]

            for entry in entries:
                make = partial(self._play, scenario, entry, seed, ground, told)
                table = self._store.get("cell", {**key, "who": entry.who, "episodes": entry.episodes}, make)
                found.append(Cell.from_json(table))
            facts = self._store.get("facts", {**key, "episodes": most}, lambda: ground().facts())
        return facts, found

    def _play(
        self, scenario: Scenario, entry: Entry, seed: int, ground: Callable[[], Ground], told: str
    ) -> dict[str, Any]:
        what = f"{told}: {scenario.name}, {entry.name}"

        def progress(done: int, total: int) -> None:
            self._report(what, done, total)

        if entry.policy is None:
            scores = clairvoyant(
                scenario.config, entry.episodes, seed, resting=bool(entry.who["clairvoyant"]),
                threads=self._config.threads, progress=progress,
            )  # fmt: skip
            return cell_of(scores, None).to_json()
        scores, split, _ = ground().play(entry.policy, entry.episodes, progress)
        return cell_of(scores, split).to_json()

    def tuned(self, scenario: Scenario, budget: int) -> dict[str, Any]:
        """The heuristic's numbers for a scenario, and what they were found by. Raises ConfigError, also where Optuna is
        not installed."""
        a_trial = max(min(_A_TRIAL, budget // 32), 2)
        return self._tuned(scenario, budget, {"a_trial": a_trial}, "the heuristic", partial(tune, a_trial=a_trial))

    def tuned_leave(self, scenario: Scenario, budget: int) -> dict[str, Any]:
        """Schedule and offset of submit-and-leave, likewise."""
        return self._tuned(scenario, budget, {"family": "leave"}, "submit-and-leave", tune_leave)

    def _tuned(
        self, scenario: Scenario, budget: int, how: dict[str, Any], what: str, by: Callable[..., Tuned]
    ) -> dict[str, Any]:
        seed = derive(self._config.seed, f"benchmark/tune/{scenario.base}")

        def find() -> dict[str, Any]:
            made = by(
                scenario.config, budget, seed, threads=self._config.threads,
                progress=lambda done, total: self._report(f"tuning {what}: {scenario.name}", done, total),
            )  # fmt: skip
            low, high = made.score.interval
            return {
                "name": made.name, "numbers": asdict(made.numbers), "trials": made.trials, "episodes": made.episodes,
                "score_bps": made.score.value, "score_ci95": [low, high],
            }  # fmt: skip

        key = {"scenario": identity(scenario.config), "budget": budget, "seed": seed} | how
        return self._store.get("tuned", key, find)
