"""Rows out of the catalog into a file for other programs, with memory for one chunk (for a `book-N`: for one read).

1. The rows of an instrument and schema between two times are read chunk by chunk, or are given (`write_chunks`).
2. For Parquet and CSV prices and sizes become exact decimals and codes their letters; NPZ keeps the integers, with the
   instrument beside them (`tick_size`, `lot_size`, …) as text.
3. The file is written under a temporary name, synced, and renamed: it is there whole, or not at all.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.lib.format

from tickwright.core.errors import ConfigError, NotInCatalogError
from tickwright.core.events import SUBTICKS
from tickwright.core.instrument import Instrument
from tickwright.data.store.definition import PRICES, SIZES
from tickwright.data.store.disk import whole_file
from tickwright.data.store.schema import EVENTS, TABLES, column_types
from tickwright.data.utc import utc_text

if TYPE_CHECKING:
    import pyarrow as pa

    from tickwright.data.port import TickCatalog

ALIASES = {
    "mbo": EVENTS, "mbp": "depth", "mbp-10": "depth", "mbp-1": "quotes", "tbbo": "quotes-trades",
    "bbo-1s": "quotes-1s", "bbo-1m": "quotes-1m",
}  # fmt: skip
"""Databento's names for what the catalog calls otherwise."""
FORMATS = ("parquet", "csv", "npz")

npy: Any = numpy.lib.format  # some versions of NumPy type these functions, others do not

_LETTERS = {"action", "side"}
_BOOK_ROWS = 65_536
_PRECISION = 38  # of an Arrow decimal of 128 bits


def schema_named(name: str) -> str:
    """A schema by the catalog's name or Databento's. Raises CatalogError for one that does not exist."""
    schema = ALIASES.get(name, name)
    column_types(schema)
    return schema


def export(
    catalog: TickCatalog, instrument: Instrument, schema: str, start: int, end: int, target: Path, to: str
) -> int:  # fmt: skip
    """Write the rows with start ≤ ts_event < end, nanoseconds UTC; how many there were.

    Raises NotInCatalogError, ConfigError for an unknown format, StorageError when the disk refuses.
    """
    chunks = _chunks(catalog, instrument.symbol, schema, start, end)
    return write_chunks(chunks, instrument, schema, start, end, target, to)[0]


Chunk = tuple[np.ndarray, np.ndarray | None]
"""Rows, and their times where the rows have none."""


def write_chunks(
    chunks: Iterable[Chunk], instrument: Instrument, schema: str, start: int, end: int, target: Path, to: str
) -> tuple[int, int]:
    """Write rows that belong to start ≤ ts_event < end; how many there were, and how many of them stand before it.

    Rows before the span are what its book is built from. Raises as `export` does, also where all stand before it.
    """
    if to not in FORMATS:
        raise ConfigError("--to", to, " or ".join(FORMATS))
    write = {"parquet": _parquet, "csv": _csv, "npz": _npz}[to]
    before = 0

    def counted() -> Iterator[Chunk]:
        nonlocal before
        for rows, times in chunks:
            before += int(np.count_nonzero((rows["ts_event"] if times is None else times) < start))
            yield rows, times

    with whole_file(target) as draft:
        rows = write(draft, instrument, schema, counted())
        if rows == before:
            span = f"from {utc_text(start)} to {utc_text(end)}"
            raise NotInCatalogError(f"{instrument.symbol} has no {schema} {span}; nothing was written")
    return rows, before


def _chunks(catalog: TickCatalog, symbol: str, schema: str, start: int, end: int) -> Iterator[Chunk]:
    if schema in TABLES:
        for rows in catalog.chunks(symbol, schema, start, end):
            yield rows, None
        return
    for frame in catalog.scan(symbol, schema, start, end).collect().iter_slices(_BOOK_ROWS):
        yield frame.drop("ts_event").to_numpy(), frame["ts_event"].to_numpy()


def _parquet(draft: Path, instrument: Instrument, schema: str, chunks: Iterator[Chunk]) -> int:
    import pyarrow.parquet as pq

    def open_writer(table: pa.Table) -> Any:
        return pq.ParquetWriter(draft, table.schema, compression="zstd")

    return _tables(open_writer, instrument, schema, chunks)


def _csv(draft: Path, instrument: Instrument, schema: str, chunks: Iterator[Chunk]) -> int:
    import pyarrow.csv as pc

    return _tables(lambda table: pc.CSVWriter(draft, table.schema), instrument, schema, chunks)


def _tables(
    open_writer: Callable[[pa.Table], Any], instrument: Instrument, schema: str, chunks: Iterator[Chunk]
) -> int:
    writer, rows = None, 0
    try:
        for chunk, times in chunks:
            table = readable_table(instrument, schema, chunk, times)
            writer = writer or open_writer(table)
            writer.write_table(table)
            rows += len(chunk)
    finally:
        if writer is not None:
            writer.close()
    return rows


def readable_table(instrument: Instrument, schema: str, rows: np.ndarray, times: np.ndarray | None = None) -> pa.Table:
    """Rows with prices and sizes as decimals of currency and units, times as UTC timestamps, codes as letters."""
    import pyarrow as pa

    columns: dict[str, Any] = {}
    if schema not in TABLES:
        names = list(column_types(schema))[1:]
        columns["ts_event"] = _times(times)
        for i, name in enumerate(names):
            unit = instrument.tick_size if "_price_" in name else instrument.lot_size
            columns[name] = _decimals(rows[:, i], unit)
        return pa.table(columns)
    for name in column_types(schema):
        values = rows[name]
        if name.startswith("ts_"):
            columns[name] = _times(values)
        elif name == "price" and "subtick" in (rows.dtype.names or ()):
            columns[name] = _decimals(values * SUBTICKS + rows["subtick"], instrument.tick_size / SUBTICKS)
        elif name in PRICES:
            columns[name] = _decimals(values, instrument.tick_size)
        elif name in SIZES:
            columns[name] = _decimals(values, instrument.lot_size)
        elif name in _LETTERS:
            columns[name] = pa.array(np.ascontiguousarray(values).view("S1").astype("U1"))
        elif name != "subtick":
            columns[name] = pa.array(values)
    return pa.table(columns)


def _times(values: np.ndarray | None) -> pa.Array:
    import pyarrow as pa

    return pa.array(values, pa.int64()).cast(pa.timestamp("ns", "UTC"))


def _decimals(values: np.ndarray, unit: Decimal) -> pa.Array:
    """Whole multiples of an exact unit as Arrow decimals."""
    import pyarrow as pa
    import pyarrow.compute as pc

    scale = max(0, -int(unit.as_tuple().exponent))
    factor = int(unit.scaleb(scale))
    whole = pa.array(values, pa.int64()).cast(pa.decimal128(19, 0))
    product = pc.multiply(whole, pa.scalar(Decimal(factor), pa.decimal128(max(1, len(str(factor))), 0)))
    if scale == 0:
        return product.cast(pa.decimal128(_PRECISION, 0))
    step = pa.scalar(Decimal(1).scaleb(-scale), pa.decimal128(scale + 1, scale))
    return pc.multiply(product, step).cast(pa.decimal128(_PRECISION, scale))


def _npz(draft: Path, instrument: Instrument, schema: str, chunks: Iterator[Chunk]) -> int:
    """`rows` as one array of the schema's layout (a `book-N` with its times in front), and the instrument as text."""
    rows = 0
    spool = draft.with_suffix(".rows")
    try:
        with open(spool, "wb") as file:
            for chunk, times in chunks:
                whole = chunk if times is None else np.column_stack([times, chunk])
                file.write(np.ascontiguousarray(whole).tobytes())
                rows += len(chunk)
        shape = (rows,) if schema in TABLES else (rows, len(column_types(schema)))
        layout = TABLES[schema].rows if schema in TABLES else np.dtype("<i8")
        header = {"descr": npy.dtype_to_descr(layout), "fortran_order": False, "shape": shape}
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            with archive.open("rows.npy", "w", force_zip64=True) as member, open(spool, "rb") as source:
                npy.write_array_header_2_0(member, header)
                while block := source.read(1 << 22):
                    member.write(block)
            for name in ("symbol", "venue", "currency", "tick_size", "lot_size", "multiplier", "timezone"):
                with archive.open(f"{name}.npy", "w") as member:
                    npy.write_array(member, np.array(str(getattr(instrument, name))))
    finally:
        spool.unlink(missing_ok=True)
    return rows
