"""A factor on what a catalog holds: its history, the same rows as they would have come, and what the checks take.

| class | is of |
|---|---|
| `Beta` | bars, or the last trades of slots, of assets and benchmark; levels beside them (`beta.levels`) |
| `OfTicks` | every trade or quote of assets and benchmark |
| `Own` | as `Beta`, of a factor by its name |

A stream is told one row at a time, in the order in which their prices became known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Protocol

import numpy as np
import polars as pl

from tickwright.core.errors import NotInCatalogError
from tickwright.core.units import Nanos
from tickwright.data.port import Reading
from tickwright.factors.beta.config import BASKET
from tickwright.factors.beta.factory import BetaFactory
from tickwright.factors.beta.feed import Feed
from tickwright.factors.beta.joint import LIQUIDITY, SECTOR
from tickwright.factors.beta.levels import Span, levels_of, quoted_pieces, sectors_of
from tickwright.factors.checks import Case, Checked, listed
from tickwright.factors.grid import Grid
from tickwright.factors.own import OwnFactory
from tickwright.factors.pieces import in_order
from tickwright.factors.raw import Raw
from tickwright.factors.replay import Series, Told, case_of, each_of, played
from tickwright.factors.rows import cut
from tickwright.factors.sources.benchmark import check_alignment
from tickwright.factors.sources.reference import ReferenceSource
from tickwright.factors.stream import Stream
from tickwright.factors.tags import NONE, Definition, definition_of
from tickwright.factors.tick.aligned import check_tick_alignment
from tickwright.factors.tick.cases import TickCase, stored_ticks
from tickwright.factors.tick.compute import warn_if_fine
from tickwright.factors.tick.config import TickBetaConfig
from tickwright.factors.tick.factory import TickBetaFactory
from tickwright.factors.tick.stream import TickStream

_STATED = ("sectors", "members")
"""Fields of a feed that are made of statements."""
Factory = BetaFactory | OwnFactory | TickBetaFactory
SECTORS = "sectors"
"""In a definition's settings: the digest of all that was said of sectors."""


class Recorded(Protocol):
    """A factor of some symbols on a catalog. All raise ConfigError and NotInCatalogError for what is not there."""

    @property
    def symbols(self) -> Sequence[str]:
        """Its assets, in the order of rows."""

    def history(self, span: Span) -> pl.DataFrame:
        """Output rows of these slots, in a batch. Raises BenchmarkError for a benchmark that is shifted by a bar."""

    def live(self, span: Span) -> Iterator[Told]:
        """What a stream tells of them, row by row; slots before the span too."""

    def frame(self, rows: Sequence[np.ndarray], slots: np.ndarray) -> pl.DataFrame:
        """What was told, as output rows."""

    def case(self, span: Span) -> Checked:
        """What the checks take, of just these data."""


@dataclass(frozen=True)
class Beta:
    """A beta of bars; `where` is the address of the catalog, beside whose rows the sectors lie."""

    factory: BetaFactory
    catalog: Reading
    where: str
    symbols: Sequence[str]
    aligned: bool = True

    def history(self, span: Span) -> pl.DataFrame:
        """As `Recorded.history`."""
        return self._feed.history(self.catalog, start=span[0], end=span[1], aligned=self.aligned)

    def live(self, span: Span) -> Iterator[Told]:
        """As `Recorded.live`."""
        feed = self._feed
        feed.returns(self.catalog, start=span[0], end=span[1], aligned=self.aligned)
        # What `returns` warned of is not told again by a stream that watches.
        stream = Stream(feed.factory.graph, feed.sources, feed.constants)
        yield from played(stream, streamed(feed, self.catalog, feed.span(*span)), feed.factory.factor_id)

    def frame(self, rows: Sequence[np.ndarray], slots: np.ndarray) -> pl.DataFrame:
        """As `Recorded.frame`."""
        return self.factory.frame(rows, slots, self.symbols)

    def case(self, span: Span) -> Case:
        """As `Recorded.case`."""
        return feed_case(self._feed, self.catalog, span)

    @property
    def _feed(self) -> Feed:
        sectors = sectors_of(self.where, self.symbols) if SECTOR in self.factory.levels else None
        return Feed(self.factory, tuple(self.symbols), sectors=sectors)


def streamed(feed: Feed, catalog: Reading, span: Span) -> Iterator[Series]:
    """As `Feed.stored`, levels of quotes made of their quotes as those come."""
    pieces = quoted_pieces(feed.factory, catalog, feed.symbols, span)
    for series in feed.stored(catalog, span):
        yield replace(series, made_of=pieces[series.place]) if pieces and series.name == LIQUIDITY else series


def feed_case(feed: Feed, catalog: Reading, span: Span) -> Case:
    """What the checks take of a feed of a catalog: of a moment it is made anew of the rows and statements before it."""
    node, sources = feed.factory.node, feed.sources
    raw = Raw(catalog, [source for _, _, source in each_of(sources)])

    def anew(moment: Nanos) -> Case:
        known = replace(
            feed, **{name: of.known_by(moment) for name in _STATED if (of := getattr(feed, name)) is not None}
        )
        rows = raw.known_by(moment)
        levels = levels_of(feed.factory, rows, feed.symbols, span)
        return case_of(node, sources, known.stored(rows, span, levels), known.constants)

    case = case_of(node, sources, streamed(feed, raw.all(), span), feed.constants)
    said = {time for name in _STATED if (of := getattr(feed, name)) is not None for time in of.said(feed.symbols)}
    times = np.concatenate([columns["ts_event"] for given in case.prices.values() for columns in listed(given)])
    within = [time for time in sorted(said) if len(times) and times.min() < time <= times.max()]
    return replace(case, anew=anew, said=within)


@dataclass(frozen=True)
class Own:
    """A factor by its name, over returns."""

    factory: OwnFactory
    catalog: Reading
    symbols: Sequence[str]
    aligned: bool = True

    def history(self, span: Span) -> pl.DataFrame:
        """As `Recorded.history`."""
        return self.factory.history(self.catalog, self.symbols, *span, aligned=self.aligned)

    def live(self, span: Span) -> Iterator[Told]:
        """As `Recorded.live`."""
        bounds = self.factory.config.bars.covering(*span, self.factory.node.lookback)
        assets, market = self.factory.returns(self.catalog, self.symbols, *span)
        if self.aligned and market is not None:
            check_alignment(list(assets.values()), market)
        yield from played(self.factory.stream(self.symbols), self._stored(bounds), self.factory.node.id)

    def frame(self, rows: Sequence[np.ndarray], slots: np.ndarray) -> pl.DataFrame:
        """As `Recorded.frame`."""
        return self.factory.frame(rows, slots, self.symbols)

    def case(self, span: Span) -> Case:
        """As `Recorded.case`."""
        return case_of(self.factory.node, self.factory.sources(self.symbols), self._stored(span))

    def _stored(self, span: Span) -> Iterator[Series]:
        for name, place, source in each_of(self.factory.sources(self.symbols)):
            yield Series(name, place, source, self.catalog.read(source.symbol, source.stored, *span))


@dataclass(frozen=True)
class OfTicks:
    """A beta of ticks."""

    factory: TickBetaFactory
    catalog: Reading
    symbols: Sequence[str]
    aligned: bool = True

    def history(self, span: Span) -> pl.DataFrame:
        """As `Recorded.history`. Warns with FineGridWarning as `compute_tick_beta` does."""
        factory, bounds = self.factory, self._bounds(span)
        of = {name: factory.ticks_of(name).ticks(columns) for name, columns in self._ticks(bounds).items()}
        market = of.pop(factory.config.benchmark)
        for symbol, ticks in of.items():
            warn_if_fine(factory.config.bars.length, {symbol: ticks, factory.config.benchmark: market})
        return cut(factory.compute(of, market, self.aligned), *span)

    def live(self, span: Span) -> Iterator[Told]:
        """As `Recorded.live`. Ticks of one series that follow each other in a row are told together."""
        ticks = self._ticks(self._bounds(span))
        if self.aligned:
            made = [self.factory.ticks_of(name).ticks(columns) for name, columns in ticks.items()]
            check_tick_alignment(made[:-1], made[-1], self.factory.config.bars)
        stream, names = TickStream(self.factory, self.symbols), list(ticks)
        known = [columns["ts_available"] for columns in ticks.values()]
        for k, run in groupby(in_order(known), key=lambda row: row[0]):
            places = [at for _, at in run]
            rows = {key: values[places[0] : places[-1] + 1] for key, values in ticks[names[k]].items()}
            yield stream.push(names[k], rows)
        yield stream.close()

    def frame(self, rows: Sequence[np.ndarray], slots: np.ndarray) -> pl.DataFrame:
        """As `Recorded.frame`."""
        return self.factory.frame(rows, slots, self.symbols)

    def case(self, span: Span) -> TickCase:
        """As `Recorded.case`."""
        return TickCase(self.factory, self._ticks(span))

    def _bounds(self, span: Span) -> Span:
        return self.factory.config.bars.covering(*span, self.factory.node.lookback)

    def _ticks(self, bounds: Span) -> dict[str, Mapping[str, np.ndarray]]:
        names = (*self.symbols, self.factory.config.benchmark)
        return {name: stored_ticks(self.factory.config, self.catalog, name, *bounds) for name in names}


def recorded(
    factory: Factory, catalog: Reading, where: str, symbols: Sequence[str], aligned: bool = True
) -> Recorded:  # fmt: skip
    """A factor on a catalog, which `where` is the address of; `aligned` as of `BetaFactory.compute`.

    Raises NotInCatalogError where a benchmark is absent.
    """
    if lacking := sorted(needed(factory) - {row.instrument for row in catalog.ls()}):
        raise NotInCatalogError(f"{catalog.root}: the {_who_names(factory, lacking[0])}")
    if isinstance(factory, BetaFactory):
        return Beta(factory, catalog, where, symbols, aligned)
    if isinstance(factory, OwnFactory):
        return Own(factory, catalog, symbols, aligned)
    return OfTicks(factory, catalog, symbols, aligned)


def bars_of(factory: Factory) -> Grid:
    """Its grid."""
    return factory.market.bars if isinstance(factory, BetaFactory) else factory.config.bars


def benchmark_of(factory: Factory) -> str:
    """What it is to, as rows name it."""
    return factory.market.benchmark if isinstance(factory, BetaFactory) else factory.config.benchmark


def needed(factory: Factory) -> set[str]:
    """Symbols that it needs beside its assets: the benchmark, an index of volatility."""
    index = factory.index if isinstance(factory, BetaFactory) else ""
    return {benchmark_of(factory), index} - {BASKET, NONE, ""}


def _who_names(factory: Factory, name: str) -> str:
    if name != benchmark_of(factory):
        return f"index of volatility {name!r} is not there; `index` of the file names it"
    said = f"benchmark {name!r} is not there; `benchmark` of the file, or --benchmark, names it"
    usual = name == TickBetaConfig().benchmark and isinstance(factory, TickBetaFactory)
    return f"{said}, and where neither does it is {name!r}" if usual else said


def stored_of(factory: Factory) -> str:
    """The schema of a catalog that its assets are read of."""
    return factory.ticks_of("").stored if isinstance(factory, TickBetaFactory) else factory.returns_of("").stored


def definition(factory: Factory, where: str | None = None) -> Definition:
    """What is kept beside its rows; of a sector beta on a catalog, `where`, a digest of the sectors that it has."""
    settings = factory.config.resolved() if isinstance(factory, TickBetaFactory) else factory.resolved()
    if where is not None and isinstance(factory, BetaFactory) and SECTOR in factory.levels:
        settings[SECTORS] = ReferenceSource.from_catalog(where).digest
    return definition_of(factory.node, bars_of(factory), settings, benchmark_of(factory))
