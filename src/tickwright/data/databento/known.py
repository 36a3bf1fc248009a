"""Trades that the catalog has already from another file: `trades` repeats those of `mbp-1` and `tbbo`, row for row.

Rows that equal a stored one in every field are not stored again; each stored row stands for one of them. Memory is
bounded by the rows in hand and a chunk of what is stored.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from tickwright.core.errors import NotInCatalogError
from tickwright.core.instrument import Instrument
from tickwright.core.units import DAY
from tickwright.data.port import TickCatalog
from tickwright.data.store.schema import TRADES, moments_of
from tickwright.data.store.source import Source


class KnownTrades:
    """What of a file's trades is new to a catalog."""

    def __init__(self, catalog: TickCatalog, source: Source) -> None:
        own = {(part.symbol, part.schema, part.day) for part in catalog.parts_of(source.digest)}
        self._catalog = catalog
        self._sources = {
            (row.instrument, row.day.isoformat()): row.source
            for row in catalog.ls()
            if row.schema == TRADES and (row.instrument, TRADES, row.day.isoformat()) not in own
        }
        self._found: Counter[tuple[str, str]] = Counter()

    def new(self, instrument: Instrument, rows: np.ndarray) -> np.ndarray:
        """The rows that are not stored."""
        days = np.unique(moments_of(rows) // DAY).astype("datetime64[D]").astype(str).tolist()
        names = [self._sources[key] for day in days if (key := (instrument.symbol, day)) in self._sources]
        if not names:
            return rows
        times = rows["ts_event"]
        left = np.arange(len(rows))
        try:
            stored = self._catalog.chunks(instrument.symbol, TRADES, int(times.min()), int(times.max()) + 1)
            for chunk in stored:
                left = left[~among(rows[left], chunk)]
        except NotInCatalogError:
            return rows
        self._found[instrument.symbol, names[0]] += len(rows) - left.size
        return np.asarray(rows[left])

    def notes(self) -> list[str]:
        """What was not stored again."""
        return [
            f"{symbol}: {count:,} trades are in the catalog already from {name}, and were not stored again"
            for (symbol, name), count in self._found.items()
            if count
        ]


def among(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """For each row, whether it is the k-th of its like and `others` has k of them."""
    if not len(rows):
        return np.zeros(0, bool)
    both = np.concatenate([rows, others])
    _, kind = np.unique(np.ascontiguousarray(both).view(np.dtype((np.void, both.dtype.itemsize))), return_inverse=True)
    kind = kind.ravel()
    mine, count = kind[: len(rows)], np.bincount(kind[len(rows) :], minlength=int(kind.max()) + 1)
    order = np.argsort(mine, kind="stable")
    first = np.searchsorted(mine[order], mine[order])
    nth = np.empty(len(rows), np.int64)
    nth[order] = np.arange(len(rows)) - first
    return np.asarray(nth < count[mine])
