"""A Databento DBN file of any length for the ingest to read: the benchmark's flow, as ES futures."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import databento_dbn
import numpy as np
import zstandard

from bench.draw import START
from bench.flow import FlowLaw, generate

TICK = 250_000_000
"""billionths of a point: the tick of ES."""
INSTRUMENT = 17_077
SYMBOL = "ESZ3"
BATCH = 1_000_000

# From Databento's published specification; not the reader's own layout, which is under test here.
_MBO = np.dtype(
    [
        ("length", "u1"), ("rtype", "u1"), ("publisher_id", "<u2"), ("instrument_id", "<u4"), ("ts_event", "<u8"),
        ("order_id", "<u8"), ("price", "<i8"), ("size", "<u4"), ("flags", "u1"), ("channel_id", "u1"),
        ("action", "u1"), ("side", "u1"), ("ts_recv", "<u8"), ("ts_in_delta", "<i4"), ("sequence", "<u4"),
    ]
)  # fmt: skip


def write(file: str, records: int) -> dict[str, Any]:
    """Write about `records` market-by-order records, zstd when the name ends in .zst → records and bytes."""
    events, _ = generate(FlowLaw(rows=records))
    path = Path(file)
    with open(path, "wb") as out:
        if path.suffix == ".zst":
            with zstandard.ZstdCompressor(level=1).stream_writer(out, closefd=False) as packed:
                _put(packed, events)
        else:
            _put(out, events)
    return {"records": len(events), "bytes": path.stat().st_size}


def _put(out: IO[bytes] | zstandard.ZstdCompressionWriter, events: np.ndarray) -> None:
    out.write(header(int(events["ts_event"][-1])))
    for begin in range(0, len(events), BATCH):
        out.write(records_of(events[begin : begin + BATCH]).tobytes())


def header(until: int) -> bytes:
    """The metadata of a file of records from START to `until`."""
    first = dt.datetime.fromtimestamp(START // 10**9, dt.UTC).date()
    last = dt.datetime.fromtimestamp(until // 10**9, dt.UTC).date() + dt.timedelta(1)
    interval = SimpleNamespace(start_date=first, end_date=last, symbol=str(INSTRUMENT))
    mapping = SimpleNamespace(raw_symbol=SYMBOL, intervals=[interval])
    dbn: Any = databento_dbn  # its stubs take the names of its enumerations for text
    metadata: bytes = dbn.Metadata(
        dataset="GLBX.MDP3", start=START, stype_in=dbn.SType.RAW_SYMBOL,
        stype_out=dbn.SType.INSTRUMENT_ID, schema=dbn.Schema.MBO, symbols=[SYMBOL], partial=[],
        not_found=[], mappings=[mapping], ts_out=False, version=3,
    ).encode()  # fmt: skip
    return metadata


def records_of(events: np.ndarray) -> np.ndarray:
    """MARKET_EVENT rows as market-by-order records."""
    rows = np.zeros(len(events), _MBO)
    rows["length"], rows["rtype"], rows["publisher_id"] = _MBO.itemsize // 4, 0xA0, 1
    rows["instrument_id"] = INSTRUMENT
    for name in ("ts_event", "ts_recv", "order_id", "size", "action", "side", "flags", "sequence"):
        rows[name] = events[name]
    rows["price"] = events["price"] * TICK
    rows["ts_in_delta"] = 10_000
    return rows
