"""A hot cache: arrays made from stored data, as files mapped into memory, so that the next run begins at once.

1. `making` gives a draft to which rows are appended as they are made, so that no array has to fit in memory. At a clean
   exit the draft is renamed to its key: an entry is whole or absent. Its process holds a lock on it, so that the next
   making knows which drafts are of the dead, and takes them away.
2. Then the entries used longest ago go until the cache fits its bound again.
3. `get` reads an entry through once, compares its checksums, and maps its arrays; None where the key is not there.

A key is a fingerprint of everything that the arrays depend on: the stored content and the code that made them. So an
entry never goes stale, it only stops being asked for. What is damaged or of another version is treated as absent.

Pages of a mapped array are the file's own: the system takes them back when it needs memory, and `let_go` gives them
back at once. They are mapped privately and count as writable, since kernels are compiled for such arrays; what somebody
writes stays in that process and never reaches the file.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import shutil
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import msgspec
import numpy as np

from tickwright.core.errors import ConfigError, InternalError

VERSION = "tickwright.hot/2"
SWITCH = "TICKWRIGHT_HOT_CACHE"
"""Environment: gigabytes the cache may take, or `off`."""
MOST_GIGABYTES = 20
_META = "meta"
"""A checksum as nine characters, and JSON."""
_SUM = 9
_DRAFT = ".draft-"
_READ = 4 << 20


class _Array(msgspec.Struct, frozen=True):
    rows: int
    head: int
    """Bytes of the header of the `.npy` file."""
    sums: tuple[int, int]
    """CRC-32 of the header and of the rows."""


class _Meta(msgspec.Struct, frozen=True):
    version: str
    facts: dict[str, msgspec.Raw]
    arrays: dict[str, _Array]


Entry = tuple[dict[str, np.ndarray], dict[str, msgspec.Raw]]
"""Arrays by name, and the facts stored with them as JSON."""


class HotCache:
    """A folder of entries. A disk that is full or read-only makes it useless, never harmful: then nothing is kept."""

    def __init__(self, root: Path, most_bytes: int = MOST_GIGABYTES << 30) -> None:
        self.root = root
        self._most = most_bytes

    def get(self, key: str, *, check: bool = True) -> Entry | None:
        """The arrays of a key and the facts stored with them. Without `check` the checksums are taken on trust."""
        folder = self._folder(key)
        try:
            stored = (folder / _META).read_bytes()
            if stored[:_SUM] != _sum(stored[_SUM:]):
                return None
            meta = msgspec.json.decode(stored[_SUM:], type=_Meta)
            if meta.version != VERSION:
                return None
            for name, array in meta.arrays.items():
                if check and _checksums(folder / f"{name}.npy", array.head) != array.sums:
                    return None
            arrays = {name: _mapped(folder / f"{name}.npy") for name in meta.arrays}
        except (OSError, ValueError, EOFError, msgspec.DecodeError):
            return None
        if any(len(array) != meta.arrays[name].rows for name, array in arrays.items()):
            return None
        with suppress(OSError):
            os.utime(folder)  # used just now
        return arrays, meta.facts

    @contextmanager
    def making(self, key: str) -> Iterator[Draft]:
        """A draft to append to, kept under the key at a clean exit. Raises OSError where the disk refuses."""
        self._clear()
        draft = Draft(self.root)
        try:
            yield draft
            draft.finish()
            # Whoever was first keeps the place: the content is the same. A damaged entry has to go.
            if self._folder(key).exists() and self.get(key) is None:
                shutil.rmtree(self._folder(key), ignore_errors=True)
            _rename(draft.folder, self._folder(key))
            with suppress(OSError):  # the entry is there; another process may be trimming too
                self._trim(keep=key)
        finally:
            draft.close()
            shutil.rmtree(draft.folder, ignore_errors=True)

    def _folder(self, key: str) -> Path:
        if not key.isalnum():
            raise InternalError(f"key {key!r} of the hot cache, expected letters and digits")
        return self.root / key

    def _clear(self) -> None:
        """Remove the drafts of dead processes. First of all, since they may be what fills the disk."""
        for folder in self.root.glob(f"{_DRAFT}*"):
            with suppress(OSError):  # locked: alive; not there: somebody else has removed it
                handle = _locked(folder)
                shutil.rmtree(folder, ignore_errors=True)
                os.close(handle)

    def _trim(self, keep: str) -> None:
        entries = []
        for folder in self.root.iterdir():
            with suppress(OSError):  # gone since it was listed
                if folder.is_dir() and not folder.name.startswith(_DRAFT):
                    size = sum(f.stat().st_size for f in folder.iterdir())
                    entries.append((folder.stat().st_mtime_ns, folder, size))
        total = sum(size for _, _, size in entries)
        for _, folder, size in sorted(entries):
            if total <= self._most:
                return
            if folder.name != keep:
                shutil.rmtree(folder, ignore_errors=True)  # who has it mapped keeps the pages
                total -= size


class Draft:
    """An entry that is being made: arrays grow at their end, one `.npy` file each."""

    def __init__(self, root: Path) -> None:
        self._files: dict[str, _Growing] = {}
        self._facts: dict[str, msgspec.Raw] = {}
        self.folder, self._lock = _new_draft(root)

    def append(self, name: str, rows: np.ndarray) -> None:
        """More rows of an array, which may be none. Raises OSError."""
        if name not in self._files:
            self._files[name] = _Growing(self.folder / f"{name}.npy", rows.dtype)
        self._files[name].append(rows)

    def tell(self, facts: Mapping[str, object]) -> None:
        """Facts to store beside the arrays, as JSON."""
        self._facts |= {name: msgspec.Raw(msgspec.json.encode(fact)) for name, fact in facts.items()}

    def finish(self) -> None:
        """Write what makes it an entry. Not synced: what a power cut leaves of it fails its checksums."""
        arrays = {name: file.finish() for name, file in self._files.items()}
        meta = msgspec.json.encode(_Meta(VERSION, self._facts, arrays))
        (self.folder / _META).write_bytes(_sum(meta) + meta)

    def close(self) -> None:
        """Let go of the files and of the lock."""
        for file in self._files.values():
            file.close()
        os.close(self._lock)


class _Growing:
    """A one-dimensional `.npy` file whose length is known at its end: NumPy leaves room for it in the header."""

    def __init__(self, path: Path, dtype: np.dtype[Any]) -> None:
        self._dtype = dtype
        self._rows = 0
        self._crc = 0
        self._file: IO[bytes] = open(path, "w+b")  # noqa: SIM115 - open from draft to finish
        self._head()
        self._start = self._file.tell()

    def append(self, rows: np.ndarray) -> None:
        if rows.dtype != self._dtype or rows.ndim != 1:
            raise InternalError(f"rows of {rows.dtype} {rows.shape} for an array of {self._dtype}")
        data: Any = np.ascontiguousarray(rows).view("u1").data
        self._crc = zlib.crc32(data, self._crc)
        self._file.write(data)
        self._rows += len(rows)

    def finish(self) -> _Array:
        self._file.seek(0)
        self._head()
        self._file.seek(0)
        head = zlib.crc32(self._file.read(self._start))
        self._file.close()
        return _Array(self._rows, self._start, (head, self._crc))

    def close(self) -> None:
        with suppress(OSError):
            self._file.close()

    def _head(self) -> None:
        layout: Any = np.lib.format  # untyped
        header = {"descr": layout.dtype_to_descr(self._dtype), "fortran_order": False, "shape": (self._rows,)}
        layout.write_array_header_1_0(self._file, header)


def default_cache() -> HotCache | None:
    """The user's cache, under XDG_CACHE_HOME; None where the environment switches it off. Raises ConfigError."""
    given = os.environ.get(SWITCH, str(MOST_GIGABYTES))
    if given.strip().lower() == "off":
        return None
    if not given.strip().isdecimal() or len(given.strip()) > 6:
        raise ConfigError(SWITCH, given, "a whole number of gigabytes, or off")
    gigabytes = int(given)
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return HotCache(base / "tickwright" / "hot", gigabytes << 30) if gigabytes else None


def let_go(array: np.ndarray) -> None:
    """Give the pages of a mapped array back; they are read again where they are used. Nothing for any other array."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap):
        base.madvise(mmap.MADV_DONTNEED)


def _new_draft(root: Path) -> tuple[Path, int]:
    """A fresh folder and the lock on it. Raises OSError."""
    while True:  # ends: it turns only when another process cleared the folder before it was locked
        folder = root / f"{_DRAFT}{uuid4().hex}"
        folder.mkdir(parents=True)
        with suppress(BlockingIOError, FileNotFoundError):
            handle = _locked(folder)
            if folder.exists():
                return folder, handle
            os.close(handle)


def _locked(folder: Path) -> int:
    """A folder, open and locked until it is closed or the process ends. Raises OSError, where another has it too."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _mapped(path: Path) -> np.ndarray:
    return np.asarray(np.load(path, mmap_mode="c"))


def _sum(data: bytes) -> bytes:
    return b"%08x\n" % zlib.crc32(data)


def _checksums(path: Path, head: int) -> tuple[int, int]:
    buffer = memoryview(bytearray(_READ))
    with open(path, "rb") as file:
        first, crc = zlib.crc32(file.read(head)), 0
        while count := file.readinto(buffer):
            crc = zlib.crc32(buffer[:count], crc)
    return first, crc


def _rename(draft: Path, folder: Path) -> None:
    try:
        os.rename(draft, folder)
    except OSError:
        if not folder.exists():
            raise
