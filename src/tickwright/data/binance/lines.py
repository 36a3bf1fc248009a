"""Whole lines of a text file, plain or gzip, a block at a time."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from tickwright.core.errors import FileFormatError

BLOCK = 4 << 20
"""Bytes of a block, and of the longest line: a snapshot of 5000 levels a side has about 350 kB."""
_PACKED = 256 << 10
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_BITS = 31

Progress = Callable[[int, int], None]


def blocks(path: Path, progress: Progress | None = None) -> Iterator[bytes]:
    """Bytes that end with a line end; the last one is added where it lacks.

    Memory is bounded by a few blocks. `progress` hears of bytes of the file done and in all. Raises FileFormatError:
    the gzip stream is cut off or damaged, or a line is longer than a block.
    """
    total = path.stat().st_size
    with open(path, "rb") as file:
        packed = file.read(2) == _GZIP_MAGIC
        file.seek(0)
        pieces, size, done = [b""], 0, 0
        for data in _unpacked(path, file) if packed else _plain(path, file):
            pieces.append(data)
            size += len(data)
            if size < BLOCK:
                continue
            text = b"".join(pieces)
            cut = text.rfind(b"\n") + 1
            if not cut:
                found = f"{len(text)} bytes without a line end"
                raise FileFormatError(path, f"after byte {done} of the text", found, f"lines of at most {BLOCK} bytes")
            yield text[:cut]
            done += cut
            pieces, size = [text[cut:]], len(text) - cut
            if progress is not None:
                progress(file.tell(), total)
        if rest := b"".join(pieces):
            yield rest if rest.endswith(b"\n") else rest + b"\n"
        if progress is not None:
            progress(total, total)


def _plain(path: Path, file: IO[bytes]) -> Iterator[bytes]:
    while data := _read(path, file, BLOCK):
        yield data


def _unpacked(path: Path, file: IO[bytes]) -> Iterator[bytes]:
    """The content of a gzip file of one or more members, at most a block at a time, whatever its ratio.

    zlib itself, for Python's gzip module takes nearly twice its time.
    """
    member = zlib.decompressobj(_GZIP_BITS)
    begun = False
    while packed := _read(path, file, _PACKED):
        while packed:
            if not begun:
                packed = packed.lstrip(b"\0")  # padding between members, as the gzip format allows it in practice
                begun = bool(packed)
            try:
                data = member.decompress(packed, BLOCK)
            except zlib.error as error:
                raise _damaged(path, str(error)) from error
            packed = member.unconsumed_tail
            if data:
                yield data
            if member.eof:
                packed = member.unused_data
                member, begun = zlib.decompressobj(_GZIP_BITS), False
    if begun:
        raise _damaged(path, "its end within the stream")


def _damaged(path: Path, found: str) -> FileFormatError:
    return FileFormatError(path, "gzip stream", found, "a whole gzip file: it is cut off or damaged")


def _read(path: Path, file: IO[bytes], size: int) -> bytes:
    try:
        return file.read(size)
    except OSError as error:
        raise FileFormatError(path, "file", str(error), "a readable file") from error
