"""The metadata of a DBN file, from Databento's published specification.

| bytes, version 1 | 2 and 3 | what |
|---|---|---|
| 0–15 | 0–15 | dataset, padded with zeros |
| 16–17 | 16–17 | schema, FFFF for none |
| 18–41 | 18–41 | start, end, limit |
| 50, 51, 52 | 42, 43, 44 | how symbols were asked for and are given, whether records have `ts_out` |
| 22 | 45–46 | length of a symbol |
| from 100 | from 100 | a schema definition (its length and bytes), then lists, each with its length |

The lists are symbols, partial, not found, and mappings: a symbol and intervals of (first day, end day, symbol). Read
here and not by Databento's library, whose decoder panics on damaged metadata, which no `except Exception` catches.
"""

from __future__ import annotations

import datetime as dt
import struct
from dataclasses import dataclass, field
from pathlib import Path

from tickwright.core.errors import FileFormatError
from tickwright.core.units import DAY

_SCHEMAS = (
    "mbo", "mbp-1", "mbp-10", "tbbo", "trades", "ohlcv-1s", "ohlcv-1m", "ohlcv-1h", "ohlcv-1d", "definition",
    "statistics", "status", "imbalance", "ohlcv-eod", "cmbp-1", "cbbo-1s", "cbbo-1m", "tcbbo", "bbo-1s", "bbo-1m",
)  # fmt: skip
_NO_SCHEMA = 0xFFFF
_BY_ID = 0
_FIXED = 100
_V1_SYMBOL = 22


@dataclass(frozen=True, slots=True)
class DbnHeader:
    """What the metadata of a file says. `symbols` maps an instrument id to (first ns, end ns, symbol) intervals.

    `schema` is None in a capture that mixes several. `partial` are symbols that were asked for and are there for a part
    of the range, `not_found` those that are not there.
    """

    version: int
    schema: str | None
    dataset: str
    ts_out: bool
    symbols: dict[int, list[tuple[int, int, str]]]
    partial: list[str] = field(default_factory=list)
    not_found: list[str] = field(default_factory=list)


def parse(path: Path, version: int, body: bytes) -> DbnHeader:
    """The metadata behind version and length. Raises FileFormatError."""
    if len(body) < _FIXED:
        raise FileFormatError(path, "metadata", f"{len(body)} bytes", f"at least {_FIXED}")
    code = struct.unpack_from("<H", body, 16)[0]
    if code != _NO_SCHEMA and code >= len(_SCHEMAS):
        raise FileFormatError(path, "metadata", f"schema {code}", f"0 to {len(_SCHEMAS) - 1}, or {_NO_SCHEMA} for none")
    at = 50 if version == 1 else 42
    width = _V1_SYMBOL if version == 1 else struct.unpack_from("<H", body, 45)[0]
    rest = _Rest(path, body, width, _FIXED)
    rest.skip(rest.number())
    rest.skip(rest.number() * width)  # what was asked for
    partial, not_found = rest.names(), rest.names()
    return DbnHeader(
        version, None if code == _NO_SCHEMA else _SCHEMAS[code], text(body[:16]), body[at + 2] != 0,
        _symbols(rest, by_id=body[at] == _BY_ID), partial, not_found,
    )  # fmt: skip


def text(raw: bytes) -> str:
    """A text that ends at its first zero."""
    return raw.split(b"\0", 1)[0].decode(errors="replace")


@dataclass(slots=True)
class _Rest:
    """What stands behind the fixed part, read from `at` on."""

    path: Path
    body: bytes
    width: int
    at: int
    symbols: dict[int, list[tuple[int, int, str]]] = field(default_factory=dict)

    def skip(self, size: int) -> int:
        begin, self.at = self.at, self.at + size
        if self.at > len(self.body):
            raise FileFormatError(
                self.path, "metadata", f"{len(self.body)} bytes", f"at least {self.at}: it is damaged"
            )
        return begin

    def number(self) -> int:
        return int(struct.unpack_from("<I", self.body, self.skip(4))[0])

    def symbol(self) -> str:
        begin = self.skip(self.width)
        return text(self.body[begin : self.at])

    def names(self) -> list[str]:
        count = self.number()
        end = self.at + count * self.width
        begin = self.skip(count * self.width)
        return [text(self.body[at : at + self.width]) for at in range(begin, end, self.width or 1)]

    def day(self) -> int:
        date = self.number()
        try:
            return (dt.date(date // 10_000, date // 100 % 100, date % 100).toordinal() - 719_163) * DAY
        except ValueError as error:
            raise FileFormatError(self.path, "metadata", f"day {date}", "YYYYMMDD") from error


def _symbols(rest: _Rest, by_id: bool) -> dict[int, list[tuple[int, int, str]]]:
    """Intervals of symbols by instrument id, whichever of the two the file was asked by."""
    for _ in range(rest.number()):
        asked = rest.symbol()
        for _ in range(rest.number()):
            first, end, given = rest.day(), rest.day(), rest.symbol()
            number, symbol = (asked, given) if by_id else (given, asked)
            if not number or not symbol:  # an interval without a symbol says that there was none then
                continue
            if not (number.isascii() and number.isdecimal()):
                raise FileFormatError(
                    rest.path, "metadata", f"{asked} mapped to {given!r}", "an instrument id in digits"
                )
            rest.symbols.setdefault(int(number), []).append((first, end, symbol))
    return rest.symbols
