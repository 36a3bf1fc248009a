"""Compaction: the many small parts of a span become one, with the same rows in the same order.

1. Spans of more than one part are chosen.
2. The parts of each are read in reading order, chunk by chunk, and written behind each other into one new part; what is
   read must have the content that was recorded when it was written.
3. The new part keeps the pieces it was made from, so that a source is still known by its rows, and the fingerprint of
   a read is the same as before.
4. All become visible in one new version. The old parts go when no kept version names them any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from tickwright.core.errors import CatalogError, InternalError
from tickwright.data.store import part as parts_of_files
from tickwright.data.store.commit import Content, Stamp, commit
from tickwright.data.store.manifest import Manifest, Part, pieces_of
from tickwright.data.store.part import ContentHash, read_part
from tickwright.data.store.schema import TABLES, column_types, to_columns, to_rows
from tickwright.data.store.staging import Chunk, Key, StagedFiles

if TYPE_CHECKING:
    from tickwright.data.store.files import Files, Room


@dataclass(frozen=True, slots=True)
class Compacted:
    """What a compaction did; nothing was written where `spans` is 0."""

    generation: int
    spans: int = 0
    parts_before: int = 0
    parts_after: int = 0
    rows: int = 0
    bytes_before: int = 0
    bytes_after: int = 0

    @classmethod
    def of(cls, generation: int, old: set[Part], merged: list[Part]) -> Compacted:
        """The sums of what was and what is."""
        return cls(
            generation, len(merged), len(old), len(merged), sum(p.rows for p in merged),
            sum(p.bytes for p in old), sum(p.bytes for p in merged),
        )  # fmt: skip


def compact(
    files: Files, room: Room, manifest: Manifest, stamp: Stamp, symbol: str | None = None, schema: str | None = None
) -> tuple[Manifest, Compacted]:
    """Merge the parts of each span of an instrument and a schema, of all when none is named.

    Raises CatalogError for a part that is damaged, StorageError; the catalog then stands as it was.
    """
    spans = small_spans(manifest, symbol, schema)
    if not spans:
        return manifest, Compacted(manifest.generation)
    staged = StagedFiles(files, room, manifest.generation + 1, "", stamp)
    try:
        for key, parts in spans.items():
            for chunks in _row_groups(files, key[1], parts):
                staged.write(key, manifest.instruments[key[0]], chunks, "alone")
        merged = [merged_parts(part, spans[part.symbol, part.schema, part.day]) for part in staged.finish()]
    finally:
        staged.abandon()
    if len(merged) != len(spans):
        raise InternalError(f"{len(spans)} spans were compacted into {len(merged)} parts")
    old = {part for parts in spans.values() for part in parts}
    after = commit(room, manifest, Content("compact", merged, old), stamp)
    return after, Compacted.of(after.generation, old, merged)


def small_spans(manifest: Manifest, symbol: str | None, schema: str | None) -> dict[Key, list[Part]]:
    """Spans of more than one part, in reading order."""
    spans: dict[Key, list[Part]] = {}
    for part in manifest.parts:
        if (symbol is None or part.symbol == symbol) and (schema is None or part.schema == schema):
            spans.setdefault((part.symbol, part.schema, part.day), []).append(part)
    return {key: parts for key, parts in spans.items() if len(parts) > 1}


def merged_parts(whole: Part, parts: list[Part]) -> Part:
    """One part that holds the rows of several, with the pieces it was made from."""
    pieces = tuple(piece for part in parts for piece in pieces_of(part))
    if whole.rows != sum(piece.rows for piece in pieces):
        raise InternalError(f"{whole.path}: {whole.rows} rows of {sum(piece.rows for piece in pieces)}")
    return msgspec.structs.replace(whole, source=pieces[0].source, pieces=pieces, since=parts[0].since)


def _row_groups(files: Files, schema: str, parts: list[Part]) -> Iterator[list[Chunk]]:
    """The rows of parts, one behind the other, in row groups of bounded size."""
    width = sum(kind.itemsize for kind in column_types(schema).values())
    size = parts_of_files.ROW_GROUP_BYTES
    group: list[Chunk] = []
    held = 0
    for part in parts:
        for rows, times in _checked(files, schema, part, max(1, size // width)):
            group.append((rows, times))
            held += len(rows) * width
            if held >= size:
                yield group
                group, held = [], 0
    if group:
        yield group


def _checked(files: Files, schema: str, part: Part, rows: int) -> Iterator[Chunk]:
    content, count = ContentHash(schema), 0
    for columns in read_part(files, part.path, schema, None, None, rows):
        chunk = (to_rows(schema, columns), None if schema in TABLES else np.array(columns["ts_event"]))
        content.update(to_columns(schema, [chunk]))
        count += len(chunk[0])
        yield chunk
    if (count, content.text()) != (part.rows, part.content):
        raise CatalogError(
            f"{files.root}/{part.path}: holds {count} rows of content {content.text()}, expected {part.rows} of "
            f"{part.content}; the file was changed after it was written"
        )
