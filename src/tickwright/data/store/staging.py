"""The files of a write under way: row groups go to Parquet on a thread of their own, while the next rows are parsed.

NumPy, the hash and Arrow let go of the interpreter, so that reading and writing overlap. One worker keeps the order;
a bounded queue keeps the memory.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from tickwright.data.store.commit import Content, Stamp, commit
from tickwright.data.store.manifest import PARTS, InstrumentEntry, Manifest, Part, folder_name
from tickwright.data.store.part import PartWriter, latest_moment

if TYPE_CHECKING:
    from tickwright.data.store.files import Files, Room

OPEN_FILES = 128
"""Files open for writing at once; the one written longest ago is finished first, and a later row begins a new part."""
QUEUE = 2
"""Row groups that may wait for the writer."""

Key = tuple[str, str, str]
"""(symbol, schema, first UTC day of the span that its files hold)."""
Chunk = tuple[np.ndarray, np.ndarray | None]
"""Rows, and their times when the rows have none."""
Beside = Literal["alone", "before", "behind"]
"""Where rows go in a span: alone, or in the place of all that is there; behind all of it; or before some of it."""


class StagedFiles:
    """Parquet files being written, by (symbol, schema, day)."""

    def __init__(self, files: Files, room: Room, generation: int, source: str, stamp: Stamp) -> None:
        self._where = files
        self._room = room
        self._stamp = stamp
        self._generation = generation
        self._source = source
        self._writers: dict[Key, PartWriter] = {}
        self._parts: list[Part] = []
        self._files = 0
        self._pending: deque[Future[None]] = deque()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="parquet")

    def write(self, key: Key, instrument: InstrumentEntry, chunks: list[Chunk], beside: Beside) -> None:
        """Queue one row group, for a new file wherever it stands. Raises the StorageError of an earlier one."""
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

    def commit(self, before: Manifest, content: Content) -> Manifest:
        """Make the next version (`commit`)."""
        return commit(self._room, before, content, self._stamp)

    def latest_moment(self, part: Part) -> int:
        """The latest of the times by which the rows of a stored part are kept."""
        return latest_moment(self._where, part)

    def abandon(self) -> None:
        """Drop what is queued and let go of the files; they stay behind, to be cleared."""
        self._worker.shutdown(wait=True, cancel_futures=True)
        self._pending.clear()
        for writer in self._writers.values():
            writer.abandon()
        self._writers.clear()

    def _write(self, key: Key, instrument: InstrumentEntry, chunks: list[Chunk]) -> None:
        self._room.renew()
        writer = self._writers.pop(key, None) or self._open(key, instrument)
        self._writers[key] = writer  # last in the dictionary: written most recently
        writer.write(chunks)

    def _open(self, key: Key, instrument: InstrumentEntry) -> PartWriter:
        while len(self._writers) >= OPEN_FILES:
            self._close(next(iter(self._writers)))
        symbol, schema, day = key
        number = f"{self._generation:06d}-{self._files:05d}{self._room.mark}"
        self._files += 1
        name = f"{PARTS}/{schema}/{folder_name(symbol)}/{day}/{number}.parquet"
        return PartWriter(self._room, name, schema, msgspec.json.encode(instrument))

    def _close(self, key: Key) -> None:
        writer = self._writers[key]
        content = writer.close()
        del self._writers[key]
        symbol, schema, day = key
        self._parts.append(
            Part(
                path=writer.name, schema=schema, symbol=symbol, day=day, rows=writer.rows, bytes=writer.bytes,
                first=int(writer.first), last=int(writer.last), source=self._source, content=content,
                until=int(writer.until),
            )
        )  # fmt: skip
