"""`Feed`: one description of the data of a beta, from which its history and its stream are both made.

1. The assets' returns, and the benchmark's: an instrument or an index, on a calendar that may be its own, or a basket;
   and the levels of a beta beside the market's.
2. `history` reads a catalog, frames, or rows as they come; a benchmark that is shifted by a bar is refused.
3. `stream` has the same sources, and gives the same bytes; `stored` are the rows of a catalog that it is pushed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from tickwright.core.errors import ConfigError
from tickwright.core.units import Nanos
from tickwright.data.port import Reading
from tickwright.factors.beta.factory import ASSET, MARKET, WEIGHT, BetaFactory, weights_of
from tickwright.factors.beta.joint import SECTOR, VOLATILITY
from tickwright.factors.beta.levels import Span, stored_levels
from tickwright.factors.executor import Executor
from tickwright.factors.panel import Given
from tickwright.factors.replay import Series, each_of
from tickwright.factors.rows import cut
from tickwright.factors.sources.benchmark import BenchmarkSource, check_alignment
from tickwright.factors.sources.pace import warn_of_fine, watch_for_fine
from tickwright.factors.sources.reference import ReferenceSource
from tickwright.factors.sources.returns import ReturnSource
from tickwright.factors.stream import Constant, Stream, Told


@dataclass(frozen=True)
class Feed:
    """A beta of `symbols`. `settings`: other fields of `ReturnSource`, as tick; `base` those of the benchmark.

    They are part of the identity of `factory`, which becomes one of them. Of a basket: `weights` by symbol, and
    `members`, whose statements say who is in it as of each slot. Of a sector beta: `sectors`, whose statements say who
    is in which. By default the benchmark has the settings of the assets. Raises ConfigError.
    """

    factory: BetaFactory
    symbols: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    base: Mapping[str, Any] | None = None
    weights: Mapping[str, float] | None = None
    members: ReferenceSource | None = None
    sectors: ReferenceSource | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "symbols", tuple(self.symbols))
        if self.settings or self.base is not None:
            object.__setattr__(self, "factory", replace(self.factory, settings=self.settings, base=self.base))
        if not self.symbols or len(set(self.symbols)) < len(self.symbols):
            raise ConfigError("symbols", self.symbols, "one at least, each once")
        if not self.factory.prices:
            raise ConfigError("factory", "of returns that are given", "BetaFactory(config): a feed is of prices")
        if (self.sectors is None) == (SECTOR in self.factory.levels):
            given = "none" if self.sectors is None else "some"
            raise ConfigError("sectors", given, "who is in which, of a sector beta; none of another")

    @cached_property
    def benchmark(self) -> BenchmarkSource:
        """What the beta is to."""
        return self.factory.benchmark(self.weights, self.members)

    @cached_property
    def sources(self) -> dict[str, ReturnSource | list[ReturnSource]]:
        """Returns by the name that the graph gives them, all on the grid of the assets."""
        of = self.factory
        made: dict[str, ReturnSource | list[ReturnSource]] = {ASSET: [of.returns_of(symbol) for symbol in self.symbols]}
        if self.benchmark.returns is not None:
            made[MARKET] = self.benchmark.on(of.market.bars)
        for name in of.levels:
            if name == VOLATILITY:
                made[name] = of.levels_of(of.index or name)
            elif name != SECTOR:
                made[name] = [of.levels_of(symbol) for symbol in self.symbols]
        return made

    def returns(
        self, assets: Any, market: Any = None, *, start: Nanos | None = None, end: Nanos | None = None,
        aligned: bool = False,
    ) -> tuple[dict[str, np.ndarray], np.ndarray | None]:  # fmt: skip
        """RETURN rows of each symbol, and of the benchmark. Warns with FineGridWarning where too many slots are empty.

        `assets`: a catalog, or by symbol what `ReturnSource.returns` takes; `market` alike, by default the catalog.
        `start`, `end`: of a catalog, what is read: a look-back before `start` too. `aligned`: a benchmark that is
        shifted by one bar raises BenchmarkError. Raises ConfigError, DataError, NotInCatalogError.
        """
        catalog = hasattr(assets, "chunks")
        span = (start if start is None else self.factory.market.bars.before(start, self.factory.node.lookback), end)
        followed = [s.followed(assets if catalog else assets[s.symbol], *span) for s in self._assets]
        made = dict(zip(self.symbols, (rows for rows, _ in followed), strict=True))
        base = self.sources.get(MARKET)
        if not isinstance(base, ReturnSource):
            self.factory.check_market(market is not None)
            warn_of_fine(live for _, live in followed)
            return made, None
        where = assets if market is None and catalog else market
        self.factory.check_market(where is not None)
        told, live = base.followed(where, *span)
        warn_of_fine([*(live for _, live in followed), live])
        if aligned:
            check_alignment(list(made.values()), told)
        return made, told

    def history(
        self, assets: Any, market: Any = None, *, levels: Mapping[str, Any] | None = None, start: Nanos | None = None,
        end: Nanos | None = None, aligned: bool = True, executor: Executor | None = None,
    ) -> pl.DataFrame:  # fmt: skip
        """Rows with start ≤ ts_event < end, by default of all slots; what is given as to `returns`, and raised.

        `levels`: by name the columns of what a beta beside the market's needs, of all or one an asset; with a catalog
        they are of that, as `beta.levels` says. Raises BenchmarkError for a benchmark that is shifted by one bar;
        `aligned` is False where the assets are to lag it. A basket cannot be shifted: it is of the same rows.
        """
        span = self.span(start, end)
        made, base = self.returns(assets, market, start=start, end=span[1], aligned=aligned)
        told = self._levels(self._of_catalog(assets, span) if hasattr(assets, "chunks") else levels or {})
        rows = self.factory.compute(made, base, self.weights, executor, self.members, told, aligned=False)  # looked at
        return cut(rows, start, end)

    def span(self, start: Nanos | None, end: Nanos | None) -> Span:
        """What is read for rows from `start` to before `end`: the look-back before them, and the last slot whole."""
        return self.factory.market.bars.covering(start, end, self.factory.node.lookback)

    def stored(self, catalog: Reading, span: Span, levels: Mapping[str, Any] | None = None) -> Iterator[Series]:
        """What a stream is pushed of these data of a catalog, and of its `levels`. Raises as `history` of a catalog."""
        levels = self._of_catalog(catalog, span) if levels is None else levels
        for name, place, source in each_of(self.sources):
            if name in levels:
                rows = levels[name][place] if isinstance(levels[name], list) else levels[name]
            else:
                rows = catalog.read(source.symbol, source.stored, *span)
            yield Series(name, place, source, rows)

    def stream(self) -> Stream:
        """The same, row by row: `Stream.push` with the name of the source and the place of the symbol in it.

        It warns with FineGridWarning, once, as soon as too many slots of a series were empty.
        """
        return Stream(self.factory.graph, self.sources, self.constants, watch_for_fine)

    def frame(self, told: Told) -> pl.DataFrame:
        """What a stream told, as `history` gives it."""
        slots, rows = told
        return self.factory.frame(list(rows[self.factory.factor_id]), slots, self.symbols, self.weights, self.members)

    @property
    def _assets(self) -> list[ReturnSource]:
        given = self.sources[ASSET]
        return [given] if isinstance(given, ReturnSource) else given

    def _of_catalog(self, catalog: Reading, span: Span) -> Mapping[str, Any]:
        return stored_levels(self.factory, catalog, self.symbols, span)

    def _levels(self, given: Mapping[str, Any]) -> dict[str, Given | ReferenceSource]:
        """RETURN rows of each level, and the sectors."""
        told: dict[str, Given | ReferenceSource] = {} if self.sectors is None else {SECTOR: self.sectors}
        for name, columns in given.items():
            source: ReturnSource | Sequence[ReturnSource] = self.sources[name]
            if isinstance(source, ReturnSource):
                told[name] = source.returns([columns])
            else:
                told[name] = [one.returns([rows]) for one, rows in zip(source, columns, strict=True)]
        return told

    @cached_property
    def constants(self) -> dict[str, Constant]:
        """What a stream is told of weights, members and sectors."""
        grid, symbols = self.factory.market.bars, self.symbols
        made: dict[str, Constant] = {}
        if WEIGHT in {source.name for source in self.factory.graph.sources}:
            weights, members = weights_of(symbols, self.weights), self.members
            made[WEIGHT] = weights if members is None else lambda slots: members.weights(symbols, weights, slots, grid)
        if (sectors := self.sectors) is not None:
            made[SECTOR] = lambda slots: sectors.codes(symbols, slots, grid)
        return made
