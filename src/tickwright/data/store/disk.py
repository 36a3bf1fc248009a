"""What a disk says and does: its refusals as errors of ours, names that are safe once a folder is synced, whole files.

A file that somebody else may read, or that a crash must not leave half written, is made in one way: written beside its
place, synced, renamed, and the folder synced (`whole_file`; `put_in_place` where somebody else has written it).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tickwright.core.errors import StorageError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def storage(place: Path | str, stands: str = "the catalog stands as it was") -> Iterator[None]:
    """What the disk refuses inside becomes a StorageError that names the place, and says what holds in spite of it."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{place}: {_why(error)}; {stands}") from error


def _why(error: OSError) -> str:
    full = error.errno in _FULL
    return "the disk is full or a size limit was reached" if full else error.strerror or str(error)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, not only in the system's memory."""
    _sync(folder)


def put_in_place(fresh: Path, final: Path) -> None:
    """Give a written file its name, with its content and the name on the disk. OSError when the disk refuses."""
    _sync(fresh)
    os.replace(fresh, final)
    sync_folder(final.parent)


@contextmanager
def whole_file(target: Path, stands: str = "nothing was written", draft: Path | None = None) -> Iterator[Path]:
    """A draft to write, which takes the place of the target at a clean exit and is gone after any other.

    `draft` is where it stands when the next writer knows to look there; else beside the target, under a name of this
    process. The folder is made if need be. Raises StorageError, which ends with `stands`.
    """
    with whole_files([target], stands, None if draft is None else [draft]) as drafts:
        yield drafts[0]


@contextmanager
def whole_files(
    targets: Sequence[Path], stands: str = "nothing was written", drafts: Sequence[Path] | None = None
) -> Iterator[list[Path]]:
    """As `whole_file` for several of one folder: all are on the disk before the first takes its place.

    A StorageError says which were written, and `stands` when none was.
    """
    fresh = list(drafts or (target.with_name(f".{target.name}.{os.getpid()}.part") for target in targets))
    folder, done = targets[0].parent, 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield fresh
        for path in fresh:
            _sync(path)
        for path, target in zip(fresh, targets, strict=True):
            os.replace(path, target)
            done += 1
        sync_folder(folder)
    except OSError as error:
        place = targets[0] if len(targets) == 1 else folder
        raise StorageError(f"{place}: {_why(error)}; {_told(targets, done) if done else stands}") from error
    finally:
        for path in fresh[done:]:
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _told(targets: Sequence[Path], done: int) -> str:
    names = [target.name for target in targets]
    left = f", {', '.join(names[done:])} {_was(len(names) - done)} not" if done < len(names) else ""
    return f"{', '.join(names[:done])} {_was(done)} written{left}"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
