"""The lit venues of a market, and its dark pool."""

from __future__ import annotations

from dataclasses import dataclass

from tickwright.core.errors import ConfigError
from tickwright.venue.sim.reactive.layout import DARK_ORDERS, VENUES
from tickwright.venue.sim.reactive.parameters.limits import within


@dataclass(frozen=True, slots=True)
class Venue:
    """A lit venue: its share of the background's limit orders (relative to the others'), fees in ticks a lot (negative
    is a rebate), nanoseconds from a decision to its arrival there beyond the market's own, and how many market orders
    ask it first (relative; where no venue of a market has any, the cheapest taker fee is asked first)."""

    name: str
    share: float = 1.0
    maker_fee: float = 0.0
    taker_fee: float = 0.0
    latency_ns: float = 0.0
    routing: float = 0.0

    def __post_init__(self) -> None:
        if not self.name or not isinstance(self.name, str):
            raise ConfigError("venue.name", self.name, "a name")
        within("venue.share", self.share, 1e-6, 1e6)
        within("venue.maker_fee", self.maker_fee, -1e3, 1e3)
        within("venue.taker_fee", self.taker_fee, -1e3, 1e3)
        within("venue.latency_ns", self.latency_ns, 0.0, 1e12)
        within("venue.routing", self.routing, 0.0, 1e6)


@dataclass(frozen=True, slots=True)
class Pool:
    """The dark pool (`dark`): shares of the market orders that ask it first and that rest in it, and the mean number of
    market orders that these wait; a fee for both sides, ticks a lot."""

    name: str = "DARK"
    ping: float = 0.1
    rest: float = 0.05
    patience: float = 30.0
    fee: float = 0.0
    latency_ns: float = 0.0

    def __post_init__(self) -> None:
        if not self.name or not isinstance(self.name, str):
            raise ConfigError("pool.name", self.name, "a name")
        within("pool.ping", self.ping, 0.0, 1.0)
        within("pool.rest", self.rest, 0.0, 1.0 - self.ping)
        within("pool.patience", self.patience, 1.0, 1e6)
        if self.rest * self.patience > DARK_ORDERS / 4:
            raise ConfigError("pool.patience", self.patience, f"at most {DARK_ORDERS // 4} orders at rest in the mean")
        within("pool.fee", self.fee, -1e3, 1e3)
        within("pool.latency_ns", self.latency_ns, 0.0, 1e12)


def check_venues(venues: tuple[Venue, ...], pool: Pool | None) -> None:
    """Raises ConfigError for venues that do not go together."""
    if len(venues) > VENUES:
        raise ConfigError("flow.venues", f"{len(venues)} venues", f"at most {VENUES}")
    names = [venue.name for venue in venues] + ([pool.name] if pool else [])
    if len(set(names)) < len(names):
        raise ConfigError("flow.venues", names, "names that differ")
