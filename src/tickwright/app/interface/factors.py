"""`tickwright factors …`: checks of factors, on a made market or on prices of a catalog."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tickwright.app.interface.options import Json, Seed, lasting

app = typer.Typer(
    no_args_is_help=True, help="Check factors: no look-ahead, no memory beyond the look-back, one result."
)

Config = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="TOML file of one beta.", show_default="every beta that comes with Tickwright"),
]
Where = Annotated[
    str | None,
    typer.Option(
        "--catalog", metavar="DIR", help="Catalog with bars of the grid's length.", callback=lambda v: v and lasting(v),
        show_default="a made market with holes, late bars and duplicates",
    ),
]  # fmt: skip
Instruments = Annotated[
    list[str] | None,
    typer.Option("--instrument", metavar="SYMBOL", help="An asset of the catalog; repeat for several."),
]
Benchmark = Annotated[
    str | None,
    typer.Option(metavar="SYMBOL", help="The benchmark in the catalog.", show_default="that of the file, or a basket"),
]
Start = Annotated[str | None, typer.Option(metavar="DATE", help="First UTC day of the catalog to read.")]
End = Annotated[str | None, typer.Option(metavar="DATE", help="Last UTC day of the catalog to read.")]


@app.command("check-lookahead")
def check_lookahead(
    config: Config = None, catalog: Where = None, instrument: Instruments = None, benchmark: Benchmark = None,
    start: Start = None, end: End = None, seed: Seed = None, json: Json = False,
) -> int:  # fmt: skip
    """Check that no row changes by what became known after it. Ends with 2 where one does."""
    return _check("check-lookahead", config, catalog, instrument, benchmark, start, end, seed, json)


@app.command("check-start")
def check_start(
    config: Config = None, catalog: Where = None, instrument: Instruments = None, benchmark: Benchmark = None,
    start: Start = None, end: End = None, seed: Seed = None, json: Json = False,
) -> int:  # fmt: skip
    """Check that rows after the derived look-back do not depend on where a run began. Ends with 2 where one does."""
    return _check("check-start", config, catalog, instrument, benchmark, start, end, seed, json)


@app.command("check-parity")
def check_parity(
    config: Config = None, catalog: Where = None, instrument: Instruments = None, benchmark: Benchmark = None,
    start: Start = None, end: End = None, seed: Seed = None, json: Json = False,
) -> int:  # fmt: skip
    """Check that batch, stream and restarted stream give the same bits. Ends with 2 where they do not."""
    return _check("check-parity", config, catalog, instrument, benchmark, start, end, seed, json)


@app.command("epps")
def epps(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for epps.html and epps.json.")],
    catalog: Annotated[
        str | None,
        typer.Option(
            "--catalog", metavar="DIR", help="Catalog with trades of both.", callback=lambda v: v and lasting(v),
            show_default="a made market alone",
        ),
    ] = None,
    asset: Annotated[str | None, typer.Option(metavar="SYMBOL", help="An asset of the catalog.")] = None,
    benchmark: Benchmark = None, start: Start = None, end: End = None,
    session: Annotated[str, typer.Option(metavar="NAME", help="Calendar of the trades.")] = "XNYS",
    grid: Annotated[str, typer.Option(metavar="TIME", help="Slots of the sums, as 1min.")] = "5min",
    seed: Seed = None, json: Json = False,
) -> int:  # fmt: skip
    """Draw beta by length of bar: least squares on bars of the last price, and Hayashi–Yoshida of ticks."""
    from tickwright.app.commands.epps import Asked
    from tickwright.app.commands.epps import epps as draw

    return draw(Asked(out, catalog, asset, benchmark, start, end, session, grid, 1 if seed is None else seed, json))


def _check(
    name: str, config: Path | None, catalog: str | None, instruments: list[str] | None, benchmark: str | None,
    start: str | None, end: str | None, seed: int | None, json: bool,
) -> int:  # fmt: skip
    from tickwright.app.commands.factors import Asked, check

    return check(
        Asked(name, config, catalog, tuple(instruments or ()), benchmark, start, end, 1 if seed is None else seed, json)
    )
