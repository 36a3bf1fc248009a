"""`tickwright data verify-book`: does a replay show the book that was recorded?"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from tickwright.app import first_use, terminal
from tickwright.core.errors import ConfigError, NotInCatalogError
from tickwright.core.time import local_date, midnight, parse_date, time_text, utc_day
from tickwright.data.backends import open_catalog
from tickwright.data.port import TickCatalog
from tickwright.data.store.schema import DEPTH, EVENTS
from tickwright.data.utc import utc_text


def verify(
    path: str | None, symbol: str | None, date_text: str | None, mbo: Path | None, mbp10: Path | None, as_json: bool
) -> bool:
    """`tickwright data verify-book`, of a day of a catalog or of two files; whether everything agreed."""
    day, files = (path, symbol, date_text), (mbo, mbp10)
    if path is not None and symbol is not None and date_text is not None and files == (None, None):
        return verify_book(path, symbol, date_text, as_json)
    if mbo is not None and mbp10 is not None and day == (None, None, None):
        return _verify_depth(mbo, mbp10, as_json)
    names = ("--catalog", "--instrument", "--date", "--mbo", "--mbp10")
    given = [name for name, value in zip(names, (*day, *files), strict=True) if value is not None]
    expected = "--catalog, --instrument and --date together, or --mbo and --mbp10 together"
    raise ConfigError("options", ", ".join(given) or "none", expected)


def verify_book(path: str, symbol: str, date_text: str, as_json: bool) -> bool:
    """A day of a catalog; whether everything agreed."""
    catalog = open_catalog(path)
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


def _verify_depth(mbo: Path, mbp10: Path, as_json: bool) -> bool:
    """A MBO and a MBP-10 file of Databento; whether everything agreed."""
    from tickwright.book.verify_depth import common_price_unit, verify_depth
    from tickwright.data.databento.records import blocks_of
    from tickwright.data.intake import readable

    orders, depth = readable(mbo, "--mbo"), readable(mbp10, "--mbp10")
    first_use.say(*first_use.VERIFY_DEPTH)
    unit = common_price_unit(blocks_of(orders, "mbo"))
    received, shown = _Times(), _Times()
    counts = verify_depth(received.of(blocks_of(orders, "mbo")), shown.of(blocks_of(depth, "mbp-10")), unit)
    if counts.unmatched == counts.rows:
        raise ConfigError(
            "--mbp10", f"{mbp10}, {shown.told()}", f"records of the same packets as {mbo}, {received.told()}: none is"
        )
    answer = asdict(counts)
    if as_json:
        print(json.dumps(answer, indent=2, sort_keys=True))
    else:
        terminal.listing([(name, str(value)) for name, value in answer.items()], ("check", "result"), ("result",))
    if counts.unknown_orders:
        print("the MBO file does not start from an empty book: it names orders that it never added", file=sys.stderr)
    if counts.unmatched:
        print(f"{counts.unmatched:,} MBP-10 records are of packets that the MBO file does not hold", file=sys.stderr)
    return counts.mismatches == 0


class _Times:
    """The first and the last ts_recv of records that pass by."""

    def __init__(self) -> None:
        self._ends: list[int] = []

    def of(self, blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        for raw in blocks:
            if len(raw):
                ends = [*self._ends, int(raw["ts_recv"].min()), int(raw["ts_recv"].max())]
                self._ends = [min(ends), max(ends)]
            yield raw

    def told(self) -> str:
        return " to ".join(map(utc_text, self._ends)) or "without a record"


def _require_recorded(catalog: TickCatalog, symbol: str, date: dt.date, begin: int, end: int) -> None:
    """Raises NotInCatalogError, in local time, when no stored day of events reaches into the date."""
    zone = catalog.instrument(symbol).timezone
    stored = catalog.schemas(symbol)
    if EVENTS not in stored:
        told = ", ".join(stored) or "nothing"
        if DEPTH in stored:
            depth = [row for row in catalog.ls() if row.instrument == symbol and row.schema == DEPTH]
            there = any(row.first < end and row.last >= begin for row in depth)
            told = f"depth on {date}, which `data check` looks at" if there else f"depth, but not on {date}"
        raise NotInCatalogError(f"verify-book needs events, and {symbol} has none; it has {told}")
    held = [row for row in catalog.ls() if row.instrument == symbol and row.schema == EVENTS]
    if not any(row.first < end and row.last >= begin for row in held):
        spans = [
            f"{local_date(row.first, zone)} from {time_text(row.first, zone)[:8]} to {time_text(row.last, zone)[:8]}"
            for row in held
        ]
        raise NotInCatalogError(f"{symbol} has no events on {date} ({zone}); recorded: {', '.join(spans) or 'nothing'}")


def _verify_window(catalog: TickCatalog, symbol: str, schema: str, begin: int, end: int) -> dict[str, Any]:
    """LOBSTER: applying message k to the recorded row k-1 gives row k; and how well a free replay follows."""
    from tickwright.book.verify import verify_transitions
    from tickwright.book.windowed import complete

    events = catalog.read(symbol, "events", begin, end)
    rows = catalog.read(symbol, schema, begin, end)
    first_use.say(*first_use.VERIFY_WINDOW)
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


def _verify_full(catalog: TickCatalog, symbol: str, begin: int, end: int) -> dict[str, Any]:
    """Full depth: every reference is known. The book begins with its UTC day, whose opening snapshot it needs."""
    from tickwright.book.verify import verify_full
    from tickwright.run.recording import LocalDay, day_blocks

    days = tuple(day for day in catalog.days(symbol) if utc_day(begin) <= day <= utc_day(end - 1))
    seen = False
    first_use.say(*first_use.VERIFY_ORDERS)

    def blocks() -> Iterator[np.ndarray]:
        nonlocal seen
        for block in day_blocks(catalog, LocalDay(symbol, EVENTS, begin, end, days)):
            seen = seen or bool((block["ts_event"] >= begin).any())
            yield block

    counts = verify_full(blocks())
    if not seen:
        held = ", ".join(day.isoformat() for day in catalog.days(symbol))
        raise NotInCatalogError(f"{symbol} has no events on that date; UTC days in the catalog: {held}")
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
