"""Whole DBN files: look at one to its very end, so that half a file is never taken for a day.

The look knows no schema: every DBN record begins with its length in 4-byte words and its type, so the records of any
schema and version can be walked, and counted, without reading what is in them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tickwright.core.errors import FileFormatError
from tickwright.data.databento.stream import open_bytes, read_header

_BLOCK = 4 << 20
_LOOK_AHEAD = 1024
# Error, symbol mapping and system records: about the stream, not of the market.
NOT_DATA = (0x15, 0x16, 0x17)


@dataclass(slots=True)
class Contents:
    """What a whole DBN file holds: its metadata, and its records by type."""

    dataset: str
    schema: str | None
    """None for a live recording, which may hold several."""
    not_found: list[str]
    partial: list[str]
    types: Counter[int] = field(default_factory=Counter)

    @property
    def records(self) -> int:
        """Records of market data."""
        return sum(count for kind, count in self.types.items() if kind not in NOT_DATA)


def look_through(path: Path) -> Contents:
    """Decode a file to its end, zstd or plain, in bounded memory. Raises FileFormatError where it is not whole."""
    with open_bytes(path) as source:
        header = read_header(path, source)
        contents = Contents(header.dataset, header.schema, header.not_found, header.partial)
        rest = b""
        while True:
            block = rest + source.read(_BLOCK)
            if len(block) == len(rest):
                break
            used = _walk(path, block, contents.types)
            rest = block[used:]
    if rest:
        raise FileFormatError(
            path, f"after record {contents.types.total()}", f"{len(rest)} bytes and the end of the file",
            "whole records: the file is truncated",
        )  # fmt: skip
    return contents


def sha256(path: Path) -> str:
    """Hash of the bytes of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _walk(path: Path, block: bytes, types: Counter[int]) -> int:
    """Count the whole records at the beginning of a block; the position behind the last."""
    at, window = 0, _LOOK_AHEAD
    while len(block) - at >= 2:
        size, kind = block[at] * 4, block[at + 1]
        if size < 16:
            where = f"after record {types.total()}"
            raise FileFormatError(path, where, f"a record of {size} bytes", "at least 16: the file is damaged")
        count = min((len(block) - at) // size, window)
        if not count:
            break
        # Records of one size and type stand in long runs: their first two bytes are compared together.
        heads: np.ndarray = np.ndarray(count, "<u2", block, at, (size,))
        others = np.flatnonzero(heads != heads[0])
        run = int(others[0]) if others.size else count
        window = window * 8 if run == count else _LOOK_AHEAD
        types[kind] += run
        at += run * size
    return at
