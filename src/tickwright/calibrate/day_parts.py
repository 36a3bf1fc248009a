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

from tickwright.calibrate import layout as at
from tickwright.calibrate.clock import CLUSTER_STEPS
from tickwright.calibrate.facts import DayFacts
from tickwright.venue.sim.reactive.parameters import Numbers

OPENING = (1, 2, 3, 9)
"""Parts of the first block, relative: minutes of a quarter of an hour."""
LEAST_STEPS = 30
"""Steps of the clock in the shortest of them, at least; else the first block is a part like any other."""
Bounds: TypeAlias = tuple[tuple[float, float], tuple[float, float]]
"""Of a curve over the day, relative to its mean: of a block, and of a part of the first one."""
CURVE_BOUNDS: Bounds = ((0.05, 8.0), (0.05, 20.0))
"""What lies beyond in one day's part is noise or an auction."""


def lengths_of(*days: DayFacts) -> tuple[int, ...]:
    """How long each part of days like these is, relative to the others: the first block is cut where it is long enough
    in all of them."""
    settings, whole = [facts.day.settings for facts in days], sum(OPENING)
    blocks = settings[0].blocks
    if any(one.width < LEAST_STEPS * whole * one.step for one in settings):
        return (1,) * blocks
    return (*OPENING, *(whole,) * (blocks - 1))


def middles_of(lengths: Sequence[int] | np.ndarray) -> np.ndarray:
    """Of the parts, as shares of the day."""
    ends = np.cumsum(lengths)
    return np.asarray((ends - 0.5 * np.array(lengths)) / ends[-1])


@dataclass(frozen=True, eq=False)
class Parts:
    """Of one day, or several in the mean, (n,) each: relative `lengths`; `steps` of the clock; `events`, `markets` and
    `lots` a step; `variance` of a move of `CLUSTER_STEPS`, relative to the day's own; `spread` in ticks."""

    lengths: np.ndarray
    steps: np.ndarray
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
        cut = self.lengths < self.lengths.max()
        low, high = (np.where(cut, bounds[1][k], bounds[0][k]) for k in (0, 1))
        return tuple(round(float(v), 4) for v in np.clip(self.shape(curve), low, high))

    def on(self, curve: Numbers, lengths: Sequence[int]) -> np.ndarray:
        """A curve that has a number for each part of these lengths, on the parts."""
        if tuple(lengths) == tuple(self.lengths):
            return np.array(curve)
        return np.asarray(np.interp(middles_of(self.lengths), middles_of(lengths), curve))


def parts_of(days: Sequence[DayFacts], lengths: tuple[int, ...]) -> Parts:
    """The mean of days, each cut into parts of these lengths; of a mean over time in a part, over the days whose market
    stood there. Where none did, it is that of the other parts."""
    edges = _edges(days[0], lengths)
    steps = np.maximum(np.diff(edges), 1)
    counts = [np.mean([_counted(facts, edges, k) for facts in days], 0) / steps for k in range(3)]
    seen = np.array([_means(facts, edges, lengths) for facts in days])
    seen[:, 0] = _relative(seen[:, 0], np.array(lengths))
    means = [_mean_over_days(seen[:, k], np.array(lengths)) for k in range(2)]
    return Parts(np.array(lengths), steps, *counts, *means)


def _edges(facts: DayFacts, lengths: tuple[int, ...]) -> np.ndarray:
    ends = np.cumsum([0, *lengths])
    return np.asarray(np.round(ends / ends[-1] * facts.day.clock.size).astype(int))


def _counted(facts: DayFacts, edges: np.ndarray, which: int) -> np.ndarray:
    """Events, market orders or lots of each part."""
    name, total = (("events", at.EVENTS), ("markets", at.MARKET_ORDERS), ("lots", at.TRADED_LOTS))[which]
    return np.diff([0, *facts.day.clock[name][edges[1:-1]], facts.day.count(total)])


def _means(facts: DayFacts, edges: np.ndarray, lengths: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Squared moves and spreads of a day by part; NaN where no market stood. Moves follow one another in a block, as
    the fact has them; a minute has few such, and there they overlap."""
    clock = facts.day.clock
    known, mid = clock["known"] == 1, clock["mid2"].astype(float)
    moves, whole = np.zeros(mid.size), np.zeros(mid.size, bool)
    moves[:-CLUSTER_STEPS] = (mid[CLUSTER_STEPS:] - mid[:-CLUSTER_STEPS]) ** 2
    whole[:-CLUSTER_STEPS] = known[CLUSTER_STEPS:] & known[:-CLUSTER_STEPS]
    for length, (a, b) in zip(lengths, pairwise(edges), strict=True):
        if length == max(lengths):
            whole[a:b] &= np.arange(a, b) % CLUSTER_STEPS == 0
    return _mean_where(moves, whole, edges), _mean_where(clock["spread"].astype(float), known, edges)


def _mean_where(values: np.ndarray, good: np.ndarray, edges: np.ndarray) -> np.ndarray:
    return np.array([values[a:b][good[a:b]].mean() if good[a:b].any() else np.nan for a, b in pairwise(edges)])


def _relative(days: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Each to its own mean over the parts that all know, so that one of large moves says no more of the hours than
    another."""
    known = ~np.isnan(days).any(0)
    if not known.any():
        return days
    means = np.average(days[:, known], axis=1, weights=lengths[known])[:, None]
    return np.asarray(days / np.where(means > 0, means, 1.0))


def _mean_over_days(days: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    known = ~np.isnan(days)
    held = known.any(0)
    mean = np.where(known, days, 0.0).sum(0) / np.maximum(known.sum(0), 1)
    return np.where(held, mean, np.average(mean[held], weights=lengths[held]) if held.any() else 1.0)
