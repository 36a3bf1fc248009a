"""What a field of a configuration made in Python must be, where a file's reader has not looked at it. ConfigError."""

from __future__ import annotations

from typing import Any

from tickwright.core.errors import ConfigError


def check_flags(config: Any, *names: str, unsaid: tuple[str, ...] = ()) -> None:
    """Fields that are true or false; `unsaid` are those that may be None."""
    for name in (*names, *unsaid):
        value = getattr(config, name)
        if not isinstance(value, bool) and not (value is None and name in unsaid):
            raise ConfigError(name, value, "true or false" + (", or nothing" if name in unsaid else ""))


def check_texts(config: Any, *names: str, unsaid: tuple[str, ...] = ()) -> None:
    """Fields that are texts; `unsaid` are those that may be None."""
    for name in (*names, *unsaid):
        value = getattr(config, name)
        if not isinstance(value, str) and not (value is None and name in unsaid):
            raise ConfigError(name, value, "a text" + (", or nothing" if name in unsaid else ""))
