"""The kernel that writes messages as rows of the schema `depth`."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from tickwright.core.events import Action, Flag, Side
from tickwright.core.kernel import inline, kernel
from tickwright.data.binance import message

Int: TypeAlias = Any
Record: TypeAlias = Any

_DEPTH, _TRADE, _SNAPSHOT = message.DEPTH, message.TRADE, message.SNAPSHOT
_MODIFY, _CLEAR, _PRINT = int(Action.MODIFY), int(Action.CLEAR), int(Action.TRADE)
_BID, _ASK, _NONE = int(Side.BID), int(Side.ASK), int(Side.NONE)
_AGGREGATED, _LAST, _SNAPSHOT_FLAG, _BAD = (
    int(Flag.AGGREGATED), int(Flag.LAST), int(Flag.SNAPSHOT), int(Flag.MAYBE_BAD_BOOK)
)  # fmt: skip


@inline
def _put(
    out: Record,
    entry: Record,
    action: Int,
    side: Int,
    price: Int,
    size: Int,
    sequence: Int,
    flags: Int,
    instrument: Int,
    venue: Int,
) -> None:
    out.ts_event = entry.ts_event
    out.ts_recv = entry.ts_recv
    out.price = price
    out.size = size
    out.sequence = sequence
    out.instrument_id = instrument
    out.venue_id = venue
    out.action = action
    out.side = side
    out.flags = flags


@kernel
def depth_rows(
    messages: np.ndarray, take: np.ndarray, bad: np.ndarray, price: np.ndarray, size: np.ndarray, last: Int,
    instrument: Int, venue: Int, out: np.ndarray,
) -> tuple[Int, Int]:  # fmt: skip
    """Messages → (rows written to `out`, the update id that the book is at behind them). `last` is the id before.

    Snapshots, depth updates and trades in their order, those alone that `take` names; `bad` marks rows of a book that
    may be wrong. `out` has room for every level and one row a snapshot more.
    """
    n = 0
    for k in range(messages.size):
        entry = messages[k]
        if not take[k]:
            continue
        flags = _AGGREGATED | (_BAD if bad[k] else 0)
        at = entry.begin
        if entry.kind == _TRADE:
            side = _ASK if entry.maker else _BID
            _put(out[n], entry, _PRINT, side, price[at], size[at], last, flags | _LAST, instrument, venue)
            n += 1
            continue
        if entry.kind != _DEPTH and entry.kind != _SNAPSHOT:
            continue
        last = entry.last
        begin = n
        if entry.kind == _SNAPSHOT:
            flags |= _SNAPSHOT_FLAG
            _put(out[n], entry, _CLEAR, _NONE, 0, 0, last, flags, instrument, venue)
            n += 1
        for level in range(entry.bids + entry.asks):
            side = _BID if level < entry.bids else _ASK
            _put(out[n], entry, _MODIFY, side, price[at + level], size[at + level], last, flags, instrument, venue)
            n += 1
        if n > begin:
            out[n - 1].flags |= _LAST
    return n, last
