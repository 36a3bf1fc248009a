"""`tickwright factors compute`: one factor over bars of a catalog, by a batch or through its stream, into the store."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from tickwright.app import config_file, first_use
from tickwright.app.commands.factor_values import moment, show, write_rows
from tickwright.core.errors import ConfigError, NotInCatalogError
from tickwright.core.units import Nanos
from tickwright.data.backends import open_catalog
from tickwright.data.port import Reading
from tickwright.factors.beta.config import BASKET, MarketBetaConfig
from tickwright.factors.beta.factory import BetaFactory
from tickwright.factors.beta.feed import Feed
from tickwright.factors.beta.joint import LIQUIDITY, SECTOR, VOLATILITY
from tickwright.factors.own import MARKET, FactorConfig, OwnFactory
from tickwright.factors.rows import cut
from tickwright.factors.sources.returns import ReturnSource
from tickwright.factors.store.live import LiveWriter
from tickwright.factors.store.rows import Origin
from tickwright.factors.store.store import FactorStore
from tickwright.factors.stream import Stream
from tickwright.factors.tags import NONE, Definition, definition_of
from tickwright.factors.tick.config import HAYASHI_YOSHIDA

Factory = BetaFactory | OwnFactory
Sources = Mapping[str, ReturnSource | Sequence[ReturnSource]]
Span = tuple[Nanos | None, Nanos | None]
_FROM_PYTHON = {
    **{kind: f"factors.beta.compute_joint.compute_{kind}_beta" for kind in (SECTOR, LIQUIDITY, VOLATILITY)},
    HAYASHI_YOSHIDA: "factors.tick.compute.compute_tick_beta",
}
"""By kind or method of a file what no bars of a catalog alone can give, and what computes it."""
_FLUSH = 200_000
"""Rows that a stream gathers before they are stored."""


@dataclass(frozen=True, slots=True)
class Computing:
    """The options of `factors compute`, as they were given."""

    config: Path
    catalog: str
    instruments: tuple[str, ...]
    without: tuple[str, ...]
    benchmark: str | None
    start: str | None
    end: str | None
    out: Path | None
    store: bool
    live: bool


def compute(asked: Computing) -> None:
    """Compute one factor over bars of a catalog; show, write or store its rows."""
    factory = factory_of(asked.config, asked.benchmark)
    first_use.say(*first_use.FACTORS)
    catalog = open_catalog(asked.catalog)
    symbols = asked.instruments or _all(catalog, factory, asked.without)
    span = (moment(asked.start, "--start"), moment(asked.end, "--end", days=1))
    config = config_of(factory)
    definition = definition_of(factory.node, config.bars, config.resolved(), config.benchmark)
    if asked.live:
        if not asked.store:
            raise ConfigError("--live", True, "--store: what a stream tells is kept")
        rows = _streamed(factory, catalog, symbols, span, FactorStore.open(asked.catalog), definition)
    else:
        rows = _history(factory, catalog, symbols, span)
        if asked.store:
            written = FactorStore.open(asked.catalog).append(rows, definition, Origin.BACKFILL, time.time_ns())
            print(f"stored {written.rows:,} rows as backfill ({_beside(written.corrected, written.already)})")
    if asked.out is not None:
        write_rows(asked.out, rows)
    ok = rows.filter(pl.col("status") == "ok")
    print(f"factor {definition.factor_id} of {len(symbols):,} symbols: {len(rows):,} rows, {len(ok):,} with a value")
    if not asked.store and asked.out is None:
        show(rows.group_by("symbol", maintain_order=True).last())


def factory_of(file: Path | str, benchmark: str | None = None) -> Factory:
    """The factor of a file: of a kernel by its name where it has the key `factor`, else a market beta."""
    table = config_file.read(file)
    if benchmark is not None:
        table = {**table, "benchmark": benchmark}
    if "factor" not in table:
        for key in ("kind", "method"):
            if table.get(key) in _FROM_PYTHON:
                made_by = f"a market beta, or a factor by its name; {_FROM_PYTHON[table[key]]} computes this one"
                raise ConfigError(key, table[key], made_by)
        kind = table.pop("kind", MARKET)
        if kind != MARKET:
            raise ConfigError("kind", kind, f"one of {', '.join((MARKET, *_FROM_PYTHON))}")
        return BetaFactory(config_file.build(MarketBetaConfig, table))
    folder = str(Path(file).resolve().parent)
    if folder not in sys.path:  # a kernel of one's own stands beside its configuration
        sys.path.insert(0, folder)
    return OwnFactory(config_file.build(FactorConfig, table))


def config_of(factory: Factory) -> MarketBetaConfig | FactorConfig:
    """Grid and benchmark of a factor."""
    return factory.market if isinstance(factory, BetaFactory) else factory.config


def _market(factory: Factory) -> str | None:
    """The symbol of the benchmark's prices, where there are any."""
    name = config_of(factory).benchmark
    return None if name in (BASKET, NONE) else name


def _all(catalog: Reading, factory: Factory, without: Sequence[str]) -> tuple[str, ...]:
    stored = factory.returns_of("").stored
    found = dict.fromkeys(row.instrument for row in catalog.ls() if row.schema == stored)
    for symbol in (_market(factory) or "", *without):
        found.pop(symbol, None)
    if not found:
        raise NotInCatalogError(
            f"{catalog.root}: no instrument has {stored}, which {config_of(factory).grid} is made of"
        )
    return tuple(found)


def _beside(corrected: int, already: int) -> str:
    return f"{corrected:,} corrections, {already:,} stood there already"


def _history(factory: Factory, catalog: Reading, symbols: Sequence[str], span: Span) -> pl.DataFrame:
    start, end = span
    if isinstance(factory, OwnFactory):
        return factory.history(catalog, symbols, start, end)
    return Feed(factory, tuple(symbols)).history(catalog, start=start, end=end)


def _stream(factory: Factory, catalog: Reading, symbols: Sequence[str], span: Span) -> tuple[Stream, Sources]:
    """The stream of a factor and its sources. Raises BenchmarkError where history does."""
    if isinstance(factory, OwnFactory):
        return factory.stream(symbols), factory.sources(symbols)
    feed = Feed(factory, tuple(symbols))
    feed.returns(catalog, start=span[0], end=span[1], aligned=True)
    return feed.stream(), feed.sources


def _streamed(
    factory: Factory, catalog: Reading, symbols: Sequence[str], span: Span, store: FactorStore, definition: Definition
) -> pl.DataFrame:
    """Drive the stream bar by bar, in the order in which bars are known, and store what it tells as live rows."""
    stream, sources = _stream(factory, catalog, symbols, span)
    writer = LiveWriter(store, definition, lambda rows, slots: cut(factory.frame(rows, slots, symbols), *span))
    stored = corrected = already = 0
    begin = span[0] if span[0] is None else config_of(factory).bars.before(span[0], factory.node.lookback)
    parts = [
        (name, i, source)
        for name, given in sources.items()
        for i, source in enumerate([given] if isinstance(given, ReturnSource) else given)
    ]
    for name, i, rows in _as_known(catalog, parts, (begin, span[1])):
        slots, told = stream.push(name, rows, i)
        writer.take(slots, told[factory.node.id])
        if writer.waiting > _FLUSH:
            stored, corrected, already = _add(writer, stored, corrected, already)
    slots, told = stream.close()
    writer.take(slots, told[factory.node.id])
    stored, corrected, already = _add(writer, stored, corrected, already)
    print(f"stored {stored:,} rows as live ({_beside(corrected, already)})")
    return store.read([definition.series], Origin.LIVE, symbols=symbols, start=span[0], end=span[1])


def _add(writer: LiveWriter, *counts: int) -> tuple[int, int, int]:
    written = writer.flush(time.time_ns())
    new = (written.rows, written.corrected, written.already) if written is not None else (0, 0, 0)
    stored, corrected, already = (a + b for a, b in zip(counts, new, strict=True))
    return stored, corrected, already


def _as_known(
    catalog: Reading, parts: Sequence[tuple[str, int, ReturnSource]], span: Span
) -> Iterator[tuple[str, int, np.ndarray]]:
    """Rows of all series, one at a time, in the order in which their prices became known."""
    stored = []
    for k, (_, _, source) in enumerate(parts):
        rows = catalog.read(source.symbol, source.stored, *span)
        prices = source.prices(rows)
        inside = prices["slot"] >= 0
        rows, known = rows[inside], prices["ts_available"][inside]
        stored.append((rows, known, np.full(len(rows), k)))
    if not stored:
        return
    known = np.concatenate([s[1] for s in stored])
    which = np.concatenate([s[2] for s in stored])
    at = np.concatenate([np.arange(len(s[0])) for s in stored])
    for j in np.lexsort((at, which, known)).tolist():
        k = int(which[j])
        yield parts[k][0], parts[k][1], stored[k][0][at[j] : at[j] + 1]
