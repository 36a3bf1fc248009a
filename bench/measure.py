"""Runs in child processes that take turns, and what is said of their times."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
Row = dict[str, Any]


class ChildError(RuntimeError):
    """A measured run ended with an error; its last words are the message."""


def in_child(case: str, environment: Mapping[str, str] | None = None, /, **arguments: Any) -> Row:
    """Run one case of `child.CASES` in a fresh process → what it reports. Raises ChildError."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.child", case, json.dumps(arguments)],
        cwd=ROOT, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise ChildError(f"{case} {arguments}: exit {done.returncode}\n{done.stderr.strip()[-2000:]}")
    result: Row = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def take_turns(runs: Mapping[str, Callable[[], Row]], rounds: int) -> dict[str, list[Row]]:
    """Every run once a round, in order: A B A B …, so that a slow drift of the machine meets all alike."""
    rows: dict[str, list[Row]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            rows[name].append(run())
    return rows


def summary(values: Sequence[float]) -> Row:
    """Median, least and greatest of a few measurements."""
    return {"median": statistics.median(values), "least": min(values), "greatest": max(values), "count": len(values)}


def ratio(above: Sequence[Row], below: Sequence[Row], key: str = "cpu_s", extra: str | None = None) -> Row:
    """`above / below` of one field, round by round, summarised; `best` divides the two least times.

    `extra` is a field of `below` that is added to its time.
    """
    over = [row[key] for row in above]
    under = [row[key] + (row[extra] if extra else 0.0) for row in below]
    return {**summary([a / b for a, b in zip(over, under, strict=True)]), "best": min(over) / min(under)}
