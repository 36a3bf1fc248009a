"""Mid-peg: rest at the mid, rounded to a tick on our own side of it.

Law: all that remains rests post-only at the mid of the market without us, rounded down for a buy and up for a sell. It
moves with the mid, up and down, at most once every `pause`. With `cross_final` the final mandate is taken from `lead`
before its deadline. Naive in that a displayed order inside the spread invites others to step in front of it, which a
replay of recorded orders cannot show, and in that with a spread of one tick it is no more than an order at the touch.
"""

from __future__ import annotations

from dataclasses import dataclass

from tickwright.core.kernel import inline
from tickwright.core.units import MILLISECOND, SECOND, Nanos
from tickwright.strategy.options import require_not_negative, require_positive
from tickwright.strategy.tick.common import (
    Memory,
    Obs,
    Params,
    Tick,
    cross,
    crossing_due,
    crossing_wake,
    idle,
    peg,
    renew,
    waiting,
)


@dataclass(frozen=True, slots=True)
class MidPeg:
    """Options of `mid-peg`."""

    pause: Nanos = 100 * MILLISECOND
    """How long the mid must have been away before the order moves."""
    lead: Nanos = 5 * SECOND
    """How long before the final deadline crossing begins."""
    retry: Nanos = 500 * MILLISECOND
    """Time between two takes."""
    through: float = 3.0
    """How far beyond the opposite touch a take may go, in spreads."""
    cross_final: bool = True
    """Whether what is left is taken before the final deadline."""

    def __post_init__(self) -> None:
        require_positive("mid-peg", self, "retry")
        require_not_negative("mid-peg", self, "pause", "lead", "through")

    def pack(self) -> tuple[float, ...]:
        """The eight parameters of the kernel."""
        times = float(self.pause), float(self.lead), float(self.retry)
        return *times, self.through, float(self.cross_final), 0.0, 0.0, 0.0


@inline(borrow=True)
def passive_mid(side: int, mid2: int) -> int:
    """The mid (`mid2` half ticks) in ticks, rounded down for a buy and up for a sell: never the opposite touch."""
    return mid2 // 2 if side > 0 else -((-mid2) // 2)


@inline(borrow=True)
def decide(params: Params, memory: Memory, obs: Obs) -> Tick:
    """The intent. Parameters: pause (ns), lead (ns), retry (ns), through (spreads), cross_final."""
    if idle(obs):
        return waiting(obs)
    renew(memory, obs)
    last, lead, retry = obs.final == 1 and params[4] > 0.0, int(params[1]), int(params[2])
    if crossing_due(obs, last, lead):
        return cross(memory, obs, obs.remaining, params[3], retry)
    wake = crossing_wake(obs, last, lead, retry)
    return peg(memory, obs, passive_mid(obs.side, obs.bid + obs.ask), int(params[0]), 1, wake)
