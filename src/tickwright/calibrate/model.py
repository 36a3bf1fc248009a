"""A model that can be calibrated: two functions and a name. One file a model, one table of them (`models.py`).

A model may have a coarser tick than the day it is fitted to (`Fit.tick`). Its parameters and rows are then in its own
ticks; whoever lays its days beside recorded ones multiplies the prices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np

from tickwright.calibrate.facts import DayFacts
from tickwright.core.ids import fingerprint
from tickwright.core.units import Nanos, Ticks

Parameters: TypeAlias = Mapping[str, Any]
"""Plain values by name, as they stand under [parameters] in parameters.toml: numbers, text, lists, tables."""
Rows: TypeAlias = Callable[[], Iterable[np.ndarray]]
"""The day's chunks of MARKET_EVENT rows once more, for what can only be counted when some facts are known."""


class Model(Protocol):
    """`name` is what the command line calls it; `version` grows when a law changes, so that old parameters are told."""

    @property
    def name(self) -> str:
        """As the command line calls it."""
        ...

    @property
    def version(self) -> int:
        """Of its laws and parameters."""
        ...

    def fit(self, facts: DayFacts, rows: Rows) -> Fit:
        """Parameters from the facts of a recorded day, and from its rows where those do not do. Raises ConfigError
        where the day allows none."""
        ...

    def simulate(self, parameters: Parameters, seed: int, begin: Nanos, end: Nanos) -> Iterable[np.ndarray]:
        """Chunks of MARKET_EVENT rows of a day from `begin` to `end`, from an empty book on. Same arguments, same
        bytes. Raises ConfigError."""
        ...


@dataclass(frozen=True)
class Fit:
    """Parameters and what one should know of them."""

    parameters: Parameters
    notes: tuple[str, ...]
    tick: Ticks = 1
    """Recorded ticks in one of the model."""


def parameters_hash(model: Model, parameters: Parameters) -> str:
    """Names a market: the model, its version and every parameter."""
    return fingerprint({"model": model.name, "version": model.version, "parameters": dict(parameters)})
