"""A catalog in a folder of this machine.

1. Parts are written under `.staging/`, each synced to the disk when it is finished.
2. `moves.json` notes the names they will have; then they are moved there, and the folders are synced.
3. The manifest is written beside them, synced, and put in the place of the old one by one atomic rename.

A process killed at any step leaves the old manifest or the new one, and files that `moves.json` finds.
"""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec

from tickwright.data.store.disk import storage, sync_folder, whole_file
from tickwright.data.store.manifest import PARTS, STAGING
from tickwright.data.store.writer import writer_lock

if TYPE_CHECKING:
    import polars as pl

_MOVES = "moves.json"


@dataclass(frozen=True, slots=True)
class LocalFiles:
    """`files.Files` in a folder."""

    root: Path

    def read(self, name: str) -> bytes:
        """A small file, whole."""
        return (self.root / name).read_bytes()

    def names(self, folder: str) -> list[str]:
        """What lies directly in a folder."""
        try:
            return sorted(os.listdir(self.root / folder))
        except FileNotFoundError:
            return []

    @contextmanager
    def opened(self, name: str) -> Iterator[Path]:
        """A part, by its path."""
        yield self.root / name

    def scan(self, names: Sequence[str]) -> pl.LazyFrame:
        """Parts as a lazy frame."""
        import polars as pl

        return pl.scan_parquet([self.root / name for name in names], glob=False)

    @contextmanager
    def writer(self) -> Iterator[LocalRoom]:
        """Hold the lock."""
        with writer_lock(self.root):
            yield LocalRoom(self.root)


@dataclass(frozen=True, slots=True)
class LocalRoom:
    """`files.Room` in a folder."""

    root: Path

    @property
    def mark(self) -> str:
        """Nothing: there is no other writer."""
        return ""

    @property
    def most_open(self) -> int:
        """A quarter of the files that the process may have."""
        allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return 256 if allowed == resource.RLIM_INFINITY else max(2, min(256, allowed // 4))

    def begin(self) -> None:
        """Make the staging folder."""
        (self.root / STAGING).mkdir()

    def new_part(self, name: str) -> IO[bytes]:
        """A file in staging."""
        path = self.root / _staged(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "wb", buffering=1 << 18)

    def finish(self, file: IO[bytes]) -> None:
        """Close it, on the disk."""
        file.flush()
        os.fsync(file.fileno())
        file.close()

    def publish(self, names: Iterable[str]) -> None:
        """Note the moves, move, sync."""
        names = list(names)
        self.announce(names)
        folders: set[Path] = set()
        for name in names:
            target = self.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(self.root / _staged(name), target)
            folders.update(target.parents[:4])
        for folder in folders:
            sync_folder(folder)

    def announce(self, names: Iterable[str]) -> None:
        """Write the list that `clear` reads."""
        path = self.root / STAGING / _MOVES
        with open(path, "wb") as file:
            file.write(msgspec.json.encode(sorted(names)))
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)

    def put(self, name: str, data: bytes) -> None:
        """A whole file, by way of staging."""
        path = self.root / name
        if not path.parent.exists():
            path.parent.mkdir()
            sync_folder(self.root)
        with whole_file(path, draft=self.root / STAGING / path.name) as draft:
            draft.write_bytes(data)

    def remove(self, names: Iterable[str]) -> None:
        """Delete small files."""
        for name in names:
            (self.root / name).unlink(missing_ok=True)

    def clear(self, current: set[str], kept: Callable[[], set[str]]) -> None:
        """Delete what was announced and is named nowhere, and the staging folder."""
        staging = self.root / STAGING
        if not staging.exists():
            return
        # A list cut short by a crash was cut before the first move, so there is nothing to take back.
        with suppress(FileNotFoundError, msgspec.DecodeError):
            announced = msgspec.json.decode((staging / _MOVES).read_bytes(), type=list[str])
            # Reading what earlier versions name costs a file a version: only when there is something to find.
            if stray := set(announced) - current:
                for name in sorted(stray - kept()):
                    _remove(self.root, name)
        with storage(staging):
            shutil.rmtree(staging)

    def renew(self) -> None:
        """Nothing to say: the lock lives as long as the process."""

    def still_ours(self) -> None:
        """The system holds the lock for us as long as we live."""


def _staged(name: str) -> str:
    return f"{STAGING}/{name.removeprefix(f'{PARTS}/')}"


def _remove(root: Path, name: str) -> None:
    file = root / name
    file.unlink(missing_ok=True)
    for folder in file.parents[:3]:  # day, symbol, schema
        try:
            folder.rmdir()
        except OSError:
            return  # holds other files, or is gone already
