"""A market begins again from a template: what a restart copies.

A row is mostly room: of 512 places for orders a third is in use, of 576 levels a dozen. So `begin_from` copies what is
in use and empties what the row itself had in use beyond it; what else stands in a free slot, an empty level or an empty
place of the pool is never read (`book.l3.join`, `book.ladder` and `dark` write all of one that they take). Copying
whole rows took a fifth of a step where episodes are short.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from tickwright.book.ladder import width
from tickwright.book.layout import Int, Rows, at
from tickwright.core.kernel import inline
from tickwright.core.rng import GOLDEN, mix64
from tickwright.venue.sim.reactive.laws import draw_wait

_WORD, _BLOCK = 64, 16
"""Levels under one word of a ladder's bitmap, and of them, those that are copied at once."""


def _copy_bytes(typing: Any, target: Any, source: Any, index: Any, first: Any, last: Any) -> Any:
    """Bytes first to last - 1 of one row of a structured array over those of the first row of another."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        arrays = [context.make_array(t)(context, builder, a) for t, a in zip(signature.args, args[:2], strict=False)]
        size, byte = context.get_constant(types.intp, target.dtype.size), cgutils.voidptr_t
        start = builder.gep(builder.bitcast(arrays[1].data, byte), [builder.add(builder.mul(args[2], size), args[3])])
        place = builder.gep(builder.bitcast(arrays[0].data, byte), [args[3]])
        cgutils.raw_memcpy(builder, place, start, builder.sub(args[4], args[3]), 1)  # type: ignore[no-untyped-call]
        return context.get_dummy_value()

    return types.void(target, source, types.int64, types.int64, types.int64), codegen


def _place_of(typing: Any, rows: Any, part: Any) -> Any:
    """The byte of the first of `rows` at which an array within it begins."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        begins = [
            builder.ptrtoint(context.make_array(t)(context, builder, a).data, context.get_value_type(types.int64))
            for t, a in zip(signature.args, args, strict=True)
        ]
        return builder.sub(begins[1], begins[0])

    return types.int64(rows, part), codegen


_copy: Any = intrinsic(_copy_bytes)
_place: Any = intrinsic(_place_of)


@inline(borrow=True)
def restart(rows: Rows, templates: Rows, t: Int) -> None:
    """The first of `rows` becomes template t with a seed that follows from its own."""
    begin_from(rows, templates, t, mix64(rows[0].seed + GOLDEN))


@inline(borrow=True)
def begin_from(rows: Rows, templates: Rows, t: Int, seed: np.uint64) -> None:
    """The first of `rows` becomes template t with draws of its own; restarts and faults are counted on."""
    market = rows[0]
    restarts, faults = market.restarts + 1, market.faults + (market.fault != 0)
    _copy_used(rows, templates, t)
    market.seed = seed
    market.restarts = restarts
    market.faults = faults
    market.events = 0
    draw_wait(market)


@inline(borrow=True)
def _copy_used(rows: Rows, templates: Rows, t: Int) -> None:
    """Template t over the first of `rows`, but for free slots, empty levels and empty places of the pool."""
    market, template = rows[0], templates[t]
    book, now, then = market.book, market.book.ladder, template.book.ladder
    levels, level = _place(rows, now.levels), now.levels.itemsize
    orders, order = _place(rows, book.orders), book.orders.itemsize
    for slot in range(template.used, market.used):
        book.orders[at(slot)].qty = 0
    for side in range(2):
        for word in range(then.bits0.shape[1]):
            there = then.bits0[at(side), at(word)] | now.bits0[at(side), at(word)]  # what the row has beyond it, too
            first = levels + level * (side * width(then) + _WORD * word)
            while there != 0:
                if there & ((1 << _BLOCK) - 1) != 0:
                    _copy(rows, templates, t, first, first + level * _BLOCK)
                there = (there >> _BLOCK) & ((1 << (_WORD - _BLOCK)) - 1)  # the sign stays behind
                first += level * _BLOCK
    if then.far_live[0] + then.far_live[1] + now.far_live[0] + now.far_live[1] > 0:
        _copy(rows, templates, t, levels + level * 2 * width(then), orders)
    _copy(rows, templates, t, np.int64(0), levels)
    _copy(rows, templates, t, orders, orders + order * template.used)
    beyond, pooled = orders + order * book.orders.shape[0], _place(rows, market.pool.orders)
    _copy(rows, templates, t, beyond, pooled + market.pool.orders.itemsize * template.pool.count)
