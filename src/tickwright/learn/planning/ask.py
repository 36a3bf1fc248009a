"""What a plan is asked for. Frozen, checked, and part of its result."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tickwright.core.errors import ConfigError
from tickwright.core.units import Lots
from tickwright.learn.config import SIDES
from tickwright.venue.sim.reactive.parameters import FP, Parameters

MOST_PARTICIPATION = 0.5
"""Of the volume forecast: a horizon in which the order would be more is not looked at."""


@dataclass(frozen=True, slots=True)
class PlanAsk:
    """An order before it is worked.

    Parameters
    ----------
    side, quantity
        `buy` or `sell`, lots.
    market
        Parameters of the reactive market, as fitted to the instrument.
    horizons
        Seconds, in rising order.
    urgencies
        κT of the Almgren–Chriss curve; 0 is an even schedule.
    risk_aversion
        λ in 1/bps: of two cells that one is better whose mean + λ variance of the shortfall is less.
    placement
        How what is due becomes orders (`learn.policies`).
    steps
        Decisions over a horizon.
    episodes
        Simulated for each cell.

    Raises ConfigError.
    """

    side: str
    quantity: Lots
    market: Parameters = field(default_factory=FP)
    horizons: tuple[float, ...] = (300.0, 600.0, 1_200.0, 2_400.0, 3_600.0)
    urgencies: tuple[float, ...] = (0.0, 1.0, 2.0, 4.0)
    risk_aversion: float = 0.01
    placement: str = "post-then-cross"
    steps: int = 30
    episodes: int = 512
    mid_price: int = 10_000

    def __post_init__(self) -> None:
        if self.side not in SIDES or SIDES[self.side] == 0:
            raise ConfigError("side", self.side, "buy or sell")
        if self.quantity < 1:
            raise ConfigError("quantity", self.quantity, "at least one lot")
        if not self.horizons or list(self.horizons) != sorted(set(self.horizons)):
            raise ConfigError("horizons", self.horizons, "seconds, each larger than the one before")
        for seconds in self.horizons:
            if not self.messages(seconds) >= 1:
                raise ConfigError(
                    "horizons", seconds,
                    f"at least {self.steps / self.market.flow.messages_a_second:g} s: a message for each of "
                    f"{self.steps} decisions",
                )  # fmt: skip
            if seconds > self.market.flow.day_seconds:
                raise ConfigError("horizons", seconds, f"at most the day's {self.market.flow.day_seconds:g} s")
        if not self.urgencies or not all(math.isfinite(u) and 0.0 <= u <= 100.0 for u in self.urgencies):
            raise ConfigError("urgencies", self.urgencies, "numbers from 0 to 100")
        if not (math.isfinite(self.risk_aversion) and self.risk_aversion >= 0.0):
            raise ConfigError("risk_aversion", self.risk_aversion, "0 or more, in 1/bps")
        if self.episodes < 16:
            raise ConfigError("episodes", self.episodes, "16 or more")

    def messages(self, seconds: float) -> int:
        """Messages between two decisions, at the market's mean pace."""
        return round(seconds * self.market.flow.messages_a_second / self.steps)
