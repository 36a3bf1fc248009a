"""A tick level of the user's own, compiled and called from inside the loop.

Write `decide(params, memory, obs) -> (kind, price, size, post_only, wake)` as the policies of this package are written,
wrap it once with `tick_kernel`, and give it to a `run.engine.World`. A sixth number names the venue (`Intent.venue`).
It reaches the loop as a function pointer, so the loop itself is not compiled anew; a call costs about ten nanoseconds
more than a policy that is built in.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numba

from tickwright.core.records import OBSERVATION

CUSTOM = 0
"""The code of a slot that is worked by the world's own tick kernel."""

_types: Any = numba.types
# Layout "A": the parameters and the memory of a slot are parts of its record.
_GIVEN = _types.Array(_types.float64, 1, "A"), _types.Array(_types.int64, 1, "A"), numba.from_dtype(OBSERVATION)
_FIELDS = 6
_SIGNATURE = _types.UniTuple(_types.int64, _FIELDS)(*_GIVEN)


def tick_kernel(decide: Callable[..., Any]) -> Any:
    """Compile a decision function (plain Python, or already jitted) to what the loop can call.

    Raises numba.TypingError when it is not of the form above, every value an integer.
    """
    inner: Any = numba.njit(error_model="numpy")(getattr(decide, "py_func", decide))
    inner.compile(_GIVEN)
    answer = inner.overloads[_GIVEN].signature.return_type
    if isinstance(answer, _types.BaseTuple) and len(answer) == _FIELDS:
        return numba.cfunc(_SIGNATURE, error_model="numpy")(lambda params, memory, obs: inner(params, memory, obs))
    return numba.cfunc(_SIGNATURE, error_model="numpy")(lambda params, memory, obs: (*inner(params, memory, obs), 0))


def _keep(params: Any, memory: Any, obs: Any) -> Any:
    return 0, 0, 0, 0, 0


@cache
def no_kernel() -> Any:
    """Keeps things as they are: what a world without a tick kernel of the user's own gives the loop."""
    return tick_kernel(_keep)
