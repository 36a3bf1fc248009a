"""The root command: its help, and the options that stand before a command."""

from __future__ import annotations

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
        "No data at hand? `tickwright demo --out out/demo` works on simulated sessions.",
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
