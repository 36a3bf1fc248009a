"""Numbers that must lie between two others."""

from __future__ import annotations

import math
from typing import TypeAlias

from tickwright.core.errors import ConfigError

Numbers: TypeAlias = tuple[float, ...]


def within(name: str, value: float, low: float, high: float) -> None:
    """Raises ConfigError unless a number lies between two others."""
    if not (math.isfinite(value) and low <= value <= high):
        raise ConfigError(name, value, f"a number from {low:g} to {high:g}")


def all_within(name: str, values: Numbers, low: float, high: float) -> None:
    """The same for each of several numbers."""
    for value in values:
        within(name, value, low, high)
