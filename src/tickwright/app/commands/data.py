"""`tickwright data …`."""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from tickwright.app import first_use, terminal
from tickwright.core.errors import ConfigError, NotInCatalogError
from tickwright.core.time import local_date, midnight, parse_date, time_text, utc_day
from tickwright.data.backends import open_catalog
from tickwright.data.contents import Listing
from tickwright.data.port import TickCatalog
from tickwright.data.store.schema import DEPTH, EVENTS, span_of
from tickwright.data.store.schema import Span as SpanOfFiles
from tickwright.data.store.versions import Span
from tickwright.data.utc import utc_text

_DAILY = "bars-1d"


def list_catalog(path: str, as_json: bool, version: int | None = None) -> None:
    """`tickwright data ls`."""
    catalog = open_catalog(path, version)
    rows = catalog.ls()
    if as_json:
        print(json.dumps([_listed(catalog, row) for row in rows], indent=2, sort_keys=True))
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


def _listed(catalog: TickCatalog, row: Listing) -> dict[str, Any]:
    """A row of the listing as plain values; with the labels of what was simulated."""
    labels = catalog.labels(row.instrument, row.schema, day=row.day)
    plain = {**asdict(row), "day": row.day.isoformat()}
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


def versions(path: str, as_json: bool) -> None:
    """`tickwright data versions`."""
    found = open_catalog(path).versions()
    if as_json:
        rows = [asdict(version) for version in found]
        for row in rows:
            for span in (*row["added"], *row["removed"]):
                span["day"] = span["day"].isoformat()
        print(json.dumps(rows, indent=2, sort_keys=True, ensure_ascii=False))
        return
    terminal.listing(
        [
            (
                str(v.generation), "" if v.time is None else utc_text(v.time)[:19], v.kind, v.source,
                _spans(v.added), _spans(v.removed), v.note,
            )
            for v in found
        ],
        ("version", "written (UTC)", "what", "source", "rows added", "rows removed", "note"),
        ("version",),
        keys=("written (UTC)", "what"),
    )  # fmt: skip


def _spans(spans: Sequence[Span]) -> str:
    rows: dict[str, int] = {}
    for span in spans:
        what = f"{span.instrument} {span.schema}"
        rows[what] = rows.get(what, 0) + span.rows
    told = [f"{count:,} {what}" for what, count in rows.items()]
    return ", ".join(told[:3]) + (f" and {len(told) - 3:,} more" if len(told) > 3 else "")


def compact(path: str, symbol: str | None, schema: str | None, note: str, as_json: bool) -> None:
    """`tickwright data compact`."""
    from tickwright.data.backends import open_catalog

    catalog = open_catalog(path, clock=time.time_ns)
    if symbol is not None:
        catalog.instrument(symbol)
    if schema is not None and schema not in (held := sorted({row.schema for row in catalog.ls()})):
        raise ConfigError("--schema", schema, f"one of what the catalog holds: {', '.join(held)}")
    done = catalog.compact(symbol, schema, note=note)
    if as_json:
        print(json.dumps(asdict(done), indent=2, sort_keys=True))
    elif not done.spans:
        print("every day is one file already; nothing was written")
    else:
        sizes = f"{done.bytes_before / 1e6:.1f} MB now {done.bytes_after / 1e6:.1f}"
        print(
            f"version {done.generation}: {done.parts_before:,} files of {done.spans:,} days became "
            f"{done.parts_after:,}, {done.rows:,} rows, {sizes}"
        )


def prune(path: str, keep: int, as_json: bool) -> None:
    """`tickwright data prune`."""
    from tickwright.data.backends import open_catalog

    catalog = open_catalog(path)
    dropped = catalog.prune(keep)
    left = [version.generation for version in catalog.versions()]
    if as_json:
        print(json.dumps({"dropped": dropped, "kept": left}, indent=2, sort_keys=True))
    else:
        print(f"{dropped:,} versions dropped, {len(left):,} kept")
