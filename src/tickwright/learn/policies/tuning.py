"""Numbers found under a budget of simulated episodes: the heuristic's, by a tree-structured Parzen estimator, and the
offset of submit-and-leave, by trying all of them.

1. Every trial plays the same `a_trial` episodes of a seed (common random numbers); its score is the mean of minus the
   reward, less the news: the shortfall, and the risk where the config has a risk aversion.
2. The first trials are the corners of the family: as it comes, post then cross, peg, all at rest.
3. The best few play further episodes, as many each as are left of the budget, and the best of those is the result. What
   it scores there is a little too good still, by the choice among so few; measure it on a seed of its own.

`tune_leave` does the same with submit-and-leave, in 1 and 2 every offset of `OFFSETS` with every one of its schedules,
`once` among them, each on as many episodes as 0.6 of the budget gives.

One thread or many, same arguments: same numbers. Source of the search: Bergstra et al., "Algorithms for hyper-parameter
optimization", NeurIPS 2011, as Optuna has it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.rng import derive
from tickwright.learn.config import EpisodeConfig
from tickwright.learn.estimate import Estimate, grouped_mean
from tickwright.learn.layout import End
from tickwright.learn.policies.baseline import HEURISTIC, Baseline, Numbers
from tickwright.learn.policies.course import Course, Progress, _silent

RANGES = {
    "behind": (0.0, 30.0),
    "cross_at": (0.0, 1.1),
    "cross_spread": (0.5, 4.0),
    "improve_spread": (0.5, 6.0),
    "pull_below": (-1.1, 0.0),
    "ahead": (0.0, 30.0),
    "deep": (0.0, 1.0),
}
"""Where each number is sought, on each of `SCHEDULES`. At their ends nothing is crossed before it is too late, all
rests, and nothing is pulled."""
_NEVER = {"cross_at": 1.1, "pull_below": -1.1, "improve_spread": 6.0}
CORNERS: tuple[dict[str, float], ...] = (
    {},
    _NEVER | {"behind": 0.0, "ahead": 0.0},  # post then cross
    _NEVER | {"behind": 1.0, "ahead": 0.0},  # peg
    _NEVER | {"behind": 30.0, "ahead": 30.0},  # all at rest
)
SCHEDULES = ("twap", "ac", "ow")
LEAVE, LEAVE_SCHEDULES = "leave", ("once", *SCHEDULES)
OFFSETS = range(-6, 9)
"""Ticks from the best at which submit-and-leave is sought, below 0 behind it; inside the spread as there is room."""
_SHARE = 0.6
"""Of the budget for the search; the rest is for the last choice."""
_FINALISTS = 4


_Trial = tuple[float, str, Numbers]
"""A score, and whose it is."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """The best of a family, and what it was found by."""

    name: str
    """With its schedule."""
    numbers: Numbers
    score: Estimate
    """bps, over the episodes of the last choice."""
    trials: int
    episodes: int
    """Played in all: at most the budget."""

    @property
    def policy(self) -> Baseline:
        """It."""
        return Baseline(self.name, self.numbers)


def _optuna() -> ModuleType:
    try:
        import optuna
    except ImportError as error:
        raise ConfigError("optuna", "not installed", "pip install 'tickwright[learn]'") from error
    found: ModuleType = optuna
    return found


def tune(
    config: EpisodeConfig,
    budget: int,
    seed: int,
    *,
    a_trial: int = 1_024,
    threads: int = 1,
    progress: Progress = _silent,
) -> Tuned:
    """The heuristic tuned on `budget` episodes in all, `a_trial` of them a trial. Raises ConfigError for a budget that
    is too small for the corners and a choice among them, and where Optuna is not installed."""
    trials = int(_SHARE * budget) // max(a_trial, 1)
    if a_trial < 2 or trials < len(CORNERS):
        raise ConfigError("budget", budget, f"at least {int(len(CORNERS) * max(a_trial, 2) / _SHARE) + 1} episodes")
    found = _search(
        config, trials, a_trial, derive(seed, "tune/search"), threads, lambda n: progress(n * a_trial, budget)
    )
    return _chosen(config, found, budget, trials * a_trial, seed, threads, progress)


def tune_leave(
    config: EpisodeConfig, budget: int, seed: int, *, threads: int = 1, progress: Progress = _silent
) -> Tuned:  # fmt: skip
    """Submit-and-leave with its best schedule and offset, on `budget` episodes in all. Raises ConfigError for a budget
    that is too small to try them all."""
    family = [(f"{name}/{LEAVE}", Numbers(offset=offset)) for name in LEAVE_SCHEDULES for offset in OFFSETS]
    a_trial = int(_SHARE * budget) // len(family)
    if a_trial < 2:
        raise ConfigError("budget", budget, f"at least {int(2 * len(family) / _SHARE) + 1} episodes")
    found = []
    with Course(config, a_trial, derive(seed, "tune/search"), threads=threads) as course:
        for n, (name, numbers) in enumerate(family):
            found.append((_score(course, Baseline(name, numbers)).value, name, numbers))
            progress((n + 1) * a_trial, budget)
    return _chosen(config, found, budget, len(family) * a_trial, seed, threads, progress)


def _chosen(
    config: EpisodeConfig, found: list[_Trial], budget: int, spent: int, seed: int, threads: int, progress: Progress
) -> Tuned:  # fmt: skip
    """The best few again, on what is left of the budget, and the best of those."""
    finalists = sorted(found, key=lambda trial: trial[0])[:_FINALISTS]
    each = (budget - spent) // len(finalists)
    with Course(config, each, derive(seed, "tune/choose"), threads=threads) as course:
        scores = [_score(course, Baseline(name, numbers)) for _, name, numbers in finalists]
    best = min(range(len(scores)), key=lambda i: scores[i].value)
    progress(budget, budget)
    _, name, numbers = finalists[best]
    return Tuned(name, numbers, scores[best], len(found), spent + each * len(finalists))


def _search(config: EpisodeConfig, trials: int, episodes: int, seed: int, threads: int, tell: Any) -> list[_Trial]:
    optuna = _optuna()
    loud = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed % 2**32, n_startup_trials=16))
        for corner in CORNERS:
            start = asdict(Numbers()) | corner
            study.enqueue_trial({"schedule": SCHEDULES[0], **{name: start[name] for name in RANGES}})
        found = []
        with Course(config, episodes, seed, threads=threads) as course:
            for n in range(trials):
                trial = study.ask()
                numbers = replace(
                    Numbers(), **{name: trial.suggest_float(name, *ends) for name, ends in RANGES.items()}
                )
                name = f"{trial.suggest_categorical('schedule', SCHEDULES)}/{HEURISTIC}"
                score = _score(course, Baseline(name, numbers)).value
                study.tell(trial, score)
                found.append((score, name, numbers))
                tell(n + 1)
        return found
    finally:
        optuna.logging.set_verbosity(loud)


def _score(course: Course, policy: Baseline) -> Estimate:
    scores = course.play(policy)
    good: np.ndarray = scores[scores["end"] != End.FAULT]
    return grouped_mean(-good["reward"] - good["news"], good["template"])
