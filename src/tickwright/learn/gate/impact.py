"""Impact of our own metaorders: its size and exponent in participation, and what is left of it.

A metaorder is a plan of two phases: market orders of a typical size, evenly spread over T market orders of the
background so that they are `participation` of all, then as long again of waiting. Books are in pairs, of which one buys
and the other sells in the same state with the same draws; the news is subtracted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tickwright.core.rng import derive
from tickwright.learn.gate.check import Check, Estimate, mean_of, ratio_of, surely, within
from tickwright.learn.gate.trials import carried_out, paired_signs, pairs_of, taking, waiting
from tickwright.venue.sim.reactive.parameters import Parameters

PARTICIPATIONS = (0.025, 0.05, 0.1, 0.2)
HORIZONS = (100, 300, 1_000)
CHILDREN = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
"""Sizes of a single market order, in typical ones."""
CHILD_LAG = 20
"""Market orders of the background after which its impact is measured."""
_RESAMPLES = 400


@dataclass(frozen=True, slots=True)
class Impact:
    """Of one metaorder: ticks in its direction, a number a pair of books."""

    participation: float
    length: int
    peak: np.ndarray
    """At its end."""
    after: np.ndarray
    """As long again later."""


def metaorders(
    given: Parameters, length: int, count: int, seed: int, participations: Sequence[float] = PARTICIPATIONS
) -> list[Impact]:
    """One metaorder for each participation, all in the same `count` books (even). Raises CapacityError."""
    plans = []
    for share in participations:
        children = max(1, round(share / (1.0 - share) * length))
        plans.append([taking(length, children), waiting(length, children)])
    found = carried_out(given, plans, count, derive(seed, f"metaorder/{length}"))
    return [
        Impact(share, length, _moved(results, 0), _moved(results, 1))
        for share, results in zip(participations, found, strict=True)
    ]


def _moved(results: np.ndarray, phase: int) -> np.ndarray:
    """How far the mid has gone in the plan's direction by the end of a phase, news left out: a number a pair."""
    start, end = results["start"], results["end"][:, phase]
    return pairs_of(paired_signs(len(results)) * ((end["mid"] - end["walk"]) - (start["mid"] - start["walk"])))


def exponent(found: Sequence[Impact], seed: int = 1) -> Estimate:
    """Slope of log peak impact in log participation, its error by bootstrap over pairs."""
    share = np.log([f.participation for f in found])
    peaks = np.array([f.peak for f in found])
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, peaks.shape[1], (_RESAMPLES, peaks.shape[1]))
    means = np.array([peaks[:, rows].mean(axis=1) for rows in drawn])
    slope = _slope(share, peaks.mean(axis=1)[None])[0]
    return Estimate(float(slope), float(np.std(_slope(share, means), ddof=1)))


def _slope(share: np.ndarray, impacts: np.ndarray) -> np.ndarray:
    """Least squares; NaN where an impact is not positive, so that no exponent is made of noise."""
    centred = share - share.mean()
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.where(impacts > 0.0, np.log(impacts), np.nan)
    slopes: np.ndarray = logs @ centred / (centred @ centred)
    return slopes


def left_after(found: Sequence[Impact]) -> Estimate:
    """What is left of the peak one metaorder length later, all participations together."""
    return ratio_of(np.sum([f.after for f in found], axis=0), np.sum([f.peak for f in found], axis=0))


# -- checks --------------------------------------------------------------------------------------------------------


def metaorder_checks(given: Parameters, length: int, count: int, seed: int) -> list[Check]:
    """Impact is a power of participation between 0.45 and 0.7, and 0.4 to 0.8 of it is left one length later."""
    found = metaorders(given, length, count, seed)
    told = {
        f"{f.participation:g}": {
            "impact_ticks": round(float(f.peak.mean()), 3),
            "error": round(mean_of(f.peak).error, 3),
            "left": round(ratio_of(f.after, f.peak).value, 3),
        }
        for f in found
    }
    return [
        within(f"exponent of impact, T = {length}", exponent(found), 0.45, 0.7, told),
        within(f"impact left after one more length, T = {length}", left_after(found), 0.4, 0.8, told),
    ]


def child_checks(given: Parameters, count: int, seed: int) -> list[Check]:
    """A single market order of ours moves the mid its way, whatever its size: `CHILD_LAG` market orders later."""
    # one order at once, and then nothing
    plans = [[{**taking(CHILD_LAG, size), "child": size}] for size in CHILDREN]
    found = carried_out(given, plans, count, derive(seed, "child"))
    return [
        surely(f"impact of a child of {size:g} typical sizes, ticks", mean_of(_moved(results, 0)), 0.0, None)
        for size, results in zip(CHILDREN, found, strict=True)
    ]
