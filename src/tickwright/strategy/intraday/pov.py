"""POV: trade in proportion to what others trade.

Law: own/(own + others) = rate, so after others traded V lots own trades should be V·rate/(1 − rate), in whole lots
rounded down. Revisited every `interval`; what is due is mandated until the next visit. Naive in that it follows volume
and so arrives after it, that its own trades move others to trade, and that in a thin market it does not finish: the
rest stays unfilled at the deadline unless `catch_up` is asked for, which gives the rest to the last interval.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from tickwright.core.errors import ConfigError
from tickwright.core.records import Mandate
from tickwright.core.units import SECOND, Lots, Nanos
from tickwright.strategy.levels import Decision, LevelEvent, MarketView, Report, Revised

PPM = 1_000_000


def participation_target(others: Lots, rate_ppm: int) -> Lots:
    """The own lots that make own/(own + others) the rate at most: ⌊V·rate/(1 − rate)⌋, exact."""
    return others * rate_ppm // (PPM - rate_ppm)


@dataclass(frozen=True, slots=True)
class Pace:
    """The mandate in force, others' volume when it was given, and when to look again."""

    mandate: Mandate
    volume: Lots
    look: Nanos


@dataclass(frozen=True, slots=True)
class Pov:
    """Participates at `rate` (above 0, below 1; kept to the millionth) of all volume, own trades included."""

    rate: float = 0.1
    interval: Nanos = 10 * SECOND
    catch_up: bool = False

    notes: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        if not 0 < round(self.rate * PPM) < PPM:
            raise ConfigError("pov rate", self.rate, "a number above 0 and below 1")
        if self.interval <= 0:
            raise ConfigError("pov interval", self.interval, "a positive duration")

    def init(self, mandate: Mandate, view: MarketView) -> tuple[Pace, Decision]:
        """Nothing is due before others have traded."""
        start = max(mandate.start, view.now)
        return self._visit(Pace(replace(mandate, start=start), view.volume, start), start, 0, 0)

    def step(self, state: Pace, event: LevelEvent) -> tuple[Pace, Decision]:
        """Mandate what is due whenever the interval is over."""
        if isinstance(event, Revised):
            return self.init(event.mandate, event.view)
        filled = event.progress.filled
        if filled >= state.mandate.quantity or event.now >= state.mandate.deadline:
            return state, Decision(done=True)
        if isinstance(event, Report) or event.now < state.look:
            return state, Decision(wake=state.look)
        return self._visit(state, event.now, event.view.volume - state.volume, filled)

    def _visit(self, state: Pace, now: Nanos, others: Lots, filled: Lots) -> tuple[Pace, Decision]:
        whole = state.mandate
        if whole.quantity <= 0 or now >= whole.deadline:
            return state, Decision(whole, done=True)
        # A visit within half an interval of the deadline would be too short to trade in.
        last = now + self.interval + self.interval // 2 >= whole.deadline
        look = whole.deadline if last else now + self.interval
        target = min(whole.quantity, participation_target(others, round(self.rate * PPM)))
        if last and self.catch_up:
            target = whole.quantity
        due = replace(whole, quantity=max(0, target - filled), start=now, deadline=look, final=whole.final and last)
        return replace(state, look=look), Decision(due, wake=look)
