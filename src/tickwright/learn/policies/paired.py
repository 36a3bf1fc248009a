"""Two policies on the same episodes: what one costs more than the other, in basis points.

Intervals are of 95 %. Means and their difference are of shortfall less news, which has the same mean; the tails are of
the shortfall as it was. A ratio of costs is left to who prints it: near zero it says nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.learn.estimate import Estimate, grouped_mean
from tickwright.learn.layout import End

TAIL = 0.05
_SAME = ("seed", "template", "side", "quantity", "arrival")
"""Fields of an outcome that do not depend on who played it."""


@dataclass(frozen=True, slots=True)
class Paired:
    """What came of two policies, bps; `difference` is the first less the second."""

    episodes: int
    """Without those in which a market stopped under either."""
    stopped: int
    first: Estimate
    second: Estimate
    difference: Estimate
    cvar: tuple[float, float]
    """Mean shortfall of the worst 5 %, of each."""
    cvar_difference: float
    wins: float
    """Share of the episodes in which the first cost less."""

    def __str__(self) -> str:
        low, high = self.difference.interval
        return (
            f"{self.first.value:.3f} against {self.second.value:.3f} bps: {self.difference.value:+.3f} "
            f"({low:+.3f} … {high:+.3f}), CVaR 95 % {self.cvar[0]:.2f} against {self.cvar[1]:.2f} bps, "
            f"{self.episodes} episodes"
        )


def cvar(costs: np.ndarray, tail: float = TAIL) -> float:
    """Mean of the worst share of costs, at least one of them."""
    worst = max(1, math.ceil(tail * len(costs) - 1e-9))
    return float(np.sort(costs)[-worst:].mean()) if len(costs) else math.nan


def compare(first: np.ndarray, second: np.ndarray) -> Paired:
    """SCORE rows of two policies over the same episodes. Raises ConfigError where they are not the same."""
    if len(first) != len(second):
        raise ConfigError("episodes", f"{len(first)} and {len(second)}", "as many of both")
    for name in _SAME:
        if (first[name] != second[name]).any():
            raise ConfigError("episodes", f"pairs that differ in {name}", "the same config and seed for both")
    good = (first["end"] != End.FAULT) & (second["end"] != End.FAULT)
    one, two = first[good], second[good]
    costs = [rows["shortfall"] - rows["news"] for rows in (one, two)]
    first_mean, second_mean, apart = (grouped_mean(c, one["template"]) for c in (*costs, costs[0] - costs[1]))
    tails = cvar(one["shortfall"]), cvar(two["shortfall"])
    wins = float((one["shortfall"] < two["shortfall"]).mean()) if len(one) else math.nan
    return Paired(
        int(good.sum()), int((~good).sum()), first_mean, second_mean, apart, tails, tails[0] - tails[1], wins
    )  # fmt: skip
