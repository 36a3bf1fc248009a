"""The files of a write under way: row groups go to Parquet on a thread of their own, while the next rows are parsed.

NumPy, the hash and Arrow let go of the interpreter, so that reading and writing overlap. One worker keeps the order;
a bounded queue keeps the memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np

from tickwright.data.store import manifest as store
from tickwright.data.store.manifest import InstrumentEntry, Part
from tickwright.data.store.part import PartWriter

OPEN_FILES = 128
"""Files open for writing at once; the one written longest ago is finished first, and a later row begins a new part."""
QUEUE = 2
"""Row groups that may wait for the writer."""

Key = tuple[str, str, str]
"""(symbol, schema, first UTC day of the span that its files hold)."""
Chunk = tuple[np.ndarray, np.ndarray | None]
"""Rows, and their times when the rows have none."""


class StagedFiles:
    """Parquet files in staging, by (symbol, schema, day)."""

    def __init__(self, root: Path, generation: int, source: str) -> None:
        self._root = root
        self._generation = generation
        self._source = source
        self._writers: dict[Key, PartWriter] = {}
        self._parts: list[Part] = []
        self._files = 0
        self._pending: deque[Future[None]] = deque()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="parquet")

    def write(self, key: Key, instrument: InstrumentEntry, chunks: list[Chunk]) -> None:
        """Queue one row group. Raises the StorageError of an earlier one."""
        while len(self._pending) >= QUEUE:
            self._pending.popleft().result()
        self._pending.append(self._worker.submit(self._write, key, instrument, chunks))

    def finish(self) -> list[Part]:
        """Write what is queued, close every file, have it on the disk. Raises StorageError."""
        while self._pending:
            self._pending.popleft().result()
        for key in list(self._writers):
            self._close(key)
        return self._parts

    def abandon(self) -> None:
        """Drop what is queued and let go of the files; they stay in staging, to be swept."""
        self._worker.shutdown(wait=True, cancel_futures=True)
        self._pending.clear()
        for writer in self._writers.values():
            writer.abandon()
        self._writers.clear()

    def _write(self, key: Key, instrument: InstrumentEntry, chunks: list[Chunk]) -> None:
        writer = self._writers.pop(key, None) or self._open(key, instrument)
        self._writers[key] = writer  # last in the dictionary: written most recently
        writer.write(chunks)

    def _open(self, key: Key, instrument: InstrumentEntry) -> PartWriter:
        while len(self._writers) >= OPEN_FILES:
            self._close(next(iter(self._writers)))
        symbol, schema, day = key
        name = f"{self._generation:06d}-{self._files:05d}.parquet"
        self._files += 1
        path = self._root / store.STAGING / schema / store.folder_name(symbol) / day / name
        return PartWriter(path, schema, msgspec.json.encode(instrument))

    def _close(self, key: Key) -> None:
        writer = self._writers[key]
        content = writer.close()
        del self._writers[key]
        symbol, schema, day = key
        self._parts.append(
            Part(
                path=str(store.PARTS / writer.path.relative_to(self._root / store.STAGING)),
                schema=schema, symbol=symbol, day=day, rows=writer.rows, bytes=writer.path.stat().st_size,
                first=int(writer.first), last=int(writer.last), source=self._source, content=content,
            )
        )  # fmt: skip


def unstaged(parts: list[Part]) -> Iterator[tuple[str, str]]:
    """(path in staging, path in the catalog) of every part, both relative to the catalog."""
    for part in parts:
        yield str(store.STAGING / Path(part.path).relative_to(store.PARTS)), part.path
