"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from tickwright.core.errors import ConfigError


def lasting(where: str) -> str:
    """An address at which a catalog outlives the command. Raises ConfigError."""
    if where.startswith("memory:"):
        raise ConfigError(
            "catalog", where, "a folder, s3://… or lmdb://…: what is in memory is lost when the command ends; "
            "from Python memory:// lasts as long as the process",
        )  # fmt: skip
    return where


Catalog = Annotated[
    str,
    typer.Option(
        "--catalog", metavar="DIR", help="Folder of the tick catalog, or an address: s3://…, lmdb://….",
        callback=lasting,
    ),
]  # fmt: skip
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files to read, one or more.")]
Replace = Annotated[
    bool, typer.Option("--replace", help="Put these files in the place of days that are there already.")
]
Append = Annotated[
    bool, typer.Option("--append", help="Add these files behind days that are there already: later rows alone.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a table for people.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for report.html, result.json and the tables.")]
ConfigFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="TOML file with the same settings; options given here override it.")
]
RecordedDays = Annotated[
    str | None,
    typer.Option("--catalog", metavar="DIR", help="Folder of the tick catalog, or its address: recorded days."),
]
RecordedInstrument = Annotated[str | None, typer.Option(metavar="NAME", help="Instrument of the recorded days.")]
RecordedDates = Annotated[
    list[str] | None, typer.Option(metavar="YYYY-MM-DD", help="Recorded day; repeat for several.")
]
Threads = Annotated[
    int | None, typer.Option(metavar="N", help="Threads; results do not depend on them.", show_default="1")
]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Seed of everything that is drawn.", show_default="1")]


def said(
    options: Mapping[str, object], instrument: str | None = None, dates: Sequence[str] | None = None
) -> dict[str, object]:  # fmt: skip
    """The options that were given, with the days of an instrument; the others stand as the file has them."""
    days = [{"instrument": instrument, "date": day} for day in dates or []] if instrument else None
    return {name: value for name, value in {**options, "days": days}.items() if value is not None and value != []}
