"""How a value of result.json is written for a reader; the same everywhere, so that a number can be found again."""

from __future__ import annotations

from typing import Any

MINUS = "\N{MINUS SIGN}"  # the sign of a negative number, as wide as a digit
NOT_AVAILABLE = "n/a"

_UNITS = (("_bps", "bp"), ("_ns", "ns"), ("_s", "s"))


def fixed(value: float | str | None, digits: int, plus: bool = False) -> str:
    """A number with a fixed count of decimals and a true minus sign; `n/a` for None."""
    if value is None:
        return NOT_AVAILABLE
    text = f"{float(value):{'+' if plus else ''},.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("+-")  # no signed zero
    return text.replace("-", MINUS)


def percent(value: float | None, digits: int = 1) -> str:
    """A fraction as a percentage without its sign of unit."""
    return fixed(None if value is None else 100 * float(value), digits)


def exact(value: Any) -> str:
    """A leaf of a row: text and integers as they stand, floats to six significant digits, None as `n/a`."""
    if value is None:
        return NOT_AVAILABLE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}".replace("-", MINUS)
    if isinstance(value, (list, tuple)):
        return "; ".join(exact(item) for item in value) or "none"
    return str(value).replace("-", MINUS) if _numeric(value) else str(value)


def _numeric(value: Any) -> bool:
    if isinstance(value, int):
        return True
    text = str(value)
    return text.lstrip("-").replace(".", "", 1).isdigit()


def leaves(row: dict[str, Any], prefix: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """The row without its nesting: path of keys → value, in the row's own order."""
    flat: dict[tuple[str, ...], Any] = {}
    for key, value in row.items():
        path = (*prefix, key)
        if isinstance(value, dict):
            flat |= leaves(value, path)
        else:
            flat[path] = value
    return flat


def unit_of(path: tuple[str, ...]) -> str:
    """The unit that a key's ending names: bp, s, ns, or the currency inside a shortfall; else nothing."""
    if path[0] in ("shortfall", "trading_split"):
        return "currency"
    for key in reversed(path):
        for ending, unit in _UNITS:
            if key.endswith(ending):
                return unit
    return ""


def label_of(path: tuple[str, ...]) -> str:
    """A readable name of a path: `slippage bps → arrival` becomes `slippage: arrival`."""
    words = []
    for key in path:
        for ending, _unit in _UNITS:
            key = key.removesuffix(ending)
        words.append(key.replace("_", " "))
    return ": ".join(words)
