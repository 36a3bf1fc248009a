"""The book of a factor store: the one file that says what is in it.

    catalog/factors/
    ├── book.json           a digest, then definitions, parts, lists and stages; replaced in one step
    ├── parts/<write>-<origin>-<factor>.parquet
    ├── .lock               held by the one writer
    └── .*.part             a write under way, or what a killed one left behind

A part is written beside its place, synced and renamed, and only then named by the book. A reader looks at the book
alone, so it never sees half a write; what a killed writer left, the next one clears. Parts are never changed.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from tickwright.core.errors import CatalogError, StorageError
from tickwright.data.store.disk import whole_file
from tickwright.data.store.manifest import FACTORS
from tickwright.factors.tags import Definition, SeriesId

VERSION = "tickwright.factors.store/1"
BOOK, PARTS = "book.json", "parts"
_DIGEST = 16
_STANDS = "the factor store stands as it was"


class Part(msgspec.Struct, frozen=True):
    """One Parquet file: rows of one factor to one benchmark, of one origin, by one write."""

    path: str
    origin: str
    factor_id: str
    benchmark: str
    definition: str
    """Digest of what made the rows."""
    rows: int
    bytes: int
    digest: str
    """BLAKE2b of the file."""
    first: int
    last: int
    """The first and last `ts_event`."""
    known: int
    """The earliest `ts_available`."""
    recorded: int
    """When it was written, ns UTC."""
    write: int

    @property
    def series(self) -> SeriesId:
        """The factor and what it is to."""
        return self.factor_id, self.benchmark


class Recorded(msgspec.Struct, frozen=True):
    """A query, and the ids that it resolved to at that moment. It never changes, whatever is added later."""

    name: str
    query: dict[str, list[str]]
    ids: list[SeriesId]
    recorded: int
    write: int


class Staged(msgspec.Struct, frozen=True):
    """From this moment on a factor is at a stage."""

    factor_id: str
    benchmark: str
    stage: str
    recorded: int


class Book(msgspec.Struct, frozen=True):
    """Everything that a store holds. `write` counts the writes, `recorded` is the latest of their times."""

    version: str = VERSION
    write: int = 0
    recorded: int = 0
    definitions: dict[str, Definition] = {}
    parts: tuple[Part, ...] = ()
    lists: tuple[Recorded, ...] = ()
    stages: tuple[Staged, ...] = ()


def load(folder: Path) -> Book:
    """The book of a store, an empty one where nothing was stored. Raises CatalogError for a damaged one."""
    path = folder / BOOK
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        if (folder / PARTS).is_dir() and any((folder / PARTS).glob("*.parquet")):
            raise CatalogError(f"{path}: is missing, and {PARTS}/ is not empty: restore it from a copy") from None
        return Book()
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror or error}") from error
    digest, _, body = content.partition(b"\n")
    if digest.decode(errors="replace") != digest_of(body):
        raise CatalogError(f"{path}: the book of the factor store is damaged: its digest is of other bytes")
    try:
        book = msgspec.json.decode(body, type=Book)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path}: not a book of a factor store: {error}") from error
    if book.version != VERSION:
        raise CatalogError(f"{path}: version {book.version!r}, expected {VERSION!r}")
    return book


def save(folder: Path, book: Book) -> None:
    """Replace the book in one step. Raises StorageError; then the old one stands."""
    body = msgspec.json.encode(book, order="deterministic")
    with whole_file(folder / BOOK, _STANDS) as draft:
        draft.write_bytes(digest_of(body).encode() + b"\n" + body)


def clear(folder: Path, book: Book) -> None:
    """Delete what killed writers left. For the holder of the lock."""
    for path in [*folder.glob(".*.part"), *(folder / PARTS).glob(".*.part")]:
        path.unlink(missing_ok=True)
    named = {part.path for part in book.parts}
    for path in (folder / PARTS).glob("*.parquet"):
        if f"{PARTS}/{path.name}" not in named:
            path.unlink(missing_ok=True)


def digest_of(content: bytes) -> str:
    """Thirty-two hex digits."""
    return hashlib.blake2b(content, digest_size=_DIGEST).hexdigest()


def folder_of(catalog: Path) -> Path:
    """Where the store of a catalog lies."""
    return catalog / FACTORS
