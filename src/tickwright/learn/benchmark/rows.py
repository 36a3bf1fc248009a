"""Rows of a table: a policy's figures over the episodes of a scenario, beside those of the policies it is held against.

A ratio of costs says nothing where either cost is near zero or below: `near` bps, a tenth of the half-spread. Then it
is None, and the difference in bps and ticks, which is always there, has to do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tickwright.learn.benchmark.cells import Cell
from tickwright.learn.benchmark.play import PARTS
from tickwright.learn.benchmark.statistics import Bootstrap, block_of, block_sums, cvar_ratio, iqm
from tickwright.learn.estimate import Estimate, Z, few, grouped_mean, mean_of
from tickwright.learn.policies.paired import cvar

AGAINST = ("twap/take", "twap/post-then-cross", "heuristic")
SIMPLE = ("twap/take", "twap/post-then-cross", "vwap/post-then-cross", "ac/post-then-cross")
"""Plain baselines that every scenario is played by, and every row is held against."""
NEAR_SHARE = 0.1
SEVERAL, WORST, BEST_SIMPLE = "policy, mean of seeds", "policy, worst seed", "best simple"


@dataclass(frozen=True, eq=False)
class Table:
    """What the rows of a scenario share. `rivals` are cells by name; costs count where no market of theirs stopped."""

    rivals: Mapping[str, Cell]
    seed: int
    near: float
    """bps, up to which a cost counts as near zero."""

    def row(self, name: str, kind: str, runs: Sequence[Cell]) -> dict[str, Any]:
        """A row of one policy, or of several seeds of one: means over them, tails over all their episodes together."""
        count = min(len(run.shortfall) for run in runs)
        cells = [run.first(count) for run in runs]
        good = np.all([np.isfinite(cell.shortfall) for cell in cells], axis=0)
        costs = [cell.costs[good] for cell in cells]
        together = np.mean(costs, axis=0)
        raw = np.concatenate([cell.shortfall[good] for cell in cells])
        tick = _tick_bps(cells)
        mean = self._mean(costs, cells[0].books[good])
        against = {rival: self._against(cells, cell, tick) for rival, cell in self.rivals.items()}
        objective = [cell.facts["objective"] for cell in cells]
        split, parts_error = _split(cells)
        return {
            "policy": name,
            "kind": kind,
            "seeds": len(cells),
            "episodes": int(good.sum()),
            "stopped": int((~good).sum()),
            "mean_bps": _plain(mean.value),
            "ci95": _interval(mean),
            "mean_ticks": _plain(mean.value / tick),
            "raw_mean_bps": _plain(float(raw.mean()) if len(raw) else math.nan),
            "median_bps": _plain(float(np.median(raw)) if len(raw) else math.nan),
            "iqm_bps": _plain(iqm(np.concatenate(costs))),
            "sd_bps": _plain(float(raw.std(ddof=1)) if len(raw) > 1 else math.nan),
            "sd_less_news_bps": _plain(float(together.std(ddof=1)) if len(together) > 1 else math.nan),
            "cvar95_bps": _plain(cvar(raw)),
            "impact_bps": None if split is None else split["own_impact"],
            "split_bps": split,
            "split_half_width_bps": parts_error,
            "forced_share": _mean_fact(cells, "forced_share"),
            "unfilled_share": _mean_fact(cells, "unfilled_share"),
            "maker_share": _mean_fact(cells, "maker_share"),
            "refused_actions": sum(cell.facts["refused"] for cell in cells),
            "objective_bps": None if None in objective else _plain(float(np.mean([o[0] for o in objective]))),
            "ratio_to": {rival: found["ratio"] for rival, found in against.items()},
            "ratio_ci95": {rival: found["ratio_ci95"] for rival, found in against.items()},
            "difference_to": {rival: found["difference"] for rival, found in against.items()},
            "win_rate_to": {rival: found["wins"] for rival, found in against.items()},
            "cvar_ratio_to": {rival: found["cvar"] for rival, found in against.items()},
        }

    def _mean(self, costs: Sequence[np.ndarray], books: np.ndarray) -> Estimate:
        """Over episodes, and over seeds where there are several."""
        found = grouped_mean(np.mean(costs, axis=0), books)
        if len(costs) == 1:
            return found
        between = mean_of(np.array([run.mean() for run in costs]))
        return Estimate(found.value, math.hypot(found.error, between.error * few(len(costs))))

    def _against(self, cells: Sequence[Cell], rival: Cell, tick: float) -> dict[str, Any]:
        count = min(len(cells[0].shortfall), len(rival.shortfall))
        other = rival.first(count)
        ours = [cell.first(count) for cell in cells]
        good = np.all([np.isfinite(cell.shortfall) for cell in (*ours, other)], axis=0)
        if good.sum() < 2:
            return dict.fromkeys(("ratio", "ratio_ci95", "difference", "wins", "cvar"))
        mine, theirs = [cell.costs[good] for cell in ours], other.costs[good]
        books = other.books[good]
        block = block_of(books)
        blocks, below = [block_sums(costs, block) for costs in mine], block_sums(theirs, block)
        bootstrap = Bootstrap(self.seed, len(below))
        mean, base = float(np.mean(mine)), grouped_mean(theirs, books)
        apart = mean - base.value
        ends = bootstrap.difference(blocks, below, np.bincount(block))
        ratio, between = None, None
        if mean > self.near and base.interval[0] > self.near:
            ratio, between = mean / base.value, [_plain(end) for end in bootstrap.ratio(blocks, below)]
        raw, raw_other = [cell.shortfall[good] for cell in ours], other.shortfall[good]
        return {
            "ratio": _plain(ratio),
            "ratio_ci95": between,
            "difference": {
                "bps": _plain(apart), "ci95": [_plain(end) for end in ends], "ticks": _plain(apart / tick),
                "ticks_ci95": [_plain(end / tick) for end in ends],
            },
            "wins": _plain(float(np.mean([(costs < raw_other).mean() for costs in raw]))),
            "cvar": self._tails(raw, raw_other, books),
        }  # fmt: skip

    def _tails(self, raw: Sequence[np.ndarray], other: np.ndarray, books: np.ndarray) -> dict[str, Any] | None:
        """Ratio of CVaRs, the mean over seeds; None near zero."""
        if cvar(other) <= self.near or len(other) < 40:
            return None
        found = [cvar_ratio(costs, other, books) for costs in raw]
        error = float(np.mean([f.error for f in found]))
        if len(found) > 1:
            error = math.hypot(error, mean_of(np.array([f.value for f in found])).error * few(len(found)))
        value = Estimate(float(np.mean([f.value for f in found])), error)
        return {"ratio": _plain(value.value), "ci95": _interval(value)}


def near_zero(spread_ticks: float, mid_price: float) -> float:
    """bps up to which a cost is near zero."""
    return NEAR_SHARE * 0.5 * spread_ticks * 1e4 / mid_price


def worst(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The row of the dearest seed, under a name of its own."""
    found = max(rows, key=lambda row: row["mean_bps"])
    return found | {"policy": WORST, "kind": "worst", "of": found["policy"]}


def _split(cells: Sequence[Cell]) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Parts of the mean, the drift less the news, so that they add up to the mean; and the half-widths of their 95 %
    intervals."""
    splits = [cell.facts["split"] for cell in cells]
    if any(split is None for split in splits):
        return None, None
    parts = {name: float(np.mean([split[name] for split in splits])) for name in PARTS}
    good = [np.isfinite(cell.shortfall) for cell in cells]
    parts["drift"] -= float(np.mean([cell.news[g].mean() for cell, g in zip(cells, good, strict=True)]))
    errors = [cell.facts.get("split_error") for cell in cells]
    if any(error is None for error in errors):
        return parts, None
    wide = {name: Z * float(np.mean([error[name] for error in errors if error])) for name in PARTS}
    wide["drift"] = Z * float(np.mean([cell.facts["drift_less_news_error"] for cell in cells]))
    return parts, wide


def _tick_bps(cells: Sequence[Cell]) -> float:
    """A tick in bps of the mean arrival price."""
    return 1e4 / float(np.mean([cell.facts["arrival_ticks"] for cell in cells]) or 1.0)


def _mean_fact(cells: Sequence[Cell], name: str) -> float:
    return float(np.mean([cell.facts[name] for cell in cells]))


def _interval(found: Estimate) -> list[float | None]:
    return [_plain(end) for end in found.interval]


def _plain(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
