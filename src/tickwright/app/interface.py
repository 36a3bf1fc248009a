"""Commands and options, declared: `tickwright ingest | data | execute | demo`.

Imports nothing heavy, so that `--help` answers at once: a command body imports `commands` and hands over plain values.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

# Paragraphs, which the help folds to the width of the terminal.
_FIRST_STEPS = "\n\n".join(
    (
        "[bold]From a file to a report[/bold]",
        "$ tickwright ingest lobster LOBSTER_SampleFile_GOOG_2012-06-21_10.zip --catalog ticks",
        "$ tickwright data ls --catalog ticks",
        "$ tickwright execute --catalog ticks --instrument GOOG --date 2012-06-21 --side buy --quantity 2000 "
        "--start 10:00 --end 11:00 --policy twap/take --policy ac/post-then-cross --out out/goog",
        "No data at hand? `tickwright demo --out out/demo` works on a generated session.",
    )
)
_EXECUTE_EXAMPLES = "\n\n".join(
    (
        "[bold]Examples[/bold]",
        "$ tickwright execute --catalog ticks --instrument GOOG --date 2012-06-21 --side buy --side sell "
        "--quantity 2000 --quantity 20000 --start 10:00 --end 11:00 --policy twap/take "
        "--policy vwap/post-then-cross --out out/goog",
        "$ tickwright execute --config run.toml --seed 2 --out out/seed2",
        "Sides, quantities and instruments multiply: the first example works four parent orders, each alone in the "
        "market. With --together they are in the market at the same time.",
    )
)

app = typer.Typer(
    name="tickwright",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="From tick data to trades: replay recorded order books, work parent orders in them, and see what they cost.",
    epilog=_FIRST_STEPS,
)
ingest_app = typer.Typer(no_args_is_help=True, help="Read recorded market data into a catalog.")
data_app = typer.Typer(no_args_is_help=True, help="Look at a catalog and check what is in it.")
app.add_typer(ingest_app, name="ingest")
app.add_typer(data_app, name="data")

Catalog = Annotated[Path, typer.Option("--catalog", metavar="DIR", help="Folder of the tick catalog.")]
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files to read, one or more.")]
Replace = Annotated[
    bool, typer.Option("--replace", help="Put these files in the place of days that are there already.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a table for people.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for report.html, result.json and the tables.")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Seed of everything that is drawn.", show_default="1")]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"tickwright {version('tickwright')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error arose, with its traceback.")] = False,
) -> None:
    """Options that stand before the command; `cli.main` looks at --debug itself, since errors outlive this call."""


@ingest_app.command(
    "lobster",
    epilog="$ tickwright ingest lobster LOBSTER_SampleFile_GOOG_2012-06-21_10.zip --catalog ticks",
)
def ingest_lobster(files: Files, catalog: Catalog, replace: Replace = False) -> None:
    """LOBSTER message and order-book pairs, straight from their zip.

    Every message type is kept, hidden executions, crosses and halts included. A file that is truncated, does not match
    its pair or has a price off the tick grid is refused, and the catalog stays as it was.
    """
    from tickwright.app import commands

    commands.ingest_lobster(files, catalog, replace)


@ingest_app.command(
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
    from tickwright.app import commands

    commands.ingest_dbn(files, catalog, tick_size, definition, replace)


@data_app.command("ls", epilog="$ tickwright data ls --catalog ticks")
def data_ls(catalog: Catalog, json: Json = False) -> None:
    """What the catalog holds, by instrument, schema and UTC day."""
    from tickwright.app import commands

    commands.list_catalog(catalog, json)


@data_app.command(
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
    from tickwright.app import commands

    if not commands.verify_book(catalog, instrument, date, json):
        raise typer.Exit(2)


_ORDER, _SIM, _GATE = "Parent orders", "Simulated venue", "Pre-trade gate"


@app.command(epilog=_EXECUTE_EXAMPLES)
def execute(
    out: Out,
    catalog: Annotated[
        Path | None, typer.Option("--catalog", metavar="DIR", help="Folder of the tick catalog.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="TOML file with the same settings; options given here override it."),
    ] = None,
    instrument: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Instrument; repeat for several.", rich_help_panel=_ORDER)
    ] = None,
    date: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Exchange-local date.", rich_help_panel=_ORDER)
    ] = None,
    side: Annotated[
        list[str] | None, typer.Option(metavar="buy|sell", help="Side; repeat for both.", rich_help_panel=_ORDER)
    ] = None,
    quantity: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NUMBER", help="Quantity in units of the instrument; repeat for several.", rich_help_panel=_ORDER
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Arrival, as 10:00 or '14:00 Z'; exchange-local without a zone.",
            rich_help_panel=_ORDER,
        ),
    ] = None,
    end: Annotated[str | None, typer.Option(metavar="TIME", help="Deadline.", rich_help_panel=_ORDER)] = None,
    decision: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="When it was decided to trade.", show_default="the start", rich_help_panel=_ORDER
        ),
    ] = None,
    limit: Annotated[
        str | None, typer.Option(metavar="PRICE", help="Worst price that may be paid.", rich_help_panel=_ORDER)
    ] = None,
    finish: Annotated[
        str | None,
        typer.Option(
            metavar="cross|leave",
            help="What is left near the deadline: cross goes as far as the displayed liquidity within the placement's "
            "reach does; leave keeps it unfilled (take and post-then-cross cross all the same).",
            show_default="cross",
            rich_help_panel=_ORDER,
        ),
    ] = None,
    together: Annotated[
        bool | None,
        typer.Option(
            "--together/--alone",
            help="All parent orders in one market at once.",
            show_default="alone",
            rich_help_panel=_ORDER,
        ),
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SCHEDULE/PLACEMENT",
            help="Policy to compare; repeat for several, the first is the baseline. Schedules: twap, vwap, pov, ac "
            "(Almgren-Chriss), ow (Obizhaeva-Wang), split. Placements: take, post-then-cross, mid-peg, requote, "
            "imbalance. Options stand in brackets, as twap(slices=24)/take; `tickwright policies` lists them all.",
            rich_help_panel=_ORDER,
        ),
    ] = None,
    entry_latency: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION", help="Desk to exchange, as 250us.", show_default="250us", rich_help_panel=_SIM
        ),
    ] = None,
    response_latency: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="Exchange to desk.", show_default="250us", rich_help_panel=_SIM),
    ] = None,
    feed_latency: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="Market data to desk, after its receive time.",
            show_default="0us",
            rich_help_panel=_SIM,
        ),
    ] = None,
    latency_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Measured latencies to draw from: a CSV file with the header entry_ns,response_ns.",
            rich_help_panel=_SIM,
        ),
    ] = None,
    maker_fee: Annotated[
        str | None,
        typer.Option(
            metavar="AMOUNT",
            help="Currency per unit (a share, a contract) when making; below zero is a rebate.",
            show_default="0",
            rich_help_panel=_SIM,
        ),
    ] = None,
    taker_fee: Annotated[
        str | None,
        typer.Option(metavar="AMOUNT", help="Currency per unit when taking.", show_default="0", rich_help_panel=_SIM),
    ] = None,
    resilience: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION|never", help="Half-life after which liquidity that we took is back.", rich_help_panel=_SIM
        ),
    ] = None,
    impact: Annotated[
        str | None,
        typer.Option(
            metavar="off|TICKS",
            help="Transient impact: ticks by which one lot taken moves the market.",
            show_default="off",
            rich_help_panel=_SIM,
        ),
    ] = None,
    impact_decay: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="Time in which that impact decays to 1/e.", rich_help_panel=_SIM),
    ] = None,
    seed: Seed = None,
    max_order: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER",
            help="Largest quantity of one child order; or off.",
            show_default="off",
            rich_help_panel=_GATE,
        ),
    ] = None,
    price_collar: Annotated[
        str | None,
        typer.Option(
            metavar="BP",
            help="Farthest a price may be beyond the mid, in basis points; or off.",
            show_default="200",
            rich_help_panel=_GATE,
        ),
    ] = None,
    max_parent_share: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="Largest share of its parent that one child order may be, above 0 to 1, as 0.25; or off.",
            show_default="off",
            rich_help_panel=_GATE,
        ),
    ] = None,
) -> None:
    """Work parent orders through recorded market data under several policies, and report what each cost.

    All policies see the same market and the same random numbers. The result is a table here, and in DIR: report.html
    (opens in any browser, loads nothing), result.json, orders.parquet, fills.parquet and manifest.json.
    """
    from tickwright.app import commands

    options = dict(locals())
    for name in ("commands", "out", "config"):
        options.pop(name)
    commands.execute(out, config, {name: value for name, value in options.items() if value not in (None, [])})


@app.command(epilog="$ tickwright policies")
def policies() -> None:
    """List the schedules and placements that --policy can name, with their options and defaults."""
    from tickwright.app import commands

    commands.policies()


@app.command(epilog="$ tickwright demo --out out/demo")
def demo(out: Out, seed: Seed = None) -> None:
    """Run the whole flow on a generated session: seeded zero-intelligence order flow, no data needed."""
    from tickwright.app import commands

    commands.demo(out, 1 if seed is None else seed)
