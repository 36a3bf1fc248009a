"""`tickwright factors …`: features of a day, and checks of factors on a made market or on prices of a catalog."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tickwright.app.interface.options import Catalog, Json, Seed, lasting

app = typer.Typer(no_args_is_help=True, help="Compute, store, check and show factors; features of a day.")

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
    start: str | None, end: str | None, seed: int | None, json: bool, features: bool,
) -> int:  # fmt: skip
    from tickwright.app.commands.factor_cases import Asked
    from tickwright.app.commands.factors import check

    seed = 1 if seed is None else seed
    return check(Asked(name, config, catalog, tuple(instruments or ()), benchmark, start, end, seed, json, features))


# ── values, and the store of a catalog ───────────────────────────────────────────────────────────────────────────

Tag = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="NAME=VALUE", help="As family=beta or grid=1min; one tag twice allows either value."),
]
Factor = Annotated[str | None, typer.Option("--factor", metavar="ID", help="Begin of the id of a stored factor.")]
Listed = Annotated[str | None, typer.Option("--list", metavar="NAME", help="Ids recorded by `factors ls --record`.")]


@app.command("compute", epilog="$ tickwright factors compute --config beta.toml --catalog bars --store")
def compute(
    config: Annotated[Path, typer.Option(metavar="FILE", help="TOML file of one beta, or of one factor by name.")],
    catalog: Catalog,
    instrument: Instruments = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="SYMBOL", help="Of all, leave out this one; repeat.")
    ] = None,
    benchmark: Benchmark = None,
    start: Start = None,
    end: End = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the rows: .parquet or .csv.")] = None,
    store: Annotated[bool, typer.Option("--store", help="Keep the rows in the factor store of the catalog.")] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Drive the stream bar by bar, and store what it tells as live rows.")
    ] = False,
) -> None:
    """Compute a factor over bars of a catalog.

    Without --instrument, of every instrument that has bars of the grid's length. Nothing is ever overwritten in the
    store: rows that stand there already are left out, and a corrected row is one more version.
    """
    from tickwright.app.commands import factor_compute as computing

    computing.compute(
        computing.Computing(
            config, catalog, tuple(instrument or ()), tuple(without or ()), benchmark, start, end, out, store, live
        )
    )  # fmt: skip


@app.command("ls", epilog="$ tickwright factors ls --catalog bars --tag family=beta --record morning")
def ls(
    catalog: Catalog,
    tag: Tag = None,
    factor: Factor = None,
    listed: Listed = None,
    record: Annotated[
        str | None, typer.Option(metavar="NAME", help="Keep the ids that the tags resolve to now under this name.")
    ] = None,
    json: Json = False,
) -> None:
    """The stored factors with their tags, and how many rows each has."""
    from tickwright.app.commands import factor_values as values

    values.list_factors(values.Chosen(catalog, tuple(tag or ()), factor, listed), record, json)


@app.command("stage", epilog="$ tickwright factors stage --catalog bars --tag kind=ols --to production")
def stage(
    catalog: Catalog,
    to: Annotated[str, typer.Option("--to", metavar="STAGE", help="research, candidate, production or retired.")],
    tag: Tag = None,
    factor: Factor = None,
) -> None:
    """Say at which stage stored factors are from now on."""
    from tickwright.app.commands import factor_values as values

    values.stage(values.Chosen(catalog, tuple(tag or ()), factor), to)


@app.command("read", epilog="$ tickwright factors read --catalog bars --instrument AAPL --as-of 2018-03-01T15:30:00")
def read(
    catalog: Catalog,
    tag: Tag = None,
    factor: Factor = None,
    listed: Listed = None,
    instrument: Instruments = None,
    start: Start = None,
    end: End = None,
    origin: Annotated[str | None, typer.Option(metavar="NAME", help="live or backfill.", show_default="both")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="TIME", help="Only what was known by then (ts_available), UTC.")
    ] = None,
    recorded_by: Annotated[
        str | None, typer.Option("--recorded-by", metavar="TIME", help="Only what was stored by then, UTC.")
    ] = None,
    versions: Annotated[str, typer.Option(metavar="WHICH", help="Of each row the last, the first, or all.")] = "last",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the rows: .parquet or .csv.")] = None,
) -> None:
    """Read stored rows as of a moment."""
    from tickwright.app.commands import factor_values as values

    chosen = values.Chosen(catalog, tuple(tag or ()), factor, listed, tuple(instrument or ()), start, end)
    values.read(chosen, origin, as_of, recorded_by, versions, out)


@app.command("compare", epilog="$ tickwright factors compare --catalog bars --tag family=beta")
def compare(
    catalog: Catalog,
    tag: Tag = None,
    factor: Factor = None,
    listed: Listed = None,
    start: Start = None,
    end: End = None,
    rtol: Annotated[float, typer.Option(metavar="X", help="Relative difference that is let pass.")] = 1e-9,
    atol: Annotated[float, typer.Option(metavar="X", help="Absolute difference that is let pass.")] = 1e-12,
    json: Json = False,
) -> int:
    """Compare live with backfilled rows, to the bit and by tolerance.

    Ends with 2 where a value differs beyond the tolerance, anything else at all, or a side lacks a row.
    """
    from tickwright.app.commands import factor_values as values

    return values.compare(values.Chosen(catalog, tuple(tag or ()), factor, listed, (), start, end), rtol, atol, json)


@app.command("report", epilog="$ tickwright factors report --catalog bars --tag family=beta --out out/betas")
def report(
    catalog: Catalog,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for report.html.")],
    tag: Tag = None,
    factor: Factor = None,
    listed: Listed = None,
    instrument: Instruments = None,
    start: Start = None,
    end: End = None,
) -> None:
    """One page of stored factors: coverage, paths with bands, sectors, pattern of the day, live against backfill."""
    from tickwright.app.commands import factor_report
    from tickwright.app.commands import factor_values as values

    chosen = values.Chosen(catalog, tuple(tag or ()), factor, listed, tuple(instrument or ()), start, end)
    factor_report.report(chosen, out)
