"""The parameters of a reactive market as a TOML file: what `calibrate` writes, what `simulate` and others read.

    schema = "tickwright.parameters/2"
    model = "fp"
    version = 1                 of what stands under [parameters]

    [fitted_to]                 optional, as `hash`: where they come from; not read

    [parameters]
    mid_price = 10000           optional: ticks around which a day opens
    kappa = 0.8                 fields of the model; what is left out has its default
    [parameters.flow]
    messages_a_second = 20.0

The bare table of `parameters.to_dict` (`model`, `version` and the fields, all at the top) is read as well.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tickwright.core.errors import ConfigError
from tickwright.core.units import Ticks
from tickwright.venue.sim.reactive import parameters
from tickwright.venue.sim.reactive.parameters import Parameters

SCHEMA = "tickwright.parameters/2"
_TOP = ("schema", "model", "version", "hash", "fitted_to", "parameters")


@dataclass(frozen=True, slots=True)
class MarketFile:
    """A market as a file names it. `mid_price` is None where it says nothing of it."""

    parameters: Parameters
    mid_price: Ticks | None = None


def read_market(file: Path | str) -> MarketFile:
    """The market of a file. Raises ConfigError, which names the file, the key, the value and what was expected."""
    try:
        table = tomllib.loads(Path(file).read_text("utf-8"))
    except FileNotFoundError as error:
        raise ConfigError("parameters file", str(file), "an existing file") from error
    except ValueError as error:  # also of bytes that are no UTF-8, and of numbers too long to read
        raise ConfigError(f"parameters file {file}", str(error), "valid TOML in UTF-8") from error
    except OSError as error:
        raise ConfigError("parameters file", str(file), f"a readable file ({error.strerror})") from error
    try:
        return market_of(table)
    except ConfigError as error:
        error.add_note(str(file))
        raise


def chosen_market(model: str | None, file: Path | str | None) -> MarketFile:
    """What the options `--model` and `--parameters` say together: a market by its name, or a file's market, which must
    be of the model if that is given too; FP without either. Raises ConfigError."""
    if file is None:
        return known_market("--model", parameters.FP.name if model is None else model, "one of")
    market = read_market(file)
    if model not in (None, market.parameters.name):
        raise ConfigError("--model", model, f"{market.parameters.name}, the model of {file}, or none")
    return market


def known_market(option: str, name: str, expected: str) -> MarketFile:
    """A model with its default parameters, or a preset, by its name. Raises ConfigError, with the names after
    `expected`."""
    if name not in parameters.MARKETS:
        raise ConfigError(option, name, f"{expected} {', '.join(parameters.MARKETS)}")
    return MarketFile(parameters.MARKETS[name]())


def market_of(table: dict[str, Any]) -> MarketFile:
    """The market of a file's tables. Raises ConfigError."""
    if "parameters" in table or "schema" in table:
        table = _flat(table)
    fields = dict(table)
    mid_price = fields.pop("mid_price", None)
    if mid_price is not None and (type(mid_price) is not int or mid_price < 1):
        raise ConfigError("mid_price", mid_price, "a whole number of ticks, 1 or more")
    _check("", fields)
    model = fields.get("model")
    if not isinstance(model, str):
        raise ConfigError("model", model, f"one of {', '.join(parameters.MODELS)}")
    _check_shape("", fields, parameters.to_dict(parameters.default(model)))
    return MarketFile(parameters.from_dict(fields), mid_price)


def market_toml(market: MarketFile, fitted_to: Mapping[str, Any]) -> str:
    """The text of a file that `read_market` reads back: every number in full."""
    table = parameters.to_dict(market.parameters)
    model, version = table.pop("model"), table.pop("version")
    if market.mid_price is not None:
        table = {"mid_price": market.mid_price, **table}
    head = {"schema": SCHEMA, "model": model, "version": version, "hash": parameters.content_hash(market.parameters)}
    lines = [f"{key} = {toml_value(value)}" for key, value in head.items()]
    return "\n".join([*lines, "", *toml_table("fitted_to", fitted_to), "", *toml_table("parameters", table)]) + "\n"


def toml_table(name: str, values: Mapping[str, Any]) -> list[str]:
    """A table, and those in it behind it."""
    lines = [
        f"[{name}]", *(f"{key} = {toml_value(value)}" for key, value in values.items() if not isinstance(value, dict))
    ]  # fmt: skip
    for key, value in values.items():
        if isinstance(value, dict):
            lines += ["", *toml_table(f"{name}.{key}", value)]
    return lines


def toml_value(value: object) -> str:
    """A number, a text or a list of them."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(toml_value(v) for v in value)}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)  # a TOML basic string
    return repr(value)


def _flat(table: dict[str, Any]) -> dict[str, Any]:
    if table.get("schema") != SCHEMA:
        raise ConfigError("schema", table.get("schema"), SCHEMA)
    for key, value in table.items():
        if key not in _TOP:
            raise ConfigError(key, value, f"a key among {', '.join(_TOP)}")
    fields = table.get("parameters", {})
    if not isinstance(fields, dict):
        raise ConfigError("parameters", fields, "a table")
    for key in ("model", "version"):
        if key in fields:
            raise ConfigError(f"parameters.{key}", fields[key], f"{key} at the top of the file")
    return {"model": table.get("model"), "version": table.get("version"), **fields}


def _check(where: str, value: Any) -> None:
    """Refuse a number that is not finite, or longer than TOML allows, anywhere."""
    if isinstance(value, dict):
        for key, item in value.items():
            _check(f"{where}.{key}" if where else key, item)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            _check(f"{where}[{i}]", item)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(where, value, "a finite number")
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ConfigError(where, f"{str(value)[:20]}…", "a number of at most 64 bits")


def _check_shape(where: str, table: dict[str, Any], known: dict[str, Any]) -> None:
    """Lists stand where the model has lists, as deep as it has them; unknown keys are the model's to refuse."""
    for key, value in table.items():
        if key not in known:
            continue
        name = f"{where}{key}"
        if isinstance(value, dict) and isinstance(known[key], dict):
            _check_shape(f"{name}.", value, known[key])
        elif _depths(value) != {_depth(known[key])}:
            raise ConfigError(name, value, ("one value", "a list", "a list of lists", "lists of lists of lists")[
                min(_depth(known[key]), 3)
            ])  # fmt: skip


def _depth(value: Any) -> int:
    return 1 + _depth(value[0]) if isinstance(value, list) and value else int(isinstance(value, list))


def _depths(value: Any) -> set[int]:
    """How deep its numbers lie; an empty list holds its place."""
    if not isinstance(value, list):
        return {0}
    return {1 + depth for item in value for depth in _depths(item)} or {1}
