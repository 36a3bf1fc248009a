"""A CSV file as text columns, a block at a time: header, delimiter, quotes, encoding; the numbers come later.

A value may stand in quotes, but not hold a line end: so that a row is a line, and a place is a line of the file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from tickwright.core.errors import FileFormatError
from tickwright.data.csv_rows import BLOCK, LineBlocks
from tickwright.data.places import Places
from tickwright.data.tables.container import Member
from tickwright.data.tables.mapping import Column, FileRule

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class TextRows:
    """Rows of a block: text arrays by column, and where the rows stand in the file."""

    columns: dict[Column, pa.Array]
    places: Places

    def only(self, keep: np.ndarray) -> TextRows:
        """The rows where `keep` is true."""
        mask = pa.array(keep)
        columns = {name: column.filter(mask) for name, column in self.columns.items()}
        return TextRows(columns, Places(self.places.file, self.places.unit, self.places.base, np.flatnonzero(keep)))


class TextTable:
    """An open CSV file. `header` names its columns: text, or numbers from 1 where the rule says that there is none.

    Raises FileFormatError with the line, and whatever the member raises.
    """

    def __init__(self, member: Member, rule: FileRule) -> None:
        self.place = member.place
        self._rule = rule
        self._lines = LineBlocks(member.place, member, "rows of a CSV file")
        self._base = 0
        self._blanks = 0
        self._first = self._skip(rule.skip_lines)
        self.header: list[Column] = self._head()

    def blocks(self, wanted: list[Column]) -> Iterator[TextRows]:
        """Rows in order with the wanted columns. Raises FileFormatError when one is not in the header, or twice."""
        for column in wanted:
            if self.header.count(column) != 1:
                found = ", ".join(map(str, self.header)) or "nothing"
                expected = f"one column {column!r}" if column in self.header else f"a column {column!r}"
                raise FileFormatError(self.place, self._header_place(), found[:200], expected)
        block = self._first
        while block:
            body = block.rstrip(b"\r\n")
            if body:
                if self._blanks:
                    raise FileFormatError(self.place, f"line {self._base}", "an empty line", self._shape())
                yield self._parsed(body, wanted)
                self._base += body.count(b"\n") + 1
            empty = block[len(body) :].count(b"\n") - bool(body and len(block) > len(body))
            self._blanks += empty
            self._base += empty
            block = self._next()

    def _skip(self, lines: int) -> bytes:
        block = self._next()
        for _ in range(lines):
            if not block:
                raise FileFormatError(self.place, f"line {self._base + 1}", "the end", f"{lines} lines to skip")
            block = self._cut(block)
        return block

    def _head(self) -> list[Column]:
        if self._first.startswith(_BOM) and not self._base:
            self._first = self._first[len(_BOM) :]
        line = self._first.split(b"\n", 1)[0].rstrip(b"\r")
        names = self._split(line.decode("utf-8", errors="replace"))
        if self._rule.header:
            self._first = self._cut(self._first) if self._first else b""
            return list(names)
        return list(range(1, len(names) + 1))

    def _cut(self, block: bytes) -> bytes:
        """The block without its first line."""
        self._base += 1
        at = block.find(b"\n") + 1
        return (block[at:] if at else b"") or self._next()

    def _next(self) -> bytes:
        block = self._lines.next()
        if self._rule.encoding.lower() in ("utf-8", "utf8", "ascii") or not block:
            return block
        try:
            return block.decode(self._rule.encoding).encode()
        except UnicodeDecodeError as error:
            line = self._base + block.count(b"\n", 0, error.start) + 1
            raise FileFormatError(self.place, f"line {line}", str(error), f"text in {self._rule.encoding}") from error

    def _parsed(self, body: bytes, wanted: list[Column]) -> TextRows:
        names = [str(i) for i in range(len(self.header))]
        chosen = [names[self.header.index(column)] for column in wanted]
        try:
            table = pacsv.read_csv(
                pa.py_buffer(body),
                pacsv.ReadOptions(column_names=names, use_threads=False, block_size=max(4 * BLOCK, len(body) + 1)),
                pacsv.ParseOptions(
                    delimiter=self._rule.delimiter, quote_char=self._rule.quote or False, ignore_empty_lines=False
                ),
                pacsv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), include_columns=list(dict.fromkeys(chosen)),
                    strings_can_be_null=False,
                ),
            )  # fmt: skip
        except (pa.ArrowInvalid, pa.ArrowCapacityError) as error:
            raise self._malformed(body, error) from error
        columns = {
            column: _whole(table.column(name))
            for column, name in zip(wanted, chosen, strict=True)
        }  # fmt: skip
        return TextRows(columns, Places(self.place, "line", self._base))

    def _malformed(self, body: bytes, error: Exception) -> FileFormatError:
        for number, line in enumerate(body.split(b"\n"), self._base + 1):
            place = f"line {number}"
            try:
                text = line.rstrip(b"\r").decode()
            except UnicodeDecodeError as wrong:
                return FileFormatError(self.place, place, str(wrong), f"text in {self._rule.encoding}")
            if len(self._split(text)) != len(self.header):
                return FileFormatError(self.place, place, repr(text[:100]), self._shape())
        return FileFormatError(self.place, f"after line {self._base}", str(error), self._shape())

    def _split(self, line: str) -> list[str]:
        try:
            quote = self._rule.quote
            if not quote:
                return line.split(self._rule.delimiter)
            return next(csv.reader([line], delimiter=self._rule.delimiter, quotechar=quote), [])
        except csv.Error:
            return []

    def _shape(self) -> str:
        return f"{len(self.header)} values with {self._rule.delimiter!r} between them"

    def _header_place(self) -> str:
        return f"line {self._rule.skip_lines + 1}, the header" if self._rule.header else "the first row"


def _whole(column: pa.ChunkedArray) -> pa.Array:
    joined = column.combine_chunks()
    return joined if isinstance(joined, pa.Array) else pa.concat_arrays(joined.chunks or [pa.array([], pa.string())])
