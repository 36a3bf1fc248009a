"""Ticks of one instrument as kernels take them: their own times, and the slot that each lies in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.layout import F8, I8, dtype_of
from tickwright.core.units import Nanos
from tickwright.factors.grid import Grid
from tickwright.factors.sources.prices import KINDS, LAST, columns_of, nanoseconds, prices_of


@dataclass(frozen=True, slots=True)
class Tick:
    """One price at a moment of its own."""

    ts_event: I8
    ts_available: I8
    price: F8
    slot: I8
    session: I8
    begin: I8
    end: I8
    """Of the slot, ns UTC."""


TICK: np.dtype = dtype_of(Tick)
_KNOWN = ("ts_available", "ts_recv")


@dataclass(frozen=True)
class TickSource:
    """Ticks of `symbol` on `grid`: the `price` last of trades, mid or micro of quotes.

    `patience`: nanoseconds after its slot's end until which a tick still counts. `tick` turns the decimals of a frame
    into whole ticks. `schema` of the catalog: by default trades, or quotes for mid and micro. Raises ConfigError.
    """

    symbol: str
    grid: Grid
    price: str = LAST
    patience: Nanos = 0
    tick: float | None = None
    schema: str | None = None

    def __post_init__(self) -> None:
        if self.price not in KINDS:
            raise ConfigError("price", self.price, f"one of {', '.join(KINDS)}")
        if self.patience < 0:
            raise ConfigError("patience", self.patience, "nanoseconds, not negative")

    @property
    def stored(self) -> str:
        """The schema that is read of a catalog."""
        return self.schema or ("trades" if self.price == LAST else "quotes")

    def ticks(self, where: Any, start_ns: Nanos | None = None, end_ns: Nanos | None = None) -> np.ndarray:
        """TICK rows in the order given; from a catalog, records, a frame, columns, or a pair (times, prices).

        A tick is known at its `ts_available` or `ts_recv`, or when it happens. Raises ConfigError, DataError,
        NotInCatalogError.
        """
        if hasattr(where, "chunks"):
            parts = [self.ticks(rows) for rows in where.chunks(self.symbol, self.stored, start_ns, end_ns)]
            return np.concatenate(parts) if parts else np.zeros(0, TICK)
        if isinstance(where, tuple):
            times, prices = where
            where = {"ts_event": np.asarray(times), "price": np.asarray(prices, float)}
        columns = columns_of(where)
        # Rows of two kinds that name one thing alike: where nothing says otherwise, a tick is known when it happens.
        if not any(name in columns for name in _KNOWN):
            columns = {**columns, "ts_available": columns.get("ts_event", np.zeros(0, np.int64))}
        prices = prices_of(columns, self.price, self.grid, self.tick)
        out = np.zeros(len(prices), TICK)
        for name in ("ts_available", "price", "slot", "session", "begin", "end"):
            out[name] = prices[name]
        out["ts_event"] = nanoseconds(columns["ts_event"], "ts_event")
        return out


def usable(ticks: np.ndarray, patience: Nanos) -> tuple[np.ndarray, dict[str, int]]:
    """Ticks that count, in the order given, and how many do not: outside every session, without a price, or late."""
    outside = ticks["slot"] < 0
    unusable = ~outside & ~(np.isfinite(ticks["price"]) & (ticks["price"] > 0))
    late = ~outside & ~unusable & (ticks["ts_available"] > ticks["end"] + patience)
    counts = {"outside": int(outside.sum()), "unusable": int(unusable.sum()), "late": int(late.sum())}
    return ticks[~(outside | unusable | late)], counts


def in_order(ticks: np.ndarray) -> np.ndarray:
    """Ticks by their time, the last to become known of each moment."""
    ticks = ticks[np.argsort(ticks["ts_event"], kind="stable")]
    kept: np.ndarray = ticks[_last_of(ticks["ts_event"])]
    return kept


def thinned(ticks: np.ndarray, every: Nanos) -> np.ndarray:
    """The last tick of each stretch of `every` nanoseconds from its slot's begin, at its own time; all where 0."""
    if not every or not len(ticks):
        return ticks
    part = (ticks["ts_event"] - ticks["begin"]) // every
    last = _last_of(part)
    kept: np.ndarray = ticks[last | _last_of(ticks["slot"])]
    return kept


def _last_of(keys: np.ndarray) -> np.ndarray:
    """Whether each is the last of a run of equal keys."""
    return np.append(keys[1:] != keys[:-1], np.ones(min(len(keys), 1), bool))


def median_gap(ticks: np.ndarray) -> Nanos | None:
    """The median time from a tick to the next of its session; None where there are no two."""
    ticks = in_order(usable(ticks, 0)[0])
    gaps = np.diff(ticks["ts_event"])[ticks["session"][1:] == ticks["session"][:-1]]
    return int(np.median(gaps)) if len(gaps) else None
