"""`TickBetaFactory`: from a configuration to the node of a tick beta, and from ticks to rows.

1. Ticks of each asset and of the market become sums by slot (`sums`), which are the sources of a graph.
2. The graph is that of any factor: slots, look-backs, states, rows. Other nodes may stand on this one.
3. A batch does so with all slots at once, a stream (`stream`) with each as it is over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from tickwright.factors import batch
from tickwright.factors.factor import Factor
from tickwright.factors.graph import Graph, Node
from tickwright.factors.records import Sample
from tickwright.factors.registry import register
from tickwright.factors.rows import frame_of
from tickwright.factors.tick import beta_kernel
from tickwright.factors.tick.aligned import check_tick_alignment
from tickwright.factors.tick.config import TickBetaConfig
from tickwright.factors.tick.sums import ASSET, CROSS, MARKET, PAIRS, TickSums, sources
from tickwright.factors.tick.ticks import TickSource, usable

HAYASHI_YOSHIDA = register(
    Factor(
        "beta.hayashi_yoshida", 1, beta_kernel.update, beta_kernel.TickWindow,
        {CROSS: Sample, PAIRS: Sample, MARKET: Sample, ASSET: Sample}, beta_kernel.lookback, beta_kernel.TickState,
        beta_kernel.ring_of, family="beta",
    ),
    __name__,
)  # fmt: skip


@dataclass(frozen=True)
class TickBetaFactory:
    """One beta of ticks, by its configuration."""

    config: TickBetaConfig

    def ticks_of(self, symbol: str, tick: float | None = None) -> TickSource:
        """The ticks that this beta takes of an asset, or of the benchmark where that is the symbol."""
        config = self.config
        price = config.market_price if symbol == config.benchmark else config.price
        return TickSource(symbol, config.bars, price, config.patience_ns, tick)

    @cached_property
    def node(self) -> Node:
        """The beta."""
        return Node(HAYASHI_YOSHIDA, self.config.window, sources(self.config))

    @cached_property
    def graph(self) -> Graph:
        """The node with all that it needs."""
        return Graph((self.node,))

    @property
    def factor_id(self) -> str:
        """The identity of the beta by its content."""
        return self.node.id

    def samples(
        self, assets: Sequence[np.ndarray], market: np.ndarray
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:  # fmt: skip
        """(slots, SAMPLE rows by source) of TICK rows of each asset and of the market: all of a history."""
        kept = [usable(ticks, self.config.patience_ns)[0] for ticks in (*assets, market)]
        return TickSums(self.config, len(assets)).take(kept[:-1], kept[-1])

    def compute(self, assets: Mapping[str, np.ndarray], market: np.ndarray, aligned: bool = True) -> pl.DataFrame:
        """Output rows from TICK rows by symbol and those of the benchmark.

        Raises BenchmarkError for a benchmark that is shifted by a slot, a minute at least, of which `aligned` as False
        says that the assets are to lag or lead it.
        """
        if aligned:
            check_tick_alignment(list(assets.values()), market, self.config.bars)
        slots, samples = self.samples(list(assets.values()), market)
        rows = batch.run(self.graph, self.config.bars, slots, samples)[self.node.id]
        return self.frame(rows, slots, list(assets))

    def frame(self, rows: Sequence[np.ndarray], slots: np.ndarray, symbols: Sequence[str]) -> pl.DataFrame:
        """ESTIMATE rows of each instrument as the output frame."""
        names = [self.config.benchmark] * len(symbols)
        return frame_of(rows, slots, self.node, self.config.bars, symbols, names)
