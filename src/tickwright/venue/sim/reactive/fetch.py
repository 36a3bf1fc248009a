"""Markets fetched into the cache before their turn: the rows of hundreds of markets lie in memory, and an event waits
for every line that it touches first.

While row k runs, each of its events asks for a few lines that are wanted soon (`fetch_beside`): a processor keeps track
of a dozen lines on their way, and who asks for more at once waits for them. In this order:
1. of row k + 2, the fields that every event touches;
2. of row k + 1, the levels about its best prices, whose place those fields tell, the memories of its owners, and the
   first agent's ledger, which lies behind the book and which whoever counts costs reads;
3. of row k + 1, its orders.

Asking changes nothing: an address is a hint.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from tickwright.book.ladder import best, width
from tickwright.book.layout import Int, Record, at
from tickwright.core.kernel import inline
from tickwright.venue.sim.reactive.layout import LEDGER, MARKET

_LINE = 64
_AROUND = 8
"""Levels fetched on each side of a best price."""
_ORDERS = 128
"""Orders fetched at most: the slots in use are the first ones."""
_LEVELS_A_LINE, _ORDERS_A_LINE = 4, 2
_AT_ONCE = 4
"""Lines asked for at an event, and along with the bids a ledger's too."""


def _ask_for(_typing: Any, record: Any, offset: Any) -> Any:
    """Ask for the cache line at a byte of a record."""

    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        byte, number = cgutils.voidptr_t, ir.IntType(32)
        place = builder.gep(builder.bitcast(args[0], byte), [args[1]])
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        hint = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        builder.call(hint, [place, number(1), number(3), number(1)])  # to write, into every cache, data
        return context.get_dummy_value()

    return types.void(record, types.int64), codegen


_ask: Any = intrinsic(_ask_for)


def _place(name: str) -> int:
    return int(MARKET.fields[name][1])  # type: ignore[index]


# What every event touches; all layouts agree on what comes before the book.
_SEED, _MEMORY, _TIME = _place("seed"), _place("memory"), _place("time")
_LIMIT, _RATES_END, _SIDE = _place("rates"), _place("volume"), MARKET["rates"].shape[-1] * 8
_VOLUME = _place("volume")
_BITMAPS_END = _place("book") + 192


_FIELDS = np.array(
    [*range(_SEED, _MEMORY, _LINE), _TIME, *range(_LIMIT, _RATES_END, _SIDE), *range(_VOLUME, _BITMAPS_END, _LINE)]
)
_MEMORIES = np.array([*range(_MEMORY, _LIMIT, _LINE)])
_FIELD_EVENTS, _MEMORY_EVENTS = -(-len(_FIELDS) // _AT_ONCE), -(-len(_MEMORIES) // _AT_ONCE)
_FIELDS.resize(_FIELD_EVENTS * _AT_ONCE)  # what is left over asks for the first line
_MEMORIES.resize(_MEMORY_EVENTS * _AT_ONCE)
_LEVEL_EVENTS = 2  # the bids, then the asks
AGENT = 1
"""The account whose ledger is asked for."""
_LEDGER = np.array([*range(0, LEDGER.itemsize, _LINE), LEDGER.itemsize - 1])
_ALIKE = _FIELD_EVENTS + _LEVEL_EVENTS + _MEMORY_EVENTS
"""Events after which all has been asked for that is of the same size in each market."""


@inline(borrow=True)
def orders_of(market: Record) -> Int:
    """How many orders to ask for."""
    return min(market.used, _ORDERS)


@inline(borrow=True)
def fetch_beside(upcoming: Record, later: Record, orders: Int, event: Int) -> None:
    """What an event of one market asks for: of the next one, which has so many `orders`, and of the one after it."""
    if event < _FIELD_EVENTS:
        for i in range(_AT_ONCE):
            _ask(later, _FIELDS[event * _AT_ONCE + i])
        return
    event -= _FIELD_EVENTS
    if event < _LEVEL_EVENTS:
        ladder = upcoming.book.ladder
        for i in range(-_AROUND, _AROUND, _LEVELS_A_LINE):
            place = (best(ladder, event) + i) & (width(ladder) - 1)
            _ask(ladder.levels[at(event * width(ladder) + place)], 0)
        if event == 0:
            for i in range(_LEDGER.shape[0]):
                _ask(upcoming.ledger[AGENT], _LEDGER[i])
        return
    event -= _LEVEL_EVENTS
    if event < _MEMORY_EVENTS:
        for i in range(_AT_ONCE):
            _ask(upcoming, _MEMORIES[event * _AT_ONCE + i])
        return
    first = (event - _MEMORY_EVENTS) * _AT_ONCE * _ORDERS_A_LINE
    if first < orders:
        for slot in range(first, first + _AT_ONCE * _ORDERS_A_LINE, _ORDERS_A_LINE):
            _ask(upcoming.book.orders[at(slot)], 0)


@inline(borrow=True)
def fetch_rest(upcoming: Record, later: Record, events: Int) -> None:
    """Ask at once for what so few `events` have left out, but for the orders."""
    for event in range(events, _ALIKE):
        fetch_beside(upcoming, later, np.int64(0), np.int64(event))


@inline(borrow=True)
def fetch_bytes(row: Record, count: Int) -> None:
    """Ask at once for so many bytes of any record."""
    for place in range(0, count, _LINE):
        _ask(row, np.int64(place))
