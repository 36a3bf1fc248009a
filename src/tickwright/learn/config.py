"""What episodes are drawn from: orders, horizon, market, costs. Frozen, checked, and part of every result."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.learn.bounds import whole
from tickwright.learn.layout import SETTINGS
from tickwright.strategy.learned.venues import action_count, observed_count
from tickwright.venue.sim.reactive.parameters import FP, Parameters

SIDES = {"buy": 1, "sell": -1, "both": 0}


@dataclass(frozen=True, slots=True)
class EpisodeConfig:
    """The distribution of episodes.

    Parameters
    ----------
    markets
        Parameters of the reactive market; each episode draws one of them. All have as many venues.
    steps, messages
        Decisions of an episode, and background messages between two of them.
    side
        `buy`, `sell`, or `both`: drawn for each episode.
    participation
        Smallest and largest order, as a share of the volume forecast over the horizon.
    slices
        An order has at most this many slices, the unit in which actions tell sizes.
    latency
        Messages between a decision and its arrival at the exchange; a venue's own `latency_ns` is added, as the
        nearest number of messages.
    maker_fee, taker_fee
        Ticks a lot; negative is a rebate. A venue's own are added.
    risk_aversion
        λ in 1/bps, drawn log-uniformly between the two; (0, 0) is none.
    reach
        Ticks beyond the touch seen that a cross may go.
    warmup, templates
        Background messages before an episode may begin, and how many warmed-up markets each of `markets` has.

    Raises ConfigError.
    """

    markets: tuple[Parameters, ...] = field(default_factory=lambda: (FP(),))
    steps: int = 30
    messages: int = 100
    side: str = "both"
    participation: tuple[float, float] = (0.02, 0.15)
    slices: float = 30.0
    latency: int = 0
    maker_fee: float = 0.0
    taker_fee: float = 0.0
    risk_aversion: tuple[float, float] = (0.0, 0.0)
    reach: int = 3
    mid_price: int = 10_000
    warmup: int = 20_000
    templates: int = 16

    def __post_init__(self) -> None:
        if not self.markets:
            raise ConfigError("markets", self.markets, "at least one set of parameters")
        kinds = {(max(1, len(m.flow.venues)), m.flow.pool is not None) for m in self.markets}
        if len(kinds) > 1:
            raise ConfigError("markets", sorted(kinds), "markets of as many venues, all with a pool or none")
        whole("", self, steps=1_000_000, messages=1_000_000, latency=(0, 1_000_000), reach=(0, 1_000))
        whole("", self, warmup=(0, 100_000_000), templates=100_000, mid_price=(200, 2**30))
        if self.side not in SIDES:
            raise ConfigError("side", self.side, f"one of {', '.join(SIDES)}")
        if self.latency > self.messages:
            raise ConfigError("latency", self.latency, f"at most a step: {self.messages} messages")
        smallest, largest = self.participation
        if not 0.0 < smallest <= largest <= 1.0:
            raise ConfigError("participation", self.participation, "two shares, 0 < smallest <= largest <= 1")
        if not 1.0 <= self.slices <= 1e6:
            raise ConfigError("slices", self.slices, "at least 1")
        for name in ("maker_fee", "taker_fee"):
            if not math.isfinite(getattr(self, name)):
                raise ConfigError(name, getattr(self, name), "a finite number of ticks a lot")
        mild, strict = self.risk_aversion
        if not (mild == strict == 0.0 or 0.0 < mild <= strict < math.inf):
            raise ConfigError("risk_aversion", self.risk_aversion, "(0, 0), or 0 < smallest <= largest")

    @property
    def venues(self) -> int:
        """Lit venues of every market."""
        return max(1, len(self.markets[0].flow.venues))

    @property
    def pool(self) -> bool:
        """Whether the markets have a dark pool."""
        return self.markets[0].flow.pool is not None

    @property
    def actions(self) -> int:
        """How many actions there are: `strategy.learned.venues`."""
        return action_count(self.venues, self.pool)

    @property
    def observed(self) -> int:
        """Numbers of an observation."""
        return observed_count(self.venues, self.pool)

    def settings(self, seed: int) -> np.ndarray:
        """The row that the kernels read."""
        row = np.zeros(1, SETTINGS)
        row["seed"], row["steps"], row["messages"], row["latency"] = seed, self.steps, self.messages, self.latency
        row["side"], row["slices"], row["reach"] = SIDES[self.side], self.slices, self.reach
        row["smallest"], row["largest"] = self.participation
        row["maker_fee"], row["taker_fee"] = self.maker_fee, self.taker_fee
        row["risk_low"], row["risk_high"] = self.risk_aversion
        return row
