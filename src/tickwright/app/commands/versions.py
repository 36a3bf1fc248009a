"""`tickwright data versions|compact|prune`: the history of a catalog."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict

from tickwright.app import terminal
from tickwright.core.errors import ConfigError
from tickwright.data.backends import open_catalog
from tickwright.data.store.versions import Span
from tickwright.data.utc import utc_text


def versions(path: str, as_json: bool) -> None:
    """`tickwright data versions`."""
    found = open_catalog(path).versions()
    if as_json:
        rows = [asdict(version) for version in found]
        for row in rows:
            for span in (*row["added"], *row["removed"]):
                span["day"] = span["day"].isoformat()
        print(json.dumps(rows, indent=2, sort_keys=True, ensure_ascii=False))
        return
    terminal.listing(
        [
            (
                str(v.generation), "" if v.time is None else utc_text(v.time)[:19], v.kind, v.source,
                _spans(v.added), _spans(v.removed), v.note,
            )
            for v in found
        ],
        ("version", "written (UTC)", "what", "source", "rows added", "rows removed", "note"),
        ("version",),
        keys=("written (UTC)", "what"),
    )  # fmt: skip


def _spans(spans: Sequence[Span]) -> str:
    rows: dict[str, int] = {}
    for span in spans:
        what = f"{span.instrument} {span.schema}"
        rows[what] = rows.get(what, 0) + span.rows
    told = [f"{count:,} {what}" for what, count in rows.items()]
    return ", ".join(told[:3]) + (f" and {len(told) - 3:,} more" if len(told) > 3 else "")


def compact(path: str, symbol: str | None, schema: str | None, note: str, as_json: bool) -> None:
    """`tickwright data compact`."""
    from tickwright.data.backends import open_catalog

    catalog = open_catalog(path, clock=time.time_ns)
    if symbol is not None:
        catalog.instrument(symbol)
    if schema is not None and schema not in (held := sorted({row.schema for row in catalog.ls()})):
        raise ConfigError("--schema", schema, f"one of what the catalog holds: {', '.join(held)}")
    done = catalog.compact(symbol, schema, note=note)
    if as_json:
        print(json.dumps(asdict(done), indent=2, sort_keys=True))
    elif not done.spans:
        print("every day is one file already; nothing was written")
    else:
        sizes = f"{done.bytes_before / 1e6:.1f} MB now {done.bytes_after / 1e6:.1f}"
        print(
            f"version {done.generation}: {done.parts_before:,} files of {done.spans:,} days became "
            f"{done.parts_after:,}, {done.rows:,} rows, {sizes}"
        )


def prune(path: str, keep: int, as_json: bool) -> None:
    """`tickwright data prune`."""
    from tickwright.data.backends import open_catalog

    catalog = open_catalog(path)
    dropped = catalog.prune(keep)
    left = [version.generation for version in catalog.versions()]
    if as_json:
        print(json.dumps({"dropped": dropped, "kept": left}, indent=2, sort_keys=True))
    else:
        print(f"{dropped:,} versions dropped, {len(left):,} kept")
