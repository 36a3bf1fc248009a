"""`tickwright benchmark`: carry out a benchmark of execution policies, write its page and numbers, tell the verdict.

| file | what |
|---|---|
| `report.html` | the verdict, the targets, every table and picture |
| `benchmark.json` | the same numbers |
| `manifest.json` | what they were made from |
| `seeds.json` | the hash of the test seeds, and the sets of policies that were tested with them |
| `cells/` | what was played so far: the same command again goes on from there |
"""

from __future__ import annotations

import json as formats
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tickwright.app import config_file, first_use, terminal
from tickwright.app.failures import OK, REFUSED
from tickwright.app.report.numbers import NOT_AVAILABLE, fixed, percent
from tickwright.core.errors import ConfigError
from tickwright.data.store.disk import whole_files
from tickwright.learn.benchmark import BenchmarkConfig
from tickwright.learn.benchmark import benchmark as carry_out
from tickwright.learn.benchmark.contenders import contenders, decision_times
from tickwright.learn.benchmark.manifest import manifest_of
from tickwright.learn.benchmark.scenarios import HEADLINE
from tickwright.strategy.learned.container import NAMES

FILES = ("benchmark.json", "manifest.json", "report.html")
_TOP = ("seed", "threads", "quick", "headline", "cell", "budget", "wide", "tune", "parts")
_REPLAY = ("catalog", "days")


@dataclass(frozen=True, slots=True)
class Asked:
    """The options, as they were given; those of `options` lie over the file's."""

    policies: tuple[Path, ...]
    out: Path
    config: Path | None
    options: Mapping[str, Any]
    json: bool


def benchmark(asked: Asked) -> int:
    """The exit code: 0, or 2 where a gate failed."""
    config = read(asked.config, asked.options)
    for path in asked.policies:
        if not path.exists() and str(path) not in NAMES:
            raise ConfigError("--policy", str(path), "a file, or a folder with policy.twp or seed-*/policy.twp")
    if asked.out.exists() and not asked.out.is_dir():
        raise ConfigError("--out", str(asked.out), "a folder")
    return run(config, asked.policies, asked.out, asked.json)


def run(config: BenchmarkConfig, policies: Sequence[Path], out: Path, json: bool = False) -> int:
    """Carry it out, write its files, tell what it found. The exit code, as of `benchmark`."""
    first_use.say(*first_use.BENCHMARK)
    told: list[str] = []
    with terminal.progress() as report:
        made = carry_out(config, policies, out, report, told.append)
    text = formats.dumps(made, indent=2, sort_keys=True, allow_nan=False) + "\n"
    document = formats.loads(text)
    write(out, text, document, config)
    if json:
        print(text, end="")
    else:
        _tell(document, policies, out, told)
    return OK if all(verdict["passed"] for verdict in document["gates"].values()) else REFUSED


def read(file: Path | None, options: Mapping[str, Any]) -> BenchmarkConfig:
    """The configuration: the file's tables with the options laid over them. Raises ConfigError, UsageError."""
    table = config_file.read(file) if file is not None else {}
    over: dict[str, Any] = {name: options[name] for name in _TOP if name in options}
    over["replay"] = {name: options[name] for name in _REPLAY if name in options}
    return config_file.build(BenchmarkConfig, config_file.merged(table, over))


def write(out: Path, text: str, document: dict[str, Any], config: BenchmarkConfig) -> None:
    """The three files, all of them or none. Raises StorageError."""
    from tickwright.app.report.benchmark import render

    manifest = formats.dumps(manifest_of(config, document), indent=2, sort_keys=True) + "\n"
    with whole_files([out / name for name in FILES]) as drafts:
        for draft, content in zip(drafts, (text, manifest, render(document)), strict=True):
            draft.write_text(content, "utf-8")


def _tell(document: dict[str, Any], policies: Sequence[Path], out: Path, told: list[str]) -> None:
    for line in told:
        print(line)
    for scenario in document["scenarios"]:
        if scenario["kind"] == HEADLINE:
            _table(scenario)
    for claim in document["claims"]:
        print(claim["text"])
    if document["quick"]:
        print("This is a look: few episodes and a short gate; no claim rests on it.")
    times = decision_times(contenders(policies))
    if times is not None:
        print(
            f"a decision takes {times['p50'] / 1e3:.1f} us (p50), {times['p99'] / 1e3:.1f} us (p99), called from Python"
        )
    print(f"report: {out / 'report.html'}")


def _table(scenario: dict[str, Any]) -> None:
    heads = (scenario["name"], "episodes", "bp", "95 % interval", "CVaR 95 %", "forced %", "less heuristic", "ratio")
    rows = []
    for row in sorted(scenario["rows"], key=_paired):
        apart, ratio = row["difference_to"].get("heuristic"), row["ratio_to"].get("heuristic")
        rows.append((
            row["policy"], f"{row['episodes']:,}", fixed(row["mean_bps"], 3),
            f"{fixed(row['ci95'][0], 3)} to {fixed(row['ci95'][1], 3)}", fixed(row["cvar95_bps"], 2),
            percent(row["forced_share"], 2), NOT_AVAILABLE if apart is None else fixed(apart["bps"], 3, plus=True),
            "none" if ratio is None else fixed(ratio, 3),
        ))  # fmt: skip
    terminal.listing(rows, heads, right=heads[1:])


def _paired(row: dict[str, Any]) -> float:
    """Cheapest first by pairs, for not everybody has played as many episodes."""
    apart = row["difference_to"].get("heuristic")
    return float("inf") if apart is None else float(apart["bps"])
