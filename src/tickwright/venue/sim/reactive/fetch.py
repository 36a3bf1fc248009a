"""Markets fetched into the cache before their turn: the rows of hundreds of markets lie in memory, and an event waits
for every line that it touches first.

1. Before row k runs, `fetch_head` asks for the fields of row k + 2 that every event touches.
2. `fetch_body` asks for the levels about the best prices of row k + 1, whose head has come by then.
3. At each event of row k `fetch_orders` asks for a few orders of row k + 1: a processor keeps track of a dozen lines on
   their way, and who asks for more at once waits for them.

Asking changes nothing: an address is a hint.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from tickwright.book.ladder import best, width
from tickwright.book.layout import Int, Record, at
from tickwright.core.kernel import inline
from tickwright.venue.sim.reactive.layout import MARKET

_LINE = 64
_AROUND = 8
"""Levels fetched on each side of a best price."""
_ORDERS = 128
"""Orders fetched at most: the slots in use are the first ones."""
_LEVELS_A_LINE, _ORDERS_A_LINE = 4, 2
_AT_ONCE = 4
"""Orders fetched at an event."""


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
_LIMIT, _RATES_END, _SIDE = _place("limit"), _place("volume"), MARKET["limit"].shape[1] * 8
_VOLUME = _place("volume")
_BITMAPS_END = _place("book") + 192


@inline(borrow=True)
def fetch_head(market: Record) -> None:
    """Ask for what every event touches."""
    for place in range(_SEED, _MEMORY, _LINE):
        _ask(market, place)
    _ask(market, _TIME)
    for place in range(_LIMIT, _RATES_END, _SIDE):
        _ask(market, place)
    for place in range(_VOLUME, _BITMAPS_END, _LINE):
        _ask(market, place)


@inline(borrow=True)
def fetch_body(market: Record) -> None:
    """Ask for the levels about the best prices."""
    ladder = market.book.ladder
    for side in range(2):
        for i in range(-_AROUND, _AROUND, _LEVELS_A_LINE):
            place = (best(ladder, side) + i) & (width(ladder) - 1)
            _ask(ladder.levels[side * width(ladder) + place], 0)


@inline(borrow=True)
def orders_of(market: Record) -> Int:
    """How many orders to ask for."""
    return min(market.used, _ORDERS)


@inline(borrow=True)
def fetch_orders(market: Record, wanted: Int, event: Int) -> None:
    """Ask for a few of the `orders_of` a market, other ones at each event of the market before."""
    first = event * _AT_ONCE
    if first < wanted:
        for slot in range(first, first + _AT_ONCE, _ORDERS_A_LINE):
            _ask(market.book.orders[at(slot)], 0)
