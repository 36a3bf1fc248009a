"""`tickwright factors compute`: one factor over what a catalog holds, by a batch or its stream, into the store."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tickwright.app import config_file, first_use
from tickwright.app.commands.factor_values import check_out, show, span_of, write_rows
from tickwright.core.errors import ConfigError, NotInCatalogError
from tickwright.core.instrument import Instrument
from tickwright.data.backends import open_catalog
from tickwright.data.port import Reading
from tickwright.factors.beta.config import BASKET
from tickwright.factors.beta.factory import BetaFactory
from tickwright.factors.beta.joint_cases import KINDS
from tickwright.factors.beta.levels import Span
from tickwright.factors.own import FactorConfig, OwnFactory
from tickwright.factors.recorded import (
    Factory,
    Recorded,
    bars_of,
    benchmark_of,
    definition,
    needed,
    recorded,
    stored_of,
)
from tickwright.factors.rows import cut
from tickwright.factors.store.live import LiveWriter
from tickwright.factors.store.rows import Origin
from tickwright.factors.store.store import FactorStore
from tickwright.factors.stored import fitted
from tickwright.factors.tags import Definition
from tickwright.factors.tick.config import HAYASHI_YOSHIDA, TickBetaConfig
from tickwright.factors.tick.factory import TickBetaFactory

_MARKET = "market"
_SERIES = "FRED"
"""The venue of indices and interest rates, as `ingest reference` stores them: nobody trades there."""
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
    aligned: bool = True


def compute(asked: Computing) -> None:
    """Compute one factor over what a catalog holds; show, write or store its rows."""
    if asked.live and not asked.store:
        raise ConfigError("--live", True, "--store: what a stream tells is kept")
    check_out(asked.out)
    span = span_of(asked.start, asked.end)
    # Before anything is computed: what cannot be kept is not worth the time.
    store = FactorStore.open(asked.catalog) if asked.store else None
    factory = factory_on_catalog(asked.config, asked.benchmark)
    first_use.say(*first_use.FACTORS)
    catalog = open_catalog(asked.catalog)
    factory = fitting(factory, catalog, asked.instruments, asked.without)
    symbols = asked.instruments or all_of(catalog, factory, asked.without)
    data = recorded(factory, catalog, asked.catalog, symbols, asked.aligned)
    made_by = definition(factory, asked.catalog)
    with _warnings_told():
        rows = _streamed(data, span, store, made_by) if store and asked.live else data.history(span)
    if asked.out is not None:  # first: a store may refuse rows
        write_rows(asked.out, rows)
    if store and not asked.live:
        written = store.append(rows, made_by, Origin.BACKFILL, time.time_ns())
        print(f"stored {written.rows:,} rows as backfill ({_beside(written.corrected, written.already)})")
    ok = rows.filter(pl.col("status") == "ok")
    print(f"factor {made_by.factor_id} of {len(symbols):,} symbols: {len(rows):,} rows, {len(ok):,} with a value")
    if not asked.store and asked.out is None:
        show(rows.group_by("symbol", maintain_order=True).last())


def factory_of(file: Path | str, benchmark: str | None = None) -> Factory:
    """The factor of a file: of a kernel by its name where it has the key `factor`, else a beta."""
    table = config_file.read(file)
    if "factor" not in table:
        return beta_of(table, benchmark)
    folder = str(Path(file).resolve().parent)
    if folder not in sys.path:  # a kernel of one's own stands beside its configuration
        sys.path.insert(0, folder)
    named = {} if benchmark is None else {"benchmark": benchmark}
    return OwnFactory(config_file.build(FactorConfig, {**table, **named}))


def factory_on_catalog(file: Path | str, benchmark: str | None) -> Factory:
    """The factor of a file; a beta of bars is to the mean of all others where neither option nor file names another."""
    factory = factory_of(file, benchmark)
    if benchmark is not None or not isinstance(factory, BetaFactory):
        return factory
    table = config_file.read(file)
    return factory_of(file, BASKET) if table.get("market", table).get("benchmark") is None else factory


def beta_of(table: dict[str, Any], benchmark: str | None = None) -> BetaFactory | TickBetaFactory:
    """The beta of a file's table: of ticks, or of the kind that it names; of the market where it names none."""
    named = {} if benchmark is None else {"benchmark": benchmark}
    if table.get("method") == HAYASHI_YOSHIDA:
        return TickBetaFactory(config_file.build(TickBetaConfig, {**table, **named}))
    table = dict(table)
    kind = table.pop("kind", _MARKET)
    if kind not in KINDS:
        raise ConfigError("kind", kind, f"one of {', '.join(KINDS)}")
    over = named if kind == _MARKET or not named else {"market": named}
    return BetaFactory(config_file.build(KINDS[kind], config_file.merged(table, over)))


def fitting(
    factory: Factory, catalog: Reading, instruments: Sequence[str], without: Sequence[str] = ()
) -> Factory:  # fmt: skip
    """The factor of what the catalog has, which is said on stderr where its bars are not of the grid's length.

    Raises ConfigError for a benchmark that is named as an asset, and for a grid of numbered rows.
    """
    if benchmark_of(factory) in instruments:
        expected = f"an asset: {benchmark_of(factory)} is the benchmark, to which it is itself"
        raise ConfigError("--instrument", benchmark_of(factory), expected)
    if not bars_of(factory).length:
        raise ConfigError("grid", bars_of(factory).text, "the length of a bar, as 1d: rows of a catalog have times")
    if isinstance(factory, TickBetaFactory):
        return factory
    series = [one.symbol for one in catalog.instruments() if _is_series(one)]
    made = fitted(factory, catalog, instruments, {*needed(factory), *without, *series})
    for source, name in ((made.returns_of(""), "the assets"), (made.market_source, benchmark_of(made))):
        if source is not None and "schema" in source.chosen:
            told = f"returns of {name} are of {source.stored}, the last price of each slot of {source.grid.text}"
            print(f"no bars of that length: {told}", file=sys.stderr)
    return made


def _is_series(one: Instrument) -> bool:
    return one.venue == _SERIES or one.symbol.startswith("^")


def all_of(catalog: Reading, factory: Factory, without: Sequence[str]) -> tuple[str, ...]:
    """Every instrument that has what the assets of a factor are of; says which series were left out, as no assets.

    Raises NotInCatalogError where none has.
    """
    stored = stored_of(factory)
    beside = {*needed(factory), *without}
    found = dict.fromkeys(
        row.instrument for row in catalog.ls() if row.schema == stored and row.instrument not in beside
    )
    told = [one for one in map(catalog.instrument, found) if _is_series(one)]
    for one in told:
        del found[one.symbol]
    if told:
        names = ", ".join(sorted(one.symbol for one in told))
        print(f"left out, as no assets: {names} (--instrument names them all the same)")
    if not found:
        raise NotInCatalogError(
            f"{catalog.root}: no instrument has {stored}, of which {factory.node.factor.name} on the grid "
            f"{bars_of(factory).text} is made; stored are {', '.join(sorted({row.schema for row in catalog.ls()}))}"
        )
    return tuple(found)


def _beside(corrected: int, already: int) -> str:
    return f"{corrected:,} corrections, {already:,} stood there already"


@contextmanager
def _warnings_told() -> Iterator[None]:
    """What the library warns of, as of a grid that is too fine, becomes a line on stderr, each once."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            yield
        finally:
            for text in dict.fromkeys(str(warning.message) for warning in told):
                print(f"warning: {text}", file=sys.stderr)


def _streamed(data: Recorded, span: Span, store: FactorStore, made_by: Definition) -> pl.DataFrame:
    """Drive the stream row by row, in the order in which rows are known, and store what it tells as live rows."""
    writer = LiveWriter(store, made_by, lambda rows, slots: cut(data.frame(rows, slots), *span))
    stored = corrected = already = 0
    for slots, rows in data.live(span):
        writer.take(slots, rows)
        if writer.waiting > _FLUSH:
            stored, corrected, already = _add(writer, stored, corrected, already)
    stored, corrected, already = _add(writer, stored, corrected, already)
    print(f"stored {stored:,} rows as live ({_beside(corrected, already)})")
    return store.read([made_by.series], Origin.LIVE, symbols=data.symbols, start=span[0], end=span[1])


def _add(writer: LiveWriter, *counts: int) -> tuple[int, int, int]:
    written = writer.flush(time.time_ns())
    new = (written.rows, written.corrected, written.already) if written is not None else (0, 0, 0)
    stored, corrected, already = (a + b for a, b in zip(counts, new, strict=True))
    return stored, corrected, already
