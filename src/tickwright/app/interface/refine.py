"""`tickwright refine`: what fills teach a policy, and whether it should trade."""

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
        "$ tickwright refine out/run --champion out/policy/policy.twp --market fp:parameters.toml --out out/refined",
        "$ tickwright refine out/monday out/tuesday --registry policies --market fp:parameters.toml --catalog ticks "
        "--instrument GOOG --date 2012-06-21 --out out/refined",
        "$ tickwright registry rollback policies",
    )
)


@app.command(epilog=_EXAMPLES)
def refine(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders that `tickwright execute` left.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the challenger and the verdict.")],
    champion: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The policy that traded in the runs, or demo.")
    ] = None,
    registry: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The registry whose champion traded; a challenger that passes enters it."),
    ] = None,
    market: Annotated[
        str | None,
        typer.Option(metavar="MODEL[:FILE]", help="The market that the fills correct.", show_default="fp"),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A short training, few episodes: a look.")] = False,
    config: ConfigFile = None,
    steps: Annotated[
        int | None,
        typer.Option(metavar="N", help="Decisions of the training.", show_default="2000000, or 20480 with --quick"),
    ] = None,
    divergence: Annotated[
        float | None, typer.Option(metavar="NATS", help="Cap on the divergence from the champion.", show_default="0.05")
    ] = None,
    without_replay: Annotated[
        bool, typer.Option("--without-replay", help="Judge without a recorded day: would-pass at most.")
    ] = False,
    no_gate: Annotated[
        bool,
        typer.Option(
            "--no-gate",
            help="Leave out the gate of the corrected market, and the challenger in it: would-pass at most.",
        ),
    ] = False,
    catalog: RecordedDays = None,
    instrument: RecordedInstrument = None,
    date: RecordedDates = None,
    threads: Threads = None,
    seed: Seed = None,
    json: Json = False,
) -> None:
    """Refine a policy by its own fills, and judge whether the new one should take its place.

    The market's parameters are corrected by the fills, the policy is trained on in that market under a cap on how far
    it may go from itself, and both are compared on the same episodes, in every regime, and on recorded days. Ends with
    0 whatever the verdict, which verdict.json holds. Needs the extra rl. Same runs, options and seed: same bytes.
    """
    from tickwright.app.commands.refine import Asked
    from tickwright.app.commands.refine import refine as command

    given = {
        "seed": seed, "threads": threads, "market": market, "steps": steps, "divergence": divergence,
        "catalog": catalog, "quick": quick or None, "without_replay": without_replay or None,
        "gate": False if no_gate else None,
    }  # fmt: skip
    options = said(given, instrument, date)
    command(Asked(tuple(runs), champion, registry, out, config, options, json))
