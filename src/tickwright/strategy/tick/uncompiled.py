"""A compiled tick policy as the Python that it was written in, for prototyping and for a debugger."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from tickwright.core.records import Intent, Observation
from tickwright.strategy.tick.common import Memory, Params


def uncompiled(decide: Callable[..., Any]) -> Callable[[Params, Memory, Observation], Intent]:
    """The policy as a function of parameters, memory and an `Observation` record, with the same result.

    Compiled functions that it calls run as Python too, however deep; nothing is compiled.
    """
    source = as_python(decide)

    def tick(params: Params, memory: Memory, obs: Observation) -> Intent:
        return Intent(*source(params, memory, obs))

    return tick


def as_python(function: Any) -> Any:
    """A compiled function rebuilt on the source of all that it calls; anything else as it is."""
    source = getattr(function, "py_func", None)
    if source is None:
        return function
    used = {name: value for name, value in source.__globals__.items() if name in source.__code__.co_names}
    scope = {name: as_python(value) for name, value in used.items()}
    return FunctionType(source.__code__, scope, source.__name__, source.__defaults__, source.__closure__)
