"""One Parquet file of the catalog: written in row groups of bounded size, read back in chunks of bounded size."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tickwright.core.errors import CatalogError
from tickwright.data.store.disk import storage
from tickwright.data.store.manifest import Part
from tickwright.data.store.schema import (
    FILE_VERSION,
    Columns,
    arrow_schema,
    column_types,
    moment_column,
    writer_options,
)

if TYPE_CHECKING:
    from tickwright.data.store.files import Files, Room

ROW_GROUP_BYTES = 32 << 20
"""Bytes of rows that one row group holds: half a million market events."""


class ContentHash:
    """The hash of a series of rows, column by column: the same however the rows are cut into chunks."""

    def __init__(self, schema: str) -> None:
        self._hashes = {name: hashlib.sha256(name.encode()) for name in column_types(schema)}

    def update(self, columns: Columns) -> None:
        """The next rows."""
        for name, column in columns.items():
            self._hashes[name].update(np.ascontiguousarray(column).data)

    def text(self) -> str:
        """The hash of the rows so far."""
        whole = hashlib.sha256()
        for digest in self._hashes.values():
            whole.update(digest.digest())
        return whole.hexdigest()[:32]


class PartWriter:
    """A Parquet file being written, with the extremes of its times and the hash of its content."""

    def __init__(self, room: Room, name: str, schema: str, instrument_json: bytes, hasher: Executor) -> None:
        self.name = name
        self.rows = 0
        self.bytes = 0
        """Size of the file, once it is closed."""
        self.first = np.iinfo(np.int64).max
        self.last = np.iinfo(np.int64).min
        self.until = np.iinfo(np.int64).min
        self._arrow = arrow_schema(schema, instrument_json)
        self._moments = moment_column(schema)
        self._content = ContentHash(schema)
        self._hasher = hasher
        self._room = room
        self._place = f"{room.root}/{name}"
        with storage(self._place):
            self._file = room.new_part(name)
            self._writer = pq.ParquetWriter(self._file, self._arrow, **writer_options(schema))

    def write(self, columns: Columns) -> None:
        """Append rows as one row group. Raises StorageError."""
        hashed = self._hasher.submit(self._content.update, columns)
        times = columns["ts_event"]
        self.rows += times.size
        self.first = min(self.first, int(times.min()))
        self.last = max(self.last, int(times.max()))
        self.until = max(self.until, int(columns[self._moments].max()))
        with storage(self._place):
            self._writer.write_table(_table(columns, self._arrow))
        hashed.result()

    def close(self) -> str:
        """Finish the file, have it stored, and return the hash of its content. Raises StorageError."""
        with storage(self._place):
            self._writer.close()
            self.bytes = self._file.tell()
            self._room.finish(self._file)
        return self._content.text()

    def abandon(self) -> None:
        """Let go of the file; it stays behind, to be cleared."""
        # The file is thrown away, so that its footer does not fit on a full disk is of no interest.
        with suppress(OSError, ValueError, pa.ArrowException):
            self._writer.close()
        with suppress(OSError):
            self._file.close()


def _table(columns: Columns, schema: pa.Schema) -> pa.Table:
    """The columns in place. `pa.table` would do, but imports pandas to see whether they are of it."""
    rows = columns["ts_event"].size
    arrays = [pa.Array.from_buffers(f.type, rows, [None, pa.py_buffer(columns[f.name])]) for f in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def read_part(files: Files, name: str, schema: str, start: int | None, end: int | None, rows: int) -> Iterator[Columns]:
    """Columns of the rows with start ≤ ts_event < end, in file order, at most `rows` at a time.

    Row groups whose recorded extremes lie outside the range are not read. Raises CatalogError for a file that is
    missing, damaged, or of another version.
    """
    try:
        with files.opened(name) as source, pq.ParquetFile(source) as file:
            _check(f"{files.root}/{name}", schema, file)
            groups = [
                i for i in range(file.metadata.num_row_groups) if _overlaps(file.metadata.row_group(i), start, end)
            ]
            # Group by group: one reader of many groups holds what it has read of the file until its end.
            for batch in chain.from_iterable(file.iter_batches(rows, row_groups=[group]) for group in groups):
                columns = {
                    name: column.to_numpy(zero_copy_only=False)
                    for name, column in zip(batch.schema.names, batch.columns, strict=True)
                }
                yield _within(columns, start, end)
    except (OSError, pa.ArrowException) as error:
        gone = "; if its version was pruned, open the catalog again" if isinstance(error, FileNotFoundError) else ""
        raise CatalogError(
            f"{files.root}/{name}: a file of the catalog is missing or damaged: {error}{gone}"
        ) from error


def latest_moment(files: Files, part: Part) -> int:
    """The latest of the times by which a part's rows are kept. Raises CatalogError."""
    if part.until is not None:
        return part.until
    column = moment_column(part.schema)  # a part of a catalog of the first version
    return max(int(c[column].max()) for c in read_part(files, part.path, part.schema, None, None, 262_144))


def _check(path: str, schema: str, file: pq.ParquetFile) -> None:
    metadata = file.schema_arrow.metadata or {}
    found = (metadata.get(b"tickwright.version", b"").decode(), metadata.get(b"tickwright.schema", b"").decode())
    if found != (FILE_VERSION, schema):
        raise CatalogError(f"{path}: holds {found}, expected {(FILE_VERSION, schema)}")


def _overlaps(group: pq.RowGroupMetaData, start: int | None, end: int | None) -> bool:
    extremes = group.column(0).statistics  # ts_event is the first column of every schema
    return (start is None or extremes.max >= start) and (end is None or extremes.min < end)


def _within(columns: Columns, start: int | None, end: int | None) -> Columns:
    moments = columns["ts_event"]
    keep = np.ones(moments.size, bool)
    if start is not None:
        keep &= moments >= start
    if end is not None:
        keep &= moments < end
    return columns if keep.all() else {name: column[keep] for name, column in columns.items()}
