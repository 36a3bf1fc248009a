"""What a day shows part by part, read off the clock of a pass, whose samples hold the market and what had come by then.

A part is a block of time, but the first block is cut as `OPENING` says where it is long enough: a day opens with wide
spreads, and its largest moves of a second are of a few minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from tickwright.calibrate.facts import DayFacts
from tickwright.venue.sim.reactive.parameters import Numbers

OPENING = (1, 2, 3, 9)
"""Parts of the first block, relative: minutes of a quarter of an hour."""
LEAST_STEPS = 30
"""Steps of the clock in the shortest of them, at least; else the first block is a part like any other."""
Bounds: TypeAlias = tuple[float, float, float]
"""Of a curve over the day, relative to its mean: low, high, and high where the first block is cut."""
CURVE_BOUNDS: Bounds = (0.05, 8.0, 20.0)
"""What lies beyond in one day's part is noise or an auction."""
MOVE = 10
"""Steps of the clock over which a move is squared: one after the other in a block, as the fact has them, but a minute
has few of these, and there they overlap."""


def lengths_of(facts: DayFacts) -> tuple[int, ...]:
    """How long each part of a day like this one is, relative to the others."""
    settings, whole = facts.day.settings, sum(OPENING)
    if settings.width < LEAST_STEPS * whole * settings.step:
        return (1,) * settings.blocks
    return (*OPENING, *(whole,) * (settings.blocks - 1))


@dataclass(frozen=True, eq=False)
class Parts:
    """Of one day, or several in the mean, (n,) each. `lengths` are relative; `events`, `markets` and `lots` a unit of
    them; `variance` of a move, half ticks squared; `spread` in ticks."""

    lengths: np.ndarray
    events: np.ndarray
    markets: np.ndarray
    lots: np.ndarray
    variance: np.ndarray
    spread: np.ndarray

    def shape(self, curve: np.ndarray) -> np.ndarray:
        """A curve relative to its mean over the day."""
        mean = max(float(np.average(curve, weights=self.lengths)), 1e-9)
        return np.asarray(curve / mean)

    def bounded(self, curve: np.ndarray, bounds: Bounds = CURVE_BOUNDS) -> Numbers:
        """The same as parameters have it."""
        low, high, opening = bounds
        most = np.where(self.lengths < self.lengths.max(), opening, high)
        return tuple(round(float(v), 4) for v in np.clip(self.shape(curve), low, most))

    def on(self, curve: Numbers) -> np.ndarray:
        """A curve of any number of equal parts, on these."""
        if len(curve) == self.lengths.size:
            return np.array(curve)
        ends = np.cumsum(self.lengths)
        middles = (ends - 0.5 * self.lengths) / ends[-1]
        return np.asarray(np.interp(middles, (np.arange(len(curve)) + 0.5) / len(curve), curve))


def parts_of(days: Sequence[DayFacts], lengths: tuple[int, ...]) -> Parts:
    """The mean of days, each cut into parts of these lengths. A part in which no market stood has the mean of the
    others."""
    found = np.mean([_of_day(facts, lengths) for facts in days], 0)
    scale = np.array(lengths, float)
    return Parts(scale, *found[:3] / scale, *found[3:])


def _of_day(facts: DayFacts, lengths: tuple[int, ...]) -> np.ndarray:
    """(5, n): counts of events, market orders and lots; mean squared move; mean spread."""
    clock = facts.day.clock
    ends = np.cumsum([0, *lengths])
    edges = np.round(ends / ends[-1] * clock.size).astype(int)
    known, mid = clock["known"] == 1, clock["mid2"].astype(float)
    moves = np.zeros(mid.size)
    whole = np.zeros(mid.size, bool)
    moves[:-MOVE], whole[:-MOVE] = (mid[MOVE:] - mid[:-MOVE]) ** 2, known[MOVE:] & known[:-MOVE]
    for length, (a, b) in zip(lengths, pairwise(edges), strict=True):
        if length == max(lengths):
            whole[a:b] &= np.arange(a, b) % MOVE == 0
    counts = [np.diff([*clock[name][edges[:-1]], clock[name][-1]]) for name in ("events", "markets", "lots")]
    means = [
        _filled([float(values[a:b] @ good[a:b]) / max(int(good[a:b].sum()), 1) for a, b in pairwise(edges)],
                [bool(good[a:b].any()) for a, b in pairwise(edges)])
        for values, good in ((moves, whole), (clock["spread"].astype(float), known))
    ]  # fmt: skip
    return np.array([*counts, *means], float)


def _filled(values: list[float], known: list[bool]) -> np.ndarray:
    found, there = np.array(values), np.array(known)
    return np.where(there, found, found[there].mean() if there.any() else 1.0)
