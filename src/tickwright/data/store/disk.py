"""What a disk says and does: its refusals as errors of ours, and names that are safe once a folder is synced."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tickwright.core.errors import StorageError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def storage(place: Path | str) -> Iterator[None]:
    """What the disk refuses inside becomes a StorageError that names the place."""
    try:
        yield
    except OSError as error:
        why = "the disk is full or a size limit was reached" if error.errno in _FULL else (error.strerror or str(error))
        raise StorageError(f"{place}: {why}; the catalog stands as it was") from error


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, not only in the system's memory."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
