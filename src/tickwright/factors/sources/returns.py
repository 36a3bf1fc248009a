"""`ReturnSource`: the returns of one instrument on a grid, alike from a catalog, a frame, or rows as they come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError, DataError
from tickwright.core.layout import dtype_of, to_rows
from tickwright.core.units import DAY, Nanos
from tickwright.data.tables.mapping import BAR_LENGTH
from tickwright.factors.graph import Source
from tickwright.factors.grid import Grid
from tickwright.factors.records import RETURN
from tickwright.factors.sources.prices import KINDS, LAST, prices_of
from tickwright.factors.sources.returns_kernel import ReturnsConfig, ReturnsState, close_each, take

RETURNS_STATE: np.dtype = dtype_of(ReturnsState)
LOG, SIMPLE, LEVEL = "log", "simple", "level"
_KINDS = (SIMPLE, LOG, LEVEL)
"""In the order of their codes."""
FOREVER: Nanos = 1 << 62
"""A slot, or a moment, after all others."""


@dataclass(frozen=True)
class ReturnSource:
    """Returns of `symbol` on `grid`: `kind` log or simple, of the `price` last, mid or micro.

    Of the kind `level` it is the number itself that is told, as liquidity or a spread of rates, which may be nought or
    below. `max_span`: the most bars that one return may span; one over more is left out, and its slot is a GAP.
    `overnight`: whether a return may cross from one session into the next; by default where the grid is daily.
    `patience`: nanoseconds after its slot's end until which a price still counts. `tick`: turns the decimals of a frame
    into ticks. `schema` of the catalog: by default bars of the grid's length, or quotes for mid and micro. `whole`:
    each price is a bar of a whole slot, of two the first stands; by default where the schema's bars are as long as the
    grid's. Of anything finer the last price of a slot counts. `own`: the grid that the prices lie on where it has
    another calendar; a bar counts where it begins with a slot of `grid`. Raises ConfigError.
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
    whole: bool | None = None
    own: Grid | None = None

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ConfigError("kind", self.kind, f"one of {', '.join(_KINDS)}")
        if self.price not in KINDS:
            raise ConfigError("price", self.price, f"one of {', '.join(KINDS)}")
        if self.max_span < 1:
            raise ConfigError("max_span", self.max_span, "1 bar or more")
        if self.patience < 0:
            raise ConfigError("patience", self.patience, "nanoseconds, not negative")
        if self.own is not None and self.own.length != self.grid.length:
            raise ConfigError(f"grid of {self.symbol}", self.own.text, f"{self.grid.text}, the grid of the assets")
        bar = BAR_LENGTH.get(self.schema or "", self.grid.length)
        if self.whole is None and self.grid.length and (bar > self.grid.length or self.grid.length % bar):
            # A bar that ends after its slot would be known before it ends.
            raise ConfigError("schema", self.schema, f"bars of which a slot of {self.grid.text} holds a whole number")

    @cached_property
    def crosses(self) -> bool:
        """Whether returns may cross from one session into the next."""
        return self.grid.length in (0, DAY) if self.overnight is None else self.overnight

    @cached_property
    def stored(self) -> str:
        """The schema that is read of a catalog."""
        return self._usual if self.schema is None else self.schema

    @property
    def _usual(self) -> str:
        if self.price != LAST:
            return "quotes"
        fitting = [name for name, length in BAR_LENGTH.items() if length == self.grid.length]
        return fitting[0] if fitting else "trades"

    @cached_property
    def bars(self) -> bool:
        """Whether each price is a bar of a whole slot."""
        return self._fits if self.whole is None else self.whole

    @property
    def _fits(self) -> bool:
        return BAR_LENGTH.get(self.stored) == self.grid.length

    @property
    def chosen(self) -> dict[str, str | int | bool]:
        """Settings that make other returns than the usual of its grid, by name, as texts and numbers."""
        usual = ReturnSource(self.symbol, self.grid)
        said = {name: getattr(self, name) for name in ("kind", "price", "patience")}
        found = {name: value for name, value in said.items() if value != getattr(usual, name)}
        if self.stored != self._usual:
            found["schema"] = self.stored
        if self.bars != self._fits:
            found["whole"] = self.bars
        if self.own is not None:
            found["own"] = self.own.session
        return found

    def ends(self, slots: np.ndarray) -> np.ndarray:
        """When the prices of slots of `grid` are known, patience apart: at the end, or at that of its own calendar."""
        ends = self.grid.ends(slots)
        if self.own is None or not len(slots):
            return ends
        own = self.own.slots(self.grid.begins(slots))
        return np.where(own >= 0, np.maximum(self.own.ends(np.maximum(own, 0)), ends), ends)

    def prices(self, rows: Any) -> np.ndarray:
        """PRICE rows of records or of a frame, in the order given. Raises ConfigError, DataError."""
        return prices_of(rows, self.price, self.grid, self.tick, self.own)

    def source(self, name: str) -> Source:
        """What a graph is told: settings without the symbol, so that one graph serves all instruments."""
        settings: dict[str, str | int | float | bool] = {
            "returns": self.kind, "price": self.price, "max_span": self.max_span, "overnight": self.crosses,
            "patience": self.patience, "grid": self.grid.text, "session": self.grid.session,
            "auction": self.grid.auction, "bars": self.bars,
        }  # fmt: skip
        if self.own is not None:
            settings["own"] = self.own.session
        if self.stored != self._usual:
            settings["schema"] = self.stored
        return Source(name, settings, 1 if self.kind == LEVEL else self.max_span + 1)

    def returns(self, where: Any, start_ns: Nanos | None = None, end_ns: Nanos | None = None) -> np.ndarray:
        """RETURN rows, one a slot that has a price; from a catalog, records, a frame, or an iterable of records.

        Raises ConfigError, NotInCatalogError, DataError for a price that was known earlier than one before it.
        """
        return self.followed(where, start_ns, end_ns)[0]

    def followed(
        self, where: Any, start_ns: Nanos | None = None, end_ns: Nanos | None = None
    ) -> tuple[np.ndarray, LiveReturns]:
        """As `returns`, with what made them: it has counted what was left out, and slots without a price."""
        live = LiveReturns(self)
        if hasattr(where, "chunks"):
            chunks: Iterable[Any] = where.chunks(self.symbol, self.stored, start_ns, end_ns)
        elif isinstance(where, np.ndarray) or hasattr(where, "columns"):
            chunks = [where]
        else:
            chunks = where
        return np.concatenate([*(live.feed(rows) for rows in chunks), live.close()]), live


class LiveReturns:
    """Prices of one `ReturnSource` as they come: `feed` and `close` give the RETURN rows that are certain by then."""

    def __init__(self, source: ReturnSource) -> None:
        self.source = source
        self._now: Nanos | None = None
        self.config = to_rows(
            ReturnsConfig,
            [ReturnsConfig(_KINDS.index(source.kind), source.max_span, source.crosses, source.bars, source.patience)],
        )
        self.state = np.zeros(1, RETURNS_STATE)

    def feed(self, rows: Any) -> np.ndarray:
        """Rows as `ReturnSource.returns` takes them → the slots that they end.

        Raises DataError for a price that was known earlier than one before it, as a stream does.
        """
        prices = self.source.prices(rows)
        known = prices["ts_available"]
        back = np.flatnonzero(np.diff(known, prepend=known[:1] if self._now is None else self._now) < 0)
        if len(back):
            at = int(back[0])
            raise DataError(
                f"{self.source.symbol}: row {at} was known at {known[at]}, before the one before it: "
                "rows come in the order in which they became known"
            )
        self._now = int(known[-1]) if len(known) else self._now
        return self.take(prices)

    def take(self, prices: np.ndarray) -> np.ndarray:
        """PRICE rows → the slots that they end."""
        out = np.zeros(len(prices), RETURN)
        return out[: take(self.config, self.state, 0, prices, out)]

    def close(self) -> np.ndarray:
        """End the open slot."""
        out = np.zeros(1, RETURN)
        return out[: close_each(self.config, self.state, FOREVER, np.zeros(1, np.int64), out)]

    def left_out(self) -> dict[str, int]:
        """Prices that did not count, by why."""
        return {name: int(self.state[name][0]) for name in ("late", "duplicate", "outside", "unusable")}
