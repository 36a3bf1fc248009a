"""Sets of small integers as three-level bitmaps, one per side of a ladder: neighbour queries in three steps at most.

Words are int64, so that no expression mixes signed and unsigned (NumPy would turn it into float64).
`ladder` is a record of `layout.ladder_dtype`; an index is in [0, levels).
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic

from tickwright.book.layout import Bool, Int, Record
from tickwright.core.kernel import inline


def _count_trailing(_typing: Any, _word: Any) -> Any:
    """Index of the lowest set bit of a non-zero int64."""

    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], context.get_constant(types.boolean, True))

    return types.int64(types.int64), codegen


def _count_leading(_typing: Any, _word: Any) -> Any:
    """63 minus the index of the highest set bit of a non-zero int64."""

    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.ctlz(args[0], context.get_constant(types.boolean, True))

    return types.int64(types.int64), codegen


_trailing_zeros: Any = intrinsic(_count_trailing)
_leading_zeros: Any = intrinsic(_count_leading)


@inline(borrow=True)
def contains(ladder: Record, side: Int, i: Int) -> Bool:
    """Whether `i` is in the set."""
    return (ladder.bits0[side, i >> 6] >> (i & 63)) & 1 != 0


@inline(borrow=True)
def insert(ladder: Record, side: Int, i: Int) -> None:
    """Put `i` into the set."""
    ladder.bits0[side, i >> 6] |= 1 << (i & 63)
    ladder.bits1[side, i >> 12] |= 1 << ((i >> 6) & 63)
    ladder.bits2[side] |= 1 << (i >> 12)


@inline(borrow=True)
def remove(ladder: Record, side: Int, i: Int) -> None:
    """Take `i` out of the set."""
    word = ladder.bits0[side, i >> 6] & ~(1 << (i & 63))
    ladder.bits0[side, i >> 6] = word
    if word == 0:
        word = ladder.bits1[side, i >> 12] & ~(1 << ((i >> 6) & 63))
        ladder.bits1[side, i >> 12] = word
        if word == 0:
            ladder.bits2[side] &= ~(1 << (i >> 12))


@inline(borrow=True)
def empty(ladder: Record, side: Int) -> Bool:
    """Whether the set has no member."""
    return ladder.bits2[side] == 0


@inline(borrow=True)
def _last_under(ladder: Record, side: Int, v: Int) -> Int:
    w = (v << 6) | (63 - _leading_zeros(ladder.bits1[side, v]))
    return (w << 6) | (63 - _leading_zeros(ladder.bits0[side, w]))


@inline(borrow=True)
def _first_under(ladder: Record, side: Int, v: Int) -> Int:
    w = (v << 6) | _trailing_zeros(ladder.bits1[side, v])
    return (w << 6) | _trailing_zeros(ladder.bits0[side, w])


@inline(borrow=True)
def below_cyclic(ladder: Record, side: Int, i: Int) -> Int:
    """The nearest member below `i`, going on from the top when there is none. The set must not be empty."""
    w = i >> 6
    m = ladder.bits0[side, w] & ((1 << (i & 63)) - 1)
    if m != 0:
        return (w << 6) | (63 - _leading_zeros(m))
    v = w >> 6
    m = ladder.bits1[side, v] & ((1 << (w & 63)) - 1)
    if m != 0:
        w = (v << 6) | (63 - _leading_zeros(m))
        return (w << 6) | (63 - _leading_zeros(ladder.bits0[side, w]))
    m = ladder.bits2[side] & ((1 << v) - 1)
    if m == 0:
        m = ladder.bits2[side]
    return _last_under(ladder, side, 63 - _leading_zeros(m))


@inline(borrow=True)
def above_cyclic(ladder: Record, side: Int, i: Int) -> Int:
    """The nearest member above `i`, going on from 0 when there is none. The set must not be empty."""
    w = i >> 6
    m = ladder.bits0[side, w] & (-2 << (i & 63))
    if m != 0:
        return (w << 6) | _trailing_zeros(m)
    v = w >> 6
    m = ladder.bits1[side, v] & (-2 << (w & 63))
    if m != 0:
        w = (v << 6) | _trailing_zeros(m)
        return (w << 6) | _trailing_zeros(ladder.bits0[side, w])
    m = ladder.bits2[side] & (-2 << v)
    if m == 0:
        m = ladder.bits2[side]
    return _first_under(ladder, side, _trailing_zeros(m))


@inline(borrow=True)
def wipe(ladder: Record) -> None:
    """Empty both sets."""
    for side in range(2):
        ladder.bits2[side] = 0
        for v in range(ladder.bits1.shape[1]):
            ladder.bits1[side, v] = 0
        for w in range(ladder.bits0.shape[1]):
            ladder.bits0[side, w] = 0
