"""A factor: a compiled kernel with the shape of its configuration, state and inputs. One factor, one kernel.

A kernel is `update(config, state, ring, x, out)`: a configuration, the scalars of one instrument, a row of numbers
as long as the configuration asks, what came at one slot, and the row to fill. It is called once a slot, in order, slots
without any input included up to the look-back; more than that and its state begins anew, from zeros. What it writes may
depend on the look-back alone. It writes a value with status OK, or another status; WARMUP is the engine's to give.

A kernel of lanes takes up to eight instruments at once: one state, a ring whose numbers lie eight and eight, an
instrument a lane, and as many rows of `x` and `out` as there are instruments (`core.lanes`).

A kernel of a section is `update(config, x, out)` with a row an instrument, and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.kernel import bound
from tickwright.core.lanes import WIDTH
from tickwright.core.layout import I8, dtype_of, to_rows
from tickwright.factors import loops
from tickwright.factors.records import ESTIMATE, SAMPLE, STEP, Estimate, Sample, Step

LAYOUTS = {Sample: SAMPLE, Estimate: ESTIMATE}
"""What an input may be."""


@dataclass(frozen=True, slots=True)
class Stateless:
    """The state of a kernel that keeps nothing."""

    unused: I8 = 0


def no_ring(config: Any) -> int:
    """A kernel that needs scalars alone."""
    return 0


@dataclass(frozen=True)
class Factor:
    """`name` and `version` stand for the kernel in identities: raise the version when its results change.

    `inputs` are ports by name, each a Sample or an Estimate. `lookback` and `ring` take the configuration: slots that
    a row depends on, this one counted, and numbers to keep. Raises ConfigError.

    `gates`: ports without which there is no value: where one is not OK, a row has its status. By default all that take
    an Estimate.
    """

    name: str
    version: int
    update: Callable[..., None]
    config: type
    inputs: Mapping[str, type]
    lookback: Callable[[Any], int]
    state: type = Stateless
    ring: Callable[[Any], int] = no_ring
    section: bool = False
    lanes: bool = False
    gates: tuple[str, ...] | None = None
    family: str = ""
    """To find it by, as beta."""
    module: str = ""
    """Where `registry.register` was called; what another process imports to have it."""

    def __post_init__(self) -> None:
        for name, record in self.inputs.items():
            if record not in LAYOUTS or name in {f.name for f in fields(Step)}:
                raise ConfigError(f"input {name} of {self.name}", record, "Sample or Estimate, under a name of its own")
        if self.gates is None:
            estimates = tuple(name for name, record in self.inputs.items() if record is Estimate)
            object.__setattr__(self, "gates", estimates)
        elif not set(self.gates) <= set(self.inputs):
            raise ConfigError(f"gates of {self.name}", self.gates, f"of {', '.join(self.inputs)}")
        if self.section and self.lanes:
            raise ConfigError(f"factor {self.name}", "a section of lanes", "the one or the other")
        if not self.inputs or self.version < 1 or not (is_dataclass(self.config) and is_dataclass(self.state)):
            raise ConfigError(f"factor {self.name}", self, "an input, a version from 1, and records as dataclasses")

    @cached_property
    def x(self) -> np.dtype:
        """The layout of what comes at one slot: the inputs in order, then `records.Step`."""
        return np.dtype([*((name, LAYOUTS[record]) for name, record in self.inputs.items()), *STEP.descr])

    def place(self, port: str) -> int:
        """The 64-bit word of `x` at which an input, or a field of `records.Step`, begins."""
        fields: Any = self.x.fields
        return int(fields[port][1]) // 8

    @cached_property
    def loop(self) -> Any:
        """The kernel in its loop over instruments and slots, compiled once a process."""
        return _loop(self.update, loops.across if self.section else loops.beside if self.lanes else loops.along)

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process looks it up: compiled code does not travel."""
        if not self.module:
            raise ConfigError(
                f"factor {self.name}", "not registered", "registry.register(factor, __name__) in a module"
            )
        return _from_registry, (self.module, self.name, self.version)

    def describe(self, config: Any) -> dict[str, Any]:
        """What an identity is made of, the inputs apart: never source text."""
        return {
            "kernel": self.name,
            "version": self.version,
            "config": {name: repr(value) for name, value in asdict(config).items()},
            "output": [[name, kind] for name, kind, *_ in ESTIMATE.descr if not name.startswith("_")],
        }

    def config_row(self, config: Any) -> np.ndarray:
        """One row of the configuration's layout."""
        rows = np.zeros(1, _sealed(self.config))
        plain = to_rows(self.config, [config])
        for name in plain.dtype.names or ():
            rows[name] = plain[name]
        return rows

    def memory(self, config: Any, count: int) -> tuple[np.ndarray, np.ndarray]:
        """States and rings of `count` instruments, all zero.

        Rings are (numbers, instruments): instruments beside each other, for they come to the same place together. Of
        lanes there is a state and a ring for each eight.
        """
        if self.lanes:
            eights = -(-count // WIDTH)
            return np.zeros(eights, _sealed(self.state)), _aligned(eights, self.ring(config) * WIDTH)
        return np.zeros(count, _sealed(self.state)), np.zeros((max(self.ring(config), 1), count))


def _aligned(rows: int, numbers: int) -> np.ndarray:
    """Zeros, whole numbers of eights a row, each eight in a line of the cache of its own."""
    line = WIDTH * 8
    memory = np.zeros(rows * numbers + WIDTH)
    first = -memory.ctypes.data % line // 8
    return memory[first : first + rows * numbers].reshape(rows, numbers)


def _sealed(record: type) -> np.dtype:
    """A layout with a last field of its own: Numba takes a record for another one that begins with its fields."""
    return np.dtype([*dtype_of(record).descr, (f"_end_of_{record.__name__}", "<i8")])


@cache
def _loop(update: Callable[..., None], loop: Callable[..., None]) -> Any:
    return bound(loop, update)


def _from_registry(module: str, name: str, version: int) -> Factor:
    from importlib import import_module

    from tickwright.factors.registry import named

    import_module(module)
    return named(name, version)
