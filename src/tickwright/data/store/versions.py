"""Versions: every commit is a generation, and the catalog can be read as it stood at any that is kept.

1. The manifest is the newest version, whole, with the change that made it.
2. Before a commit replaces it, that change goes to `versions/<generation>.json`; a crash between leaves a spare copy.
3. An earlier version is the newest one with the changes since undone, latest first: small files, however many versions.
4. Pruning moves `oldest` in the manifest, in one step; then it deletes the files that only older versions named.

| store | how |
|---|---|
| this | changes undone on the way back |
| ArcticDB | a snapshot of the library for each version (`data.arctic`) |
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import msgspec

from tickwright.core.errors import CatalogError
from tickwright.data.store.manifest import VERSIONS, Change, Manifest, Part, encode, reading_order

if TYPE_CHECKING:
    from tickwright.data.store.files import Files, Room

Clock = Callable[[], int]
"""The time now, ns UTC."""
Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Span:
    """Rows of one instrument, schema and span of days that a version added or took out."""

    instrument: str
    schema: str
    day: dt.date
    rows: int


@dataclass(frozen=True, slots=True)
class Version:
    """One commit. `time` is ns UTC, None where the writer had no clock; `kind` is ingest, append, replace, compact."""

    generation: int
    time: int | None
    kind: str
    source: str
    note: str
    added: tuple[Span, ...]
    removed: tuple[Span, ...]


def version_of(change: Change) -> Version:
    """What there is to say of a change."""
    return Version(
        change.generation, change.time, change.kind, change.source, change.note,
        _spans(change.added), _spans(change.removed),
    )  # fmt: skip


def changes(files: Files, manifest: Manifest) -> Iterator[Change]:
    """Changes of the kept versions, newest first; that of the oldest too, when it is still known.

    Raises CatalogError for one that is missing or damaged.
    """
    for generation in range(manifest.generation, max(manifest.oldest, 1) - 1, -1):
        if generation == manifest.generation:
            found = manifest.change
        else:
            found = _stored(files, generation, needed=generation > manifest.oldest)
        if found is not None:
            yield found


def as_of(files: Files, manifest: Manifest, generation: int) -> Manifest:
    """The manifest of a kept version. Raises CatalogError, which names those that are kept."""
    low, high = max(manifest.oldest, 1), manifest.generation
    if not low <= generation <= high:
        kept = f"it has versions {low} to {high}" if high > low else f"it has version {high} alone"
        raise CatalogError(f"{files.root}: version {generation} is not kept; {kept}")
    earlier = manifest
    for change in changes(files, manifest):
        if change.generation == generation:
            return msgspec.structs.replace(earlier, change=change)
        earlier = undo(earlier, change)
    return earlier  # the oldest, whose own change is no longer known


def undo(manifest: Manifest, change: Change) -> Manifest:
    """The manifest before a change."""
    added = {part.path for part in change.added}
    parts = [part for part in manifest.parts if part.path not in added]
    return msgspec.structs.replace(
        manifest,
        generation=change.generation - 1,
        instruments=dict(sorted(_undone(manifest.instruments, change.instruments).items())),
        sources=_undone(manifest.sources, change.sources),
        parts=tuple(sorted([*parts, *change.removed], key=reading_order)),
        change=None,
    )


def kept_paths(files: Files, manifest: Manifest) -> set[str]:
    """Every part that a kept version names. Raises CatalogError."""
    named = {part.path for part in manifest.parts}
    for change in changes(files, manifest):
        if change.generation > manifest.oldest:  # the change of the oldest leads to a version that is not kept
            named.update(part.path for part in change.removed)
    return named


def remember(room: Room, manifest: Manifest) -> None:
    """Keep the change of a manifest that is about to be replaced."""
    if manifest.change is not None:
        room.put(_name(manifest.generation), encode(manifest.change))


def forget(files: Files, room: Room, manifest: Manifest) -> None:
    """Delete the changes that lead to versions before the oldest, but for the oldest's own: it tells what it was."""
    gone = [_name(g) for g in map(_generation, files.names(VERSIONS)) if g is not None and g < manifest.oldest]
    room.remove(gone)


def difference(before: dict[str, Entry], after: dict[str, Entry]) -> dict[str, Entry | None]:
    """Entries of `before` that `after` lacks or has otherwise, and None for each that `before` lacks."""
    return {key: before.get(key) for key in sorted({*before, *after}) if before.get(key) != after.get(key)}


def _undone(after: dict[str, Entry], were: dict[str, Entry | None]) -> dict[str, Entry]:
    before = {key: entry for key, entry in after.items() if key not in were}
    return before | {key: entry for key, entry in were.items() if entry is not None}


def _stored(files: Files, generation: int, needed: bool) -> Change | None:
    name = _name(generation)
    try:
        return msgspec.json.decode(files.read(name), type=Change)
    except FileNotFoundError as error:
        if not needed:
            return None
        raise CatalogError(f"{files.root}: {name} is missing; if it was pruned, open the catalog again") from error
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CatalogError(f"{files.root}: {name} is damaged: {error}") from error


def _spans(parts: tuple[Part, ...]) -> tuple[Span, ...]:
    rows: dict[tuple[str, str, str], int] = {}
    for part in parts:
        key = (part.symbol, part.schema, part.day)
        rows[key] = rows.get(key, 0) + part.rows
    return tuple(Span(*key[:2], dt.date.fromisoformat(key[2]), count) for key, count in sorted(rows.items()))


def _name(generation: int) -> str:
    return f"{VERSIONS}/{generation:06d}.json"


def _generation(name: str) -> int | None:
    stem, _, kind = name.partition(".")
    return int(stem) if stem.isdigit() and kind == "json" else None
