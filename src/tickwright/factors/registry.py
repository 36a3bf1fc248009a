"""Every factor by name and version: those that come with Tickwright, and a user's own."""

from __future__ import annotations

from dataclasses import replace

from tickwright.core.errors import ConfigError
from tickwright.factors.factor import Factor

_KNOWN: dict[tuple[str, int], Factor] = {}


def register(factor: Factor, module: str) -> Factor:
    """Make a factor known under its name; call as `register(Factor(...), __name__)`. Returns what to use.

    Raises ConfigError where another kernel has the name and version: results under one name would differ.
    """
    found = _KNOWN.get((factor.name, factor.version))
    if found is not None and found.module != module:
        raise ConfigError(
            f"factor {factor.name}", f"version {factor.version}, of {found.module} too", "another version"
        )
    factor = replace(factor, module=module)
    _KNOWN[factor.name, factor.version] = factor
    return factor


def named(name: str, version: int | None = None) -> Factor:
    """A factor; the newest version where none is given. Raises ConfigError with the names that are known."""
    versions = [known for known, _ in _KNOWN.items() if known[0] == name and version in (None, known[1])]
    if not versions:
        raise ConfigError("factor", f"{name} {version or ''}".strip(), f"one of {', '.join(sorted(names()))}")
    return _KNOWN[max(versions)]


def names(family: str | None = None) -> list[str]:
    """Names of all factors, of one family where it is given."""
    return sorted({f.name for f in _KNOWN.values() if family in (None, f.family)})
