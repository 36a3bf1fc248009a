"""What a run is asked to do, as frozen records; `app.config_file` turns TOML into them and back."""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class GateConfig:
    """The pre-trade gate. None is off; the parent's quantity and limit always hold."""

    max_order_quantity: str | None = None
    max_order_value: str | None = None
    collar_bps: float | None = 200.0
    max_parent_share: float | None = None


@dataclass(frozen=True, slots=True)
class ExecuteConfig:
    """Parent orders × policies on one recorded day.

    `together` puts all parent orders into one market at once; otherwise each meets the market alone. `finish` is
    `cross` (what is left near the deadline is taken, whatever it costs) or `leave` (it stays undone).
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
    grace: str = "2s"

    def __post_init__(self) -> None:
        if not self.orders:
            raise ConfigError("orders", "none", "at least one parent order")
        if not self.policies:
            raise ConfigError("policies", "none", "at least one policy as twap/take")
        if len(set(self.policies)) != len(self.policies):
            raise ConfigError("policies", ", ".join(self.policies), "each policy once")
        if self.finish not in ("cross", "leave"):
            raise ConfigError("finish", self.finish, "cross or leave")
