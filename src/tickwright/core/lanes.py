"""Eight float64 at once, as one number in compiled code: +, −, ×, ÷, `larger`, `smaller`, `chosen`, `root`.

Each lane is computed as a number of its own would be, to the bit: no operation is fused, none reordered. A loop over
records of many fields is not made into such code by the compiler alone.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.extending import intrinsic, overload, register_model

WIDTH = 8
_VECTOR = ir.VectorType(ir.DoubleType(), WIDTH)
_PREFETCH = ir.FunctionType(ir.VoidType(), [ir.IntType(8).as_pointer(), *[ir.IntType(32)] * 3])
_BYTES = 8
"""A vector may lie where any number may: loads and stores ask for no more."""


class LanesType(types.Type):
    """Numba's name of eight numbers."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


LANES = LanesType()
_emitted: Any = intrinsic
"""Its own annotations say what makes the code, not what is called."""


@register_model(LanesType)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


def _place(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [at]), _VECTOR.as_pointer())


@_emitted
def load(typing: Any, array: Any, at: Any) -> Any:
    """Eight numbers of a contiguous array, from place `at` on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        loaded = builder.load(_place(context, builder, signature.args[0], *arguments))
        loaded.align = _BYTES
        return loaded

    return LANES(array, types.intp), generate


@_emitted
def store(typing: Any, array: Any, at: Any, value: Any) -> Any:
    """Put eight numbers into a contiguous array, from place `at` on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        put = builder.store(arguments[2], _place(context, builder, signature.args[0], *arguments[:2]))
        put.align = _BYTES
        return context.get_dummy_value()

    return types.void(array, types.intp, LANES), generate


@_emitted
def fetch_behind(typing: Any, array: Any, at: Any) -> Any:
    """Ask for the eight numbers from place `at` on of the array of this length that lies behind this one, if there is
    one: they come into the cache while something else is done."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        behind = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.add(arguments[1], behind.nitems)
        # Not with `inbounds`: to ask for what is nobody's does nothing.
        line = builder.bitcast(builder.gep(behind.data, [place]), ir.IntType(8).as_pointer())
        function = builder.module.declare_intrinsic("llvm.prefetch", [line.type], _PREFETCH)
        read, second_level, data = (ir.Constant(ir.IntType(32), k) for k in (0, 2, 1))
        builder.call(function, [line, read, second_level, data])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


@_emitted
def lanes_of(typing: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any) -> Any:
    """Eight numbers that stand apart, side by side."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole = ir.Constant(_VECTOR, ir.Undefined)
        for k, one in enumerate(arguments):
            whole = builder.insert_element(whole, one, ir.Constant(ir.IntType(32), k))
        return whole

    return LANES(*[types.float64] * WIDTH), generate


@_emitted
def every(typing: Any, value: Any) -> Any:
    """One number in all lanes."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), arguments[0], ir.Constant(ir.IntType(32), 0))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
        return builder.shuffle_vector(one, ir.Constant(_VECTOR, ir.Undefined), mask)

    return LANES(types.float64), generate


@_emitted
def root(typing: Any, a: Any) -> Any:
    """Square roots."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_VECTOR, [_VECTOR])
        function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.sqrt.v{WIDTH}f64")
        return builder.call(function, arguments)

    return LANES(LANES), generate


def _of_two(emit: Callable[[Any, Any, Any], Any]) -> Any:
    @_emitted
    def both(typing: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return emit(builder, *arguments)

        return LANES(LANES, LANES), generate

    return both


larger = _of_two(lambda builder, a, b: builder.select(builder.fcmp_ordered(">", a, b), a, b))
"""The larger of each two; the second where they cannot be compared."""
smaller = _of_two(lambda builder, a, b: builder.select(builder.fcmp_ordered("<", a, b), a, b))


@_emitted
def chosen(typing: Any, test: Any, a: Any, b: Any) -> Any:
    """`a` where the test is not 0, `b` elsewhere."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        zero = ir.Constant(_VECTOR, [0.0] * WIDTH)
        return builder.select(builder.fcmp_unordered("!=", arguments[0], zero), arguments[1], arguments[2])

    return LANES(LANES, LANES, LANES), generate


def _spell(sign: Any, emit: Callable[[Any, Any, Any], Any]) -> None:
    both = _of_two(emit)

    def typed(a: Any, b: Any) -> Any:
        return (lambda a, b: both(a, b)) if a is LANES and b is LANES else None

    overload(sign, strict=False)(typed)


_spell(operator.add, lambda builder, a, b: builder.fadd(a, b))
_spell(operator.sub, lambda builder, a, b: builder.fsub(a, b))
_spell(operator.mul, lambda builder, a, b: builder.fmul(a, b))
_spell(operator.truediv, lambda builder, a, b: builder.fdiv(a, b))
