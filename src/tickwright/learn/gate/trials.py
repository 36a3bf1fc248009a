"""Plans in words, and carried out: phases as for a buyer, in pairs of books of which one buys and the other sells.

The two books of a pair are in the same state and have the same draws to come, so that what the market would have done
anyhow falls out of the pair's mean. Sizes are in typical orders of the background.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tickwright.core.errors import CapacityError, ConfigError
from tickwright.core.rng import derive
from tickwright.learn.gate.books import open_books
from tickwright.learn.gate.layout import PLAN, RESULT
from tickwright.learn.gate.plans import carry_out
from tickwright.venue.sim.reactive.parameters import Parameters

Phase = dict[str, float]
"""Fields of a PHASE: lots in typical sizes, the others as they are."""
LOTS = ("target", "child", "rest", "show")
_SIGNED = ("target", "show")
_AT_ONCE = 1_024
"""Books in memory at a time."""


def taking(length: int, target: float) -> Phase:
    """Equal market orders, evenly spread."""
    return {"length": length, "target": target, "take": 1, "child": 1, "force": 1}


def resting(length: int, target: float) -> Phase:
    """One typical order at a time, pegged to the best; what is left at the end is taken."""
    return {"length": length, "target": target, "rest": 1, "child": 1, "force": 1}


def waiting(length: int, target: float) -> Phase:
    """Nothing, holding what there is."""
    return {"length": length, "target": target, "child": 1}


def typical(given: Parameters) -> int:
    """Lots of an order of the background, rounded."""
    return max(1, round(given.flow.typical))


def paired_signs(count: int) -> np.ndarray:
    """+1 and -1 in turn: what the rows of paired books do."""
    return 1 - 2 * (np.arange(count) % 2)


def pairs_of(samples: np.ndarray) -> np.ndarray:
    """The mean of each pair of rows: one independent sample."""
    means: np.ndarray = samples.reshape(-1, 2).mean(axis=1)
    return means


def plan_of(phases: Sequence[Phase], unit: float, signs: np.ndarray) -> np.ndarray:
    """PLAN rows: the buyer's phases, mirrored where `signs` is -1. `unit` is the lots of a typical size."""
    plans = np.zeros(len(signs), PLAN)
    plans["phases"] = len(phases)
    for i, phase in enumerate(phases):
        for name, value in phase.items():
            lots = round(value * unit) if name in LOTS else value
            if name == "child":
                lots = max(1, lots)
            plans["phase"][name][:, i] = signs * lots if name in _SIGNED else lots
    return plans


def carried_out(
    given: Parameters, plans: Sequence[Sequence[Phase]], count: int, seed: int, burst: int = 4
) -> list[np.ndarray]:
    """RESULT rows of each plan, all in the same `count` books (even); `burst` is of `plans.carry_out`. Raises
    ConfigError, and CapacityError where a book stops or a plan cannot be finished."""
    if count < 2 or count % 2:
        raise ConfigError("count", count, "an even number of books")
    found = [np.zeros(count, RESULT) for _ in plans]
    for first in range(0, count, _AT_ONCE):
        rows = slice(first, min(first + _AT_ONCE, count))
        markets, params = open_books(given, rows.stop - first, derive(seed, f"books/{first}"), paired=True)
        signs = paired_signs(len(markets))
        for results, phases in zip(found, plans, strict=True):
            carry_out(markets.copy(), params, plan_of(phases, typical(given), signs), results[rows], burst)
            _require_finished(given, results[rows])
    return found


def _require_finished(given: Parameters, results: np.ndarray) -> None:
    bad = np.flatnonzero((results["fault"] != 0) | (results["unfinished"] != 0))
    if len(bad):
        raise CapacityError(f"{given.name}: a plan could not be finished, fault {results['fault'][bad[0]]}")
