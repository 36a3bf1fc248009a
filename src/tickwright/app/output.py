"""The files of a run, each whole or not at all, and the same bytes for the same run.

| file | what |
|---|---|
| `report.html` | the report |
| `result.json` | every figure: sorted keys, amounts as exact text |
| `orders.parquet` | one row an order and policy; nested figures as `group.name` columns |
| `fills.parquet` | one row a fill, with policy and instrument; integers in ticks, lots, ns and billionths |
| `manifest.json` | what the result was made from |
| `shadow.parquet` | where a registry has a shadow: one row a decision, with what it would have done |

A market that names its venues adds `venues` to the rows of orders, and `venue` to those of fills.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tickwright.app.report.numbers import leaves
from tickwright.core.errors import ConfigError
from tickwright.core.records import FILL
from tickwright.data.store.disk import storage, whole_files
from tickwright.run.execute import RunResult

FILES = ("report.html", "result.json", "orders.parquet", "fills.parquet", "manifest.json")
SHADOW = "shadow.parquet"
"""Only where there is one."""


@contextmanager
def folder_for(folder: Path) -> Iterator[None]:
    """The folder, made before a run that may take long, and gone again if the run failed and it is empty.

    Raises ConfigError where a file stands in the place of the folder or a folder in that of a file, and StorageError.
    """
    if folder.exists() and not folder.is_dir():
        raise ConfigError("--out", str(folder), "a folder")
    for name in (*FILES, SHADOW):
        if (folder / name).is_dir():
            raise ConfigError("--out", str(folder / name), "a file, or nothing, for it is to be written")
    fresh = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        with storage(folder, "nothing was written"):
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / ".writable"
            probe.touch()
            probe.unlink()
        yield
    except BaseException:
        for path in fresh:  # the innermost first; what holds something stays
            with suppress(OSError):
                path.rmdir()
        raise


def write(folder: Path, result: RunResult, document: Mapping[str, Any], page: str) -> list[Path]:
    """Write all files; returns their paths, the report first. What a shadow decided in an earlier run goes.

    Raises StorageError, which says what it changed.
    """
    contents = [
        page.encode(),
        json_bytes(document),
        _parquet(orders_table(document)),
        _parquet(fills_table(result)),
        json_bytes(result.manifest),
    ]
    targets = [folder / name for name in FILES]
    if any(r.watched is not None for r in result.results):
        contents.append(_parquet(shadow_table(result)))
        targets.append(folder / SHADOW)
    else:
        with storage(folder, "nothing was written, and the files of an earlier run are unchanged"):
            (folder / SHADOW).unlink(missing_ok=True)
    with whole_files(targets, "nothing was written, and the files of an earlier run are unchanged") as drafts:
        for draft, data in zip(drafts, contents, strict=True):
            draft.write_bytes(data)
    return targets


def json_bytes(value: Any) -> bytes:
    """Sorted keys, two spaces, no NaN."""
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()


def orders_table(document: Mapping[str, Any]) -> pl.DataFrame:
    """The rows of result.json, one column a figure; lists of notes become text."""
    rows = [{".".join(path): value for path, value in leaves(row).items()} for row in document["orders"]]
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {}
    for name in names:
        values = [row.get(name) for row in rows]
        if any(isinstance(value, list) for value in values):
            values = [None if value is None else "\n".join(map(str, value)) for value in values]
        columns[name] = pl.Series(name, values, dtype=_dtype(values), strict=True)
    return pl.DataFrame(columns)


def _dtype(values: list[Any]) -> pl.DataType | type[pl.DataType]:
    """Of a column: text, whole numbers or numbers. A column of nulls alone holds numbers that could not be had."""
    kinds = {type(value) for value in values if value is not None}
    if str in kinds:
        return pl.String
    if kinds == {bool}:
        return pl.Boolean
    return pl.Int64 if kinds == {int} else pl.Float64


def fills_table(result: RunResult) -> pl.DataFrame:
    """Every fill of every policy, in the order of the results; `fee` in billionths of the currency."""
    parts = [r.journal.fills for r in result.results]
    fills = np.concatenate(parts) if parts else np.zeros(0, FILL)
    counts = [len(part) for part in parts]
    text = {
        "policy": np.repeat(np.array([r.policy for r in result.results], object), counts),
        "symbol": np.repeat(np.array([r.order.symbol for r in result.results], object), counts),
    }
    names = [name for name in fills.dtype.names or () if not name.startswith("_") and name not in ("venue", "half")]
    if any(r.venues for r in result.results):
        named = [venue_names(r.journal.fills["venue"], list(r.venues)) for r in result.results]
        text["venue"] = np.array([name for own in named for name in own], object)
    columns = {name: pl.Series(name, values.tolist(), dtype=pl.String) for name, values in text.items()}
    return pl.DataFrame({**columns, **{name: np.ascontiguousarray(fills[name]) for name in names}})


def shadow_table(result: RunResult) -> pl.DataFrame:
    """Every decision on which a shadow was asked too, in the order of the results; `ts` in ns, actions by the numbers
    of `strategy.learned.actions`."""
    watched = [(r, r.watched) for r in result.results if r.watched is not None]
    rows = np.concatenate([w.decisions for _, w in watched])
    counts = [len(w.decisions) for _, w in watched]
    parent = np.repeat(np.array([r.order.parent_id for r, _ in watched], np.int64), counts)

    def text(values: list[str | None]) -> pl.Series:
        return pl.Series(np.repeat(np.array(values, object), counts).tolist(), dtype=pl.String)

    return pl.DataFrame(
        {
            "policy": text([r.policy for r, _ in watched]),
            "symbol": text([r.order.symbol for r, _ in watched]),
            "parent": parent,
            "champion": text([r.decider.artefact if r.decider else None for r, _ in watched]),
            "shadow": text([w.shadow for _, w in watched]),
            "ts": np.ascontiguousarray(rows["ts"]),
            "observation": [cell.decode() for cell in rows["observation"].tolist()],
            "champion_action": np.ascontiguousarray(rows["action"]),
            "shadow_action": np.ascontiguousarray(rows["shadow"]),
        },
        schema_overrides={"observation": pl.String},
    )


def venue_names(venues: np.ndarray, named: Sequence[str]) -> list[str | None]:
    """Names of the venues of fills."""
    return [named[max(int(v) - 1, 0)] if named else None for v in venues]


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", statistics=True)
    return buffer.getvalue()
