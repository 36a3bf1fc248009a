"""CSV files in blocks cut at a line end; and a headerless CSV of numbers as columns, any number of rows taken."""

from __future__ import annotations

import re
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from tickwright.core.errors import FileFormatError

BLOCK = 4 << 20
_PATTERNS = {pa.int64(): re.compile(rb"^-?\d+$"), pa.float64(): re.compile(rb"^\d+(\.\d*)?$")}
_WORDS = {pa.int64(): "a whole number", pa.float64(): "a decimal number"}


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; fewer only at the end."""


class LineBlocks:
    """Whole lines of an open file, a block at a time; the last line may lack its end.

    `lines` and `bytes` count what has been handed out and read. Raises FileFormatError where a line is longer than a
    block, and whatever `file` raises.
    """

    def __init__(self, name: str, file: Readable, expected: str) -> None:
        self.name = name
        self.lines = 0
        self.bytes = 0
        self._file = file
        self._expected = expected
        self._tail = b""

    def next(self) -> bytes:
        """The next block; empty at the end."""
        while True:
            data = self._file.read(BLOCK)
            self.bytes += len(data)
            lines = self._tail + data
            cut = lines.rfind(b"\n") + 1 if data else len(lines)
            self._tail = lines[cut:]
            if cut or not data:
                block = lines[:cut]
                self.lines += block.count(b"\n") + (bool(block) and not block.endswith(b"\n"))
                return block
            if len(lines) > BLOCK:
                place = f"line {self.lines + 1}"
                raise FileFormatError(self.name, place, f"{len(lines)} bytes without a line end", self._expected)


class CsvRows:
    """Columns of an open CSV file. `name` is for messages; `types` are Arrow types, one a column.

    Memory is bounded by a block and by what `take` asks for. Raises FileFormatError with the line (from 1) that is not
    as expected, and whatever `file` raises.
    """

    def __init__(self, name: str, file: Readable, types: list[pa.DataType]) -> None:
        self.name = name
        self.bytes = 0
        """Bytes read so far."""
        self._types = types
        self._parsed = 0
        self._blocks = LineBlocks(name, file, self._expected())
        self._ready: list[np.ndarray] = [np.empty(0, kind.to_pandas_dtype()) for kind in types]
        names = [str(i) for i in range(len(types))]
        self._read = pacsv.ReadOptions(column_names=names, use_threads=False, block_size=2 * BLOCK)
        self._parse = pacsv.ParseOptions(quote_char=False, ignore_empty_lines=False)
        self._convert = pacsv.ConvertOptions(
            column_types=dict(zip(names, types, strict=True)), null_values=[], check_utf8=False
        )

    def take(self, rows: int) -> list[np.ndarray]:
        """The next `rows` rows as columns; fewer only at the end of the file."""
        parts = [self._ready]
        have = self._ready[0].size
        while have < rows and (block := self._blocks.next()):
            parts.append(self._columns(block))
            have += parts[-1][0].size
            self.bytes = self._blocks.bytes
        columns = [np.concatenate(pieces) for pieces in zip(*parts, strict=True)] if len(parts) > 1 else self._ready
        self._ready = [column[rows:] for column in columns]
        return [column[:rows] for column in columns]

    def _columns(self, block: bytes) -> list[np.ndarray]:
        try:
            table = pacsv.read_csv(pa.py_buffer(block), self._read, self._parse, self._convert)
        except pa.ArrowInvalid as error:
            raise self._malformed(block, error) from error
        self._parsed += table.num_rows
        return [column.to_numpy() for column in table.columns]

    def _malformed(self, block: bytes, error: Exception) -> FileFormatError:
        for number, line in enumerate(block.splitlines(), self._parsed + 1):
            fields = line.split(b",")
            right = len(fields) == len(self._types)
            if not right or not all(_PATTERNS[k].match(f) for k, f in zip(self._types, fields, strict=True)):
                shown = line[:100].decode(errors="replace")
                return FileFormatError(self.name, f"line {number}", repr(shown), self._expected())
        return FileFormatError(self.name, f"after line {self._parsed}", str(error), self._expected())

    def _expected(self) -> str:
        kinds: list[Any] = sorted(set(self._types), key=str, reverse=True)
        return f"{len(self._types)} numbers between commas, each {' or '.join(_WORDS[kind] for kind in kinds)}"
