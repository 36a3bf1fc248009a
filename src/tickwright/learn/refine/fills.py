"""A run's folder as `tickwright execute` leaves it: the orders that a policy worked, its fills, and figures of each."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tickwright.core.errors import ConfigError, DataError, FileFormatError
from tickwright.learn.refine.moments import figures_of
from tickwright.run.registry import CANARY, CHAMPION
from tickwright.strategy.policies import LEARNED

FILES = ("manifest.json", "result.json", "fills.parquet")
_TRADING = re.compile(rf"{LEARNED}:([0-9a-f+]+)(?=\s*(?:\(|$))")
_NEEDED = ("parent", "size", "liquidity", "ts_decided")


@dataclass(frozen=True, slots=True)
class Worked:
    """An order, apart from the day that it was worked on: ns since that day began."""

    side: str
    lots: int
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Run:
    """One run: its manifest, what it calls the policy (with the policy's content in place of its file), its orders."""

    manifest: Mapping[str, Any]
    policy: str
    orders: tuple[Worked, ...]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a policy did."""

    runs: tuple[Run, ...]
    figures: np.ndarray
    """float64 (orders, figures)."""
    fills: int

    @property
    def fingerprints(self) -> list[str]:
        """Of the runs."""
        return [str(run.manifest["fingerprint"]) for run in self.runs]


def evidence_of(folders: tuple[Path, ...], policy: str) -> Evidence:
    """The orders that the policy of that fingerprint worked. Raises FileFormatError, and ConfigError where a run knows
    nothing of the policy."""
    if not folders:
        raise ConfigError("RUN", "none", "at least one folder of `tickwright execute`")
    runs, tables, fills = [], [], 0
    for folder in folders:
        manifest, result = (_json(folder / name) for name in FILES[:2])
        content, shown, stage = _names(manifest, result, policy, folder)
        own = _fills(folder / FILES[2]).filter(pl.col("policy") == shown)
        orders = []
        try:
            for row in result["orders"]:
                if row["policy"] == shown and stage in (None, row.get("decided_by", {}).get("stage")):
                    orders.append(_worked(row, result["run"]["instruments"][row["instrument"]]))
                    table = _table(own.filter(pl.col("parent") == row["parent_id"]))
                    tables.append(figures_of(row, table))
                    fills += len(table)
        except (KeyError, TypeError, ValueError) as error:
            raise FileFormatError(folder / FILES[1], "orders", repr(error), "what tickwright execute writes") from error
        if not orders:
            raise FileFormatError(folder / FILES[1], "orders", "none", f"some of {shown}")
        runs.append(Run(manifest, content, tuple(orders)))
    return Evidence(tuple(runs), np.array(tables), fills)


def _worked(row: Mapping[str, Any], instrument: Mapping[str, Any]) -> Worked:
    begin, times = int(instrument["recorded_ns"]["begin"]), row["times_ns"]
    lots = Decimal(row["ordered"]) / Decimal(instrument["lot_size"])
    return Worked(str(row["side"]), int(lots), int(times["start"]) - begin, int(times["deadline"]) - begin)


def _table(frame: pl.DataFrame) -> np.ndarray:
    table = np.zeros(len(frame), [(name, "<i8") for name in _NEEDED])
    for name in _NEEDED:
        table[name] = frame[name].to_numpy()
    return table


def _names(
    manifest: dict[str, Any], result: dict[str, Any], policy: str, folder: Path
) -> tuple[str, str, str | None]:  # fmt: skip
    """What the run calls the policy: (with its content, as the manifest; with its file, as the result; its stage, where
    a registry had it work some of the orders and another one the rest)."""
    try:
        named, shown = manifest["config"]["policies"], result["run"]["policies"]
        if manifest["fingerprint"] != result["run"]["manifest"]:
            raise FileFormatError(folder, "manifest", result["run"]["manifest"], manifest["fingerprint"])
        found = []
        for name, text in zip(named, shown, strict=True):
            trading = _TRADING.search(name)
            if trading is not None and policy in (several := trading[1].split("+")):
                stage = (CHAMPION, CANARY)[several.index(policy)] if len(several) > 1 else None
                found.append((_TRADING.sub(f"{LEARNED}:{policy}", name), str(text), stage))
    except (KeyError, TypeError, ValueError) as error:
        raise FileFormatError(folder, "policies", str(error), "a manifest and a result of one run") from error
    if len(found) != 1:
        raise ConfigError(
            "RUN", str(folder), f"a run in which {LEARNED}:{policy} traded; in it were {', '.join(named)}"
        )
    return found[0]


def _json(file: Path) -> dict[str, Any]:
    try:
        table = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise FileFormatError(file, "open", str(error.strerror), "a run's folder, with " + ", ".join(FILES)) from error
    except ValueError as error:
        raise FileFormatError(file, "content", str(error), "JSON in UTF-8") from error
    if not isinstance(table, dict):
        raise FileFormatError(file, "content", type(table).__name__, "a table")
    return table


def _fills(file: Path) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(file)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise FileFormatError(file, "content", str(error)[:80], "fills of tickwright execute") from error
    missing = [name for name in ("policy", *_NEEDED) if name not in frame.columns]
    if missing:
        raise DataError(f"{file}: no column {', '.join(missing)}")
    return frame
