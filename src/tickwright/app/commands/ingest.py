"""`tickwright ingest …`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tickwright.app import terminal


def lobster(files: Sequence[Path], catalog: Path, **options: Any) -> None:
    """`tickwright ingest lobster`."""
    from tickwright.data.ingest import ingest_lobster

    _each(files, catalog, ingest_lobster, options)


def dbn(files: Sequence[Path], catalog: Path, **options: Any) -> None:
    """`tickwright ingest dbn`."""
    from tickwright.data.ingest import ingest_dbn

    _each(files, catalog, ingest_dbn, options)


def _each(files: Sequence[Path], catalog: Path, ingest: Callable[..., Any], options: dict[str, Any]) -> None:
    for file in files:
        with terminal.progress() as report:
            summary = ingest(file, catalog, **options, progress=_of(file, report))
        _tell(summary)


def _of(file: Path, report: terminal.Report) -> Any:
    return lambda done, total: report(f"reading {file.name}", done, total)


def _tell(summary: Any) -> None:
    if not summary.already:
        rows = ", ".join(f"{count:,} {schema}" for schema, count in summary.by_schema.items())
        kinds = ", ".join(f"{count:,} {name}" for name, count in summary.actions.items())
        print(f"{_few(summary.instruments)} {_few(summary.days)}: {rows}{f' ({kinds})' if kinds else ''}")
        if summary.seconds > 0:
            print(f"  {summary.rows / summary.seconds:,.0f} rows/s", file=sys.stderr)
    for name, count in summary.skipped.items():
        print(f"  {count:,} records of type {name} were passed over")
    for note in summary.notes:
        print(f"  {note}")


def _few(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 6 else f"{names[0]} … {names[-1]} ({len(names)})"
