"""Whole lines of a text file, plain or gzip, a block at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from tickwright.core.errors import FileFormatError
from tickwright.data import unpack

Progress = Callable[[int, int], None]


def blocks(path: Path, progress: Progress | None = None) -> Iterator[bytes]:
    """Bytes that end with a line end; the last one is added where it lacks.

    A line, and so a snapshot (about 350 kB for 5000 levels a side), has at most `unpack.BLOCK` bytes. `progress` hears
    of bytes of the file done and in all. Raises FileFormatError: as of `Content`, or a line is longer than that.
    """
    content = unpack.Content(path)
    rest, done = b"", 0
    for block in content.blocks():
        cut = block.rfind(b"\n") + 1
        head = len(rest) + (block.find(b"\n") + 1 if cut else len(block))
        if head > unpack.BLOCK:
            found = f"{head} bytes without a line end"
            raise FileFormatError(
                path, f"after byte {done} of the text", found, f"lines of at most {unpack.BLOCK} bytes"
            )
        if not cut:
            rest += block
            continue
        text = b"".join((rest, memoryview(block)[:cut]))
        rest = block[cut:]
        done += len(text)
        yield text
        if progress is not None:
            progress(content.done, content.size)
    if rest:
        yield rest if rest.endswith(b"\n") else rest + b"\n"
    if progress is not None:
        progress(content.size, content.size)
