"""Which sector a symbol was in, as it was known on a date: never from a list that was made later.

A list of members (a snapshot) dated D says what holds from D until the next list of the same universe: a symbol that
the next one lacks has left by then, and the day it left in between is not known. A row with dates of its own says
[start, until). Both count from the date on which they were known.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tickwright.data.reference.store import local_root, read_rows


@dataclass(frozen=True, slots=True)
class Statement:
    """A source says that a symbol is in a sector on the days start ≤ d < until; None is open."""

    symbol: str
    sector: str
    start: dt.date
    until: dt.date | None
    known: dt.date
    """The first day on which it could be read."""
    snapshot: bool = False
    """It is one of a list of all members: what the next list lacks has ended."""
    universe: str = ""
    """Which list."""
    source: str = ""


@dataclass(frozen=True)
class Sectors:
    """All statements of a catalog. `sector_of` and `members` look only at what was known on the date asked about."""

    statements: tuple[Statement, ...]

    @classmethod
    def open(cls, catalog_path: Path | str) -> Sectors:
        """The sectors of a catalog; empty when it has none. Raises CatalogError."""
        return cls(tuple(Statement(**row) for row in read_rows(local_root(catalog_path), "sectors")))

    def sector_of(self, symbol: str, as_of: dt.date, *, backfill: bool = False) -> str | None:
        """The sector of a symbol as known on a date; None when nothing said so by then.

        `backfill` takes, where nothing was known yet, the earliest statement that was made later: that looks ahead,
        and is for pictures, not for backtests.
        """
        told = self._told(symbol, as_of)
        if told is None and backfill:
            later = [s for s in self._by_symbol.get(symbol, ()) if s.known > as_of or s.start > as_of]
            told = min(later, key=lambda s: (s.start, s.known), default=None)
        return None if told is None else told.sector

    def members(self, sector: str | None, as_of: dt.date) -> list[str]:
        """Symbols of a sector as known on a date, sorted; with None those of all sectors."""
        told = {symbol: self._told(symbol, as_of) for symbol in self._by_symbol}
        return sorted(symbol for symbol, s in told.items() if s is not None and sector in (None, s.sector))

    def intervals(self, symbol: str) -> list[tuple[dt.date, dt.date | None, str]]:
        """(from, until, sector) of a symbol in order, as they were known day by day; until is None where it is open."""
        edges = sorted({max(s.start, s.known) for s in self.statements} | {s.until for s in self.statements if s.until})
        found: list[tuple[dt.date, dt.date | None, str]] = []
        for edge, after in zip(edges, [*edges[1:], None], strict=True):
            sector = self.sector_of(symbol, edge)
            if sector is None:
                continue
            if found and found[-1][1] == edge and found[-1][2] == sector:
                found[-1] = (found[-1][0], after, sector)
            else:
                found.append((edge, after, sector))
        return found

    @cached_property
    def _by_symbol(self) -> dict[str, list[Statement]]:
        grouped: dict[str, list[Statement]] = {}
        for statement in self.statements:
            grouped.setdefault(statement.symbol, []).append(statement)
        return grouped

    @cached_property
    def _lists(self) -> dict[str, list[tuple[dt.date, dt.date]]]:
        """(start, known) of the snapshots of each universe."""
        lists: dict[str, set[tuple[dt.date, dt.date]]] = {}
        for s in self.statements:
            if s.snapshot:
                lists.setdefault(s.universe, set()).add((s.start, s.known))
        return {universe: sorted(dates) for universe, dates in lists.items()}

    def _told(self, symbol: str, as_of: dt.date) -> Statement | None:
        holding = [
            s
            for s in self._by_symbol.get(symbol, ())
            if s.known <= as_of and s.start <= as_of and (s.until is None or as_of < s.until)
            and not (s.snapshot and s.start < self._newest(s.universe, as_of))
        ]  # fmt: skip
        return max(holding, key=lambda s: (s.start, s.known), default=None)

    def _newest(self, universe: str, as_of: dt.date) -> dt.date:
        return max((start for start, known in self._lists[universe] if known <= as_of and start <= as_of))


def as_rows(statements: Iterable[Statement]) -> list[dict[str, object]]:
    """Statements as rows of the table `sectors`."""
    names = Statement.__slots__
    return [{name: getattr(statement, name) for name in names} for statement in statements]
