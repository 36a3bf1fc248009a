"""Put right what can be put right without guessing, as a new version of the catalog.

1. A first pass over the rows of a schema and day says what is wrong and whether it is proven (`Plan`).
2. Where there is something to do, every schema that the instrument has of the day is written anew from a source named
   "fixed …", so that nothing that belongs together is parted. The earlier version stays readable.
3. A plan holds for the version that it was made of: where another writer has made one since, nothing is written.
4. The log says of each what was done, and what was left and why.

| fault | put right when |
|---|---|
| rows out of order by ts_recv | ordered by ts_recv, ties as they stand, sequence numbers no longer step back |
| rows the same in every field | each row has a sequence number that no different row shares, so two alike are one |
| bars the same in every field | always: an interval has one bar |

Everything else is left: a size, a price, a clock or a bar that is wrong does not say what is right. Days with a
vendor's book rows are left too, since each book row belongs to its message. Memory holds a chunk and the rows that are
out of order by time with it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tickwright.core.errors import CatalogError
from tickwright.core.events import Flag
from tickwright.data.port import TickCatalog
from tickwright.data.quality.duplicates import Repeats
from tickwright.data.store.schema import QUOTES_TRADES, TABLES, moments_of
from tickwright.data.store.source import Source
from tickwright.data.utc import utc_text

REORDER_ROWS = 1 << 22
"""Rows that may wait for their place in time; what is further out of order is left as it is."""
_NOTE = 400
LATE, REPEATED = "recv_clock_back", "duplicate_rows"
"""The codes under which a check tells what is put right here."""
_ROWS = {LATE: "rows behind later ones", REPEATED: "rows alike"}

Chunks = Callable[[], Iterator[np.ndarray]]
Key = tuple[str, str, dt.date]
"""Instrument, schema, and the first UTC day that its files hold."""


@dataclass(slots=True)
class Plan:
    """What a first pass found in the rows of one schema and day."""

    rows: int = 0
    late: int = 0
    """Rows that stand behind one of a later ts_recv."""
    repeated: int = 0
    floors: tuple[int, ...] = ()
    """For each chunk the earliest moment of all later chunks."""
    first: tuple[int, int] | None = None
    """Row and ts_event of the first that is late or repeated, and of the last."""
    last: tuple[int, int] | None = None
    first_repeated: tuple[int, int] | None = None
    """The first that goes; its row counts in the order of receipt."""
    left: dict[str, tuple[int, str]] = field(default_factory=dict)
    """By code, what is not put right: how many rows, and why."""

    @property
    def work(self) -> bool:
        """Whether there is anything to put right."""
        return bool(self.late or self.repeated)

    def touch(self, bad: np.ndarray, rows: np.ndarray, at: int) -> None:
        """Note where rows are late or repeated."""
        picks = np.flatnonzero(bad)
        if picks.size:
            ends = [(at + int(k), int(rows["ts_event"][k])) for k in picks[[0, -1]]]
            self.first = min(self.first or ends[0], ends[0])
            self.last = max(self.last or ends[1], ends[1])


def fix(catalog: TickCatalog, keys: Sequence[Key]) -> list[dict[str, Any]]:
    """Put right what can be among the given rows; returns the log. Nothing is written when there is nothing to do.

    Raises CatalogError, also when another writer made a version meanwhile, and StorageError; what one source brought is
    put right whole or not at all.
    """
    version = catalog.version
    log: list[dict[str, Any]] = []
    listing = {(row.instrument, row.schema, row.day): row for row in catalog.ls()}
    groups: dict[tuple[str, dt.date], list[tuple[str, Plan]]] = {}
    for symbol, schema, day in keys:
        if schema not in TABLES:
            continue
        held = [name for name, other, when in listing if name == symbol and when == day and other.startswith("book-")]
        plan = _plan(_span(catalog, symbol, schema, day), schema)
        if held and plan.work:
            why = "rows beside a vendor's book rows belong to them one by one"
            found = {LATE: plan.late, REPEATED: plan.repeated}
            plan = Plan(plan.rows, left={code: (count, why) for code, count in found.items() if count} | plan.left)
        if plan.left:
            log.append(_entry(symbol, schema, day, plan, "left"))
        if plan.work:
            groups.setdefault((symbol, day), []).append((schema, plan))
            log.append(_entry(symbol, schema, day, plan, "fixed"))
    by_source: dict[str, list[tuple[str, dt.date]]] = {}
    for symbol, day in groups:
        names = dict.fromkeys(row.source for (name, _, when), row in listing.items() if (name, when) == (symbol, day))
        by_source.setdefault(", ".join(names), []).append((symbol, day))
    for n, (name, members) in enumerate(by_source.items()):
        _write(catalog, version + n, name, members, groups, listing)
    return log


def _write(
    catalog: TickCatalog,
    version: int,
    name: str,
    members: Sequence[tuple[str, dt.date]],
    groups: dict[tuple[str, dt.date], list[tuple[str, Plan]]],
    listing: dict[Key, Any],
) -> None:
    """One version after `version`: every schema of the instruments and days of one source."""
    whole = hashlib.sha256(b"fixed")
    told = []
    parts: list[tuple[str, str, dt.date, Plan | None]] = []
    for symbol, day in members:
        plans = dict(groups[symbol, day])
        for instrument, schema, when in listing:
            if (instrument, when) == (symbol, day):
                plan = plans.get(schema)
                parts.append((symbol, schema, day, plan))
                whole.update(f"{symbol} {schema} {day} {_content(catalog, symbol, schema, day)} {plan}\n".encode())
                if plan is not None:
                    told.append(f"{symbol} {schema} {day}: {plan.late:,} rows moved, {plan.repeated:,} removed")
    note = "; ".join(told)
    source = Source(f"fixed {name}", "fixed", whole.hexdigest()[:32])
    with catalog.ingest(source, replace=True, note=note if len(note) <= _NOTE else f"{note[:_NOTE]} …") as session:
        if catalog.version != version:
            raise CatalogError(
                f"{catalog.root}: version {version} was looked through, but another writer has made version "
                f"{catalog.version} since; run it again"
            )
        for symbol, schema, day, plan in parts:
            chunks = _span(catalog, symbol, schema, day)
            if schema not in TABLES:
                raise AssertionError("a day with book rows is left as it is")
            for rows in chunks() if plan is None else repaired(chunks(), plan):
                session.append(catalog.instrument(symbol), schema, rows)


def repaired(chunks: Iterable[np.ndarray], plan: Plan) -> Iterator[np.ndarray]:
    """The rows in order of time where `plan` says late ones, without those that are repeated where it says such."""
    repeats = Repeats()
    for rows in _ordered(chunks, plan.floors) if plan.late else chunks:
        kept = rows[repeats.feed(rows) != 1] if plan.repeated else rows
        if len(kept):
            yield kept


def _plan(chunks: Chunks, schema: str) -> Plan:
    plan = Plan()
    lows: list[int] = []
    highest = np.iinfo(np.int64).min
    bars = "open" in (TABLES[schema].rows.names or ())
    for rows in chunks():
        moments = moments_of(rows)
        top = np.maximum.accumulate(np.concatenate(([highest], moments)))
        late = moments < top[:-1]
        if not bars:
            plan.touch(late, rows, plan.rows)
            plan.late += int(late.sum())
        highest = int(top[-1])
        lows.append(int(moments.min()))
        plan.rows += len(rows)
    low = np.iinfo(np.int64).max
    floors = []
    for least in reversed(lows):
        floors.append(low)
        low = min(low, least)
    plan.floors = tuple(reversed(floors))
    if plan.late and (reason := _cannot_order(chunks, plan.floors)):
        plan.left[LATE] = (plan.late, reason)
        plan.late, plan.first, plan.last = 0, None, None
    if schema != QUOTES_TRADES:  # two trades of one moment met one quote
        _plan_repeats(chunks, plan, bars)
    return plan


def _plan_repeats(chunks: Chunks, plan: Plan, bars: bool) -> None:
    """Count rows that repeat an earlier one of the same moment, in the order that they will have."""
    repeats, at, unnumbered = Repeats(), 0, 0
    for rows in _ordered(chunks(), plan.floors) if plan.late else chunks():
        again = repeats.feed(rows) == 1
        if plan.first_repeated is None and again.any():
            k = int(again.argmax())
            plan.first_repeated = (at + k, int(rows["ts_event"][k]))
        plan.repeated += int(again.sum())
        if not bars:
            numbers = rows["sequence"] if "sequence" in (rows.dtype.names or ()) else np.zeros(len(rows), np.uint64)
            unnumbered += int(np.count_nonzero(again & (numbers == 0)))
        if not plan.late:
            plan.touch(again, rows, at)
        at += len(rows)
    if plan.repeated and not bars and (repeats.shared or unnumbered):
        why = "rows share sequence numbers" if repeats.shared else "rows have no sequence number"
        plan.left[REPEATED] = (plan.repeated, f"{why}, so both may be true")
        plan.repeated, plan.first_repeated = 0, None
        if not plan.late:
            plan.first = plan.last = None


def _cannot_order(chunks: Chunks, floors: Sequence[int]) -> str | None:
    """Why order by receipt does not prove itself, or None when it does."""
    last = np.uint64(0)
    numbered = 0
    try:
        for rows in _ordered(chunks(), floors):
            if not {"sequence", "flags"} <= set(rows.dtype.names or ()):
                return "rows have no sequence number"
            live = (rows["sequence"] != 0) & ((rows["flags"] & Flag.SNAPSHOT) == 0)
            numbers = rows["sequence"][live]
            numbered += numbers.size
            if numbers.size != len(rows) - int(np.count_nonzero(rows["flags"] & Flag.SNAPSHOT)):
                return "not every row has a sequence number"
            if numbers.size:
                if numbers[0] < last or (numbers[1:] < numbers[:-1]).any():
                    return "in order of receipt, sequence numbers step back"
                last = numbers[-1]
    except _TooFarError:
        return f"more than {REORDER_ROWS:,} rows would have to wait for their place"
    return None if numbered else "rows have no sequence number"


class _TooFarError(Exception):
    """Rows are out of order by more than memory should hold."""


def _ordered(chunks: Iterable[np.ndarray], floors: Sequence[int]) -> Iterator[np.ndarray]:
    """Rows by their moment, equal ones as they stand: each leaves once no later chunk has an earlier one."""
    waiting: np.ndarray | None = None
    for rows, floor in zip(chunks, floors, strict=True):
        both = rows if waiting is None else np.concatenate((waiting, rows))
        both = both[np.argsort(moments_of(both), kind="stable")]
        cut = int(np.searchsorted(moments_of(both), floor, side="right"))
        if cut:
            yield both[:cut]
        waiting = both[cut:]
        if len(waiting) > REORDER_ROWS:
            raise _TooFarError
    # The floor behind the last chunk is the end of time, so nothing waits any more.


def _span(catalog: TickCatalog, symbol: str, schema: str, day: dt.date) -> Chunks:
    """Rows of the files of one listed day, which for bars hold a month or a year."""
    span = TABLES[schema].span if schema in TABLES else "D"
    if span == "D":
        return lambda: catalog.chunks(symbol, schema, day=day)
    start = np.datetime64(day, span)
    begin, end = (int((start + k).astype("datetime64[ns]").astype(np.int64)) for k in (0, 1))
    return lambda: catalog.chunks(symbol, schema, begin, end)


def _content(catalog: TickCatalog, symbol: str, schema: str, day: dt.date) -> str:
    return (
        catalog.fingerprint(symbol, schema, day=day)
        if TABLES[schema].span == "D"
        else catalog.fingerprint(symbol, schema)
    )


def _entry(symbol: str, schema: str, day: dt.date, plan: Plan, what: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"instrument": symbol, "schema": schema, "day": day.isoformat(), "what": what}
    if what == "left":
        reasons = [f"{count:,} {_ROWS[code]}: {why}" for code, (count, why) in plan.left.items()]
        return entry | {"reasons": reasons, "codes": {code: why for code, (_, why) in plan.left.items()}}
    entry |= {"rows_before": plan.rows, "rows_after": plan.rows - plan.repeated}
    entry |= {"moved": plan.late, "removed": plan.repeated}
    for name, place in (("first", plan.first), ("last", plan.last), ("first_removed", plan.first_repeated)):
        if place is not None:
            entry[name] = {"row": place[0], "ts": place[1], "time": utc_text(place[1])}
    return entry
