"""The bytes of a Databento DBN file (versions 1–3, plain or zstd) as arrays of market-by-order records.

Layout, from Databento's published specification: `DBN`, a version byte, the length of the metadata (uint32), the
metadata, then records. Every record begins with its length in 4-byte words and its type. A market-by-order record
(type 0xA0) has the same 56 bytes in all three versions, 64 when the metadata says `ts_out`.

A block of bytes is cut at record ends; runs of market-by-order records in it are viewed in place, and only where
another type stands between them does Python look at a single header.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from tickwright.core.errors import FileFormatError
from tickwright.core.units import DAY

Progress = Callable[[int, int], None]

MBO = np.dtype(
    [
        ("length", "u1"), ("rtype", "u1"), ("publisher_id", "<u2"), ("instrument_id", "<u4"), ("ts_event", "<u8"),
        ("order_id", "<u8"), ("price", "<i8"), ("size", "<u4"), ("flags", "u1"), ("channel_id", "u1"),
        ("action", "u1"), ("side", "u1"), ("ts_recv", "<u8"), ("ts_in_delta", "<i4"), ("sequence", "<u4"),
    ]
)  # fmt: skip
MBO_TS_OUT = np.dtype([*MBO.descr, ("ts_out", "<u8")])
UNDEF_PRICE = 2**63 - 1
UNDEF_TIME = 2**64 - 1
UNDEF_SIZE = 2**32 - 1

BLOCK = 4 << 20
_MAGIC = b"DBN"
_VERSIONS = (1, 2, 3)
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_MBO_TYPE = 0xA0
_ERROR_TYPE, _MAPPING_TYPE = 0x15, 0x16
_TYPE_NAMES = {
    0x00: "trade", 0x01: "mbp-1", 0x0A: "mbp-10", 0x12: "status", 0x13: "definition", 0x14: "imbalance",
    0x15: "error", 0x16: "symbol mapping", 0x17: "system", 0x18: "statistics",
}  # fmt: skip
_FIRST_RUN = 1024


@dataclass(frozen=True, slots=True)
class DbnHeader:
    """What the metadata of a file says. `symbols` maps an instrument id to (first ns, end ns, symbol) intervals."""

    version: int
    dataset: str
    ts_out: bool
    symbols: dict[int, list[tuple[int, int, str]]]


class MboStream:
    """A DBN file of the schema `mbo`, read once from its beginning with memory bounded by the block.

    Raises FileFormatError: not DBN, another schema or version, cut off, or damaged.
    """

    def __init__(self, path: Path, progress: Progress | None = None) -> None:
        self.path = path
        self.records = 0
        """Market-by-order records handed out so far."""
        self.skipped: Counter[str] = Counter()
        self.errors: list[str] = []
        """Texts of the error records met."""
        self._progress = progress
        self._total = path.stat().st_size
        with open_bytes(path) as source:
            self.header = _header(path, source)

    def blocks(self) -> Iterator[np.ndarray]:
        """Arrays of MBO records, in file order; each is valid until the next is asked for."""
        with open(self.path, "rb") as file:
            source = Bytes(self.path, file)
            _header(self.path, source)
            rest = b""
            while True:
                block = rest + source.read(BLOCK)
                if len(block) == len(rest):
                    break
                used = 0
                for run, end in self._runs(block):
                    used = end
                    if run.size:
                        yield run
                        self.records += run.size
                rest = block[used:]
                if self._progress is not None:
                    self._progress(file.tell(), self._total)
        if rest:
            raise FileFormatError(
                self.path, f"after market-by-order record {self.records}", f"{len(rest)} bytes and the end of the file",
                "whole records: the file is truncated",
            )  # fmt: skip

    def _runs(self, block: bytes) -> Iterator[tuple[np.ndarray, int]]:
        """Runs of MBO records in a block, each with the position behind it."""
        layout = MBO_TS_OUT if self.header.ts_out else MBO
        stride = layout.itemsize
        head = (_MBO_TYPE << 8) | (stride // 4)
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
            yield np.empty(0, MBO), at

    def _other(self, block: bytes, at: int) -> int:
        """Bytes of the record of another type at `at`, counted; 0 when the block ends inside it."""
        if len(block) - at < 2:
            return 0
        size, kind = block[at] * 4, block[at + 1]
        where = f"after market-by-order record {self.records}"
        if size < 16:
            raise FileFormatError(self.path, where, f"a record of {size} bytes", "at least 16: the file is damaged")
        if kind == _MBO_TYPE and size not in (MBO.itemsize, MBO_TS_OUT.itemsize):
            raise FileFormatError(self.path, where, f"a market-by-order record of {size} bytes", f"{MBO.itemsize}")
        if kind == _MBO_TYPE and (size == MBO.itemsize) == self.header.ts_out:
            raise FileFormatError(self.path, where, f"a record of {size} bytes", f"ts_out = {self.header.ts_out}")
        if len(block) - at < size:
            return 0
        self.skipped[_TYPE_NAMES.get(kind, f"type 0x{kind:02X}")] += 1
        body = block[at + 16 : at + size]
        if kind == _ERROR_TYPE:
            self.errors.append(f"error record {where}: {_text(body[:302])}")
        if kind == _MAPPING_TYPE:
            self._map(struct.unpack_from("<I", block, at + 4)[0], body)
        return size

    def _map(self, instrument_id: int, body: bytes) -> None:
        """Learn a symbol from a record inside the stream: a live capture has none in its metadata."""
        width, step = (22, 0) if len(body) == 64 else (71, 1)  # version 1, later versions
        asked, given = _text(body[step : step + width]), _text(body[2 * step + width : 2 * (step + width)])
        symbol = asked if given.isdigit() else given
        self.header.symbols.setdefault(instrument_id, []).append((0, UNDEF_TIME, symbol))


@contextmanager
def open_bytes(path: Path) -> Iterator[Bytes]:
    """The content of a file, decompressed when it is zstd."""
    with open(path, "rb") as file:
        yield Bytes(path, file)


class Bytes:
    """A reader of the content of an open file, decompressed when it is zstd. Raises FileFormatError as it reads."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path = path
        self._file: Any = file
        compressed = file.read(4) == _ZSTD_MAGIC
        file.seek(0)
        if compressed:
            import pyarrow as pa

            # Arrow's reader goes across frames, bounds its memory whatever the ratio, and knows a frame cut short.
            self._file = pa.CompressedInputStream(pa.PythonFile(file), "zstd")

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; fewer only at the end."""
        try:
            data: bytes = self._file.read(size)
        except OSError as error:
            raise FileFormatError(self._path, "zstd stream", str(error), "whole zstd frames") from error
        return data


def _header(path: Path, source: Bytes) -> DbnHeader:
    from databento_dbn import DBNError, Metadata, SType

    prefix = source.read(8)
    if len(prefix) < 8 or prefix[:3] != _MAGIC:
        raise FileFormatError(path, "first bytes", repr(prefix[:4]), "b'DBN' and a version, plain or inside zstd")
    version = prefix[3]
    if version not in _VERSIONS:
        raise FileFormatError(path, "DBN version", str(version), "1, 2 or 3")
    length = struct.unpack_from("<I", prefix, 4)[0]
    body = source.read(length)
    if len(body) < length:
        raise FileFormatError(path, "metadata", f"{len(body)} bytes", f"{length} bytes: the file is truncated")
    try:
        metadata = Metadata.decode(prefix + body)
    except (DBNError, ValueError) as error:
        raise FileFormatError(path, "metadata", str(error), "DBN metadata") from error
    schema = metadata.schema
    if schema is not None and str(schema) != "mbo":
        raise FileFormatError(path, "schema", str(schema), "mbo (market by order)")
    return DbnHeader(version, metadata.dataset, metadata.ts_out, _symbols(metadata, metadata.stype_in, SType))


def _symbols(metadata: Any, stype_in: Any, kinds: Any) -> dict[int, list[tuple[int, int, str]]]:
    """Intervals of symbols by instrument id, whichever of the two the file was asked by."""
    symbols: dict[int, list[tuple[int, int, str]]] = {}
    for asked, intervals in metadata.mappings.items():
        for interval in intervals:
            by_id = stype_in == kinds.INSTRUMENT_ID
            number, symbol = (asked, interval["symbol"]) if by_id else (interval["symbol"], asked)
            if number and symbol:  # an interval without a symbol says that there was none then
                span = (_nanos(interval["start_date"]), _nanos(interval["end_date"]))
                symbols.setdefault(int(number), []).append((*span, symbol))
    return symbols


def _nanos(date: Any) -> int:
    return int(date.toordinal() - 719_163) * DAY


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode(errors="replace")
