"""`tickwright ingest …`: a command for each kind of file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tickwright.app.interface.options import Catalog, Files, Replace

app = typer.Typer(no_args_is_help=True, help="Read recorded market data into a catalog.")


@app.command(
    "lobster",
    epilog="$ tickwright ingest lobster LOBSTER_SampleFile_GOOG_2012-06-21_10.zip --catalog ticks",
)
def ingest_lobster(files: Files, catalog: Catalog, replace: Replace = False) -> None:
    """LOBSTER message and order-book pairs, straight from their zip.

    Every message type is kept, hidden executions, crosses and halts included. A file that is truncated, does not match
    its pair or has a price off the tick grid is refused, and the catalog stays as it was.
    """
    from tickwright.app.commands import ingest

    ingest.lobster(files, catalog, replace=replace)


@app.command(
    "dbn",
    epilog="$ tickwright ingest dbn esh4-glbx-mdp3-20231225.mbo.dbn.zst --catalog ticks --tick-size 0.25",
)
def ingest_dbn(
    files: Files,
    catalog: Catalog,
    tick_size: Annotated[
        str | None, typer.Option(metavar="PRICE", help="Tick size, where no definition file gives it, as 0.25.")
    ] = None,
    definition: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="DBN file of instrument definitions: tick size, multiplier, currency."),
    ] = None,
    replace: Replace = False,
) -> None:
    """Databento market-by-order files (DBN versions 1 to 3), plain or zstd.

    Memory stays bounded whatever the file size.
    """
    from tickwright.app.commands import ingest

    ingest.dbn(files, catalog, tick_size=tick_size, definition=definition, replace=replace)
