"""A factor by its configuration alone: any registered kernel over returns of assets, and of a benchmark if it asks.

A port named `asset` takes the returns of the asset, one named `market` those of the benchmark; a kernel with any other
port is refused, for what that port means is not known. A module that registers the kernel is imported by its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields
from functools import cached_property
from importlib import import_module
from typing import Any, get_type_hints

import numpy as np
import polars as pl

from tickwright.core.errors import ConfigError
from tickwright.core.units import Nanos
from tickwright.data.port import Reading
from tickwright.factors import batch
from tickwright.factors.checks import Case, Columns
from tickwright.factors.executor import Executor
from tickwright.factors.factor import Factor
from tickwright.factors.fields import check_flags, check_texts
from tickwright.factors.graph import Graph, Node
from tickwright.factors.grid import Grid
from tickwright.factors.panel import Given, clock_of, samples_on
from tickwright.factors.records import Sample
from tickwright.factors.registry import named
from tickwright.factors.rows import cut, frame_of
from tickwright.factors.sources.benchmark import check_alignment
from tickwright.factors.sources.returns import ReturnSource
from tickwright.factors.stream import Stream
from tickwright.factors.tags import NONE

ASSET, MARKET = "asset", "market"


@dataclass(frozen=True, slots=True)
class FactorConfig:
    """One factor over returns. `settings` are the fields of the kernel's own configuration.

    | field | what |
    |---|---|
    | `factor`, `version` | the name under which the kernel is registered; by default its newest version |
    | `module` | what to import before it is looked up; empty for what comes with Tickwright |
    | `grid`, `session`, `auction`, `max_gap`, `overnight` | as of `MarketBetaConfig` |
    | `benchmark` | whose returns the port `market` takes; none where there is no such port |

    Raises ConfigError for a field of another type.
    """

    factor: str
    settings: dict[str, float] = field(default_factory=dict)
    module: str = ""
    version: int | None = None
    grid: str = "1d"
    session: str = ""
    auction: bool = False
    benchmark: str = NONE
    max_gap: int = 1
    overnight: bool | None = None

    def __post_init__(self) -> None:
        check_texts(self, "factor", "module", "grid", "session", "benchmark")
        check_flags(self, "auction", unsaid=("overnight",))
        if isinstance(self.max_gap, bool) or not isinstance(self.max_gap, int) or self.max_gap < 1:
            raise ConfigError("max_gap", self.max_gap, "a whole number, 1 or more")

    @property
    def bars(self) -> Grid:
        """The grid itself."""
        return Grid.parse(self.grid, self.session, self.auction)

    def resolved(self) -> dict[str, Any]:
        """Every field with its value, to be stored beside the output."""
        return asdict(self)


@dataclass(frozen=True)
class OwnFactory:
    """What `BetaFactory` is for a beta, for any factor over returns; `settings` and `base` as there.

    Raises ConfigError.
    """

    config: FactorConfig
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)
    base: Mapping[str, Any] | None = field(default=None, hash=False)

    @cached_property
    def factor(self) -> Factor:
        """The kernel. Raises ConfigError for a module or a name that is not there, and for other ports."""
        if self.config.module:
            try:
                import_module(self.config.module)
            except ModuleNotFoundError as error:
                raise ConfigError("module", self.config.module, f"a module that Python finds ({error})") from error
        found = named(self.config.factor, self.config.version)
        if any(record is not Sample for record in found.inputs.values()):
            raise ConfigError("factor", found.name, "a kernel whose inputs are all returns; build others as a graph")
        if others := [port for port in found.inputs if port not in (ASSET, MARKET)]:
            known = f"{ASSET}, the returns of the asset, and {MARKET}, those of the benchmark; build others as a graph"
            raise ConfigError(f"ports of {found.name}", ", ".join(others), known)
        return found

    @cached_property
    def node(self) -> Node:
        """The factor joined to its returns."""
        made = {port: self._market() if port == MARKET else self.returns_of(port) for port in self.factor.inputs}
        inputs = {port: returns.source(port) for port, returns in made.items()}
        return Node(self.factor, self._settings(), inputs)

    @cached_property
    def needs_market(self) -> bool:
        """Whether a port takes the returns of the benchmark."""
        return MARKET in self.factor.inputs

    def returns_of(self, symbol: str, **settings: Any) -> ReturnSource:
        """The returns that this factor takes, of one symbol; `settings` are other fields of `ReturnSource`."""
        return self._returns(symbol, {**self.settings, **settings})

    @property
    def market_source(self) -> ReturnSource | None:
        """Returns of the benchmark; None where there is none."""
        return None if self.config.benchmark == NONE else self._market()

    def resolved(self) -> dict[str, Any]:
        """As of `BetaFactory`."""
        said = {ASSET: self.returns_of(ASSET).chosen}
        if (market := self.market_source) is not None:
            said[MARKET] = market.chosen
        return {**self.config.resolved(), **({"returns": said} if any(said.values()) else {})}

    def compute(
        self, assets: Mapping[str, np.ndarray], market: np.ndarray | None = None, executor: Executor | None = None,
        aligned: bool = True,
    ) -> pl.DataFrame:  # fmt: skip
        """Output rows from RETURN rows by symbol and those of the benchmark; `aligned` as of `BetaFactory.compute`.

        Raises ConfigError, BenchmarkError.
        """
        self.check_market(market is not None)
        if aligned and market is not None:
            check_alignment(list(assets.values()), market)
        given: dict[str, Given] = {ASSET: list(assets.values())}
        if market is not None:
            given[MARKET] = market
        clock = clock_of(given)
        names = {source.name for source in Graph((self.node,)).sources}
        samples = {name: samples_on(clock, series) for name, series in given.items() if name in names}
        rows = batch.run(Graph((self.node,)), self.config.bars, clock, samples, executor)[self.node.id]
        return self.frame(rows, clock, list(assets))

    def returns(
        self, catalog: Reading, symbols: Sequence[str], start: Nanos | None = None, end: Nanos | None = None
    ) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
        """RETURN rows of each symbol, and of the benchmark, which a span of rows is made of."""
        span = self.config.bars.covering(start, end, self.node.lookback)
        assets = {s: self.returns_of(s).returns(catalog, *span) for s in symbols}
        source = self.market_source
        return assets, None if source is None else source.returns(catalog, *span)

    def history(
        self, catalog: Reading, symbols: Sequence[str], start: Nanos | None = None, end: Nanos | None = None,
        aligned: bool = True,
    ) -> pl.DataFrame:  # fmt: skip
        """Rows with start ≤ ts_event < end from prices of a catalog, of which a look-back before `start` is read.

        `aligned` as of `compute`.
        """
        return cut(self.compute(*self.returns(catalog, symbols, start, end), aligned=aligned), start, end)

    def stream(self, symbols: Sequence[str]) -> Stream:
        """The same, row by row: `Stream.push` with "asset" and the place of the symbol, or with "market"."""
        return Stream(Graph((self.node,)), self.sources(symbols))

    def sources(self, symbols: Sequence[str]) -> dict[str, ReturnSource | Sequence[ReturnSource]]:
        """Returns by the name that the graph gives them."""
        assets = [self.returns_of(symbol) for symbol in symbols]
        market = self.market_source
        return {ASSET: assets} if market is None else {ASSET: assets, MARKET: market}

    def case(self, prices: Mapping[str, Columns], market: Columns | None = None) -> Case:
        """What `checks` take: this factor on prices by symbol, and on those of the benchmark."""
        self.check_market(market is not None)
        # Whatever their length, these are bars: one price a slot.
        sources: dict[str, Any] = {ASSET: [self.returns_of(symbol, whole=True) for symbol in prices]}
        given: dict[str, Any] = {ASSET: list(prices.values())}
        if market is not None:
            sources[MARKET], given[MARKET] = self._market(whole=True), market
        return Case(self.node, sources, given)

    def frame(self, rows: Sequence[np.ndarray], slots: np.ndarray, symbols: Sequence[str]) -> pl.DataFrame:
        """ESTIMATE rows of each instrument as the output frame."""
        return frame_of(rows, slots, self.node, self.config.bars, symbols, [self.config.benchmark] * len(symbols))

    def check_market(self, given: bool) -> None:
        """Raise ConfigError where a benchmark is needed and not given, or given and not needed."""
        if given != self.needs_market:
            wanted = "those of the benchmark" if self.needs_market else f"none: {self.config.factor} takes none"
            raise ConfigError("benchmark returns", "some" if given else "none", wanted)

    def _market(self, **settings: Any) -> ReturnSource:
        of = self.settings if self.base is None else self.base
        return self._returns(self.config.benchmark, {**of, **settings})

    def _returns(self, symbol: str, settings: Mapping[str, Any]) -> ReturnSource:
        config = self.config
        return ReturnSource(symbol, config.bars, max_span=config.max_gap, overnight=config.overnight, **settings)

    def _settings(self) -> Any:
        record, given = self.factor.config, self.config.settings
        hints = get_type_hints(record)
        known = {f.name: f for f in fields(record)}
        where = f"settings of {self.factor.name}"
        for name, value in given.items():
            if name not in known:
                raise ConfigError(where, name, f"one of {', '.join(known)}")
            if hints[name] is int and value != int(value):
                raise ConfigError(f"{where}, {name}", value, "a whole number")
        for name, f in known.items():
            if name not in given and f.default is MISSING and f.default_factory is MISSING:
                raise ConfigError(where, "nothing", f"{name}, which is required")
        # Identities are made of the values as they are written: 20 and 20.0 are to be one.
        return record(**{name: hints[name](value) for name, value in given.items()})
