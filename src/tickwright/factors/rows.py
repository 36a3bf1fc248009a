"""The output: one row a slot and instrument, as a Polars frame. Only a row that is `ok` has a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from tickwright.core.records import FactorRow, FactorStatus
from tickwright.core.units import Nanos
from tickwright.factors.graph import Graph, Node, identity
from tickwright.factors.grid import Grid
from tickwright.factors.records import ESTIMATE, Absent, Status

STATUSES = tuple(status.name.lower() for status in Status)
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "ts_event": pl.Int64, "ts_available": pl.Int64, "symbol": pl.Categorical, "benchmark": pl.Categorical,
    "factor_id": pl.Categorical, "value": pl.Float64, "stderr": pl.Float64, "r2": pl.Float64, "n_obs": pl.UInt32,
    "n_missing": pl.UInt32, "span_ns": pl.Int64, "status": pl.Enum(STATUSES), "fingerprint": pl.Categorical,
}  # fmt: skip


Section = Sequence[tuple[str, float]]
"""Symbols and weights of what rows across a section depend on."""


def section_of(node: Node, symbols: Sequence[str], weights: Mapping[str, float] | None = None) -> Section:
    """The section of a node that looks across instruments, in the order of names; nothing of one that does not."""
    if not any(below.factor.section for below in Graph((node,)).nodes):
        return ()
    return sorted((symbol, 1.0 if weights is None else float(weights[symbol])) for symbol in symbols)


def fingerprint(
    node: Node, symbol: str, benchmark: str, grid: Grid, section: Section = (), members: str = ""
) -> str:  # fmt: skip
    """Sixteen hex digits of what defines a series of rows: factor, symbol, benchmark, grid, and its section.

    `members`: digest of who was in the section when, where it is not all of it.
    """
    content = [node.id, symbol, benchmark, grid.text, grid.session, grid.auction]
    content += [part for part in (section, members) if part]
    return identity({"series": content})[:16]


def told(frame: pl.DataFrame) -> list[FactorRow]:
    """Rows of an output as the pre-trade gate hears them, in the order in which they became known."""
    named = frame.select(pl.col("factor_id", "symbol").cast(pl.String), "ts_event", "ts_available", "status")
    return [
        FactorRow(factor, symbol, event, available, FactorStatus[status.upper()])
        for factor, symbol, event, available, status in named.sort("ts_available", "ts_event").iter_rows()
    ]


def cut(frame: pl.DataFrame, start: Nanos | None, end: Nanos | None) -> pl.DataFrame:
    """Rows with start ≤ ts_event < end; None is open."""
    bounds = [pl.lit(value=True)]
    if start is not None:
        bounds.append(pl.col("ts_event") >= start)
    if end is not None:
        bounds.append(pl.col("ts_event") < end)
    return frame.filter(*bounds)


def frame_of(
    rows: Sequence[np.ndarray],
    slots: np.ndarray,
    node: Node,
    grid: Grid,
    symbols: Sequence[str],
    benchmarks: Sequence[str],
    weights: Mapping[str, float] | None = None,
    members: str = "",
) -> pl.DataFrame:
    """ESTIMATE rows of each instrument → a frame, instrument by instrument. `benchmarks`: a name an instrument."""
    section = section_of(node, symbols, weights)
    prints = [fingerprint(node, s, b, grid, section, members) for s, b in zip(symbols, benchmarks, strict=True)]
    many = max(1, _AT_ONCE // max(1, len(slots)))
    parts = [
        _part(
            rows[k : k + many], slots, node, grid, symbols[k : k + many], benchmarks[k : k + many], prints[k : k + many]
        )
        for k in range(0, len(symbols), many)
    ]
    return pl.concat(parts, rechunk=False) if parts else pl.DataFrame(schema=SCHEMA)


_AT_ONCE = 1 << 16
"""Rows: to make columns costs as much for one row as for thousands, and a live section has a slot or two of each."""


def _part(
    every: Sequence[np.ndarray], slots: np.ndarray, node: Node, grid: Grid, symbols: Sequence[str],
    benchmarks: Sequence[str], prints: Sequence[str],
) -> pl.DataFrame:  # fmt: skip
    """Some instruments."""
    rows, who = every[0], np.repeat(np.arange(len(every), dtype=np.uint32), len(slots))
    if len(every) > 1:  # records are joined field by field, words as they lie
        rows = np.concatenate([np.ascontiguousarray(part).view(np.int64) for part in every]).view(ESTIMATE)
        slots = np.tile(slots, len(every))
    columns: dict[str, np.ndarray | pl.Series] = {
        name: np.ascontiguousarray(rows[name]) for name in ("ts_event", "ts_available")
    }
    named = {"symbol": symbols, "benchmark": benchmarks, "factor_id": [node.id] * len(symbols), "fingerprint": prints}
    for name, texts in named.items():
        distinct = pl.Series(list(texts), dtype=pl.Categorical)
        columns[name] = distinct.gather(who) if len(texts) > 1 else distinct.new_from_index(0, len(rows))
    for name, bit in (("value", Absent.VALUE), ("stderr", Absent.STDERR), ("r2", Absent.R2)):
        there = (rows["absent"] & int(bit)) == 0
        columns[name] = pl.select(pl.when(pl.Series(there)).then(pl.Series(rows[name]))).to_series()
    columns |= {name: np.ascontiguousarray(rows[name]) for name in ("n_obs", "n_missing")}
    columns["span_ns"] = _span(rows["span"].astype(np.int64), slots, grid)
    columns["status"] = pl.Series(STATUSES, dtype=pl.Enum(STATUSES)).gather(rows["status"].astype(np.uint32))
    return pl.DataFrame(columns).select(*SCHEMA)


def _span(span: np.ndarray, slots: np.ndarray, grid: Grid) -> np.ndarray:
    """From the beginning of the oldest observation's slot to the end of this one; 0 where there is none."""
    if not grid.session:
        return span * (grid.length or 1)
    oldest = np.where(span > 0, slots - span + 1, slots)
    return np.where(span > 0, grid.ends(slots) - grid.begins(oldest), 0)
