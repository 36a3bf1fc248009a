"""What `execute` is asked to do: a config file's tables with the options of the command line laid over them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tickwright.app import config_file
from tickwright.core.errors import ConfigError
from tickwright.run.config import ExecuteConfig

_RUN = ("catalog", "market", "date", "seed", "together", "finish")
_PROFILE = (
    "entry_latency", "response_latency", "feed_latency", "latency_file", "maker_fee", "taker_fee", "resilience",
    "impact", "impact_decay", "queue_law",
)  # fmt: skip
# Option, field of the configuration, and whether it is text or a number.
_GATE = (
    ("max_order", "max_order_quantity", False),
    ("price_collar", "collar_bps", True),
    ("max_parent_share", "max_parent_share", True),
)
_ORDER_PRODUCT = ("instrument", "side", "quantity")
_ORDER_SINGLE = ("start", "end", "decision", "limit")


def request(config: Path | None, options: Mapping[str, Any]) -> ExecuteConfig:
    """The configuration of a run. `options` are those given on the command line, by their Python names.

    Raises UsageError for an unknown key, ConfigError for a wrong value or something that is missing.
    """
    table = config_file.read(config) if config is not None else {}
    over: dict[str, Any] = {name: _text(options[name]) for name in _RUN if name in options}
    if "policy" in options:
        over["policies"] = list(options["policy"])
    over["profile"] = {name: _profile_value(name, options[name]) for name in _PROFILE if name in options}
    over["gate"] = {
        field: _number(name, options[name]) if number and options[name] != config_file.OFF else options[name]
        for name, field, number in _GATE
        if name in options
    }
    merged = config_file.merged(table, over)
    merged["orders"] = orders(_order_tables(merged.get("orders", [])), options)
    if "market" in merged:
        merged.setdefault("catalog", "")
    _require(merged)
    return config_file.build(ExecuteConfig, merged)


def orders(base: Sequence[Mapping[str, Any]], options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Parent orders: every option given replaces that field of every order; several values multiply the orders.

    So two sides and two quantities on an empty base are four orders. Equal orders are kept once.
    """
    result: list[dict[str, Any]] = [dict(order) for order in base] or [{}]
    for name in (*_ORDER_PRODUCT, *_ORDER_SINGLE):
        if name in options:
            values = options[name] if name in _ORDER_PRODUCT else [options[name]]
            result = [{**order, name: value} for order in result for value in values]
    return [order for i, order in enumerate(result) if order not in result[:i]]


def _order_tables(value: Any) -> list[Mapping[str, Any]]:
    found = [value] if isinstance(value, Mapping) else value
    if not isinstance(found, list) or not all(isinstance(order, Mapping) for order in found):
        raise ConfigError("orders", value, "tables, each begun by [[orders]]")
    return found


def _require(table: Mapping[str, Any]) -> None:
    """Name what is missing by its option, which says more than a key of the file does."""
    absent = [] if "catalog" in table else ["--catalog or --market"]
    absent += [] if "date" in table else ["--date"]
    for name in (*_ORDER_PRODUCT, "start", "end"):
        if any(name not in order for order in table["orders"]):
            absent.append(f"--{name}")
    if absent:
        raise ConfigError("execute", f"no {', '.join(absent)}", "these as options or in the file of --config")


def _profile_value(name: str, value: Any) -> Any:
    if name != "impact":
        return _text(value)
    return 0.0 if value == config_file.OFF else _number("impact", value)


def _number(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= 0):
        raise ConfigError(f"--{name.replace('_', '-')}", value, "a number, not negative, or off")
    return number


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value
