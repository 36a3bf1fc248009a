"""`tickwright factors …` again: values of a factor over what a catalog holds, and the store that keeps them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tickwright.app.interface.factors import Benchmark, End, Instruments, Start, app
from tickwright.app.interface.options import Catalog, Json

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
        bool, typer.Option("--live", help="Drive the stream row by row, and store what it tells as live rows.")
    ] = False,
    lagged: Annotated[
        bool, typer.Option("--lagged", help="Assets are to lag or lead the benchmark: one shifted by a bar is taken.")
    ] = False,
) -> None:
    """Compute a factor over what a catalog holds: bars, sectors, volumes, quotes or ticks, as its file asks.

    Without --instrument, of every asset that has bars of the grid's length, or finer, or ticks. Nothing is ever
    overwritten in the store: rows that stand there already are left out, and a corrected row is one more version.
    """
    from tickwright.app.commands import factor_compute as computing

    computing.compute(
        computing.Computing(
            config, catalog, tuple(instrument or ()), tuple(without or ()), benchmark, start, end, out, store, live,
            not lagged,
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
