"""Databento's recorded data, day by day, into a folder: `plan` it, agree to the cost, `fetch` it.

1. A request is cut into UTC days, each a file of its own: `glbx-mdp3-20240102.mbo.dbn.zst`.
2. `download.json` beside them says what was asked, what it was to cost, and of each day that is done its file, size and
   hash. A second run asks for the missing days alone; another request in the same folder is refused.
3. A day is written under a temporary name, walked to its end, put on the disk, renamed, and then noted as done. So
   whatever has the name of a day is whole, after an interrupt or a crash too.

Databento charges for what it streams, so a day that broke off on the way may be charged again: attempts are few and
counted.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path

import msgspec

from tickwright.core.errors import ConfigError, FileFormatError, StorageError, VendorError
from tickwright.core.time import utc_day
from tickwright.core.units import DAY, Nanos
from tickwright.data.databento.client import Estimate, Historical, Request
from tickwright.data.databento.retry import Retry, retried
from tickwright.data.databento.whole import Contents, look_through, sha256
from tickwright.data.store.disk import put_in_place, storage, whole_file

VERSION = "tickwright.download/1"
RECORD = "download.json"
_STANDS = "the days that were done are whole"
Progress = Callable[[str, int, int], None]
"""Hears what is being done, and of how many days how many are done."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One UTC day of a request."""

    day: dt.date
    start: Nanos
    end: Nanos
    file: str


class DayEntry(msgspec.Struct, frozen=True):
    """A day that is done. `file` is None where Databento had no record, as on a Sunday of a stock exchange."""

    file: str | None
    records: int
    bytes: int
    sha256: str
    attempts: int


class Record(msgspec.Struct, frozen=True):
    """What `download.json` holds."""

    version: str
    request: Request
    estimates: tuple[Estimate, ...] = ()
    """Of each run, for the days that were missing then."""
    days: dict[str, DayEntry] = {}
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a folder lacks of a request, and what that costs."""

    folder: Path
    record: Record
    todo: tuple[Piece, ...]
    estimate: Estimate


# ── what is to be done: pure ─────────────────────────────────────────────────────────────────────────────────────────


def pieces(request: Request) -> tuple[Piece, ...]:
    """The UTC days of a request; the first and the last may be parts of a day."""
    first = request.start // DAY * DAY
    return tuple(
        Piece(utc_day(at), max(at, request.start), min(at + DAY, request.end), _file_name(request, utc_day(at)))
        for at in range(first, request.end, DAY)
    )


def remaining(every: Iterable[Piece], done: Mapping[str, DayEntry]) -> tuple[Piece, ...]:
    """The pieces whose day is not done."""
    return tuple(piece for piece in every if piece.day.isoformat() not in done)


def spans(parts: Sequence[Piece]) -> list[tuple[Nanos, Nanos]]:
    """Pieces joined where one begins as another ends: fewer questions about the cost."""
    joined: list[tuple[Nanos, Nanos]] = []
    for piece in parts:
        if joined and joined[-1][1] == piece.start:
            joined[-1] = (joined[-1][0], piece.end)
        else:
            joined.append((piece.start, piece.end))
    return joined


def _file_name(request: Request, day: dt.date) -> str:
    return f"{request.dataset.lower().replace('.', '-')}-{day:%Y%m%d}.{request.schema}.dbn.zst"


# ── the folder ───────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """The folder, ours alone until the end. It is made if need be, and goes again if nothing came into it.

    Raises ConfigError when another download is at work in it, and StorageError.
    """
    if folder.exists() and not folder.is_dir():
        raise ConfigError("--out", str(folder), "a folder")
    fresh = not folder.exists()
    with storage(folder, _STANDS):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError("--out", str(folder), "a folder in which no other download is at work") from error
        yield
    finally:
        if fresh:
            with suppress(OSError):
                folder.rmdir()
        os.close(handle)


def plan(
    service: Historical, request: Request, folder: Path, retry: Retry | None = None, progress: Progress | None = None
) -> Plan:
    """Compare a folder with a request and ask what the rest costs.

    Raises ConfigError when the folder is of another request, FileFormatError when a file in it is not what was
    downloaded, and VendorError.
    """
    record = _settled(folder, _load(folder, request), progress)
    todo = remaining(pieces(request), record.days)
    for piece in todo:
        if (folder / piece.file).exists():
            raise ConfigError("--out", str(folder / piece.file), f"no such file, for {RECORD} does not know it")
    estimate = Estimate(Decimal(0), 0, 0)
    for number, (start, end) in enumerate(parts := spans(todo)):
        if progress is not None:
            progress("asking for the cost", number, len(parts))
        asked = replace(request, start=start, end=end)
        estimate += retried(lambda attempt, asked=asked: service.estimate(asked), retry or Retry())  # type: ignore[misc]
    return Plan(folder, record, todo, estimate)


def _load(folder: Path, request: Request) -> Record:
    path = folder / RECORD
    try:
        record = msgspec.json.decode(path.read_bytes(), type=Record)
    except FileNotFoundError:
        return Record(VERSION, request)
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, ConfigError) as error:
        raise FileFormatError(path, "contents", str(error), f"what a download writes, {VERSION}") from error
    if record.version != VERSION:
        raise FileFormatError(path, "version", record.version, VERSION)
    names = {piece.day.isoformat(): piece.file for piece in pieces(record.request)}
    for day, entry in record.days.items():
        if day not in names or entry.file not in (None, names[day]):
            raise FileFormatError(path, f"day {day}", f"file {entry.file}", f"a day of the request: {names.get(day)}")
    if record.request != request:
        fields = [n for n in Request.__dataclass_fields__ if getattr(record.request, n) != getattr(request, n)]
        said = ", ".join(f"{name} {getattr(record.request, name)}" for name in fields)
        raise ConfigError("--out", str(folder), f"the folder of this request; it is of one with {said}")
    return record


def _settled(folder: Path, record: Record, progress: Progress | None) -> Record:
    """The record without the days whose file is gone. A file that a crash left just short of its name gets it.

    Raises FileFormatError when a file holds something else than was downloaded.
    """
    days = dict(record.days)
    for number, (day, entry) in enumerate(record.days.items()):
        if progress is not None:
            progress(f"looking at {day}", number, len(record.days))
        if entry.file is None:
            continue
        path, fresh = folder / entry.file, _part(folder, entry.file)
        with storage(path, _STANDS):
            if path.is_file() and not _is(path, entry):
                raise FileFormatError(
                    path, "contents", "other bytes than were downloaded",
                    f"those whose hash {RECORD} has; remove the file to have it fetched again",
                )  # fmt: skip
            if not path.is_file() and fresh.is_file() and _is(fresh, entry):
                put_in_place(fresh, path)
            if not path.is_file():
                del days[day]
    return msgspec.structs.replace(record, days=days)


def _part(folder: Path, file: str) -> Path:
    return folder / f".{file}.part"


def _is(path: Path, entry: DayEntry) -> bool:
    return path.stat().st_size == entry.bytes and sha256(path) == entry.sha256


# ── fetching ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def fetch(service: Historical, plan: Plan, retry: Retry | None = None, progress: Progress | None = None) -> Record:
    """Fetch what a plan lacks, a day at a time, and return what the folder holds then.

    Raises VendorError, which says the day and how to go on, and StorageError. What is done stays done.
    """
    record = msgspec.structs.replace(plan.record, estimates=(*plan.record.estimates, plan.estimate))
    total = len(record.days) + len(plan.todo)
    came = 0
    for piece in plan.todo:
        if progress is not None:
            progress(f"fetching {piece.day}", len(record.days), total)
        try:
            entry, notes = retried(partial(_attempt, service, plan, piece), retry or Retry())
        except VendorError as error:
            raise VendorError(
                f"{piece.day}: {error}; {len(record.days)} of {total} days are whole in {plan.folder}, "
                "the same command goes on from there"
            ) from error
        came += entry.records
        record = msgspec.structs.replace(
            record, days=record.days | {piece.day.isoformat(): entry}, notes=(*record.notes, *notes)
        )
        # Noted first, then named: a crash between the two is put right by the next run, and nothing is paid for twice.
        _save(plan.folder, record)
        if entry.file is not None:
            with storage(plan.folder / piece.file, _STANDS):
                put_in_place(_part(plan.folder, piece.file), plan.folder / piece.file)
    if plan.todo and came != plan.estimate.records:
        text = f"Databento counted {plan.estimate.records:,} records beforehand, {came:,} came"
        record = msgspec.structs.replace(record, notes=(*record.notes, text))
        _save(plan.folder, record)
    return record


def _attempt(service: Historical, plan: Plan, piece: Piece, attempt: int) -> tuple[DayEntry, list[str]]:
    """Write one day under its temporary name; its entry, and what is to be told of it."""
    fresh = _part(plan.folder, piece.file)
    request = replace(plan.record.request, start=piece.start, end=piece.end)
    with storage(fresh, _STANDS):
        fresh.unlink(missing_ok=True)  # what a killed run left
    try:
        warned = service.fetch(request, fresh)
        contents = look_through(fresh)
        _compare(contents, request)
        with storage(fresh, _STANDS):
            entry = DayEntry(piece.file, contents.records, fresh.stat().st_size, sha256(fresh), attempt)
            if not contents.records:
                fresh.unlink()
                entry = DayEntry(None, 0, 0, "", attempt)
    except BaseException:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
    notes = [
        *warned,
        *(f"no such symbol: {symbol}" for symbol in contents.not_found),
        *(f"for a part of the time: {symbol}" for symbol in contents.partial),
    ]
    return entry, [f"{piece.day}: {note}" for note in notes]


def _compare(contents: Contents, request: Request) -> None:
    """Raises VendorError when a whole file is of something else."""
    if (contents.dataset, contents.schema) != (request.dataset, request.schema):
        raise VendorError(
            f"what came is {contents.dataset} {contents.schema}, expected {request.dataset} {request.schema}"
        )


def _save(folder: Path, record: Record) -> None:
    with whole_file(folder / RECORD, _STANDS, folder / f".{RECORD}.part") as draft:
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1))
