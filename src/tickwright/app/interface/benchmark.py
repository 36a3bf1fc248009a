"""`tickwright benchmark`: is a policy better than what a desk already has?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tickwright.app.interface.options import (
    ConfigFile,
    Json,
    RecordedDates,
    RecordedDays,
    RecordedInstrument,
    Seed,
    Threads,
    said,
)
from tickwright.app.interface.root import app

_EXAMPLES = "\n\n".join(
    (
        "[bold]Examples[/bold]",
        "$ tickwright benchmark --quick --out out/baselines",
        "$ tickwright benchmark --policy out/policy/policy.twp --out out/benchmark --threads 2",
        "$ tickwright benchmark --policy out/seeds --catalog ticks --instrument GOOG --date 2012-06-21 --out "
        "out/benchmark",
        "What was played is kept in DIR/cells: the same command after an interruption goes on where it stopped.",
    )
)


@app.command(epilog=_EXAMPLES)
def benchmark(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for report.html and benchmark.json.")],
    policy: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Trained policy, or a folder with seed-*/policy.twp; repeat for several training seeds.",
            show_default="the baselines alone",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Few episodes, a short gate: a look, not a benchmark.")
    ] = False,
    config: ConfigFile = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PART",
            help="headline, baselines, frontier, envelope, shell, gate or replay; repeat for several.",
            show_default="all",
        ),
    ] = None,
    wide: Annotated[bool, typer.Option("--wide", help="A market with a wide spread too.")] = False,
    episodes: Annotated[
        int | None,
        typer.Option(metavar="N", help="Of a headline row.", show_default="50000, or 4096 with --quick"),
    ] = None,
    cells: Annotated[
        int | None,
        typer.Option(metavar="N", help="Episodes of every other row.", show_default="20000, or 512 with --quick"),
    ] = None,
    budget: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Episodes that the heuristic is tuned on.",
            show_default="as many as the policy is known to have seen, 100000 without one; 16384 at most with --quick",
        ),
    ] = None,
    no_tune: Annotated[
        bool, typer.Option("--no-tune", help="Leave the heuristic as it comes: needs no Optuna, and proves less.")
    ] = False,
    catalog: RecordedDays = None,
    instrument: RecordedInstrument = None,
    date: RecordedDates = None,
    threads: Threads = None,
    seed: Seed = None,
    json: Json = False,
) -> int:
    """Benchmark execution policies: baselines, gates, stress, statistics, and a verdict that says what is not shown.

    In DIR: report.html, benchmark.json, manifest.json, seeds.json and the cells that were played. Ends with 0, and
    with 2 where a gate failed; the report is written all the same. Same policies, options and seed: same bytes.
    """
    from tickwright.app.commands.benchmark import Asked
    from tickwright.app.commands.benchmark import benchmark as command

    given = {
        "seed": seed, "threads": threads, "headline": episodes, "cell": cells, "budget": budget, "parts": only,
        "catalog": catalog, "quick": quick or None, "wide": wide or None, "tune": False if no_tune else None,
    }  # fmt: skip
    options = said(given, instrument, date)
    return command(Asked(tuple(policy or ()), out, config, options, json))
