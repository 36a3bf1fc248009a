"""Options as text, `name=value`, to frozen dataclasses and back. The unit of a field is the alias of its annotation.

| annotation | text |
|---|---|
| `Nanos` | a duration, `250ms`, `5s`, `1h` |
| `int`, `Ticks`, `Lots` | a whole number |
| `float` | a number |
| `bool` | `yes` or `no` |
| `tuple[int, ...]` | whole numbers joined by colons, `1:2:1` |

A field of any other type cannot be set by text.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import Field, fields
from typing import Any, TypeAlias, TypeVar

from tickwright.core.errors import ConfigError
from tickwright.core.time import parse_duration
from tickwright.core.units import HOUR, MICROSECOND, MILLISECOND, MINUTE, SECOND, Nanos

T = TypeVar("T")

_UNITS = (("h", HOUR), ("min", MINUTE), ("s", SECOND), ("ms", MILLISECOND), ("us", MICROSECOND), ("ns", 1))
_TRUTH = {"yes": True, "no": False, "true": True, "false": False}


def duration_text(value: Nanos) -> str:
    """A duration in the largest unit that leaves a whole number: `90s`, `5min`, `250us`."""
    if value == 0:
        return "0s"
    return next(f"{value // unit}{name}" for name, unit in _UNITS if value % unit == 0)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _truth(text: str) -> bool:
    return _TRUTH[text.lower()]


def _weights(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(":"))


_Kind: TypeAlias = tuple[Callable[[str], Any], Callable[[Any], str], str]
_WHOLE: _Kind = (int, str, "a whole number")

# What each annotation stands for: its reader, its writer, and the expectation in words.
_KINDS: dict[str, _Kind] = {
    "int": _WHOLE,
    "Ticks": _WHOLE,
    "Lots": _WHOLE,
    "Nanos": (parse_duration, duration_text, "a duration as 250ms, 5s or 1h"),
    "float": (_number, repr, "a finite number"),
    "bool": (_truth, lambda value: "yes" if value else "no", "yes or no"),
    "tuple[int, ...]": (_weights, lambda value: ":".join(map(str, value)), "whole numbers joined by colons, as 1:2:1"),
}


def option_fields(kind: Any) -> dict[str, Field[Any]]:
    """The fields of a dataclass type that text can set, by name."""
    return {f.name: f for f in fields(kind) if f.type in _KINDS}


def read_options(kind: Callable[..., T], text: str, where: str, declared: type[Any] | None = None) -> T:
    """`slices=12, urgency=2` → an instance; what is not named keeps its default. `declared` has the fields where `kind`
    is not the class itself.

    Raises ConfigError for a name that is unknown or given twice, a value that is not of the field's kind, and what the
    type itself refuses.
    """
    allowed = option_fields(declared or kind)
    values: dict[str, Any] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or name not in allowed or name in values:
            names = ", ".join(allowed) or "no options"
            raise ConfigError(f"{where} option", part, f"each of these at most once, as name=value: {names}")
        reader, _, expected = _KINDS[str(allowed[name].type)]
        try:
            values[name] = reader(value)
        except (ValueError, KeyError, ConfigError) as error:
            raise ConfigError(f"{where} {name}", value, expected) from error
    return kind(**values)


def options_text(options: Any) -> str:
    """The options that differ from their defaults, in the order of declaration: `slices=6,urgency=3.0`."""
    return ",".join(
        f"{name}={_KINDS[str(field.type)][1](getattr(options, name))}"
        for name, field in option_fields(type(options)).items()
        if getattr(options, name) != field.default
    )


def describe_options(kind: Any) -> str:
    """All options with their defaults, for help: `slices=12, urgency=2.0`."""
    return ", ".join(
        f"{name}={_KINDS[str(field.type)][1](field.default)}" for name, field in option_fields(kind).items()
    )


def require_positive(where: str, options: Any, *names: str) -> None:
    """Raise ConfigError for a named field that is not above zero."""
    for name in names:
        if not getattr(options, name) > 0:
            raise ConfigError(f"{where} {name}", getattr(options, name), "above zero")


def require_not_negative(where: str, options: Any, *names: str) -> None:
    """Raise ConfigError for a named field below zero."""
    for name in names:
        if not getattr(options, name) >= 0:
            raise ConfigError(f"{where} {name}", getattr(options, name), "zero or more")
