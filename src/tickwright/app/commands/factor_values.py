"""`tickwright factors read | compare | ls | stage`: what the store of a catalog holds."""

from __future__ import annotations

import datetime as dt
import json as formats
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl

from tickwright.app import terminal
from tickwright.app.failures import OK, REFUSED
from tickwright.core.errors import ConfigError, NotInCatalogError
from tickwright.core.time import midnight, nanos_of, parse_date
from tickwright.core.units import Nanos
from tickwright.data.store.disk import whole_file
from tickwright.factors.store.compare import COUNTS, total
from tickwright.factors.store.compare import compare as compared
from tickwright.factors.store.rows import Origin
from tickwright.factors.store.store import FactorStore
from tickwright.factors.tags import SeriesId, parse_query

_SHOWN = 20
_NAMED = 10
_SUFFIXES = (".parquet", ".csv")


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
        start, end = span_of(self.start, self.end)
        return {"start": start, "end": end}


def read(
    chosen: Chosen, origin: str | None, as_of: str | None, recorded_by: str | None, versions: str, out: Path | None
) -> None:
    """`tickwright factors read`."""
    names = [o.value for o in Origin]
    if origin not in (None, *names):
        raise ConfigError("--origin", origin, f"one of {', '.join(names)}")
    check_out(out)
    store = chosen.store()
    series = chosen.series(store)
    rows = store.read(
        series, None if origin is None else Origin(origin), symbols=chosen.instruments, **chosen.span,
        as_of=moment(as_of, "--as-of"), recorded_by=moment(recorded_by, "--recorded-by"), versions=versions,
    )  # fmt: skip
    check_stored(store, series, set(chosen.instruments) - set(rows["symbol"].unique()))
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
    if value is None:
        return ""
    # Betas beside the market's are per point of volatility, or of a ratio: small numbers that are not nought.
    return f"{value:.4f}" if abs(value) >= 0.1 or value == 0 else f"{value:#.3g}"


def check_stored(store: FactorStore, series: list[SeriesId], unseen: set[str]) -> None:
    """Raise NotInCatalogError for a symbol that has no row of these factors, at whatever time."""
    if not unseen:
        return
    held = sorted(store.read(series)["symbol"].unique())
    if missing := sorted(unseen - set(held)):
        there = ", ".join(held[:_NAMED]) + (f" and {len(held) - _NAMED:,} more" if len(held) > _NAMED else "")
        raise NotInCatalogError(f"{', '.join(missing)}: no rows of these factors are stored; there are {there}")


def check_out(path: Path | None) -> None:
    """Raise ConfigError for a file of another kind than `write_rows` writes."""
    if path is not None and path.suffix not in _SUFFIXES:
        raise ConfigError("--out", str(path), f"a name that ends in {' or '.join(_SUFFIXES)}")


def write_rows(path: Path, rows: pl.DataFrame) -> None:
    """A Parquet file, or CSV where the name says so."""
    with whole_file(path) as draft:
        if path.suffix == ".csv":
            rows.write_csv(draft)
        else:
            rows.write_parquet(draft, compression="zstd")


def compare(chosen: Chosen, rtol: float, atol: float, json: bool) -> int:
    """`tickwright factors compare`: 2 where a row is mismatched, or is missing on a side."""
    store = chosen.store()
    found = compared(store, chosen.series(store), **chosen.span, rtol=rtol, atol=atol)
    if not len(found):
        raise NotInCatalogError(f"{chosen.catalog}: no live rows of these factors in this span: nothing to compare")
    whole = total(found)
    faulty = any(whole[name] for name in ("mismatched", "live_only", "backfill_only"))
    if json:
        print(formats.dumps({"total": whole, "rows": found.to_dicts()}, indent=2, sort_keys=True))
        return REFUSED if faulty else OK
    counts = [name for name in COUNTS if name != "status_differs"]
    heads = ("factor", "benchmark", "symbol", *(name.replace("_", " ") for name in counts), "rate", "first difference")
    lines = [
        (
            row["factor_id"][:12], row["benchmark"], row["symbol"], *(f"{row[name]:,}" for name in counts),
            "" if row["mismatch_rate"] is None else f"{row['mismatch_rate']:.4%}",
            "" if row["first_ts"] is None else f"{row['first_column']} at {np.datetime64(row['first_ts'], 'ns')!s:.19}",
        )
        for row in found.iter_rows(named=True)
    ]  # fmt: skip
    terminal.listing(lines, heads, right=heads[3:-1], keys=("symbol",))
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


def span_of(start: str | None, end: str | None) -> tuple[Nanos | None, Nanos | None]:
    """From when to before when, of the options; a date as the end is its whole day. Raises ConfigError."""
    begin, until = moment(start, "--start"), moment(end, "--end", days=1)
    if begin is not None and until is not None and begin >= until:
        raise ConfigError("--start", start, f"a time before --end, {end}")
    return begin, until


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
