"""SQL over a catalog, with DuckDB, which is an extra: `pip install 'tickwright[sql]'`.

1. Each schema is a view: `events`, `depth`, `quotes`, `trades`, `bars_1m`, `book_10`, ... with the columns of
   `store.schema`, a column `symbol` before them, and where files are kept by day `day`, the UTC day of receipt.
2. A view is the union of its symbols and days. A condition on `symbol` or `day` leaves branches out; one on any other
   column and the choice of columns reach the files. Of a catalog in a folder DuckDB reads the Parquet files itself, and
   memory is bounded by what the query gathers; elsewhere the columns that a query uses are loaded by `Catalog.scan`.
3. `instruments` has a row each, with exact decimals: `price * tick_size` joined by symbol is the price in the currency.
4. `sectors` and `actions` are the reference tables of a catalog in a folder, empty where there are none.
5. The database is locked before the query is run: no setting, no network, and no file outside the catalog's folder can
   be reached from it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tickwright.core.errors import CatalogError, ConfigError, TickwrightError
from tickwright.data.catalog import Catalog
from tickwright.data.port import Reading
from tickwright.data.reference.store import COLUMNS, read_rows, schema_of
from tickwright.data.store.disk import whole_file
from tickwright.data.store.local import LocalFiles
from tickwright.data.store.manifest import PARTS
from tickwright.data.store.schema import column_types, span_of

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_ROWS = 65_536
_SQL_TYPES = {"i": {1: "TINYINT", 2: "SMALLINT", 4: "INTEGER", 8: "BIGINT"}}
_SQL_TYPES["u"] = {size: f"U{name}" for size, name in _SQL_TYPES["i"].items()}
_LOCKED = {
    "autoinstall_known_extensions": "false", "autoload_known_extensions": "false",
    "python_enable_replacements": "false", "temp_directory": "",
}  # fmt: skip
_DECIMALS = ("tick_size", "lot_size", "multiplier")
_EXPLAIN = re.compile(r"^\s*explain(\s+analyze)?\b\s*(\([^()]*\)\s*(?=select|with|from))?", re.IGNORECASE)
# A DECIMAL(19, s) times a BIGINT has 38 digits, the most there are.
_DIGITS = 19


def view_name(schema: str) -> str:
    """The view of a schema: SQL reads a hyphen as minus."""
    return schema.replace("-", "_")


@contextmanager
def query(catalog: Reading, text: str) -> Iterator[pa.RecordBatchReader]:
    """The rows of one SELECT (or DESCRIBE, SHOW, SUMMARIZE, EXPLAIN), batch by batch.

    Raises ConfigError for a query that DuckDB refuses, with its own words, and CatalogError for what cannot be read;
    also while the batches are read, if that is where it happens.
    """
    duckdb = _duckdb()
    with duckdb.connect(":memory:", config=_LOCKED) as connection, _named(duckdb, text):
        _require_select(connection, text)
        _views(connection, catalog, text)
        if (root := _folder_of(catalog)) is not None:
            connection.execute(f"SET allowed_directories = [{_literal(str(root.resolve() / PARTS) + '/')}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection.sql(text).to_arrow_reader(_BATCH_ROWS)


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError as error:
        raise ConfigError("duckdb", "no such package", "DuckDB: pip install 'tickwright[sql]'") from error
    return duckdb


def _require_select(connection: Any, text: str) -> None:
    """Raises ConfigError for all that is not one SELECT: the folder that DuckDB may read it could also write."""
    kinds = _kinds(connection, text)
    if kinds == ["EXPLAIN"]:
        kinds = _kinds(connection, _EXPLAIN.sub("", text))
    if kinds != ["SELECT"]:
        raise ConfigError("SQL", text, f"one SELECT; this is {' and '.join(kinds) or 'none'}")


def _kinds(connection: Any, text: str) -> list[str]:
    return [statement.type.name for statement in connection.extract_statements(text)]


@contextmanager
def _named(duckdb: Any, text: str) -> Iterator[None]:
    try:
        yield
    except TickwrightError:
        raise
    except duckdb.InterruptException as error:
        raise KeyboardInterrupt from error
    except duckdb.OutOfMemoryException as error:
        raise CatalogError(f"the query needs more memory than there is: {_line(error)}") from error
    except (duckdb.InvalidInputException, duckdb.IOException, OSError) as error:
        raise CatalogError(f"the query could not be run: {_line(error)}") from error
    except duckdb.Error as error:
        raise ConfigError("SQL", text, f"what DuckDB accepts: {_line(error)}") from error


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())


# ── views ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _views(connection: Any, catalog: Reading, text: str) -> None:
    """Every view, with its rows only where the query can mean it: to open thousands of files takes its time."""
    _instruments(connection, catalog)
    _references(connection, catalog)
    asked = text.lower()
    schemas = dict.fromkeys(row.schema for row in catalog.ls())
    for schema in schemas:
        branches = [_empty(schema)]
        if view_name(schema).lower() in asked:
            branches += _branches(connection, catalog, schema)
        connection.execute(f'CREATE VIEW "{view_name(schema)}" AS {" UNION ALL ".join(branches)}')


def _empty(schema: str) -> str:
    """A branch without rows, which gives the view its columns."""
    types = {"symbol": "VARCHAR", **({"day": "DATE"} if span_of(schema) == "D" else {})}
    types |= {name: _SQL_TYPES[kind.kind][kind.itemsize] for name, kind in column_types(schema).items()}
    columns = ", ".join(f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in types.items())
    return f"SELECT {columns} WHERE false"


def _branches(connection: Any, catalog: Reading, schema: str) -> Iterator[str]:
    """What a schema holds by symbol and, where it is kept by day, day."""
    daily = span_of(schema) == "D"
    held = dict.fromkeys((row.instrument, row.day if daily else None) for row in catalog.ls() if row.schema == schema)
    root = _folder_of(catalog)
    for number, (symbol, day) in enumerate(held):
        constants = _literal(symbol) + ("" if day is None else f", DATE '{day.isoformat()}'")
        if root is None:
            rows = f'"rows_{view_name(schema)}_{number}"'
            connection.register(rows.strip('"'), catalog.scan(symbol, schema, day=day))
        else:
            assert isinstance(catalog, Catalog)
            files = catalog.files_of(symbol, schema, day=day)
            rows = f"read_parquet([{', '.join(map(_literal, files))}])"
        yield f"SELECT {constants}, * FROM {rows}"


def _folder_of(catalog: Reading) -> Path | None:
    """The folder of a catalog whose files DuckDB can read by itself: it takes some letters of a path for a pattern."""
    if not isinstance(catalog, Catalog) or not isinstance(catalog.files, LocalFiles):
        return None
    root = catalog.root
    return None if set("*?[") & set(str(root.resolve())) else root


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _instruments(connection: Any, catalog: Reading) -> None:
    instruments = catalog.instruments()
    kinds = {name: _decimal([getattr(i, name) for i in instruments]) for name in _DECIMALS}
    texts = ("symbol", "venue", "currency", "timezone", "source")
    columns = ", ".join([f"{name} VARCHAR" for name in texts] + [f"{name} {kind}" for name, kind in kinds.items()])
    connection.execute(f"CREATE TABLE instruments ({columns}, instrument_id UINTEGER)")
    places = ", ".join("?" for _ in range(len(texts) + len(kinds) + 1))
    for i in instruments:
        values = [*(getattr(i, name) for name in texts), *(str(getattr(i, name)) for name in kinds), i.id]
        connection.execute(f"INSERT INTO instruments VALUES ({places})", values)


def _references(connection: Any, catalog: Reading) -> None:
    """The reference tables, as they stand: exact decimals are text there, and so here."""
    import pyarrow as pa

    root = catalog.root if isinstance(catalog, Catalog) and isinstance(catalog.files, LocalFiles) else None
    for table in COLUMNS:
        rows = [] if root is None else read_rows(root, table)
        connection.register(table, pa.Table.from_pylist(rows, schema=schema_of(table)))


def _decimal(values: list[Decimal]) -> str:
    """The SQL type that holds all of them exactly, and DOUBLE where none does."""
    scale = max((max(0, -int(v.normalize().as_tuple().exponent)) for v in values), default=0)
    widest = max((v.adjusted() + 1 for v in values), default=1)
    return f"DECIMAL({_DIGITS}, {scale})" if scale <= _DIGITS and widest <= _DIGITS - scale else "DOUBLE"


def save(rows: pa.RecordBatchReader, path: Path) -> int:
    """Write a result to a .parquet or .csv file, which is there whole or not at all; how many rows.

    Raises ConfigError, StorageError, and whatever reading the rows raises.
    """
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    writers: dict[str, Any] = {".parquet": pyarrow.parquet.ParquetWriter, ".csv": pyarrow.csv.CSVWriter}
    if path.suffix not in writers:
        raise ConfigError("--to", str(path), f"a name that ends in {' or '.join(writers)}")
    if not path.parent.is_dir():
        raise ConfigError("--to", str(path), "a name in a folder that exists")
    count = 0
    try:
        with whole_file(path) as draft, writers[path.suffix](draft, rows.schema) as writer:
            for batch in rows:
                writer.write_batch(batch)
                count += batch.num_rows
    except pa.ArrowInvalid as error:
        raise ConfigError("--to", str(path), f"columns that such a file can hold: {_line(error)}") from error
    return count


def plain(value: object) -> Any:
    """A value of a result for JSON: decimals as text, exact; dates and times in ISO 8601."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)
