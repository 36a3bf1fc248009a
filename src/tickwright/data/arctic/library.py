"""The library of ArcticDB that holds a catalog: where it is, its versions as snapshots, its one writer.

    lmdb://folder
    └── library `tickwright`
        ├── <schema>/<symbol>/<day>     the rows of a span, one column a field; parts follow each other
        ├── <schema>/<symbol>/<day>/<n> rows of the span that came later and go before some of them
        ├── tickwright/manifest         the manifest (`store.manifest`), as bytes
        ├── tickwright/change           its change, as bytes
        └── snapshots v000001 …         one for each version of the catalog: which version of each of these it is

A reader takes everything as of a snapshot, so what a killed write left is never seen. A snapshot is made in one step.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import msgspec
import numpy as np

from tickwright.core.errors import CatalogError, ConfigError, StorageError
from tickwright.data.store.manifest import Change, Manifest, Part, decode, encode
from tickwright.data.store.writer import take_lock

NAME = "tickwright"
MANIFEST, CHANGE = f"{NAME}/manifest", f"{NAME}/change"
_SCHEME = "lmdb:"
# One process must open an LMDB folder once.
_opened: WeakValueDictionary[str, Any] = WeakValueDictionary()


@cache
def arctic() -> Any:
    """The package. Raises ConfigError where it is not installed."""
    try:
        import arcticdb
        from arcticdb.config import set_config_int
    except ImportError as error:
        raise ConfigError(
            "catalog", "lmdb://", "the package arcticdb to be installed: pip install 'tickwright[arctic]'"
        ) from error
    # Another process writes: what the latest version of a symbol is must be looked up, not remembered.
    set_config_int("VersionMap.ReloadInterval", 0)
    return arcticdb


@contextlib.contextmanager
def refusals(root: Path) -> Iterator[None]:
    """What ArcticDB refuses inside becomes a StorageError that names the folder."""
    try:
        yield
    except arctic().exceptions.ArcticException as error:
        raise StorageError(f"{root}: {error}; the catalog stands as it was") from error


@dataclass(slots=True)
class ArcticLibrary:
    """The library of a folder, opened when it is needed."""

    root: Path
    _held: tuple[Any, Any] | None = None

    @classmethod
    def at(cls, where: Path | str) -> ArcticLibrary:
        """The library of `lmdb://folder`. Raises ConfigError for another address, or where ArcticDB is missing."""
        text = str(where)
        if not text.startswith(_SCHEME):
            raise ConfigError("catalog", text, "lmdb://folder")
        arctic()
        # Through pathlib an address loses a slash: lmdb:///a is then lmdb:/a.
        rest = text.removeprefix(_SCHEME)
        return cls(Path(rest.removeprefix("//") if rest.startswith("//") else rest).absolute())

    def exists(self) -> bool:
        """Whether a catalog was begun there."""
        return (self.root / "_arctic_cfg").is_dir() and self.get().has_library(NAME)

    def get(self) -> Any:
        """The store; its folder is made if need be."""
        if self._held is None:
            store = _opened.get(str(self.root))
            if store is None:
                with refusals(self.root):
                    store = arctic().Arctic(f"lmdb://{self.root}")
                _opened[str(self.root)] = store
            self._held = (store, None)
        return self._held[0]

    def library(self) -> Any:
        """The library, made if need be."""
        store = self.get()
        if self._held is None or self._held[1] is None:
            with refusals(self.root):
                self._held = (store, store.get_library(NAME, create_if_missing=True))
        return self._held[1]

    def generations(self) -> list[int]:
        """Versions that are kept, oldest first."""
        with refusals(self.root):
            names = self.library().list_snapshots(load_metadata=False)
        return sorted(int(name[1:]) for name in names if name[:1] == "v" and name[1:].isdigit())

    def manifest(self, generation: int | None = None) -> Manifest:
        """The manifest of a version, of the newest when none is named. Raises CatalogError."""
        kept = self.generations() if self.exists() else []
        if not kept:
            raise CatalogError(f"lmdb://{self.root}: no catalog here; ingest something first")
        wanted = kept[-1] if generation is None else generation
        if wanted not in kept:
            also = f"versions {kept[0]} to {kept[-1]}" if len(kept) > 1 else f"version {kept[0]} alone"
            raise CatalogError(f"lmdb://{self.root}: version {wanted} is not kept; it has {also}")
        return decode(self.read_bytes(MANIFEST, wanted), f"lmdb://{self.root}/{MANIFEST}")

    def change(self, generation: int) -> Change:
        """What a kept version changed."""
        return msgspec.json.decode(self.read_bytes(CHANGE, generation), type=Change)

    def read_bytes(self, symbol: str, generation: int) -> bytes:
        """A symbol of bytes, as of a version."""
        with refusals(self.root):
            found: np.ndarray = self.library().read(symbol, as_of=snapshot(generation)).data
        return found.tobytes()

    def write_bytes(self, symbol: str, record: Manifest | Change) -> int:
        """Write a symbol of bytes; its version."""
        data = np.frombuffer(encode(record), np.uint8)
        return int(self.library().write(symbol, data, prune_previous_versions=False).version)

    def live(self, symbol: str) -> list[int]:
        """Versions of a symbol that are not deleted."""
        found = self.library().list_versions(symbol)
        return sorted(key.version for key, info in found.items() if key.symbol == symbol and not info.deleted)

    def committed(self, generation: int) -> dict[str, int]:
        """Version of each symbol in a version of the catalog; nothing for 0."""
        if generation == 0:
            return {}
        found = self.library().list_versions(snapshot=snapshot(generation))
        return {key.symbol: key.version for key in found}

    @contextlib.contextmanager
    def writer(self) -> Iterator[None]:
        """Be the one writer. Raises CatalogError while there is another, StorageError."""
        with take_lock(self.root):
            yield


def snapshot(generation: int) -> str:
    """The name of a version's snapshot."""
    return f"v{generation:06d}"


def offset_in_symbol(manifest: Manifest, part: Part) -> int:
    """The row of its symbol with which a part begins: parts of a span stand behind each other in one symbol."""
    before = 0
    for other in manifest.parts:
        if other == part:
            return before
        if other.path == part.path:
            before += other.rows
    raise KeyError(part.path)
