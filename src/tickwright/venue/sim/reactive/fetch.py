"""Markets fetched into the cache before their turn: the rows of hundreds of markets lie in memory, and an event waits
for every line that it touches first.

1. While row k runs, `fetch_head` asks for the fields of row k + 2 that every event touches.
2. `fetch_body` asks for the levels about the best prices and the orders of row k + 1, whose head has come by then.

Asking changes nothing: an address is a hint.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from tickwright.book.ladder import best, width
from tickwright.book.layout import Record
from tickwright.core.kernel import inline
from tickwright.venue.sim.reactive.layout import MARKET

_LINE = 64
_AROUND = 8
"""Levels fetched on each side of a best price."""
_ORDERS = 128
"""Orders fetched at most: the slots in use are the first ones."""
_LEVELS_A_LINE, _ORDERS_A_LINE = 4, 2


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


def _lines(first: str, last: str) -> set[int]:
    """Where the lines from one field of a market to another begin. All layouts agree on what comes before the book."""
    return {*range(_place(first), _place(last), _LINE)}


def _place(name: str) -> int:
    return int(MARKET.fields[name][1])  # type: ignore[index]


_BOOK_HEAD = 192  # the ladder's prices and bitmaps
_HEAD = tuple(
    sorted(
        _lines("seed", "memory")
        | _lines("time", "excitation")
        | {_place(name) + side * MARKET[name].shape[1] * 8 for name in ("limit", "cancel") for side in range(2)}
        | _lines("volume", "book")
        | {_place("book") + n for n in range(0, _BOOK_HEAD, _LINE)}
    )
)


@inline(borrow=True)
def fetch_head(market: Record) -> None:
    """Ask for what every event touches."""
    for place in _HEAD:
        _ask(market, place)


@inline(borrow=True)
def fetch_body(market: Record) -> None:
    """Ask for the levels about the best prices, and for the orders."""
    ladder = market.book.ladder
    for side in range(2):
        for i in range(-_AROUND, _AROUND, _LEVELS_A_LINE):
            place = (best(ladder, side) + i) & (width(ladder) - 1)
            _ask(ladder.levels[side * width(ladder) + place], 0)
    for slot in range(0, min(market.used, _ORDERS), _ORDERS_A_LINE):
        _ask(market.book.orders[slot], 0)
