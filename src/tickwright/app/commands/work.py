"""`tickwright execute | policies | demo`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tickwright.app import first_use, terminal
from tickwright.run.config import ExecuteConfig

MARKET_NOTE = (
    "This is a generated market, not a recorded one. It answers our orders by the law of its model; what it says of "
    "costs holds for a real market as far as that law and its parameters do."
)


def execute(out: Path, config: Path | None, options: Mapping[str, Any]) -> None:
    """`tickwright execute`."""
    from tickwright.app.request import request

    asked = request(config, options)
    first_use.say(*(first_use.EXECUTE if asked.market is None else first_use.EXECUTE_LIVE))
    run(out, asked, "" if asked.market is None else MARKET_NOTE)


def run(out: Path, config: ExecuteConfig, warning: str = "") -> None:
    """Run a configuration, write its files, print its summary. `warning` stands before everything else."""
    from tickwright.app import output
    from tickwright.app.document import document
    from tickwright.app.report.build import report_data
    from tickwright.app.report.page import render
    from tickwright.run.execute import execute as work

    with output.folder_for(out), terminal.progress() as report:
        result = work(config, report)
        report("writing the report", 0, 0)
        content = document(result, [warning] if warning else [])
        files = output.write(out, result, content, render(report_data(result, content, warning)))
    terminal.summary(content, files)


def policies() -> None:
    """`tickwright policies`."""
    from tickwright.strategy.policies import policy_help

    print(policy_help())


def demo(out: Path, seed: int) -> None:
    """`tickwright demo`."""
    from tickwright.app import output
    from tickwright.app.commands import benchmark
    from tickwright.app.demo import NOTE, POLICY, demo_benchmark, demo_config

    first_use.say(*first_use.DEMO)
    with output.folder_for(out), terminal.progress() as report:
        config = demo_config(out / "catalog", seed, report)
    print(f"three sessions simulated: {out / 'catalog'}")
    print(f"policy rl:{POLICY}: loaded from the package, trained beforehand; tickwright train makes such a file anew")
    benchmark.run(demo_benchmark(seed, min(os.cpu_count() or 1, 4)), [Path(POLICY)], out / "benchmark")
    run(out, config, NOTE)
