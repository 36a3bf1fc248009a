"""What the catalog stores: the columns of each schema, and their way between NumPy rows and Arrow columns.

| schema | rows in NumPy | what |
|---|---|---|
| `events` | MARKET_EVENT | market by order |
| `depth` | MARKET_EVENT | market by price: MODIFY with Flag.AGGREGATED sets the size of a level, TRADE is a print |
| `quotes` | TOP_OF_BOOK | best bid and ask, whenever they change |
| `quotes-1s`, `quotes-1m` | TOP_OF_BOOK | the same as it stood at the end of each interval |
| `quotes-trades` | TOP_OF_BOOK | the same as it stood before each trade |
| `trades` | PRINT | trades |
| `bars-1s`, `-1m`, `-1h`, `-1d` | BAR | bars of that length |
| `statistics`, `imbalance`, `status` | STATISTIC, IMBALANCE, STATUS | what a venue announces |
| `definitions` | TERMS | what a venue says an instrument is |
| `book-N` | int64 (rows, 4 N), `ts_event` beside | order-book rows of a vendor |

Columns are the fields of the row, same integer types, without padding. Those of level i of a `book-N`, from 0, are
`ask_price_i, ask_size_i, bid_price_i, bid_size_i`, after `ts_event`. Prices are ticks, sizes lots, times nanoseconds
UTC. A size of 0 is an empty level.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tickwright.core.errors import CatalogError
from tickwright.core.events import MARKET_EVENT
from tickwright.core.tables import BAR, IMBALANCE, PRINT, STATISTIC, STATUS, TERMS, TOP_OF_BOOK

if TYPE_CHECKING:
    import pyarrow as pa

Span = Literal["D", "M", "Y"]
"""A UTC day, month or year, as NumPy's units of time name it."""


@dataclass(frozen=True, slots=True)
class Table:
    """A schema of records: their NumPy layout, and the span of time that one set of files holds."""

    rows: np.dtype[Any]
    span: Span = "D"


EVENTS = "events"
DEPTH = "depth"
QUOTES = "quotes"
QUOTES_1S, QUOTES_1M, QUOTES_TRADES = "quotes-1s", "quotes-1m", "quotes-trades"
SAMPLED_QUOTES = (QUOTES_1S, QUOTES_1M, QUOTES_TRADES)
"""Quotes that a vendor looked up at chosen moments: what came between is not in them."""
TRADES = "trades"
TABLES: dict[str, Table] = {
    EVENTS: Table(MARKET_EVENT),
    DEPTH: Table(MARKET_EVENT),
    QUOTES: Table(TOP_OF_BOOK),
    **{schema: Table(TOP_OF_BOOK) for schema in SAMPLED_QUOTES},
    TRADES: Table(PRINT),
    # A file of a few rows costs as much as one of many, so long bars are kept by longer spans.
    "bars-1s": Table(BAR),
    "bars-1m": Table(BAR, "M"),
    "bars-1h": Table(BAR, "Y"),
    "bars-1d": Table(BAR, "Y"),
    "imbalance": Table(IMBALANCE),
    "statistics": Table(STATISTIC),
    "status": Table(STATUS),
    "definitions": Table(TERMS),
}
"""Every schema of records, by name. `book-N` is the one of matrices."""

FILE_VERSION = "tickwright.parquet/1"

_BOOK = re.compile(r"^book-([1-9]\d{0,3})$")
# Times, ids and sequence numbers move in small steps, the rest repeats: three times as fast as the writer's defaults
# and a third smaller. A higher level of zstd than the first takes half as long again and saves one byte in a hundred.
_DELTA_FIELDS = ("ts_event", "ts_recv", "order_id", "sequence", "trade_id")
# Hardly ever more than one value in a file: the compression leaves nothing of them, a dictionary would cost as long.
_CONSTANT_FIELDS = ("instrument_id", "venue_id", "subtick")

# Rows whose fields are taken apart at a time: few enough to stay in the cache until the last of them.
_PIECE = 8192

Columns = dict[str, np.ndarray]


def book_schema(levels: int) -> str:
    """Name of the schema of an order-book file with `levels` levels a side."""
    return f"book-{levels}"


def book_levels(schema: str) -> int:
    """Levels a side of a `book-N` schema, 0 for a schema of records. Raises CatalogError for any other name."""
    if schema in TABLES:
        return 0
    match = _BOOK.match(schema)
    if match is None:
        raise CatalogError(f"schema {schema!r} is unknown, expected {', '.join(TABLES)} or book-N")
    return int(match[1])


def span_of(schema: str) -> Span:
    """The span of UTC time that one set of files holds."""
    return TABLES[schema].span if schema in TABLES else "D"


def column_types(schema: str) -> dict[str, np.dtype[Any]]:
    """Columns of a schema in file order with their integer types. Raises CatalogError for an unknown schema."""
    levels = book_levels(schema)
    if not levels:
        layout = TABLES[schema].rows
        return {name: layout[name] for name in layout.names or () if name != "_pad"}
    names = [f"{side}_{what}_{i}" for i in range(levels) for side in ("ask", "bid") for what in ("price", "size")]
    return dict.fromkeys(["ts_event", *names], np.dtype("<i8"))


def moments_of(rows: np.ndarray) -> np.ndarray:
    """The times by which rows of records are kept: receipt, where the layout has it, else `ts_event`."""
    return np.asarray(rows["ts_recv" if "ts_recv" in (rows.dtype.names or ()) else "ts_event"])


def moment_column(schema: str) -> str:
    """The column by which rows of a schema are kept, as `moments_of`."""
    return "ts_recv" if "ts_recv" in column_types(schema) else "ts_event"


def to_columns(schema: str, chunks: list[tuple[np.ndarray, np.ndarray | None]]) -> Columns:
    """Chunks of (rows, times) as one contiguous array a column. `times` is `ts_event` where the rows lack it."""
    count = sum(len(rows) for rows, _ in chunks)
    columns = {name: np.empty(count, kind) for name, kind in column_types(schema).items()}
    at = 0
    for rows, times in chunks:
        for begin in range(0, len(rows), _PIECE):
            piece = rows[begin : begin + _PIECE]
            place = slice(at, at + len(piece))
            at += len(piece)
            if schema in TABLES:
                for name, column in columns.items():
                    column[place] = piece[name]
            elif times is not None:
                moments, *levels = columns.values()
                moments[place] = times[begin : begin + _PIECE]
                for i, column in enumerate(levels):
                    column[place] = piece[:, i]
    return columns


def to_rows(schema: str, columns: Columns) -> np.ndarray:
    """Columns back to rows: records of the schema's layout, or int64 (rows, 4 N)."""
    names = list(column_types(schema))
    if schema in TABLES:
        rows = np.zeros(columns["ts_event"].size, TABLES[schema].rows)
        for name in names:
            rows[name] = columns[name]
        return rows
    return np.stack([columns[name] for name in names[1:]], axis=1)


def empty_rows(schema: str, count: int) -> np.ndarray:
    """Zeroed rows of a schema."""
    levels = book_levels(schema)
    return np.zeros((count, 4 * levels), np.int64) if levels else np.zeros(count, TABLES[schema].rows)


def arrow_schema(schema: str, instrument_json: bytes) -> pa.Schema:
    """The Arrow schema of a file, with its version, schema name and instrument in the file's metadata."""
    import pyarrow as pa

    fields = [pa.field(name, pa.from_numpy_dtype(kind), nullable=False) for name, kind in column_types(schema).items()]
    metadata = {
        "tickwright.version": FILE_VERSION,
        "tickwright.schema": schema,
        "tickwright.instrument": instrument_json,
    }
    return pa.schema(fields, metadata=metadata)


def writer_options(schema: str) -> dict[str, Any]:
    """How the columns of a schema are encoded: options of `pyarrow.parquet.ParquetWriter`."""
    names = list(column_types(schema))
    encodings = {name: "DELTA_BINARY_PACKED" for name in names if name in _DELTA_FIELDS}
    encodings |= {name: "PLAIN" for name in names if name in _CONSTANT_FIELDS}
    return {
        "compression": "zstd",
        "compression_level": 1,
        # Reads are cut by time; extremes of the rest, and pages beyond the cache, cost a tenth of the writing.
        "write_statistics": [name for name in names if name.startswith("ts_")],
        "data_page_size": 1 << 17,
        "use_dictionary": [name for name in names if name not in encodings],
        "column_encoding": encodings,
    }
