"""What the report shows: plain values, already in units of display. Nothing here computes a cost.

Times are milliseconds since 1970-01-01 *in the exchange's local time*, which is what a chart's axis shows. Prices are
in the currency, quantities in units of the instrument.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Depth:
    """Displayed quantity by time and price: `lots[row, column]` rests in the price bin `row` at time `column`."""

    times: np.ndarray
    prices: np.ndarray
    lots: np.ndarray
    note: str
    """How it was sampled, and what it does not show."""


@dataclass(frozen=True, slots=True)
class Market:
    """The recorded market of one instrument over the hours that a chart shows, without our orders."""

    key: str
    symbol: str
    currency: str
    decimals: int
    times: np.ndarray
    bid: np.ndarray
    ask: np.ndarray
    quotes_note: str
    depth: Depth | None
    depth_missing: str
    """Why there is no depth, where there is none."""
    volume_times: np.ndarray
    volume: np.ndarray
    """Cumulative quantity that others traded, from the first time shown."""


@dataclass(frozen=True, slots=True)
class Fills:
    """The fills of one order in time order; `taker` is true where we took, `ahead` the quantity ahead at the fill."""

    times: np.ndarray
    prices: np.ndarray
    sizes: np.ndarray
    taker: np.ndarray
    ahead: np.ndarray


@dataclass(frozen=True, slots=True)
class Curve:
    """Markout by horizon in basis points with a confidence band; NaN where the data does not reach."""

    horizons: tuple[int, ...]
    """Nanoseconds after the fill."""
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    counts: np.ndarray
    """Fills whose horizon the data reaches."""
    note: str


@dataclass(frozen=True, slots=True)
class PolicyView:
    """One policy's way with one parent order. `row` is its row of result.json."""

    policy: str
    row: dict[str, Any]
    fills: Fills
    plan_times: np.ndarray
    plan: np.ndarray
    """Planned cumulative quantity; empty for a policy that has no plan."""
    markout: Curve


@dataclass(frozen=True, slots=True)
class ParentView:
    """One parent order and everything that was tried on it."""

    key: str
    title: str
    market: str
    """Key of its `Market`."""
    side: int
    ordered: float
    decision: float
    start: float
    end: float
    notional: float
    """Ordered quantity at the decision price, in the currency: what basis points are of."""
    policies: tuple[PolicyView, ...]


@dataclass(frozen=True, slots=True)
class Assumption:
    """One law of the simulation: its value, and one sentence on where it is unrealistic."""

    name: str
    value: str
    caveat: str


@dataclass(frozen=True, slots=True)
class ReportData:
    """The whole report."""

    title: str
    subtitle: str
    warning: str
    """What a reader must know before any number, as that the market is generated; empty when there is nothing."""
    facts: tuple[tuple[str, str], ...]
    assumptions: tuple[Assumption, ...]
    markets: tuple[Market, ...]
    parents: tuple[ParentView, ...]
    groups: tuple[dict[str, Any], ...]
    """Rows of result.json's `policies`: ratios of sums over the parent orders."""
    comparisons: tuple[dict[str, Any], ...]
    """Rows of result.json's `comparisons`: each policy less the first, on the same parent orders."""
    notes: tuple[str, ...]
    """Of the run and of the data, in full sentences."""
