"""What a policy costs more than the heuristic at the policy's own risk.

The heuristic has a frontier: tuned for the mean alone, and for each risk aversion. At the policy's CVaR 95 % its cost
is the lowest of

- a heuristic that has no more tail than the policy;
- the straight line between two, one with less tail and one with more. Who throws a coin between them has that mean, and
  at least that tail (the CVaR is concave in mixtures), so the line flatters the heuristic and not the policy.

Beside it stands the cheapest heuristic of all, whatever its tail: a search under a budget may find a lower mean while
it looks for something else, and then that one is the tuned heuristic.

The policy's tail may lie outside: `less` than that of every heuristic, then it is held against the one of the least
tail; or `more`, then nothing is matched and nothing can be claimed. Costs are paired over the same episodes, the
weights of the line are taken as known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tickwright.learn.benchmark.cells import Cell
from tickwright.learn.benchmark.statistics import Bootstrap, block_of, block_sums
from tickwright.learn.estimate import grouped_mean
from tickwright.learn.policies.paired import cvar

MATCHED, LESS, MORE = "matched", "less", "more"
THE_MEAN, TUNED_FOR = "the mean", "tuned for "
TUNED_FOR_MEAN = TUNED_FOR + THE_MEAN


@dataclass(frozen=True, eq=False)
class Point:
    """A heuristic of the frontier: what it was tuned for, and its episodes."""

    tuned_for: str
    cell: Cell


def at_matched_risk(
    runs: Sequence[Cell], frontier: Sequence[Point], seed: int, near: float, tick_bps: float
) -> dict[str, Any] | None:
    """The comparison as plain values; `runs` are one a training seed, `near` the bps up to which a cost is near zero.
    None where fewer than two episodes are left."""
    cells = [*runs, *(point.cell for point in frontier)]
    count = min(len(cell.shortfall) for cell in cells)
    good = np.all([np.isfinite(cell.shortfall[:count]) for cell in cells], axis=0)
    if good.sum() < 2:
        return None
    ours = [cell.costs[:count][good] for cell in runs]
    tail = float(np.mean([cvar(cell.shortfall[:count][good]) for cell in runs]))
    theirs = [point.cell.costs[:count][good] for point in frontier]
    tails = [cvar(point.cell.shortfall[:count][good]) for point in frontier]
    means = [float(costs.mean()) for costs in theirs]
    status, first, second, weight = _place(tail, tails, means)
    least = int(np.argmin(means))
    against = _Paired(ours, cells[0].books[:count][good], seed, near, tick_bps)
    return {
        "status": status,
        "rival": _words(frontier, first, second, weight),
        "policy_cvar95_bps": tail,
        "rival_cvar95_bps": weight * tails[first] + (1.0 - weight) * tails[second],
        **against.told(weight * theirs[first] + (1.0 - weight) * theirs[second]),
        "cheapest": {
            "rival": _words(frontier, least, least, 1.0), "rival_cvar95_bps": tails[least],
            **against.told(theirs[least]),
        },
        "episodes": int(good.sum()),
        "played": count,
        "frontier": [
            {"tuned_for": point.tuned_for, "cvar95_bps": tails[i], "mean_bps": means[i]}
            for i, point in enumerate(frontier)
        ],
    }  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Paired:
    """A policy's costs, a run each training seed, to be held against others on the same episodes."""

    runs: Sequence[np.ndarray]
    books: np.ndarray
    seed: int
    near: float
    tick_bps: float

    def told(self, costs: np.ndarray) -> dict[str, Any]:
        """Means, difference and ratio; no ratio where a cost is near zero."""
        block = block_of(self.books)
        blocks, below = [block_sums(run, block) for run in self.runs], block_sums(costs, block)
        bootstrap = Bootstrap(self.seed, len(below))
        mean, rival = float(np.mean(self.runs)), grouped_mean(costs, self.books)
        apart = mean - rival.value
        there = mean > self.near and rival.interval[0] > self.near
        return {
            "policy_mean_bps": mean,
            "rival_mean_bps": rival.value,
            "difference": {
                "bps": apart, "ticks": apart / self.tick_bps,
                "ci95": list(bootstrap.difference(blocks, below, np.bincount(block))),
            },
            "ratio": mean / rival.value if there else None,
            "ratio_ci95": list(bootstrap.ratio(blocks, below)) if there else None,
        }  # fmt: skip


def _place(tail: float, tails: Sequence[float], means: Sequence[float]) -> tuple[str, int, int, float]:
    """(status, a heuristic, another, the weight of the first) of the lowest cost at a tail."""
    within = [i for i, other in enumerate(tails) if other <= tail]
    if not within:
        least = int(np.argmin(tails))
        return LESS, least, least, 1.0
    lines = [(means[i], i, i, 1.0) for i in within]
    for j in range(len(tails)):
        for i in within if tails[j] > tail else ():
            weight = (tails[j] - tail) / (tails[j] - tails[i])
            lines.append((weight * means[i] + (1.0 - weight) * means[j], i, j, weight))
    _, first, second, weight = min(lines)
    return MORE if len(within) == len(tails) else MATCHED, first, second, weight


def _words(frontier: Sequence[Point], first: int, second: int, weight: float) -> str:
    if first == second:
        return TUNED_FOR + frontier[first].tuned_for
    return f"{weight:.0%} tuned for {frontier[first].tuned_for}, {1.0 - weight:.0%} for {frontier[second].tuned_for}"
