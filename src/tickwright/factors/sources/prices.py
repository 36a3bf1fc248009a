"""Prices of one instrument, from a catalog, a frame of Polars or pandas, or rows as they come: one layout for all.

A price is a number of ticks where it comes from a catalog or from records, and so it is from a frame: with `tick` a
column of decimals is turned into whole ticks, or refused. Returns of one market are so the same to the bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError, DataError
from tickwright.core.layout import dtype_of
from tickwright.core.tables import BAR, PRINT, TOP_OF_BOOK, Missing
from tickwright.core.units import Nanos
from tickwright.factors.features.formulas import micro_of, mid_of
from tickwright.factors.grid import OUTSIDE, Grid
from tickwright.factors.sources.returns_kernel import Price

PRICE: np.dtype = dtype_of(Price)
LAST, MID, MICRO = "last", "mid", "micro"
KINDS = (LAST, MID, MICRO)
_QUOTED = ("bid", "ask", "bid_size", "ask_size")


def prices_of(rows: Any, kind: str, grid: Grid, tick: float | None = None, own: Grid | None = None) -> np.ndarray:
    """PRICE rows of BAR, TOP_OF_BOOK or PRINT rows, or of a frame with their columns; in the order given.

    A bar is known when its slot ends, one outside every session a bar's length after it began; a quote or a print at
    `ts_recv`, a row of a frame at its `ts_available` where it has one. Raises ConfigError where the rows have no such
    price, DataError for a price off the tick grid. `own`: the grid that the rows lie on, by default `grid`; a slot of
    it is the one of `grid` that begins with it, or outside.
    """
    columns = columns_of(rows)
    if "ts_event" not in columns:
        raise ConfigError("prices", sorted(columns), "a column ts_event")
    times = nanoseconds(columns["ts_event"], "ts_event")
    out = np.zeros(len(times), PRICE)
    one = len(times) > 0 and bool((times == times[0]).all())  # as of a bar of many instruments: looked up once for all
    found: Any = _place(int(times[0]), grid, own or grid) if one else _places(times, grid, own or grid)
    out["slot"], known, out["session"], out["begin"], out["end"] = found
    out["price"] = _price(columns, kind, tick)
    out["ts_available"] = _known(columns, known)
    return out


def _places(times: np.ndarray, grid: Grid, own: Grid) -> tuple[np.ndarray, ...]:
    """Slots of `grid`, when a bar of them is known, their sessions, where they begin, and when those of `own` end."""
    slots = own.slots(times)
    ends = own.ends(np.maximum(slots, 0))
    known = np.where(slots < 0, times + own.length, ends)
    if own != grid:
        slots = np.where(slots >= 0, grid.beginning_at(own.begins(np.maximum(slots, 0))), OUTSIDE)
    inside = np.maximum(slots, 0)
    return slots, known, grid.sessions(inside), grid.begins(inside), ends


@lru_cache(maxsize=256)
def _place(time: Nanos, grid: Grid, own: Grid) -> tuple[int, ...]:
    return tuple(int(part[0]) for part in _places(np.array([time]), grid, own))


def columns_of(rows: Any) -> Mapping[str, np.ndarray]:
    """The columns of records, of a mapping, or of a frame. Raises ConfigError for anything else."""
    if isinstance(rows, np.ndarray):
        if rows.dtype not in (BAR, TOP_OF_BOOK, PRINT):
            raise ConfigError("rows", rows.dtype, "BAR, TOP_OF_BOOK or PRINT of core.tables")
        return {name: rows[name] for name in rows.dtype.names or ()}
    if hasattr(rows, "columns") and hasattr(rows, "__getitem__"):
        return {str(name): rows[name].to_numpy() for name in rows.columns}
    if isinstance(rows, Mapping):
        return {name: np.asarray(values) for name, values in rows.items()}
    raise ConfigError("rows", type(rows).__name__, "records, or a frame of Polars or pandas")


def nanoseconds(values: np.ndarray, name: str) -> np.ndarray:
    """Whole nanoseconds UTC, from integers or datetimes. Raises DataError for other kinds and for what is missing."""
    if values.dtype.kind == "M":
        if np.isnat(values).any():
            raise DataError(f"{name}: row {int(np.isnat(values).argmax())} has no time")
        return values.astype("datetime64[ns]").astype(np.int64)
    if values.dtype.kind == "O":  # dates, or datetimes with a zone
        text = next((value for value in values if isinstance(value, str)), None)
        if text is not None:  # which day 02/03 is, nobody can tell
            raise DataError(f"{name}: the text {text!r}, expected whole nanoseconds or datetimes")
        import pandas as pd

        stamps = pd.to_datetime(pd.Series(values), utc=True).dt.tz_convert(None)
        return nanoseconds(stamps.to_numpy("datetime64[ns]"), name)
    if values.dtype.kind not in "iu":
        raise DataError(f"{name}: a column of {values.dtype}, expected whole nanoseconds or datetimes")
    return values.astype(np.int64)


def _price(columns: Mapping[str, np.ndarray], kind: str, tick: float | None) -> np.ndarray:
    if kind == LAST:
        name = next((name for name in ("close", "price") if name in columns), None)
        if name is None:
            raise ConfigError("price", kind, f"rows with close or price, not {', '.join(columns)}")
        price = _ticks(columns[name], tick)
        if "subtick" in columns:
            price = price + columns["subtick"] / 10_000
        if "missing" in columns:
            price = np.where(columns["missing"] & int(Missing.CLOSE), np.nan, price)
        return price
    if any(name not in columns for name in _QUOTED):
        raise ConfigError("price", kind, f"rows with {', '.join(_QUOTED)}, not {', '.join(columns)}")
    bid, ask = _ticks(columns["bid"], tick), _ticks(columns["ask"], tick)
    sizes = columns["bid_size"].astype(float), columns["ask_size"].astype(float)
    there = (sizes[0] > 0) & (sizes[1] > 0) & (bid <= ask)  # an empty side has no price, a crossed quote no middle
    if kind == MID:
        return np.where(there, mid_of(bid, ask), np.nan)
    return np.where(there, micro_of(bid, ask, *(np.where(there, size, 1.0) for size in sizes)), np.nan)


def _ticks(values: np.ndarray, tick: float | None) -> np.ndarray:
    number = values.astype(float)
    if tick is None:
        return number
    whole = np.rint(number / tick)
    off = ~np.isclose(whole * tick, number, rtol=1e-12, atol=tick * 1e-6) & np.isfinite(number)
    if off.any():
        raise DataError(f"price {number[off][0]!r} of row {int(off.argmax())} is not a whole number of ticks of {tick}")
    return whole


def _known(columns: Mapping[str, np.ndarray], ends: np.ndarray | int) -> np.ndarray | int:
    for name in ("ts_available", "ts_recv"):
        if name in columns:
            return nanoseconds(columns[name], name)
    return ends
