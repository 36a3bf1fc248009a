"""A hot cache: arrays made from stored data, as files mapped into memory, so that the next run begins at once.

1. `get` maps the arrays of a key, read-only, without copying a byte; None where the key is not there.
2. `put` writes them under a temporary name, syncs, and renames the folder: an entry is whole or absent.
3. `put` then drops the entries used longest ago until the cache fits its bound again.

A key is a fingerprint of everything that the arrays depend on: the stored content and the code that made them. So an
entry never goes stale, it only stops being asked for. What is damaged or of another version is treated as absent.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import msgspec
import numpy as np

from tickwright.core.errors import InternalError

VERSION = "tickwright.hot/1"
_META = "meta.json"
_DRAFT = ".draft-"


class _Meta(msgspec.Struct, frozen=True):
    version: str
    facts: dict[str, msgspec.Raw]
    arrays: dict[str, tuple[int, ...]]


class HotCache:
    """A folder of entries. A disk that is full or read-only makes it useless, never harmful: then nothing is kept."""

    def __init__(self, root: Path, most_bytes: int = 20 << 30) -> None:
        self.root = root
        self._most = most_bytes

    def get(self, key: str) -> tuple[dict[str, np.ndarray], dict[str, msgspec.Raw]] | None:
        """The arrays of a key, mapped read-only, and the facts stored with them."""
        folder = self._folder(key)
        try:
            meta = msgspec.json.decode((folder / _META).read_bytes(), type=_Meta)
            if meta.version != VERSION:
                return None
            arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in meta.arrays}
        except (OSError, ValueError, EOFError, msgspec.DecodeError):
            return None
        if any(array.shape != meta.arrays[name] for name, array in arrays.items()):
            return None
        with suppress(OSError):
            os.utime(folder)  # used just now
        return arrays, meta.facts

    def put(self, key: str, arrays: Mapping[str, np.ndarray], facts: Mapping[str, object]) -> None:
        """Keep arrays under a key. What the disk refuses is not kept."""
        draft = self.root / f"{_DRAFT}{uuid4().hex}"
        shapes = {name: array.shape for name, array in arrays.items()}
        told = {name: msgspec.Raw(msgspec.json.encode(fact)) for name, fact in facts.items()}
        try:
            draft.mkdir(parents=True)
            for name, array in arrays.items():
                _write(draft / f"{name}.npy", array)
            with open(draft / _META, "wb") as file:
                file.write(msgspec.json.encode(_Meta(VERSION, told, shapes)))
                file.flush()
                os.fsync(file.fileno())
            # Whoever was first keeps the place: the content is the same. A damaged entry has to go.
            if self._folder(key).exists() and self.get(key) is None:
                shutil.rmtree(self._folder(key), ignore_errors=True)
            os.rename(draft, self._folder(key))
            self._trim(keep=key)
        except OSError:
            return
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _folder(self, key: str) -> Path:
        if not key.isalnum():
            raise InternalError(f"key {key!r} of the hot cache, expected letters and digits")
        return self.root / key

    def _trim(self, keep: str) -> None:
        entries = [f for f in self.root.iterdir() if f.is_dir() and not f.name.startswith(_DRAFT)]
        sizes = {folder: sum(f.stat().st_size for f in folder.iterdir()) for folder in entries}
        total = sum(sizes.values())
        for folder in sorted(entries, key=lambda f: f.stat().st_mtime_ns):
            if total <= self._most:
                return
            if folder.name != keep:
                shutil.rmtree(folder, ignore_errors=True)  # who has it mapped keeps the pages
                total -= sizes[folder]


def _write(path: Path, array: np.ndarray) -> None:
    with open(path, "wb") as file:
        np.save(file, array)
        file.flush()
        os.fsync(file.fileno())
