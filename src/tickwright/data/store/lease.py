"""The one writer of a catalog in an object store: a file that says who writes, and until when.

1. The file is created where there is none; where there is one that has ended, it is deleted first.
2. It is read back: whoever finds another's token there is refused.
3. The holder renews it when half its time has passed, with every row group, and before it commits.
4. At the end it is deleted, if it is still ours.

What this cannot promise stands in `objects`. It runs on the clocks of the machines that write: they must agree to
within a part of `SECONDS`.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import msgspec

from tickwright.core.errors import CatalogError
from tickwright.data.store.disk import storage
from tickwright.data.store.manifest import LEASE

SECONDS = 300.0
"""How long a lease holds without being renewed."""


class _Entry(msgspec.Struct, frozen=True):
    token: str
    holder: str
    until: float


@dataclass(slots=True)
class Lease:
    """A lease that is held."""

    system: Any
    path: str
    root: str
    token: str
    clock: Callable[[], float]
    until: float = 0.0

    def check(self) -> None:
        """Raise CatalogError when it is no longer ours; OSError."""
        found = _read(self.system, self.path)
        if found is None or found.token != self.token:
            now = f"{found.holder} writes now" if found is not None else "it was taken away"
            raise CatalogError(f"{self.root}: the lease ended while we were writing, and {now}; nothing was committed")

    def renew(self, *, now: bool = False) -> None:
        """Move the end when half the time has passed, or now. Raises CatalogError when it is not ours; OSError."""
        moment = self.clock()
        if not now and moment < self.until - SECONDS / 2:
            return
        self.check()
        self.until = moment + SECONDS
        self.system.pipe_file(self.path, self.entry())

    def entry(self) -> bytes:
        """The bytes of the file."""
        return msgspec.json.encode(_Entry(self.token, f"{socket.gethostname()} process {os.getpid()}", self.until))


@contextmanager
def leased(system: Any, folder: str, root: str, clock: Callable[[], float] = time.time) -> Iterator[Lease]:
    """Hold the lease of a catalog. Raises CatalogError while another holds it, StorageError."""
    lease = Lease(system, f"{folder.rstrip('/')}/{LEASE}", root, secrets.token_hex(8), clock)
    with storage(root):
        _take(lease)
    try:
        yield lease
    finally:
        with suppress(OSError, CatalogError):
            lease.check()
            system.rm_file(lease.path)


def _take(lease: Lease) -> None:
    now = lease.clock()
    lease.until = now + SECONDS
    known = _read(lease.system, lease.path)
    if known is not None:
        if known.until > now:
            raise _refused(lease, known)
        with suppress(FileNotFoundError):
            lease.system.rm_file(lease.path)
    try:
        lease.system.pipe_file(lease.path, lease.entry(), mode="create")
    except FileExistsError as error:
        raise _refused(lease, _read(lease.system, lease.path)) from error
    found = _read(lease.system, lease.path)
    if found is None or found.token != lease.token:
        raise _refused(lease, found)


def _refused(lease: Lease, holder: _Entry | None) -> CatalogError:
    named = f" ({holder.holder})" if holder is not None and holder.holder else ""
    ends = f" or {max(0.0, holder.until - lease.clock()):.0f} s from now, if it died" if holder is not None else ""
    return CatalogError(
        f"{lease.root}: another writer is at work{named}; one at a time, try again when it is done{ends}"
    )


def _read(system: Any, path: str) -> _Entry | None:
    """What the file says; None where there is none. One that cannot be read, cut short by a crash or still being
    written, holds for as long as if it had just been taken when it was last modified."""
    system.invalidate_cache()
    try:
        data = system.cat_file(path)
    except FileNotFoundError:
        return None
    try:
        return msgspec.json.decode(data, type=_Entry)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Entry("", "a lease that cannot be read", system.modified(path).timestamp() + SECONDS)
