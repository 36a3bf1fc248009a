"""`tickwright data check`: find the faults of a catalog, put right what is proven, and tell it."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from tickwright.app import terminal
from tickwright.core.errors import StorageError
from tickwright.core.time import parse_date
from tickwright.data.catalog import Catalog
from tickwright.run.quality.check import CheckResult, check, repair


def check_catalog(
    path: Path, symbol: str | None, date_text: str | None, *, as_json: bool, html: Path | None, put_right: bool
) -> bool:
    """`tickwright data check`; whether nothing was found that matters."""
    catalog = Catalog.open(path)
    date = None if date_text is None else parse_date(date_text, "--date")
    log = repair(catalog, symbol, date) if put_right else []
    if any(entry["what"] == "fixed" for entry in log):
        catalog = Catalog.open(path)
    result = replace(_checked(catalog, symbol, date), fixed=tuple(log))
    if html is not None:
        from tickwright.app.report.quality import render

        _write(html, render(result))
    if as_json:
        print(json.dumps(result.to_json(), indent=2, sort_keys=True))
    else:
        _tell(result, html)
    return result.clean


def _checked(catalog: Catalog, symbol: str | None, date: dt.date | None) -> CheckResult:
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
    order = {"error": 0, "warning": 1, "info": 2}
    findings = sorted(answer["findings"], key=lambda f: (order[f["severity"]], -f["count"]))
    if findings:
        rows = [
            (
                f["severity"], f["code"], f["instrument"], f["schema"], f"{f['count']:,}", _place(f["first"]),
                _place(f["last"]),
            )
            for f in findings
        ]  # fmt: skip
        terminal.listing(rows, ("severity", "code", "instrument", "schema", "count", "first", "last"), ("count",))
        for code, f in {f["code"]: f for f in findings}.items():
            print(f"{code}: {f['meaning']}; {f['effect_on_fills']}")
    for entry in result.fixed:
        print(f"{entry['what']}: {_fixed_text(entry)}")
    notes: dict[str, int] = {}
    for unit in result.units:
        for note in unit.notes:
            notes[note] = notes.get(note, 0) + 1
    for note, count in notes.items():
        print(f"note: {note}{f' ({count} units)' if count > 1 else ''}")
    checked = answer["checked"]
    verdict = "clean" if result.clean else "faults found"
    print(f"{checked['rows']:,} rows of {checked['instruments']:,} instruments checked: {verdict}")
    if html is not None:
        print(f"report: {html}")


def _place(place: dict[str, Any]) -> str:
    return f"{place['time'][:23]} row {place['row']:,}"


def _fixed_text(entry: dict[str, Any]) -> str:
    where = f"{entry['instrument']} {entry['schema']} {entry['day']}"
    if entry["what"] == "left":
        return f"{where}: {'; '.join(entry['reasons'])}"
    return f"{where}: {entry['moved']:,} rows moved to their place in time, {entry['removed']:,} removed"
