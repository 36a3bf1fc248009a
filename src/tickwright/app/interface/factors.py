"""`tickwright factors …`: features of a day, and checks of factors on a made market or on what a catalog holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tickwright.app.interface.options import Catalog, Json, Seed, lasting

app = typer.Typer(no_args_is_help=True, help="Compute, store, check and show factors; features of a day.")

Config = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="TOML file of one beta, or of one factor by name.",
        show_default="every beta that comes with Tickwright",
    ),
]
Where = Annotated[
    str | None,
    typer.Option(
        "--catalog", metavar="DIR", help="Catalog to check the file's factor on.", callback=lambda v: v and lasting(v),
        show_default="a made market with holes, late bars and duplicates",
    ),
]  # fmt: skip
Instruments = Annotated[
    list[str] | None,
    typer.Option("--instrument", metavar="SYMBOL", help="An asset of the catalog; repeat for several."),
]
Benchmark = Annotated[
    str | None,
    typer.Option(
        metavar="SYMBOL",
        help="Another benchmark than the file's.",
        show_default="that of the file, or of a beta of bars the mean of all others",
    ),
]
Start = Annotated[str | None, typer.Option(metavar="DATE", help="First UTC day of the catalog to read.")]
End = Annotated[str | None, typer.Option(metavar="DATE", help="Last UTC day of the catalog to read.")]
Features = Annotated[
    bool, typer.Option("--features", help="Check features of books and bars, on a made market of orders.")
]


@app.command(
    "features",
    epilog="$ tickwright factors features --catalog ticks --instrument GOOG --date 2012-06-21 --bars 1min "
    "--features mid,ofi:1s,vwap:20 --out features.parquet",
)
def features(
    catalog: Catalog,
    instrument: Annotated[str, typer.Option(metavar="SYMBOL", help="An instrument with orders or levels.")],
    date: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="Exchange-local date.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A .parquet or .csv file.")],
    features: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Names with commas between, as mid,imbalance:5,ofi:1s.", show_default="20"),
    ] = None,
    bars: Annotated[
        str,
        typer.Option(
            metavar="CLOCK", help="1s, events:N, ticks:N, volume:N, dollars:X, bucket:N.", show_default="a row an event"
        ),
    ] = "",
    price: Annotated[str, typer.Option(metavar="NAME", help="What returns are of: close, mid or micro.")] = "close",
    session: Annotated[str, typer.Option(metavar="CALENDAR", help="Of bars of the clock, as XNYS.")] = "",
) -> None:  # fmt: skip
    """Features of a book after every event of a day, or of bars. What has no value has a status that says why.

    Prices are in ticks and sizes in lots; the table of features is in the documentation.
    """
    from tickwright.app.commands.features import write

    write(catalog, instrument, date, features, bars, price, session, out)


@app.command("check-lookahead")
def check_lookahead(
    config: Config = None, catalog: Where = None, instrument: Instruments = None, benchmark: Benchmark = None,
    start: Start = None, end: End = None, features: Features = False, seed: Seed = None, json: Json = False,
) -> int:  # fmt: skip
    """Check that no row changes by what became known after it. Ends with 2 where one does."""
    return _check("check-lookahead", config, catalog, instrument, benchmark, start, end, seed, json, features)


@app.command("check-start")
def check_start(
    config: Config = None, catalog: Where = None, instrument: Instruments = None, benchmark: Benchmark = None,
    start: Start = None, end: End = None, features: Features = False, seed: Seed = None, json: Json = False,
) -> int:  # fmt: skip
    """Check that rows after the derived look-back do not depend on where a run began. Ends with 2 where one does."""
    return _check("check-start", config, catalog, instrument, benchmark, start, end, seed, json, features)


@app.command("check-parity")
def check_parity(
    config: Config = None, catalog: Where = None, instrument: Instruments = None, benchmark: Benchmark = None,
    start: Start = None, end: End = None, features: Features = False, seed: Seed = None, json: Json = False,
) -> int:  # fmt: skip
    """Check that batch, stream and restarted stream give the same bits. Ends with 2 where they do not."""
    return _check("check-parity", config, catalog, instrument, benchmark, start, end, seed, json, features)


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
    benchmark: Annotated[str | None, typer.Option(metavar="SYMBOL", help="A benchmark of the catalog.")] = None,
    start: Start = None, end: End = None,
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
    start: str | None, end: str | None, seed: int | None, json: bool, features: bool,
) -> int:  # fmt: skip
    from tickwright.app.commands.factor_cases import Asked
    from tickwright.app.commands.factors import check

    seed = 1 if seed is None else seed
    return check(Asked(name, config, catalog, tuple(instruments or ()), benchmark, start, end, seed, json, features))
