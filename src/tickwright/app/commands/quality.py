"""`tickwright data check`: find the faults of a catalog, put right what is proven, and tell it."""

from __future__ import annotations

import datetime as dt
import json
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

from tickwright.app import terminal
from tickwright.app.report.quality_words import detailed, named, noted, worst_first
from tickwright.core.errors import StorageError
from tickwright.core.time import parse_date
from tickwright.data.backends import open_catalog
from tickwright.data.port import TickCatalog
from tickwright.run.quality.check import CheckResult, check, repair

_WIDTH = 120
_MOST_LINES = 4
"""Instruments of one code that get a line of their own; `--json` and the page list all."""


def check_catalog(
    path: str, symbol: str | None, date_text: str | None, *, as_json: bool, html: Path | None, put_right: bool
) -> bool:
    """`tickwright data check`; whether nothing was found that matters."""
    catalog = open_catalog(path)
    date = None if date_text is None else parse_date(date_text, "--date")
    log = repair(catalog, symbol, date) if put_right else []
    if any(entry["what"] == "fixed" for entry in log):
        catalog = open_catalog(path)
    result = replace(_checked(catalog, symbol, date), fixed=tuple(log))
    if html is not None:
        from tickwright.app.report.quality import render

        _write(html, render(result))
    if as_json:
        print(json.dumps(result.to_json(), indent=2, sort_keys=True))
    else:
        _tell(result, html)
    return result.clean


def _checked(catalog: TickCatalog, symbol: str | None, date: dt.date | None) -> CheckResult:
    with terminal.progress() as report:
        return check(catalog, symbol, date, lambda done, total: report("checking", done, total))


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_name(f".{file.name}.new")
        fresh.write_text(text, "utf-8")
        fresh.replace(file)
    except OSError as error:
        raise StorageError(f"{file}: {error.strerror}") from error


def _tell(result: CheckResult, html: Path | None) -> None:
    answer = result.to_json()
    by_code = worst_first(answer["findings"])
    rows = [row for findings in by_code for row in _rows(findings)]
    if rows:
        terminal.listing(rows, ("severity", "code", "instrument", "schema", "count", "first", "last"), ("count",))
        print()
    for findings in by_code:
        f = findings[0]
        text = f"{f['code']}: {f['meaning']}. Fills: {f['effect_on_fills']}."
        print(textwrap.fill(text, _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False))
        for more in findings[:_MOST_LINES]:
            if detail := detailed(more):
                print(f"  {more['instrument']} {more['schema']}: {detail}")
    for entry in result.fixed:
        print(f"{entry['what']}: {_fixed_text(entry)}")
    for note, where in noted(result).items():
        print(f"note: {named(where)}: {note}")
    checked = answer["checked"]
    verdict = "clean" if result.clean else "faults found"
    names = f"{checked['instruments']:,} instrument{'' if checked['instruments'] == 1 else 's'}"
    print(f"{checked['rows']:,} rows of {names} checked: {verdict}")
    if html is not None:
        print(f"report: {html}")


def _rows(findings: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Lines of one code: the largest counts, and the rest in one."""
    shown = findings if len(findings) <= _MOST_LINES + 1 else findings[:_MOST_LINES]
    lines: list[tuple[str, ...]] = [
        (
            f["severity"], f["code"], f["instrument"], f["schema"], f"{f['count']:,}", _place(f["first"]),
            _place(f["last"]),
        )
        for f in shown
    ]  # fmt: skip
    if rest := findings[len(shown) :]:
        first, last = min(f["first"]["time"] for f in rest), max(f["last"]["time"] for f in rest)
        count = f"{sum(f['count'] for f in rest):,}"
        schemas = ", ".join(sorted({f["schema"] for f in rest}))
        lines.append(
            (
                rest[0]["severity"], rest[0]["code"], f"{len(rest)} more", schemas, count,
                first[:23].removesuffix("Z"), last[:23].removesuffix("Z"),
            )
        )  # fmt: skip
    return lines


def _place(place: dict[str, Any]) -> str:
    return f"{place['time'][:23].removesuffix('Z')} row {place['row']:,}"


def _fixed_text(entry: dict[str, Any]) -> str:
    where = f"{entry['instrument']} {entry['schema']} {entry['day']}"
    if entry["what"] == "left":
        return f"{where}: {'; '.join(entry['reasons'])}"
    return f"{where}: {entry['moved']:,} rows moved to their place in time, {entry['removed']:,} removed"
