"""Databento CSV → raw records with the layouts of DBN version 3, so that both go the same way from there.

1. The header names the columns; the column `rtype`, or else the columns, say the schema. They are the same for `mbp-1`
   and `tbbo`: a file of trades alone is the latter.
2. `csv_rows.LineBlocks` yields whole lines, a block at a time, plain, gzip or zstd.
3. The first block that has one says how prices are written (decimals, or whole billionths) and times (ISO 8601, or
   nanoseconds); every later value must be written the same way.
4. `csv_columns` turns text into whole numbers exactly: decimals never pass through floating point.
5. A block is cut by the column `symbol`; where there is none, the symbol is the one given.

An empty price or time is undefined, as Databento writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tickwright.core.errors import ConfigError, FileFormatError
from tickwright.core.events import Action
from tickwright.data.csv_rows import LineBlocks
from tickwright.data.databento.batches import Batch, groups
from tickwright.data.databento.csv_columns import Columns, fields_of
from tickwright.data.databento.layouts import RECORDS
from tickwright.data.databento.publishers import dataset_of
from tickwright.data.databento.stream import Bytes
from tickwright.data.places import Places

Progress = Callable[[int, int], None]

_BY_TYPE = {record.rtype: record.schema for record in RECORDS.values() if record.schema != "tbbo"}
# A column that only one schema has, where there is no `rtype` to say it.
_BY_COLUMN = {
    "order_id": "mbo", "bid_px_09": "mbp-10", "ref_price": "imbalance", "stat_type": "statistics",
    "is_trading": "status", "min_price_increment": "definition",
}  # fmt: skip
_UNIT = "line"
_LINES = "lines of a Databento CSV file"
_LONGEST_HEADER = 16_384


class DatabentoCsv:
    """A Databento CSV file, read from its beginning with memory bounded by the block. Raises FileFormatError."""

    def __init__(self, path: Path, instrument: str | None = None, progress: Progress | None = None) -> None:
        self.path = path
        self.notes: list[str] = []
        self._instrument = instrument
        self._progress = progress
        head, first = self._head()
        self._names = head
        self._first = dict(zip(self._names, first, strict=False))
        self.schema = self._schema()
        self._fields = fields_of(path, RECORDS[self.schema], self._names)
        if self.schema != "definition" and instrument is None and "symbol" not in self._names:
            raise ConfigError("instrument", None, f"a symbol: {path.name} has no column symbol; pass --instrument")
        unread = [n for n in self._names if n not in {f.column for f in self._fields} | {"symbol", "rtype"}]
        if self.schema == "mbp-1" and self._first.get("action") == "T" and self._trades_alone():
            self.schema = "tbbo"
            self.notes.append("every row is a trade, so the quotes beside them are those of tbbo")
        if unread:
            self.notes.append(f"columns that were not read: {', '.join(unread)}")

    def dataset(self) -> str:
        """The dataset of the first row's publisher. Raises ConfigError when there is none or it is not known."""
        text = self._first.get("publisher_id", "")
        found = dataset_of(int(text)) if text.isdecimal() else ""
        if not found:
            raise ConfigError(
                "dataset", None, f"the dataset of publisher {text or 'none'}, as XNAS.ITCH: pass --dataset"
            )
        return found

    def batches(self) -> Iterator[Batch]:
        """The rows by symbol, in file order. Raises FileFormatError with the line and the column."""
        own = "raw_symbol" if self.schema == "definition" else "symbol" if "symbol" in self._names else None
        columns = Columns(self.path, self._names, self._fields, RECORDS[self.schema], own)
        for block, base in self._blocks(self._progress):
            raw, names, which = columns.read(block, base)
            if own is None:
                names, which = [str(self._instrument)], np.zeros(len(raw), np.intp)
                self._one_instrument(raw, Places(self.path, _UNIT, base))
            for name, picks in zip(names, groups(which, len(names)), strict=True):
                places = Places(self.path, _UNIT, base, picks)
                places.refuse(np.full(len(picks), not name), lambda k: "an empty symbol", "the symbol of a row")
                yield Batch(name, raw[picks], places)

    def _trades_alone(self) -> bool:
        """Whether every row is a trade; looks up to the first that is none."""
        columns = Columns(self.path, self._names, self._fields, RECORDS[self.schema], None)
        return all((columns.read(block, base)[0]["action"] == Action.TRADE).all() for block, base in self._blocks(None))

    def _one_instrument(self, raw: np.ndarray, places: Places) -> None:
        ids = raw["instrument_id"]
        first = self._first.get("instrument_id")
        expected = f"instrument id {first} alone, as the file has no column symbol"
        places.refuse(ids != int(first or 0), lambda k: f"instrument id {ids[k]}", expected)

    def _head(self) -> tuple[list[str], list[str]]:
        """The names of the columns and the fields of the first row."""
        with open(self.path, "rb") as file:
            lines = LineBlocks(str(self.path), Bytes(self.path, file), _LINES).next().split(b"\n", 2)
        head, first = ([*lines, b"", b""])[:2]
        if len(head) > _LONGEST_HEADER:
            raise FileFormatError(self.path, "line 1", f"{len(head)} bytes", "the names of columns")
        names = head.decode("utf-8-sig", errors="replace").strip().split(",")
        if len(set(names)) != len(names) or len(names) < 2:
            raise FileFormatError(self.path, "line 1", repr(",".join(names)[:100]), "names of columns, each once")
        return names, first.decode(errors="replace").strip().split(",")

    def _blocks(self, progress: Progress | None) -> Iterator[tuple[bytes, int]]:
        """Whole lines behind the header, and the number of lines before them."""
        with open(self.path, "rb") as file:
            lines = LineBlocks(str(self.path), Bytes(self.path, file), _LINES)
            size = self.path.stat().st_size
            block = lines.next().partition(b"\n")[2]
            base = 1
            while True:
                if block:
                    yield block, base
                if progress is not None:
                    progress(file.tell(), size)
                base = lines.lines
                if not (block := lines.next()):
                    return

    def _schema(self) -> str:
        """The schema by `rtype`, else by a column that only one has."""
        kind = self._first.get("rtype", "")
        if kind.isdecimal() and int(kind) in _BY_TYPE:
            return _BY_TYPE[int(kind)]
        found = [schema for column, schema in _BY_COLUMN.items() if column in self._names]
        if not found or "rtype" in self._names:
            shown = f"rtype {kind}" if "rtype" in self._names else ",".join(self._names)[:100]
            raise FileFormatError(self.path, "header and first row", shown, f"columns of one of {', '.join(RECORDS)}")
        return found[0]
