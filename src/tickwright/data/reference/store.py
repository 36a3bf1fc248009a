"""Reference tables in the folder of a catalog, each one file that is replaced whole.

    catalog/reference/
    ├── sectors.parquet
    ├── actions.parquet
    ├── .lock              held by the one writer
    └── .<table>.*         a write under way, or what a killed one left behind; the next writer takes it away

A table is written beside its place, synced, and moved there in one step: a reader sees the old one or the new one.
Dates are dates; decimals and ratios are exact text.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tickwright.core.errors import CatalogError, ConfigError
from tickwright.data.store.disk import storage, whole_file
from tickwright.data.store.writer import take_lock

FOLDER = "reference"
VERSION = "tickwright.reference/1"
_STANDS = "the reference tables stand as they were"
COLUMNS: dict[str, dict[str, str]] = {
    "sectors": {
        "symbol": "string", "sector": "string", "start": "date32", "until": "date32", "known": "date32",
        "snapshot": "bool_", "universe": "string", "source": "string",
    },
    "actions": {
        "symbol": "string", "ex_date": "date32", "kind": "string", "value": "string", "known": "date32",
        "source": "string",
    },
}  # fmt: skip
"""Columns of each table with their Arrow types. Only `until` may be null: open."""

Row = dict[str, Any]


def local_root(catalog_path: Path | str) -> Path:
    """The folder of a catalog. Raises ConfigError for a URL: reference tables live on a local disk alone."""
    if "://" in str(catalog_path):
        raise ConfigError("catalog", str(catalog_path), "a local folder: reference tables are not kept behind a URL")
    return Path(catalog_path)


def schema_of(table: str) -> Any:
    """The Arrow schema of a table."""
    import pyarrow as pa

    return pa.schema(
        [pa.field(name, getattr(pa, kind)(), nullable=name == "until") for name, kind in COLUMNS[table].items()],
        metadata={"tickwright.version": VERSION},
    )


def read_rows(root: Path, table: str) -> list[Row]:
    """All rows of a table, in the order written; none where there is no such table yet.

    Raises CatalogError for a file that is damaged or of another version.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = root / FOLDER / f"{table}.parquet"
    if not path.is_file():
        return []
    try:
        with pq.ParquetFile(path) as file:
            version = (file.schema_arrow.metadata or {}).get(b"tickwright.version", b"").decode()
            if version != VERSION or file.schema_arrow.names != list(COLUMNS[table]):
                raise CatalogError(
                    f"{path}: version {version!r}, expected {VERSION!r} with {', '.join(COLUMNS[table])}"
                )
            rows: list[Row] = file.read().to_pylist()
            return rows
    except (OSError, pa.ArrowException) as error:
        raise CatalogError(f"{path}: a reference table is damaged: {error}") from error


def write_rows(root: Path, table: str, rows: list[Row]) -> None:
    """Replace a table in one step. For the holder of `writing`. Raises StorageError; then the old one stands."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = schema_of(table)
    folder = root / FOLDER
    with whole_file(folder / f"{table}.parquet", _STANDS) as draft:
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), draft, compression="zstd")


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Be the only writer of the reference tables. The system frees the lock when the process ends.

    Raises CatalogError while another is at work, or where the folder is a file; StorageError when the disk refuses.
    """
    folder = root / FOLDER
    for place in (root, folder):
        if place.exists() and not place.is_dir():
            raise CatalogError(f"{place}: is a file, expected a folder")
    with take_lock(folder):
        with storage(folder, _STANDS):
            for name in os.listdir(folder):
                if any(name.startswith(f".{table}.") for table in COLUMNS):
                    (folder / name).unlink(missing_ok=True)
        yield
