"""One new version of a catalog, from parts that are written and parts that make way.

1. The new parts are put where the manifest will name them.
2. The change that made the version before is kept beside it (`versions`).
3. The writer makes sure that it still is the one writer, and the new manifest takes the place of the old in one step.

Parts that make way stay on the disk: the version before names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from tickwright.core.errors import CatalogError, ConfigError
from tickwright.data.store.disk import storage
from tickwright.data.store.manifest import (
    MANIFEST,
    Change,
    InstrumentEntry,
    Manifest,
    Part,
    SourceEntry,
    encode,
    load_or_begin,
    pieces_of,
    reading_order,
)
from tickwright.data.store.versions import Clock, difference, forget, kept_paths, remember

if TYPE_CHECKING:
    from tickwright.data.store.files import Files, Room


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the shell says of a version: when (ns UTC, None without a clock), and a note."""

    time: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """Who writes, as far as a catalog cares: a clock for its versions, and whether days that are there go on."""

    clock: Clock | None = None
    append: bool = False

    def stamp(self, note: str) -> Stamp:
        """Of a version that is written now."""
        return Stamp(None if self.clock is None else self.clock(), note)


def append_or_replace(desk: Desk, replace: bool, append: bool | None) -> bool:
    """Whether to append; None is what the desk does. Raises ConfigError when both are wanted."""
    wanted = desk.append if append is None else append
    if replace and wanted:
        raise ConfigError("append", wanted, "one of --append and --replace, not both")
    return wanted


@dataclass(frozen=True, slots=True)
class Content:
    """What a version changes. `kind` as in `manifest.Change`; `source` is the one whose rows came."""

    kind: str
    parts: list[Part]
    displaced: set[Part]
    instruments: Mapping[str, InstrumentEntry] = field(default_factory=dict)
    source: SourceEntry | None = None


def commit(room: Room, before: Manifest, content: Content, stamp: Stamp) -> Manifest:
    """Make the next version and return it. Raises StorageError, CatalogError."""
    after = next_manifest(before, content, stamp)
    with storage(room.root):
        room.publish(part.path for part in content.parts)
        remember(room, before)
        room.still_ours()
        room.put(MANIFEST, encode(after))
    return after


def next_manifest(before: Manifest, content: Content, stamp: Stamp) -> Manifest:
    """The manifest after a change, with the change in it."""
    source, parts, displaced = content.source, content.parts, content.displaced
    standing = [*(p for p in before.parts if p not in displaced), *parts]
    live = {piece.source for part in standing for piece in pieces_of(part)}
    sources = {digest: known for digest, known in before.sources.items() if digest in live}
    if source is not None:
        sources[source.digest] = source
    entries = dict(sorted({**before.instruments, **content.instruments}.items()))
    generation = before.generation + 1
    return Manifest(
        generation=generation,
        oldest=before.oldest,
        instruments=entries,
        sources=sources,
        parts=tuple(sorted(standing, key=reading_order)),
        change=Change(
            generation, content.kind, stamp.time, source.name if source is not None else "", stamp.note,
            added=tuple(sorted(parts, key=reading_order)),
            removed=tuple(sorted(displaced, key=reading_order)),
            instruments=difference(before.instruments, entries),
            sources=difference(before.sources, sources),
        ),
    )  # fmt: skip


def prune(files: Files, room: Room, before: Manifest, keep: int) -> Manifest:
    """Keep the newest `keep` versions, with the manifest; parts go when the write ends. Raises StorageError."""
    oldest = max(before.oldest, before.generation - keep + 1, 1)
    if oldest == max(before.oldest, 1):
        return before
    after = msgspec.structs.replace(before, oldest=oldest)
    with storage(room.root):
        room.announce(kept_paths(files, before))
        room.still_ours()
        room.put(MANIFEST, encode(after))
        forget(files, room, after)
    return after


@contextmanager
def writing(files: Files) -> Iterator[tuple[Room, Manifest]]:
    """Be the one writer, with the newest manifest; what an earlier writer left is cleared before, what we leave after.

    Raises CatalogError while another writer is at work, StorageError when the disk refuses.
    """
    with files.writer() as room:
        manifest = load_or_begin(files)
        with storage(files.root):
            room.clear(*_named(files, manifest))
            room.begin()
        try:
            yield room, manifest
        finally:
            # Whatever stays behind is not in the manifest, and the next writer clears again.
            with suppress(OSError, CatalogError):
                room.clear(*_named(files, load_or_begin(files)))


def tidy(files: Files, marker: str) -> None:
    """Clear what a killed writer left, unless another writer is at work or the disk is not ours to write."""
    with suppress(CatalogError, OSError):
        if files.names(marker):
            with files.writer() as room, storage(files.root):
                room.clear(*_named(files, load_or_begin(files)))


def _named(files: Files, manifest: Manifest) -> tuple[set[str], Callable[[], set[str]]]:
    return {part.path for part in manifest.parts}, lambda: kept_paths(files, manifest)
