"""`tickwright download …`."""

from __future__ import annotations

import datetime as dt
import os
import sys
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from tickwright.app import terminal
from tickwright.core.errors import ConfigError, VendorError
from tickwright.core.time import nanos_of
from tickwright.core.units import SECOND, Nanos
from tickwright.data.databento.client import OfficialClient, Request, key_from
from tickwright.data.databento.download import Plan, Record, claimed, fetch, plan
from tickwright.data.databento.gateway import OfficialGateway, Subscription
from tickwright.data.databento.live import record
from tickwright.data.databento.retry import Retry
from tickwright.data.utc import utc_text


def databento(
    *,
    dataset: str,
    symbols: Sequence[str],
    schema: str,
    stype: str,
    start: str,
    end: str,
    out: Path,
    yes: bool,
    max_cost: float | None,
    key_variable: str,
    gateway: str | None,
    attempts: int,
) -> None:
    """`tickwright download databento`."""
    wanted = tuple(sorted(dict.fromkeys(symbols)))
    request = Request(dataset, schema, wanted, stype, _moment(start, "--start"), _moment(end, "--end"))
    retry = Retry(attempts)
    service = OfficialClient(key_from(os.environ, key_variable), gateway)
    with claimed(out):
        with terminal.progress() as report:
            planned = plan(service, request, out, retry, report)
        _show(planned)
        if planned.todo:
            _agree(planned, yes, max_cost)
            with terminal.progress() as report:
                _tell(planned, fetch(service, planned, retry, report))


def live(
    *,
    dataset: str,
    symbols: Sequence[str],
    schema: str,
    stype: str,
    out: Path,
    seconds: float | None,
    until: str | None,
    snapshot: bool | None,
    key_variable: str,
    gateway: str | None,
    attempts: int,
) -> None:
    """`tickwright download live`."""
    if seconds is not None and until is not None:
        raise ConfigError("--until", until, "either --seconds or --until")
    ahead = schema == "mbo" if snapshot is None else snapshot
    subscription = Subscription(dataset, schema, tuple(sorted(dict.fromkeys(symbols))), stype, ahead)
    deadline = None if until is None else _moment(until, "--until") / SECOND
    if deadline is not None and deadline <= time.time():
        raise ConfigError("--until", until, "a time to come")
    service = OfficialGateway(key_from(os.environ, key_variable), gateway)
    with terminal.progress() as report:
        notes = record(
            service, subscription, out, seconds=seconds, deadline=deadline, retry=Retry(attempts), progress=report
        )
    if not notes.sessions:
        raise VendorError(f"no session began before the time was over; nothing was recorded in {out}")
    print(f"{out}: {notes.records:,} records in {notes.sessions} sessions from {notes.begun} to {notes.ended}")
    for gap in notes.gaps:
        print(f"  lost at {gap.lost} ({gap.reason}), data again at {gap.returned or 'no later time'}")


def _show(planned: Plan) -> None:
    request, cost = planned.record.request, planned.estimate
    few = ", ".join(request.symbols[:6]) + (f" and {len(request.symbols) - 6} more" if len(request.symbols) > 6 else "")
    rows = [
        ("request", f"{request.dataset} {request.schema}, {few} ({request.stype})"),
        ("range", f"{utc_text(request.start)} to {utc_text(request.end)}"),
        ("UTC days", f"{len(planned.todo)} to fetch, {len(planned.record.days)} done"),
    ]
    if planned.todo:
        rows += [
            ("records", f"{cost.records:,}"),
            ("size", f"{cost.bytes:,} bytes before compression"),
            ("cost", f"{cost.usd} USD, as Databento states it"),
        ]
    terminal.listing(rows, ("download", ""), ())


def _agree(planned: Plan, yes: bool, max_cost: float | None) -> None:
    """Raises ConfigError unless the cost is agreed to."""
    usd = planned.estimate.usd
    if max_cost is not None and usd > Decimal(str(max_cost)):
        raise ConfigError("--max-cost", max_cost, f"at least the cost of {usd} USD; nothing was fetched")
    if yes:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise ConfigError("--yes", False, f"that you agree to {usd} USD, as there is no terminal to ask in")
    print(f"Spend {usd} USD? [y/N] ", end="", file=sys.stderr, flush=True)
    if (answer := sys.stdin.readline().strip().lower()) not in ("y", "yes"):
        raise ConfigError("Spend?", answer, "y; nothing was fetched")


def _tell(planned: Plan, record: Record) -> None:
    for piece in planned.todo:
        entry = record.days[piece.day.isoformat()]
        tried = f", at attempt {entry.attempts}" if entry.attempts > 1 else ""
        if entry.file is None:
            print(f"{piece.day}: no records{tried}")
        else:
            print(f"{planned.folder / entry.file}: {entry.records:,} records, {entry.bytes:,} bytes{tried}")
    for note in record.notes[len(planned.record.notes) :]:
        print(f"  {note}")


def _moment(text: str, name: str) -> Nanos:
    """An ISO date, or date and time, UTC unless it says otherwise. Raises ConfigError."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(name, text, "a UTC date or time as 2024-01-02 or 2024-01-02T14:30") from error
    return nanos_of(moment.replace(tzinfo=moment.tzinfo or dt.UTC).astimezone(dt.UTC))
