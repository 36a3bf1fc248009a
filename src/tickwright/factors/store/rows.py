"""Stored rows: the output of a factor with its origin and when it was written, and which version of a row counts.

A row is known by `(factor_id, benchmark, symbol, ts_event)` and its origin. It may have several versions; of those that
a reader may see, the one written last counts.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from enum import Enum

import numpy as np
import polars as pl

from tickwright.core.errors import ConfigError, DataError
from tickwright.factors.rows import SCHEMA, STATUSES
from tickwright.factors.tags import SeriesId


class Origin(Enum):
    """Who told a row: a stream at the time, or a run over history afterwards."""

    LIVE = "live"
    BACKFILL = "backfill"


KEY = ("factor_id", "benchmark", "symbol", "ts_event")
TEXTS = tuple(name for name, kind in SCHEMA.items() if kind == pl.Categorical)
FIGURES = ("value", "stderr", "r2", "n_obs", "n_missing", "span_ns", "status")
"""What a factor says at a slot."""
TOLD = ("ts_available", *FIGURES, "fingerprint")
"""What two versions of one row may differ in."""
STORED = {**SCHEMA, "origin": pl.Enum([o.value for o in Origin]), "ts_recorded": pl.Int64, "write": pl.UInt32}
"""Columns of a stored row: those of the output, its origin, when it was written (ns UTC), and by which write."""
FLOATS = ("value", "stderr", "r2")
_ID = re.compile(r"[0-9a-f]{32}")


def checked(frame: pl.DataFrame, series: SeriesId) -> pl.DataFrame:
    """Output rows of one factor to one benchmark, in the order of symbols and times.

    Raises ConfigError where columns or the factor are others, DataError for rows that are no output of a factor.
    """
    if missing := [name for name in SCHEMA if name not in frame.columns]:
        raise ConfigError("factor rows", ", ".join(frame.columns), f"the columns of factors.rows; {missing[0]} is not")
    frame = frame.select(*SCHEMA).with_columns(pl.col(TEXTS).cast(pl.String)).cast({n: SCHEMA[n] for n in _plain()})
    for name, expected in zip(("factor_id", "benchmark"), series, strict=True):
        other = frame.filter(pl.col(name).ne_missing(expected))[name]
        if len(other):
            raise ConfigError(f"{name} of factor rows", other[0], f"{expected}, as its definition says")
    if not _ID.fullmatch(series[0]):
        raise ConfigError("factor_id", series[0], "the id of a node, thirty-two hex digits")
    # A value without status, or a status without value, is what a reader would take for a number.
    ok = pl.col("status") == "ok"
    _refuse(frame, ok & pl.col("value").is_null(), "is ok and has no value")
    _refuse(frame, ~ok & pl.col("value").is_not_null(), "has a value and is not ok")
    for name in FLOATS:
        _refuse(frame, ~pl.col(name).is_finite().fill_null(value=True), f"has a {name} that is not finite")
    whole = [name for name in SCHEMA if name not in FLOATS]
    _refuse(frame, pl.any_horizontal(pl.col(whole).is_null()), "lacks a time, a name, a count or a status")
    _refuse(frame, pl.struct(KEY).is_duplicated(), "is there twice")
    _refuse(frame, pl.col("fingerprint").n_unique().over("symbol") > 1, "is of another section than one before it")
    return frame.sort("symbol", "ts_event")


def _plain() -> list[str]:
    return [name for name in SCHEMA if name not in TEXTS]


def _refuse(frame: pl.DataFrame, bad: pl.Expr, words: str) -> None:
    found = frame.filter(bad)
    if len(found):
        row = found.row(0, named=True)
        raise DataError(f"factor row of {row['symbol']} at {row['ts_event']}: it {words}; nothing was stored")


def to_bytes(frame: pl.DataFrame) -> bytes:
    """A part's file."""
    buffer = io.BytesIO()
    plain = frame.select(*STORED).with_columns(pl.col(*TEXTS, "status", "origin").cast(pl.String))
    plain.write_parquet(buffer, compression="zstd", statistics=True)
    return buffer.getvalue()


def from_bytes(content: bytes) -> pl.DataFrame:
    """The rows of a part. Raises what Polars raises."""
    return pl.read_parquet(io.BytesIO(content)).select(*STORED).cast({"status": pl.Enum(STATUSES)})


def counting(frame: pl.DataFrame, first: bool = False) -> pl.DataFrame:
    """Of every row the version written last, or first, by origin; in the order of symbols and times."""
    chosen = frame.sort("write", maintain_order=True).unique(
        [*KEY, "origin"], keep="first" if first else "last", maintain_order=True
    )
    return chosen.sort("factor_id", "benchmark", "origin", "symbol", "ts_event")


def differing(left: pl.DataFrame, right: pl.DataFrame, columns: Sequence[str] = TOLD) -> dict[str, np.ndarray]:
    """Per column which of the paired rows differ, to the bit: 0 and -0 do, and so do a number and nothing."""
    return {name: _differs(left[name], right[name]) for name in columns}


def _differs(a: pl.Series, b: pl.Series) -> np.ndarray:
    if a.dtype != pl.Float64:
        plain = (s if s.dtype.is_integer() else s.cast(pl.String) for s in (a, b))
        return next(plain).ne_missing(next(plain)).to_numpy()
    none = a.is_null().to_numpy(), b.is_null().to_numpy()
    bits = (np.ascontiguousarray(s.fill_null(0.0).to_numpy()).view(np.int64) for s in (a, b))
    differ = next(bits) != next(bits)
    return np.asarray(np.where(none[0] | none[1], none[0] != none[1], differ))
