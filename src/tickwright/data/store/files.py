"""Where the bytes of a catalog lie: the port, and which implementation an address means.

| address | implementation | what a write promises |
|---|---|---|
| a folder, `file:///folder` | `local.LocalFiles` | survives a crash at any step and a power cut; one writer, by lock |
| `memory://…`, `s3://…`, any other of fsspec | `objects.ObjectFiles` | see there |

Names are relative to the catalog, with `/` between folders.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

from tickwright.core.errors import ConfigError

if TYPE_CHECKING:
    import polars as pl

# A URL that went through pathlib has lost a slash.
_ADDRESS = re.compile(r"^([a-z][a-z0-9+.-]+):/{1,3}(?=[^/]|$)")
_PACKAGES = {
    "s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs",
}  # fmt: skip


class Files(Protocol):
    """The files of one catalog, to read."""

    @property
    def root(self) -> Path | str:
        """The folder, or the address."""

    def read(self, name: str) -> bytes:
        """A small file, whole. Raises FileNotFoundError, NotADirectoryError, OSError."""

    def names(self, folder: str) -> list[str]:
        """What lies directly in a folder, nothing when there is none. Raises NotADirectoryError, OSError."""

    def opened(self, name: str) -> AbstractContextManager[Any]:
        """A part, as what `pyarrow.parquet.ParquetFile` takes. Raises OSError."""

    def scan(self, names: Sequence[str]) -> pl.LazyFrame:
        """Parts one behind the other as a lazy frame; filters and columns are pushed down."""

    def writer(self) -> AbstractContextManager[Room]:
        """Be the one writer. Raises CatalogError while there is another, StorageError."""


class Room(Protocol):
    """What the one writer does to the files. Each raises OSError where the store refuses."""

    @property
    def root(self) -> Path | str:
        """The folder, or the address."""

    @property
    def mark(self) -> str:
        """What the names of this writer's parts end with."""

    @property
    def most_open(self) -> int:
        """Parts that may be written at the same time."""

    def begin(self) -> None:
        """Announce that a write is under way."""

    def new_part(self, name: str) -> IO[bytes]:
        """A part to write; nobody sees it before `publish`."""

    def finish(self, file: IO[bytes]) -> None:
        """Close a part and have it stored."""

    def publish(self, names: Iterable[str]) -> None:
        """Put finished parts where the manifest will name them."""

    def announce(self, names: Iterable[str]) -> None:
        """Note files that `clear` shall delete once no version names them, even if this process dies."""

    def put(self, name: str, data: bytes) -> None:
        """Write or replace a small file in one step: after a crash it is the old one or the new one, whole."""

    def remove(self, names: Iterable[str]) -> None:
        """Delete small files; those that are gone already are no error."""

    def clear(self, current: set[str], kept: Callable[[], set[str]]) -> None:
        """Delete what a write left, done or not: parts that neither the newest nor an earlier kept version names."""

    def renew(self) -> None:
        """Say that this writer lives; called with every row group. Raises CatalogError when another has taken over."""

    def still_ours(self) -> None:
        """Raise CatalogError when another writer has taken over."""


def files_at(where: Path | str) -> Files:
    """The files of the catalog at a folder or an address. Raises ConfigError for one that cannot be reached."""
    text = str(where)
    match = _ADDRESS.match(text)
    if match is None:
        from tickwright.data.store.local import LocalFiles

        return LocalFiles(Path(where))
    protocol, rest = match[1], text[match.end() :]
    if protocol in ("file", "local"):
        from tickwright.data.store.local import LocalFiles

        return LocalFiles(Path(unquote(urlsplit(f"file:///{rest}").path)))
    if protocol == "lmdb":
        raise ConfigError("catalog", text, "a folder or an address of fsspec; data.backends opens ArcticDB's lmdb://")
    return _objects(protocol, f"{protocol}://{rest}")


def _objects(protocol: str, address: str) -> Files:
    from fsspec.core import url_to_fs

    from tickwright.data.store.objects import ObjectFiles

    try:
        # Another process writes: what was listed a moment ago may have changed.
        system, path = url_to_fs(address, use_listings_cache=False)
    except ImportError as error:
        package = _PACKAGES.get(protocol)
        needed = f"the package {package}: pip install {package}" if package else str(error)
        raise ConfigError("catalog", address, f"{protocol}:// to be installed; it needs {needed}") from error
    except ValueError as error:
        raise ConfigError("catalog", address, f"a folder or an address that fsspec knows ({error})") from error
    return ObjectFiles(system, path, address)
