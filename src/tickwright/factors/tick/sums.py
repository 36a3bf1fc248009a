"""`TickSums`: ticks of some assets and a market, whole slots at a time, to the samples that a graph takes.

History gives all slots at once, a stream each as it is over: the states stay, so the bits are the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tickwright.core.layout import dtype_of
from tickwright.core.units import Nanos
from tickwright.factors.engine import samples_of
from tickwright.factors.graph import Source
from tickwright.factors.records import SAMPLE
from tickwright.factors.tick import overlap_kernel, two_scale_kernel
from tickwright.factors.tick.config import TickBetaConfig
from tickwright.factors.tick.overlap_kernel import Overlap, OverlapState
from tickwright.factors.tick.ticks import in_order, thinned
from tickwright.factors.tick.two_scale_kernel import KEPT, TwoScale, TwoScaleState

CROSS, PAIRS, MARKET, ASSET = "cross", "pairs", "market", "asset"
_OVERLAP, _OVERLAP_STATE = dtype_of(Overlap), dtype_of(OverlapState)
_TWO_SCALE, _TWO_SCALE_STATE = dtype_of(TwoScale), dtype_of(TwoScaleState)


def sources(config: TickBetaConfig) -> dict[str, Source]:
    """What a graph is told of the samples: all that they depend on but the data."""
    asked: dict[str, str | int | float | bool] = {
        "grid": config.bars.text, "session": config.session, "patience": config.patience_ns,
    }  # fmt: skip
    pair = {**asked, "price": config.price, "market": config.market_price, "every": config.every_ns}
    alone = {**asked, "scale": config.scale}
    return {
        CROSS: Source(CROSS, {**pair, "ticks": "overlap"}, overlap_kernel.LOOKBACK),
        PAIRS: Source(PAIRS, {**pair, "ticks": "overlaps"}, overlap_kernel.LOOKBACK),
        MARKET: Source(
            MARKET, {**alone, "price": config.market_price, "ticks": "two-scale"}, two_scale_kernel.LOOKBACK
        ),
        ASSET: Source(ASSET, {**alone, "price": config.price, "ticks": "two-scale"}, two_scale_kernel.LOOKBACK),
    }


class TickSums:
    """Sums by slot of `count` assets with a market: covariance, its pairs, and both variances."""

    def __init__(self, config: TickBetaConfig, count: int) -> None:
        self.count = count
        self._every: Nanos = config.every_ns
        self._scale = config.scale
        self._pairs = np.zeros(count, _OVERLAP_STATE)
        self._alone = np.zeros(count + 1, _TWO_SCALE_STATE)
        """The assets, then the market."""
        self._rings = np.zeros((count + 1, (config.scale + 1) * KEPT))

    @property
    def arrays(self) -> Sequence[np.ndarray]:
        """All that is kept from slot to slot."""
        return self._pairs, self._alone, self._rings

    def take(self, assets: Sequence[np.ndarray], market: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """TICK rows of whole slots, after all that were taken → (slots, SAMPLE rows by the name of their source)."""
        series = [in_order(ticks) for ticks in (*assets, market)]
        clock = np.unique(np.concatenate([ticks["slot"] for ticks in series]))
        samples = {name: np.zeros((self.count, len(clock)), SAMPLE) for name in (CROSS, PAIRS, ASSET)}
        fewer = [thinned(ticks, self._every) for ticks in series]
        for i in range(self.count):
            rows = self._overlap(i, fewer[i], fewer[-1], len(clock))
            at, there = np.searchsorted(clock, rows["slot"]), rows["pairs"] > 0
            samples[CROSS][i, at] = samples_of(rows["sum"], there, rows["ts_available"])
            samples[PAIRS][i, at] = samples_of(rows["pairs"], there, rows["ts_available"])
            samples[ASSET][i] = self._variance(i, series[i], clock)
        return clock, samples | {MARKET: self._variance(self.count, series[-1], clock)}

    def _overlap(self, i: int, ticks: np.ndarray, market: np.ndarray, most: int) -> np.ndarray:
        out = np.zeros(most + 1, _OVERLAP)
        told = overlap_kernel.take(self._pairs, i, ticks, market, out)
        return out[: told + overlap_kernel.close(self._pairs, i, out[told:])]

    def _variance(self, k: int, ticks: np.ndarray, clock: np.ndarray) -> np.ndarray:
        rows = np.zeros(len(clock) + 1, _TWO_SCALE)
        told = two_scale_kernel.take(self._scale, self._alone, self._rings, k, ticks, rows)
        rows = rows[: told + two_scale_kernel.close(self._scale, self._alone, k, rows[told:])]
        out = np.zeros(len(clock), SAMPLE)
        at = np.searchsorted(clock, rows["slot"])
        out[at] = samples_of(rows["variance"], rows["there"] == 1, rows["ts_available"])
        return out


def together(parts: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """Samples of parts that follow each other."""
    return {name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]}
