"""What the parameters of all models share: sizes, the day, activity and pace; and the signs of market orders."""

from __future__ import annotations

from dataclasses import dataclass

from tickwright.core.errors import ConfigError
from tickwright.core.units import Lots
from tickwright.venue.sim.reactive.layout import BINS, CELLS, GAPS, SIZES, SLOTS, CancelRule
from tickwright.venue.sim.reactive.parameters.limits import Numbers as Numbers
from tickwright.venue.sim.reactive.parameters.limits import all_within as all_within
from tickwright.venue.sim.reactive.parameters.limits import within as within
from tickwright.venue.sim.reactive.parameters.venues import Pool, Venue, check_venues

CURVES = ("volume_curve", "volatility_curve", "trading_curve", "posting_curve", "size_curve")
"""Of `Flow`, over the day."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What all models share. `volume_curve` and `volatility_curve` are relative, one number for each part of the day;
    so are `trading_curve`, of market orders against other events in the queue-reactive laws, and `posting_curve`, of
    limit orders. `day_parts` are how long the parts are, whole numbers of which only ratios count; none: all alike.
    `size_curve` is not relative: by it the sizes of FP's market orders are multiplied at a time of the day, or with
    `market_sizes` their hazards divided. `market_sizes` are what market orders ask for, with their weights; none: the
    sizes of all orders. Activity is pace.py's, with its standard deviation, its memory in market orders and γ. `gaps`
    are the mean waiting times of the clock's states, the shortest first, of which only ratios count; with one state the
    clock is a Poisson one; `gap_after_weights` are of the states that a market order puts it into, none: the first;
    `gap_flurry` is how much short times keep together, and `gap_flurry_memory` after how many events on average it
    is drawn anew whether they do.
    `cancel_decay`: `queue_reactive`, law 5, of the queue-reactive laws and `uniform` cancels alone."""

    sizes: tuple[Lots, ...] = (25, 50, 100, 200, 300, 500)
    weights: Numbers = (0.15, 0.2, 0.45, 0.12, 0.05, 0.03)
    messages_a_second: float = 20.0
    day_seconds: float = 23_400.0
    volume_curve: Numbers = (1.8, 1.25, 1.05, 0.9, 0.8, 0.72, 0.7, 0.72, 0.78, 0.85, 0.98, 1.15, 1.7)
    volatility_curve: Numbers = (1.6, 1.25, 1.1, 1.0, 0.92, 0.88, 0.85, 0.85, 0.88, 0.92, 0.97, 1.02, 1.15)
    activity_sd: float = 0.5
    activity_memory: float = 300.0
    activity_news: float = 0.5
    gaps: Numbers = (1.0,)
    gap_weights: Numbers = (1.0,)
    gap_stay: float = 0.0
    gap_flurry: float = 0.0
    gap_flurry_memory: float = 20.0
    gap_after_market: float = 0.0
    gap_after_weights: Numbers = ()
    trading_curve: Numbers = (1.0,)
    posting_curve: Numbers = (1.0,)
    size_curve: Numbers = (1.0,)
    day_parts: tuple[int, ...] = ()
    market_sizes: tuple[Lots, ...] = ()
    market_weights: Numbers = ()
    cancels: str = "uniform"
    cancel_decay: float = 0.0
    display: float = 1.0
    venues: tuple[Venue, ...] = ()
    """Lit venues; none is one without a name, fees or latency."""
    pool: Pool | None = None

    def __post_init__(self) -> None:
        _check_sizes("", self.sizes, self.weights)
        if self.market_sizes or self.market_weights:
            _check_sizes("market_", self.market_sizes, self.market_weights)
        within("flow.messages_a_second", self.messages_a_second, 1e-3, 1e6)
        within("flow.day_seconds", self.day_seconds, 1.0, 1e6)
        _check_parts(self.day_parts)
        for name in CURVES:
            curve = getattr(self, name)
            if not 1 <= len(curve) <= BINS:
                raise ConfigError(f"flow.{name}", curve, f"1 to {BINS} numbers")
            if self.day_parts and len(curve) not in (1, len(self.day_parts)):
                raise ConfigError(f"flow.{name}", curve, f"one number, or one for each of {len(self.day_parts)} parts")
            all_within(f"flow.{name}", curve, 1e-3, 1e3)
        within("flow.activity_sd", self.activity_sd, 0.0, 2.0)
        within("flow.activity_memory", self.activity_memory, 1.0, 1e7)
        within("flow.activity_news", self.activity_news, 0.0, 2.0)
        if not 1 <= len(self.gaps) <= GAPS or len(self.gaps) != len(self.gap_weights):
            raise ConfigError("flow.gaps", self.gaps, f"1 to {GAPS} mean times, one for each weight")
        all_within("flow.gaps", self.gaps, 1e-9, 1e9)
        if list(self.gaps) != sorted(self.gaps):
            raise ConfigError("flow.gaps", self.gaps, "the shortest first")
        all_within("flow.gap_weights", self.gap_weights, 0.0, 1e9)
        if not sum(self.gap_weights) > 0:
            raise ConfigError("flow.gap_weights", self.gap_weights, "weights that are not all zero")
        if self.gap_after_weights:
            if len(self.gap_after_weights) != len(self.gaps):
                raise ConfigError("flow.gap_after_weights", self.gap_after_weights, "one for each of gaps, or none")
            all_within("flow.gap_after_weights", self.gap_after_weights, 0.0, 1e9)
            if not sum(self.gap_after_weights) > 0:
                raise ConfigError("flow.gap_after_weights", self.gap_after_weights, "weights that are not all zero")
        within("flow.gap_stay", self.gap_stay, 0.0, 0.99)
        within("flow.gap_flurry", self.gap_flurry, 0.0, 1.0)
        within("flow.gap_flurry_memory", self.gap_flurry_memory, 1.0, 1e6)
        within("flow.gap_after_market", self.gap_after_market, 0.0, 0.99)
        if self.cancels.upper() not in CancelRule.__members__:
            raise ConfigError("flow.cancels", self.cancels, "uniform, front or back")
        within("flow.cancel_decay", self.cancel_decay, -20.0, 20.0)
        within("flow.display", self.display, 0.0, 1.0)
        check_venues(self.venues, self.pool)

    @property
    def typical(self) -> float:
        """The mean size of an order, lots: the unit of volume in every law."""
        return sum(s * w for s, w in zip(self.sizes, self.weights, strict=True)) / sum(self.weights)

    def lengths(self, parts: int) -> tuple[int, ...]:
        """How long each of so many parts of the day is, relative to the others."""
        return self.day_parts if parts > 1 and self.day_parts else (1,) * parts


def _check_parts(parts: tuple[int, ...]) -> None:
    whole = isinstance(parts, tuple) and all(isinstance(n, int) and not isinstance(n, bool) and n >= 1 for n in parts)
    if not whole or len(parts) > BINS or sum(parts) > CELLS:
        raise ConfigError(
            "flow.day_parts", parts, f"at most {BINS} whole numbers of 1 or more, whose sum is {CELLS} or less"
        )


def _check_sizes(whose: str, sizes: tuple[Lots, ...], weights: Numbers) -> None:
    if not 1 <= len(sizes) <= SIZES or len(sizes) != len(weights):
        raise ConfigError(f"flow.{whose}sizes", sizes, f"1 to {SIZES} sizes, one for each weight")
    for size in sizes:
        if size != int(size) or not 1 <= size <= 1_000_000:
            raise ConfigError(f"flow.{whose}sizes", size, "whole lots from 1 to 1000000")
    all_within(f"flow.{whose}weights", weights, 0.0, 1e9)
    if not sum(weights) > 0:
        raise ConfigError(f"flow.{whose}weights", weights, "weights that are not all zero")


@dataclass(frozen=True, slots=True)
class Signs:
    """`lmf`'s parameters."""

    slots: int = 4
    pareto: float = 1.5
    cap: float = 10_000.0
    again: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.slots <= SLOTS:
            raise ConfigError("signs.slots", self.slots, f"1 to {SLOTS}")
        within("signs.pareto", self.pareto, 1.05, 10.0)
        within("signs.cap", self.cap, 1.0, 1e9)
        within("signs.again", self.again, 0.0, 0.99)
