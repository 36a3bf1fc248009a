"""Parameters of the laws whose limit orders come anywhere in a band: zero intelligence, ε-intelligence, Hawkes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from tickwright.core.errors import ConfigError
from tickwright.venue.sim.reactive.layout import TYPES
from tickwright.venue.sim.reactive.parameters.flow import Flow, Numbers, Signs, all_within, within


def _band_rates(limit_rate: float, band: int, cancel_rate: float) -> None:
    within("limit_rate", limit_rate, 1e-9, 1e6)
    if band != int(band) or not 1 <= band <= 1_000:
        raise ConfigError("band", band, "1 to 1000 ticks")
    within("cancel_rate", cancel_rate, 1e-9, 1e6)
    if 2.0 * limit_rate * band / cancel_rate > 1e6:
        raise ConfigError("cancel_rate", cancel_rate, "a book of at most 1000000 orders")


@dataclass(frozen=True, slots=True)
class SantaFe:
    """`santa_fe`: rates per unit of model time, per side; limit orders per tick of the band, cancels per order."""

    name: ClassVar[str] = "santa-fe"
    flow: Flow = field(default_factory=Flow)
    limit_rate: float = 0.04
    band: int = 60
    cancel_rate: float = 0.02
    market_rate: float = 0.15

    def __post_init__(self) -> None:
        _band_rates(self.limit_rate, self.band, self.cancel_rate)
        within("market_rate", self.market_rate, 1e-9, 1e6)

    @property
    def mean_orders(self) -> float:
        """Orders of the stationary book if market orders took none: an upper bound of the mean."""
        return 2.0 * self.limit_rate * self.band / self.cancel_rate


@dataclass(frozen=True, slots=True)
class Epsilon:
    """`epsilon`: as SantaFe, with signs of long memory and selective taking of exponent ζ."""

    name: ClassVar[str] = "epsilon"
    flow: Flow = field(default_factory=Flow)
    signs: Signs = field(default_factory=Signs)
    limit_rate: float = 0.04
    band: int = 60
    cancel_rate: float = 0.02
    market_rate: float = 0.15
    zeta: float = 4.0

    def __post_init__(self) -> None:
        _band_rates(self.limit_rate, self.band, self.cancel_rate)
        within("market_rate", self.market_rate, 1e-9, 1e6)
        within("zeta", self.zeta, 0.1, 100.0)

    @property
    def mean_orders(self) -> float:
        """Orders of the stationary book if market orders took none: an upper bound of the mean."""
        return 2.0 * self.limit_rate * self.band / self.cancel_rate


@dataclass(frozen=True, slots=True)
class Hawkes:
    """`hawkes`: base rates of (market buy, market sell, limit bid, limit ask); `jump[r][i][j]` is what an event of type
    j adds to the rate of type i, decaying at `speed[r]`."""

    name: ClassVar[str] = "hawkes"
    flow: Flow = field(default_factory=Flow)
    base: Numbers = (0.05, 0.05, 0.8, 0.8)
    speed: Numbers = (10.0, 1.0, 0.1)
    jump: tuple[tuple[Numbers, ...], ...] = (
        ((2.0, 0.1, 0.3, 0.1), (0.1, 2.0, 0.1, 0.3), (1.0, 0.5, 1.5, 0.3), (0.5, 1.0, 0.3, 1.5)),
        ((0.15, 0.01, 0.01, 0.01), (0.01, 0.15, 0.01, 0.01), (0.1, 0.1, 0.15, 0.05), (0.1, 0.1, 0.05, 0.15)),
        ((0.01, 0.0, 0.0, 0.0), (0.0, 0.01, 0.0, 0.0), (0.01, 0.01, 0.01, 0.005), (0.01, 0.01, 0.005, 0.01)),
    )
    band: int = 40
    cancel_rate: float = 0.02

    def __post_init__(self) -> None:
        if len(self.base) != TYPES:
            raise ConfigError("base", self.base, f"{TYPES} rates")
        all_within("base", self.base, 0.0, 1e6)
        if min(self.base) <= 0:
            raise ConfigError("base", self.base, "positive rates")
        if len(self.speed) != len(self.jump) or len(self.speed) != 3:
            raise ConfigError("speed", self.speed, "3 decay rates, one for each table of jumps")
        all_within("speed", self.speed, 1e-6, 1e6)
        for r, table in enumerate(self.jump):
            if len(table) != TYPES or any(len(row) != TYPES for row in table):
                raise ConfigError(f"jump[{r}]", table, f"{TYPES} rows of {TYPES}")
            for row in table:
                all_within(f"jump[{r}]", row, 0.0, 1e6)
        if not self.branching() < 0.95:
            raise ConfigError("jump", f"branching ratio {self.branching():.3f}", "below 0.95, or the rates explode")
        _band_rates(1.0, self.band, self.cancel_rate)
        if self.mean_orders > 1e6:
            raise ConfigError("cancel_rate", self.cancel_rate, "a book of at most 1000000 orders")

    def _kernel(self) -> list[list[float]]:
        return [
            [sum(t[i][j] / s for t, s in zip(self.jump, self.speed, strict=True)) for j in range(TYPES)]
            for i in range(TYPES)
        ]

    def branching(self) -> float:
        """The spectral radius of the integrated kernel: children an event has, at the worst."""
        kernel, x, radius = self._kernel(), [1.0] * TYPES, 0.0
        for _ in range(200):
            y = [sum(kernel[i][j] * x[j] for j in range(TYPES)) for i in range(TYPES)]
            radius = max(y)
            if radius == 0.0:
                return 0.0
            x = [v / radius for v in y]
        return radius

    def mean_rates(self) -> Numbers:
        """Stationary rates of the four types: (1 - K)^(-1) base, by its series."""
        kernel, total, term = self._kernel(), list(self.base), list(self.base)
        for _ in range(2000):
            term = [sum(kernel[i][j] * term[j] for j in range(TYPES)) for i in range(TYPES)]
            total = [a + b for a, b in zip(total, term, strict=True)]
        return tuple(total)

    @property
    def mean_orders(self) -> float:
        """Orders of the stationary book if market orders took none: an upper bound of the mean."""
        rates = self.mean_rates()
        return (rates[2] + rates[3]) / self.cancel_rate
