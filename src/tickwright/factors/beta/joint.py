"""What the betas beside the market's share: what they are given, and how their configurations are checked.

A joint configuration holds a `MarketBetaConfig`, which says grid, window, benchmark and guards, and adds what the
second regressor is. `BetaFactory` takes either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from tickwright.core.errors import ConfigError
from tickwright.core.units import DAY
from tickwright.factors.beta.config import MarketBetaConfig
from tickwright.factors.beta.two_kernel import TwoConfig
from tickwright.factors.graph import Node, Source

Giver = Source | Node
"""What a port may be joined to."""
LIQUIDITY, SECTOR, VOLATILITY = "liquidity", "sector", "volatility"
"""Sources of levels, by their names."""


@dataclass(frozen=True)
class Inputs:
    """What a joint beta is made of: returns, weights of baskets, and levels by name."""

    asset: Giver
    market: Giver
    weight: Giver
    levels: Mapping[str, Giver]


class JointConfig(Protocol):
    """A beta beside the market's."""

    @property
    def market(self) -> MarketBetaConfig:
        """Grid, window, benchmark and guards."""

    @property
    def levels(self) -> Sequence[str]:
        """Sources of levels that the beta needs."""

    def node(self, inputs: Inputs) -> Node:
        """The beta."""

    def resolved(self) -> dict[str, Any]:
        """Every field with its value, those of `market` in a table of its own, to be stored beside the output."""


def check_joint(config: Any, kind: str, coefficients: Sequence[str]) -> None:
    """What every joint configuration must be. Raises ConfigError, of a file of another kind too."""
    market = config.market
    if not isinstance(market, MarketBetaConfig):
        raise ConfigError("market", type(market).__name__, "a MarketBetaConfig")
    if config.kind != kind:
        raise ConfigError("kind", config.kind, kind)
    if market.method != "ols":
        raise ConfigError("market.method", market.method, "ols: two regressors have no other form")
    if market.shrink != "none":
        raise ConfigError("market.shrink", market.shrink, "none: only a market beta is shrunk")
    choice("coefficient", config.coefficient or "", coefficients)
    share = config.min_own_share
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share < 1:
        raise ConfigError("min_own_share", share, "a number from 0 to below 1")


def choice(name: str, value: str, allowed: Sequence[str]) -> str:
    """One of some words. Raises ConfigError."""
    if value not in allowed:
        raise ConfigError(name, value, f"one of {', '.join(allowed)}")
    return value


def within_sessions(market: MarketBetaConfig) -> bool:
    """Whether a session has several slots, and with them times of day."""
    return 0 < market.bars.length < DAY


def crosses(market: MarketBetaConfig) -> bool:
    """Whether returns and changes may cross from one session into the next."""
    return not within_sessions(market) if market.overnight is None else market.overnight


def two(
    market: MarketBetaConfig, coefficient: int, tolerance: float, orthogonal: bool = False, **rows: Any
) -> TwoConfig:
    """What the kernel of two regressors is given; `rows` are other fields than those of a row a slot."""
    window = market.window
    usual: dict[str, Any] = {**asdict(window), "hold": 0, "rows": window.window}
    return TwoConfig(**(usual | rows), coefficient=coefficient, orthogonal=int(orthogonal), tolerance=tolerance)
