"""`tickwright data …`: look at a catalog, check it, take things out of it."""

from __future__ import annotations

from typing import Annotated

import typer

from tickwright.app.interface.options import Catalog, Json

app = typer.Typer(no_args_is_help=True, help="Look at a catalog and check what is in it.")


@app.command("ls", epilog="$ tickwright data ls --catalog ticks")
def data_ls(catalog: Catalog, json: Json = False) -> None:
    """What the catalog holds, by instrument, schema and UTC day."""
    from tickwright.app.commands import data

    data.list_catalog(catalog, json)


@app.command(
    "verify-book",
    epilog="$ tickwright data verify-book --catalog ticks --instrument GOOG --date 2012-06-21 --json",
)
def data_verify_book(
    catalog: Catalog,
    instrument: Annotated[str, typer.Option(metavar="NAME", help="Instrument as `data ls` names it.")],
    date: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="Exchange-local date.")],
    json: Json = False,
) -> None:
    """Rebuild the book of a day and compare it with what was recorded.

    Where the vendor delivers its own book (LOBSTER), every transition is compared: applying message k to book row k-1
    must give row k. Elsewhere the events are replayed and references to unknown orders are counted. Exits with 2 when
    anything differs.
    """
    from tickwright.app.commands import data

    if not data.verify_book(catalog, instrument, date, json):
        raise typer.Exit(2)
