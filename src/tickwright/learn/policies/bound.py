"""What somebody pays who knows the prices beforehand: a bound for whoever crosses at the decisions.

1. Each episode is run without us: the touch at every decision, and at the deadline.
2. The order is filled at the best of these prices, at most `limit` of the forecast volume at each of them.

It bounds from below, episode by episode, what an order costs that only crosses, at decisions and at the deadline,
without latency, at most so many lots at a time, where a lot costs the touch at least and earlier trades of ours never
make that better. The touch is taken at any size, nothing moves for our trades, and fees are the taker's: so own impact
is not in it, and nobody reaches it. Who rests may do better. With `resting` the near side of the spread is the price
and the maker's the fee: what somebody pays who is filled at our best whenever he likes at a decision; a fill at rest
between two decisions may be better still.
"""

from __future__ import annotations

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.learn.config import EpisodeConfig
from tickwright.learn.layout import End
from tickwright.learn.policies.course import SCORE, Course, Progress, _silent
from tickwright.strategy.learned.actions import KEEP


def clairvoyant(
    config: EpisodeConfig, episodes: int, seed: int, *, limit: float = 0.5, resting: bool = False, threads: int = 1,
    progress: Progress = _silent,
) -> np.ndarray:  # fmt: skip
    """SCORE rows (without news) of the same episodes as `evaluate`'s. Where the limit would leave something over, it is
    widened for that order to what an even schedule needs. Raises ConfigError."""
    if not 0.0 < limit <= 1.0:
        raise ConfigError("limit", limit, "a share of the volume, above 0, at most 1")
    scores = np.zeros(episodes, SCORE)
    with Course(config, episodes, seed, threads=threads) as course:
        batch = course.batch
        for rows in course.rounds():
            prices = _touches(course, resting)[: rows.stop - rows.start]
            begun = batch.episodes[: len(prices)]
            task = begun["task"].copy()
            most = np.floor(limit * task["volume"] / config.steps).astype(np.int64)
            costs = _cheapest(task["side"][:, None] * prices, task["quantity"], most)
            fee = config.maker_fee if resting else config.taker_fee
            scale = 1e4 / (task["quantity"] * task["arrival"])
            paid = costs - task["side"] * task["quantity"] * task["arrival"] + fee * task["quantity"]
            out = scores[rows]
            for name in ("seed", "template", "side", "quantity", "arrival"):
                out[name] = begun["outcome"][name]
            out["shortfall"], out["reward"], out["end"] = paid * scale, -paid * scale, _ends(begun)
            out["fees"], out["steps"] = fee * 1e4 / task["arrival"], config.steps
            out["end_mid"] = begun["mid"]
            out["made" if resting else "taken"] = task["quantity"]
            progress(rows.stop, episodes)
    return scores


def _ends(episodes: np.ndarray) -> np.ndarray:
    ends: np.ndarray = np.where(episodes["outcome"]["end"] == End.FAULT, End.FAULT, End.FILLED)
    return ends


def _touches(course: Course, resting: bool) -> np.ndarray:
    """The price of a lot at each decision and at the deadline, float64 (K, steps + 1); infinite without a quote."""
    batch = course.batch
    idle = np.full(batch.count, KEEP)
    steps = batch.config.steps
    prices = np.zeros((batch.count, steps + 1))
    batch.settings["steps"] = steps + 1  # so that nothing is crossed at the deadline: it is looked at, not traded in
    try:
        for step in range(steps + 1):
            sight, side = batch.episodes["sight"], batch.episodes["task"]["side"]
            touch = np.where((side > 0) != resting, sight["ask"], sight["bid"])
            prices[:, step] = np.where(sight["quoted"] == 1, touch, side * np.inf)
            if step < steps:
                batch.step(idle)
    finally:
        batch.settings["steps"] = steps
    return prices


def _cheapest(prices: np.ndarray, quantity: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Cost of the cheapest lots: `prices` signed so that less is better, at most `most` of each."""
    quoted = np.isfinite(prices).sum(axis=1)
    need = np.ceil(quantity / np.maximum(quoted, 1)).astype(np.int64)
    most = np.maximum(most, need)[:, None]
    ranked = np.sort(prices, axis=1)
    before = np.arange(prices.shape[1]) * most
    lots = np.clip(quantity[:, None] - before, 0, most)
    costs: np.ndarray = np.where(lots > 0, np.where(np.isfinite(ranked), ranked, 0.0) * lots, 0.0).sum(axis=1)
    return costs
