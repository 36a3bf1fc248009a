"""Models by name, and parameters to and from plain tables, with a hash that names them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from typing import Any, TypeAlias

from tickwright.core.errors import ConfigError
from tickwright.venue.sim.reactive.layout import DEPTH
from tickwright.venue.sim.reactive.parameters.band import Epsilon, Hawkes, SantaFe
from tickwright.venue.sim.reactive.parameters.flow import Flow, Signs
from tickwright.venue.sim.reactive.parameters.queue_rates import FP, QL, QueueReactive
from tickwright.venue.sim.reactive.parameters.queues import Queues
from tickwright.venue.sim.reactive.parameters.venues import Pool, Venue

PARAMETERS_VERSION = 2
"""2: other defaults of `fp`, for what a table leaves out."""
Parameters: TypeAlias = SantaFe | Epsilon | Hawkes | QueueReactive | QL | FP
MODELS: dict[str, type[Parameters]] = {m.name: m for m in (SantaFe, Epsilon, Hawkes, QueueReactive, QL, FP)}
MARKETS: dict[str, Callable[[], Parameters]] = {**MODELS, "fp-small-tick": FP.small_tick}
"""What may be named instead of a file: the models, and the presets that are not a model's default."""


def default(model: str) -> Parameters:
    """The default parameters of a model. Raises ConfigError for an unknown name."""
    if model not in MODELS:
        raise ConfigError("model", model, f"one of {', '.join(MODELS)}")
    return MODELS[model]()


_SINCE_1 = (
    f"{PARAMETERS_VERSION}: since version 1 the defaults of fp are others; those of version 1 are FP.plain(). A table "
    "of another model, or one that gives every field, means what it meant: set version = 2. To one of fp that leaves "
    "fields out add those of to_dict(FP.plain()), or take the new defaults"
)


def to_dict(parameters: Parameters) -> dict[str, Any]:
    """A plain table, fit for TOML: the version, the model's name, and every field; venues and a pool where there are
    any, so that a market without them is named as it was before there were."""
    fields = json.loads(json.dumps(dataclasses.asdict(parameters)))
    for name in ("venues", "pool"):
        if not fields["flow"][name]:
            del fields["flow"][name]
    return {"version": PARAMETERS_VERSION, "model": parameters.name, **fields}


def from_dict(table: dict[str, Any]) -> Parameters:
    """The inverse of `to_dict`; a field that is not given has its default. Raises ConfigError."""
    rest = dict(table)
    version = rest.pop("version", None)
    if version == 1:
        raise ConfigError("version", version, _SINCE_1)
    if version != PARAMETERS_VERSION:
        raise ConfigError("version", version, f"{PARAMETERS_VERSION}")
    model = rest.pop("model", None)
    if model not in MODELS:
        raise ConfigError("model", model, f"one of {', '.join(MODELS)}")
    built: Parameters = _build(MODELS[model], rest, "")
    return built


_PARTS = {"flow": Flow, "signs": Signs, "queues": Queues, "pool": Pool}


def _build(kind: Any, table: dict[str, Any], where: str) -> Any:
    fields = {f.name: f for f in dataclasses.fields(kind)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in fields:
            raise ConfigError(f"{where}{key}", value, f"a key among {', '.join(fields)}")
        if key in _PARTS:
            if not isinstance(value, dict):
                raise ConfigError(f"{where}{key}", value, "a table")
            values[key] = _build(_PARTS[key], value, f"{where}{key}.")
        elif key == "venues":
            if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
                raise ConfigError(f"{where}{key}", value, "a list of tables")
            values[key] = tuple(_build(Venue, item, f"{where}{key}[{i}].") for i, item in enumerate(value))
        else:
            values[key] = _value(f"{where}{key}", value, fields[key].type)
    missing = [
        n for n, f in fields.items()
        if n not in values and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    ]  # fmt: skip
    if missing:
        raise ConfigError(f"{where}{missing[0]}", None, "a value")
    return kind(**values)


def _value(name: str, value: Any, annotation: Any) -> Any:
    """A plain value as its field wants it; the annotation is text, as this module postpones them."""
    wanted = str(annotation)
    if wanted == "str":
        if not isinstance(value, str):
            raise ConfigError(name, value, "a text")
        return value
    if wanted.startswith("tuple") or wanted == "Numbers":
        return _numbers(name, value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigError(name, value, "a number")
    if wanted == "int":
        if value != int(value):
            raise ConfigError(name, value, "a whole number")
        return int(value)
    return float(value)


def _numbers(name: str, value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return tuple(_numbers(name, v) for v in value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigError(name, value, "numbers")
    return value


def content_hash(parameters: Parameters) -> str:
    """Hex digits that name these parameters: alike for alike, whatever their spelling as int or float."""
    table = {**_as_before(to_dict(parameters)), "version": _HASHED}
    text = json.dumps(_canonical(table), sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


_HASHED = 1
"""What a hash has for the version of a file: a market's name is of its law and its numbers."""
_ADDED: dict[str, Any] = {
    "flow.gaps": [1.0], "flow.gap_weights": [1.0], "flow.gap_stay": 0.0, "flow.gap_after_market": 0.0,
    "flow.gap_after_weights": [],
    "flow.trading_curve": [1.0], "flow.posting_curve": [1.0], "flow.size_curve": [1.0],
    "flow.day_parts": [], "flow.gap_flurry": 0.0, "flow.gap_flurry_memory": 20.0,
    "flow.market_sizes": [], "flow.market_weights": [], "flow.cancel_decay": 0.0,
    "queues.echo": 0.0, "queues.echo_memory": 1.0, "queues.spread_power": 0.0,
    "queues.comeback": 0.0, "queues.company": 0.0, "queues.company_gap": 1e-6, "queues.entering": 0.0,
    "lean": 1.0, "through": 1.0, "sweep_through": 1.0, "picked": 1.0, "edge": 0.0, "reach": DEPTH,
    "impact_news": 0.0, "impact_posting": 0.0, "join": 1.0, "stale": 0.0, "heed": 0.0, "rush": 0.0, "news_rate": 1.0,
    "selective": 0.0, "swift": 0.0, "swift_memory": 5.0, "signs.again": 0.0,
}  # fmt: skip
"""Fields that came later, at values at which a law is as it was before: they are left out of the hash, so that a market
keeps its name."""


def _as_before(table: dict[str, Any], where: str = "") -> dict[str, Any]:
    return {
        key: _as_before(value, f"{where}{key}.") if isinstance(value, dict) else value
        for key, value in table.items()
        if f"{where}{key}" not in _ADDED or value != _ADDED[f"{where}{key}"]
    }


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _canonical(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_canonical(v) for v in value]
    if isinstance(value, (int, float)):
        return float(value).hex()
    return value
