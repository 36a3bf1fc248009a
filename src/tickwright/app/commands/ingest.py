"""`tickwright ingest …`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tickwright.app import first_use, terminal
from tickwright.core.errors import TickwrightError


def lobster(files: Sequence[Path], catalog: str, **options: Any) -> None:
    """`tickwright ingest lobster`."""
    from tickwright.data.ingest import ingest_lobster

    _each(files, _at(catalog, options), ingest_lobster, options)


def dbn(files: Sequence[Path], catalog: str, **options: Any) -> None:
    """`tickwright ingest dbn`."""
    from tickwright.data.ingest import ingest_dbn

    _each(files, _at(catalog, options), ingest_dbn, options)


def databento_csv(files: Sequence[Path], catalog: str, **options: Any) -> None:
    """`tickwright ingest databento-csv`."""
    from tickwright.data.ingest import ingest_databento_csv

    _each(files, _at(catalog, options), ingest_databento_csv, options)


def itch(files: Sequence[Path], catalog: str, **options: Any) -> None:
    """`tickwright ingest itch`."""
    from tickwright.data.ingest import ingest_itch

    first_use.say(*first_use.INGEST_ITCH)
    _each(files, _at(catalog, options), ingest_itch, options)


def binance(files: Sequence[Path], catalog: str, **options: Any) -> None:
    """`tickwright ingest binance`."""
    from tickwright.data.ingest import ingest_binance

    first_use.say(*first_use.INGEST_BINANCE)
    _each(files, _at(catalog, options), ingest_binance, options)


def bitstamp(files: Sequence[Path], catalog: str, **options: Any) -> None:
    """`tickwright ingest bitstamp`."""
    from tickwright.data.ingest import ingest_bitstamp

    _each(files, _at(catalog, options), ingest_bitstamp, options)


def csv(files: Sequence[Path], catalog: str, **options: Any) -> None:
    """`tickwright ingest csv`."""
    from tickwright.data.ingest import ingest_csv

    _together(files, _at(catalog, options), ingest_csv, options)


def bars(files: Sequence[Path], catalog: str, **options: Any) -> None:
    """`tickwright ingest bars`."""
    from tickwright.data.ingest import ingest_bars

    _together(files, _at(catalog, options), ingest_bars, options)


def reference(files: Sequence[Path], catalog: str, **options: Any) -> None:
    """`tickwright ingest reference`."""
    from tickwright.data.ingest import ingest_reference

    _each(files, catalog, ingest_reference, {**options, "clock": time.time_ns})


def _at(catalog: str, options: dict[str, Any]) -> Any:
    """The catalog to write to: its versions carry the time, and `append` holds for whatever is ingested."""
    from tickwright.data.backends import create_catalog

    return create_catalog(catalog, clock=time.time_ns, append=options.pop("append", False))


def _together(files: Sequence[Path], catalog: Any, ingest: Callable[..., Any], options: dict[str, Any]) -> None:
    """Several files as one source: a day may reach from one into the next."""
    with terminal.progress() as report:
        summary = ingest(files, catalog, **options, progress=_of(files[0], report))
    _tell(summary)


def _each(files: Sequence[Path], catalog: Any, ingest: Callable[..., Any], options: dict[str, Any]) -> None:
    for n, file in enumerate(files):
        try:
            with terminal.progress() as report:
                summary = ingest(file, catalog, **options, progress=_of(file, report))
        except (TickwrightError, KeyboardInterrupt):
            if len(files) > 1:
                _tell_files({"stored": files[:n], "failed": [file], "not tried": files[n + 1 :]})
            raise
        _tell(summary)


def _tell_files(groups: dict[str, Sequence[Path]]) -> None:
    """What became of several files, of which one failed."""
    for what, files in groups.items():
        print(f"{what}: {', '.join(str(file) for file in files) or 'none'}", file=sys.stderr)


def _of(file: Path, report: terminal.Report) -> Any:
    return lambda done, total: report(f"reading {file.name}", done, total)


def _tell(summary: Any) -> None:
    if not summary.already:
        rows = ", ".join(f"{count:,} {schema}" for schema, count in summary.by_schema.items())
        kinds = ", ".join(f"{count:,} {name}" for name, count in summary.actions.items())
        name = f"{_few(summary.instruments)} {_few(summary.days)}".strip() or summary.source.name
        print(f"{name}: {rows}{f' ({kinds})' if kinds else ''}")
    for name, count in summary.skipped.items():
        print(f"  {count:,} records of type {name} were passed over")
    for note in summary.notes:
        print(f"  {note}")


def _few(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 6 else f"{names[0]} … {names[-1]} ({len(names):,})"
