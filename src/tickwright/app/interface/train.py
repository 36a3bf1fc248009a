"""`tickwright train`: a policy from a market that answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tickwright.app.interface.options import Out
from tickwright.app.interface.root import app

_EXAMPLES = "\n\n".join(
    (
        "[bold]Examples[/bold]",
        "$ tickwright train examples/train_ppo.toml --out out/policy",
        "$ tickwright train examples/train_ppo.toml --out out/policy --resume",
        "The policy is out/policy/policy.twp; `tickwright execute --policy rl:out/policy/policy.twp` lets it trade.",
    )
)


@app.command(epilog=_EXAMPLES)
def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.toml", help="TOML file of what to train, and on what.")],
    out: Out,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in DIR, as if there had been no stop.")
    ] = False,
    steps: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Stop after N steps in all; what falls over time falls over the steps of the file.",
            show_default="the file's",
        ),
    ] = None,
) -> None:
    """Train an execution policy in a market that answers.

    In DIR: policy.twp (the best policy that was validated), checkpoints, metrics.jsonl, timing.jsonl and manifest.json.
    Needs the extra rl. Same configuration, same machine and versions: same policy, byte for byte.
    """
    from tickwright.app.commands import train as command

    command.train(config, out, resume, steps)
