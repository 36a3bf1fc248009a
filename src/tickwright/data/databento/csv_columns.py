"""Columns of a Databento CSV file → fields of raw records, exactly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from tickwright.core.errors import FileFormatError
from tickwright.core.tables import IMBALANCE_OPTIONAL, STATISTIC_OPTIONAL, TERMS_OPTIONAL
from tickwright.data.databento.layouts import UNDEF_PRICE, UNDEF_TIME, Record

Kind = Literal["price", "time", "letter", "text", "whole"]

_LETTERS = {
    "side", "is_trading", "is_quoting", "is_short_sell_restricted", "instrument_class", "match_algorithm",
    "security_update_action", "user_defined_instrument", "leg_side", "auction_type", "unpaired_side",
    "significant_imbalance",
}  # fmt: skip
_TIMES = {"auction_time", "expiration", "activation"}
_UNDEFINABLE = {*IMBALANCE_OPTIONAL, *STATISTIC_OPTIONAL, *TERMS_OPTIONAL}
_NEEDLESS = {"publisher_id", "ts_in_delta", "depth", "channel_id", "bid_ct", "ask_ct", "bid_pb", "ask_pb"}
# A definition says many things of which a file may have only some.
_NEEDED_OF_DEFINITION = {"ts_event", "ts_recv", "raw_symbol", "instrument_class", "min_price_increment"}
_DECIMAL = pa.decimal128(28, 9)
_ROW = re.compile(r"Row #(\d+): ")
_COLUMN = re.compile(r"[Cc]olumn #(\d+)")


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the file, and the field of the record that it fills: of level `level` where it is not None."""

    column: str
    name: str
    level: int | None
    kind: Kind
    type: np.dtype[Any]


def fields_of(path: Path, record: Record, names: list[str]) -> list[Field]:
    """The fields of a record that a file has. Raises FileFormatError when one is missing that must be there."""
    fields, missing = [], []
    for field in _all_fields(record.layout(3)):
        if field.column in names:
            fields.append(field)
        elif record.schema == "definition" and field.name not in _NEEDED_OF_DEFINITION:
            continue
        elif field.name not in _NEEDLESS:
            missing.append(field.column)
    if missing:
        raise FileFormatError(path, "line 1", f"no column {', '.join(missing[:10])}", f"the columns of {record.schema}")
    return fields


def _all_fields(layout: np.dtype[Any]) -> list[Field]:
    found = []
    for name in layout.names or ():
        kind = layout[name]
        if name == "levels":
            levels = kind.base
            found += [
                Field(f"{inner}_{i:02d}", inner, i, _kind(inner, levels[inner]), levels[inner])
                for i in range(kind.shape[0])
                for inner in levels.names or ()
                if not inner.startswith("_")
            ]
        elif not name.startswith("_") and name not in ("length", "rtype"):
            found.append(Field(name, name, None, _kind(name, kind), kind))
    return found


def _kind(name: str, kind: np.dtype[Any]) -> Kind:
    if kind.kind == "S":
        return "text"
    if kind == np.int64 and name != "quantity":
        return "price"
    if kind == np.uint64 and (name.startswith("ts_") or name in _TIMES):
        return "time"
    return "letter" if name in _LETTERS or (name == "action" and kind == np.uint8) else "whole"


class Columns:
    """Blocks of lines as raw records. How prices and times are written is learnt from the first that is there."""

    def __init__(self, path: Path, names: list[str], fields: list[Field], record: Record, symbol: str | None) -> None:
        self._path = path
        self._names = names
        self._fields = fields
        self._record = record
        self._symbol = symbol
        self._how: dict[Kind, pa.DataType] = {}

    def read(self, block: bytes, base: int) -> tuple[np.ndarray, list[str], np.ndarray]:
        """Records, the symbols among them, and which one each record is of. `base` lines stand before the block."""
        for kind in ("price", "time"):
            if kind not in self._how and any(field.kind == kind for field in self._fields):
                self._learn(kind, block, base)
        table = self._parse(block, base, {field.column: self._type(field) for field in self._fields})
        layout = self._record.layout(3)
        raw = np.zeros(table.num_rows, layout)
        raw["rtype"] = self._record.rtype
        if "rtype" in self._names:
            kinds = table["rtype"].to_numpy()
            self._refuse(kinds != self._record.rtype, base, "rtype", kinds, f"{self._record.rtype} throughout")
        if self._record.schema == "definition":
            for name in {*TERMS_OPTIONAL} & {*(layout.names or ())} - {field.name for field in self._fields}:
                raw[name] = np.iinfo(layout[name]).max
        for field in self._fields:
            values = self._values(field, table[field.column], base)
            if field.level is None:
                raw[field.name] = values
            else:
                raw["levels"][field.name][:, field.level] = values
        if self._symbol is None:
            return raw, [], np.zeros(0, np.intp)
        symbols = table[self._symbol].combine_chunks().dictionary_encode()
        return raw, symbols.dictionary.to_pylist(), symbols.indices.to_numpy(zero_copy_only=False)

    def _type(self, field: Field) -> pa.DataType:
        if field.kind in ("letter", "text"):
            return pa.string()
        return pa.from_numpy_dtype(field.type) if field.kind == "whole" else self._how.get(field.kind, pa.string())

    def _learn(self, kind: Kind, block: bytes, base: int) -> None:
        """How prices or times are written, by the first value in the block; nothing when it has none."""
        columns = [field.column for field in self._fields if field.kind == kind]
        table = self._parse(block, base, dict.fromkeys(columns, pa.string()), alone=True)
        texts = pa.chunked_array([chunk for name in columns for chunk in table[name].chunks], pa.string())
        mark = "." if kind == "price" else "-"
        if not pc.any(pc.not_equal(texts, "")).as_py():
            return
        if not pc.any(pc.match_substring(texts, mark)).as_py():
            self._how[kind] = pa.int64() if kind == "price" else pa.uint64()
        elif kind == "price":
            self._how[kind] = _DECIMAL
        else:
            zoned = pc.any(pc.match_substring_regex(texts, r"(Z|[+-]\d\d:?\d\d)$")).as_py()
            self._how[kind] = pa.timestamp("ns", "UTC" if zoned else None)

    def _parse(self, block: bytes, base: int, types: dict[str, pa.DataType], alone: bool = False) -> pa.Table:
        types = dict(types)
        if not alone:
            types |= {"rtype": pa.int64()} if "rtype" in self._names else {}
            types |= {self._symbol: pa.string()} if self._symbol is not None else {}
        try:
            return pacsv.read_csv(
                pa.py_buffer(block),
                pacsv.ReadOptions(column_names=self._names, use_threads=False, block_size=len(block) + 1),
                pacsv.ParseOptions(ignore_empty_lines=False),
                pacsv.ConvertOptions(include_columns=list(types), column_types=types, null_values=[""]),
            )
        except pa.ArrowInvalid as error:
            raise self._malformed(str(error), base) from error

    def _malformed(self, told: str, base: int) -> FileFormatError:
        row, column = _ROW.search(told), _COLUMN.search(told)
        place = f"line {base + int(row[1])}" if row else f"after line {base}"
        if column and int(column[1]) < len(self._names):
            place += f", column {self._names[int(column[1])]}"
        expected = f"{len(self._names)} fields, written as those before them, of at most nine decimals"
        return FileFormatError(self._path, place, told.split(": ", 2)[-1][:200], expected)

    def _values(self, field: Field, column: pa.ChunkedArray, base: int) -> Any:
        whole = column.combine_chunks()
        if field.kind == "letter":
            return self._letters(field, whole, base)
        if field.kind == "text":
            return np.array([text.encode()[: field.type.itemsize] for text in whole.to_pylist()], field.type)
        empty = whole.is_null().to_numpy(zero_copy_only=False)
        if whole.type == pa.string():  # nothing but empty ones so far
            undefined = UNDEF_PRICE if field.kind == "price" else UNDEF_TIME
            return np.full(len(whole), undefined, field.type)
        if field.kind == "price":
            return np.where(empty, UNDEF_PRICE, self._billionths(field, whole, base))
        if field.kind == "time":
            return np.where(empty, np.uint64(UNDEF_TIME), self._moments(field, whole, base))
        if field.name not in _UNDEFINABLE:
            self._refuse(empty, base, field.column, np.full(len(empty), "nothing"), "a whole number")
        return np.where(empty, np.iinfo(field.type).max, whole.fill_null(0).to_numpy(zero_copy_only=False))

    def _billionths(self, field: Field, column: Any, base: int) -> np.ndarray:
        if column.type == pa.int64():
            return np.asarray(column.fill_null(0).to_numpy(zero_copy_only=False))
        if not len(column):
            return np.zeros(0, np.int64)
        # A decimal is a 128-bit whole number of billionths: the low half is it, unless it does not fit.
        pairs = np.frombuffer(column.buffers()[1], np.int64).reshape(-1, 2)[column.offset :][: len(column)]
        empty = column.is_null().to_numpy(zero_copy_only=False)
        wide = (pairs[:, 1] != pairs[:, 0] >> 63) & ~empty
        self._refuse(
            wide, base, field.column, [column[int(k)] for k in np.flatnonzero(wide)[:1]] * len(wide), "64 bits"
        )
        return pairs[:, 0]

    def _moments(self, field: Field, column: Any, base: int) -> np.ndarray:
        if column.type == pa.uint64():
            return np.asarray(column.fill_null(0).to_numpy(zero_copy_only=False))
        moments = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
        self._refuse(moments < 0, base, field.column, moments, "a time from 1970 on")
        return np.asarray(moments.astype(np.uint64))

    def _letters(self, field: Field, column: Any, base: int) -> np.ndarray:
        coded = column.dictionary_encode()
        letters = coded.dictionary.to_pylist()
        codes = np.array([ord(letter) if len(letter) == 1 else 0 for letter in letters], np.int64)
        bad = np.array([len(letter) > 1 or code > 127 for letter, code in zip(letters, codes, strict=True)], bool)
        which = coded.indices.to_numpy(zero_copy_only=False)
        if bad.any():
            texts = column.to_pylist()
            self._refuse(bad[which], base, field.column, texts, "one letter")
        return np.asarray(codes[which].astype(np.uint8))

    def _refuse(self, bad: np.ndarray, base: int, column: str, values: Any, expected: str) -> None:
        if bad.any():
            row = int(bad.argmax())
            raise FileFormatError(self._path, f"line {base + row + 1}, column {column}", str(values[row]), expected)
