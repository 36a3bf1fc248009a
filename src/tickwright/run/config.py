"""What a run is asked to do, as frozen records; `app.config_file` turns TOML into them and back."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tickwright.core.errors import ConfigError

DEFAULT_POLICIES = (
    "twap/take",
    "twap/post-then-cross",
    "vwap/post-then-cross",
    "ac/post-then-cross",
    "twap/requote",
    "pov/imbalance",
)


@dataclass(frozen=True, slots=True)
class OrderConfig:
    """One parent order as a person writes it: exact decimals as text, times of day in exchange-local time.

    `decision` is when the order was decided (default: `start`, so that there is no delay), `limit` the worst price.
    """

    instrument: str
    side: str
    quantity: str
    start: str
    end: str
    decision: str | None = None
    limit: str | None = None


@dataclass(frozen=True, slots=True)
class ProfileConfig:
    """The simulated venue: durations as `250us`, money as exact decimals per unit of quantity (a share, a contract)."""

    entry_latency: str = "250us"
    response_latency: str = "250us"
    feed_latency: str = "0ns"
    latency_file: str | None = None
    """CSV with the header `entry_ns,response_ns`; replaces the two constants."""
    maker_fee: str = "0"
    taker_fee: str = "0"
    maker_fee_bps: str = "0"
    taker_fee_bps: str = "0"
    resilience: str = "5s"
    """Half-life of what we took; `never` for liquidity that does not come back."""
    impact: float = 0.0
    """Ticks that one lot taken displaces the market; 0 is off."""
    impact_decay: str = "60s"
    queue_law: str = "auto"
    """Of `venue.sim.queue`, as `risk-averse` or `prob-power(2)`. `auto` is `exact` where the data show single orders,
    and `risk-averse` where they show levels."""


@dataclass(frozen=True, slots=True)
class GateConfig:
    """The pre-trade gate. None is off; the parent's quantity and limit always hold.

    `collar_bps` is how much worse than the mid a price may be, from a hundredth of a basis point to a million;
    `max_parent_share` from a millionth to 1.
    """

    max_order_quantity: str | None = None
    max_order_value: str | None = None
    collar_bps: float | None = 200.0
    max_parent_share: float | None = None

    def __post_init__(self) -> None:
        _between("--price-collar (gate.collar_bps)", self.collar_bps, 0.01, 1_000_000)
        _between("--max-parent-share (gate.max_parent_share)", self.max_parent_share, 1e-6, 1)


@dataclass(frozen=True, slots=True)
class ExecuteConfig:
    """Parent orders × policies on one recorded day, or on a day of a market that answers.

    `market` names a reactive market, as `fp` or `fp:parameters.toml` (`run.reactive`); then no catalog is read, and
    `catalog` is empty.

    `together` puts all parent orders into one market at once; otherwise each meets the market alone.

    `finish` is `cross` or `leave`. With `cross`, what is left near the deadline is crossed as far as the displayed
    liquidity within the placement's reach goes; what stands beyond its reach or the limit price, or is refused by the
    gate, stays undone, and the order's notes say so. With `leave`, placements that rest their orders leave the rest
    undone; `take` and `post-then-cross` cross by their own law.
    """

    catalog: str
    date: str
    orders: tuple[OrderConfig, ...]
    policies: tuple[str, ...] = DEFAULT_POLICIES
    profile: ProfileConfig = field(default_factory=ProfileConfig)
    gate: GateConfig = field(default_factory=GateConfig)
    seed: int = 1
    together: bool = False
    finish: str = "cross"
    market: str | None = None
    grace: str = "2s"

    def __post_init__(self) -> None:
        if not self.orders:
            raise ConfigError("orders", "none", "at least one parent order")
        if (self.market is None) == (not self.catalog):
            given = "neither" if self.market is None else "both"
            raise ConfigError("--catalog, --market", given, "a catalog of recorded days, or a market that answers")
        if not self.policies:
            raise ConfigError("policies", "none", "at least one policy as twap/take")
        if len(set(self.policies)) != len(self.policies):
            raise ConfigError("policies", ", ".join(self.policies), "each policy once")
        if self.finish not in ("cross", "leave"):
            raise ConfigError("--finish", self.finish, "cross or leave")
        if not 0 <= self.seed < 2**63:
            raise ConfigError("--seed", self.seed, "a whole number from 0 to 2^63 - 1")


def _between(name: str, value: float | None, low: float, high: float) -> None:
    """None is off. Written so that NaN is refused too."""
    if value is not None and not (math.isfinite(value) and low <= value <= high):
        raise ConfigError(name, value, f"a number from {low:g} to {high:,.0f}, or off")
