"""Imbalance-driven: cross when the queues say that the price is about to run away, else wait in line.

Law: with `I = s(B − A)/(B + A)` from the lots at the touch (or, with `deep`, on the best five levels), `I` near +1 says
that the price is about to move against us. From `cross_at` on the lots shown at the opposite touch are taken, once per
`pause`; up to `post_below` all that remains rests at our touch and follows it; in between what stands stays and
nothing new is posted. With `cross_final` the final mandate is taken from `lead` before its deadline. Naive in that the
signal is worth about one price change and is known to everyone, that shown sizes can be withdrawn, and that with one
child order at a time a take gives up the place in the queue.
Source of the signal: Gould and Bonart, "Queue imbalance as a one-tick-ahead price predictor", 2016.
"""

from __future__ import annotations

from dataclasses import dataclass

from tickwright.core.errors import ConfigError
from tickwright.core.kernel import inline
from tickwright.core.units import MILLISECOND, SECOND, Nanos
from tickwright.strategy.options import require_not_negative, require_positive
from tickwright.strategy.tick.common import (
    NEVER,
    NEXT,
    Memory,
    Obs,
    Params,
    Tick,
    can_cross,
    cross,
    crossing_due,
    crossing_wake,
    idle,
    keep_until,
    near,
    peg,
    renew,
    waiting,
)


@dataclass(frozen=True, slots=True)
class Imbalance:
    """Options of `imbalance`."""

    cross_at: float = 0.7
    """Imbalance against us from which on we cross, from -1 to 1."""
    post_below: float = 0.3
    """Imbalance up to which we post and follow the touch, from -1 to 1."""
    deep: bool = False
    """Whether the best five levels count, not the touch alone."""
    pause: Nanos = SECOND
    """Time between two takes."""
    lead: Nanos = 5 * SECOND
    """How long before the final deadline crossing begins."""
    retry: Nanos = 500 * MILLISECOND
    """Time between two takes in the final crossing."""
    through: float = 3.0
    """How far beyond the opposite touch a take of the final crossing may go."""
    cross_final: bool = True
    """Whether what is left is taken before the final deadline."""

    def __post_init__(self) -> None:
        require_positive("imbalance", self, "retry", "pause")
        require_not_negative("imbalance", self, "lead", "through")
        if not -1.0 <= self.post_below <= self.cross_at:
            raise ConfigError("imbalance post_below", self.post_below, "from -1 to cross_at")

    def pack(self) -> tuple[float, ...]:
        """The eight parameters of the kernel."""
        signal = self.cross_at, self.post_below, float(self.deep)
        times = float(self.pause), float(self.lead), float(self.retry)
        return *signal, *times, self.through, float(self.cross_final)


@inline(borrow=True)
def pressure(obs: Obs, deep: float) -> float:
    """The imbalance against us, −1 to 1: positive when the side that we stand on is the heavier one."""
    bids = obs.bid_depth if deep > 0.0 else obs.bid_size
    asks = obs.ask_depth if deep > 0.0 else obs.ask_size
    if bids + asks <= 0:
        return 0.0
    return obs.side * (bids - asks) / (bids + asks)


@inline(borrow=True)
def decide(params: Params, memory: Memory, obs: Obs) -> Tick:
    """The intent. Parameters: cross_at, post_below, deep, pause, lead, retry (ns), through (spreads), cross_final."""
    if idle(obs):
        return waiting(obs)
    renew(memory, obs)
    last, lead, retry = obs.final == 1 and params[7] > 0.0, int(params[4]), int(params[5])
    if crossing_due(obs, last, lead):
        return cross(memory, obs, obs.remaining, params[6], retry)
    wake = crossing_wake(obs, last, lead, retry)
    against = pressure(obs, params[2])
    shown = obs.ask_size if obs.side > 0 else obs.bid_size
    if against >= params[0] and can_cross(obs) and shown > 0 and obs.now >= memory[NEXT]:
        return cross(memory, obs, min(obs.remaining, shown), 0, int(params[3]))
    if obs.live == 0 and against > params[1]:
        return keep_until(obs, min(wake, max(obs.now + int(params[3]), memory[NEXT])))
    return peg(memory, obs, near(obs), 0 if against <= params[1] else NEVER, 0, wake)
