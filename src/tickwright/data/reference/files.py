"""CSV files of reference data, known by their header.

| header | what |
|---|---|
| Symbol, Sector | a list of members on the date in the file's name, as `constituents_2018-04-02.csv` |
| Symbol, Sector, From, Until, Known at | sectors with dates of their own; an empty Until is open |
| Symbol, Ex date, Kind, Ratio and Amount, Known at | splits (`2`, `2:1`, `3/2`) and dividends (`0.35`) |
| DATE, a series of the St. Louis Fed | a daily series, kept as bars of its own instrument |

Capitals do not matter, nor whether words are joined by a blank or `_`; Symbol may be called Ticker symbol, Sector GICS
Sector. Other columns are not stored. A name with only a year means its last day: the list was known by then at the
latest. Where an action has no date from which it was known, that is its ex-date.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from tickwright.core.errors import FileFormatError
from tickwright.data.places import Places
from tickwright.data.reference.actions import CorporateAction
from tickwright.data.reference.sectors import Statement
from tickwright.data.tables.blocks import TextTable
from tickwright.data.tables.container import Member
from tickwright.data.tables.loading import shipped_mapping
from tickwright.data.tables.mapping import Column, FileRule

Kind = Literal["list", "sectors", "actions", "series"]
_NAMES = {"ticker_symbol": "symbol", "ticker": "symbol", "gics_sector": "sector", "announced": "known_at"}
_DATE = re.compile(r"(?<!\d)(\d{4}-\d\d-\d\d)(?!\d)")
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
_RATIO = re.compile(r"\d+(?:\.\d+)?(?:[:/]\d+(?:\.\d+)?)?")
_AMOUNT = re.compile(r"\d+(?:\.\d+)?")


@dataclass(slots=True)
class Found:
    """What was read of one file of reference data."""

    statements: list[Statement] = field(default_factory=list)
    actions: list[CorporateAction] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_member(member: Member, universe: str, source: str) -> Found | None:
    """The rows of a file; None for a daily series, which is read by its mapping. Raises FileFormatError."""
    table = TextTable(member, FileRule())
    columns = {_plain(str(name)): name for name in table.header}
    kind = _kind(table, columns)
    if kind == "series":
        return None
    if kind == "actions":
        return _actions(table, columns, source)
    return _sectors(table, columns, member, universe if kind == "list" else None, source)


def _kind(table: TextTable, columns: dict[str, Column]) -> Kind:
    names = set(columns)
    if {"symbol", "ex_date", "kind"} <= names and names & {"ratio", "amount"}:
        return "actions"
    if {"symbol", "sector"} <= names:
        return "sectors" if "from" in names else "list"
    if set(map(str, table.header)) & set(shipped_mapping("fred-daily").series.columns) and "date" in names:
        return "series"
    shown = ", ".join(map(str, table.header))[:200] or "nothing"
    expected = "Symbol, Sector; Symbol, Sector, From, Until; Symbol, Ex date, Kind, Ratio, Amount; or DATE and a series"
    raise FileFormatError(table.place, "the header", shown, expected)


def _rows(table: TextTable, columns: dict[str, Column], wanted: list[str]) -> list[tuple[str, dict[str, str]]]:
    """(place, values by plain name) of each row."""
    given = [name for name in wanted if name in columns]
    found = []
    for block in table.blocks([columns[name] for name in given]):
        texts = [block.columns[columns[name]].to_pylist() for name in given]
        places: Places = block.places
        for k, values in enumerate(zip(*texts, strict=True)):
            row = dict.fromkeys(wanted, "") | {name: v.strip() for name, v in zip(given, values, strict=True)}
            found.append((places.of(k), row))
    return found


def _sectors(table: TextTable, columns: dict[str, Column], member: Member, universe: str | None, source: str) -> Found:
    found = Found()
    listed = universe is not None
    day, exact = _date_of(member) if listed else (dt.date.min, True)
    if not exact:
        found.notes.append(f"{member.name}: its name has a year alone, so its list is taken as known on {day}")
    seen: dict[str, str] = {}
    for place, row in _rows(table, columns, ["symbol", "sector", "from", "until", "known_at"]):
        for name in ("symbol", "sector"):
            if not row[name]:
                raise FileFormatError(table.place, f"{place}, column {columns[name]}", "nothing", f"a {name}")
        symbol, sector = row["symbol"], row["sector"]
        if listed:
            if symbol in seen:
                expected = f"each symbol once; it stands on {seen[symbol]} already"
                raise FileFormatError(table.place, place, repr(symbol), expected)
            seen[symbol] = place
            found.statements.append(Statement(symbol, sector, day, None, day, True, universe or "", source))
            continue
        start = _day(table, place, columns, row, "from")
        until = _day(table, place, columns, row, "until") if row["until"] else None
        known = _day(table, place, columns, row, "known_at") if row["known_at"] else start
        if until is not None and until <= start:
            raise FileFormatError(table.place, place, f"until {until}", f"a date after {start}")
        found.statements.append(Statement(symbol, sector, start, until, known, source=source))
    return found


def _actions(table: TextTable, columns: dict[str, Column], source: str) -> Found:
    found = Found()
    undated = 0
    for place, row in _rows(table, columns, ["symbol", "ex_date", "kind", "ratio", "amount", "known_at"]):
        kind = row["kind"].lower()
        if kind not in ("split", "dividend"):
            raise FileFormatError(table.place, f"{place}, column {columns['kind']}", repr(kind), "split or dividend")
        if not row["symbol"]:
            raise FileFormatError(table.place, f"{place}, column {columns['symbol']}", "nothing", "a symbol")
        name, form, expected = (
            ("ratio", _RATIO, "new shares for one old, as 2, 2:1 or 3/2")
            if kind == "split"
            else ("amount", _AMOUNT, "an amount a share, as 0.35")
        )
        text = row[name]
        if len(text) > 40 or form.fullmatch(text) is None or not all(map(Fraction, re.split("[:/]", text))):
            raise FileFormatError(table.place, f"{place}, column {name}", repr(text[:60]), expected)
        parts = [Fraction(part) for part in re.split("[:/]", text)]
        value = parts[0] / parts[1] if len(parts) == 2 else parts[0]
        ex = _day(table, place, columns, row, "ex_date")
        known = _day(table, place, columns, row, "known_at") if row["known_at"] else ex
        undated += not row["known_at"]
        found.actions.append(CorporateAction(row["symbol"], ex, kind, value, known, source))  # type: ignore[arg-type]
    if undated:
        found.notes.append(f"{undated:,} actions do not say when they were known: taken as known on their ex-date")
    return found


def _day(table: TextTable, place: str, columns: dict[str, Column], row: dict[str, str], name: str) -> dt.date:
    try:
        return dt.date.fromisoformat(row[name])
    except ValueError as error:
        where = f"{place}, column {columns.get(name, name)}"
        raise FileFormatError(table.place, where, repr(row[name][:60]), "a date as YYYY-MM-DD") from error


def _date_of(member: Member) -> tuple[dt.date, bool]:
    """The date that a name says, and whether it says more than the year."""
    if match := _DATE.search(member.name):
        try:
            return dt.date.fromisoformat(match[1]), True
        except ValueError as error:
            raise FileFormatError(member.place, "name", match[1], "a date as YYYY-MM-DD") from error
    if match := _YEAR.search(member.name):
        return dt.date(int(match[1]), 12, 31), False
    raise FileFormatError(member.place, "name", repr(member.name), "the date of the list in it, as ..._2018-04-02.csv")


def _plain(name: str) -> str:
    plain = re.sub(r"[\s_]+", "_", name.strip().lower())
    return _NAMES.get(plain, plain)
