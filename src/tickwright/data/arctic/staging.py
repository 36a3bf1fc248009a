"""Rows on their way into ArcticDB, and the commit: `store.session` does the rest as for files.

1. Before a span is touched its symbol is rolled back to the version that is committed, if a killed write went beyond.
2. Row groups are written to the symbol, or appended behind what it has; what goes before it gets a symbol of its own.
   Each makes a version that no snapshot names.
3. The manifest and its change are written, and a snapshot of all that is committed and all that is new is the commit.
4. Versions that no snapshot needs are deleted.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from tickwright.core.errors import CatalogError, StorageError
from tickwright.data.arctic.library import CHANGE, MANIFEST, ArcticLibrary, refusals, snapshot
from tickwright.data.store.commit import Content, Stamp, next_manifest
from tickwright.data.store.manifest import Change, InstrumentEntry, Manifest, Part, folder_name
from tickwright.data.store.part import ContentHash
from tickwright.data.store.schema import Columns, moment_column, to_columns
from tickwright.data.store.staging import Beside, Chunk, Key


@dataclass(slots=True)
class _Series:
    """What was staged of one span."""

    path: str
    content: ContentHash
    rows: int = 0
    bytes: int = 0
    first: int = 0
    last: int = 0
    until: int = 0


class ArcticStaging:
    """`session.Staging` in a library of ArcticDB."""

    def __init__(self, library: ArcticLibrary, generation: int, source: str, stamp: Stamp) -> None:
        self._library = library
        self._source = source
        self._stamp = stamp
        self._series: dict[Key, _Series] = {}
        self._versions: dict[str, int] = {}
        """Symbols that were written, with their newest version."""
        with refusals(library.root):
            self._committed = library.committed(generation)

    def write(self, key: Key, instrument: InstrumentEntry, chunks: list[Chunk], beside: Beside) -> None:
        """Write one row group, or append it. Raises StorageError."""
        schema = key[1]
        columns = to_columns(schema, chunks)
        known = self._series.get(key)
        series = known or _Series(self._path(key, beside), ContentHash(schema))
        self._series[key] = series
        with refusals(self._library.root):
            if known is None:
                self.roll_back(series.path)
            how = "append" if known is not None or beside == "behind" else "write"
            self._versions[series.path] = self._store(series.path, columns, how)
        series.content.update(columns)
        times, moments = columns["ts_event"], columns[moment_column(schema)]
        series.first = min(int(times.min()), series.first) if series.rows else int(times.min())
        series.last = max(int(times.max()), series.last) if series.rows else int(times.max())
        series.until = max(int(moments.max()), series.until) if series.rows else int(moments.max())
        series.rows += times.size
        series.bytes += sum(column.nbytes for column in columns.values())

    def finish(self) -> list[Part]:
        """What was staged; `bytes` are those of the columns, before ArcticDB compresses them."""
        return [
            Part(
                path=s.path, schema=schema, symbol=symbol, day=day, rows=s.rows, bytes=s.bytes, first=s.first,
                last=s.last, source=self._source, content=s.content.text(), until=s.until,
            )
            for (symbol, schema, day), s in self._series.items()
        ]  # fmt: skip

    def commit(self, before: Manifest, content: Content) -> Manifest:
        """Make the snapshot. Raises StorageError."""
        after = next_manifest(before, content, self._stamp)
        named = {part.path for part in after.parts}
        library = self._library
        with refusals(library.root):
            for symbol in (MANIFEST, CHANGE):
                self.roll_back(symbol)
            self._versions[MANIFEST] = library.write_bytes(MANIFEST, after)
            self._versions[CHANGE] = library.write_bytes(CHANGE, after.change or Change(after.generation, content.kind))
            versions = {path: version for path, version in self._committed.items() if path in named} | self._versions
            library.library().snapshot(snapshot(after.generation), versions=versions)
        with suppress(StorageError):  # committed: what stays behind goes when its symbol is touched again
            self._drop(set(self._committed) - set(versions))
        return after

    def touched(self, path: str, version: int) -> None:
        """Note that a symbol has a newer version than the committed one."""
        self._versions[path] = version

    def abandon(self) -> None:
        """Delete what was written and not committed; after a commit, versions that only led up to it."""
        with suppress(StorageError, CatalogError), refusals(self._library.root):
            newest = self._library.generations()
            self._committed = self._library.committed(newest[-1]) if newest else {}
            for path in self._versions:
                self.roll_back(path)
                if path in self._committed:
                    self._library.library().prune_previous_versions(path)
        self._versions.clear()

    def latest_moment(self, part: Part) -> int:
        """The latest of the times by which the rows of a stored part are kept."""
        return part.last if part.until is None else part.until

    def roll_back(self, path: str) -> None:
        """Delete versions of a symbol that are newer than the committed one, or all where none is."""
        committed = self._committed.get(path, -1)
        newer = [version for version in self._library.live(path) if version > committed]
        if newer:
            self._library.library().delete(path, versions=newer)

    def rewrite(self, path: str, chunks: Iterable[Columns]) -> None:
        """Write a symbol anew."""
        with refusals(self._library.root):
            self.roll_back(path)
        for count, columns in enumerate(chunks):
            with refusals(self._library.root):
                self._versions[path] = self._store(path, columns, "append" if count else "write")

    def _path(self, key: Key, beside: Beside) -> str:
        path = symbol_of(*key)
        if beside != "before":
            return path
        return f"{path}/{sum(name.startswith(f'{path}/') for name in self._committed)}"

    def _store(self, path: str, columns: Columns, how: str) -> int:
        import pandas as pd

        frame = pd.DataFrame({name: np.ascontiguousarray(column) for name, column in columns.items()}, copy=False)
        call: Any = getattr(self._library.library(), how)
        return int(call(path, frame, prune_previous_versions=False).version)

    def _drop(self, paths: Iterable[str]) -> None:
        with refusals(self._library.root):
            for path in sorted(paths):
                self._library.library().delete(path)


def symbol_of(symbol: str, schema: str, day: str) -> str:
    """The name in ArcticDB of a span."""
    return f"{schema}/{folder_name(symbol)}/{day}"
