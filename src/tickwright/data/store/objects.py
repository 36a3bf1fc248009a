"""A catalog in an object store, through fsspec.

1. The writer takes a lease (`lease`) and notes in `.staging/` that a write is under way.
2. Parts are written under their own names, each once; none is ever changed.
3. The change of the newest version is put into `versions/`, then the manifest is put: readers see all or nothing.
4. The note goes. Where it is found by the next writer, parts that no version names are listed and deleted.

What a folder (`local`) promises, and what is weaker here:

* A reader sees whole versions only: here where one PUT is whole or nothing (S3, Google, Azure, memory). On fsspec's
  local file system `put` writes beside and renames.
* After a power cut: a folder is synced before its manifest; here as the store promises once a PUT has returned.
* A second writer is refused: a folder's lock ends with its process; here it is a lease that must be renewed, and after
  a crash the next writer waits until it ends (`lease.SECONDS`).
* Two writers at once are impossible in a folder. Here a writer renews its lease and then PUTs the manifest: if it
  sleeps longer than the whole lease between the two, another may have begun. Its version then takes the place of the
  other's, and may name parts that the other cleared as left behind.
* The lease itself is safe where the store can create only what is absent (memory, local, S3 from s3fs 2025). Of two
  writers that take over one that has ended in the same moment, each reads back what it wrote; the loser is refused
  then, or at its next look.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from tickwright.data.store.disk import storage
from tickwright.data.store.lease import Lease, leased
from tickwright.data.store.manifest import PARTS, STAGING

if TYPE_CHECKING:
    import polars as pl

_NOTE = f"{STAGING}/write.json"
_BLOCK = 4 << 20  # bytes of one range request


@dataclass(frozen=True, slots=True)
class ObjectFiles:
    """`files.Files` in a file system of fsspec, below `path`."""

    system: Any
    path: str
    root: str

    def read(self, name: str) -> bytes:
        """A small file, whole."""
        data: bytes = self.system.cat_file(self._at(name))
        return data

    def names(self, folder: str) -> list[str]:
        """What lies directly in a folder."""
        return _listed(self.system, self._at(folder))

    @contextmanager
    def opened(self, name: str) -> Iterator[Any]:
        """A part as an open file; of one in memory a copy, since its readers would share one position."""
        if _in_memory(self.system):
            yield io.BytesIO(self.read(name))
            return
        with self.system.open(self._at(name), "rb", block_size=_BLOCK) as file:
            yield file

    def scan(self, names: Sequence[str]) -> pl.LazyFrame:
        """Parts as a lazy frame, read by range requests."""
        import polars as pl

        if _in_memory(self.system):
            parts: list[IO[bytes]] = [io.BytesIO(self.read(name)) for name in names]
            return pl.scan_parquet(parts, glob=False)
        from pyarrow import dataset

        return pl.scan_pyarrow_dataset(
            dataset.dataset([self._at(name) for name in names], filesystem=self.system, format="parquet")
        )

    @contextmanager
    def writer(self) -> Iterator[ObjectRoom]:
        """Hold the lease."""
        with leased(self.system, self.path, self.root) as lease:
            yield ObjectRoom(self, lease)

    def _at(self, name: str) -> str:
        return f"{self.path.rstrip('/')}/{name}" if name else self.path


@dataclass(slots=True)
class ObjectRoom:
    """`files.Room` in a file system of fsspec."""

    files: ObjectFiles
    lease: Lease
    made: set[str] | None = None
    """Parts this writer made or announced; None before it began."""

    @property
    def root(self) -> str:
        """The address."""
        return self.files.root

    @property
    def mark(self) -> str:
        """No two writers give a part the same name, even if both believe to be the only one."""
        return f"-{self.lease.token}"

    @property
    def most_open(self) -> int:
        """Each has megabytes of its upload in memory."""
        return 128

    def begin(self) -> None:
        """Leave the note."""
        self.made = set()
        self.put(_NOTE, b"{}")

    def new_part(self, name: str) -> IO[bytes]:
        """A new object."""
        if self.made is not None:
            self.made.add(name)
        file: IO[bytes] = self.files.system.open(self.files._at(name), "wb")
        return file

    def finish(self, file: IO[bytes]) -> None:
        """Close it; an object is stored then."""
        file.close()

    def publish(self, names: Iterable[str]) -> None:
        """Nothing: an object that no manifest names is not seen."""

    def announce(self, names: Iterable[str]) -> None:
        """Remember them; after a crash they are found by listing."""
        if self.made is not None:
            self.made.update(names)

    def put(self, name: str, data: bytes) -> None:
        """One PUT. On a plain file system a temporary file that takes the name when it is closed."""
        file = self.files.system.open(self.files._at(name), "wb", autocommit=False)
        try:
            file.write(data)
            file.close()
            file.commit()
        except BaseException:
            file.discard()
            raise

    def remove(self, names: Iterable[str]) -> None:
        """Delete objects."""
        for name in names:
            try:
                self.files.system.rm_file(self.files._at(name))
            except FileNotFoundError:
                continue

    def clear(self, current: set[str], kept: Callable[[], set[str]]) -> None:
        """Delete parts that no kept version names: ours, or after an earlier writer's crash all that are listed."""
        if self.made is None and not self.files.names(STAGING):
            return
        self.still_ours()  # what looks left behind may be what a writer that took over is writing
        found = self.made if self.made is not None else self._all_parts()
        if stray := found - current:
            self.remove(sorted(stray - kept()))
        self.remove([_NOTE])
        self.made = None

    def renew(self) -> None:
        """Renew the lease when half of it has passed."""
        with storage(self.files.root):
            self.lease.renew()

    def still_ours(self) -> None:
        """Look at the lease, and have all of it before us."""
        with storage(self.files.root):
            self.lease.renew(now=True)

    def _all_parts(self) -> set[str]:
        self.files.system.invalidate_cache()
        base = self.files._at("")
        found = self.files.system.find(self.files._at(PARTS))
        return {path.removeprefix(base).lstrip("/") for path in found}


def _listed(system: Any, path: str) -> list[str]:
    system.invalidate_cache()
    try:
        found = system.ls(path, detail=False)
    except FileNotFoundError:
        return []
    names = {str(name).rstrip("/").rpartition("/")[2] for name in found if str(name).rstrip("/") != path.rstrip("/")}
    if not names and system.isfile(path):
        raise NotADirectoryError(path)
    return sorted(names)


def _in_memory(system: Any) -> bool:
    protocol = system.protocol
    return "memory" in ((protocol,) if isinstance(protocol, str) else protocol)
