"""One Parquet file of the catalog: written in row groups of bounded size, read back in chunks of bounded size."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tickwright.core.errors import CatalogError
from tickwright.data.store.manifest import storage
from tickwright.data.store.schema import FILE_VERSION, Columns, arrow_schema, column_types, to_columns, writer_options

ROW_GROUP_BYTES = 32 << 20
"""Bytes of rows that one row group holds: half a million market events."""


class PartWriter:
    """A Parquet file being written. The hash of its content does not depend on how the rows were cut into chunks."""

    def __init__(self, path: Path, schema: str, instrument_json: bytes) -> None:
        self.path = path
        self.rows = 0
        self.first = np.iinfo(np.int64).max
        self.last = np.iinfo(np.int64).min
        self._schema = schema
        self._arrow = arrow_schema(schema, instrument_json)
        self._hashes = {name: hashlib.sha256(name.encode()) for name in column_types(schema)}
        with storage(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(path, "wb", buffering=1 << 20)  # noqa: SIM115  open until `close`, across calls
            self._writer = pq.ParquetWriter(self._file, self._arrow, **writer_options(schema))

    def write(self, chunks: list[tuple[np.ndarray, np.ndarray | None]]) -> None:
        """Append (rows, times) of one or more chunks as one row group. Raises StorageError."""
        columns = to_columns(self._schema, chunks)
        for name, column in columns.items():
            self._hashes[name].update(column.data)
        moments = columns["ts_event"]
        self.rows += moments.size
        self.first = min(self.first, int(moments.min()))
        self.last = max(self.last, int(moments.max()))
        with storage(self.path):
            self._writer.write_table(pa.table(columns, schema=self._arrow))

    def close(self) -> str:
        """Finish the file, have it on the disk, and return the hash of its content. Raises StorageError."""
        with storage(self.path):
            self._writer.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        whole = hashlib.sha256()
        for digest in self._hashes.values():
            whole.update(digest.digest())
        return whole.hexdigest()[:32]

    def abandon(self) -> None:
        """Let go of the file; it stays in staging, to be swept."""
        # The file is thrown away, so that its footer does not fit on a full disk is of no interest.
        with suppress(OSError, ValueError, pa.ArrowException):
            self._writer.close()
        with suppress(OSError):
            self._file.close()


def read_part(path: Path, schema: str, start: int | None, end: int | None, rows: int) -> Iterator[Columns]:
    """Columns of the rows with start ≤ ts_event < end, in file order, at most `rows` at a time.

    Row groups whose recorded extremes lie outside the range are not read. Raises CatalogError for a file that is
    missing, damaged, or of another version.
    """
    try:
        with pq.ParquetFile(path) as file:
            _check(path, schema, file)
            groups = [
                i for i in range(file.metadata.num_row_groups) if _overlaps(file.metadata.row_group(i), start, end)
            ]
            for batch in file.iter_batches(rows, row_groups=groups) if groups else ():
                columns = {
                    name: column.to_numpy(zero_copy_only=False)
                    for name, column in zip(batch.schema.names, batch.columns, strict=True)
                }
                yield _within(columns, start, end)
    except (OSError, pa.ArrowException) as error:
        raise CatalogError(f"{path}: a file of the catalog is missing or damaged: {error}") from error


def _check(path: Path, schema: str, file: pq.ParquetFile) -> None:
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
