"""A book so plain that what impact costs in it is known: FP in which F is the law's, and the mid follows it at once.

1. `plain_book`: h is linear (`degenerate.LINEAR`), queues are short and quick, most market orders know F, the tilt is
   steep and the day flat. Some 50 messages lie between two market orders: the mid has followed F before the next one.
2. `Slicing`: a parent is worked in slices. A slice is a burst of equal takes, each far smaller than an order at rest,
   so that none walks the book, and then a rest.
3. `Slicing.matrix`: a take pays the impact of those before it, and none of its own, since it meets the book as it
   stands. So a parent of X whose shares are s costs ½ X² s'Ks above the half-spread, where K is a mean of the kernel
   over the takes of two slices, its diagonal without the takes themselves. K comes from the parameters alone.
4. `worked` carries schedules out: an agent's real market orders in K books, a buyer and a seller in each.

What is left of a difference: the mid follows some ten messages late, a take now and then finds less than it wants at
the best price, and what it takes away is missing there for a while. `optima_book` says what that comes to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tickwright.learn.gate.degenerate import LINEAR
from tickwright.learn.gate.layout import RESULT
from tickwright.learn.gate.trials import Phase, carried_out, paired_signs, waiting
from tickwright.strategy.intraday.obizhaeva_wang import kernel_matrix
from tickwright.venue.sim.reactive.layout import SCALES
from tickwright.venue.sim.reactive.parameters import FP, Flow, Queues, Signs

_TYPICAL = 1_000
"""Lots of every order of the background, so that shares of a parent are fine."""
_LEVELS = 3
_ARRIVE, _LEAVE, _TRADE = 3.0, 0.25, 0.4
"""Rates: limit orders a queue, cancels an order, market orders a side."""
_DELAY = 24
"""Messages between two looks of the agent: it trades up to so many after the market order that it waited for, when the
mid has followed."""
UNINFORMED = 0.05
"""Share of the market orders that know nothing, and so move F: the least that FP allows."""
_NEVER = 1e9


def plain_book(weights: Sequence[float], memory: Sequence[float], news: float) -> FP:
    """Impact of one typical size: weights[r] exp(-t / memory[r]) summed, in ticks; t in market orders. `news` is the
    deviation of F a market order."""
    spare = SCALES - len(weights)
    return FP(
        flow=Flow(
            sizes=(_TYPICAL,), weights=(1.0,), volume_curve=(1.0,), volatility_curve=(1.0,), activity_sd=0.0,
            activity_news=0.0,
        ),
        signs=Signs(slots=1, pareto=10.0, cap=1.0),
        queues=Queues(
            limit=tuple((_ARRIVE, _ARRIVE) for _ in range(_LEVELS)),
            cancel=tuple(tuple(_LEAVE * q for q in range(64)) for _ in range(_LEVELS)),
            market=(0.0, _TRADE),
            theta=1.0,
        ),
        kappa=6.0, clip=3.0, stale=0.0, heed=0.0, rush=0.0,
        impact=LINEAR**0.5, weights=(*weights, *(spare * (0.0,))), memory=(*memory, *(spare * (_NEVER,))), n0=LINEAR,
        news=news, news_rate=1.0, informed=1.0 - UNINFORMED, sweep=1.0, picked=1.0, edge=0.0, reach=0,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slicing:
    """How a parent of `quantity` typical sizes is cut. Times are market orders of the background."""

    slices: int
    takes: int
    apart: int
    """Between two takes of a slice."""
    rest: int
    """After them."""
    quantity: float

    @property
    def length(self) -> int:
        """Of a slice."""
        return self.takes * self.apart + self.rest

    def matrix(self, weight: float, memory: float) -> np.ndarray:
        """K of one scale: a mean over the takes of two slices, without those of a take with itself."""
        first = np.arange(self.slices)[:, None] * self.length
        times = (first + self.apart * np.arange(self.takes)).ravel()
        each = kernel_matrix(lambda lag: weight * np.exp(-lag / memory), times)
        np.fill_diagonal(each, 0.0)
        shape = (self.slices, self.takes, self.slices, self.takes)
        return np.asarray(each.reshape(shape).sum(axis=(1, 3)) / self.takes**2)

    def lots(self, shares: np.ndarray) -> list[int]:
        """Of each take of a slice: whole ones, one at least. Rounded so that no sum of them is off by more than one."""
        sums = np.rint(np.cumsum(shares) * self.quantity * _TYPICAL / self.takes)
        return [max(1, int(lots)) for lots in np.diff(sums, prepend=0.0)]

    def quantity_of(self, shares: np.ndarray) -> float:
        """What is traded in all, typical sizes."""
        return sum(self.lots(shares)) * self.takes / _TYPICAL

    def plan(self, shares: np.ndarray) -> list[Phase]:
        """Phases, in typical sizes."""
        phases: list[Phase] = []
        target = 0
        for lots in self.lots(shares):
            target += lots * self.takes
            burst = {"length": self.takes * self.apart, "target": target / _TYPICAL, "child": lots / _TYPICAL}
            phases += [{**burst, "take": 1, "force": 1}, waiting(self.rest, target / _TYPICAL)]
        return phases


@dataclass(frozen=True, slots=True)
class Worked:
    """One schedule in every book; ticks a lot. A buyer's and a seller's book stand side by side."""

    cost: np.ndarray
    """Against the news at the start, whatever moved F since."""
    moved: np.ndarray
    """(book, slice): how far F had gone for the takes of the slice, but for their own impact: by news and by others.
    Its mean is zero."""
    shares: np.ndarray
    """What was traded in each slice, of the whole."""

    @property
    def noise(self) -> np.ndarray:
        """What `moved` adds to the cost."""
        return np.asarray(self.moved @ self.shares)

    @property
    def still(self) -> np.ndarray:
        """The cost without it: the control variate."""
        return np.asarray(self.cost - self.noise)


def worked(given: FP, slicing: Slicing, schedules: Sequence[np.ndarray], books: int, seed: int) -> list[Worked]:
    """Every schedule in the same books (an even number), with the same draws to come. Raises CapacityError."""
    found = carried_out(given, [slicing.plan(shares) for shares in schedules], books, seed, burst=_DELAY)
    return [_worked(results, slicing.slices) for results in found]


def _worked(results: np.ndarray, slices: int) -> Worked:
    assert results.dtype == RESULT
    signs = paired_signs(len(results))
    ends = results["end"][:, : 2 * slices : 2]
    lots = np.diff(ends["shares"], axis=1, prepend=0)
    assert (lots == signs[:, None] * lots[0]).all(), "books in which the schedule is another"
    moved = np.diff(ends["news"] + ends["others"], axis=1, prepend=0.0) / np.abs(lots[0])
    whole = ends["shares"][:, -1]
    cost = -ends["cash"][:, -1] / np.abs(whole) - signs * results["start"]["walk"]
    return Worked(cost, moved, np.asarray(lots[0] / whole[0]))
