"""The rows of a Bitstamp order file, plain, gzip or xz, one at a time.

Columns: `id,timestamp,exchange.timestamp,price,volume,action,direction`. `timestamp` is the local time of receipt and
`exchange.timestamp` the time at which the order was created, whatever the action, both in milliseconds; `volume` is
what remains of the order, in units of 10^-8; `price` is a decimal. Source: obAnalytics, whose recordings these are.
"""

from __future__ import annotations

import gzip
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

from tickwright.core.errors import FileFormatError
from tickwright.data.csv_rows import LineBlocks

HEADER = b"id,timestamp,exchange.timestamp,price,volume,action,direction"
_EXPECTED = f"a row of {HEADER.decode()}"
_GZIP, _XZ = b"\x1f\x8b", b"\xfd7zXZ\x00"
_ROW = re.compile(rb"(\d{1,18}),(\d{1,13}),(\d{1,13}),(\d{1,12}(?:\.\d{1,8})?),(\d{1,18}),(\w+),(bid|ask)\r?")
_ACTIONS = (b"created", b"changed", b"deleted")

Progress = Callable[[int, int], None]


class OrderRow(NamedTuple):
    """One row: times in milliseconds, `volume` in units of 10^-8, `price` as it stands."""

    line: int
    id: int
    received: int
    created: int
    price: str
    volume: int
    action: str
    bid: bool


def order_rows(path: Path, progress: Progress | None = None) -> Iterator[OrderRow]:
    """Every row of a file. `progress` hears of bytes of the file done and in all.

    Raises FileFormatError with the line: another header, a row that is none, a compressed stream cut off or damaged.
    """
    total = path.stat().st_size
    with open(path, "rb") as file:
        blocks = LineBlocks(str(path), _Content(path, file), _EXPECTED)
        line = 0
        while block := blocks.next():
            for text in block.removesuffix(b"\n").split(b"\n"):
                line += 1
                if line == 1:
                    if text.rstrip(b"\r") != HEADER:
                        raise FileFormatError(path, "line 1", _shown(text), f"the header {HEADER.decode()}")
                    continue
                yield _row(path, line, text)
            if progress is not None:
                progress(min(file.tell(), total), total)
        if not line:
            raise FileFormatError(path, "line 1", "nothing", f"the header {HEADER.decode()}")


def _row(path: Path, line: int, text: bytes) -> OrderRow:
    match = _ROW.fullmatch(text)
    if match is None or match[6] not in _ACTIONS:
        raise FileFormatError(path, f"line {line}", _shown(text), _EXPECTED + ", created, changed or deleted")
    number, received, created, price, volume, action, side = match.groups()
    if max(int(received), int(created)) > (2**63 - 1) // 1_000_000:
        raise FileFormatError(path, f"line {line}", _shown(text), "milliseconds that fit 64 bits as nanoseconds")
    if not int(number):
        raise FileFormatError(path, f"line {line}", "order id 0", "a positive order id")
    return OrderRow(
        line, int(number), int(received), int(created), price.decode(), int(volume), action.decode(), side == b"bid"
    )


def _shown(text: bytes) -> str:
    return repr(text[:100].decode(errors="replace"))


class _Content:
    """The content of a file, decompressed when it is gzip or xz."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path = path
        first = file.read(len(_XZ))
        file.seek(0)
        self._file = file
        if first.startswith(_GZIP):
            self._file = cast(IO[bytes], gzip.GzipFile(fileobj=file))
        elif first == _XZ:
            self._file = cast(IO[bytes], lzma.LZMAFile(file))  # noqa: SIM115 - the caller closes `file`

    def read(self, size: int, /) -> bytes:
        try:
            return self._file.read(size)
        except (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError) as error:
            raise FileFormatError(
                self._path, "compressed stream", str(error), "a whole gzip or xz file: it is cut off or damaged"
            ) from error
        except OSError as error:
            raise FileFormatError(self._path, "file", str(error), "a readable file") from error
