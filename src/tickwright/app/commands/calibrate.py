"""`tickwright calibrate`: fit a model of the market to a recorded day, and write what came of it.

| file | what |
|---|---|
| `parameters.toml` | the fitted parameters, with model, version, hash and the data they come from |
| `report.html` | simulated beside recorded, every fact |
| `score.json` | distances, bands, verdicts and the score |
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickwright.app import first_use
from tickwright.core.errors import ConfigError
from tickwright.core.time import parse_date
from tickwright.data.backends import open_catalog
from tickwright.data.store.disk import whole_files
from tickwright.run.parameters_file import SCHEMA

if TYPE_CHECKING:
    from tickwright.calibrate.flow import Calibration

FILES = ("parameters.toml", "report.html", "score.json")


def calibrate_day(
    catalog: str, instrument: str, date: str, model: str, out: Path, seed: int, start: str | None, end: str | None
) -> None:
    """Calibrate, write the three files and tell the verdict."""
    from tickwright.app.report.calibration import render
    from tickwright.calibrate.flow import calibrate
    from tickwright.calibrate.models import model_of

    chosen, day = model_of(model), parse_date(date, "--date")
    if out.exists() and not out.is_dir():
        raise ConfigError("--out", str(out), "a folder")
    first_use.say(*first_use.CALIBRATE)
    result = calibrate(open_catalog(catalog), instrument, day, chosen, seed, start, end)
    texts = {
        "parameters.toml": parameters_toml(result),
        "report.html": render(result),
        "score.json": json.dumps(score_json(result), indent=2, sort_keys=True, allow_nan=False) + "\n",
    }  # fmt: skip
    with whole_files([out / name for name in texts]) as drafts:
        for draft, text in zip(drafts, texts.values(), strict=True):
            draft.write_text(text, "utf-8")
    score = result.score
    print(f"{chosen.name} version {chosen.version}, parameters {result.hash}")
    print(score.words())
    print(f"score: {'undecided' if score.score is None else f'{score.score:.3f}'}")
    print(f"report: {out / 'report.html'}")


def score_json(result: Calibration) -> dict[str, object]:
    """score.json: the score and what it is of."""
    day = result.recorded_day
    settings = result.recorded.day.settings
    return {
        **result.score.to_json(),
        "instrument": day.instrument.symbol,
        "date": day.date.isoformat(),
        "begin_ns": settings.begin,
        "end_ns": settings.end,
        "levels": settings.levels,
        "model": result.model.name,
        "model_version": result.model.version,
        "parameters_hash": result.hash,
        "data_fingerprint": day.fingerprint,
        "seed": result.seed,
        "notes": [*result.fit.notes, *result.recorded.notes],
    }


def parameters_toml(result: Calibration) -> str:
    """parameters.toml: every number in full, so that the hash can be formed again."""
    day = result.recorded_day
    lines = [
        f"schema = {_toml(SCHEMA)}",
        f"model = {_toml(result.model.name)}",
        f"version = {result.model.version}",
        f"hash = {_toml(result.hash)}",
        "",
        "[fitted_to]",
        f"instrument = {_toml(day.instrument.symbol)}",
        f"date = {_toml(day.date.isoformat())}",
        f"begin_ns = {result.recorded.day.settings.begin}",
        f"end_ns = {result.recorded.day.settings.end}",
        f"data = {_toml(day.fingerprint)}",
        "",
        *_table("parameters", result.fit.parameters),
    ]
    return "\n".join(lines) + "\n"


def _table(name: str, values: Mapping[str, Any]) -> list[str]:
    """A table, and those in it behind it."""
    lines = [f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in values.items() if not isinstance(value, dict))]
    for key, value in values.items():
        if isinstance(value, dict):
            lines += ["", *_table(f"{name}.{key}", value)]
    return lines


def _toml(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_toml(v) for v in value)}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)  # a TOML basic string
    return repr(value)
