"""Bounds of what a configuration says, field by field."""

from __future__ import annotations

import math

from tickwright.core.errors import ConfigError


def whole(where: str, record: object, **bounds: int | tuple[int, int]) -> None:
    """Fields of a record that are whole numbers from 1, or from the first of two, to a limit. Raises ConfigError."""
    for name, given in bounds.items():
        low, high = (1, given) if isinstance(given, int) else given
        value = getattr(record, name)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ConfigError(f"{where}.{name}".lstrip("."), value, f"a whole number from {low} to {high}")


def number(where: str, record: object, **bounds: tuple[float, float]) -> None:
    """Fields of a record that are finite numbers between two. Raises ConfigError."""
    for name, (low, high) in bounds.items():
        value = getattr(record, name)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not (math.isfinite(value) and low <= value <= high)
        ):
            raise ConfigError(f"{where}.{name}".lstrip("."), value, f"a number from {low:g} to {high:g}")
