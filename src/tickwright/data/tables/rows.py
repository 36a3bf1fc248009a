"""Text columns to the rows of a schema: one function a layout, all of a block at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tickwright.core.events import MARKET_EVENT, SUBTICKS, Action, Flag, Side
from tickwright.core.instrument import Instrument
from tickwright.core.tables import BAR, PRINT, TOP_OF_BOOK, Missing
from tickwright.core.units import DAY
from tickwright.data.tables.blocks import TextRows
from tickwright.data.tables.mapping import ACTIONS, BAR_LENGTH, PRICES, SIDES, Mapping
from tickwright.data.tables.moments import moments
from tickwright.data.tables.numbers import Grid, step_of, whole_numbers

_PRINTS = (Action.TRADE, Action.HIDDEN, Action.CROSS)
_BARE = (Action.CLEAR, Action.HALT, Action.NONE)  # events that need no price and no size
_BAR_FIELDS = {**{name: Missing[name.upper()] for name in PRICES}, "volume": Missing.VOLUME}


@dataclass(slots=True)
class Tally:
    """What is counted on the way, for the summary."""

    skipped: Counter[str] = field(default_factory=Counter)
    rounded: Counter[str] = field(default_factory=Counter)
    """Values that lost digits, by field."""
    back: int = 0
    """Rows earlier than the row before them, of the same instrument."""
    missing: Counter[str] = field(default_factory=Counter)
    """Empty fields of bars."""


@dataclass(frozen=True, slots=True)
class Grids:
    """How prices and sizes of a file become ticks and lots."""

    price: Grid
    print: Grid
    """Prices in ten-thousandths of a tick."""
    size: Grid

    @classmethod
    def of(cls, mapping: Mapping, instrument: Instrument) -> Grids:
        """The grids of an instrument in a file. Raises ConfigError where a step is no decimal of 64 bits."""
        step = Fraction(instrument.tick_size) * mapping.price.scale
        tick, fine = (step_of(s, "tick size times price.scale, or a ten-thousandth") for s in (step, step / SUBTICKS))
        lot = step_of(Fraction(instrument.lot_size) / Fraction(mapping.size.unit), "lot size by size.unit")
        size = Grid("size", lot, least=0, round_to=mapping.size.round_to)
        return cls(Grid("price", tick), Grid("price", fine), size)


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a file on its way to rows."""

    text: TextRows
    mapping: Mapping
    grids: Grids
    date: str | None
    """Of the file's name."""
    tally: Tally

    def has(self, name: str) -> bool:
        """Whether the mapping has a column for a field."""
        return name in self.mapping.columns

    def texts(self, name: str) -> pa.Array:
        """The texts of a field."""
        return self.text.columns[self.mapping.columns[name]]

    def absent(self, texts: pa.Array) -> np.ndarray:
        """Where a text stands for nothing."""
        none = pa.array(self.mapping.file.missing, pa.string())
        return np.asarray(pc.is_in(texts, value_set=none).to_numpy(zero_copy_only=False), bool)

    def times(self, name: str) -> np.ndarray:
        """Nanoseconds UTC of a field."""
        columns = self.mapping.columns
        texts = self.texts(name) if self.has(name) else None
        dates = self.texts("date") if self.has("date") else self.date
        where = (str(columns.get(name, "")), str(columns.get("date", "")))
        return moments(texts, dates, self.mapping.time, self.text.places, *where)

    def numbers(self, texts: pa.Array, grid: Grid, column: object, may_lack: np.ndarray | bool) -> np.ndarray:
        """Whole steps; 0 where a text is missing and may be."""
        absent = self.absent(texts)
        if absent.any():
            self.text.places.refuse(
                absent & ~np.asarray(may_lack), lambda k: f"no {grid.what} in column {column}", "a value"
            )
            texts = pc.if_else(pa.array(absent), "0", texts)
        whole, rounded = whole_numbers(texts, grid, self.text.places, str(column))
        if rounded:
            self.tally.rounded[grid.what] += rounded
        return whole

    def field(self, name: str, grid: Grid, may_lack: np.ndarray | bool = False) -> np.ndarray:
        """Whole steps of a field."""
        return self.numbers(self.texts(name), grid, self.mapping.columns[name], may_lack)

    def identity(self, name: str) -> np.ndarray:
        """An id or a sequence number; the line of the file where the mapping has none."""
        if self.has(name):
            return self.field(name, Grid(name, Decimal(1), unsigned=True))
        places = self.text.places
        picks = np.arange(len(next(iter(self.text.columns.values())))) if places.picks is None else places.picks
        return np.asarray(places.base + picks + 1, np.uint64)

    def codes(self, name: str, meanings: dict[str, int]) -> np.ndarray:
        """What the codes of a field mean."""
        table = getattr(self.mapping.values, name)
        coded = self.texts(name).dictionary_encode()
        picks = np.asarray(coded.indices.to_numpy(zero_copy_only=False))
        known = np.zeros(len(coded.dictionary), np.int64)
        for i, code in enumerate(coded.dictionary.to_pylist()):
            meaning = table.get(code, table.get("*"))
            if meaning is None:
                found = f"{code[:40]!r} in column {self.mapping.columns[name]}"
                codes = ", ".join(map(repr, table))
                self.text.places.refuse(picks == i, lambda _, f=found: f, f"a code of values.{name}: {codes}")  # type: ignore[misc]
            known[i] = meanings[meaning]
        return np.asarray(known[picks])


def events(block: Block) -> np.ndarray:
    """MARKET_EVENT of `events` and `depth`; LAST and the instrument are set by the caller."""
    depth = block.mapping.schema == "depth"
    action = block.codes("action", dict(ACTIONS)) if block.has("action") else None
    times = block.times("ts_event")
    if action is None:
        action = np.full(len(times), Action.MODIFY)
    rows = np.zeros(len(times), MARKET_EVENT)
    rows["ts_event"] = times
    rows["ts_recv"] = block.times("ts_recv") if block.has("ts_recv") else times
    rows["action"] = action
    rows["side"] = block.codes("side", dict(SIDES))
    bare = np.isin(action, _BARE)
    if not depth:
        rows["order_id"] = block.field("order_id", Grid("order id", Decimal(1), unsigned=True), True)
    fine = block.field("price", block.grids.print, bare)
    off = (fine % SUBTICKS != 0) & ~np.isin(action, _PRINTS)
    if off.any():  # found again on the coarse grid, whose error names it
        block.text.places.refuse(
            off, lambda k: f"price {block.texts('price')[k].as_py()}", f"a whole multiple of {block.grids.price.step}"
        )
    rows["price"], rows["subtick"] = np.divmod(fine, SUBTICKS)
    rows["size"] = block.field("size", block.grids.size, bare)
    rows["sequence"] = block.identity("sequence")
    if block.has("snapshot"):
        rows["flags"] |= block.codes("snapshot", {True: int(Flag.SNAPSHOT), False: 0}).astype(np.uint8)  # type: ignore[dict-item]
    if depth:
        rows["flags"] |= np.uint8(Flag.AGGREGATED)
    return rows


def prints(block: Block) -> np.ndarray:
    """PRINT of `trades`."""
    times = block.times("ts_event")
    rows = np.zeros(len(times), PRINT)
    rows["ts_event"] = times
    rows["ts_recv"] = block.times("ts_recv") if block.has("ts_recv") else times
    rows["price"], rows["subtick"] = np.divmod(block.field("price", block.grids.print), SUBTICKS)
    rows["size"] = block.field("size", block.grids.size)
    rows["side"] = block.codes("side", dict(SIDES)) if block.has("side") else Side.NONE
    rows["trade_id"] = block.identity("trade_id") if block.has("trade_id") else 0
    rows["sequence"] = block.identity("sequence")
    return rows


def quotes(block: Block) -> np.ndarray:
    """TOP_OF_BOOK of `quotes`; a side without price and size is empty, and carried by the caller if need be."""
    times = block.times("ts_event")
    rows = np.zeros(len(times), TOP_OF_BOOK)
    rows["ts_event"] = times
    rows["ts_recv"] = block.times("ts_recv") if block.has("ts_recv") else times
    for side in ("bid", "ask"):
        rows[side] = block.field(side, block.grids.price, True)
        rows[f"{side}_size"] = block.field(f"{side}_size", block.grids.size, True)
        half = block.absent(block.texts(side)) & (rows[f"{side}_size"] != 0)
        block.text.places.refuse(
            half, lambda k, s=side: f"{s} size {rows[f'{s}_size'][k]} lots without a price",  # type: ignore[misc]
            "a price with each size",
        )  # fmt: skip
        empty = rows[f"{side}_size"] == 0
        rows[side][empty] = 0
    rows["sequence"] = block.identity("sequence")
    return rows


def bars(block: Block, only: str | None = None) -> np.ndarray:
    """BAR of `bars-*`; `only` is the one column of a series. What is missing is said in bits, not dropped."""
    mapping = block.mapping
    times = block.times("ts_event")
    length = BAR_LENGTH[mapping.schema]
    if length == DAY:
        block.text.places.refuse(
            times % DAY != 0, lambda k: f"{np.datetime64(int(times[k]), 'ns')}", "midnight UTC of the session's date"
        )
    elif mapping.bars.label == "end":
        times = times - length
    rows = np.zeros(len(times), BAR)
    rows["ts_event"] = times
    columns = {mapping.series.field: only} if only is not None else mapping.columns
    for name, bit in _BAR_FIELDS.items():
        column = columns.get(name)
        if column is None:
            rows["missing"] |= np.uint8(bit)
            continue
        texts = block.text.columns[column]
        absent = block.absent(texts)
        rows["missing"][absent] |= np.uint8(bit)
        block.tally.missing[name] += int(absent.sum())
        rows[name] = block.numbers(texts, block.grids.size if name == "volume" else block.grids.price, column, True)
    return rows


def carried(rows: np.ndarray, before: np.ndarray | None) -> np.ndarray:
    """Quotes whose unstated sides are what the same side was, flagged; `before` is the row before them."""
    whole = rows if before is None else np.concatenate([before, rows])
    index = np.arange(len(whole))
    for side in ("bid", "ask"):
        stated = whole[f"{side}_size"] != 0
        at = np.maximum.accumulate(np.where(stated, index, 0))  # nothing stated yet: row 0, which is empty then
        whole["flags"][~stated & stated[at]] |= np.uint8(Flag.SYNTHETIC)  # so that a check knows of it
        whole[side], whole[f"{side}_size"] = whole[side][at], whole[f"{side}_size"][at]
    return whole if before is None else whole[1:]


class MessageEnds:
    """Flag.LAST on the last row of each message of one instrument, whose rows may lie in two blocks."""

    def __init__(self, rule: str) -> None:
        self._key = {"time": "ts_event", "sequence": "sequence"}.get(rule)
        self._held: np.ndarray | None = None

    def mark(self, rows: np.ndarray) -> np.ndarray:
        """The rows whose message is known to be complete or to go on; the last one waits."""
        if self._key is None:
            rows["flags"] |= np.uint8(Flag.LAST)
            return rows
        whole = rows if self._held is None else np.concatenate([self._held, rows])
        ends = whole[self._key][:-1] != whole[self._key][1:]
        whole["flags"][:-1] |= np.where(ends, np.uint8(Flag.LAST), np.uint8(0))
        self._held = whole[-1:].copy()
        return whole[:-1]

    def rest(self) -> np.ndarray | None:
        """The row that waited, at the end of the file."""
        if self._held is not None:
            self._held["flags"] |= np.uint8(Flag.LAST)
        return self._held
