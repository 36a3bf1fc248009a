"""`tickwright data check`: find the faults of a catalog, put right what is proven, and tell it."""

from __future__ import annotations

import datetime as dt
import json
import textwrap
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from tickwright.app import first_use, terminal
from tickwright.app.report.quality_words import detailed, named, noted, put_right_lines, worst_first
from tickwright.core.errors import ConfigError
from tickwright.core.time import parse_date
from tickwright.data.backends import open_catalog
from tickwright.data.port import TickCatalog
from tickwright.data.store.disk import whole_file
from tickwright.data.store.schema import DEPTH, EVENTS, QUOTES
from tickwright.run.quality.check import CheckResult, check, repair
from tickwright.run.quality.units import BOOK, units_of

_WIDTH = 120
_MOST_LINES = 4
"""Instruments of one code that get a line of their own; `--json` and the page list all."""


def check_catalog(
    path: str, symbol: str | None, date_text: str | None, *, as_json: bool, html: Path | None, put_right: bool,
    units: bool = False,
) -> bool:  # fmt: skip
    """`tickwright data check`; whether nothing was found that matters."""
    catalog = open_catalog(path, clock=time.time_ns)
    date = None if date_text is None else parse_date(date_text, "--date")
    if units and not as_json:
        raise ConfigError("--units", "given", "--json with it")
    first_use.say(*_kernels(catalog, symbol, date))
    log = tuple(repair(catalog, symbol, date)) if put_right else None
    if any(entry["what"] == "fixed" for entry in log or ()):
        catalog = open_catalog(path)
    result = replace(_checked(catalog, symbol, date), log=log)
    if html is not None:
        from tickwright.app.report.quality import render

        _write(html, render(result))
    if as_json:
        print(json.dumps(result.to_json(units), indent=2, sort_keys=True))
    else:
        _tell(result, html)
    return result.clean


def _kernels(catalog: TickCatalog, symbol: str | None, date: dt.date | None) -> set[str]:
    """What this check compiles for long, where it is not compiled yet."""
    needed = set(first_use.CHECK)
    for unit in units_of(catalog, symbol, date):
        if unit.schema == EVENTS:
            windowed = any(name.startswith(BOOK) for name in catalog.schemas(unit.instrument.symbol))
            needed |= {*first_use.CHECK_TOPS, *(() if windowed else first_use.CHECK_ORDERS)}
        elif unit.schema == DEPTH:
            needed |= {*first_use.CHECK_TOPS, *first_use.CHECK_LEVELS}
        elif unit.schema == QUOTES:
            needed |= {*first_use.CHECK_TOPS}
    return needed


def _checked(catalog: TickCatalog, symbol: str | None, date: dt.date | None) -> CheckResult:
    with terminal.progress() as report:
        return check(catalog, symbol, date, lambda done, total: report("checking", done, total))


def _write(file: Path, text: str) -> None:
    with whole_file(file) as draft:
        draft.write_text(text, "utf-8")


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
    for line in put_right_lines(answer):
        print(textwrap.fill(line, _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False))
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
