"""An ITCH file as a stream of bytes, plain or gzip, and the day that its name says."""

from __future__ import annotations

import datetime as dt
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tickwright.core.errors import ConfigError, FileFormatError

BLOCK = 4 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP = 31  # zlib's word for a window of 32 kB and a gzip header
_PACKED = 1 << 18

# 01302019.NASDAQ_ITCH50.gz, 20190130.BX_ITCH_50.gz, S020119-v50.txt.gz
_PATTERNS = (
    (re.compile(r"(?<!\d)(\d{8})(?!\d)"), ("%Y%m%d", "%m%d%Y")),
    (re.compile(r"(?<![0-9A-Za-z])S(\d{6})(?!\d)"), ("%m%d%y",)),
    (re.compile(r"(?<!\d)(\d{4}-\d\d-\d\d)(?!\d)"), ("%Y-%m-%d",)),
)
_YEARS = range(1990, 2100)


def date_of(path: Path) -> dt.date:
    """The day in a file's name. Raises ConfigError when it has none, or two."""
    found = set()
    for pattern, forms in _PATTERNS:
        for text in pattern.findall(path.name):
            found |= {date for form in forms if (date := _date(text, form)) is not None}
    if len(found) != 1:
        expected = "one date, MMDDYYYY, YYYYMMDD or SMMDDYY, as 01302019.NASDAQ_ITCH50.gz; otherwise pass --date"
        raise ConfigError("file name", path.name, expected)
    return found.pop()


def _date(text: str, form: str) -> dt.date | None:
    try:
        date = dt.datetime.strptime(text, form).date()
    except ValueError:
        return None
    return date if date.year in _YEARS else None


class ItchFile:
    """The blocks of a file, unpacked; `done` bytes of the file itself have been read. Raises FileFormatError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size
        self.done = 0

    def blocks(self) -> Iterator[bytes]:
        """The content in order, at most `BLOCK` bytes at a time."""
        with open(self.path, "rb") as file:
            packed = file.read(2) == _GZIP_MAGIC
            file.seek(0)
            yield from self._unpacked(file) if packed else self._pieces(file, BLOCK)

    def _pieces(self, file: IO[bytes], size: int) -> Iterator[bytes]:
        while piece := file.read(size):
            self.done += len(piece)
            yield piece

    def _unpacked(self, file: IO[bytes]) -> Iterator[bytes]:
        """Every member of a gzip file, with memory that is bounded whatever the ratio."""
        member = zlib.decompressobj(_GZIP)
        for piece in self._pieces(file, _PACKED):
            block = b""
            while piece or len(block) == BLOCK:  # a full block may have left output behind
                if member.eof:
                    piece = piece.lstrip(b"\0")  # padding between members and at the end, as gzip itself allows
                    if not piece:
                        break
                    member = zlib.decompressobj(_GZIP)
                try:
                    block = member.decompress(piece, BLOCK)
                except zlib.error as error:
                    place = f"gzip stream near byte {self.done}"
                    raise FileFormatError(self.path, place, str(error), "a whole gzip file: it is damaged") from error
                yield block
                piece = member.unused_data if member.eof else member.unconsumed_tail
        if not member.eof:
            raise FileFormatError(
                self.path, "gzip stream", f"the end of the file after {self.done} bytes",
                "the end of its stream: the file is truncated",
            )  # fmt: skip
