"""Shortfall by horizon and urgency, simulated cell by cell.

The order has the same size in every cell. Cells share the draws of their episodes (common random numbers), and the
news is taken out of the means (`learn.policies.course`), not out of the risk.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tickwright.core.rng import derive
from tickwright.learn.config import EpisodeConfig
from tickwright.learn.estimate import Estimate, mean_of
from tickwright.learn.layout import End
from tickwright.learn.planning.ask import MOST_PARTICIPATION, PlanAsk
from tickwright.learn.policies.baseline import Baseline, Numbers
from tickwright.learn.policies.course import Course
from tickwright.learn.policies.paired import cvar
from tickwright.learn.reference import measure
from tickwright.venue.sim.reactive.prepare import prepare

Progress = Callable[[int], None]
"""Called with the cells that are done."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The order worked over one horizon at one urgency; basis points of its value at arrival."""

    horizon: float
    urgency: float
    participation: float
    """Of the volume forecast over the horizon."""
    cost: Estimate
    """Mean shortfall."""
    sd: float
    cvar: float
    """Mean of the worst 5 %."""
    forced: float
    """Share of the order crossed at the deadline."""
    made: float
    """Share filled at rest."""
    episodes: int
    spread: float
    """Of the market, bps, mean."""
    volatility: float
    """Of the market, bps over the horizon."""

    def objective_error(self, risk_aversion: float) -> float:
        """Standard error of `objective`, the variance's by that of a normal cost."""
        return math.hypot(self.cost.error, risk_aversion * self.sd**2 * math.sqrt(2.0 / max(self.episodes - 1, 1)))

    def objective(self, risk_aversion: float) -> float:
        """Mean + λ variance."""
        return self.cost.value + risk_aversion * self.sd**2


def surface(asked: PlanAsk, seed: int, threads: int = 1, progress: Progress = lambda done: None) -> list[Cell]:
    """Every horizon in which the order is at most half of the forecast volume, by urgency. Same arguments, same
    numbers, over any number of threads."""
    cells: list[Cell] = []
    count = 0

    def done() -> None:
        nonlocal count
        count += 1
        progress(count)

    for horizon in asked.horizons:
        cells += _at(asked, horizon, derive(seed, "plan"), threads, done)
    return cells


def _at(asked: PlanAsk, horizon: float, seed: int, threads: int, done: Callable[[], None]) -> list[Cell]:
    market = asked.market
    reference = measure(prepare(market), [market.flow.typical], asked.mid_price)[0]  # as the episodes know it
    messages = asked.messages(horizon)
    volume = asked.steps * messages * float(reference["volume"])
    if asked.quantity > MOST_PARTICIPATION * volume:
        return []
    share = (asked.quantity + 0.5) / volume  # an order is the whole lots of its share
    config = EpisodeConfig(
        (market,), steps=asked.steps, messages=messages, side=asked.side, participation=(share, share),
        mid_price=asked.mid_price, templates=asked.episodes,
    )  # fmt: skip
    bps = 1e4 / asked.mid_price
    around = float(reference["spread"]) * bps, float(reference["volatility"]) * horizon**0.5 * bps
    cells = []
    with Course(config, asked.episodes, seed, threads=threads) as course:
        for urgency in asked.urgencies:
            cells.append(_cell(course, asked, horizon, urgency, asked.quantity / volume, around))
            done()
    return cells


def _cell(
    course: Course, asked: PlanAsk, horizon: float, urgency: float, share: float, market: tuple[float, float]
) -> Cell:
    schedule = "ac" if urgency > 0.0 else "twap"
    policy = Baseline(f"{schedule}/{asked.placement}", Numbers(urgency=urgency or 1.0))
    scores = course.play(policy)
    scores = scores[scores["end"] != End.FAULT]
    assert (scores["quantity"] == asked.quantity).all(), "every episode works the order that was asked for"
    costs: np.ndarray = scores["shortfall"]
    return Cell(
        horizon, urgency, share, mean_of(costs - scores["news"]), float(costs.std(ddof=1)), cvar(costs),
        float(scores["forced"].mean() / asked.quantity), float(scores["made"].mean() / asked.quantity), len(scores),
        *market,
    )  # fmt: skip
