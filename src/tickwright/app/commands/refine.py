"""`tickwright refine`: a run's fills to a challenger and a verdict, and, where there is a registry, into its shadow.

| file | what |
|---|---|
| `verdict.txt`, `verdict.json` | promoted, would-pass or kept, every criterion, every table |
| `challenger.twp`, `champion.twp` | the new policy, and the one that it was made from |
| `parameters.toml` | the market as the fills have corrected it: what moved, why and how sure |
| `manifest.json` | what it was made from |
| `cells/`, `seeds.json` | what was played so far; the challengers that were tested against a champion |
"""

from __future__ import annotations

import json as formats
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tickwright.app import config_file, first_use, terminal
from tickwright.app.commands import registry as registries
from tickwright.core.errors import ConfigError
from tickwright.learn.refine import RefineConfig
from tickwright.learn.refine import refine as carry_out
from tickwright.learn.train import require_torch
from tickwright.run.registry import Registry

_REPLAY = ("catalog", "days")


@dataclass(frozen=True, slots=True)
class Asked:
    """The options, as they were given; those of `options` lie over the file's."""

    runs: tuple[Path, ...]
    champion: Path | None
    registry: Path | None
    out: Path
    config: Path | None
    options: Mapping[str, Any]
    json: bool


def refine(asked: Asked) -> None:
    """Refine, and tell. The verdict does not change the exit code: a champion that stays is an answer too."""
    require_torch()
    config = read(asked.config, asked.options)
    if (asked.champion is None) == (asked.registry is None):
        given = "neither" if asked.champion is None else "both"
        raise ConfigError("--champion, --registry", given, "the policy that traded, or the registry that it stands in")
    if asked.out.exists() and not asked.out.is_dir():
        raise ConfigError("--out", str(asked.out), "a folder")
    registry = None if asked.registry is None else Registry(asked.registry)
    champion, against = asked.champion, None
    if registry is not None:
        against = registry.state.champion
        champion = registry.file(against)
    assert champion is not None
    first_use.say(*first_use.REFINE)
    with terminal.progress() as report:
        made = carry_out(asked.runs, champion, config, asked.out, report)
    if asked.json:
        print(formats.dumps(made.verdict, indent=2, sort_keys=True, allow_nan=False))
    else:
        print(made.text, end="")
    if made.promoted and registry is not None:  # after the verdict, which is told also where the registry moved on
        why = f"verdict {made.verdict['manifest']}"
        registry.enter(made.challenger, why, registries.now(), against=against, verdict=made.content_hash)
    if asked.json:
        return
    if made.promoted:
        print(
            f"challenger: {made.challenger}"
            + ("" if registry is None else f", {registry.state.stage} in {registry.folder}")
        )
    print(f"verdict: {asked.out / 'verdict.json'}")


def read(file: Path | None, options: Mapping[str, Any]) -> RefineConfig:
    """The configuration: the file's tables with the options laid over them. Raises ConfigError, UsageError."""
    table = config_file.read(file) if file is not None else {}
    over: dict[str, Any] = {name: value for name, value in options.items() if name not in _REPLAY}
    over["replay"] = {name: options[name] for name in _REPLAY if name in options}
    return config_file.build(RefineConfig, config_file.merged(table, over))
