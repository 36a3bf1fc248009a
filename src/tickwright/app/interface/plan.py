"""`tickwright plan`: what an order will cost, before it is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tickwright.app.interface.options import Json, Seed
from tickwright.app.interface.root import app

_EXAMPLES = "\n\n".join(
    (
        "[bold]Examples[/bold]",
        "$ tickwright plan --instrument SIM --side buy --quantity 5000 --out out/plan",
        "$ tickwright plan --instrument GOOG --parameters out/fp-goog/parameters.toml --side sell --quantity 2000 "
        "--horizons 5,15,30 --risk-aversion 0.03",
    )
)


@app.command(epilog=_EXAMPLES)
def plan(
    instrument: Annotated[str, typer.Option(metavar="NAME", help="Name of the instrument, for the report.")],
    side: Annotated[str, typer.Option(metavar="SIDE", help="buy or sell.")],
    quantity: Annotated[int, typer.Option(metavar="LOTS", help="Lots of the order.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Folder for report.html and plan.json.", show_default="none is written"
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Model of the market.", show_default="the file's model, or fp"),
    ] = None,
    parameters: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="TOML file, as `calibrate` writes it.", show_default="the defaults of the model"
        ),
    ] = None,
    horizons: Annotated[
        str | None,
        typer.Option(metavar="MINUTES", help="Horizons to look at, as 5,10,20.", show_default="5,10,20,40,60"),
    ] = None,
    urgencies: Annotated[
        str | None,
        typer.Option(metavar="NUMBERS", help="κT of the Almgren-Chriss curve; 0 is even.", show_default="0,1,2,4"),
    ] = None,
    risk_aversion: Annotated[
        float | None,
        typer.Option(metavar="λ", help="Weight of the variance, per bps.", show_default="0.01"),
    ] = None,
    placement: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="How what is due becomes orders.", show_default="post-then-cross"),
    ] = None,
    episodes: Annotated[int | None, typer.Option(metavar="N", help="Simulated a cell.", show_default="512")] = None,
    seed: Seed = None,
    json: Json = False,
) -> None:
    """What an order will cost by horizon and urgency, which to choose, and what if the market is another one.

    Every figure is simulated in the reactive market; calibrate it to the instrument first where the answer matters.
    """
    from tickwright.app.commands import plan as command

    options = dict(locals())
    options.pop("command")
    options["seed"] = 1 if seed is None else seed
    command.plan(command.Asked(**options))
