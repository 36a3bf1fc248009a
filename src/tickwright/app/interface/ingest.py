"""`tickwright ingest …`: a command for each kind of file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tickwright.app.interface.options import Append, Catalog, Files, Replace

TickBesideDefinition = Annotated[
    str | None, typer.Option(metavar="PRICE", help="Tick size, where no definition file gives it, as 0.25.")
]
Definition = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="DBN file of instrument definitions: tick size, multiplier, currency."),
]
Held = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="What the files hold; with several, a pattern as '{symbol}.daily'."),
]
TickBesideMapping = Annotated[str | None, typer.Option(metavar="PRICE", help="Tick size, before that of the mapping.")]

app = typer.Typer(no_args_is_help=True, help="Read recorded market data into a catalog.")


@app.command(
    "lobster",
    epilog="$ tickwright ingest lobster LOBSTER_SampleFile_GOOG_2012-06-21_10.zip --catalog ticks",
)
def ingest_lobster(files: Files, catalog: Catalog, replace: Replace = False, append: Append = False) -> None:
    """LOBSTER message and order-book pairs, straight from their zip.

    Every message type is kept, hidden executions, crosses and halts included. A file that is truncated, does not match
    its pair or has a price off the tick grid is refused, and the catalog stays as it was.
    """
    from tickwright.app.commands import ingest

    ingest.lobster(files, catalog, replace=replace, append=append)


@app.command(
    "dbn",
    epilog="$ tickwright ingest dbn esh4-glbx-mdp3-20231225.mbo.dbn.zst --catalog ticks --tick-size 0.25",
)
def ingest_dbn(
    files: Files,
    catalog: Catalog,
    tick_size: TickBesideDefinition = None,
    definition: Definition = None,
    replace: Replace = False,
    append: Append = False,
) -> None:
    """Databento files of any schema (DBN versions 1 to 3), plain or zstd: order by order, depth, quotes, trades, bars …

    What a file holds is read from its metadata. Memory stays bounded whatever the file size.
    """
    from tickwright.app.commands import ingest

    ingest.dbn(files, catalog, tick_size=tick_size, definition=definition, replace=replace, append=append)


@app.command(
    "databento-csv",
    epilog="$ tickwright ingest databento-csv aapl_xnas_mbp10_20241021_5000rows.csv.gz --catalog ticks",
)
def ingest_databento_csv(
    files: Files,
    catalog: Catalog,
    instrument: Annotated[
        str | None, typer.Option(metavar="SYMBOL", help="Symbol of all rows, where there is no column symbol.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(metavar="NAME", help="Dataset, where its publisher is not known, as XNAS.ITCH.")
    ] = None,
    tick_size: TickBesideDefinition = None,
    definition: Definition = None,
    replace: Replace = False,
    append: Append = False,
) -> None:
    """Databento CSV files of any schema, plain, gzip or zstd; the header says which.

    Prices are decimals or whole billionths, times ISO 8601 or nanoseconds. The rows are those of the same DBN file.
    """
    from tickwright.app.commands import ingest

    options = {"instrument": instrument, "dataset": dataset, "tick_size": tick_size, "definition": definition}
    ingest.databento_csv(files, catalog, **options, replace=replace, append=append)


@app.command(
    "itch",
    epilog="$ tickwright ingest itch 01302019.NASDAQ_ITCH50.gz --catalog ticks --symbol AAPL --symbol MSFT",
)
def ingest_itch(
    files: Files,
    catalog: Catalog,
    date: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Day of the file.", show_default="from the file's name")
    ] = None,
    symbol: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A stock to keep; repeat for several.", show_default="all stocks"),
    ] = None,
    tick_size: Annotated[
        str | None,
        typer.Option(metavar="PRICE", help="Tick size, as 0.01.", show_default="the catalog's, else 0.0001"),
    ] = None,
    replace: Replace = False,
    append: Append = False,
) -> None:
    """NASDAQ TotalView-ITCH 5.0 day files, plain or gzip.

    Orders, hidden executions, crosses and halts become events of each stock; every other message is counted. A tick of
    0.0001 dollars is exact for every stock; with --tick-size 0.01 an order between cents is refused. Memory stays
    bounded whatever the file size.
    """
    from tickwright.app.commands import ingest

    ingest.itch(files, catalog, date=date, symbols=symbol or (), tick_size=tick_size, replace=replace, append=append)


@app.command(
    "binance",
    epilog="$ tickwright ingest binance usdm_btcusdt_20240808.gz --catalog ticks",
)
def ingest_binance(
    files: Files,
    catalog: Catalog,
    instrument: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Store it under another name.", show_default="its symbol"),
    ] = None,
    market: Annotated[
        str | None, typer.Option(metavar="MARKET", help="spot or usdm.", show_default="as the messages tell")
    ] = None,
    tick_size: Annotated[str | None, typer.Option(metavar="PRICE", help="Tick size, as 0.01.")] = None,
    lot_size: Annotated[str | None, typer.Option(metavar="SIZE", help="Lot size, as 0.001.")] = None,
    currency: Annotated[
        str | None, typer.Option(metavar="CODE", help="Quote asset.", show_default="the end of the symbol")
    ] = None,
    replace: Replace = False,
    append: Append = False,
) -> None:
    """Binance raw websocket lines of one symbol, spot or USD-M futures, plain or gzip.

    A line is the time of receipt (ns), a space and the message. Snapshots and depth updates make the book by the
    exchange's rule of sequence; a gap is told and marked. Without a tick or lot size that of the catalog, of the
    exchange's facts or of the file itself is taken, and told.
    """
    from tickwright.app.commands import ingest

    options = {"market": market, "tick_size": tick_size, "lot_size": lot_size, "currency": currency}
    options["instrument"] = instrument
    ingest.binance(files, catalog, **options, replace=replace, append=append)


@app.command(
    "bitstamp",
    epilog="$ tickwright ingest bitstamp orders.csv.xz --catalog ticks",
)
def ingest_bitstamp(
    files: Files,
    catalog: Catalog,
    symbol: Annotated[str, typer.Option(metavar="NAME", help="Pair; the file does not name it.")] = "BTCUSD",
    instrument: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Store it under another name.", show_default="the pair"),
    ] = None,
    tick_size: Annotated[str, typer.Option(metavar="PRICE", help="Tick size.")] = "0.01",
    lot_size: Annotated[str, typer.Option(metavar="SIZE", help="Lot size; volumes are rounded up to it.")] = "0.000001",
    replace: Replace = False,
    append: Append = False,
) -> None:
    """Bitstamp order events (created, changed, deleted) as CSV, plain, gzip or xz.

    Every row is kept. Deletes without a create, repeated ones and those that overtook their create are counted.
    """
    from tickwright.app.commands import ingest

    options = {"symbol": symbol, "instrument": instrument, "tick_size": tick_size, "lot_size": lot_size}
    ingest.bitstamp(files, catalog, **options, replace=replace, append=append)


@app.command(
    "csv",
    epilog="$ tickwright ingest csv trades_raw.csv.gz --mapping taq-trades --catalog ticks",
)
def ingest_csv(
    files: Files,
    catalog: Catalog,
    mapping: Annotated[
        str, typer.Option(metavar="FILE.toml|NAME", help="What the columns mean: a TOML file, or one that comes along.")
    ],
    instrument: Held = None,
    tick_size: TickBesideMapping = None,
    replace: Replace = False,
    append: Append = False,
) -> None:
    """Any CSV file of orders, price levels, trades, quotes or bars, by a mapping.

    Plain, gzip, xz, zstd or many in a zip. Prices are exact: what is off the tick grid is refused with its line.
    Several files are one source, in the order given.
    """
    from tickwright.app.commands import ingest

    options = {"mapping": mapping, "instrument": instrument, "tick_size": tick_size}
    ingest.csv(files, catalog, **options, replace=replace, append=append)


@app.command(
    "bars",
    epilog="$ tickwright ingest bars sp500_2013_2018.zip --catalog bars",
)
def ingest_bars(
    files: Files,
    catalog: Catalog,
    mapping: Annotated[
        str | None,
        typer.Option(metavar="FILE.toml|NAME", help="What the columns mean.", show_default="found by the header"),
    ] = None,
    instrument: Held = None,
    tick_size: TickBesideMapping = None,
    replace: Replace = False,
    append: Append = False,
) -> None:
    """CSV files of open, high, low, close and volume: daily or shorter.

    A field that is empty is marked as missing and no row is dropped; bars that contradict themselves are kept for
    `data check` to find.
    """
    from tickwright.app.commands import ingest

    options = {"mapping": mapping, "instrument": instrument, "tick_size": tick_size}
    ingest.bars(files, catalog, **options, replace=replace, append=append)


@app.command(
    "reference",
    epilog="$ tickwright ingest reference reference.zip --catalog bars",
)
def ingest_reference(
    files: Files,
    catalog: Catalog,
    universe: Annotated[str, typer.Option(metavar="NAME", help="What a list of members lists.")] = "S&P 500",
    replace: Replace = False,
) -> None:
    """Sectors, splits and dividends with the date from which each was known, and daily series as bars.

    Each file is known by its header; a list of members carries its date in its name.
    """
    from tickwright.app.commands import ingest

    ingest.reference(files, catalog, universe=universe, replace=replace)
