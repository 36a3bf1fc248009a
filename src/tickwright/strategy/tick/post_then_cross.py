"""Post, then cross at the deadline: rest at our own touch, and take what is left when time runs out.

Law: all that remains rests post-only at the touch of our side. When the touch moves away the order follows after
`patience` (with `follow`), never the other way: an order left alone ahead of the touch stays first in line. From
`lead` before the deadline of each mandate (with `cross_each`; else of the final one alone) the rest is taken,
`through` spreads beyond the opposite touch at most, again every `retry`. Naive in that it is filled most readily when
the price is about to go through it (adverse selection), and in that it decides by the clock, not by the state of the
book.
"""

from __future__ import annotations

from dataclasses import dataclass

from tickwright.core.kernel import inline
from tickwright.core.units import MILLISECOND, SECOND, Nanos
from tickwright.strategy.options import require_not_negative, require_positive
from tickwright.strategy.tick.common import (
    NEVER,
    Memory,
    Obs,
    Params,
    Tick,
    cross,
    crossing_due,
    crossing_wake,
    idle,
    near,
    peg,
    renew,
    waiting,
)


@dataclass(frozen=True, slots=True)
class PostThenCross:
    """Options of `post-then-cross`."""

    patience: Nanos = SECOND
    """How long the touch must have been away before the order follows."""
    follow: bool = True
    """Whether the order follows a touch that moves away."""
    lead: Nanos = 5 * SECOND
    """How long before the deadline crossing begins."""
    retry: Nanos = 500 * MILLISECOND
    """Time between two takes."""
    through: float = 3.0
    """How far beyond the opposite touch a take may go, in spreads."""
    cross_each: bool = True
    """Whether each mandate is crossed at its deadline, or the final one alone."""

    def __post_init__(self) -> None:
        require_positive("post-then-cross", self, "retry")
        require_not_negative("post-then-cross", self, "patience", "lead", "through")

    def pack(self) -> tuple[float, ...]:
        """The eight parameters of the kernel."""
        times = float(self.lead), float(self.retry)
        return float(self.patience), float(self.follow), *times, self.through, float(self.cross_each), 0.0, 0.0


@inline(borrow=True)
def decide(params: Params, memory: Memory, obs: Obs) -> Tick:
    """The intent. Parameters: patience (ns), follow, lead (ns), retry (ns), through (spreads), cross_each."""
    if idle(obs):
        return waiting(obs)
    renew(memory, obs)
    last, lead, retry = obs.final == 1 or params[5] > 0.0, int(params[2]), int(params[3])
    if crossing_due(obs, last, lead):
        return cross(memory, obs, obs.remaining, params[4], retry)
    wake = crossing_wake(obs, last, lead, retry)
    patience = int(params[0]) if params[1] > 0.0 else NEVER
    return peg(memory, obs, near(obs), patience, 0, wake)
