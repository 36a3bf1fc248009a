"""The level that walks any schedule: one mandate a slice for the level below.

1. At its beginning, and whenever its mandate is revised, it plans: times, and lots that should be done by then.
2. At each of these times it mandates what should be done by the next one and is not known to be filled. What a slice
   left unfilled so rolls into the next.
3. The last slice of a final mandate is final.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from tickwright.core.records import Mandate, Schedule
from tickwright.core.units import Lots
from tickwright.strategy.levels import Decision, LevelEvent, MarketView, Report, Revised


class Planner(Protocol):
    """Turns a mandate into a schedule; `notes` is what a report has to say about it."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the report."""

    def plan(self, mandate: Mandate) -> Schedule:
        """The schedule of a mandate with at least one lot, from its start to its deadline."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a schedule stands: the mandate in force, its plan, and the slice that is being worked."""

    mandate: Mandate
    plan: Schedule
    slice: int


@dataclass(frozen=True, slots=True)
class FollowSchedule:
    """Follows the schedule of a planner."""

    planner: Planner

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the report, from the planner."""
        return self.planner.notes

    def init(self, mandate: Mandate, view: MarketView) -> tuple[Walk, Decision]:
        """Plan from the mandate's start, or from now if that has passed. Raises ScheduleError, ConfigError."""
        mandate = replace(mandate, start=max(mandate.start, view.now))
        if mandate.quantity <= 0 or mandate.start >= mandate.deadline:
            return Walk(mandate, Schedule((mandate.deadline,), (mandate.quantity,)), 0), Decision(mandate, done=True)
        walk = Walk(mandate, self.planner.plan(mandate), 0)
        return walk, _mandate_slice(walk, 0)

    def step(self, state: Walk, event: LevelEvent) -> tuple[Walk, Decision]:
        """Plan anew on a revision; begin the next slice when its time has come; else go on."""
        if isinstance(event, Revised):
            return self.init(event.mandate, event.view)
        filled, times = event.progress.filled, state.plan.times
        if filled >= state.mandate.quantity or event.now >= times[-1]:
            return state, Decision(done=True)
        index = state.slice
        while times[index] <= event.now:
            index += 1
        if isinstance(event, Report) or index == state.slice:
            # A report never opens a slice: the timer of the same moment does, so that ties have one order.
            return state, Decision(wake=times[state.slice])
        state = replace(state, slice=index)
        return state, _mandate_slice(state, filled)


def _mandate_slice(walk: Walk, filled: Lots) -> Decision:
    """What the slice asks of the level below."""
    whole, index = walk.mandate, walk.slice
    last = index == len(walk.plan.times) - 1
    due = Mandate(
        symbol=whole.symbol,
        side=whole.side,
        quantity=max(0, walk.plan.cumulative[index] - filled),
        start=whole.start if index == 0 else walk.plan.times[index - 1],
        deadline=walk.plan.times[index],
        final=whole.final and last,
        limit=whole.limit,
    )
    return Decision(due, wake=due.deadline)
