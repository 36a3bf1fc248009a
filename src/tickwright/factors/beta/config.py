"""`MarketBetaConfig`: what a market beta is, in full; validated where it is made, from code or from a file."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from tickwright.core.errors import ConfigError
from tickwright.factors.beta.lagged import MOST_LAGS
from tickwright.factors.beta.window import WindowConfig
from tickwright.factors.fields import check_flags, check_texts
from tickwright.factors.grid import Grid

BASKET = "basket"
"""The benchmark that is the mean of all other instruments."""
METHODS = ("ols", "two-pass", "ewma", "dimson", "scholes-williams", "realised", "bipower")
SHRINK = ("none", "blume", "vasicek")
_WITHIN_SESSIONS = ("realised", "bipower")
_NO_CHOICE_OF_INTERCEPT = ("scholes-williams", *_WITHIN_SESSIONS)


@dataclass(frozen=True, slots=True)
class MarketBetaConfig:
    """One beta to the market.

    | field | what |
    |---|---|
    | `lookback_length` | slots of the window, by default 252; of ewma the age at which a weight is one millionth |
    | `min_observations` | fewer pairs give no value; by default max(30, half the window), 20 within sessions |
    | `grid` | length of a bar as 100ms, 1min, 1d; `slot` for numbered rows |
    | `method` | ols, two-pass (the same, slowly), ewma, dimson, scholes-williams, realised, bipower |
    | `benchmark` | name of the market; `basket` is the mean of all other instruments |
    | `benchmark_session` | calendar of the benchmark, where it has one of its own |
    | `intercept` | whether the line may miss the origin; of ols, two-pass, ewma and dimson |
    | `max_gap` | bars that one return may span; one over more is left out, and its row is a gap |
    | `max_stale` | slots in a row that the benchmark may be missing |
    | `var_floor` | variance below which nothing is said |
    | `min_nonzero_x` | moves of the benchmark below which nothing is said; the window at most |
    | `winsor` | bound of returns on both sides; 0 bounds nothing |
    | `session` | calendar of the grid, as XNYS; empty for a clock that never stops |
    | `auction` | the grid has a slot for the closing auction |
    | `overnight` | returns may cross from one session into the next; by default on daily grids |
    | `lags` | of dimson: lags of the market, causal |
    | `shrink` | none; blume; vasicek, across the section, of `min_section` assets at least |

    The window of realised and bipower is the session: their `lookback_length` is its bars, and may be left out.
    Raises ConfigError for what cannot be.
    """

    lookback_length: int | None = None
    min_observations: int | None = None
    grid: str = "slot"
    method: str = "ols"
    benchmark: str = "market"
    intercept: bool = True
    max_gap: int = 1
    max_stale: int = 0
    var_floor: float = 1e-18
    min_nonzero_x: int = 10
    winsor: float = 0.0
    session: str = ""
    auction: bool = False
    overnight: bool | None = None
    lags: int = 1
    shrink: str = "none"
    min_section: int = 20
    benchmark_session: str | None = None

    def __post_init__(self) -> None:
        check_texts(self, "grid", "method", "benchmark", "session", "shrink", unsaid=("benchmark_session",))
        check_flags(self, "intercept", "auction", unsaid=("overnight",))
        if self.method not in METHODS:
            raise ConfigError("method", self.method, f"one of {', '.join(METHODS)}")
        grid = Grid.parse(self.grid, self.session, self.auction)
        # One spelling of one calendar, so that equal configurations are equal.
        object.__setattr__(self, "session", grid.session)
        window = self._window(grid)
        object.__setattr__(self, "lookback_length", window)
        if self.shrink not in SHRINK:
            raise ConfigError("shrink", self.shrink, f"one of {', '.join(SHRINK)}")
        if self.min_observations is None:
            usual = 20 if self.method in _WITHIN_SESSIONS else max(30, window // 2)
            object.__setattr__(self, "min_observations", usual)
        whole("min_observations", self.min_observations, 3, None)
        whole("min_nonzero_x", self.min_nonzero_x, 1, None)
        for name in ("min_observations", "min_nonzero_x"):  # more than there can be would never give a value
            if getattr(self, name) > window:
                raise ConfigError(name, getattr(self, name), f"at most lookback_length, {window}; say a smaller one")
        whole("max_gap", self.max_gap, 1, window)
        whole("max_stale", self.max_stale, 0, window - 1)
        whole("lags", self.lags, 1, MOST_LAGS)
        whole("min_section", self.min_section, 3, None)
        for name in ("var_floor", "winsor"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
                raise ConfigError(name, value, "a number, not negative")
        if self.benchmark_session is not None:
            object.__setattr__(self, "benchmark_session", self.benchmark_bars.session)
            if self.benchmark == BASKET:
                raise ConfigError(
                    "benchmark_session", self.benchmark_session, f"none: a {BASKET} has that of its members"
                )
        if not self.benchmark:
            raise ConfigError("benchmark", self.benchmark, f"a name, or {BASKET}")
        if not self.intercept and self.method in _NO_CHOICE_OF_INTERCEPT:
            raise ConfigError("intercept", False, f"true: {self.method} has no other form")
        if self.shrink == "vasicek" and self.method == "bipower":
            raise ConfigError("shrink", self.shrink, "none or blume: bipower has no standard error to weigh by")
        if self.method in _WITHIN_SESSIONS and self.overnight:
            raise ConfigError("overnight", True, f"false: {self.method} never crosses a session break")

    def _window(self, grid: Grid) -> int:
        if self.method not in _WITHIN_SESSIONS:
            window = 252 if self.lookback_length is None else self.lookback_length
            return whole("lookback_length", window, 3, 1_000_000)
        bars = grid.bars_per_session
        if bars < 2:
            raise ConfigError("grid", self.grid, f"bars within a session, as 5min, for {self.method}")
        if self.lookback_length not in (None, bars):
            raise ConfigError("lookback_length", self.lookback_length, f"nothing, or {bars}, the bars of a session")
        return whole("lookback_length", bars, 3, 1_000_000)

    @property
    def bars(self) -> Grid:
        """The grid itself."""
        return Grid.parse(self.grid, self.session, self.auction)

    @property
    def benchmark_bars(self) -> Grid:
        """The grid of the benchmark."""
        if self.benchmark_session is None:
            return self.bars
        return Grid.parse(self.grid, self.benchmark_session, self.auction and bool(self.benchmark_session))

    @property
    def window(self) -> WindowConfig:
        """What kernels over a window of pairs are given."""
        assert self.lookback_length is not None
        assert self.min_observations is not None
        return WindowConfig(
            self.lookback_length, self.min_observations, self.min_nonzero_x, float(self.var_floor),
            float(self.winsor), int(self.intercept), self.max_stale,
        )  # fmt: skip

    def resolved(self) -> dict[str, Any]:
        """Every field with its value, to be stored beside the output."""
        return asdict(self)

    def but(self, **changes: Any) -> MarketBetaConfig:
        """A copy with other values."""
        return replace(self, **changes)


def whole(name: str, value: Any, least: int, most: int | None) -> int:
    """A whole number between bounds. Raises ConfigError."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least or (most is not None and value > most):
        raise ConfigError(name, value, f"a whole number, {least} or more" + (f", {most} at most" if most else ""))
    return value
