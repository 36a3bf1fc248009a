"""`tickwright data …`."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tickwright.app import terminal
from tickwright.core.errors import ConfigError
from tickwright.core.time import local_date, midnight, parse_date, time_text, utc_day
from tickwright.data.backends import open_catalog
from tickwright.data.contents import Listing
from tickwright.data.port import TickCatalog
from tickwright.data.store.schema import DEPTH, EVENTS, span_of
from tickwright.data.store.schema import Span as SpanOfFiles

_DAILY = "bars-1d"


def list_catalog(path: str, as_json: bool, version: int | None = None) -> None:
    """`tickwright data ls`."""
    catalog = open_catalog(path, version)
    rows = catalog.ls()
    if as_json:
        print(json.dumps([_listed(row) for row in rows], indent=2, sort_keys=True))
        return
    zones = {i.symbol: i.timezone for i in catalog.instruments()}
    groups: dict[tuple[str, str, dt.date | None], list[Listing]] = {}
    for row in rows:  # the months or years of bars are files of one series
        groups.setdefault((row.instrument, row.schema, row.day if span_of(row.schema) == "D" else None), []).append(row)
    terminal.listing(
        [_line(group, zones[symbol]) for (symbol, _, _), group in groups.items()],
        ("instrument", "schema", "UTC day", "rows", "MB", "first", "last", "time zone", "source"),
        ("rows", "MB", "first", "last"),
        keys=("instrument", "schema", "UTC day"),
    )


def _listed(row: Listing) -> dict[str, Any]:
    """A row of the listing as plain values; with the labels of what was simulated alone."""
    plain = {**asdict(row), "day": row.day.isoformat()}
    labels = list(plain.pop("labels"))
    return {**plain, "labels": labels} if labels else plain


def _line(group: Sequence[Listing], zone: str) -> tuple[str, ...]:
    """The listing of one day, or of all months or years of a schema."""
    schema, span = group[0].schema, span_of(group[0].schema)
    first, last = min(row.first for row in group), max(row.last for row in group)
    sources = list(dict.fromkeys(row.source for row in group))
    days = [row.day.isoformat()[: _SPAN_DIGITS[span]] for row in group]
    if schema == _DAILY:
        begun, ended = (utc_day(ts).isoformat() for ts in (first, last))
    else:
        begun, ended = (time_text(ts, zone)[:12] for ts in (first, last))
        dates = [local_date(ts, zone) for ts in (first, last)]
        if span != "D" or dates != [group[0].day] * 2:
            begun, ended = f"{dates[0]} {begun}", f"{dates[1]} {ended}"
    return (
        group[0].instrument, schema, days[0] if len(days) == 1 else f"{min(days)} … {max(days)}",
        f"{sum(row.rows for row in group):,}", f"{sum(row.bytes for row in group) / 1e6:.1f}", begun, ended, zone,
        ", ".join(sources) if len(sources) <= 3 else f"{sources[0]} and {len(sources) - 1:,} more",
    )  # fmt: skip


_SPAN_DIGITS: dict[SpanOfFiles, int] = {"D": 10, "M": 7, "Y": 4}
"""How much of YYYY-MM-DD names a span."""


def export(path: str, symbol: str, date_text: str, schema: str, to: str, out: Path | None) -> None:
    """`tickwright data export`."""
    from tickwright.data.export import export as write
    from tickwright.data.export import schema_named, write_chunks

    catalog = open_catalog(path)
    instrument = catalog.instrument(symbol)
    date = parse_date(date_text, "--date")
    name = schema_named(schema)
    zone = "UTC" if name == _DAILY else instrument.timezone  # a daily bar stands at midnight UTC of its date
    begin, end = midnight(date, zone), midnight(date + dt.timedelta(days=1), zone)
    target = out or Path(f"{symbol}-{date}-{schema}.{to}")
    if name in (EVENTS, DEPTH):  # all that a replay of the day reads, for its book is built from that
        from tickwright.run.market import span_of_day
        from tickwright.run.recording import day_blocks

        blocks = ((rows, None) for rows in day_blocks(catalog, span_of_day(catalog, symbol, date, name)))
        rows, before = write_chunks(blocks, instrument, name, begin, end, target, to)
    else:
        rows, before = write(catalog, instrument, name, begin, end, target, to), 0
    more = f", {before:,} of them before the day: its book is built from them" if before else ""
    print(f"{target}: {rows:,} row{'' if rows == 1 else 's'}{more}")
    if name in (EVENTS, DEPTH) and (late := _stamped_late(catalog, symbol, name, end)):
        print(
            f"  {late:,} rows received by the end of the day are stamped after it; no replay takes them, nor this file"
        )


def _stamped_late(catalog: TickCatalog, symbol: str, schema: str, end: int) -> int:
    """Rows with ts_event ≥ `end` of the UTC day before the one of `end`: those that no local day reaches."""
    day = utc_day(end) - dt.timedelta(days=1)
    held = [row for row in catalog.ls() if (row.instrument, row.schema, row.day) == (symbol, schema, day)]
    if not any(row.last >= end for row in held):
        return 0
    return sum(len(rows) for rows in catalog.chunks(symbol, schema, end, day=day))


def sessions(venue: str, start: str, end: str, as_json: bool) -> None:
    """`tickwright data sessions`."""
    from tickwright.data.calendars import calendar

    known = calendar(venue)
    found = known.sessions(parse_date(start, "--start"), parse_date(end, "--end"))
    if as_json:
        rows = [{**asdict(session), "date": session.date.isoformat()} for session in found]
        print(json.dumps({"calendar": known.name, "timezone": known.timezone, "sessions": rows}, indent=2))
        return
    zone = known.timezone

    def local(ts: int | None) -> str:
        return "" if ts is None else time_text(ts, zone)[:8]

    terminal.listing(
        [
            (
                session.date.isoformat(), f"{session.date:%a}", local(session.open), local(session.close), zone,
                f"{local(session.break_start)}-{local(session.break_end)}".strip("-"), "early" if session.early else "",
            )
            for session in found
        ],
        ("date", "day", "open", "close", "time zone", "break", ""),
        ("open", "close"),
    )  # fmt: skip


_MOST_LINES = 1_000


def sql(path: str, text: str, as_json: bool, to: Path | None) -> None:
    """`tickwright data sql`."""
    from tickwright.data.backends import open_catalog
    from tickwright.data.sql import plain, query, save

    if as_json and to is not None:
        raise ConfigError("--to", str(to), "either --json or --to")
    with query(open_catalog(path), text) as rows:
        if to is not None:
            print(f"{to}: {save(rows, to):,} rows")
            return
        names = rows.schema.names
        if as_json:
            before = "["
            for batch in rows:
                for row in batch.to_pylist():
                    print(f"{before}\n{json.dumps(plain(row), ensure_ascii=False)}", end="")
                    before = ","
            print("[]" if before == "[" else "\n]")
            return
        shown: list[tuple[str, ...]] = []
        count = 0
        for batch in rows:
            count += batch.num_rows
            kept = batch.slice(0, max(0, _MOST_LINES - len(shown)))
            shown += [tuple("" if v is None else str(plain(v)) for v in row.values()) for row in kept.to_pylist()]
        numbers = [f.name for f in rows.schema if str(f.type).startswith(("int", "uint", "float", "double", "decimal"))]
    terminal.listing(shown, names, numbers)
    if count > len(shown):
        print(f"the first {len(shown):,} of {count:,} rows; --json prints all, --to FILE keeps them", file=sys.stderr)
