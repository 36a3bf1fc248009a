"""What trading costs: parents worked by taking or resting, round trips, and pumps. Each is a plan.

Costs are in ticks a lot of the position that was built, against the mid at the start, news left out; a round trip has
no other price than what it lost. Books are in pairs of a buyer and a seller. Plans are told as if for the buyer.

A plan that waits behind the best builds little of what it aims at. Over its target its cost is then next to nothing,
whatever a fill is worth; over the lots that it built it can be compared with the other plans, and its error shows how
few they were. So such plans have `PATIENT_BOOKS` times the books, and are judged by the same rule as the others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tickwright.core.rng import derive
from tickwright.learn.gate.check import Check, Estimate, mean_of, ratio_of, surely, within
from tickwright.learn.gate.trials import Phase, carried_out, pairs_of, resting, taking, typical, waiting
from tickwright.venue.sim.reactive.parameters import Parameters

WORK = {"taking": taking, "resting": resting}
PATIENT_BOOKS = 4


@dataclass(frozen=True, slots=True)
class Program:
    """What came of a plan, a number a pair of books."""

    cost: np.ndarray
    """Ticks a lot of the largest target."""
    built: np.ndarray
    """The largest position at the end of a phase, over the largest target: 1 where the phases are forced."""
    maker_share: float

    @property
    def cost_a_lot(self) -> Estimate:
        """Ticks a lot that was built; not a number where nothing was."""
        return ratio_of(self.cost, self.built) if self.built.any() else Estimate(math.nan, math.inf)


def program(given: Parameters, phases: Sequence[Phase], count: int, seed: int) -> Program:
    """Carry the phases out in `count` books (even). Raises CapacityError."""
    results = carried_out(given, [phases], count, seed)[0]
    last = results["end"][:, len(phases) - 1]
    whole = typical(given) * max(abs(phase["target"]) for phase in phases)
    cost = -last["cash"] - last["shares"] * results["start"]["mid"] - last["news"]
    built = np.abs(results["end"]["shares"][:, : len(phases)]).max(axis=1)
    traded = results["made"].sum() + results["taken"].sum()
    return Program(pairs_of(cost / whole), pairs_of(built / whole), float(results["made"].sum() / max(traded, 1)))


def round_trips(size: float, length: int) -> dict[str, list[Phase]]:
    """There and back, in either manner, and by waiting deeper in the book."""
    trips = {
        f"{there}, {back} back": [WORK[there](length, size), WORK[back](length, 0)] for there in WORK for back in WORK
    }
    for ticks in (1, 2):  # who waits behind the best is filled by sweeps, and gains where those go too far
        patient = {**resting(length, size), "rest": size / 2.0, "behind": ticks, "force": 0}
        trips[f"resting {ticks} behind, resting back"] = [patient, resting(length, 0)]
    return trips


def pumps(size: float, length: int) -> dict[str, list[Phase]]:
    """Ways to move the price and leave at a better one, if there were any."""
    fast = max(1, length // 10)
    lean = {**resting(length, 0), "show": size, "show_behind": 2}
    return {
        "pump by taking fast, leave by taking slowly": [taking(fast, size), taking(length, 0)],
        "pump by taking fast, leave by resting": [taking(fast, size), resting(length, 0)],
        "build by resting, pump, leave by resting": [
            resting(length, size),
            taking(fast, 1.5 * size),
            resting(length, 0),
        ],
        "build by taking slowly, dump at once": [taking(length, size), taking(1, 0)],
        "show bids while leaving by resting": [taking(fast, size), lean],
        "sweep, turn while the mid still follows, sweep back": [
            taking(0, 0.15 * size),
            waiting(length // 12, 0.15 * size),
            taking(0, -0.4 * size),
            waiting(length // 7, -0.4 * size),
            taking(0, 0),
        ],
        "swing between long and short by sweeps": [
            phase
            for held in (0.4 * size, -0.4 * size, 0.4 * size)  # two fifths: about what stands at the best prices
            for phase in (taking(0, held), waiting(length // 5, held))
        ]
        + [taking(0, 0)],
        "pump, wait, leave by resting": [taking(fast, size), waiting(fast, size), resting(length, 0)],
    }


# -- checks --------------------------------------------------------------------------------------------------------


def passive_check(given: Parameters, count: int, seed: int, participation: float = 0.1, length: int = 300) -> Check:
    """All-passive costs 0.5 to 1.5 of TWAP with market orders, of the same parent in the same books."""
    size = max(1.0, round(participation / (1.0 - participation) * length))
    both = {how: program(given, [WORK[how](length, size)], count, derive(seed, "parent")) for how in WORK}
    found = ratio_of(both["resting"].cost, both["taking"].cost)
    if mean_of(both["taking"].cost).interval[0] <= 0.0:  # a ratio to nothing says nothing
        found = Estimate(math.nan, math.inf)
    told = {"participation": participation, "T": length, **{how: _told(p) for how, p in both.items()}}
    return within("all-passive over market-order TWAP", found, 0.5, 1.5, told)


def round_trip_checks(given: Parameters, count: int, seed: int, size: float = 10.0, length: int = 100) -> list[Check]:
    """Round trips lose money on what they built."""
    return _lose(given, "round trip", round_trips(size, length), count, seed, {"size": size, "T": length})


def pump_checks(given: Parameters, count: int, seed: int, size: float = 20.0, length: int = 100) -> list[Check]:
    """So do pumps."""
    return _lose(given, "pump", pumps(size, length), count, seed, {"size": size, "T": length})


def _lose(
    given: Parameters, kind: str, trips: dict[str, list[Phase]], count: int, seed: int, told: dict[str, Any]
) -> list[Check]:
    checks = []
    for name, phases in trips.items():
        books = count if all(phase.get("force") or "rest" not in phase for phase in phases) else PATIENT_BOOKS * count
        found = program(given, phases, books, derive(seed, f"{kind}/{name}"))
        share = {"built": round(float(found.built.mean()), 3), "maker_share": round(found.maker_share, 3)}
        detail = {**told, "books": books, **share}
        checks.append(surely(f"{kind} loses, ticks a lot: {name}", found.cost_a_lot, 0.0, None, detail))
    return checks


def _told(found: Program) -> dict[str, float]:
    cost = mean_of(found.cost)
    return {"cost": round(cost.value, 4), "error": round(cost.error, 4), "maker_share": round(found.maker_share, 3)}
