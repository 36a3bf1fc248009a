"""Big-endian numbers at any place of a block of bytes: one load and one swap each, where byte by byte takes twice
as long in all; and memory asked for before it is needed.

No bounds are checked: the caller has made sure that the bytes are there. `data` is a uint8 array, `i` an int64.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic


def _loader(bits: int, result: Any) -> Any:
    def number(_typing: Any, data: Any, _i: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            array = context.make_array(signature.args[0])(context, builder, args[0])
            place = builder.gep(array.data, [args[1]])
            value = builder.load(builder.bitcast(place, ir.IntType(bits).as_pointer()))
            value.align = 1
            swapped = builder.bswap(value)
            return swapped if bits == 64 else builder.zext(swapped, ir.IntType(64))

        return result(data, types.int64), codegen

    return intrinsic(number)


u2: Any = _loader(16, types.int64)
"""Two bytes as int64."""
u4: Any = _loader(32, types.int64)
"""Four bytes as int64."""
u8: Any = _loader(64, types.uint64)
"""Eight bytes as uint64."""


def _prefetch(_typing: Any, rows: Any, _i: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, args[0])
        byte, int32 = ir.IntType(8).as_pointer(), ir.IntType(32)
        place = builder.bitcast(builder.gep(array.data, [args[1]]), byte)
        kind = ir.FunctionType(ir.VoidType(), [byte, int32, int32, int32])
        function = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        read, keep, data = (ir.Constant(int32, number) for number in (0, 3, 1))
        builder.call(function, [place, read, keep, data])
        return context.get_dummy_value()

    return types.void(rows, types.int64), codegen


prefetch: Any = intrinsic(_prefetch)
"""`prefetch(rows, i)` has the cache line at the beginning of `rows[i]` brought near; nothing else happens. `i` is an
int64 in bounds. An order table is larger than the cache: a look into it that was not announced waits for the memory."""
