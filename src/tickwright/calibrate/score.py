"""The verdict: every fact of a simulated day against the recorded one, the ranges it must meet, and one score.

A fact whose distance is within its band passes, else it fails; where the band is narrower than the recorded day's own
noise and the distance within that noise, one day cannot tell and the fact is `undecided`: it counts neither way.
A range that is missed where the recorded day lies beyond the same end, and by no more than the fact's band or the day's
own noise further than that day, is `as recorded`: what is asked of a market in general is no fault of one that is like
its day. Where that day lies inside, and so near the end that its noise reaches beyond, one day cannot tell either, and
the range is `undecided`. Both are named, and count neither way.
The score is the mean over decided facts of min(1, band / distance): 1 when all pass.
Of several simulated days each fact takes the one whose distance is the median, and a range at each lag the median of
their values: one day of a market may lie inside by chance, and outside by chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from tickwright.calibrate.bands import BANDS, RANGES, Band, Range
from tickwright.calibrate.distance import RESAMPLES, Distance, apart, distance
from tickwright.calibrate.facts import DayFacts
from tickwright.core.rng import derive

Verdict = Literal["pass", "fail", "undecided", "as recorded"]


@dataclass(frozen=True, slots=True)
class FactScore:
    """One fact of two days; `distance` is None where they share no value."""

    fact: str
    band: Band
    distance: Distance | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class RangeScore:
    """One range: the simulated value farthest out, or None where the day does not know it; the recorded one beside."""

    range: Range
    simulated: float | None
    recorded: float | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Score:
    """All of it. `score` is None when nothing could be decided."""

    facts: tuple[FactScore, ...]
    ranges: tuple[RangeScore, ...]
    score: float | None

    @property
    def passed(self) -> bool:
        """Nothing fails, and something was decided."""
        verdicts = [one.verdict for one in self.facts] + [one.verdict for one in self.ranges]
        return self.score is not None and "fail" not in verdicts

    def words(self) -> str:
        """The verdict in a sentence or two."""
        by: dict[str, list[str]] = {"pass": [], "fail": [], "undecided": []}
        for one in self.facts:
            by[one.verdict].append(one.fact)
        text = f"{len(by['pass'])} of {len(self.facts)} facts lie within their bands"
        text += f", {len(by['fail'])} outside ({', '.join(by['fail'])})" if by["fail"] else ", none outside"
        if by["undecided"]:
            text += f"; {len(by['undecided'])} cannot be told from this day ({', '.join(by['undecided'])})"
        missed, alike, unclear = self._ranges("fail"), self._ranges("as recorded"), self._ranges("undecided")
        if not missed and not alike and not unclear:
            return text + ". Every required range is met."
        text += f". Required ranges missed: {', '.join(missed)}." if missed else "."
        if alike:
            text += f" Outside a required range as the recorded day is: {', '.join(alike)}."
        if unclear:
            text += f" Whether a required range is met cannot be told from this day: {', '.join(unclear)}."
        return text

    def _ranges(self, verdict: Verdict) -> list[str]:
        return [
            f"{one.range.fact}{'' if one.range.x is None else f' at {one.range.x:g}'}"
            for one in self.ranges
            if one.verdict == verdict
        ]

    def to_json(self) -> dict[str, Any]:
        """For score.json."""
        return {
            "schema": "tickwright.calibration-score/1",
            "passed": self.passed,
            "score": self.score,
            "verdict": self.words(),
            "facts": [
                {
                    "fact": s.fact,
                    "verdict": s.verdict,
                    "limit": s.band.limit,
                    "scaled": s.band.scaled,
                    "reason": s.band.reason,
                    "distance": None if s.distance is None else s.distance.value,
                    "low": None if s.distance is None else s.distance.low,
                    "high": None if s.distance is None else s.distance.high,
                    "noise": None if s.distance is None else s.distance.noise,
                }
                for s in self.facts
            ],
            "ranges": [
                {
                    "fact": r.range.fact,
                    "x": r.range.x,
                    "low": r.range.low,
                    "high": r.range.high,
                    "reason": r.range.reason,
                    "simulated": r.simulated,
                    "recorded": r.recorded,
                    "verdict": r.verdict,
                }
                for r in self.ranges
            ],
        }


def score(recorded: DayFacts, simulated: DayFacts | Sequence[DayFacts], seed: int, resamples: int = RESAMPLES) -> Score:
    """Compare a recorded day with one simulated day or several. Same arguments, same bytes."""
    days = [simulated] if isinstance(simulated, DayFacts) else list(simulated)
    facts = tuple(
        _fact(name, recorded, _median_day(name, recorded, days), derive(seed, name), resamples) for name in BANDS
    )
    noises = {one.fact: one.distance.noise for one in facts if one.distance is not None}
    ranges = tuple(range_score(one, recorded, days, noises) for one in RANGES)
    ratios = [
        min(1.0, one.band.limit / one.distance.value) if one.distance.value > 0 else 1.0
        for one in facts
        if one.distance is not None and one.verdict != "undecided"
    ]
    return Score(facts, ranges, float(np.mean(ratios)) if ratios else None)


def _fact(name: str, recorded: DayFacts, simulated: DayFacts, seed: int, resamples: int) -> FactScore:
    limits = BANDS[name]
    found = distance(recorded[name], simulated[name], limits.scaled, seed, resamples)
    if found is None or limits.limit < found.value <= found.noise:
        return FactScore(name, limits, found, "undecided")
    return FactScore(name, limits, found, "pass" if found.value <= limits.limit else "fail")


def _median_day(name: str, recorded: DayFacts, days: list[DayFacts]) -> DayFacts:
    """Where an even number is known, the farther of the two in the middle; a day that knows nothing is left out."""
    known = []
    for k, day in enumerate(days):
        value = apart(recorded[name], day[name], BANDS[name].scaled)
        if value is not None:
            known.append((value, k))
    return days[sorted(known)[len(known) // 2][1]] if known else days[0]


def range_score(
    limits: Range, recorded: DayFacts, days: Sequence[DayFacts], noises: Mapping[str, float] = MappingProxyType({})
) -> RangeScore:
    """A range over several days: at each x the median of theirs, and of these the value farthest out; the farthest out
    of each day would be chance, where many x are asked for. `noises` are of the recorded day, by fact, in its unit."""
    found = _farthest(limits, _medians(limits, days))
    if found is None:
        return RangeScore(limits, None, farthest(limits, recorded), "undecided")
    verdict: Verdict = "pass" if limits.low <= found <= limits.high else "fail"
    here, noise = _known(limits, recorded), noises.get(limits.fact, 0.0)
    if verdict == "fail" and here.size:
        below = found < limits.low
        beyond = limits.low - here.min() if below else here.max() - limits.high  # so far out is the recorded day
        further = here.min() - found if below else found - here.max()
        if further <= max(BANDS[limits.fact].limit, noise) and beyond > -noise:
            verdict = "as recorded" if beyond > 0.0 else "undecided"
    return RangeScore(limits, found, farthest(limits, recorded), verdict)


def farthest(limits: Range, day: DayFacts) -> float | None:
    """The known value at the range's x; of several the one farthest out."""
    return _farthest(limits, _known(limits, day))


def _farthest(limits: Range, values: np.ndarray) -> float | None:
    if not values.size:
        return None
    out = np.maximum(limits.low - values, values - limits.high)
    return float(values[np.argmax(out)])


def _medians(limits: Range, days: Sequence[DayFacts]) -> np.ndarray:
    """Over the days that know it, the value at each x that a range is about."""
    if not days:
        return np.zeros(0)
    values, known = (np.array(both) for both in zip(*(day[limits.fact].value() for day in days), strict=True))
    wanted = known & _about(limits, days[0])
    return np.array([np.median(values[there, x]) for x, there in enumerate(wanted.T) if there.any()])


def _known(limits: Range, day: DayFacts) -> np.ndarray:
    """The values of a day that a range is about."""
    y, known = day[limits.fact].value()
    return np.asarray(y[known & _about(limits, day)])


def _about(limits: Range, day: DayFacts) -> np.ndarray:
    x = day[limits.fact].x
    return np.full(x.shape, True) if limits.x is None else np.asarray(x == limits.x)
