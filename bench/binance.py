"""Binance raw lines: a file of any length, read by us and by hftbacktest's converter in the same run.

The file has the shape of a recorded minute of USD-M BTCUSDT (2024-08-08): to one depth update of about 68 levels come
ten best quotes and three trades. A row is what both make of it, a level or a trade; the quotes, which we store beside
them and the converter leaves, are not counted.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import random
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from tickwright.core.instrument import Instrument
from tickwright.data.binance.reader import BinanceReader
from tickwright.data.ingest import ingest_binance

START_MS = 1_723_161_255_000
LEVELS, QUOTES, TRADES = 68, 10, 3


def write(file: str, updates: int, seed: int = 1) -> dict[str, Any]:
    """Write a gzip file of `updates` depth updates, one after another so that memory is bounded → rows and bytes."""
    draw = random.Random(seed)
    rows = 0
    with gzip.open(file, "wt", compresslevel=1) as out:
        for text, count in _lines(draw, updates):
            out.write(text)
            rows += count
    return {"rows": rows, "bytes": Path(file).stat().st_size, "updates": updates}


def _lines(draw: random.Random, updates: int) -> Any:
    number, last, trade, now = 5_123_107_000_000, 5_123_107_000_000, 5_266_000_000, START_MS

    def price(side: str) -> str:
        away = int(draw.expovariate(1 / 300))
        return f"{(618_000 - away if side == 'b' else 618_001 + away) / 10:.2f}"

    def line(stream: str, data: dict[str, Any]) -> str:
        wrapped = {"stream": f"btcusdt@{stream}", "data": data}
        return f"{now * 1_000_000 + draw.randrange(1_000_000)} {json.dumps(wrapped, separators=(',', ':'))}\n"

    def levels(side: str, count: int) -> list[list[str]]:
        return [[price(side), f"{draw.choice((0, 1, 1, 1)) * draw.expovariate(0.5):.3f}"] for _ in range(count)]

    book = {"lastUpdateId": last, "E": now, "T": now, "bids": levels("b", 1000), "asks": levels("a", 1000)}
    yield f"{now * 1_000_000} {json.dumps(book, separators=(',', ':'))}\n", 2000
    for _ in range(updates):
        now += 50
        for _ in range(QUOTES):
            number += draw.randrange(1, 200)
            yield line("bookTicker", {
                "e": "bookTicker", "u": number, "s": "BTCUSDT", "b": "61800.00", "B": f"{draw.expovariate(1):.3f}",
                "a": "61800.10", "A": f"{draw.expovariate(1):.3f}", "T": now, "E": now,
            }), 0  # fmt: skip
        for _ in range(TRADES):
            trade += 1
            yield line("trade", {
                "e": "trade", "E": now, "T": now, "s": "BTCUSDT", "t": trade, "p": "61800.10",
                "q": f"{0.001 + draw.expovariate(1):.3f}", "X": "MARKET", "m": draw.random() < 0.5,
            }), 1  # fmt: skip
        count = draw.randrange(LEVELS)
        first, number = number + 1, number + draw.randrange(2, 5_000)
        yield line("depth@0ms", {
            "e": "depthUpdate", "E": now, "T": now, "s": "BTCUSDT", "U": first, "u": number, "pu": last,
            "b": levels("b", count), "a": levels("a", LEVELS - count),
        }), LEVELS  # fmt: skip
        last = number


def ingest(file: str, catalog: str) -> dict[str, Any]:
    """Into a fresh catalog: hashing, Parquet and commit included."""
    wall, began = time.perf_counter(), time.process_time()
    summary = ingest_binance(file, catalog)
    cpu, wall = time.process_time() - began, time.perf_counter() - wall
    assert "no gaps in the update ids, 1 snapshot" in summary.notes, summary.notes
    rows = summary.by_schema["depth"] - summary.actions["clear"]
    return {"rows": rows, "cpu_s": cpu, "wall_s": wall, "rows_per_cpu_s": rows / cpu}


def read(file: str) -> dict[str, Any]:
    """To rows in memory, a block at a time: what the converter does."""
    instrument = Instrument("BTCUSDT-PERP", "BINANCE-USDM", "USDT", Decimal("0.1"), Decimal("0.001"))
    wall, began = time.perf_counter(), time.process_time()
    rows = -1  # the CLEAR of the snapshot
    for schema, chunk in BinanceReader(Path(file), "BTCUSDT", "usdm", instrument).chunks():
        rows += len(chunk) if schema == "depth" else 0
    cpu, wall = time.process_time() - began, time.perf_counter() - wall
    return {"rows": rows, "cpu_s": cpu, "wall_s": wall, "rows_per_cpu_s": rows / cpu}


def converter(file: str, rows: int) -> dict[str, Any]:
    """hftbacktest's converter, to an array in memory. `rows` sizes its buffer."""
    from hftbacktest.data.utils import binancefutures

    merge = binancefutures.correct_event_order

    def guarded(data: np.ndarray, by_exchange: np.ndarray, by_local: np.ndarray) -> np.ndarray:
        # Its merge (2.4.4) reads one index behind the end of either list, unchecked, and a row at whatever that says:
        # sometimes a segmentation fault. One more valid index makes it a read that it then does not use.
        merged: np.ndarray = merge(data, np.append(by_exchange, 0), np.append(by_local, 0))
        return merged

    wall, began = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(io.StringIO()), mock.patch.object(binancefutures, "correct_event_order", guarded):
        events = binancefutures.convert(file, buffer_size=2 * rows + 10_000)
    cpu, wall = time.process_time() - began, time.perf_counter() - wall
    # An event whose order by local and by exchange time differs stands twice in its result: what it read is `rows`.
    return {"rows": rows, "events": len(events), "cpu_s": cpu, "wall_s": wall, "rows_per_cpu_s": rows / cpu}


def compare(updates: int = 10_000, rounds: int = 3) -> dict[str, Any]:
    """All three on one generated file, in turns after a first warm-up round: medians by CPU time, and the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        file, small = f"{folder}/usdm.gz", f"{folder}/small.gz"
        write(small, 20)
        few = read(small)["rows"]
        ingest(small, f"{folder}/small")
        converter(small, few)
        write(file, updates)
        rows = read(file)["rows"]
        taken: dict[str, list[float]] = {"ingest": [], "read": [], "hftbacktest": []}
        for k in range(rounds):
            taken["ingest"].append(ingest(file, f"{folder}/{k}")["cpu_s"])
            taken["read"].append(read(file)["cpu_s"])
            taken["hftbacktest"].append(converter(file, rows)["cpu_s"])
        size = Path(file).stat().st_size
    median = {name: sorted(seconds)[len(seconds) // 2] for name, seconds in taken.items()}
    return {
        "rows": rows, "file_bytes": size, "rounds": rounds, "cpu_s": taken,
        "rows_per_cpu_s": {name: rows / seconds for name, seconds in median.items()},
        "read_over_hftbacktest": median["hftbacktest"] / median["read"],
        "ingest_over_hftbacktest": median["hftbacktest"] / median["ingest"],
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(compare(), indent=2))
