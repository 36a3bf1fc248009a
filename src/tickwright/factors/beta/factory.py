"""`BetaFactory`: from a configuration to the node of a beta, and from data to rows.

1. The configuration becomes a graph: sources, the benchmark, the beta, its shrinkage.
2. Returns become samples on one clock.
3. The graph runs over them, in a batch here or in a stream (`stream`), and its rows become a frame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from tickwright.core.errors import ConfigError
from tickwright.factors import batch
from tickwright.factors.beta import known
from tickwright.factors.beta.config import BASKET, MarketBetaConfig
from tickwright.factors.beta.joint import Giver, Inputs, JointConfig
from tickwright.factors.beta.lagged import LaggedConfig
from tickwright.factors.beta.section_kernel import BlumeConfig, SectionConfig
from tickwright.factors.beta.volatility import VolatilityBetaConfig
from tickwright.factors.engine import Engine, samples_of
from tickwright.factors.executor import Executor
from tickwright.factors.factor import Factor
from tickwright.factors.graph import Graph, Node, Source
from tickwright.factors.grid import Grid
from tickwright.factors.panel import Given, clock_of, samples_on
from tickwright.factors.rows import frame_of
from tickwright.factors.sources.benchmark import BenchmarkSource, check_alignment
from tickwright.factors.sources.reference import ReferenceSource
from tickwright.factors.sources.returns import LEVEL, ReturnSource

ASSET, MARKET, WEIGHT = "asset", "market", "weight"
_LEAST_OTHERS = 1
_FACTORS: dict[str, Factor] = {
    "ols": known.OLS, "two-pass": known.TWO_PASS, "ewma": known.EWMA, "dimson": known.DIMSON,
    "scholes-williams": known.SCHOLES_WILLIAMS, "realised": known.REALISED, "bipower": known.BIPOWER,
}  # fmt: skip


@dataclass(frozen=True)
class BetaFactory:
    """One beta, by its configuration: to the market, or to something beside it (`joint.JointConfig`).

    `prices`: its returns come from prices, of which the first slot has none. `settings`: other fields of `ReturnSource`
    than those that the configuration says, of the assets, and `base` of the benchmark, by default the same. Raises
    ConfigError.
    """

    config: MarketBetaConfig | JointConfig
    prices: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)
    base: Mapping[str, Any] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        given: Any = self.config
        if not isinstance(getattr(given, "market", given), MarketBetaConfig):
            raise ConfigError("config", type(given).__name__, "a MarketBetaConfig, or one that holds it as `market`")

    @cached_property
    def market(self) -> MarketBetaConfig:
        """Grid, window, benchmark and guards."""
        return self.config if isinstance(self.config, MarketBetaConfig) else self.config.market

    @property
    def levels(self) -> Sequence[str]:
        """Sources of levels that are needed beside returns."""
        return () if isinstance(self.config, MarketBetaConfig) else self.config.levels

    @property
    def index(self) -> str:
        """The symbol of an implied volatility in a catalog; empty where there is none."""
        return self.config.index if isinstance(self.config, VolatilityBetaConfig) else ""

    def returns_of(self, symbol: str, **settings: Any) -> ReturnSource:
        """The returns that this beta takes, of one symbol; `settings` are other fields of `ReturnSource`."""
        return self._returns(symbol, {**self.settings, **settings})

    def benchmark(
        self, weights: Mapping[str, float] | None = None, members: ReferenceSource | None = None, **settings: Any
    ) -> BenchmarkSource:
        """What the beta is to; `settings` as of `returns_of`, `weights` and `members` of a basket."""
        config = self.market
        if config.benchmark == BASKET:
            return BenchmarkSource(BASKET, None, weights, members)
        of = self.settings if self.base is None else self.base
        returns = replace(self._returns(config.benchmark, {**of, **settings}), grid=config.benchmark_bars)
        return BenchmarkSource(config.benchmark, returns)

    @property
    def market_source(self) -> ReturnSource | None:
        """Returns of the benchmark; None of a basket."""
        return self.benchmark().returns

    def levels_of(self, symbol: str, **settings: Any) -> ReturnSource:
        """A level that this beta takes, as liquidity, of one symbol."""
        return ReturnSource(symbol, self.market.bars, kind=LEVEL, **settings)

    @cached_property
    def node(self) -> Node:
        """The beta, shrunk where that is asked for."""
        asset, weight = self._source(ASSET), Source(WEIGHT)
        if self.market.benchmark == BASKET:
            joined: dict[str, Giver] = {"asset": asset, "weight": weight}
            market: Giver = Node(known.BASKET, SectionConfig(_LEAST_OTHERS), joined)
        else:
            market = self._source(MARKET)
        if isinstance(self.config, MarketBetaConfig):
            return _market_beta(self.config, asset, market)
        levels = {name: self._level(name) for name in self.levels}
        return self.config.node(Inputs(asset, market, weight, levels))

    @cached_property
    def graph(self) -> Graph:
        """The node with all that it needs."""
        return Graph((self.node,))

    @property
    def factor_id(self) -> str:
        """The identity of the beta by its content."""
        return self.node.id

    def resolved(self) -> dict[str, Any]:
        """The configuration with every field, and where returns are not the usual ones what they are: `returns`."""
        said = {ASSET: self.returns_of(ASSET).chosen}
        if (market := self.market_source) is not None:
            said[MARKET] = market.chosen
        return {**self.config.resolved(), **({"returns": said} if any(said.values()) else {})}

    def with_returns(self, said: Mapping[str, Mapping[str, Any]]) -> BetaFactory:
        """This beta of what `resolved` said of `returns`."""
        length = self.market.bars.length
        read = {
            name: {k: Grid(length, v) if k == "own" else v for k, v in settings.items()}
            for name, settings in said.items()
        }
        return replace(self, settings=read.get(ASSET, {}), base=read.get(MARKET))

    def compute(
        self, assets: Mapping[str, np.ndarray], market: np.ndarray | None = None,
        weights: Mapping[str, float] | None = None, executor: Executor | None = None,
        members: ReferenceSource | None = None, levels: Mapping[str, Given | ReferenceSource] | None = None,
        aligned: bool = True,
    ) -> pl.DataFrame:  # fmt: skip
        """Output rows from RETURN rows by symbol and those of the benchmark; a basket has weights, 1 by default.

        `members`: the basket is at each slot of those that were members then, as `ReferenceSource.weights` says.
        `levels`: by name what a joint beta needs beside them, RETURN rows of all or of each asset in order; of
        sectors who was in which. Raises ConfigError where the benchmark or the levels and what is given of them
        disagree, and for rows of another grid; BenchmarkError for a benchmark that is shifted by one bar, of which
        `aligned` as False says that the assets are to lag or lead it.
        """
        for name, series in (*assets.items(), *([] if market is None else [(self.market.benchmark, market)])):
            self._check_grid(name, series)
        if aligned and market is not None:
            check_alignment(list(assets.values()), market)
        symbols = list(assets)
        self._check_levels(levels or {}, len(symbols))
        given: dict[str, Given] = {ASSET: list(assets.values())}
        if market is not None:
            given[MARKET] = market
        given |= {name: rows for name, rows in (levels or {}).items() if not isinstance(rows, ReferenceSource)}
        clock = clock_of(given)
        samples = {name: samples_on(clock, series) for name, series in given.items()}
        for name, told in (levels or {}).items():
            if isinstance(told, ReferenceSource):
                samples[name] = told.codes(symbols, clock, self.market.bars)
        self.check_market(market is not None)
        if any(source.name == WEIGHT for source in self.graph.sources):
            all_in = weights_of(symbols, weights)
            samples[WEIGHT] = all_in if members is None else members.weights(symbols, all_in, clock, self.market.bars)
        rows = batch.run(self.graph, self.market.bars, clock, samples, executor)[self.node.id]
        return self.frame(rows, clock, symbols, weights, members)

    def frame(
        self, rows: Sequence[np.ndarray], slots: np.ndarray, symbols: Sequence[str],
        weights: Mapping[str, float] | None = None, members: ReferenceSource | None = None,
    ) -> pl.DataFrame:  # fmt: skip
        """ESTIMATE rows of each instrument as the output frame; `weights` and `members` are those of a basket."""
        names = [self.market.benchmark] * len(symbols)
        told = "" if members is None else members.digest
        return frame_of(rows, slots, self.node, self.market.bars, symbols, names, weights, told)

    def engine(self, count: int) -> Engine:
        """An engine for a stream of panels of `count` instruments."""
        return Engine(self.graph, self.market.bars, count)

    def check_market(self, given: bool) -> None:
        """Raise ConfigError where a basket is given a benchmark, or another benchmark nothing."""
        if given and self.market.benchmark == BASKET:
            raise ConfigError("benchmark returns", "some", f"none: the benchmark is the {BASKET} of all others")
        if not given and self.market.benchmark != BASKET:
            raise ConfigError("benchmark returns", "none", f"those of {self.market.benchmark}, or benchmark = {BASKET}")

    def _check_levels(self, levels: Mapping[str, Given | ReferenceSource], count: int) -> None:
        """Raise ConfigError where levels are missing, are not asked for, or are not one an asset."""
        if set(levels) != set(self.levels):
            raise ConfigError("levels", ", ".join(sorted(levels)) or "none", ", ".join(self.levels) or "none")
        for name, rows in levels.items():
            if isinstance(rows, np.ndarray):
                self._check_grid(name, rows)
            elif not isinstance(rows, ReferenceSource):
                if len(rows) != count:
                    raise ConfigError(f"levels of {name}", f"{len(rows)} series", f"one for each of {count} assets")
                for series in rows:
                    self._check_grid(name, series)

    def _check_grid(self, name: str, rows: np.ndarray) -> None:
        """Slots of two calendars are numbers of other moments: raise ConfigError rather than pair them."""
        bars = self.market.bars
        wrong = rows["ts_event"] != bars.begins(rows["slot"])
        if wrong.any():
            found = f"a slot that begins at {np.datetime64(int(rows['ts_event'][wrong][0]), 'ns')}"
            grid = " ".join(filter(None, (bars.text, bars.session)))
            raise ConfigError(f"returns of {name}", found, f"slots of {grid}: make them there with BenchmarkSource.on")

    def _returns(self, symbol: str, settings: Mapping[str, Any]) -> ReturnSource:
        config = self.market
        return ReturnSource(symbol, config.bars, max_span=config.max_gap, overnight=config.overnight, **settings)

    def _source(self, name: str) -> Source:
        returns = self.benchmark().on(self.market.bars) if name == MARKET else self.returns_of(name)
        source = returns.source(name)
        return source if self.prices else Source(name, {**source.settings, "returns": "given"})

    def _level(self, name: str) -> Source:
        source = self.levels_of(name).source(name)
        # Betas to two indices of volatility are two factors, as those of two grids are.
        return Source(name, {**source.settings, "index": self.index}, source.lookback) if self.index else source


def _market_beta(config: MarketBetaConfig, asset: Giver, market: Giver) -> Node:
    window: Any = config.window
    if config.method == "dimson":
        window = LaggedConfig(**asdict(window), lags=config.lags)
    beta = Node(_FACTORS[config.method], window, {"asset": asset, "market": market})
    if config.shrink == "blume":
        return Node(known.BLUME, BlumeConfig(), {"beta": beta})
    if config.shrink == "vasicek":
        return Node(known.VASICEK, SectionConfig(config.min_section), {"beta": beta})
    return beta


def weights_of(symbols: Sequence[str], weights: Mapping[str, float] | None) -> np.ndarray:
    """SAMPLE rows (instruments, 1) of the weights of a basket. Raises ConfigError for one that is none."""
    given = dict.fromkeys(symbols, 1.0) if weights is None else weights
    for symbol in symbols:
        if symbol not in given or not 0 <= given[symbol] < np.inf:
            raise ConfigError(f"weight of {symbol}", given.get(symbol), "a number, not negative")
    values = np.array([[given[symbol]] for symbol in symbols], float).reshape(-1, 1)
    return samples_of(values, np.ones(values.shape, bool))
