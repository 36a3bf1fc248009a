"""A NASDAQ ITCH 5.0 day of any length, and how fast it goes into a catalog.

The flow: orders of many stocks arrive and end in the proportions of a day of NASDAQ (of a hundred messages about 43
add, 41 delete, 8 replace, 5 execute, 2 cancel, the rest are hidden trades), a few stocks far busier than the rest. Most
orders live for a moment: seven of ten changes meet one of the newest, the others any live one. Prices walk near a level
per stock. It loads the reader and its order table; it is no market: bids and asks may cross.
"""

from __future__ import annotations

import gzip
import tempfile
import time
from pathlib import Path
from typing import IO, Any

import numpy as np

from bench.measure import Row, in_child, summary
from tickwright.core.kernel import inline, kernel
from tickwright.core.rng import next64, to_unit

DATE = "2019-01-30"
NAME = "01302019.NASDAQ_ITCH50"
MESSAGES_OF_A_STOCK = 35_000
"""as on a day of 280 million messages of 8 000 stocks: what a file of a catalog costs counts in proportion."""
ORDERS = 500_000
"""live orders in the steady state."""
BATCH = 200_000
"""messages drawn and written at once: the memory of the generator."""

_OPEN = 34_200_000_000_000
_NEWEST = 5_000
_LONGEST = 52  # bytes of a message and its frame
_ORDER = np.dtype([("reference", "<i8"), ("price", "<i4"), ("shares", "<i4"), ("locate", "<i4"), ("side", "<i4")])
_TIME, _REFERENCE, _MATCH = range(3)


@inline
def _put(out, at, number, width):
    for i in range(width):
        out[at + i] = (number >> (8 * (width - 1 - i))) & 255


@inline
def _head(out, at, length, letter, locate, now):
    _put(out, at, length, 2)
    out[at + 2] = letter
    _put(out, at + 3, locate, 2)
    _put(out, at + 5, 0, 2)
    _put(out, at + 7, now, 6)


@inline
def _name(out, at, locate):
    """S0001 and so on, eight bytes."""
    out[at] = 83
    rest = locate
    for i in range(4):
        out[at + 4 - i] = 48 + rest % 10
        rest //= 10
    for i in range(5, 8):
        out[at + i] = 32


@inline
def _draw_price(state, middle, locate, side):
    if to_unit(next64(state)) < 0.05:
        middle[locate] = max(20_000, middle[locate] + (100 if next64(state) & np.uint64(1) else -100))
    away = np.int64(-8.0 * np.log(1.0 - to_unit(next64(state)))) * 100
    return middle[locate] - away if side == 66 else middle[locate] + 100 + away


@kernel
def _messages(out, count, state, clock, live, held, middle, stocks, steady):
    """Draw `count` messages into `out`: (bytes written, live orders)."""
    at = 0
    for _ in range(count):
        clock[_TIME] += 1 + np.int64(5_000.0 * to_unit(next64(state)))
        now = clock[_TIME]
        u = to_unit(next64(state))
        full = held >= steady
        if held < 1_000 or u < (0.435 if full else 0.65):
            v = to_unit(next64(state))
            locate = 1 + np.int64(stocks * v * v * v)
            side = 66 if next64(state) & np.uint64(1) else 83
            clock[_REFERENCE] += 1 + np.int64(4.0 * to_unit(next64(state)))
            order = live[held]
            order.reference, order.locate, order.side = clock[_REFERENCE], locate, side
            order.price = _draw_price(state, middle, locate, side)
            order.shares = 100 * (1 + np.int64(9.0 * to_unit(next64(state))))
            attributed = to_unit(next64(state)) < 0.02
            _head(out, at, 40 if attributed else 36, 70 if attributed else 65, locate, now)
            _put(out, at + 13, order.reference, 8)
            out[at + 21] = side
            _put(out, at + 22, order.shares, 4)
            _name(out, at + 26, locate)
            _put(out, at + 34, order.price, 4)
            if attributed:
                _put(out, at + 38, 0x41424344, 4)
            at += 42 if attributed else 38
            held += 1
            continue
        reach = min(held, _NEWEST) if to_unit(next64(state)) < 0.7 else held
        slot = held - 1 - np.int64(reach * to_unit(next64(state)))
        order = live[slot]
        locate = order.locate
        gone = False
        w = to_unit(next64(state))
        if w < 0.715:
            _head(out, at, 19, 68, locate, now)
            _put(out, at + 13, order.reference, 8)
            at += 21
            gone = True
        elif w < 0.855:
            clock[_REFERENCE] += 1
            price = _draw_price(state, middle, locate, order.side)
            _head(out, at, 35, 85, locate, now)
            _put(out, at + 13, order.reference, 8)
            _put(out, at + 21, clock[_REFERENCE], 8)
            _put(out, at + 29, order.shares, 4)
            _put(out, at + 33, price, 4)
            at += 37
            order.reference, order.price = clock[_REFERENCE], price
        elif w < 0.945:
            clock[_MATCH] += 1
            part = order.shares if w < 0.92 else (order.shares + 1) // 2
            _head(out, at, 31, 69, locate, now)
            _put(out, at + 13, order.reference, 8)
            _put(out, at + 21, part, 4)
            _put(out, at + 25, clock[_MATCH], 8)
            at += 33
            order.shares -= part
            gone = order.shares == 0
        elif w < 0.98:
            part = (order.shares + 1) // 2
            _head(out, at, 23, 88, locate, now)
            _put(out, at + 13, order.reference, 8)
            _put(out, at + 21, part, 4)
            at += 25
            order.shares -= part
            gone = order.shares == 0
        else:
            clock[_MATCH] += 1
            _head(out, at, 44, 80, locate, now)
            _put(out, at + 13, 0, 8)
            out[at + 21] = 66
            _put(out, at + 22, 100, 4)
            _name(out, at + 26, locate)
            _put(out, at + 34, order.price, 4)
            _put(out, at + 38, clock[_MATCH], 8)
            at += 46
        if gone:
            held -= 1
            live[slot] = live[held]
    return at, held


@kernel
def _directory(out, stocks, now):
    """A stock directory message for each stock; bytes written."""
    at = 0
    for locate in range(1, stocks + 1):
        _head(out, at, 39, 82, locate, now)
        _name(out, at + 13, locate)
        for i in range(21, 41):
            out[at + i] = 32
        _put(out, at + 23, 100, 4)
        _put(out, at + 36, 0, 4)
        at += 41
    return at


def write(file: str, messages: int, stocks: int = 0, orders: int = ORDERS, seed: int = 7) -> Row:
    """Write a day of about `messages` messages, gzip when the name ends in .gz → messages and bytes.

    `stocks` 0 is as many as keep the proportion of `MESSAGES_OF_A_STOCK`.
    """
    stocks = stocks or max(1, messages // MESSAGES_OF_A_STOCK)
    path = Path(file)
    with open(path, "wb") as out:
        if path.suffix == ".gz":
            with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, mtime=0) as packed:
                _draw(packed, messages, stocks, orders, seed)
        else:
            _draw(out, messages, stocks, orders, seed)
    return {"records": messages + stocks, "bytes": path.stat().st_size}


def _draw(out: IO[bytes] | gzip.GzipFile, messages: int, stocks: int, orders: int, seed: int) -> None:
    state = np.array([seed], np.uint64)
    clock = np.array([_OPEN, 0, 0], np.int64)
    live = np.zeros(orders + BATCH, _ORDER)
    middle = np.full(stocks + 1, 500_000, np.int64)
    buffer = np.zeros(max(BATCH, stocks) * _LONGEST, np.uint8)
    out.write(buffer[: _directory(buffer, stocks, _OPEN)].tobytes())
    held = 0
    for begin in range(0, messages, BATCH):
        count = min(BATCH, messages - begin)
        size, held = _messages(buffer, count, state, clock, live, held, middle, stocks, orders)
        out.write(buffer[:size].tobytes())
    out.write(b"\0\0")


def ingest(file: str, catalog: str) -> dict[str, Any]:
    """One ITCH file, hashing and committing included; `records` are messages."""
    from tickwright.data.itch.ingest import ingest_itch

    wall, began = time.perf_counter(), time.process_time()
    told = ingest_itch(file, catalog, date=DATE)
    cpu, wall = time.process_time() - began, time.perf_counter() - wall
    messages = int(told.notes[0].split(": ")[1].split(" ")[0].replace(",", ""))
    return {
        "records": messages, "rows": told.rows, "wall_s": wall, "cpu_s": cpu, "records_per_s": messages / wall,
        "records_per_cpu_s": messages / cpu, "file_bytes": Path(file).stat().st_size,
        "instruments": len(told.instruments),
    }  # fmt: skip


def measure(folder: Path, quick: bool, rounds: int) -> Row:
    """ITCH of two sizes and once as gzip, each in fresh processes: the rows of `make bench`."""
    result: Row = {}
    for size, suffix in ((100_000, ""),) if quick else ((2_000_000, ""), (10_000_000, ""), (2_000_000, ".gz")):
        file = folder / f"{size}-{NAME}{suffix}"
        in_child("itch", file=str(file), messages=size)
        runs = []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory(dir=folder) as catalog:
                runs.append(in_child("ingest_itch", file=str(file), catalog=catalog))
        file.unlink()
        row: Row = {name: runs[0][name] for name in ("records", "rows", "file_bytes", "instruments")}
        for name in ("wall_s", "cpu_s", "records_per_s", "records_per_cpu_s"):
            row[name] = summary([run[name] for run in runs])
        row["peak_bytes"] = max(run["peak_bytes"] for run in runs)
        result[f"itch{suffix} {size}"] = row
    return result
