"""`tickwright registry …`: which policy trades, and how to take that back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tickwright.app.interface.options import Json

app = typer.Typer(no_args_is_help=True, help="Champion and challenger: who trades, how it came to that, and back.")

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the registry.")]
Why = Annotated[str, typer.Option(metavar="TEXT", help="Stands in the history.")]


@app.command()
def enter(
    folder: Folder,
    policy: Annotated[Path, typer.Argument(metavar="FILE", help="A trained policy, or demo.")],
    why: Why = "",
) -> None:
    """Enter a policy: the first becomes champion, another one the shadow, in the place of a shadow before it."""
    from tickwright.app.commands import registry as command

    command.enter(folder, policy, why)


@app.command()
def show(folder: Folder, json: Json = False) -> None:
    """Say who stands where, and every change that led to it; every file is checked against its hash."""
    from tickwright.app.commands import registry as command

    command.show(folder, json)


@app.command()
def promote(
    folder: Folder,
    why: Why = "",
    share: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Of the orders, that the canary works.", show_default="0.1"),
    ] = None,
) -> None:
    """Let the challenger go one stage on: shadow, canary, champion."""
    from tickwright.app.commands import registry as command

    command.promote(folder, why, share)


@app.command()
def rollback(folder: Folder, why: Why = "") -> None:
    """Withdraw the challenger; without one, bring the champion before this one back."""
    from tickwright.app.commands import registry as command

    command.rollback(folder, why)
