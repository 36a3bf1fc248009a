"""The manifest: the one file that says what is in a catalog. Everything else in the folder is found through it.

    catalog/
    ├── manifest.json                  what is visible, and how it differs from the version before; replaced in one step
    ├── versions/<generation>.json     how each earlier version differs from the one before it (`versions`)
    ├── parts/<schema>/<symbol>/<day>/<generation>-<n>.parquet
    ├── .staging/                      a write under way, or what a killed one left behind
    └── .lock or .lease.json           of the one writer

A reader looks at the manifest alone, so whatever a killed write left is never seen; the next writer clears it. A file
under `parts/` is never changed, and goes only when no kept version names it.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from tickwright.core.errors import CatalogError, StorageError
from tickwright.core.instrument import Instrument

if TYPE_CHECKING:
    from tickwright.data.store.files import Files

MANIFEST_VERSION = "tickwright.catalog/2"
_EARLIEST = -(2**63)  # before any time: a part that has none was only ever followed by later ones
_EARLIER = "tickwright.catalog/1"  # without versions and compaction: the same fields, fewer of them
MANIFEST = "manifest.json"
VERSIONS = "versions"
STAGING = ".staging"
PARTS = "parts"
REFERENCE = "reference"  # sectors and corporate actions, kept by `data.reference`
FACTORS = "factors"  # values of factors, kept by `tickwright.factors.store`
LOCK = ".lock"
LEASE = ".lease.json"


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


class SourceEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where rows came from. `digest` is the hash of its content, by which it is known again."""

    digest: str
    name: str
    kind: str
    bytes: int
    parts: int
    """Pieces this source was stored as; fewer are left once another source has replaced some."""
    labels: str = ""
    """JSON: what made rows came from."""


class Piece(msgspec.Struct, frozen=True):
    """Rows of one source that were written together, as they stand in a part that was compacted."""

    source: str
    rows: int
    first: int
    last: int
    content: str


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
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
    """Of its first rows; those of all stand in `pieces_of`."""
    content: str
    until: int | None = None
    """Latest of the times by which rows are kept (`schema.moments_of`); None in a catalog of the first version."""
    pieces: tuple[Piece, ...] = ()
    """What it was compacted from, in order; empty where it stands as it was written."""
    since: int | None = None
    """Earliest of the times by which rows are kept, of all that its write brought of the span; None in a catalog that
    is older than that."""


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a version differs from the one before: enough to tell of it, and to undo it."""

    generation: int
    kind: str
    """`ingest`, `append`, `replace` or `compact`."""
    time: int | None = None
    """When it was written, ns UTC; None where the writer had no clock."""
    source: str = ""
    """Name of the source whose rows came."""
    note: str = ""
    added: tuple[Part, ...] = ()
    removed: tuple[Part, ...] = ()
    instruments: dict[str, InstrumentEntry | None] = {}
    """Entries that changed, as they were; None where there was none."""
    sources: dict[str, SourceEntry | None] = {}


class Manifest(msgspec.Struct, frozen=True):
    """All that a catalog holds. Parts stand in the order in which their rows are read."""

    version: str = MANIFEST_VERSION
    generation: int = 0
    oldest: int = 0
    """The earliest generation that can still be read."""
    instruments: dict[str, InstrumentEntry] = {}
    sources: dict[str, SourceEntry] = {}
    parts: tuple[Part, ...] = ()
    change: Change | None = None


def pieces_of(part: Part) -> tuple[Piece, ...]:
    """What a part holds, by the write that brought it: itself, or what it was compacted from."""
    return part.pieces or (Piece(part.source, part.rows, part.first, part.last, part.content),)


def reading_order(part: Part) -> tuple[str, str, str, int, int, str]:
    """Sorts parts as their rows are read. Within a span, writes stand in the order of their times: none overlap."""
    since = _EARLIEST if part.since is None else part.since
    return part.symbol, part.schema, part.day, since, len(part.path), part.path


def load(files: Files) -> Manifest:
    """The manifest of a catalog. Raises CatalogError when there is none, or it is of another version or damaged."""
    manifest = _found(files)
    if manifest is None:
        raise CatalogError(f"{files.root}: no catalog here, expected a folder with {MANIFEST}; ingest a file first")
    return manifest


def load_or_begin(files: Files) -> Manifest:
    """The manifest of a catalog, or an empty one where a catalog may begin; nothing is written.

    Raises CatalogError when the folder is a file or holds other files, and whatever `load` raises.
    """
    manifest = _found(files)
    if manifest is not None:
        return manifest
    try:
        names = set(files.names(""))
    except NotADirectoryError as error:
        raise CatalogError(f"{files.root}: is a file, expected a folder") from error
    except OSError as error:
        raise StorageError(f"{files.root}: {error.strerror or error}") from error
    if MANIFEST in names:  # another writer has put its first manifest there since we looked
        return load(files)
    strangers = sorted(names - {LOCK, LEASE, STAGING, PARTS, REFERENCE, FACTORS})  # what a killed first writer leaves
    if strangers:
        raise CatalogError(f"{files.root}: holds {strangers[0]!r} and no catalog, expected an empty or a new folder")
    return Manifest()


def _found(files: Files) -> Manifest | None:
    try:
        return decode(files.read(MANIFEST), _at(files))
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise CatalogError(f"{files.root}: is a file, expected a folder") from error
    except OSError as error:
        raise StorageError(f"{_at(files)}: {error.strerror or error}") from error


def decode(data: bytes, path: str) -> Manifest:
    """A manifest from the bytes of its file. Raises CatalogError."""
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path}: not a manifest of a catalog: {error}") from error
    if manifest.version == _EARLIER:
        # It kept no earlier version.
        return msgspec.structs.replace(manifest, version=MANIFEST_VERSION, oldest=manifest.generation)
    if manifest.version != MANIFEST_VERSION:
        raise CatalogError(f"{path}: version {manifest.version!r}, expected {MANIFEST_VERSION!r}")
    return manifest


def encode(record: Manifest | Change) -> bytes:
    """The bytes of a manifest's file, or of a version's."""
    return msgspec.json.format(msgspec.json.encode(record), indent=1)


def folder_name(symbol: str) -> str:
    """A symbol as the name of a folder: what a file system might mind is escaped as in a URL."""
    name = quote(symbol, safe=" ")
    return f"%2E{name[1:]}" if name.startswith(".") else name


def _at(files: Files) -> str:
    return str(files.root / MANIFEST) if isinstance(files.root, Path) else f"{files.root}/{MANIFEST}"
