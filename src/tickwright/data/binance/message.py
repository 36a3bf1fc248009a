"""One raw line as a message, by the rules of JSON: slow, and the last word on every line that `scan_kernel` leaves.

A line is the local time of receipt in nanoseconds (19 digits), a space, and what the exchange sent: a message of a
stream, bare or in its combined wrapper (`{"stream": …, "data": …}`), or the reply of the REST request for a snapshot.

| message | known by | used |
|---|---|---|
| diff. depth | `e` = depthUpdate, of a stream `@depth` or without a name | `E`, `T`, `U`, `u`, `pu`, `b`, `a` |
| trade | `e` = trade; USD-M: with `X` = MARKET | `E`, `T`, `t`, `p`, `q`, `m` |
| best bid and ask | `e` = bookTicker; spot: no `e`, but `u`, `b`, `B`, `a`, `A` | `E`, `T`, `u`, `b`, `B`, `a`, `A` |
| snapshot | `lastUpdateId`, outside any wrapper | `lastUpdateId`, `E`, `T`, `bids`, `asks` |

All else is passed over and counted by its type. Partial books (`@depth5`, `@depth10`, `@depth20`) and `@rpiDepth` have
the same fields as diff. depth but another meaning, and are passed over by the name of their stream.
Source: Binance's documentation of the web socket market streams, spot and USDⓈ-M.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
import numpy as np

DEPTH, TRADE, QUOTE, SNAPSHOT, OTHER, SLOW = range(6)
"""Kinds of messages; SLOW is a line that the kernel left."""
SPOT, USDM = "spot", "usdm"

MESSAGE = np.dtype(
    [
        ("line", "<i8"), ("begin", "<i8"), ("ts_recv", "<i8"), ("ts_event", "<i8"), ("first", "<i8"), ("last", "<i8"),
        ("previous", "<i8"), ("at", "<i8"), ("end", "<i8"), ("bids", "<i4"), ("asks", "<i4"), ("kind", "u1"),
        ("maker", "u1"), ("_pad", "u1", (6,)),
    ]
)  # fmt: skip
"""`first`, `last`, `previous`: update ids U, u, pu (the snapshot's id, a trade's id in `last`). `begin`: where its
levels start, bids first; a trade is one of them, a best bid and ask are two. `maker`: the buyer was the maker. `at`,
`end`: its bytes in the block."""

LAST_MS = (2**63 - 1) // 1_000_000
LAST_US = (2**63 - 1) // 1_000
FIRST_US = 10**15
MOST_DECIMALS = 18

_HEAD = re.compile(rb"(\d{19}) (.*)", re.DOTALL)
_DECIMAL = re.compile(r"\d+(\.\d+)?", re.ASCII)
_DIFF_STREAM = re.compile(r"depth(@.*)?")
_QUOTE_FIELDS = {"u", "b", "B", "a", "A"}

Number = tuple[int, int]
"""A decimal: mantissa and number of decimals, without zeros at the end."""
Levels = list[tuple[str, str]]


class Depth(msgspec.Struct):
    """A change of the book since the message before."""

    s: str
    E: int
    U: int
    u: int
    b: Levels
    a: Levels
    T: int | None = None
    pu: int | None = None


class Trade(msgspec.Struct):
    """A trade."""

    s: str
    E: int
    T: int
    t: int
    p: str
    q: str
    m: bool


class Quote(msgspec.Struct):
    """The best bid and ask."""

    s: str
    u: int
    b: str
    B: str
    a: str
    A: str
    E: int | None = None
    T: int | None = None


class Snapshot(msgspec.Struct):
    """The reply to a request for the book."""

    lastUpdateId: int  # noqa: N815
    bids: Levels
    asks: Levels
    E: int | None = None
    T: int | None = None


Body = Depth | Trade | Quote | Snapshot
_BODY = {DEPTH: Depth, TRADE: Trade, QUOTE: Quote, SNAPSHOT: Snapshot}


class LineError(ValueError):
    """What a line has and what was expected; the caller knows the file and the place."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(found)
        self.expected = expected


class Line(msgspec.Struct):
    """A line taken apart. `name` says what it is when its kind is OTHER; `fields` is the message as it came."""

    ts_recv: int
    kind: int
    name: str
    fields: dict[str, Any]


def parse(line: bytes) -> Line:
    """Take a line apart. Raises LineError when it is not a time and a JSON object."""
    head = _HEAD.fullmatch(line)
    if head is None or int(head[1]) >= 2**63:
        raise LineError(
            repr(line[:60].decode(errors="replace")), "a time of receipt of 19 digits (ns), a space and JSON"
        )
    try:
        data = msgspec.json.decode(head[2])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise LineError(str(error), "a JSON object") from error
    if not isinstance(data, dict):
        raise LineError(repr(head[2][:60].decode(errors="replace")), "a JSON object")
    stream = None
    if isinstance(data.get("stream"), str) and isinstance(data.get("data"), dict):
        stream, data = data["stream"].partition("@")[2] or data["stream"], data["data"]
    kind, name = _kind(data, stream)
    return Line(int(head[1]), kind, name, data)


def _kind(data: dict[str, Any], stream: str | None) -> tuple[int, str]:
    event = data.get("e")
    label = event if isinstance(event, str) else stream or "without a type"
    if "lastUpdateId" in data:
        return (SNAPSHOT, "snapshot") if stream is None else (OTHER, stream)
    if event == "depthUpdate":
        return (DEPTH, label) if stream is None or _DIFF_STREAM.fullmatch(stream) else (OTHER, stream)
    if event == "trade":
        of = data.get("X", "MARKET")
        return (TRADE, label) if of == "MARKET" else (OTHER, f"trade of type {of}")
    if event == "bookTicker" or (event is None and data.keys() >= _QUOTE_FIELDS):
        return QUOTE, "bookTicker"
    return OTHER, label


def body(line: Line, market: str) -> Body:
    """The fields of a line of a kind of its own. Raises LineError for one that is missing or of another type."""
    if "ps" in line.fields:
        raise LineError("a COIN-M message (it has the field 'ps')", "spot or USD-M: its contracts are sized in dollars")
    try:
        read: Body = msgspec.convert(line.fields, _BODY[line.kind])
    except msgspec.ValidationError as error:
        raise LineError(f"{line.name}: {error}", "the fields of Binance's documentation") from error
    if isinstance(read, Depth) and market == USDM and read.pu is None:
        raise LineError("depthUpdate without pu", "a USD-M message, which names the update before it")
    return read


def message_row(line: Line, read: Body, number: int) -> tuple[dict[str, int], list[tuple[Number, Number]]]:
    """Fields of MESSAGE, without its places in a block, and its levels. Raises LineError for a number out of range."""
    times = [t for t in (getattr(read, "T", None), getattr(read, "E", None)) if t is not None]
    row = {
        "line": number, "kind": line.kind, "ts_recv": line.ts_recv,
        "ts_event": nanos(times[0]) if times else line.ts_recv,
    }  # fmt: skip
    if isinstance(read, Depth):
        row |= {"first": _id(read.U), "last": _id(read.u), "previous": _id(read.pu or 0)}
        bids, asks = read.b, read.a
    elif isinstance(read, Snapshot):
        row |= {"last": _id(read.lastUpdateId)}
        bids, asks = read.bids, read.asks
    elif isinstance(read, Trade):
        row |= {"last": _id(read.t), "maker": int(read.m)}
        bids, asks = [(read.p, read.q)], []
    else:
        row |= {"last": _id(read.u)}
        bids, asks = [(read.b, read.B)], [(read.a, read.A)]
    return row | {"bids": len(bids), "asks": len(asks)}, [(number_of(p), number_of(q)) for p, q in (*bids, *asks)]


def nanos(time: int) -> int:
    """An exchange time, milliseconds or (on request, spot) microseconds, in nanoseconds. Raises LineError."""
    if 0 <= time <= LAST_MS:
        return time * 1_000_000
    if FIRST_US <= time <= LAST_US:
        return time * 1_000
    raise LineError(f"time {time}", "milliseconds or microseconds since 1970 that fit 64 bits as nanoseconds")


def number_of(text: str) -> Number:
    """The exact value of a decimal string. Raises LineError."""
    if not _DECIMAL.fullmatch(text):
        raise LineError(repr(text[:40]), "a plain decimal number in quotes")
    whole, _, part = text.partition(".")
    part = part.rstrip("0")
    if len(whole) + len(part) > 4000 or int(whole + part) >= 2**63 or len(part) > MOST_DECIMALS:
        raise LineError(text[:40], f"at most {MOST_DECIMALS} decimals, and digits that fit 64 bits")
    return int(whole + part), len(part)


def _id(value: int) -> int:
    if not 0 <= value < 2**63:
        raise LineError(f"id {value}", "an id from 0 to 2^63 - 1")
    return value
