"""Big-endian numbers at any place of a block of bytes: one load and one swap each, where byte by byte takes twice
as long in all.

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
