"""`tickwright download …`: a command for each way in which a vendor delivers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Fetch market data from a vendor, to be ingested.")

Dataset = Annotated[str, typer.Option(metavar="CODE", help="Databento dataset, as GLBX.MDP3 or XNAS.ITCH.")]
Symbols = Annotated[list[str], typer.Option(metavar="SYMBOL", help="A symbol; repeat for more, up to 2,000.")]
Stype = Annotated[str, typer.Option(metavar="KIND", help="Of the symbols: raw_symbol, continuous, parent, ...")]
KeyEnv = Annotated[
    str, typer.Option("--key-env", metavar="NAME", help="Environment variable that holds the key; kept nowhere else.")
]
Attempts = Annotated[int, typer.Option(min=1, help="How often something that failed on the way is tried.")]


@app.command(
    "databento",
    epilog="$ tickwright download databento --dataset GLBX.MDP3 --symbols ES.c.0 --stype continuous --schema mbo "
    "--start 2024-01-02 --end 2024-01-05 --out es",
)
def download_databento(
    dataset: Dataset,
    symbols: Symbols,
    schema: Annotated[str, typer.Option(metavar="NAME", help="Databento schema: mbo, mbp-10, trades, ...")],
    start: Annotated[str, typer.Option(metavar="TIME", help="Begin, UTC: 2024-01-02 or 2024-01-02T14:30.")],
    end: Annotated[str, typer.Option(metavar="TIME", help="End, UTC, which is not part of the range.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for one file a UTC day, and download.json.")],
    stype: Stype = "raw_symbol",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; the cost is agreed to.")] = False,
    max_cost: Annotated[
        float | None, typer.Option(metavar="USD", min=0, help="Refuse when the days that are missing cost more.")
    ] = None,
    key_env: KeyEnv = "DATABENTO_API_KEY",
    gateway: Annotated[
        str | None, typer.Option(metavar="URL", help="Another server than Databento's, over https.")
    ] = None,
    attempts: Attempts = 4,
) -> None:
    """Databento's recorded data, one whole DBN file a UTC day. The cost is shown and confirmed before it is spent.

    What is done is noted in download.json: the same command again fetches the missing days alone. Needs the extra
    `tickwright[databento]`.
    """
    from tickwright.app.commands import download

    download.databento(
        dataset=dataset, symbols=symbols, schema=schema, stype=stype, start=start, end=end, out=out, yes=yes,
        max_cost=max_cost, key_variable=key_env, gateway=gateway, attempts=attempts,
    )  # fmt: skip


@app.command(
    "live",
    epilog="$ tickwright download live --dataset GLBX.MDP3 --symbols ESH4 --schema mbo --seconds 600 --out es.dbn.zst",
)
def download_live(
    dataset: Dataset,
    symbols: Symbols,
    schema: Annotated[str, typer.Option(metavar="NAME", help="Databento schema: mbo, mbp-10, trades, ...")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="File to write, .dbn or .dbn.zst.")],
    stype: Stype = "raw_symbol",
    seconds: Annotated[
        float | None, typer.Option(metavar="S", min=0, help="Record for this long once connected.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Record until then, UTC: 2024-01-02T21:00.")] = None,
    snapshot: Annotated[
        bool | None,
        typer.Option("--snapshot/--no-snapshot", help="Begin with the book as it stands; by default for mbo alone."),
    ] = None,
    key_env: KeyEnv = "DATABENTO_API_KEY",
    gateway: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Another gateway than the dataset's own.")
    ] = None,
    attempts: Attempts = 4,
) -> None:
    """Record a live Databento subscription to a DBN file, which `tickwright ingest dbn` reads.

    Ends at the given time, at Ctrl-C, or when the connection cannot be had again; what came is kept each time. Losses
    of the connection are noted in FILE.notes.json. Needs the extra `tickwright[databento]`.
    """
    from tickwright.app.commands import download

    download.live(
        dataset=dataset, symbols=symbols, schema=schema, stype=stype, out=out, seconds=seconds, until=until,
        snapshot=snapshot, key_variable=key_env, gateway=gateway, attempts=attempts,
    )  # fmt: skip
