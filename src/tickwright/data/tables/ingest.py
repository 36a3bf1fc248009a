"""From CSV files to the catalog, by a mapping."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace as changed
from decimal import Decimal
from pathlib import Path

from tickwright.core.errors import ConfigError
from tickwright.data.backends import Place, create_catalog
from tickwright.data.intake import (
    IngestSummary,
    Progress,
    already_stored,
    positive,
    readable,
    refuse_empty,
    summary_of,
)
from tickwright.data.store.source import Source, file_source
from tickwright.data.tables.container import Member, member_names, open_members
from tickwright.data.tables.loading import load_mapping, with_symbol
from tickwright.data.tables.mapping import BAR_LENGTH, Mapping
from tickwright.data.tables.table import Reader


def ingest_csv(
    files: Path | str | Sequence[Path | str],
    catalog_path: Place,
    *,
    mapping: Mapping | Path | str,
    instrument: str | None = None,
    tick_size: Decimal | str | None = None,
    replace: bool = False,
    progress: Progress | None = None,
) -> IngestSummary:
    """Store CSV files, plain or compressed, by a mapping (`tables.mapping`): its file, or the name of a shipped one.

    Several files are one source, in the order given: days that reach from one file into the next stay whole.
    `instrument` names what the files hold where they do not, or renames it; with a part in it, as `{symbol}.daily`, it
    names each of several. `tick_size` is put before the mapping's.
    `progress` hears of bytes of all files done and in all.
    Raises FileFormatError, OffGridError, ConfigError, CatalogError, StorageError; after any error or interrupt the
    catalog stands as it was.
    """
    begun = time.perf_counter()
    paths = [readable(file) for file in ([files] if isinstance(files, (str, Path)) else files)]
    if not paths:
        raise ConfigError("files", "nothing", "one file at least")
    rule = mapping if isinstance(mapping, Mapping) else load_mapping(mapping)
    if instrument is not None and "{" in instrument:
        rule, instrument = with_symbol(rule, instrument), None
    reader = Reader(rule, instrument, None if tick_size is None else positive(tick_size, "tick size"))
    source = _source(paths, rule, reader)
    catalog = create_catalog(catalog_path)
    if not replace and (known := already_stored(catalog, source)):
        return known
    with catalog.ingest(source, replace=replace) as session:
        for member in _members(paths, reader, progress):
            for found, rows in reader.rows(member):
                session.append(found, rule.schema, rows)
        for found, rows in reader.rest():
            session.append(found, rule.schema, rows)
        refuse_empty(paths[0], session)
    return summary_of(catalog, session, skipped=reader.tally.skipped, notes=_notes(reader), begun=begun)


def _members(paths: list[Path], reader: Reader, progress: Progress | None) -> Iterator[Member]:
    total = sum(path.stat().st_size for path in paths)
    before = 0
    for path in paths:
        names, left = member_names(path, reader.mapping.file.members)
        if left:
            reader.tally.skipped[f"member of {path.name}"] += left
        with closing(open_members(path, names)) as members:
            for member in members:
                yield member
                if progress is not None:
                    progress(min(before + member.done(), total), total)
        before += path.stat().st_size


def _source(paths: list[Path], rule: Mapping, reader: Reader) -> Source:
    """The files as a source: known again when they, and what their columns mean, are the same."""
    whole = file_source("csv", paths[0], paths)
    meaning = repr((whole.digest, changed(rule, name="", about=""), reader.symbol, reader.tick_size))
    more = f" and {len(paths) - 1:,} more" if len(paths) > 1 else ""
    return changed(whole, name=whole.name + more, digest=hashlib.sha256(meaning.encode()).hexdigest()[:32])


def _notes(reader: Reader) -> list[str]:
    rule, tally = reader.mapping, reader.tally
    instruments = list(reader.instruments.values())
    first = instruments[0]
    count = f"{len(instruments):,} instruments" if len(instruments) > 1 else first.symbol
    notes = [f"{count}: tick {first.tick_size}, lot {first.lot_size} {_unit(first.lot_size)}(mapping {rule.name})"]
    if rule.schema in BAR_LENGTH and rule.schema != "bars-1d":
        notes.append(f"bars are labelled by the {rule.bars.label} of their interval in the file, by its start here")
    if absent := {name: lacking for name, lacking in tally.missing.items() if lacking}:
        shown = ", ".join(f"{lacking:,} {name}" for name, lacking in absent.items())
        notes.append(f"missing in the file, and marked so: {shown}")
    for what, changes in tally.rounded.items():
        notes.append(f"{changes:,} values of {what} had more digits than {rule.size.round_to} and were rounded to it")
    if tally.back:
        notes.append(f"{tally.back:,} rows are earlier than the row before them; the order of the file is kept")
    if reader.unnamed:
        notes.append(f"columns not stored: {', '.join(map(str, reader.unnamed))[:300]}")
    return notes


def _unit(lot: Decimal) -> str:
    return "" if lot == 1 else "units "
