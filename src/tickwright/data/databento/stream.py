"""The bytes of a Databento DBN file (versions 1–3, plain or zstd) as arrays of the records of one schema.

Layout, from Databento's published specification: `DBN`, a version byte, the length of the metadata (uint32), the
metadata, then records. Every record begins with its length in 4-byte words and its type; `layouts` says how long one is
in each version, and eight bytes come on top when the metadata says `ts_out`.

A block of bytes is cut at record ends; runs of the wanted records in it are viewed in place, and only where another
type stands between them does Python look at a single header.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from tickwright.core.errors import FileFormatError
from tickwright.data.databento.layouts import RECORDS, UNDEF_TIME, Record
from tickwright.data.databento.metadata import DbnHeader, parse, text

Progress = Callable[[int, int], None]

BLOCK = 4 << 20
# Above the one byte of the length; the metadata of a day of all symbols is tens of megabytes.
_MOST_METADATA = 1 << 30
_MAGIC = b"DBN"
_VERSIONS = (1, 2, 3)
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_GZIP_MAGIC = b"\x1f\x8b"
_ERROR_TYPE, _MAPPING_TYPE, _SYSTEM_TYPE = 0x15, 0x16, 0x17
_TYPE_NAMES = {
    **{record.rtype: record.schema for record in RECORDS.values() if record.schema != "tbbo"},
    _ERROR_TYPE: "error", _MAPPING_TYPE: "symbol mapping", _SYSTEM_TYPE: "system", 0x11: "ohlcv (deprecated)",
}  # fmt: skip
_FIRST_RUN = 1024


class RecordStream:
    """The records of one schema in a DBN file, read once from its beginning with memory bounded by the block.

    `schema` may be left out where the metadata states one. Raises FileFormatError: not DBN, another schema or version,
    cut off, or damaged.
    """

    def __init__(self, path: Path, schema: str | None = None, progress: Progress | None = None) -> None:
        self.path = path
        self.records = 0
        """Records of the schema handed out so far."""
        self.skipped: Counter[str] = Counter()
        self.errors: list[str] = []
        """Texts of the error records met."""
        self._progress = progress
        self._total = path.stat().st_size
        with open_bytes(path) as source:
            self.header = read_header(path, source)
        self.record = _wanted(path, self.header.schema, schema)
        self._layout = self.record.layout(self.header.version, self.header.ts_out)

    def blocks(self) -> Iterator[np.ndarray]:
        """Arrays of records of the schema's layout, in file order; each is valid until the next is asked for."""
        with open(self.path, "rb") as file:
            source = Bytes(self.path, file)
            read_header(self.path, source)
            rest = b""
            while True:
                block = rest + source.read(BLOCK)
                if len(block) == len(rest):
                    break
                used = 0
                for run, end in self._runs(block):
                    used = end
                    if run.size:
                        yield run["record"] if self.header.ts_out else run
                        self.records += run.size
                rest = block[used:]
                if self._progress is not None:
                    self._progress(file.tell(), self._total)
        if rest:
            raise FileFormatError(
                self.path, f"after {self.record.unit} {self.records}", f"{len(rest)} bytes and the end of the file",
                "whole records: the file is truncated",
            )  # fmt: skip

    def _runs(self, block: bytes) -> Iterator[tuple[np.ndarray, int]]:
        """Runs of wanted records in a block, each with the position behind it."""
        layout = self._layout
        stride = layout.itemsize
        head = (self.record.rtype << 8) | (stride // 4)
        at = 0
        window = _FIRST_RUN
        while at < len(block):
            count = min((len(block) - at) // stride, window)
            heads: np.ndarray = np.ndarray(count, "<u2", block, at, (stride,))
            other = np.flatnonzero(heads != head)
            run = int(other[0]) if other.size else count
            if run:
                rows = np.frombuffer(block, layout, run, at)
                at += run * stride
                # Looking further ahead after each whole run keeps a file of mixed types from being scanned again and
                # again, and a pure one fast.
                window = window * 8 if run == count else _FIRST_RUN
                yield rows, at
                continue
            size = self._other(block, at)
            if not size:
                return
            at += size
            yield np.empty(0, layout), at

    def _other(self, block: bytes, at: int) -> int:
        """Bytes of the record of another type at `at`, counted; 0 when the block ends inside it."""
        if len(block) - at < 2:
            return 0
        size, kind = block[at] * 4, block[at + 1]
        where = f"after {self.record.unit} {self.records}"
        if size < 16:
            raise FileFormatError(self.path, where, f"a record of {size} bytes", "at least 16: the file is damaged")
        if kind == self.record.rtype and size != self._layout.itemsize:
            expected = f"{self._layout.itemsize} in version {self.header.version} with ts_out = {self.header.ts_out}"
            raise FileFormatError(self.path, where, f"a {self.record.unit} of {size} bytes", expected)
        if len(block) - at < size:
            return 0
        self.skipped[_TYPE_NAMES.get(kind, f"type 0x{kind:02X}")] += 1
        body = block[at + 16 : at + size]
        if kind == _ERROR_TYPE:
            self.errors.append(f"error record {where}: {text(body[:302])}")
        if kind == _MAPPING_TYPE:
            self._map(struct.unpack_from("<I", block, at + 4)[0], body)
        return size

    def _map(self, instrument_id: int, body: bytes) -> None:
        """Learn a symbol from a record inside the stream: a live capture has none in its metadata."""
        width, step = (22, 0) if len(body) == 64 else (71, 1)  # version 1, later versions
        asked, given = text(body[step : step + width]), text(body[2 * step + width : 2 * (step + width)])
        symbol = asked if given.isdigit() else given
        self.header.symbols.setdefault(instrument_id, []).append((0, UNDEF_TIME, symbol))


def _wanted(path: Path, stated: str | None, asked: str | None) -> Record:
    """The record of the schema that is asked for, which must be the one that the metadata states, if it does."""
    schema = asked or stated
    if schema is None or schema not in RECORDS or (stated is not None and schema != stated):
        expected = asked or f"one of {', '.join(RECORDS)}"
        raise FileFormatError(path, "schema", stated or schema or "none in the metadata", expected)
    return RECORDS[schema]


@contextmanager
def open_bytes(path: Path) -> Iterator[Bytes]:
    """The content of a file, decompressed when it is zstd or gzip."""
    with open(path, "rb") as file:
        yield Bytes(path, file)


class Bytes:
    """The content of an open file, decompressed when it is zstd or gzip. Raises FileFormatError as it reads."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path = path
        self._file: Any = file
        magic = file.read(4)
        self._codec = "zstd" if magic == _ZSTD_MAGIC else "gzip" if magic[:2] == _GZIP_MAGIC else ""
        file.seek(0)
        if self._codec:
            import pyarrow as pa

            # Arrow's reader goes across frames, bounds its memory whatever the ratio, and knows a frame cut short.
            self._file = pa.CompressedInputStream(pa.PythonFile(file), self._codec)

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; fewer only at the end."""
        try:
            data: bytes = self._file.read(size)
        except OSError as error:
            raise FileFormatError(
                self._path, f"{self._codec} stream", str(error), f"whole {self._codec} frames"
            ) from error
        return data


def read_header(path: Path, source: Bytes) -> DbnHeader:
    """The metadata at the beginning of a DBN file. Raises FileFormatError."""
    prefix = source.read(8)
    if len(prefix) < 8 or prefix[:3] != _MAGIC:
        raise FileFormatError(path, "first bytes", repr(prefix[:4]), "b'DBN' and a version, plain or inside zstd")
    version = prefix[3]
    if version not in _VERSIONS:
        raise FileFormatError(path, "DBN version", str(version), "1, 2 or 3")
    length = struct.unpack_from("<I", prefix, 4)[0]
    if length > _MOST_METADATA:
        raise FileFormatError(path, "metadata", f"a length of {length} bytes", f"at most {_MOST_METADATA}")
    body = b""
    while len(body) < length and (piece := source.read(min(length - len(body), BLOCK))):
        body += piece
    if len(body) < length:
        raise FileFormatError(path, "metadata", f"{len(body)} bytes", f"{length} bytes: the file is truncated")
    return parse(path, version, body)
