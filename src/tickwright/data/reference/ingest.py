"""From files of reference data to a catalog.

1. Each member is known by its header (`files`): lists of members, sectors with dates, actions, daily series.
2. All are read before anything is written: a bad row leaves everything as it was.
3. Series are stored as daily bars, by the mapping `fred-daily`.
4. Sectors and actions are put to what is there; what contradicts it is refused, unless `replace` puts it in its place.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tickwright.core.errors import CatalogError
from tickwright.data.catalog import Catalog
from tickwright.data.intake import IngestSummary, Progress, readable
from tickwright.data.reference import store
from tickwright.data.reference.files import Found, read_member
from tickwright.data.reference.sectors import as_rows
from tickwright.data.store.source import Source, file_source
from tickwright.data.store.versions import Clock
from tickwright.data.tables.container import member_names, open_members
from tickwright.data.tables.ingest import ingest_csv
from tickwright.data.tables.loading import shipped_mapping


def ingest_reference(
    file: Path | str,
    catalog_path: Path | str,
    *,
    universe: str = "S&P 500",
    replace: bool = False,
    progress: Progress | None = None,
    clock: Clock | None = None,
) -> IngestSummary:
    """Store a file of reference data, or a zip of several. `universe` names what a list of members lists; `clock` gives
    the version its time, ns UTC.

    Raises FileFormatError, ConfigError, CatalogError, StorageError. Bars are committed before the reference tables:
    when those are refused, the same command may be given again.
    """
    begun = time.perf_counter()
    path = readable(file)
    root = store.local_root(catalog_path)
    source = file_source("reference", path, [path])
    found, series = _read(path, universe, source)
    catalog = Catalog.create(root, clock=clock)  # refuses a folder that is none, before anything is written
    bars = None
    if series:
        bars = ingest_csv(path, catalog, mapping=shipped_mapping("fred-daily"), replace=replace, progress=progress)
    stored = _store(root, found, replace)
    rows: Counter[str] = Counter(bars.by_schema if bars else {}) + Counter(stored)
    notes = [*found.notes, *(bars.notes if bars else ())]
    already = not any(stored.values()) and (bars is None or bars.already)
    if already and not (bars and bars.already):
        notes.append(f"{source.name}: the catalog has this already; nothing was written")
    return IngestSummary(
        source, sum(rows.values()), dict(rows), bars.instruments if bars else (), bars.days if bars else (),
        notes=tuple(notes), seconds=time.perf_counter() - begun, already=already,
    )  # fmt: skip


def _read(path: Path, universe: str, source: Source) -> tuple[Found, bool]:
    names, _ = member_names(path, "*")
    whole, series = Found(), False
    with closing(open_members(path, names)) as members:
        for member in members:
            part = read_member(member, universe, f"{source.name}/{member.name}")
            if part is None:
                series = True
                continue
            whole.statements += part.statements
            whole.actions += part.actions
            whole.notes += part.notes
    return whole, series


def _store(root: Path, found: Found, replace: bool) -> dict[str, int]:
    """New rows written, by table."""
    statements = as_rows(found.statements)
    actions: list[store.Row] = [
        {name: getattr(a, name) for name in store.COLUMNS["actions"]} | {"value": str(a.value)} for a in found.actions
    ]
    if not statements and not actions:
        return {}
    with store.writing(root):
        sectors, fresh_sectors = _merged(
            root, "sectors", statements, lambda r: (r["symbol"], r["start"], r["snapshot"], r["universe"]), replace
        )
        events, fresh_actions = _merged(
            root, "actions", actions, lambda r: (r["symbol"], r["ex_date"], r["kind"]), replace
        )
        if fresh_sectors:
            store.write_rows(root, "sectors", sectors)
        if fresh_actions:
            store.write_rows(root, "actions", events)
    return {name: count for name, count in (("sectors", fresh_sectors), ("actions", fresh_actions)) if count}


def _merged(
    root: Path, table: str, rows: list[store.Row], key: Callable[[store.Row], Any], replace: bool
) -> tuple[list[store.Row], int]:
    """What is there with the rows that are not, and how many those are. Several rows of one key are one statement."""
    old, new = _grouped(store.read_rows(root, table), key), _grouped(rows, key)
    fresh = 0
    for name, group in new.items():
        if name in old and _facts(old[name]) == _facts(group):
            continue
        if name in old and not replace:
            told = ", ".join(str(part) for part in name)
            was, now = (sorted(g[0]["source"] + f" says {_facts(g)}" for g in [h]) for h in (old[name], group))
            raise CatalogError(
                f"reference {table} {told}: {now[0]}, but {was[0]}; pass --replace to put the new in its place"
            )
        old[name] = group
        fresh += len(group)
    return [row for name in sorted(old, key=lambda k: tuple(map(str, k))) for row in old[name]], fresh


def _grouped(rows: list[store.Row], key: Callable[[store.Row], Any]) -> dict[Any, list[store.Row]]:
    groups: dict[Any, list[store.Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def _facts(group: list[store.Row]) -> list[tuple[str, ...]]:
    return sorted(tuple(str(value) for name, value in row.items() if name != "source") for row in group)
