"""`ReturnSource`: the returns of one instrument on a grid, alike from a catalog, a frame, or rows as they come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.layout import dtype_of, to_rows
from tickwright.core.units import DAY, Nanos
from tickwright.data.tables.mapping import BAR_LENGTH
from tickwright.factors.graph import Source
from tickwright.factors.grid import Grid
from tickwright.factors.records import RETURN
from tickwright.factors.sources.prices import KINDS, LAST, prices_of
from tickwright.factors.sources.returns_kernel import ReturnsConfig, ReturnsState, close, take

RETURNS_STATE: np.dtype = dtype_of(ReturnsState)
LOG, SIMPLE, LEVEL = "log", "simple", "level"
_KINDS = (SIMPLE, LOG, LEVEL)
"""In the order of their codes."""
FOREVER: Nanos = 1 << 62
"""A slot, or a moment, after all others."""


@dataclass(frozen=True)
class ReturnSource:
    """Returns of `symbol` on `grid`: `kind` log or simple, of the `price` last, mid or micro.

    Of the kind `level` it is the number itself that is told, as liquidity or an implied volatility. `max_span`: the
    most bars that one return may span; one over more is left out, and its slot is a GAP. `overnight`: whether a return
    may cross from one session into the next; by default where the grid is daily. `patience`: nanoseconds after its
    slot's end until which a price still counts. `tick`: turns the decimals of a frame into ticks. `schema` of the
    catalog: by default bars of the grid's length, or quotes for mid and micro.
    Raises ConfigError.
    """

    symbol: str
    grid: Grid
    kind: str = LOG
    price: str = LAST
    max_span: int = 1
    overnight: bool | None = None
    patience: Nanos = 0
    tick: float | None = None
    schema: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ConfigError("kind", self.kind, f"one of {', '.join(_KINDS)}")
        if self.price not in KINDS:
            raise ConfigError("price", self.price, f"one of {', '.join(KINDS)}")
        if self.max_span < 1:
            raise ConfigError("max_span", self.max_span, "1 bar or more")
        if self.patience < 0:
            raise ConfigError("patience", self.patience, "nanoseconds, not negative")

    @cached_property
    def crosses(self) -> bool:
        """Whether returns may cross from one session into the next."""
        return self.grid.length in (0, DAY) if self.overnight is None else self.overnight

    @cached_property
    def stored(self) -> str:
        """The schema that is read of a catalog."""
        if self.schema is not None:
            return self.schema
        if self.price != LAST:
            return "quotes"
        fitting = [name for name, length in BAR_LENGTH.items() if length == self.grid.length]
        return fitting[0] if fitting else "trades"

    def source(self, name: str) -> Source:
        """What a graph is told: settings without the symbol, so that one graph serves all instruments."""
        settings: dict[str, str | int | float | bool] = {
            "returns": self.kind, "price": self.price, "max_span": self.max_span, "overnight": self.crosses,
            "patience": self.patience, "grid": self.grid.text, "session": self.grid.session,
            "auction": self.grid.auction, "bars": self.stored in BAR_LENGTH,
        }  # fmt: skip
        return Source(name, settings, 1 if self.kind == LEVEL else self.max_span + 1)

    def returns(self, where: Any, start_ns: Nanos | None = None, end_ns: Nanos | None = None) -> np.ndarray:
        """RETURN rows, one a slot that has a price; from a catalog, records, a frame, or an iterable of records.

        Raises ConfigError, DataError, NotInCatalogError.
        """
        live = LiveReturns(self)
        if hasattr(where, "chunks"):
            chunks: Iterable[Any] = where.chunks(self.symbol, self.stored, start_ns, end_ns)
        elif isinstance(where, np.ndarray) or hasattr(where, "columns"):
            chunks = [where]
        else:
            chunks = where
        return np.concatenate([*(live.feed(rows) for rows in chunks), live.close()])


class LiveReturns:
    """Prices of one `ReturnSource` as they come: `feed` and `close` give the RETURN rows that are certain by then."""

    def __init__(self, source: ReturnSource) -> None:
        self.source = source
        first = source.stored in BAR_LENGTH
        self._config = to_rows(
            ReturnsConfig,
            [ReturnsConfig(_KINDS.index(source.kind), source.max_span, source.crosses, first, source.patience)],
        )
        self.state = np.zeros(1, RETURNS_STATE)

    def feed(self, rows: Any) -> np.ndarray:
        """Rows as `ReturnSource.returns` takes them → the slots that they end."""
        return self.take(prices_of(rows, self.source.price, self.source.grid, self.source.tick))

    def take(self, prices: np.ndarray) -> np.ndarray:
        """PRICE rows → the slots that they end."""
        out = np.zeros(len(prices), RETURN)
        return out[: take(self._config, self.state, 0, prices, out)]

    def close(self, slot: int = FOREVER) -> np.ndarray:
        """End the open slot, if it is not after `slot`."""
        out = np.zeros(1, RETURN)
        return out[: close(self._config, self.state, 0, slot, out)]

    @property
    def open_slot(self) -> int | None:
        """The slot whose price may yet change."""
        return int(self.state["slot"][0]) if self.state["open"][0] else None

    @property
    def reached(self) -> int | None:
        """The last slot that had a price, open or told."""
        if self.state["open"][0]:
            return int(self.state["slot"][0])
        return int(self.state["slot_before"][0]) if self.state["known"][0] else None

    def left_out(self) -> dict[str, int]:
        """Prices that did not count, by why."""
        return {name: int(self.state[name][0]) for name in ("late", "duplicate", "outside", "unusable")}
