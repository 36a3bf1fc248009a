"""An adversary who may trade both sides, and looks for a profit: the cross-entropy method over plans.

1. The family: up to four phases, each with a length, a position to reach by taking, by resting at some distance, or
   both, and an order shown on either side (filled like any other, so quoting both sides belongs to the family). The
   last phase ends flat, by force.
2. The search: plans are drawn, carried out in the same books (common random numbers), and ranked by mean profit over
   its standard error, which is blind to the size of the trades; the best shape the next draws.
3. The best of all rounds are tried again in fresh books, and the best of those is judged in a third set of books. Its
   profit there is an unbiased estimate, however long the search.

Source: Rubinstein and Kroese, "The Cross-Entropy Method" (2004).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tickwright.core.rng import derive
from tickwright.learn.gate.check import Check, mean_of, not_above
from tickwright.learn.gate.trials import Phase, carried_out, pairs_of, typical
from tickwright.venue.sim.reactive.parameters import Parameters

_PHASES = 4
_SCALES = np.array([1.0, 10.0, 1.0, 1.0, 1.5, 2.0, 10.0, 2.0, 1.0])
"""Of a phase's coordinates: log length, target, and so on (`_phase`); the first draws have these deviations."""
_ELITE = 0.15
_MEMORY = 0.4
"""Share of the old mean and deviation that a round keeps."""
_FINALISTS = 8
_RESOLUTION = 0.15
"""Ticks a lot traded: a profit larger than this must be told from none."""
_LEAST_LOTS = 0.5
"""Typical sizes a plan must trade in an episode, or it is not one."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Episodes of the search: rounds × plans × books, then the finalists and the judgement."""

    rounds: int = 12
    plans: int = 96
    books: int = 64
    chosen_books: int = 1_024
    judged_books: int = 16_384

    @property
    def episodes(self) -> int:
        """In all."""
        return self.rounds * self.plans * self.books + _FINALISTS * self.chosen_books + self.judged_books


@dataclass(frozen=True, slots=True)
class Found:
    """A plan and what it made: a number a pair of books."""

    phases: list[Phase]
    profit: np.ndarray
    """Ticks times typical sizes, an episode."""
    traded: float
    """Typical sizes, an episode."""

    @property
    def score(self) -> float:
        """Mean profit over its error; the lowest there is for a plan that hardly trades."""
        if self.traded < _LEAST_LOTS:
            return -np.inf
        found = mean_of(self.profit)
        return found.value / max(found.error, 1e-9)


def _phase(x: np.ndarray, last: bool) -> Phase:
    """Coordinates of the search as a phase."""
    size = float(np.clip(x[1], -40.0, 40.0))
    return {
        "length": int(np.clip(np.rint(np.exp(3.0 + x[0])), 1, 300)),
        "target": 0.0 if last else float(np.rint(size)),
        "take": int(x[2] > 0.0),
        "child": 1.0,
        "rest": float(np.clip(np.rint(np.exp(x[3])), 1, 20)) if x[3] > -0.5 else 0.0,
        "behind": int(np.clip(np.rint(x[4]), -1, 4)),
        "show": float(np.clip(np.rint(x[6]), -60, 60)) if abs(x[5]) > 1.0 else 0.0,
        "show_behind": int(np.clip(np.rint(abs(x[7])), 0, 4)),
        "force": int(last or x[8] > 0.0),
    }


def phases_of(x: np.ndarray) -> list[Phase]:
    """A point of the search, float64 (_PHASES x coordinates), as a plan that ends flat."""
    return [_phase(row, i == _PHASES - 1) for i, row in enumerate(x.reshape(_PHASES, -1))]


def trial(given: Parameters, plans: list[list[Phase]], books: int, seed: int) -> list[Found]:
    """Each plan in the same `books` books (even). Raises CapacityError where one stops."""
    unit, found = typical(given), []
    for phases, results in zip(plans, carried_out(given, plans, books, seed), strict=True):
        last = results["end"][:, len(phases) - 1]
        profit = (last["cash"] + last["news"]) / unit
        found.append(Found(phases, pairs_of(profit), float((results["made"] + results["taken"]).mean() / unit)))
    return found


def search(
    given: Parameters, budget: Budget, seed: int, progress: Callable[[int, int], None] = lambda done, total: None
) -> Found:
    """The best plan that was found, with its profit in books that the search has not seen."""
    rng = np.random.default_rng(derive(seed, "adversary"))
    scale = np.tile(_SCALES, _PHASES)
    mean, deviation = np.zeros(len(scale)), scale.copy()
    best: list[tuple[float, tuple[float, ...]]] = []
    for n in range(budget.rounds):
        points = mean + deviation * rng.standard_normal((budget.plans, len(scale)))
        tried = trial(given, [phases_of(x) for x in points], budget.books, derive(seed, f"adversary/search/{n}"))
        scores = np.array([f.score for f in tried])
        order = np.argsort(-scores)
        elite = points[order[: max(2, int(_ELITE * budget.plans))]]
        mean = _MEMORY * mean + (1.0 - _MEMORY) * elite.mean(axis=0)
        deviation = np.maximum(_MEMORY * deviation + (1.0 - _MEMORY) * elite.std(axis=0), 0.1 * scale)
        best += [(float(scores[i]), tuple(points[i])) for i in order[:_FINALISTS]]
        best = sorted(best, reverse=True)[: 2 * _FINALISTS]
        progress(n + 1, budget.rounds)
    # the middle of the last draws, and the best of all rounds
    finalists = [phases_of(mean), *(phases_of(np.array(x)) for _, x in best[: _FINALISTS - 1])]
    chosen = trial(given, finalists, budget.chosen_books, derive(seed, "adversary/choose"))
    winner = max(chosen, key=lambda f: f.score)
    return trial(given, [winner.phases], budget.judged_books, derive(seed, "adversary/judge"))[0]


def adversary_check(
    given: Parameters, budget: Budget, seed: int, progress: Callable[[int, int], None] = lambda done, total: None
) -> Check:
    """The adversary's best plan makes no profit that its interval can tell from none."""
    found = search(given, budget, seed, progress)
    told = {"episodes": budget.episodes, "typical_sizes_traded": round(found.traded, 2), "plan": found.phases}
    profit = mean_of(found.profit / max(found.traded, 1e-9))
    return not_above("adversary's profit on unseen books, ticks a lot traded", profit, 0.0, _RESOLUTION, told)
