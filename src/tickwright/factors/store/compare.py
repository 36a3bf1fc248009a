"""Live values against backfilled ones: what a backtest would have been told, and what was told at the time.

Of a live row the first version counts, which is what could be acted on; of a backfilled row the one written last.
Compared are the slots from the first to the last live row of each factor, so that a stream that died shows as missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from tickwright.core.errors import ConfigError
from tickwright.core.units import Nanos
from tickwright.factors.store.rows import FLOATS, KEY, TOLD, Origin, differing
from tickwright.factors.store.store import FactorStore
from tickwright.factors.tags import SeriesId

RTOL, ATOL = 1e-9, 1e-12
COUNTS = (
    "both", "equal", "within", "mismatched", "status_differs", "other_differs", "live_only", "backfill_only", "revised",
)  # fmt: skip
"""Columns that are numbers of rows."""
_TEXT = (*KEY[:3],)
_OTHER = tuple(name for name in TOLD if name not in (*FLOATS, "status"))
"""What has no tolerance: when a row was known, of how many pairs it is, and of which section."""
SCHEMA: dict[str, Any] = {
    "factor_id": pl.String, "benchmark": pl.String, "symbol": pl.String, "both": pl.Int64, "equal": pl.Int64,
    "within": pl.Int64, "mismatched": pl.Int64, "status_differs": pl.Int64, "other_differs": pl.Int64,
    "live_only": pl.Int64, "backfill_only": pl.Int64, "revised": pl.Int64, "mismatch_rate": pl.Float64,
    "max_difference": pl.Float64, "first_ts": pl.Int64, "first_column": pl.String,
}  # fmt: skip
"""Columns of a comparison, one row a factor, benchmark and symbol.

| column | what |
|---|---|
| `both` | slots that have a row on both sides |
| `equal` | of these, equal to the bit in every column |
| `within` | not equal, but with value, stderr and r2 within the tolerance, and all else alike |
| `mismatched`, `mismatch_rate` | the rest, and its share of `both`; null where there is none |
| `status_differs` | of the mismatched, those of two statuses |
| `other_differs` | of the mismatched, those of another `ts_available`, count, span or fingerprint |
| `live_only`, `backfill_only` | slots with a row on one side alone |
| `revised` | live rows that were corrected later |
| `max_difference` | the largest difference of two values |
| `first_ts`, `first_column` | the first row that is not equal, and the first column that differs |
"""


def compare(
    store: FactorStore, series: Sequence[SeriesId] | None = None, *, start: Nanos | None = None,
    end: Nanos | None = None, rtol: float = RTOL, atol: float = ATOL,
) -> pl.DataFrame:  # fmt: skip
    """One row a factor and symbol, see `SCHEMA`; nothing of a factor that has no live rows. Raises CatalogError."""
    for name, value in (("rtol", rtol), ("atol", atol)):
        if not 0 <= value < np.inf:
            raise ConfigError(name, value, "a number, not negative")
    found = []
    for one in store.definitions() if series is None else series:
        every = _plain(store.read([one], Origin.LIVE, start=start, end=end, versions="all"))
        if not len(every):
            continue
        live = every.sort("write").unique(KEY, keep="first")
        first = int(live["ts_event"].min()) if start is None else start  # type: ignore[arg-type]
        last = int(live["ts_event"].max()) + 1 if end is None else end  # type: ignore[arg-type]
        backfill = _plain(store.read([one], Origin.BACKFILL, start=first, end=last))
        found.append(_compared(live, backfill, every, rtol, atol))
    return pl.concat([pl.DataFrame(schema=SCHEMA), *found]).sort(_TEXT)


def total(frame: pl.DataFrame) -> dict[str, float | int | None]:
    """Sums over all rows of a comparison, with the rate of the whole."""
    sums: dict[str, float | int | None] = {name: int(frame[name].sum()) for name in COUNTS}
    both = sums["both"]
    sums["mismatch_rate"] = sums["mismatched"] / both if both and sums["mismatched"] is not None else None
    return sums


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(_TEXT).cast(pl.String))


def _compared(
    live: pl.DataFrame, backfill: pl.DataFrame, every: pl.DataFrame, rtol: float, atol: float
) -> pl.DataFrame:
    left, right = live.with_row_index("l"), backfill.with_row_index("r")
    place = left.select(*KEY, "l").join(right.select(*KEY, "r"), on=KEY, how="full", coalesce=True)
    paired = place.drop_nulls(["l", "r"]).sort("symbol", "ts_event")
    a, b = live[paired["l"]], backfill[paired["r"]]
    unlike = differing(a, b)
    unequal = np.any(np.stack(list(unlike.values())), axis=0)
    other = np.any([unlike[name] for name in _OTHER], axis=0)
    mismatched = unlike["status"] | other | np.any([_apart(a[n], b[n], rtol, atol) for n in FLOATS], axis=0)
    column = np.full(len(paired), None, object)
    for name in reversed(TOLD):
        column[unlike[name]] = name
    marked = paired.select(*_TEXT, "ts_event").with_columns(
        equal=pl.Series(~unequal), within=pl.Series(unequal & ~mismatched), mismatched=pl.Series(mismatched),
        status_differs=pl.Series(unlike["status"]), other_differs=pl.Series(other),
        column=pl.Series(column.tolist(), dtype=pl.String),
        difference=(a["value"] - b["value"]).abs(),
    )  # fmt: skip
    flags = ("equal", "within", "mismatched", "status_differs", "other_differs")
    sums = marked.group_by(_TEXT, maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("both"), pl.col(flags).sum().cast(pl.Int64),
        pl.col("difference").max().alias("max_difference"),
        pl.col("ts_event").filter(~pl.col("equal")).first().alias("first_ts"),
        pl.col("column").filter(~pl.col("equal")).first().alias("first_column"),
    )  # fmt: skip
    alone = place.group_by(_TEXT).agg(
        pl.col("r").is_null().sum().cast(pl.Int64).alias("live_only"),
        pl.col("l").is_null().sum().cast(pl.Int64).alias("backfill_only"),
    )
    again = every.group_by(KEY).len().filter(pl.col("len") > 1).group_by(_TEXT).agg(pl.len().alias("revised"))
    joined = alone.join(sums, on=_TEXT, how="left").join(again, on=_TEXT, how="left")
    return joined.with_columns(pl.col("both", *flags, "revised").fill_null(0).cast(pl.Int64)).with_columns(
        mismatch_rate=pl.when(pl.col("both") > 0).then(pl.col("mismatched") / pl.col("both"))
    ).select(*SCHEMA)  # fmt: skip


def _apart(a: pl.Series, b: pl.Series, rtol: float, atol: float) -> np.ndarray:
    """Which numbers are farther apart than the tolerance; one that is missing on one side alone is."""
    x, y = (side.fill_null(0.0).to_numpy() for side in (a, b))
    return np.asarray((np.abs(x - y) > atol + rtol * np.abs(y)) | (a.is_null() != b.is_null()).to_numpy())
