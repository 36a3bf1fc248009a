"""`tickwright factors compute | read | compare | ls | stage`: values, into the store and out."""

from __future__ import annotations

import datetime as dt
import json as formats
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl

from tickwright.app import config_file, first_use, terminal
from tickwright.app.failures import OK, REFUSED
from tickwright.core.errors import ConfigError, NotInCatalogError
from tickwright.core.time import midnight, nanos_of, parse_date
from tickwright.core.units import Nanos
from tickwright.data.backends import open_catalog
from tickwright.data.port import Reading
from tickwright.data.store.disk import whole_file
from tickwright.factors.beta.config import BASKET, MarketBetaConfig
from tickwright.factors.beta.factory import WEIGHT, BetaFactory, weights_of
from tickwright.factors.graph import Graph
from tickwright.factors.own import ASSET, MARKET, FactorConfig, OwnFactory
from tickwright.factors.sources.returns import ReturnSource
from tickwright.factors.store.compare import compare as compared
from tickwright.factors.store.compare import total
from tickwright.factors.store.live import LiveWriter
from tickwright.factors.store.rows import Origin
from tickwright.factors.store.store import FactorStore
from tickwright.factors.stream import Stream
from tickwright.factors.tags import NONE, Definition, SeriesId, definition_of, parse_query

Factory = BetaFactory | OwnFactory
_SHOWN = 20
_FLUSH = 200_000
"""Rows that a stream gathers before they are stored."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which stored factors, and which of their rows."""

    catalog: str
    tags: tuple[str, ...] = ()
    factor: str | None = None
    recorded: str | None = None
    instruments: tuple[str, ...] = ()
    start: str | None = None
    end: str | None = None

    def store(self) -> FactorStore:
        """Opened. Raises NotInCatalogError where nothing was stored."""
        store = FactorStore.open(self.catalog)
        if not store.book.parts:
            raise NotInCatalogError(f"{self.catalog}: no factors are stored; `tickwright factors compute --store` does")
        return store

    def series(self, store: FactorStore) -> list[SeriesId]:
        """What the options mean. Raises ConfigError where nothing does."""
        given = store.recorded(self.recorded).ids if self.recorded else list(store.definitions())
        fitting = set(store.resolve(parse_query(self.tags)))
        found = [s for s in map(tuple, given) if s in fitting and s[0].startswith(self.factor or "")]
        if not found:
            raise ConfigError("factor", self.factor or ", ".join(self.tags), "one that is stored: see `factors ls`")
        return found

    @property
    def span(self) -> dict[str, Nanos | None]:
        """The bounds of `ts_event`."""
        return {"start": moment(self.start, "--start"), "end": moment(self.end, "--end", days=1)}


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
    definition = definition_of(
        factory.node, factory.config.bars, factory.config.resolved(), factory.config.benchmark
    )  # fmt: skip
    if asked.live:
        if not asked.store:
            raise ConfigError("--live", True, "--store: what a stream tells is kept")
        rows = _streamed(factory, catalog, symbols, span, FactorStore.open(asked.catalog), definition)
    else:
        market = None
        if _market(factory) is not None:
            market = factory.returns_of(_market(factory) or "").returns(catalog, *span)
        rows = factory.compute({s: factory.returns_of(s).returns(catalog, *span) for s in symbols}, market)
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
        return BetaFactory(config_file.build(MarketBetaConfig, table))
    folder = str(Path(file).resolve().parent)
    if folder not in sys.path:  # a kernel of one's own stands beside its configuration
        sys.path.insert(0, folder)
    return OwnFactory(config_file.build(FactorConfig, table))


def _market(factory: Factory) -> str | None:
    """The symbol of the benchmark's prices, where there are any."""
    name = factory.config.benchmark
    return None if name in (BASKET, NONE) else name


def _all(catalog: Reading, factory: Factory, without: Sequence[str]) -> tuple[str, ...]:
    stored = factory.returns_of("").stored
    found = dict.fromkeys(row.instrument for row in catalog.ls() if row.schema == stored)
    for symbol in (_market(factory) or "", *without):
        found.pop(symbol, None)
    if not found:
        raise NotInCatalogError(f"{catalog.root}: no instrument has {stored}, which {factory.config.grid} is made of")
    return tuple(found)


def _beside(corrected: int, already: int) -> str:
    return f"{corrected:,} corrections, {already:,} stood there already"


def _streamed(
    factory: Factory, catalog: Reading, symbols: Sequence[str], span: tuple[Nanos | None, Nanos | None],
    store: FactorStore, definition: Definition,
) -> pl.DataFrame:  # fmt: skip
    """Drive the stream bar by bar, in the order in which bars are known, and store what it tells as live rows."""
    market = _market(factory)
    sources: dict[str, Any] = {ASSET: [factory.returns_of(s) for s in symbols]}
    if market is not None:
        sources[MARKET] = factory.returns_of(market)
    basket = factory.config.benchmark == BASKET
    stream = Stream(Graph((factory.node,)), sources, {WEIGHT: weights_of(symbols, None)} if basket else None)
    writer = LiveWriter(store, definition, lambda rows, slots: factory.frame(rows, slots, symbols))
    stored = corrected = already = 0
    parts = [(ASSET, i, sources[ASSET][i]) for i in range(len(symbols))]
    parts += [(MARKET, 0, sources[MARKET])] if market is not None else []
    for name, i, rows in _as_known(catalog, parts, span):
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
    catalog: Reading, parts: Sequence[tuple[str, int, ReturnSource]], span: tuple[Nanos | None, Nanos | None]
) -> Iterator[tuple[str, int, np.ndarray]]:
    """Rows of all series, one at a time, by the end of their slot."""
    stored = []
    for k, (_, _, source) in enumerate(parts):
        rows = catalog.read(source.symbol, source.stored, *span)
        slots = source.grid.slots(rows["ts_event"])
        rows, slots = rows[slots >= 0], slots[slots >= 0]
        stored.append((rows, source.grid.ends(slots), np.full(len(rows), k)))
    if not stored:
        return
    known = np.concatenate([s[1] for s in stored])
    which = np.concatenate([s[2] for s in stored])
    at = np.concatenate([np.arange(len(s[0])) for s in stored])
    for j in np.lexsort((at, which, known)).tolist():
        k = int(which[j])
        yield parts[k][0], parts[k][1], stored[k][0][at[j] : at[j] + 1]


# ── out of the store ─────────────────────────────────────────────────────────────────────────────────────────────


def read(
    chosen: Chosen, origin: str | None, as_of: str | None, recorded_by: str | None, versions: str, out: Path | None
) -> None:
    """`tickwright factors read`."""
    names = [o.value for o in Origin]
    if origin not in (None, *names):
        raise ConfigError("--origin", origin, f"one of {', '.join(names)}")
    store = chosen.store()
    rows = store.read(
        chosen.series(store), None if origin is None else Origin(origin), symbols=chosen.instruments, **chosen.span,
        as_of=moment(as_of, "--as-of"), recorded_by=moment(recorded_by, "--recorded-by"), versions=versions,
    )  # fmt: skip
    if out is not None:
        write_rows(out, rows)
        print(f"{len(rows):,} rows in {out}")
        return
    show(rows)


def show(rows: pl.DataFrame) -> None:
    """The last rows, as a table."""
    shown = rows.tail(_SHOWN)
    origin = "origin" in rows.columns
    heads = ("time", "symbol", "benchmark", "factor", "value", "stderr", "R²", "n", "status", *(["origin"] * origin))
    lines = [
        (
            str(np.datetime64(row["ts_event"], "ns"))[:19], row["symbol"], row["benchmark"], row["factor_id"][:12],
            _number(row["value"]), _number(row["stderr"]), _number(row["r2"]), str(row["n_obs"]), row["status"],
            *([row["origin"]] if origin else []),
        )
        for row in shown.iter_rows(named=True)
    ]  # fmt: skip
    terminal.listing(lines, heads, right=("value", "stderr", "R²", "n"), keys=("time", "symbol"))
    if len(rows) > len(shown):
        print(f"the last {len(shown)} of {len(rows):,} rows; --out writes all")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def write_rows(path: Path, rows: pl.DataFrame) -> None:
    """A Parquet file, or CSV where the name says so."""
    with whole_file(path) as draft:
        if path.suffix == ".csv":
            rows.write_csv(draft)
        else:
            rows.write_parquet(draft, compression="zstd")


def compare(chosen: Chosen, rtol: float, atol: float, json: bool) -> int:
    """`tickwright factors compare`: 2 where a value differs beyond the tolerance, or rows are missing on a side."""
    store = chosen.store()
    found = compared(store, chosen.series(store), **chosen.span, rtol=rtol, atol=atol)
    if not len(found):
        raise NotInCatalogError(f"{chosen.catalog}: no live rows of these factors in this span: nothing to compare")
    whole = total(found)
    faulty = any(whole[name] for name in ("mismatched", "live_only", "backfill_only"))
    if json:
        print(formats.dumps({"total": whole, "rows": found.to_dicts()}, indent=2, sort_keys=True))
        return REFUSED if faulty else OK
    counts = ("both", "equal", "within", "mismatched", "live_only", "backfill_only", "revised")
    heads = ("factor", "benchmark", "symbol", *(name.replace("_", " ") for name in counts), "rate", "first difference")
    lines = [
        (
            row["factor_id"][:12], row["benchmark"], row["symbol"], *(f"{row[name]:,}" for name in counts),
            "" if row["mismatch_rate"] is None else f"{row['mismatch_rate']:.4%}",
            "" if row["first_ts"] is None else f"{row['first_column']} at {np.datetime64(row['first_ts'], 'ns')!s:.19}",
        )
        for row in found.iter_rows(named=True)
    ]  # fmt: skip
    terminal.listing(lines, heads, right=heads[3:11], keys=("symbol",))
    print(
        f"{whole['both']:,} rows on both sides: {whole['equal']:,} equal to the bit, {whole['within']:,} within the "
        f"tolerance, {whole['mismatched']:,} mismatched; {whole['live_only']:,} live alone, "
        f"{whole['backfill_only']:,} backfilled alone"
    )
    return REFUSED if faulty else OK


def list_factors(chosen: Chosen, record: str | None, json: bool) -> None:
    """`tickwright factors ls`."""
    store = chosen.store()
    if record is not None:
        if chosen.factor or chosen.recorded:
            raise ConfigError("--record", record, "tags alone: what is recorded is the query with its ids")
        store.record(record, parse_query(chosen.tags), time.time_ns())
    tags, series = store.tags(), chosen.series(store)
    definitions = store.definitions()
    rows = [_held(store, one) for one in series]
    if json:
        told = [
            {"factor_id": s[0], **asdict_of(tags[s]), "settings": definitions[s].settings, "rows": held}
            for s, held in zip(series, rows, strict=True)
        ]
        print(formats.dumps(told, indent=2, sort_keys=True))
        return
    names = ("family", "kind", "benchmark", "horizon", "grid", "version", "stage")
    lines = [
        (s[0][:12], *(getattr(tags[s], name) for name in names), f"{held['live']:,}", f"{held['backfill']:,}")
        for s, held in zip(series, rows, strict=True)
    ]
    terminal.listing(lines, ("factor", *names, "live", "backfill"), right=("live", "backfill"), keys=("factor",))
    if record is not None:
        print(f"recorded as {record}: {len(series)} factors")


def asdict_of(value: Any) -> dict[str, Any]:
    """A struct or a dataclass as plain values."""
    return dict(msgspec.to_builtins(value)) if isinstance(value, msgspec.Struct) else asdict(value)


def _held(store: FactorStore, series: SeriesId) -> dict[str, int]:
    parts = [part for part in store.book.parts if part.series == series]
    return {o.value: sum(part.rows for part in parts if part.origin == o.value) for o in Origin}


def stage(chosen: Chosen, name: str) -> None:
    """`tickwright factors stage`."""
    store = chosen.store()
    for series in chosen.series(store):
        store.stage(series, name, time.time_ns())
        print(f"{series[0][:12]} to {series[1]}: {name}")


def moment(text: str | None, name: str, days: int = 0) -> Nanos | None:
    """Nanoseconds of a date or a time in ISO 8601, UTC where it says no zone; a date means its midnight plus `days`."""
    if text is None:
        return None
    if "T" not in text and " " not in text:
        return midnight(parse_date(text, name) + dt.timedelta(days), "UTC")
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(name, text, "a date, or a time as 2018-03-01T15:30:00, in UTC") from error
    found = found if found.tzinfo is not None else found.replace(tzinfo=dt.UTC)
    return nanos_of(found)
