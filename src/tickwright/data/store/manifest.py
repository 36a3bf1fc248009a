"""The manifest: the one file that says what is in a catalog, and the steps that make a write all or nothing.

    catalog/
    ├── manifest.json                  what is visible; replaced in one atomic step
    ├── parts/<schema>/<symbol>/<day>/<generation>-<n>.parquet
    ├── .staging/                      a write under way, or what a killed one left behind
    │   └── moves.json                 the files that commit moves in or takes out
    └── .lock                          held by the one writer

A reader looks at the manifest alone, so whatever a killed write left is never seen; the next writer clears it.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import msgspec

from tickwright.core.errors import CatalogError, StorageError
from tickwright.core.instrument import Instrument

MANIFEST_VERSION = "tickwright.catalog/1"
MANIFEST = "manifest.json"
STAGING = ".staging"
PARTS = "parts"
LOCK = ".lock"
_MOVES = "moves.json"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class InstrumentEntry(msgspec.Struct, frozen=True):
    """An instrument with its decimals as exact text."""

    symbol: str
    venue: str
    currency: str
    tick_size: str
    lot_size: str
    multiplier: str
    timezone: str
    source: str

    @classmethod
    def of(cls, instrument: Instrument) -> InstrumentEntry:
        """The entry of an instrument."""
        return cls(**{name: str(getattr(instrument, name)) for name in cls.__struct_fields__})

    def instrument(self) -> Instrument:
        """The instrument of this entry."""
        return Instrument(
            self.symbol, self.venue, self.currency, Decimal(self.tick_size), Decimal(self.lot_size),
            Decimal(self.multiplier), self.timezone, self.source,
        )  # fmt: skip


class SourceEntry(msgspec.Struct, frozen=True):
    """Where rows came from. `digest` is the hash of its content, by which it is known again."""

    digest: str
    name: str
    kind: str
    bytes: int
    parts: int
    """Parts this source was stored as; fewer are left once another source has replaced some."""


class Part(msgspec.Struct, frozen=True):
    """One Parquet file: rows of one schema, instrument and UTC day. `first` and `last` are the extremes of ts_event."""

    path: str
    schema: str
    symbol: str
    day: str
    rows: int
    bytes: int
    first: int
    last: int
    source: str
    content: str


class Manifest(msgspec.Struct, frozen=True):
    """All that a catalog holds. Parts stand in the order in which their rows are read."""

    version: str = MANIFEST_VERSION
    generation: int = 0
    instruments: dict[str, InstrumentEntry] = {}
    sources: dict[str, SourceEntry] = {}
    parts: tuple[Part, ...] = ()


@contextmanager
def storage(place: Path) -> Iterator[None]:
    """What the disk refuses inside becomes a StorageError that names the place."""
    try:
        yield
    except OSError as error:
        why = "the disk is full or a size limit was reached" if error.errno in _FULL else (error.strerror or str(error))
        raise StorageError(f"{place}: {why}; the catalog stands as it was") from error


def load(root: Path) -> Manifest:
    """The manifest of a catalog. Raises CatalogError when there is none, or it is of another version or damaged."""
    path = root / MANIFEST
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError as error:
        raise CatalogError(
            f"{root}: no catalog here, expected a folder with {MANIFEST}; ingest a file first"
        ) from error
    except NotADirectoryError as error:
        raise CatalogError(f"{root}: is a file, expected a folder") from error
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path}: not a manifest of a catalog: {error}") from error
    if manifest.version != MANIFEST_VERSION:
        raise CatalogError(f"{path}: version {manifest.version!r}, expected {MANIFEST_VERSION!r}")
    return manifest


def load_or_begin(root: Path) -> Manifest:
    """The manifest of a catalog, or an empty one where a catalog may begin; nothing is written.

    Raises CatalogError when the folder is a file or holds other files, and whatever `load` raises.
    """
    if (root / MANIFEST).exists():
        return load(root)
    if root.exists() and not root.is_dir():
        raise CatalogError(f"{root}: is a file, expected a folder")
    with storage(root):
        found = {p.name for p in root.iterdir()} if root.exists() else set()
    strangers = sorted(found - {LOCK, STAGING, PARTS})  # what a killed first writer leaves
    # Another writer may have put its first manifest there since we looked.
    if strangers == [MANIFEST]:
        return load(root)
    if strangers:
        raise CatalogError(f"{root}: holds {strangers[0]!r} and no catalog, expected an empty or a new folder")
    return Manifest()


def save(root: Path, manifest: Manifest) -> None:
    """Replace the manifest in one step: after a crash at any point it is the old one or the new one, whole.

    For the holder of the writer lock; what a crash leaves of it lies in staging, with the rest.
    """
    path = root / MANIFEST
    fresh = root / STAGING / MANIFEST
    with storage(root):
        with open(fresh, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
        sync_folder(root)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, not only in the system's memory."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def folder_name(symbol: str) -> str:
    """A symbol as the name of a folder: what a file system might mind is escaped as in a URL."""
    name = quote(symbol, safe=" ")
    return f"%2E{name[1:]}" if name.startswith(".") else name


def announce_moves(root: Path, paths: Iterable[str]) -> None:
    """Note, before the first move, the files that a commit moves in or takes out, so that `sweep` can find them."""
    path = root / STAGING / _MOVES
    with open(path, "wb") as file:
        file.write(msgspec.json.encode(sorted(paths)))
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def sweep(root: Path, manifest: Manifest) -> None:
    """Clear what a write left, done or not: staged files, and announced files that the manifest does not name."""
    staging = root / STAGING
    if not staging.exists():
        return
    named = {part.path for part in manifest.parts}
    # A list cut short by a crash was cut before the first move, so there is nothing to take back.
    with suppress(FileNotFoundError, msgspec.DecodeError):
        for path in msgspec.json.decode((staging / _MOVES).read_bytes(), type=list[str]):
            if path not in named:
                _remove(root, path)
    shutil.rmtree(staging)


def _remove(root: Path, path: str) -> None:
    file = root / path
    file.unlink(missing_ok=True)
    for folder in file.parents[:3]:  # day, symbol, schema
        try:
            folder.rmdir()
        except OSError:
            return  # holds other files, or is gone already
