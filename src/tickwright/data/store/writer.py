"""The one writer of a catalog: its lock, and the folder that it makes and takes away again when nothing comes of it.

1. A folder that is missing is made, with its parents.
2. The lock is taken. Its file may be gone by then: a first writer that failed took away what it had made.
3. At the end, a folder without a manifest is left as it was found.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tickwright.core.errors import CatalogError
from tickwright.data.store.disk import storage, sync_folder
from tickwright.data.store.manifest import LOCK, MANIFEST, PARTS


@contextmanager
def writer_lock(root: Path) -> Iterator[None]:
    """Be the catalog's only writer, or raise CatalogError. The system frees the lock when the process ends.

    The folder is made if need be; made folders and the lock's file go again when no manifest stands there in the end.
    """
    with _folder(root):
        handle = _lock(root)
        try:
            yield
        finally:
            # While the lock is held nobody else can be between these steps.
            with suppress(OSError):
                os.ftruncate(handle, 0)
                if not (root / MANIFEST).exists():
                    (root / LOCK).unlink(missing_ok=True)
                    (root / PARTS).rmdir()
            os.close(handle)


@contextmanager
def _folder(root: Path) -> Iterator[None]:
    missing = [folder for folder in (root, *root.parents) if not folder.exists()]
    try:
        with storage(root):
            root.mkdir(parents=True, exist_ok=True)
            for folder in missing:
                sync_folder(folder.parent)
        yield
    finally:
        if missing and not (root / MANIFEST).exists():
            for folder in missing:
                with suppress(OSError):  # not empty: another writer has begun there
                    folder.rmdir()


@contextmanager
def take_lock(root: Path) -> Iterator[None]:
    """Hold the lock of a folder, made if need be, whatever stands in it. Raises CatalogError, StorageError."""
    handle = _lock(root)
    try:
        yield
    finally:
        with suppress(OSError):
            os.ftruncate(handle, 0)
        os.close(handle)


def _lock(root: Path) -> int:
    """The open file of the lock, held. Raises CatalogError, StorageError."""
    while True:  # ends: it turns only when another first writer gave up between two steps of ours
        with storage(root):
            root.mkdir(parents=True, exist_ok=True)
            try:
                handle = os.open(root / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
            except FileNotFoundError:
                continue
        try:
            if _take(handle, root):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _take(handle: int, root: Path) -> bool:
    """Lock an open file and write our process into it; False when it is no longer the one in the folder."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        # A writer that has only just taken the lock has not signed it yet.
        holder = os.pread(handle, 32, 0).decode(errors="replace").strip()
        named = f" (process {holder})" if holder else ""
        raise CatalogError(
            f"{root}: another writer is at work{named}; one at a time, try again when it is done"
        ) from error
    with storage(root):
        try:
            if os.stat(root / LOCK).st_ino != os.fstat(handle).st_ino:
                return False
        except FileNotFoundError:
            return False
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    return True
