"""Decision levels above the tick level, nested to any depth, driving the slots of a world.

1. When a parent order starts, its outermost level gets the parent as its mandate and answers with a mandate for the
   level below; that level begins on it, and so on down to the slot, whose tick level works it.
2. Whenever a level's timer is due, the outer ones first, it is stepped with a `Timer`; what it decides goes down as in
   1, as a `Revised` to a level that is already at work.
3. Whenever a report reaches the slot, the levels hear it as a `Report`, the innermost first.
4. When everything is filled, or the grace after the deadline is over, the slot is told to have no order, and the parent
   is closed once no child is open.
5. Now and then the run rests (`Rest`): between two events, so that nothing in the market changes by it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tickwright.book.tape import Tape
from tickwright.core.errors import InternalError
from tickwright.core.records import Mandate, ParentOrder
from tickwright.core.units import Nanos
from tickwright.data.hot import let_go
from tickwright.run.engine import World
from tickwright.run.layout import NEVER, Stop
from tickwright.strategy.levels import Decision, Level, LevelEvent, MarketView, Progress, Report, Revised, Timer

MAX_STEPS_AT_ONCE = 1000
"""A level that asks to be woken now more often than this has a bug."""


class NestedParent:
    """One parent order, the levels that work it, and the slot they drive."""

    def __init__(self, order: ParentOrder, levels: Sequence[Level[Any]], world: World, slot: int, grace: Nanos) -> None:
        self.order = order
        self.closed = False
        self.ended: Nanos | None = None
        self.mandates: list[Mandate] = []
        """Every mandate that the slot was given."""
        self._levels = tuple(levels)
        self._world = world
        self._slot = slot
        self._close_at = order.end + grace
        self._states: list[Any] = [None] * len(self._levels)
        self._wakes: list[Nanos | None] = [None] * len(self._levels)
        self._filled_before = [0] * len(self._levels)
        self._started = False

    @property
    def states(self) -> tuple[Any, ...]:
        """The states of the levels, outermost first; None of a level that has not begun."""
        return tuple(self._states)

    @property
    def wake(self) -> Nanos | None:
        """When this parent wants to be woken next; None when it is closed."""
        if self.closed:
            return None
        if not self._started:
            return self.order.start
        due = [w for w in self._wakes if w is not None]
        return min([self._close_at, *due]) if self.ended is None else None

    def on_timer(self) -> None:
        """The time `wake` has come."""
        now = self._world.now
        if not self._started:
            self._start()
        elif now >= self._close_at:
            self._finish()
        else:
            for i in range(len(self._levels)):
                due = self._wakes[i]
                if due is not None and due <= now:
                    self._wakes[i] = None
                    self._step(i, Timer(now, self._view(), self._progress(i)))
            self._settle()

    def on_report(self) -> None:
        """A report reached the slot."""
        if self.ended is None and self._started:
            for i in reversed(range(len(self._levels))):
                self._step(i, Report(self._world.now, self._view(), self._progress(i)))
        self._settle()

    def _start(self) -> None:
        self._started = True
        self._world.begin(self._slot)
        order = self.order
        whole = Mandate(order.symbol, order.side, order.quantity, order.start, order.end, True, order.limit)
        self._give(0, whole)

    def _give(self, i: int, mandate: Mandate) -> None:
        """Put a mandate in force at level `i`, or at the slot below the last."""
        if i == len(self._levels):
            self.mandates.append(mandate)
            self._world.mandate(self._slot, mandate)
            return
        self._filled_before[i] = self._world.filled(self._slot)
        if self._states[i] is None:
            self._states[i], decision = self._levels[i].init(mandate, self._view())
            self._decide(i, decision)
        else:
            self._step(i, Revised(self._world.now, self._view(), self._progress(i), mandate))

    def _step(self, i: int, event: LevelEvent) -> None:
        if self._states[i] is not None:
            self._states[i], decision = self._levels[i].step(self._states[i], event)
            self._decide(i, decision)

    def _decide(self, i: int, decision: Decision) -> None:
        self._wakes[i] = decision.wake
        if decision.mandate is not None:
            self._give(i + 1, decision.mandate)

    def _progress(self, i: int) -> Progress:
        return Progress(self._world.filled(self._slot) - self._filled_before[i], self._world.open(self._slot))

    def _view(self) -> MarketView:
        return self._world.view(self._slot)

    def _finish(self) -> None:
        order, now = self.order, self._world.now
        self.ended = now
        self._world.mandate(self._slot, Mandate(order.symbol, order.side, 0, now, now, True))
        self._settle()

    def _settle(self) -> None:
        if self.ended is None and self._world.filled(self._slot) == self.order.quantity:
            self._finish()
        if self.ended is not None and self._world.open(self._slot) == 0:
            self.closed = True


class Rest:
    """Moments at which a run gives back the pages of what is mapped from a file, the tapes and `others`, so that a day
    of any length does not fill the memory; for what is held in memory they do nothing."""

    def __init__(self, tapes: Sequence[Tape], rows: int = 2_000_000, others: Sequence[np.ndarray] = ()) -> None:
        self._mapped = [*(tape.rows for tape in tapes), *others]
        self._moments = np.unique(np.concatenate([tape.rows["ts_event"][rows::rows] for tape in tapes]))

    def after(self, now: Nanos) -> Nanos:
        """The next moment, or NEVER."""
        at = int(np.searchsorted(self._moments, now, side="right"))
        return int(self._moments[at]) if at < len(self._moments) else NEVER

    def take(self) -> None:
        """Give the pages back."""
        for array in self._mapped:
            let_go(array)


def drive(
    world: World,
    parents: Sequence[NestedParent],
    progress: Callable[[Nanos], None] | None = None,
    rest: Rest | None = None,
) -> None:
    """Run the world until every parent is closed, or nothing is left to happen. Slots are the places in `parents`."""
    steps, last = 0, -1
    pause = NEVER if rest is None else rest.after(world.now)
    while not all(parent.closed for parent in parents):
        wakes = [w for w in (parent.wake for parent in parents) if w is not None]
        stop = world.advance(min([pause, *wakes]))
        if rest is not None and world.now >= pause:
            rest.take()
            pause = rest.after(world.now)
        if stop is Stop.END:
            break
        steps, last = (steps + 1 if world.now == last else 0), world.now
        if steps > MAX_STEPS_AT_ONCE:
            raise InternalError(f"a level wakes itself without end at {last} ns")
        if stop is Stop.REPORT:
            parents[world.slot].on_report()
        else:
            for parent in parents:
                if parent.wake is not None and parent.wake <= world.now:
                    parent.on_timer()
        if progress is not None:
            progress(world.now)
