"""Mappings from TOML: by path, or by the name of one that comes along; what no file can mean is refused."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping as AnyMapping
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from tickwright.core.errors import ConfigError, UsageError
from tickwright.core.time import zone
from tickwright.data.tables.mapping import ACTIONS, BAR_LENGTH, OFFSET, OPTIONAL, PRICES, REQUIRED, SIDES, Mapping


def shipped() -> list[str]:
    """Names of the mappings that come with Tickwright."""
    folder = resources.files("tickwright.data.tables") / "mappings"
    return sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))


@cache
def shipped_mapping(name: str) -> Mapping:
    """A mapping that comes with Tickwright, by name."""
    folder = resources.files("tickwright.data.tables") / "mappings"
    return parse_mapping((folder / f"{name}.toml").read_text("utf-8"), name)


def load_mapping(given: Path | str) -> Mapping:
    """A mapping by the path of its TOML file, or by the name of one that comes with Tickwright. Raises ConfigError."""
    text = str(given)
    if text in shipped():
        return shipped_mapping(text)
    path = Path(given)
    if not path.is_file():
        raise ConfigError("mapping", text, f"a TOML file that exists, or one of {', '.join(shipped())}")
    try:
        return parse_mapping(path.read_text("utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("mapping", text, f"a readable file in UTF-8 ({error})") from error


def parse_mapping(text: str, name: str = "mapping") -> Mapping:
    """The text of a TOML file as a mapping. Raises ConfigError, and UsageError for an unknown key."""
    try:
        table = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"mapping {name}", str(error), "valid TOML") from error
    _known_keys(Mapping, table, name, hidden=("name",))
    try:
        mapping = msgspec.convert({**table, "name": name}, Mapping)
    except msgspec.ValidationError as error:
        raise ConfigError(f"mapping {name}", str(error), "a mapping as the module tables.mapping says") from error
    _check(mapping, name)
    return mapping


def with_symbol(mapping: Mapping, template: str) -> Mapping:
    """The mapping with another `instrument.symbol`. Raises ConfigError for a part that its files do not have."""
    if set("{}") & set(re.sub(r"\{\w+\}", "", template)):
        raise ConfigError("instrument", template, "a name, or a pattern with whole parts as '{symbol}.daily'")
    named = replace(mapping, instrument=replace(mapping.instrument, symbol=template))
    _check(named, mapping.name)
    return named


def _known_keys(record: type, table: AnyMapping[str, Any], where: str, hidden: tuple[str, ...] = ()) -> None:
    hints = get_type_hints(record)
    allowed = [f.name for f in fields(record) if f.name not in hidden]
    for key, value in table.items():
        if key not in allowed:
            raise UsageError(f"{where}: unknown key {key}; allowed: {', '.join(sorted(allowed))}")
        if is_dataclass(hints[key]) and isinstance(value, AnyMapping):
            _known_keys(hints[key], value, f"{where}: {key}")


def _check(mapping: Mapping, name: str) -> None:
    """Refuse what TOML allows and no file can mean."""

    def refuse(key: str, value: object, expected: str) -> None:
        raise ConfigError(f"mapping {name}: {key}", value, expected)

    schema = mapping.schema
    if schema not in REQUIRED:
        refuse("schema", schema, f"one of {', '.join(REQUIRED)}")
    allowed = (*REQUIRED[schema], *OPTIONAL[schema])
    for given, column in mapping.columns.items():
        if given not in allowed:
            raise UsageError(
                f"{name}: columns: unknown key {given}; allowed for {schema}: {', '.join(sorted(allowed))}"
            )
        if isinstance(column, int) == mapping.file.header or (isinstance(column, int) and column < 1):
            refuse(f"columns.{given}", column, "a name where there is a header, else a number from 1")
    _check_fields(mapping, refuse)
    _check_time(mapping, refuse)
    _check_text(mapping, refuse)
    for what in ("tick_size", "lot_size", "multiplier"):
        if not (value := getattr(mapping.instrument, what)).is_finite() or value <= 0:
            refuse(f"instrument.{what}", str(value), "a positive decimal as text")
    if mapping.price.scale < 1:
        refuse("price.scale", mapping.price.scale, "a positive whole number")
    if not mapping.size.unit.is_finite() or mapping.size.unit <= 0:
        refuse("size.unit", str(mapping.size.unit), "a positive decimal as text")
    if (to := mapping.size.round_to) is not None and to not in {Decimal(1).scaleb(-k) for k in range(16)}:
        refuse("size.round_to", str(to), "1, 0.1, 0.01, … down to fifteen decimals")


def _check_fields(mapping: Mapping, refuse: Any) -> None:
    wanted = list(REQUIRED[mapping.schema])
    series = mapping.series
    if series.columns:
        if mapping.schema not in BAR_LENGTH or series.field not in PRICES:
            refuse("series.field", series.field, f"one of {', '.join(PRICES)}, in a schema of bars")
    elif mapping.schema in BAR_LENGTH and not set(PRICES) & set(mapping.columns):
        refuse("columns", list(mapping.columns), f"one of {', '.join(PRICES)} at least")
    if not (mapping.schema == "bars-1d" and "date" in mapping.columns):
        wanted.append("ts_event")
    for absent in [one for one in wanted if one not in mapping.columns]:
        refuse(f"columns.{absent}", "nothing", "a column, which is required")
    for what, meanings in (("side", SIDES), ("action", ACTIONS)):
        for code, meaning in getattr(mapping.values, what).items():
            if meaning not in meanings:
                refuse(f"values.{what}.{code}", meaning, f"one of {', '.join(meanings)}")
        if what in mapping.columns and not getattr(mapping.values, what):
            refuse(f"values.{what}", "nothing", f"what the codes of column {mapping.columns[what]!r} mean")
    if "snapshot" in mapping.columns and not mapping.values.snapshot:
        refuse("values.snapshot", "nothing", "which codes are of a snapshot (true) and which are not (false)")
    if mapping.messages.last == "sequence" and "sequence" not in mapping.columns:
        refuse("messages.last", "sequence", "a column `sequence` with it")


def _check_time(mapping: Mapping, refuse: Any) -> None:
    time = mapping.time
    dated = "date" in mapping.columns or "(?P<date>" in mapping.file.name
    if "ts_event" in mapping.columns and bool(time.unit) == bool(time.format):
        refuse("time", f"unit {time.unit!r}, format {time.format!r}", "one of the two")
    if time.unit and time.since == "midnight" and not dated:
        refuse("time.since", "midnight", "a column `date`, or a part `date` of file.name")
    if time.zone == OFFSET:
        if time.format != "iso" or "date" in mapping.columns:
            refuse("time.zone", OFFSET, "a text with format iso that carries its own offset")
    else:
        zone(time.zone)


def _check_text(mapping: Mapping, refuse: Any) -> None:
    file = mapping.file
    if len(file.delimiter) != 1 or len(file.quote) > 1:
        refuse("file.delimiter, file.quote", (file.delimiter, file.quote), "one character each; quote may be empty")
    if not 0 <= file.skip_lines <= 1000:
        refuse("file.skip_lines", file.skip_lines, "0 to 1000")
    try:
        parts = set(re.compile(file.name).groupindex)
    except re.error as error:
        refuse("file.name", file.name, f"a regular expression ({error})")
    try:
        ascii_like = "\n,;a0".encode(file.encoding) == b"\n,;a0"
    except (LookupError, UnicodeError):
        ascii_like = False
    if not ascii_like:
        refuse("file.encoding", file.encoding, "one that Python knows and that holds ASCII, as utf-8 or latin-1")
    parts |= {"symbol", "venue"} & set(mapping.columns)
    for what in ("symbol", "venue"):
        text = getattr(mapping.instrument, what)
        used = set(re.findall(r"\{(\w+)\}", text))
        unknown = used - parts - {"symbol"}  # the symbol may come with the command
        if unknown:
            refuse(f"instrument.{what}", text, f"parts of {', '.join(sorted(parts | {'symbol'}))}")
    zone(mapping.instrument.timezone)
