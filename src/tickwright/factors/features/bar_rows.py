"""Bars as they are told: their layout, samples of their columns for the graph, and a frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from tickwright.core.layout import F8, I8, dtype_of
from tickwright.factors.features.book import told
from tickwright.factors.records import SAMPLE, Status

_OK, _GAP = int(Status.OK), int(Status.GAP)
PRICES = ("open", "high", "low", "close", "vwap")
"""Columns that a bar without prints does not have."""


@dataclass(frozen=True, slots=True)
class FeatureBar:
    """One bar. Prices are ticks with their fraction, zero where `trades` is 0."""

    slot: I8
    ts_event: I8
    """The beginning: of the slot, or the first print or event."""
    ts_available: I8
    """When the bar was over: the end of the slot, or its last nanosecond."""
    open: F8
    high: F8
    low: F8
    close: F8
    vwap: F8
    volume: I8
    """Lots."""
    bought: I8
    """Lots that takers bought."""
    sold: I8
    trades: I8
    """Prints."""
    events: I8
    """Events of the book."""
    notional: F8
    """Ticks times lots."""


FEATURE_BAR: np.dtype = dtype_of(FeatureBar)


@dataclass(frozen=True, eq=False)
class Bars:
    """FEATURE_BAR rows, and the book at the end of each: `values`, `statuses` (features, bars)."""

    rows: np.ndarray
    names: tuple[str, ...]
    values: np.ndarray
    statuses: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def sample(self, name: str) -> np.ndarray:
        """SAMPLE rows (bars,) of a column of bars, of `signed` (bought less sold), or of a feature of the book."""
        if name in self.names:
            k = self.names.index(name)
            value, status = self.values[k], self.statuses[k]
        else:
            signed = name == "signed"
            value = self.rows["bought"] - self.rows["sold"] if signed else self.rows[name]
            there = (self.rows["trades"] > 0) | (name not in PRICES)
            status = np.where(there, _OK, _GAP)
        out = np.zeros(len(self.rows), SAMPLE)
        out["value"], out["status"], out["span"] = value, status, 1
        out["ts_available"] = self.rows["ts_available"]
        return out

    def frame(self) -> pl.DataFrame:
        """A row a bar: `bar`, times, prices in ticks (null without prints), sums, and the features with statuses."""
        traded = pl.Series(self.rows["trades"] > 0)
        columns: dict[str, pl.Series] = {"bar": pl.Series(np.ascontiguousarray(self.rows["slot"]))}
        for name in self.rows.dtype.names or ():
            column = pl.Series(np.ascontiguousarray(self.rows[name]))
            if name in PRICES:
                column = pl.select(pl.when(traded).then(column)).to_series()
            if name != "slot":
                columns[name] = column
        for name, values, statuses in zip(self.names, self.values, self.statuses, strict=True):
            columns[name], columns[f"{name}.status"] = told(values, statuses)
        return pl.DataFrame(columns)
