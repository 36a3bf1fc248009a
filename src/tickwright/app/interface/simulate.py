"""`tickwright simulate`: days of a market that answers, made and stored."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tickwright.app.interface.options import Catalog, Json
from tickwright.app.interface.root import app

_EXAMPLES = "\n\n".join(
    (
        "[bold]Examples[/bold]",
        "$ tickwright simulate --model fp --instrument SIM --date 2026-01-05 --seed 7 --catalog ticks",
        "$ tickwright simulate --parameters out/goog/parameters.toml --instrument GOOG.SIM --date 2026-01-05 --days 20 "
        "--catalog ticks",
    )
)

_WHAT = "Instrument"


@app.command(epilog=_EXAMPLES)
def simulate(
    catalog: Catalog,
    instrument: Annotated[str, typer.Option(metavar="NAME", help="Name to store the days under.")],
    date: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="First day, from Monday to Friday.")],
    model: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="santa-fe, epsilon, hawkes, queue-reactive, ql, fp or fp-small-tick.",
            show_default="the file's model, or fp",
        ),
    ] = None,
    parameters: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="TOML file, as `calibrate` writes it.", show_default="the defaults of the model"
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="NUMBER", help="Seed; each day has its own, from this one and the date.")
    ] = 1,
    days: Annotated[int, typer.Option(metavar="N", help="Business days, from the first day on.")] = 1,
    opens: Annotated[str, typer.Option("--open", metavar="TIME", help="Local time of the open.")] = "09:30",
    closes: Annotated[str, typer.Option("--close", metavar="TIME", help="Local time of the close.")] = "16:00",
    mid_price: Annotated[
        str | None,
        typer.Option(
            metavar="PRICE",
            help="Price around which each day begins, some time before its open.",
            show_default="the file's, or 10 000 ticks",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    tick_size: Annotated[str, typer.Option(metavar="DECIMAL", help="Price tick.", rich_help_panel=_WHAT)] = "0.01",
    lot_size: Annotated[str, typer.Option(metavar="DECIMAL", help="One lot in units.", rich_help_panel=_WHAT)] = "1",
    currency: Annotated[str, typer.Option(metavar="CODE", help="Currency.", rich_help_panel=_WHAT)] = "USD",
    timezone: Annotated[
        str, typer.Option(metavar="ZONE", help="Time zone of the exchange.", rich_help_panel=_WHAT)
    ] = "America/New_York",
    replace: Annotated[
        bool, typer.Option("--replace", help="Put these days in the place of days that are there already.")
    ] = False,
    json: Json = False,
) -> None:
    """Simulate days of a market that answers, and store them like recorded ones.

    Same model, parameters, seed, instrument and date: same bytes. A day that the catalog has already is recognised.
    What a day came from (model, parameters, hash, seed) is kept with it; `data ls --json` shows it.
    """
    from tickwright.app.commands import simulate as command

    options = dict(locals())
    options.pop("command")
    command.simulate(command.Asked(**options))
