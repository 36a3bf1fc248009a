"""A CSV file by its mapping: rows of one schema, by instrument.

1. `blocks.TextTable` cuts a member into blocks of text columns.
2. Rows that the mapping passes over go, counted.
3. Each row gets its instrument: from its columns, the file's name, or the command.
4. `rows` makes ticks, lots and nanoseconds of the block, all at once.
5. Each instrument's rows of the block are handed on; what a message or a quote needs from the block before is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from tickwright.core.errors import ConfigError, FileFormatError
from tickwright.core.events import MARKET_EVENT
from tickwright.core.instrument import Instrument
from tickwright.data.tables.blocks import TextRows, TextTable
from tickwright.data.tables.container import Member
from tickwright.data.tables.mapping import BAR_LENGTH, Column, Mapping
from tickwright.data.tables.rows import Block, Grids, MessageEnds, Tally, bars, carried, events, prints, quotes

_LONGEST_SYMBOL = 64


@dataclass(slots=True)
class Reader:
    """Reads members by one mapping, in order; `symbol` and `tick_size` are the command's, over the mapping's."""

    mapping: Mapping
    symbol: str | None = None
    tick_size: Decimal | None = None
    tally: Tally = field(default_factory=Tally)
    unnamed: dict[Column, None] = field(default_factory=dict)
    """Columns of the files that are not stored."""
    instruments: dict[tuple[str, str], Instrument] = field(default_factory=dict)
    _ends: dict[str, MessageEnds] = field(default_factory=dict)
    _before: dict[str, np.ndarray] = field(default_factory=dict)
    """The last quote of each instrument, where sides are carried."""
    _last: dict[str, int] = field(default_factory=dict)
    """The last time of each instrument."""
    _renamed: str | None = None
    """The symbol that the command's stands for."""

    def rows(self, member: Member) -> Iterator[tuple[Instrument, np.ndarray]]:
        """Rows of one member by instrument, in file order within each. Raises FileFormatError, OffGridError."""
        table = TextTable(member, self.mapping.file)
        series = self._series(table)
        skip = [_as_column(name, self.mapping) for name in self.mapping.skip]
        wanted = list(dict.fromkeys([*self.mapping.columns.values(), *series, *skip]))
        self.unnamed |= dict.fromkeys(name for name in table.header if name not in wanted)
        parts = self._parts(member)
        for text in table.blocks(wanted):
            kept = self._kept(text)
            if not len(next(iter(kept.columns.values()))):
                continue
            if series:
                for column, symbol in series.items():
                    name = self._instrument({**parts, "symbol": symbol}, kept)
                    yield from self._finished(name, bars(self._block(kept, parts, name), str(column)))
                continue
            yield from self._by_instrument(kept, parts)

    def rest(self) -> Iterator[tuple[Instrument, np.ndarray]]:
        """Rows that waited for the end of the last file."""
        by_symbol = {i.symbol: i for i in self.instruments.values()}
        for symbol, ends in self._ends.items():
            if (held := ends.rest()) is not None:
                yield by_symbol[symbol], held

    # ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _kept(self, text: TextRows) -> TextRows:
        keep = None
        for name, values in self.mapping.skip.items():
            texts = text.columns[_as_column(name, self.mapping)].to_numpy(zero_copy_only=False)
            for value in values:
                hit = texts == value
                if hit.any():
                    self.tally.skipped[f"{name}={value}"] += int(hit.sum())
                    keep = ~hit if keep is None else keep & ~hit
        return text if keep is None else text.only(keep)

    def _by_instrument(self, text: TextRows, parts: dict[str, str]) -> Iterator[tuple[Instrument, np.ndarray]]:
        codes, names = self._groups(text, parts)
        rows = self._whole(self._block(text, parts, names[0]))
        if len(names) == 1:
            yield from self._finished(names[0], rows)
            return
        for i, instrument in enumerate(names):
            own = rows[codes == i]
            if len(own):
                yield from self._finished(instrument, own)

    def _whole(self, block: Block) -> np.ndarray:
        schema = self.mapping.schema
        if schema in BAR_LENGTH:
            return bars(block)
        return {"events": events, "depth": events, "trades": prints, "quotes": quotes}[schema](block)

    def _finished(self, instrument: Instrument, rows: np.ndarray) -> Iterator[tuple[Instrument, np.ndarray]]:
        symbol = instrument.symbol
        times = rows["ts_event"]
        self.tally.back += int((np.diff(times) < 0).sum()) + int(times[0] < self._last.get(symbol, times[0]))
        self._last[symbol] = int(times[-1])
        if rows.dtype == MARKET_EVENT:
            rows["instrument_id"] = instrument.id
            ends = self._ends.setdefault(symbol, MessageEnds(self.mapping.messages.last))
            rows = ends.mark(rows)
        elif self.mapping.schema == "quotes" and self.mapping.quotes.unstated == "carry":
            rows = carried(rows, self._before.get(symbol))
            self._before[symbol] = rows[-1:].copy()
        if len(rows):
            yield instrument, rows

    def _block(self, text: TextRows, parts: dict[str, str], instrument: Instrument) -> Block:
        # All instruments of a mapping share one tick and one lot.
        return Block(text, self.mapping, Grids.of(self.mapping, instrument), parts.get("date"), self.tally)

    # ── names ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _series(self, table: TextTable) -> dict[Column, str]:
        given = self.mapping.series.columns
        found: dict[Column, str] = {name: symbol for name, symbol in given.items() if name in table.header}
        if given and not found:
            shown = ", ".join(map(str, table.header))[:200]
            raise FileFormatError(table.place, "the header", shown, f"one column of {', '.join(given)}")
        return found

    def _parts(self, member: Member) -> dict[str, str]:
        """What the name of the member says, and the command."""
        parts: dict[str, str] = {}
        if pattern := self.mapping.file.name:
            match = re.search(pattern, member.name)
            if match is None:
                raise FileFormatError(member.place, "name", repr(member.name), f"a name as {pattern}")
            parts = {name: value for name, value in match.groupdict().items() if value is not None}
        return parts | ({"symbol": self.symbol} if self.symbol is not None else {})

    def _groups(self, text: TextRows, parts: dict[str, str]) -> tuple[np.ndarray, list[Instrument]]:
        """The instrument of each row, as a code, and the instruments by code."""
        columns = {what: self.mapping.columns[what] for what in ("symbol", "venue") if what in self.mapping.columns}
        codes: np.ndarray = np.zeros(len(next(iter(text.columns.values()))), np.int64)
        kinds: list[dict[str, str]] = [{}]
        for what, column in columns.items():
            coded = text.columns[column].dictionary_encode()
            values = [self._meaning(what, str(value), text, column) for value in coded.dictionary.to_pylist()]
            codes = codes * len(values) + coded.indices.to_numpy(zero_copy_only=False)
            kinds = [{**kind, what: value} for kind in kinds for value in values]
        if self.symbol is not None and "symbol" in columns:
            self._one_symbol(kinds, text)
            kinds = [{**kind, "symbol": self.symbol} for kind in kinds]
        used, codes = np.unique(codes, return_inverse=True)
        names = [self._instrument({**parts, **kinds[code]}, text) for code in used]
        order = list(dict.fromkeys(names))  # several codes may be one instrument, whose rows stay together
        return np.array([order.index(name) for name in names])[codes], order

    def _meaning(self, what: str, value: str, text: TextRows, column: Column) -> str:
        table = self.mapping.values.venue
        if what == "symbol" or not table:
            return value
        known = table.get(value, table.get("*"))
        if known is None:
            at = text.columns[column].to_numpy(zero_copy_only=False) == value
            text.places.refuse(at, lambda _: f"venue {value[:40]!r}", f"one of values.venue: {', '.join(table)}")
        return str(known)

    def _one_symbol(self, kinds: list[dict[str, str]], text: TextRows) -> None:
        found = {kind["symbol"] for kind in kinds} | ({self._renamed} if self._renamed is not None else set())
        if len(found) > 1:
            shown = ", ".join(sorted(found)[:5])
            raise ConfigError("instrument", self.symbol, f"nothing: {text.places.file} holds several, {shown}")
        self._renamed = found.pop()

    def _instrument(self, parts: dict[str, str], text: TextRows) -> Instrument:
        rule = self.mapping.instrument
        if "{symbol}" in rule.symbol and "symbol" not in parts:
            raise ConfigError("instrument", None, f"a name for what {text.places.file} holds; the file has none")
        symbol, venue = (re.sub(r"\{(\w+)\}", lambda m: parts[m[1]], t) for t in (rule.symbol, rule.venue))
        if self.symbol is not None and "{" not in rule.symbol and not self.mapping.series.columns:
            symbol = self.symbol
        symbol = symbol.upper() if rule.uppercase else symbol
        key = (symbol, venue)
        if key not in self.instruments:
            if not symbol or len(symbol) > _LONGEST_SYMBOL or not symbol.isprintable():
                expected = f"1 to {_LONGEST_SYMBOL} printable characters"
                raise FileFormatError(text.places.file, "symbol", repr(symbol[:100]), expected)
            self.instruments[key] = Instrument(
                symbol, venue, rule.currency, self.tick_size or rule.tick_size, rule.lot_size, rule.multiplier,
                rule.timezone, f"mapping {self.mapping.name}",
            )  # fmt: skip
        return self.instruments[key]


def _as_column(name: str, mapping: Mapping) -> Column:
    """A column as a key of TOML, which is text, where there is no header."""
    return name if mapping.file.header or not name.isdigit() else int(name)
