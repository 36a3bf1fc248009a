"""`TickBetaConfig`: what a beta of ticks is, in full; validated where it is made, from code or from a file."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from tickwright.core.errors import ConfigError
from tickwright.core.time import parse_duration
from tickwright.core.units import DAY, Nanos
from tickwright.factors.fields import check_texts
from tickwright.factors.grid import Grid
from tickwright.factors.sources.prices import KINDS
from tickwright.factors.tick.beta_kernel import TickWindow

HAYASHI_YOSHIDA = "hayashi-yoshida"
_MOST_SCALE = 10_000


@dataclass(frozen=True, slots=True)
class TickBetaConfig:
    """One beta of ticks to the market, after Hayashi and Yoshida.

    | field | what |
    |---|---|
    | `method` | hayashi-yoshida; so a file of this is told from one of `MarketBetaConfig` |
    | `lookback_length` | slots of the window, by default 120 |
    | `min_pairs` | fewer pairs of overlapping intervals give no value; 100 at least |
    | `grid` | length of a slot, as 1min: how often there is a row, and what sums are kept of |
    | `benchmark` | name of the market |
    | `price`, `benchmark_price` | last of trades, mid or micro of quotes; the second is the first by default |
    | `every` | of the covariance: the last tick of each such stretch counts, as 1s; empty takes every tick |
    | `scale` | ticks of the slow scale of the variance |
    | `sessions` | sessions that the window may reach into, with this one; an interval never leaves its session |
    | `max_stale` | slots in a row that the benchmark may be missing |
    | `var_floor` | variance of a slot below which nothing is said |
    | `session` | calendar of the grid, as XNYS; empty for a clock that never stops |
    | `patience` | after the end of a slot, as 10ms, until which a tick still counts; empty is none |

    Raises ConfigError for what cannot be.
    """

    method: str = HAYASHI_YOSHIDA
    lookback_length: int = 120
    min_pairs: int = 100
    grid: str = "1min"
    benchmark: str = "market"
    price: str = "last"
    benchmark_price: str = ""
    every: str = ""
    scale: int = 10
    sessions: int = 1
    max_stale: int = 0
    var_floor: float = 1e-18
    session: str = ""
    patience: str = ""

    def __post_init__(self) -> None:
        if self.method != HAYASHI_YOSHIDA:
            raise ConfigError("method", self.method, HAYASHI_YOSHIDA)
        check_texts(self, "grid", "benchmark", "price", "benchmark_price", "every", "session", "patience")
        grid = Grid.parse(self.grid, self.session)
        # One spelling of one calendar, so that equal configurations are equal.
        object.__setattr__(self, "session", grid.session)
        if not 0 < grid.length < DAY:
            raise ConfigError("grid", self.grid, "slots within a session, as 1min")
        for name, least, most in (
            ("lookback_length", 2, 1_000_000), ("min_pairs", 100, None), ("scale", 2, _MOST_SCALE),
            ("sessions", 1, None), ("max_stale", 0, None),
        ):  # fmt: skip
            value = getattr(self, name)
            most = self.lookback_length - 1 if name == "max_stale" else most
            if isinstance(value, bool) or not isinstance(value, int) or value < least or (most and value > most):
                limit = f", {most} at most" if most else ""
                raise ConfigError(name, value, f"a whole number, {least} or more{limit}")
        for name, price in (("price", self.price), ("benchmark_price", self.market_price)):
            if price not in KINDS:
                raise ConfigError(name, price, f"one of {', '.join(KINDS)}")
        if not 0 <= self.every_ns <= grid.length:
            raise ConfigError("every", self.every, f"at most a slot, {grid.text}")
        if self.patience_ns < 0:
            raise ConfigError("patience", self.patience, "a time, not negative")
        floor = self.var_floor
        if isinstance(floor, bool) or not isinstance(floor, (int, float)) or not 0 <= floor < math.inf:
            raise ConfigError("var_floor", floor, "a number, not negative")
        if not self.benchmark:
            raise ConfigError("benchmark", self.benchmark, "a name")

    @property
    def bars(self) -> Grid:
        """The grid itself."""
        return Grid.parse(self.grid, self.session)

    @property
    def market_price(self) -> str:
        """Of the benchmark."""
        return self.benchmark_price or self.price

    @property
    def every_ns(self) -> Nanos:
        """Of the covariance; 0 takes every tick."""
        return parse_duration(self.every, "every") if self.every else 0

    @property
    def patience_ns(self) -> Nanos:
        """After the end of a slot."""
        return parse_duration(self.patience, "patience") if self.patience else 0

    @property
    def window(self) -> TickWindow:
        """What the kernel is given."""
        return TickWindow(
            self.lookback_length, self.sessions, self.min_pairs, float(self.var_floor), self.max_stale
        )  # fmt: skip

    def resolved(self) -> dict[str, Any]:
        """Every field with its value, to be stored beside the output."""
        return {**asdict(self), "benchmark_price": self.market_price}

    def but(self, **changes: Any) -> TickBetaConfig:
        """A copy with other values."""
        return replace(self, **changes)
