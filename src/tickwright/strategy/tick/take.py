"""Take: cross the spread now for what is left.

Law: an immediate-or-cancel order for all that remains, at most `through` spreads beyond the opposite touch, again every
`retry` while something remains and the limit allows. With `through=0` it reaches the touch alone, and may leave a part
of an order undone where little stands there. Naive in that it pays the spread always and shows its hand: what it takes
has to be refilled before the next attempt finds as much.
"""

from __future__ import annotations

from dataclasses import dataclass

from tickwright.core.kernel import inline
from tickwright.core.units import SECOND, Nanos
from tickwright.strategy.options import require_not_negative, require_positive
from tickwright.strategy.tick.common import (
    Memory,
    Obs,
    Params,
    Tick,
    can_cross,
    cross,
    idle,
    keep_until,
    renew,
    waiting,
)


@dataclass(frozen=True, slots=True)
class Take:
    """Options of `take`: `through` spreads beyond the opposite touch at most, a new attempt every `retry` ns."""

    through: float = 1.0
    retry: Nanos = SECOND

    def __post_init__(self) -> None:
        require_positive("take", self, "retry")
        require_not_negative("take", self, "through")

    def pack(self) -> tuple[float, ...]:
        """The eight parameters of the kernel."""
        return (self.through, float(self.retry), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@inline(borrow=True)
def decide(params: Params, memory: Memory, obs: Obs) -> Tick:
    """The intent of `take`. Parameters: through (spreads), retry (ns)."""
    if idle(obs):
        return waiting(obs)
    renew(memory, obs)
    retry = int(params[1])
    if not can_cross(obs):
        return keep_until(obs, obs.now + retry)
    return cross(memory, obs, obs.remaining, params[0], retry)
