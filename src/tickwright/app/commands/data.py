"""`tickwright data …`."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from tickwright.app import terminal
from tickwright.core.errors import NotInCatalogError
from tickwright.core.time import local_date, midnight, parse_date, time_text, utc_day
from tickwright.data.catalog import Catalog
from tickwright.data.store.schema import EVENTS


def list_catalog(path: Path, as_json: bool) -> None:
    """`tickwright data ls`."""
    catalog = Catalog.open(path)
    rows = catalog.ls()
    if as_json:
        print(json.dumps([{**asdict(row), "day": row.day.isoformat()} for row in rows], indent=2, sort_keys=True))
        return
    zones = {i.symbol: i.timezone for i in catalog.instruments()}
    terminal.listing(
        [
            (
                row.instrument, row.schema, row.day.isoformat(), f"{row.rows:,}", f"{row.bytes / 1e6:.1f}",
                time_text(row.first, zones[row.instrument])[:12], time_text(row.last, zones[row.instrument])[:12],
                zones[row.instrument], row.source,
            )
            for row in rows
        ],
        ("instrument", "schema", "UTC day", "rows", "MB", "first", "last", "time zone", "source"),
        ("rows", "MB", "first", "last"),
    )  # fmt: skip


def verify_book(path: Path, symbol: str, date_text: str, as_json: bool) -> bool:
    """`tickwright data verify-book`; whether everything agreed."""
    catalog = Catalog.open(path)
    date = parse_date(date_text, "--date")
    zone = catalog.instrument(symbol).timezone
    begin, end = midnight(date, zone), midnight(date + dt.timedelta(days=1), zone)
    _require_recorded(catalog, symbol, date, begin, end)
    books = [schema for schema in catalog.schemas(symbol) if schema.startswith("book-")]
    answer: dict[str, Any] = {"instrument": symbol, "date": date.isoformat()}
    if books:
        answer |= _verify_window(catalog, symbol, max(books, key=lambda s: int(s.removeprefix("book-"))), begin, end)
    else:
        answer |= _verify_full(catalog, symbol, begin, end)
    if as_json:
        print(json.dumps(answer, indent=2, sort_keys=True))
    else:
        terminal.listing([(name, str(value)) for name, value in answer.items()], ("check", "result"), ("result",))
    return bool(answer["mismatches"] == 0)


def _require_recorded(catalog: Catalog, symbol: str, date: dt.date, begin: int, end: int) -> None:
    """Raises NotInCatalogError, in local time, when no stored day of events reaches into the date."""
    zone = catalog.instrument(symbol).timezone
    held = [row for row in catalog.ls() if row.instrument == symbol and row.schema == EVENTS]
    if not any(row.first < end and row.last >= begin for row in held):
        spans = [
            f"{local_date(row.first, zone)} from {time_text(row.first, zone)[:8]} to {time_text(row.last, zone)[:8]}"
            for row in held
        ]
        raise NotInCatalogError(f"{symbol} has no events on {date} ({zone}); recorded: {', '.join(spans) or 'nothing'}")


def _verify_window(catalog: Catalog, symbol: str, schema: str, begin: int, end: int) -> dict[str, Any]:
    """LOBSTER: applying message k to the recorded row k-1 gives row k; and how well a free replay follows."""
    from tickwright.book.verify import verify_transitions
    from tickwright.book.windowed import complete

    events = catalog.read(symbol, "events", begin, end)
    rows = catalog.read(symbol, schema, begin, end)
    counts = verify_transitions(events, rows)
    answer = {
        "schema": schema,
        "transitions": counts.transitions,
        "mismatches": counts.mismatches,
        "first_mismatch_row": counts.first_mismatch,
        "levels_come_into_view": counts.newcomers,
        "outside_window": counts.outside,
    }
    if counts.mismatches:
        return answer  # a free replay is refused where messages and rows contradict each other
    _, replay = complete(events, rows)
    return answer | {
        "replay_rows": replay.rows,
        "replay_rows_equal_best": replay.rows_equal_best,
        "replay_rows_equal_all_levels": replay.rows_equal_all_levels,
        "replay_executions_at_head": replay.executions_at_head,
        "replay_executions_known": replay.executions_known,
    }


def _verify_full(catalog: Catalog, symbol: str, begin: int, end: int) -> dict[str, Any]:
    """Full depth: every reference is known. The book begins with its UTC day, whose opening snapshot it needs."""
    from tickwright.book.verify import verify_full

    days = [day for day in catalog.days(symbol) if utc_day(begin) <= day <= utc_day(end - 1)]
    parts = [catalog.read(symbol, "events", day=day) for day in days]
    if not any(((part["ts_event"] >= begin) & (part["ts_event"] < end)).any() for part in parts):
        held = ", ".join(day.isoformat() for day in catalog.days(symbol))
        raise NotInCatalogError(f"{symbol} has no events on that date; UTC days in the catalog: {held}")
    events = np.concatenate(parts)
    counts = verify_full(events[events["ts_event"] < end])
    unknown, over, twice = counts.tape.unknown, counts.tape.over_reduced, counts.tape.duplicates
    instrument = catalog.instrument(symbol)
    return {
        "schema": "events",
        "transitions": counts.tape.events,
        "mismatches": unknown + over + twice,
        "unknown_orders": unknown,
        "over_reduced": over,
        "duplicate_orders": twice,
        "states": counts.states,
        "crossed_states": counts.crossed,
        "locked_states": counts.locked,
        "final_bid": None if counts.final_bid is None else str(instrument.to_price(counts.final_bid)),
        "final_ask": None if counts.final_ask is None else str(instrument.to_price(counts.final_ask)),
    }
