"""Split: one mandate over several windows of a day, or over several sessions.

Law: each window is given its share of the quantity by its weight; what a window leaves unfilled rolls into the next;
between windows nothing is worked. Naive in that the weights are given and react to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar

import numpy as np

from tickwright.core.errors import ConfigError, ScheduleError
from tickwright.core.records import Mandate
from tickwright.core.units import Lots, Nanos
from tickwright.strategy.intraday.grid import even_grid, schedule_of
from tickwright.strategy.levels import Decision, LevelEvent, MarketView, Report, Revised


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time in which to work, as the continuous session of one day."""

    start: Nanos
    end: Nanos

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ScheduleError(f"a window ends ({self.end}) before or as it begins ({self.start})")


@dataclass(frozen=True, slots=True)
class Plan:
    """The mandate in force, its windows, the lots due by the end of each, and the window that comes or is worked."""

    mandate: Mandate
    windows: tuple[Window, ...]
    cumulative: tuple[Lots, ...]
    window: int
    working: bool


@dataclass(frozen=True, slots=True)
class Split:
    """Splits a mandate by `weights` over as many windows.

    Without `windows` the mandate's own time is cut into equal ones. Given windows are cut to the mandate's time; one
    that lies outside of it altogether takes no part.
    """

    weights: tuple[int, ...] = (1, 1)
    windows: tuple[Window, ...] = ()

    notes: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        if not self.weights or any(w < 0 for w in self.weights) or sum(self.weights) == 0:
            raise ConfigError("split weights", self.weights, "whole numbers, not negative, not all zero")
        if self.windows and len(self.windows) != len(self.weights):
            raise ConfigError("split windows", len(self.windows), f"as many as weights, {len(self.weights)}")
        if any(late.start < early.end for early, late in pairwise(self.windows)):
            raise ConfigError("split windows", self.windows, "windows in order that do not overlap")

    def init(self, mandate: Mandate, view: MarketView) -> tuple[Plan, Decision]:
        """Cut the time that is left. Raises ScheduleError when no window with weight lies in it."""
        mandate = replace(mandate, start=max(mandate.start, view.now))
        if mandate.quantity <= 0 or mandate.start >= mandate.deadline:
            plan = Plan(mandate, (), (), 0, False)
            return plan, Decision(mandate, done=True)
        windows, weights = self._cut(mandate)
        edges = tuple(range(len(weights) + 1))
        cumulative = schedule_of(edges, np.array(weights, np.float64), mandate.quantity).cumulative
        return self._at(Plan(mandate, windows, cumulative, 0, False), view.now, 0)

    def step(self, state: Plan, event: LevelEvent) -> tuple[Plan, Decision]:
        """Open and close windows as their times come."""
        if isinstance(event, Revised):
            return self.init(event.mandate, event.view)
        if not state.windows or event.progress.filled >= state.mandate.quantity:
            return state, Decision(done=True)
        if isinstance(event, Report):
            window = state.windows[state.window]
            return state, Decision(wake=window.end if state.working else window.start)
        return self._at(state, event.now, event.progress.filled)

    def _cut(self, mandate: Mandate) -> tuple[tuple[Window, ...], tuple[int, ...]]:
        if not self.windows:
            edges = even_grid(mandate.start, mandate.deadline, len(self.weights))
            return tuple(Window(a, b) for a, b in pairwise(edges)), self.weights
        kept = [
            (Window(max(w.start, mandate.start), min(w.end, mandate.deadline)), weight)
            for w, weight in zip(self.windows, self.weights, strict=True)
            if max(w.start, mandate.start) < min(w.end, mandate.deadline)
        ]
        if sum(weight for _, weight in kept) == 0:
            raise ScheduleError(f"no window with weight lies between {mandate.start} and {mandate.deadline}")
        return tuple(w for w, _ in kept), tuple(weight for _, weight in kept)

    def _at(self, state: Plan, now: Nanos, filled: Lots) -> tuple[Plan, Decision]:
        index = next((i for i, window in enumerate(state.windows) if now < window.end), None)
        if index is None:
            return state, Decision(done=True)
        window, last = state.windows[index], index == len(state.windows) - 1
        working = now >= window.start
        if index == state.window and working and state.working:
            return state, Decision(wake=window.end)
        whole = state.mandate
        due = Mandate(
            symbol=whole.symbol,
            side=whole.side,
            quantity=max(0, state.cumulative[index] - filled) if working else 0,
            start=now,
            deadline=window.end if working else window.start,
            final=whole.final and last and working,
            limit=whole.limit,
        )
        return replace(state, window=index, working=working), Decision(due, wake=due.deadline)
