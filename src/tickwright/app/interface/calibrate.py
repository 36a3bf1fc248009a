"""`tickwright calibrate`: a model of the market fitted to a recorded day."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tickwright.app.interface.options import Catalog, Seed
from tickwright.app.interface.root import app

_EXAMPLE = "$ tickwright calibrate --catalog ticks --instrument GOOG --date 2012-06-21 --model santa-fe --out out/goog"


@app.command(epilog=_EXAMPLE)
def calibrate(
    catalog: Catalog,
    instrument: Annotated[str, typer.Option(metavar="NAME", help="Instrument; it needs single orders (events).")],
    date: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="Exchange-local date.")],
    model: Annotated[str, typer.Option(metavar="MODEL", help="Model of the market: fp, queue-reactive or santa-fe.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for parameters.toml, report.html and score.json.")
    ],
    start: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Measure from here on, as 09:30.", show_default="the first event"),
    ] = None,
    end: Annotated[
        str | None, typer.Option(metavar="TIME", help="Measure until here.", show_default="the last event")
    ] = None,
    refine: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Markets tried to refine the fit, or half as many in twice the sessions; of a short day in several.",
            show_default="6920 for fp",
        ),
    ] = None,
    small_book: Annotated[
        bool, typer.Option("--small-book", help="A book of few enough orders to train policies in (fp).")
    ] = False,
    seed: Seed = None,
) -> None:
    """Fit a model of the market to a recorded day, simulate days from it, and lay them beside it."""
    from tickwright.app.commands.calibrate import calibrate_day

    calibrate_day(catalog, instrument, date, model, out, 1 if seed is None else seed, start, end, refine, small_book)
