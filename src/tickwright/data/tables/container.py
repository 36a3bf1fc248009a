"""Text files as they come: plain, gzip, xz or zstd, or many in a zip; as streams of bytes, one at a time.

What a file is, its first bytes say, not its name.
"""

from __future__ import annotations

import fnmatch
import gzip
import lzma
import zipfile
from collections.abc import Callable, Generator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from tickwright.core.errors import FileFormatError

_GZIP, _XZ, _ZSTD, _ZIP = b"\x1f\x8b", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Member:
    """One text file: `name` is its own, without folders; `place` is how messages call it."""

    name: str
    place: str
    done: Callable[[], int]
    """Bytes of the container that have been read."""
    _file: IO[bytes] | Any

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; fewer only at the end. Raises FileFormatError for what is damaged or cut short."""
        try:
            data: bytes = self._file.read(size)
            return data
        except MemoryError:
            raise
        except Exception as error:
            # zlib, lzma, zipfile and Arrow raise unrelated types for damaged bytes, most of which they do not document
            why = str(error) or "a sudden end"
            raise FileFormatError(self.place, "compressed data", why, "a whole file: it is damaged") from error


def member_names(path: Path, pattern: str) -> tuple[list[str], int]:
    """The members of a zip that a pattern as `*.csv` takes, in order of the archive, and how many it does not.

    The name of the file itself when it is no zip. Raises FileFormatError when the pattern takes none.
    """
    if _kind(path) != _ZIP:
        return [path.name], 0
    with _archive(path) as archive:
        names = [n for n in archive.namelist() if not n.endswith("/") and not _hidden(n)]
    taken = [n for n in names if fnmatch.fnmatch(n, pattern) or fnmatch.fnmatch(PurePosixPath(n).name, pattern)]
    if not taken:
        raise FileFormatError(path, "contents", ", ".join(names[:5]) or "nothing", f"a member as {pattern}")
    return taken, len(names) - len(taken)


def open_members(path: Path, names: list[str]) -> Generator[Member, None, None]:
    """Each of the members, open until the next is asked for. Raises FileFormatError."""
    if _kind(path) != _ZIP:
        with open(path, "rb") as raw, ExitStack() as stack:
            file = _uncompressed(raw, _kind(path), stack)
            yield Member(_plain_name(path.name), str(path), raw.tell, file)
        return
    with _archive(path) as archive:
        for name in names:
            try:
                file = archive.open(name)
            except MemoryError:
                raise
            except Exception as error:
                raise FileFormatError(path, f"member {name}", str(error), "a readable member of a zip") from error
            with file:
                done = archive.fp.tell if archive.fp else (lambda: 0)
                yield Member(PurePosixPath(name).name, f"{path}: {name}", done, file)


def _kind(path: Path) -> bytes:
    with open(path, "rb") as file:
        start = file.read(6)
    return next((magic for magic in (_GZIP, _XZ, _ZSTD, _ZIP) if start.startswith(magic)), b"")


def _uncompressed(raw: IO[bytes], kind: bytes, stack: ExitStack) -> IO[bytes] | Any:
    if kind == _GZIP:
        return stack.enter_context(gzip.GzipFile(fileobj=raw))
    if kind == _XZ:
        return stack.enter_context(lzma.LZMAFile(raw))
    if kind == _ZSTD:
        import pyarrow as pa

        return stack.enter_context(pa.CompressedInputStream(raw, "zstd"))
    return raw


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except MemoryError:
        raise
    except Exception as error:  # what a damaged directory raises is not documented: struct.error, BadZipFile, ...
        raise FileFormatError(path, "zip archive", str(error), "a whole zip file: it may be truncated") from error


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)


def _plain_name(name: str) -> str:
    for ending in (".gz", ".xz", ".zst"):
        name = name.removesuffix(ending)
    return name
