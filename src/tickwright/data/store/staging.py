"""The files of a write under way: row groups go to Parquet on threads of their own, while the next rows are parsed.

NumPy, the hash and Arrow let go of the interpreter, so that reading, hashing and writing overlap. The files of one
span all go down one lane, which keeps their order; a bounded queue keeps the memory.
"""

from __future__ import annotations

import zlib
from collections import deque
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from tickwright.data.store.commit import Content, Stamp, commit
from tickwright.data.store.manifest import PARTS, InstrumentEntry, Manifest, Part, folder_name
from tickwright.data.store.part import PartWriter, latest_moment
from tickwright.data.store.schema import Columns, to_columns

if TYPE_CHECKING:
    from tickwright.data.store.files import Files, Room

LANES = 2
OPEN_FILES = 128
"""Files of a lane open for writing at once, where the room has them; the one written longest ago is finished first, and
a later row begins a new part."""
QUEUE_BYTES = 40 << 20
"""Columns that may wait in a lane: one large row group, or many small ones."""

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
        self._hasher = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hash")
        self._lanes = [_Lane(room, source, f"{generation:06d}", self._hasher) for _ in range(LANES)]

    def write(self, key: Key, instrument: InstrumentEntry, chunks: list[Chunk], beside: Beside) -> None:
        """Queue one row group, for a new file wherever it stands. Raises the StorageError of an earlier one."""
        self._room.renew()
        for each in self._lanes:
            each.look()
        lane = self._lanes[zlib.crc32("/".join(key).encode()) % LANES]
        lane.queue(key, instrument, to_columns(key[1], chunks))

    def finish(self) -> list[Part]:
        """Write what is queued, close every file, have it on the disk. Raises StorageError."""
        for lane in self._lanes:
            lane.close()
        for lane in self._lanes:
            self._room.renew()
            lane.wait()
        return [part for lane in self._lanes for part in lane.parts]

    def commit(self, before: Manifest, content: Content) -> Manifest:
        """Make the next version (`commit`)."""
        return commit(self._room, before, content, self._stamp)

    def latest_moment(self, part: Part) -> int:
        """The latest of the times by which the rows of a stored part are kept."""
        return latest_moment(self._where, part)

    def abandon(self) -> None:
        """Drop what is queued and let go of the files; they stay behind, to be cleared."""
        with ExitStack() as stack:  # all of them, whatever one raises: none may write when the lock is gone
            stack.callback(self._hasher.shutdown, wait=True)
            for lane in self._lanes:
                stack.callback(lane.abandon)


class _Lane:
    """One writing thread and its files."""

    def __init__(self, room: Room, source: str, generation: str, hasher: Executor) -> None:
        self.parts: list[Part] = []
        """What is finished."""
        self._room = room
        self._source = source
        self._generation = generation
        self._files = 0
        self._hasher = hasher
        self._writers: dict[Key, PartWriter] = {}
        self._pending: deque[tuple[Future[None], int]] = deque()
        """Tasks with the bytes that they hold."""
        self._held = 0
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="parquet")

    def queue(self, key: Key, instrument: InstrumentEntry, columns: Columns) -> None:
        """Write one row group when those before it are written."""
        size = sum(column.nbytes for column in columns.values())
        self.wait(max(0, QUEUE_BYTES - size))
        self._pending.append((self._worker.submit(self._write, key, instrument, columns), size))
        self._held += size

    def close(self) -> None:
        """Finish all files when what waits is written."""
        self._pending.append((self._worker.submit(self._close_all), 0))

    def look(self) -> None:
        """Take off what is done. Raises what it raised."""
        while self._pending and self._pending[0][0].done():
            self._take()

    def wait(self, most: int = -1) -> None:
        """Until at most so many bytes wait; without a number, until nothing does. Raises what the tasks raised."""
        while self._pending and self._held > most:
            self._take()

    def _take(self) -> None:
        task, size = self._pending.popleft()
        self._held -= size
        task.result()

    def abandon(self) -> None:
        """Drop what waits and let go of the files."""
        self._worker.shutdown(wait=True, cancel_futures=True)
        self._pending.clear()
        for writer in self._writers.values():
            writer.abandon()
        self._writers.clear()

    def _write(self, key: Key, instrument: InstrumentEntry, columns: Columns) -> None:
        writer = self._writers.pop(key, None) or self._open(key, instrument)
        self._writers[key] = writer  # last in the dictionary: written most recently
        writer.write(columns)

    def _open(self, key: Key, instrument: InstrumentEntry) -> PartWriter:
        while len(self._writers) >= min(OPEN_FILES, self._room.most_open // LANES):
            self._close(next(iter(self._writers)))
        symbol, schema, day = key
        # Each lane counts for itself, so that the same source gives the same names: a folder is of one lane.
        number = f"{self._generation}-{self._files:05d}{self._room.mark}"
        self._files += 1
        name = f"{PARTS}/{schema}/{folder_name(symbol)}/{day}/{number}.parquet"
        return PartWriter(self._room, name, schema, msgspec.json.encode(instrument), self._hasher)

    def _close_all(self) -> None:
        for key in list(self._writers):
            self._close(key)

    def _close(self, key: Key) -> None:
        writer = self._writers[key]
        content = writer.close()
        del self._writers[key]
        symbol, schema, day = key
        self.parts.append(
            Part(
                path=writer.name, schema=schema, symbol=symbol, day=day, rows=writer.rows, bytes=writer.bytes,
                first=int(writer.first), last=int(writer.last), source=self._source, content=content,
                until=int(writer.until),
            )
        )  # fmt: skip
