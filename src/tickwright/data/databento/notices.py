"""What venues announce, and bars: `statistics`, `imbalance`, `status`, `definition` and `ohlcv-*` records → rows."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from tickwright.core.instrument import Instrument
from tickwright.core.tables import (
    BAR,
    IMBALANCE,
    IMBALANCE_OPTIONAL,
    STATISTIC,
    STATISTIC_OPTIONAL,
    STATUS,
    TERMS,
    TERMS_OPTIONAL,
    Missing,
)
from tickwright.data.databento.fields import ticks_of, times, whole
from tickwright.data.databento.layouts import UNDEF_PRICE
from tickwright.data.places import Places

Tables = list[tuple[str, np.ndarray]]

_BAR_FIELDS = {"open": Missing.OPEN, "high": Missing.HIGH, "low": Missing.LOW, "close": Missing.CLOSE}


def map_statistics(raw: np.ndarray, instrument: Instrument, places: Places, told: Counter[str]) -> Tables:
    """STATISTICS records of any version. Raises FileFormatError."""
    return [("statistics", _copied(raw, STATISTIC, STATISTIC_OPTIONAL, places))]


def map_imbalance(raw: np.ndarray, instrument: Instrument, places: Places, told: Counter[str]) -> Tables:
    """IMBALANCE records. Raises FileFormatError."""
    return [("imbalance", _copied(raw, IMBALANCE, IMBALANCE_OPTIONAL, places))]


def map_status(raw: np.ndarray, instrument: Instrument, places: Places, told: Counter[str]) -> Tables:
    """STATUS records. Raises FileFormatError."""
    return [("status", _copied(raw, STATUS, (), places))]


def map_definition(raw: np.ndarray, instrument: Instrument, places: Places, told: Counter[str]) -> Tables:
    """DEFINITION records of any version. Texts but the symbol, exchange and currency have no place in the row."""
    return [("definitions", _copied(raw, TERMS, TERMS_OPTIONAL, places))]


def map_bars(raw: np.ndarray, instrument: Instrument, places: Places, told: Counter[str]) -> Tables:
    """OHLCV records: a bar holds whole ticks, so that one off the grid is refused. Raises FileFormatError."""
    length = {0x20: "1s", 0x21: "1m", 0x22: "1h", 0x23: "1d", 0x24: "1d"}[int(raw["rtype"][0])]
    bars = np.zeros(len(raw), BAR)
    bars["ts_event"] = whole(raw["ts_event"], places)
    for name, bit in _BAR_FIELDS.items():
        bars[name] = ticks_of(raw[name], instrument, places)
        bars["missing"][raw[name] == UNDEF_PRICE] |= np.uint8(bit)
    volume = raw["volume"]
    undefined = volume == np.iinfo(np.uint64).max
    bars["missing"][undefined] |= np.uint8(Missing.VOLUME)
    volume = np.where(undefined, 0, volume)
    places.refuse(volume >> 63 != 0, lambda k: f"volume {volume[k]}", "a volume that fits int64")
    bars["volume"] = volume
    return [(f"bars-{length}", bars)]


def _copied(raw: np.ndarray, layout: np.dtype[Any], optional: tuple[str, ...], places: Places) -> np.ndarray:
    """Fields of the same name; one of `optional` that is undefined becomes 0 and a bit of `missing`."""
    rows = np.zeros(len(raw), layout)
    rows["ts_event"], rows["ts_recv"] = times(raw, np.ones(len(raw), bool), places)
    there = raw.dtype.names or ()
    for name in layout.names or ():
        if name in ("ts_event", "ts_recv", "missing", "_pad"):
            continue
        if name not in there:  # legs, before version 3
            if name in optional:
                rows["missing"] |= 1 << optional.index(name)
            continue
        column = raw[name]
        if name in optional:
            undefined = column == np.iinfo(column.dtype).max  # what Databento writes for it in every width
            if column.dtype == np.uint64:  # a time: a feed without it leaves 0, and CSV does not tell the two apart
                undefined |= column == 0
            rows["missing"][undefined] |= rows["missing"].dtype.type(1 << optional.index(name))
            column = np.where(undefined, 0, column)
        if column.dtype == np.uint64 and layout[name] == np.int64:
            column = whole(column, places)
        rows[name] = column
    return rows
