"""`tickwright data …`: look at a catalog, check it, take things out of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tickwright.app.interface.options import Catalog, Json

app = typer.Typer(no_args_is_help=True, help="Look at a catalog and check what is in it.")


@app.command("ls", epilog="$ tickwright data ls --catalog ticks")
def data_ls(
    catalog: Catalog,
    version: Annotated[
        int | None, typer.Option(metavar="N", help="As of a version of `data versions`.", show_default="the newest")
    ] = None,
    json: Json = False,
) -> None:
    """What the catalog holds, by instrument, schema and UTC day.

    Bars that are kept by month or year have one line for all of them; --json lists the parts. First and last are local
    times, with the date where it is not the UTC day's; of daily bars, the dates.
    """
    from tickwright.app.commands import data

    data.list_catalog(catalog, json, version)


@app.command("check", epilog="$ tickwright data check --catalog ticks --instrument GOOG --html check.html")
def data_check(
    catalog: Catalog,
    instrument: Annotated[str | None, typer.Option(metavar="NAME", help="One instrument only.")] = None,
    date: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="One exchange-local date only.")] = None,
    json: Json = False,
    units: Annotated[
        bool, typer.Option("--units", help="With --json, list every instrument, schema and day that was checked.")
    ] = False,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with pictures.")] = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="First put right what is proven wrong, as a new version of the catalog.")
    ] = False,
) -> None:
    """Find faults of the data: books, clocks, sequences, duplicates, quotes, gaps, bars.

    Each finding says how often, where first and last, and what it would do to fills. Exits with 2 when there is an
    error or a warning; information is listed and fails nothing. --fix removes rows that are proven to be there twice
    and orders rows by receipt where sequence numbers prove it; all else is left, and the log says why.
    """
    from tickwright.app.commands import quality

    if not quality.check_catalog(catalog, instrument, date, as_json=json, html=html, put_right=fix, units=units):
        raise typer.Exit(2)


@app.command(
    "verify-book",
    epilog="$ tickwright data verify-book --catalog ticks --instrument GOOG --date 2012-06-21 --json",
)
def data_verify_book(
    catalog: Annotated[str | None, typer.Option(metavar="DIR", help="Folder of the tick catalog.")] = None,
    instrument: Annotated[str | None, typer.Option(metavar="NAME", help="Instrument as `data ls` names it.")] = None,
    date: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Exchange-local date.")] = None,
    mbo: Annotated[Path | None, typer.Option(metavar="FILE", help="DBN file of the schema mbo.")] = None,
    mbp10: Annotated[
        Path | None, typer.Option("--mbp10", metavar="FILE", help="DBN file of the schema mbp-10, same instrument.")
    ] = None,
    json: Json = False,
) -> None:
    """Rebuild the book of a day and compare it with what was recorded.

    With --catalog, --instrument and --date: where the vendor delivers its own book (LOBSTER), every transition is
    compared: applying message k to book row k-1 must give row k. Elsewhere the events are replayed and references to
    unknown orders are counted. With --mbo and --mbp10: the book of the orders is compared with the ten levels of
    every record. Exits with 2 when anything differs.
    """
    from tickwright.app.commands import verify

    if not verify.verify(catalog, instrument, date, mbo, mbp10, json):
        raise typer.Exit(2)


@app.command(
    "export",
    epilog="$ tickwright data export --catalog ticks --instrument GOOG --date 2012-06-21 --schema mbo --to csv",
)
def data_export(
    catalog: Catalog,
    instrument: Annotated[str, typer.Option(metavar="NAME", help="Instrument as `data ls` names it.")],
    date: Annotated[
        str, typer.Option(metavar="YYYY-MM-DD", help="Exchange-local date; of a daily bar, the bar's own.")
    ],
    schema: Annotated[
        str, typer.Option(metavar="NAME", help="Schema as `data ls` names it, or as Databento does: mbo, bbo-1s, ….")
    ],
    to: Annotated[str, typer.Option(metavar="parquet|csv|npz", help="Kind of file.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File to write.", show_default="INSTRUMENT-DATE-SCHEMA.KIND here"),
    ] = None,
) -> None:
    """Write rows of a day to a file for other programs.

    Of orders and levels all rows are written that a replay of the day reads: a snapshot that stands before the day is
    among them, and the number of such rows is said.

    Parquet and CSV hold exact decimals of the currency, UTC times and letters; NPZ holds the integer rows as the
    catalog stores them, with tick and lot size beside.
    """
    from tickwright.app.commands import data

    data.export(catalog, instrument, date, schema, to, out)


@app.command("sessions", epilog="$ tickwright data sessions --calendar XNYS --start 2018-07-02 --end 2018-07-06")
def data_sessions(
    calendar: Annotated[str, typer.Option(metavar="NAME", help="Venue, or calendar of exchange-calendars, or 24/7.")],
    start: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="First date.")],
    end: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="Last date.")],
    json: Json = False,
) -> None:
    """Sessions of a venue: open, close, half days and breaks."""
    from tickwright.app.commands import data

    data.sessions(calendar, start, end, json)


@app.command(
    "sql",
    epilog='$ tickwright data sql --catalog ticks "SELECT symbol, day, count(*) AS trades FROM trades GROUP BY ALL"',
)
def data_sql(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="One SELECT, as DuckDB understands it.")],
    catalog: Catalog,
    json: Json = False,
    to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File for the rows instead: .parquet or .csv.")
    ] = None,
) -> None:
    """SQL over the catalog: a view for each schema (events, quotes, bars_1m, book_10, ...), and instruments.

    Prices are ticks and sizes lots: joined with instruments, price * tick_size is the price in the currency. Nothing
    but the catalog can be read. Needs the extra `tickwright[sql]`.
    """
    from tickwright.app.commands import data

    data.sql(catalog, query, json, to)


@app.command("versions", epilog="$ tickwright data versions --catalog ticks")
def data_versions(catalog: Catalog, json: Json = False) -> None:
    """The versions of a catalog that can still be read: when each was written, from what, and what it changed."""
    from tickwright.app.commands import versions

    versions.versions(catalog, json)


@app.command("compact", epilog="$ tickwright data compact --catalog ticks")
def data_compact(
    catalog: Catalog,
    instrument: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this instrument.", show_default="all")
    ] = None,
    schema: Annotated[str | None, typer.Option(metavar="NAME", help="Only this schema.", show_default="all")] = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help="What to say of the version.", show_default="")] = "",
    json: Json = False,
) -> None:
    """Merge the many small files of a day into one, as a new version: same rows, same fingerprints.

    The small files stay until no version names them: see `data prune`.
    """
    from tickwright.app.commands import versions

    versions.compact(catalog, instrument, schema, note, json)


@app.command("prune", epilog="$ tickwright data prune --catalog ticks --keep 5")
def data_prune(
    catalog: Catalog,
    keep: Annotated[int, typer.Option(metavar="N", min=1, help="How many versions to keep, the newest.")],
    json: Json = False,
) -> None:
    """Drop all but the newest versions, with the files that only they named."""
    from tickwright.app.commands import versions

    versions.prune(catalog, keep, json)
