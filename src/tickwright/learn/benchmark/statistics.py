"""Statistics of costs over paired episodes, each by a formula that can be looked up.

| what | how |
|---|---|
| interval of a mean | mean ± 1.96 standard errors of sums by book (`learn.estimate.grouped_mean`) |
| interquartile mean | mean of the middle half: a quarter of the sample, rounded down, is cut at either end |
| CVaR 95 % | mean of the worst twentieth (`policies.paired.cvar`) |
| ratio of CVaRs | delta method: CVaR is the mean of `v + max(x - v, 0) / 0.05`, v the quantile held fixed |
| ratio of means | percentiles of a bootstrap over books, the same draws for all, and over training seeds (Student) |

CVaR: Rockafellar and Uryasev, "Optimization of conditional value-at-risk", Journal of Risk, 2000.

Episodes that begin from the same warmed-up book may depend on each other; books do not. So an error is of sums by book,
and whole books are resampled, in blocks of them: as good as book by book, and less work.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tickwright.core.rng import derive
from tickwright.learn.estimate import Estimate, few, ratio_of
from tickwright.learn.policies.paired import TAIL

BLOCKS = 500
"""Blocks of books at most that are resampled."""
RESAMPLES = 2_000
_ENDS = (2.5, 97.5)


def iqm(values: np.ndarray) -> float:
    """Interquartile mean; NaN of nothing."""
    cut = len(values) // 4
    return float(np.sort(values)[cut : len(values) - cut].mean()) if len(values) else math.nan


def cvar_ratio(above: np.ndarray, below: np.ndarray, books: np.ndarray | None = None, tail: float = TAIL) -> Estimate:
    """Ratio of the CVaRs of paired costs; without `books` each episode has its own."""
    return ratio_of(_shortfalls(above, tail), _shortfalls(below, tail), books)


def _shortfalls(costs: np.ndarray, tail: float) -> np.ndarray:
    quantile = float(np.quantile(costs, 1.0 - tail))
    found: np.ndarray = quantile + np.maximum(costs - quantile, 0.0) / tail
    return found


def block_of(books: np.ndarray, blocks: int = BLOCKS) -> np.ndarray:
    """int64: the block of each episode. Those of one book are in one, and blocks have as many books as can be, give or
    take one."""
    found, place = np.unique(books, return_inverse=True)
    blocks = min(blocks, len(found))
    return np.asarray(place * blocks // max(len(found), 1), np.int64)


def block_sums(costs: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Sums over the episodes of each block."""
    return np.bincount(block, costs)


@dataclass(frozen=True)
class Bootstrap:
    """Resamples of blocks of books, the same for every policy: which ones, and how often each."""

    seed: int
    blocks: int
    resamples: int = RESAMPLES

    @cached_property
    def weights(self) -> np.ndarray:
        """float64 (resamples, blocks): how often a block is drawn."""
        rng = np.random.default_rng(derive(self.seed, "bootstrap/episodes"))
        drawn: np.ndarray = rng.multinomial(self.blocks, np.full(self.blocks, 1.0 / self.blocks), self.resamples)
        return drawn.astype(np.float64)

    def sums(self, runs: Sequence[np.ndarray]) -> np.ndarray:
        """float64 (resamples,): the mean over runs of a resampled total; runs are block sums, one a training seed. With
        several, the seeds are resampled too: what a sixth seed would have given is not known."""
        totals = self.weights @ np.array(runs).T
        if len(runs) == 1:
            return np.asarray(totals[:, 0])
        rng = np.random.default_rng(derive(self.seed, "bootstrap/runs"))
        picks = rng.multinomial(len(runs), np.full(len(runs), 1.0 / len(runs)), self.resamples) / len(runs)
        n = len(runs)  # resamples of few vary too little, and have the tails of a normal
        picks = 1.0 / n + (picks - 1.0 / n) * math.sqrt(n / (n - 1)) * few(n)
        return np.asarray((totals * picks).sum(axis=1))

    def ratio(self, above: Sequence[np.ndarray], below: np.ndarray) -> tuple[float, float]:
        """95 % interval of a ratio of means of paired costs, given as block sums."""
        low, high = np.percentile(self.sums(above) / self.sums([below]), _ENDS)
        return float(low), float(high)

    def difference(self, above: Sequence[np.ndarray], below: np.ndarray, sizes: np.ndarray) -> tuple[float, float]:
        """The same of a difference of means; `sizes` are the episodes of each block."""
        low, high = np.percentile((self.sums(above) - self.sums([below])) / self.sums([sizes]), _ENDS)
        return float(low), float(high)
