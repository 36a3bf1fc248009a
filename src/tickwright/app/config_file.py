"""TOML ↔ frozen dataclasses: the one place that turns one into the other.

A table of the file becomes a dataclass; keys are its fields, with `-` and `_` alike. An unknown key is refused with the
allowed set, a wrong type with its place. Decimals are written as text so that they stay exact; TOML has no null, so
`"off"` stands for None. Where text is wanted, TOML's own dates, times of day and numbers are taken as they are written.
"""

from __future__ import annotations

import datetime as dt
import tomllib
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from tickwright.core.errors import ConfigError, UsageError

T = TypeVar("T")

OFF = "off"


def read(path: Path | str) -> dict[str, Any]:
    """The tables of a TOML file. Raises ConfigError when it is absent or not TOML."""
    try:
        return tomllib.loads(Path(path).read_text("utf-8"), parse_float=Decimal)
    except FileNotFoundError as error:
        raise ConfigError("config file", str(path), "an existing file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"config file {path}", str(error), "valid TOML in UTF-8") from error
    except OSError as error:
        raise ConfigError("config file", str(path), f"a readable file ({error.strerror})") from error


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the values of `over` in place of its own, table by table. Raises ConfigError: a value for a table."""
    result = {_name(key): value for key, value in base.items()}
    for key, value in over.items():
        old = result.get(_name(key))
        if isinstance(value, Mapping) and old is not None:
            if not isinstance(old, Mapping):
                raise ConfigError(_name(key), old, "a table")
            value = merged(old, value)
        result[_name(key)] = value
    return result


def build(record: type[T], table: Mapping[str, Any], where: str = "") -> T:
    """A table as a frozen dataclass.

    Raises ConfigError naming the key, the value and what was expected, and UsageError for an unknown key.
    """
    declared = {f.name: f for f in fields(record)}  # type: ignore[arg-type]
    hints = get_type_hints(record)
    given = {_name(key): value for key, value in table.items()}
    for key in given:
        if key not in declared:
            raise UsageError(f"unknown key {_place(where, key)}; allowed: {', '.join(sorted(declared))}")
    for name, field in declared.items():
        if name not in given and field.default is MISSING and field.default_factory is MISSING:
            raise ConfigError(_place(where, name), "nothing", f"{_words(hints[name])}, which is required")
    return record(**{name: _value(hints[name], value, _place(where, name)) for name, value in given.items()})


def tables(value: Any) -> dict[str, Any]:
    """A dataclass as tables that `build` reads back to an equal one. A field that is None by default is left out."""
    result = {}
    for field in fields(value):
        plain = _plain(getattr(value, field.name))
        if plain is not None:
            result[field.name] = plain
        elif field.default is not None:
            result[field.name] = OFF
    return result


def to_toml(value: Any) -> str:
    """A dataclass as the text of a TOML file."""
    return "\n".join(_lines(tables(value), ())) + "\n"


# ── from TOML ────────────────────────────────────────────────────────────────────────────────────────────────────


def _value(kind: Any, value: Any, where: str) -> Any:
    if is_dataclass(kind):
        if not isinstance(value, Mapping):
            raise ConfigError(where, value, "a table")
        return build(kind, value, where)  # type: ignore[arg-type]
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _union(kind, value, where)
    if origin in (tuple, list):
        return _sequence(kind, value, where)
    if origin is dict:
        if not isinstance(value, Mapping):
            raise ConfigError(where, value, "a table")
        return {str(key): _value(get_args(kind)[1], item, _place(where, key)) for key, item in value.items()}
    return _scalar(kind, value, where)


def _union(kind: Any, value: Any, where: str) -> Any:
    choices = [choice for choice in get_args(kind) if choice is not type(None)]
    if value is None or (value == OFF and type(None) in get_args(kind)):
        return None
    failures = []
    for choice in choices:
        try:
            return _value(choice, value, where)
        except ConfigError as error:
            failures.append(error)
    raise failures[0] if len(failures) == 1 else ConfigError(where, value, " or ".join(c.__name__ for c in choices))


def _sequence(kind: Any, value: Any, where: str) -> Any:
    inner = get_args(kind)
    if not isinstance(value, (list, tuple)):
        value = [value]  # one is written without brackets
    if get_origin(kind) is list or inner[-1] is Ellipsis:
        items = [_value(inner[0], item, f"{where}[{i}]") for i, item in enumerate(value)]
        return items if get_origin(kind) is list else tuple(items)
    if len(value) != len(inner):
        raise ConfigError(where, value, f"{len(inner)} values")
    return tuple(_value(k, item, f"{where}[{i}]") for i, (k, item) in enumerate(zip(inner, value, strict=True)))


def _scalar(kind: Any, value: Any, where: str) -> Any:
    if kind is bool or isinstance(value, bool):
        if kind is bool and isinstance(value, bool):
            return value
        raise ConfigError(where, value, "true or false" if kind is bool else _words(kind))
    if kind is Decimal and isinstance(value, (str, int, Decimal)):
        try:
            return Decimal(value)
        except InvalidOperation as error:
            raise ConfigError(where, value, "a decimal number as text") from error
    if kind is str and (text := _as_text(value)) is not None:
        return text
    if kind is float and isinstance(value, (int, float, Decimal)):
        return float(value)
    if kind is Path and isinstance(value, (str, Path)):
        return Path(value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(kind, value, where)
    if isinstance(kind, type) and isinstance(value, kind):
        return value
    raise ConfigError(where, value, _words(kind))


def _as_text(value: Any) -> str | None:
    """The natural TOML value that stands for a text, as it is written; None for one that does not."""
    if isinstance(value, dt.datetime):
        return None  # a date and a time of day are two keys
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    return str(value) if isinstance(value, (int, Decimal)) else None


def _member(kind: type[Enum], value: Any, where: str) -> Enum:
    names = {member.name.lower(): member for member in kind}
    if isinstance(value, kind):
        return value
    if str(value).lower() not in names:
        raise ConfigError(where, value, f"one of {', '.join(names)}")
    return names[str(value).lower()]


def _words(kind: Any) -> str:
    known = {int: "a whole number", float: "a number", str: "text in quotes", Path: "a path in quotes"}
    known[Decimal] = 'an exact decimal as text in quotes, as "0.0035"'
    return known.get(kind, getattr(kind, "__name__", str(kind)))


def _name(key: str) -> str:
    return key.replace("-", "_")


def _place(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


# ── to TOML ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return tables(value)
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, (Decimal, Path)):
        return str(value)
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return value


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    lines = [f"{_key(key)} = {_literal(value)}" for key, value in table.items() if not _is_table(value)]
    for key, value in table.items():
        inner = (*path, _key(key))
        if isinstance(value, Mapping):
            lines += ["", f"[{'.'.join(inner)}]", *_lines(value, inner)]
        elif _is_table(value):
            for item in value:
                lines += ["", f"[[{'.'.join(inner)}]]", *_lines(item, inner)]
    return lines


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and bool(value) and isinstance(value[0], Mapping))


def _key(key: str) -> str:
    bare = key.replace("_", "").replace("-", "")
    return key if bare.isascii() and bare.isalnum() else _literal(key)


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)  # TOML writes nan and inf as Python does
    if isinstance(value, list):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in text) + '"'
