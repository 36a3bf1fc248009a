"""A live Databento subscription, recorded to one DBN file.

1. `gateway.OfficialGateway` connects through Databento's own client, which hands over the bytes of metadata and records
   as they come; `_Sink` writes them to `FILE.part`, in the client's thread, so that a slow disk slows the reading and
   memory stays bounded.
2. `record` watches the connection. When it is lost, it connects again, a bounded number of times without data; the
   metadata of a later session must say what the first said, and is left out.
3. Each loss and return is noted in `FILE.notes.json` at once. At the end the file is walked through and gets its name.

Nothing fills a gap: with `snapshot` (`mbo` alone) a new session begins with a CLEAR and the book as it stands then, so
the book is right again, while what happened in between is not in the file.
"""

from __future__ import annotations

import math
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec

from tickwright.core.errors import ConfigError, FileFormatError, StorageError, VendorError
from tickwright.data.databento.gateway import Gateway, Subscription
from tickwright.data.databento.retry import Retry
from tickwright.data.databento.stream import Bytes, read_header
from tickwright.data.databento.whole import NOT_DATA, look_through
from tickwright.data.store.disk import put_in_place
from tickwright.data.utc import utc_text

VERSION = "tickwright.live/1"
_POLL_S = 0.05
_ERROR_TYPE = 0x15

Progress = Callable[[str, int, int], None]


class Gap(msgspec.Struct):
    """A loss of the connection, in UTC: when it was seen, and when data came again, by our clock; and the exchange
    times of the records around it."""

    lost: str
    reason: str
    last_record: str | None
    returned: str | None = None
    first_record: str | None = None


class Notes(msgspec.Struct):
    """What `FILE.notes.json` holds."""

    version: str
    subscription: Subscription
    begun: str
    ended: str | None = None
    why: str | None = None
    sessions: int = 0
    records: int = 0
    gaps: list[Gap] = []
    errors: list[str] = []
    """Texts of the error records that the gateway sent."""


@dataclass(slots=True)
class _Sink:
    """Takes the bytes of one session after another; in the client's thread, one at a time."""

    path: Path
    file: Any
    kind: tuple[Any, ...] | None = None
    fresh: bool = True
    """The next bytes are metadata."""
    records: int = 0
    first: int | None = None
    last: int | None = None
    """Exchange times of the first record of this session and of the last of all."""
    errors: list[str] = field(default_factory=list)
    failure: Exception | None = None
    closed: bool = False

    def begin(self) -> None:
        self.fresh, self.first = True, None

    def writable(self) -> bool:
        return True

    def flush(self) -> None:
        """The file is flushed when it is closed."""

    def write(self, data: bytes) -> int:
        if self.failure is not None or self.closed:
            return 0
        try:
            self._take(data)
        except (OSError, VendorError) as error:
            self.failure = error
            raise
        return len(data)

    def _take(self, data: bytes) -> None:
        if self.fresh:
            self.fresh = False
            kind = _kind(data)
            if self.kind is None:
                self.kind = kind
                self.file.write(data)
            elif self.kind != kind:
                raise VendorError("a later session has other metadata than the first; one file cannot hold both")
            return
        rtype = data[1]
        if rtype == _ERROR_TYPE:
            self.errors.append(data[16:].split(b"\0", 1)[0].decode(errors="replace"))
        if rtype not in NOT_DATA:
            self.last = struct.unpack_from("<Q", data, 8)[0]
            self.first = self.last if self.first is None else self.first
            self.records += 1
        self.file.write(data)


def _kind(metadata: bytes) -> tuple[Any, ...]:
    """What decides how records are to be read. Raises VendorError."""
    try:
        read = read_header(Path("metadata of the gateway"), Bytes(Path("metadata of the gateway"), BytesIO(metadata)))
    except FileFormatError as error:
        raise VendorError(f"the session began with something else than DBN metadata: {error}") from error
    return read.version, read.dataset, read.schema, read.ts_out


def record(
    gateway: Gateway,
    subscription: Subscription,
    out: Path,
    *,
    seconds: float | None = None,
    deadline: float | None = None,
    retry: Retry | None = None,
    progress: Progress | None = None,
    clock: Callable[[], float] = time.time,
) -> Notes:
    """Record for `seconds` from the first session on, until `deadline` (seconds since 1970), or until Ctrl-C, and
    return what was noted.

    Raises ConfigError, StorageError, and VendorError when there is no connection to be had; what had come by then is
    in the file, which the message names.
    """
    part = out.with_name(f"{out.name}.part")
    for path in (out, part):
        if path.exists():
            raise ConfigError("--out", str(path), "no such file; recordings are not written over")
    if out.suffix not in (".dbn", ".zst"):
        raise ConfigError("--out", str(out), "a name that ends in .dbn or .dbn.zst")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        file = _open(part, out.suffix == ".zst")
    except OSError as error:
        raise StorageError(f"{part}: {error.strerror or error}") from error
    sink = _Sink(part, file)
    keeper = _Keeper(gateway, subscription, sink, out, retry or Retry(), seconds, deadline, progress, clock)
    failure: VendorError | StorageError | None = None
    try:
        why = keeper.run()
    except (VendorError, StorageError) as error:
        failure, why = error, str(error)
    except KeyboardInterrupt:
        why = "interrupted"
    kept = _finish(sink, out)
    notes = keeper.note(ended=True, why=why, keep=kept)
    if failure is not None:
        ending = f"{notes.records:,} records up to then are in {out}" if kept else "nothing was recorded"
        raise type(failure)(f"{failure}; {ending}") from failure
    return notes


@dataclass(slots=True)
class _Keeper:
    """Keeps a session going until the end, and the notes."""

    gateway: Gateway
    subscription: Subscription
    sink: _Sink
    out: Path
    retry: Retry
    seconds: float | None
    deadline: float | None
    progress: Progress | None
    clock: Callable[[], float]
    notes: Notes = field(init=False)

    def __post_init__(self) -> None:
        self.notes = Notes(VERSION, self.subscription, self._now())

    def run(self) -> str:
        """Sessions one after another; why there are no more. Raises VendorError, StorageError."""
        idle = 0  # attempts since data last came
        while not self._over():
            before = self.sink.records
            try:
                reason = self._session()
            except VendorError as error:
                if not error.again:
                    raise
                reason = str(error)
            if self._over():
                break
            self._lost(reason)
            idle = 1 if self.sink.records > before else idle + 1
            if idle >= self.retry.attempts:
                raise VendorError(f"gave up after {idle} attempts without data: {reason}")
            wait = min(self.retry.first_wait_s * 2 ** (idle - 1), self.retry.longest_wait_s)
            self.retry.pause(wait if self.deadline is None else max(0.0, min(wait, self.deadline - self.clock())))
        return "the time was over"

    def _session(self) -> str:
        """One session, from its beginning to its end; why it ended."""
        sink = self.sink
        sink.begin()
        connection = self.gateway.connect(self.subscription, sink)
        reason = ""
        try:
            self.notes.sessions += 1
            if self.notes.sessions == 1 and self.seconds is not None:
                self.deadline = min(self.clock() + self.seconds, self.deadline or math.inf)
            self._returned()
            while connection.alive() and not self._over() and sink.failure is None:
                time.sleep(_POLL_S)
                self._returned()
                if self.progress is not None:
                    self.progress(f"{sink.records:,} records", 0, 0)
        finally:
            reason = connection.close()
            self._returned()
        if isinstance(sink.failure, VendorError):
            raise sink.failure
        if sink.failure is not None:
            raise StorageError(f"{sink.path}: {getattr(sink.failure, 'strerror', None) or sink.failure}")
        if sink.errors:
            raise VendorError(f"the gateway sent an error: {', '.join(sink.errors)}")
        return reason

    def _over(self) -> bool:
        return self.deadline is not None and self.clock() >= self.deadline

    def _now(self) -> str:
        return utc_text(int(self.clock() * 1_000_000) * 1000)

    def _lost(self, reason: str) -> None:
        """Note a loss; one that was noted and has not ended yet goes on. Before the first session nothing is lost."""
        open_gap = self.notes.gaps and self.notes.gaps[-1].first_record is None
        if self.notes.sessions and not open_gap:
            self.notes.gaps.append(Gap(self._now(), reason, _time_of(self.sink.last)))
            self.note()

    def _returned(self) -> None:
        """A gap is over with the first record after it."""
        gap = self.notes.gaps[-1] if self.notes.gaps else None
        if gap is not None and gap.first_record is None and self.sink.first is not None:
            gap.returned, gap.first_record = self._now(), _time_of(self.sink.first)
            self.note()

    def note(self, *, ended: bool = False, why: str | None = None, keep: bool = True) -> Notes:
        """Write the notes as they stand, unless there is nothing to note them of."""
        notes = self.notes
        notes.records, notes.errors = self.sink.records, list(self.sink.errors)
        if ended:
            notes.ended, notes.why = self._now(), why
        if keep:
            final = self.out.with_name(f"{self.out.name}.notes.json")
            fresh = final.with_name(f".{final.name}.part")
            try:
                fresh.write_bytes(msgspec.json.format(msgspec.json.encode(notes), indent=1))
                put_in_place(fresh, final)
            except OSError as error:
                raise StorageError(f"{final}: {error.strerror or error}") from error
        return notes


def _time_of(ts: int | None) -> str | None:
    """Not every time that a stranger sends is one."""
    return None if ts is None or ts >= 2**63 else utc_text(ts)


def _open(path: Path, compressed: bool) -> Any:
    if not compressed:
        return open(path, "xb")
    import pyarrow as pa

    path.touch(exist_ok=False)
    return pa.CompressedOutputStream(pa.OSFile(str(path), "wb"), "zstd")


def _finish(sink: _Sink, out: Path) -> bool:
    """Close the file, look whether it is whole, and name it; False when there was nothing, and the file is gone."""
    sink.closed = True
    try:
        sink.file.close()
        if sink.kind is None:
            sink.path.unlink()
            return False
        look_through(sink.path)
        put_in_place(sink.path, out)
    except OSError as error:
        with suppress(OSError):
            sink.file.close()
        raise StorageError(f"{sink.path}: {error.strerror or error}; what came is there, not whole") from error
    return True
