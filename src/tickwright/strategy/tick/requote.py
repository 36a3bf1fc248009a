"""Post and re-quote with patience: keep a place in the queue until it is worth less than a new one.

Law: all that remains rests post-only at the touch. It is moved to the touch once it was away for `patience`, behind or
ahead; and, where the spread leaves room, one tick ahead of the touch when its queue is hopeless: more than `hopeless`
times the lots that remain stand ahead (0: never). There it stays while it is one tick ahead. With `interval` it looks
only that often, a market maker's fixed re-quote interval. With `cross_final` the final mandate is taken from `lead`
before its deadline. Naive in that "hopeless" counts lots and not how fast the queue moves, and in that it takes no view
of where the price is going.
"""

from __future__ import annotations

from dataclasses import dataclass

from tickwright.core.kernel import inline
from tickwright.core.units import MILLISECOND, SECOND, Nanos
from tickwright.strategy.options import require_not_negative, require_positive
from tickwright.strategy.tick.common import (
    AWAY,
    REST,
    Memory,
    Obs,
    Params,
    Tick,
    cross,
    crossing_due,
    crossing_wake,
    far,
    idle,
    keep_until,
    near,
    peg,
    renew,
    waiting,
    wake_at,
    within,
)

LOOK = 5
"""Place in `memory` of the next look; the first five places are those of `common`."""


@dataclass(frozen=True, slots=True)
class Requote:
    """Options of `requote`."""

    patience: Nanos = SECOND
    """How long the order must have been away from the touch before it moves."""
    hopeless: float = 20.0
    """Lots ahead, as a multiple of the lots that remain, beyond which the order steps ahead of the touch; 0: never."""
    interval: Nanos = 0
    """Time between two looks at the book; 0: at every change of the quote."""
    lead: Nanos = 5 * SECOND
    """How long before the final deadline crossing begins."""
    retry: Nanos = 500 * MILLISECOND
    """Time between two takes."""
    through: float = 3.0
    """How far beyond the opposite touch a take may go, in spreads."""
    cross_final: bool = True
    """Whether what is left is taken before the final deadline."""

    def __post_init__(self) -> None:
        require_positive("requote", self, "retry")
        require_not_negative("requote", self, "patience", "hopeless", "interval", "lead", "through")

    def pack(self) -> tuple[float, ...]:
        """The eight parameters of the kernel."""
        posting = float(self.patience), self.hopeless, float(self.interval)
        return *posting, float(self.lead), float(self.retry), self.through, float(self.cross_final), 0.0


@inline(borrow=True)
def decide(params: Params, memory: Memory, obs: Obs) -> Tick:
    """The intent. Parameters: patience, hopeless, interval, lead, retry (ns), through (spreads), cross_final."""
    if idle(obs):
        return waiting(obs)
    renew(memory, obs)
    last, lead, retry = obs.final == 1 and params[6] > 0.0, int(params[3]), int(params[4])
    if crossing_due(obs, last, lead):
        return cross(memory, obs, obs.remaining, params[5], retry)
    wake = crossing_wake(obs, last, lead, retry)
    interval = int(params[2])
    if interval > 0:
        if obs.live == 1 and obs.live_size <= obs.remaining and obs.now < memory[LOOK]:
            return keep_until(obs, min(wake, memory[LOOK]))
        memory[LOOK] = obs.now + interval
        wake = min(wake, memory[LOOK])
    target = near(obs)
    if obs.live == 1 and params[1] > 0.0:
        ahead = target + obs.side
        room = obs.side * (far(obs) - ahead) > 0 and within(obs, ahead) == ahead
        if room and obs.live_price == ahead:
            target = ahead
        elif room and obs.live_price == target and obs.queue_ahead > params[1] * obs.remaining:
            memory[AWAY] = 0
            return REST, ahead, obs.remaining, 1, wake_at(obs, wake)
    return peg(memory, obs, target, int(params[0]), 1, wake)
