"""From files of bars to the catalog: the mapping is found by what the file is, where it is not given.

1. The header of the file's first member is compared with each mapping of bars that comes with Tickwright.
2. The one whose columns, and name where it asks for one, are those of the file is taken, and said in the notes.
3. None or several: refused, with the names of all; `mapping=` says which.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace as changed
from decimal import Decimal
from pathlib import Path

from tickwright.core.errors import ConfigError, FileFormatError
from tickwright.data.backends import Place
from tickwright.data.intake import IngestSummary, Progress, readable
from tickwright.data.tables.blocks import TextTable
from tickwright.data.tables.container import member_names, open_members
from tickwright.data.tables.ingest import ingest_csv
from tickwright.data.tables.loading import load_mapping, shipped, shipped_mapping
from tickwright.data.tables.mapping import BAR_LENGTH, Mapping


def ingest_bars(
    files: Path | str | Sequence[Path | str],
    catalog_path: Place,
    *,
    mapping: Mapping | Path | str | None = None,
    instrument: str | None = None,
    tick_size: Decimal | str | None = None,
    replace: bool = False,
    progress: Progress | None = None,
) -> IngestSummary:
    """Store files of bars as `bars-*`, as `tables.ingest.ingest_csv` does; several files are one source.

    What a bar's file leaves empty is a bit of `core.tables.Missing`, never a dropped row; a bar whose high and low
    contradict it is kept as it is. A daily bar stands at midnight UTC of its session's date (`bars.known`).
    Raises ConfigError when no mapping is given and none that comes with Tickwright fits, and what `ingest_csv` raises.
    """
    paths = [readable(file) for file in ([files] if isinstance(files, (str, Path)) else files)]
    if not paths:
        raise ConfigError("files", "nothing", "one file at least")
    if mapping is None:
        rule = recognise(paths[0])
    else:
        rule = mapping if isinstance(mapping, Mapping) else load_mapping(mapping)
        if rule.schema not in BAR_LENGTH:
            raise ConfigError("mapping", f"{rule.name}, of {rule.schema}", "a mapping of bars")
    summary = ingest_csv(
        paths, catalog_path, mapping=rule, instrument=instrument, tick_size=tick_size, replace=replace,
        progress=progress,
    )  # fmt: skip
    told = () if mapping is not None or summary.already else (f"read as {rule.name}, by its header",)
    return changed(summary, notes=(*told, *summary.notes))


def recognise(path: Path) -> Mapping:
    """The mapping of bars, of those that come with Tickwright, that a file's header fits. Raises ConfigError."""
    rules = [rule for rule in map(shipped_mapping, shipped()) if rule.schema in BAR_LENGTH]
    fitting = [rule for rule in rules if _fits(path, rule)]
    if len(fitting) != 1:
        found = f"{path}, which fits {', '.join(rule.name for rule in fitting) or 'none by its header'}"
        raise ConfigError("mapping", found, f"a TOML file, or one of {', '.join(rule.name for rule in rules)}")
    return fitting[0]


def _fits(path: Path, rule: Mapping) -> bool:
    try:
        names, _ = member_names(path, rule.file.members)
        with closing(open_members(path, names[:1])) as members:
            member = next(members)
            header = TextTable(member, rule.file).header
    except FileFormatError:
        return False  # whatever is wrong with the file is said when it is read
    named = not rule.file.name or re.search(rule.file.name, member.name) is not None
    series = set(rule.series.columns) & set(map(str, header))
    return named and set(header) == {*rule.columns.values(), *series} and bool(series) == bool(rule.series.columns)
