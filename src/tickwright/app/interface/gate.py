"""`tickwright gate`: is a market fit to learn in, and a policy fit for the market?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tickwright.app.interface.options import Json, Seed
from tickwright.app.interface.root import app

_EXAMPLES = "\n\n".join(
    (
        "[bold]Examples[/bold]",
        "$ tickwright gate --quick",
        "$ tickwright gate --quick --policy twap/post-then-cross",
        "$ tickwright gate --parameters out/goog/parameters.toml --out out/gate",
    )
)


@app.command(epilog=_EXAMPLES)
def gate(
    parameters: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="TOML file, as `calibrate` writes it.", show_default="the defaults of the model"
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="santa-fe, epsilon, hawkes, queue-reactive, ql, fp or fp-small-tick.",
            show_default="the file's model, or fp",
        ),
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Judge this policy in the market too: schedule/placement as twap/take, heuristic, or random.",
            show_default="the market alone",
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Books, each with a seed of its own, for costs, programs, metaorders and the policy; an even number.",
            show_default="2048, or 256 with --quick",
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Measure less: a look, not a verdict that counts.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder for gate.json.", show_default="none is written")
    ] = None,
    seed: Seed = None,
    json: Json = False,
) -> int:
    """Check that a market is fit to learn in: impact, costs, conservation, no profitable manipulation, known optima.

    With --policy also that a policy pays for what it trades in it, and lives by its rules.

    Ends with 0 where every check passed, and with 2 where one failed. Same market, options and seed: same verdict.
    """
    from tickwright.app.commands.gate import Asked
    from tickwright.app.commands.gate import gate as command

    return command(Asked(parameters, model, seeds, quick, out, 1 if seed is None else seed, json, policy))
