"""A cell: what one policy made of the episodes of one scenario. Kept as a file, so that a benchmark can be resumed.

`DIR/cells/NAME.json`: `key` is everything that the numbers are a function of, NAME its fingerprint. Costs of the single
episodes, which pairs are made of, are float32 in base64; whoever computes reads them back, so a resumed run has the
very numbers of one that was never stopped.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tickwright.core.ids import fingerprint
from tickwright.core.kernel import source_hash
from tickwright.data.store.disk import whole_file
from tickwright.learn.benchmark.play import PARTS
from tickwright.learn.estimate import grouped_mean
from tickwright.learn.layout import End
from tickwright.learn.policies import kernel as baselines

FOLDER = "cells"
SCHEMA = "tickwright.benchmark.cell/3"


def code_hash() -> str:
    """Of the code that episodes are played by: a cell of other code is played anew."""
    here = Path(__file__).resolve().parent
    policies = Path(baselines.__file__).resolve().parent
    files = (
        *(here / f"{name}.py" for name in ("kernel", "play", "cells", "measure", "replay")),
        *(policies / f"{name}.py" for name in ("kernel", "baseline", "aim", "at_work", "bound", "tuning")),
        here.parent / "artefact.py",
    )  # fmt: skip
    return fingerprint([source_hash(file) for file in files])


@dataclass(frozen=True, eq=False)
class Cell:
    """Costs of the episodes, bps, float64: NaN where a market stopped. `facts` are sums and means over the others.
    `books` names the warmed-up book that each began from: episodes of one may depend on each other."""

    shortfall: np.ndarray
    news: np.ndarray
    books: np.ndarray
    facts: dict[str, Any]

    @property
    def costs(self) -> np.ndarray:
        """Shortfall less the news: the same mean, less noise."""
        return np.asarray(self.shortfall - self.news)

    def first(self, episodes: int) -> Cell:
        """The costs of the first episodes alone; the facts remain those of all."""
        return Cell(self.shortfall[:episodes], self.news[:episodes], self.books[:episodes], self.facts)

    def to_json(self) -> dict[str, Any]:
        """See above."""
        return {
            "facts": self.facts, "shortfall": _packed(self.shortfall), "news": _packed(self.news),
            "books": _packed(self.books, "<i4"),
        }  # fmt: skip

    @staticmethod
    def from_json(table: dict[str, Any]) -> Cell:
        """The inverse."""
        shortfall, news = (_unpacked(table[name]).astype(np.float64) for name in ("shortfall", "news"))
        return Cell(shortfall, news, _unpacked(table["books"], "<i4").astype(np.int64), table["facts"])


def cell_of(scores: np.ndarray, split: np.ndarray | None) -> Cell:
    """From SCORE rows, and SPLIT rows where costs were taken apart."""
    good = scores["end"] != End.FAULT
    kept = scores[good]
    lots = max(int(kept["quantity"].sum()), 1)
    traded = max(int((kept["made"] + kept["taken"]).sum()), 1)
    objective = grouped_mean(-kept["reward"] - kept["news"], kept["template"])
    facts: dict[str, Any] = {
        "episodes": len(scores),
        "stopped": int((~good).sum()),
        "arrival_ticks": float(kept["arrival"].mean()) if len(kept) else 0.0,
        "lots": float(kept["quantity"].mean()) if len(kept) else 0.0,
        "forced_share": int(kept["forced"].sum()) / lots,
        "unfilled_share": int(kept["unfilled"].sum()) / lots,
        "maker_share": int(kept["made"].sum()) / traded,
        "refused": int(kept["refused"].sum()),
        "objective": [objective.value, objective.error] if math.isfinite(objective.error) else None,
        "split": None,
    }
    if split is not None and len(kept):
        facts["split"] = {name: float(split[name][good].mean()) for name in PARTS}
        apart = {name: split[name][good] for name in PARTS} | {"drift less news": split["drift"][good] - kept["news"]}
        errors = {name: grouped_mean(costs, kept["template"]).error for name, costs in apart.items()}
        known = all(map(math.isfinite, errors.values()))
        facts["drift_less_news_error"] = errors.pop("drift less news") if known else None
        facts["split_error"] = errors if known else None
    shortfall = np.where(good, scores["shortfall"], np.nan)
    return Cell.from_json(Cell(shortfall, scores["news"], scores["template"], facts).to_json())


class Store:
    """The cells of a benchmark in a folder, by their key. `make` is only called for one that is not there."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._code = folder / FOLDER, code_hash()
        self.made, self.found = 0, 0

    def get(self, kind: str, key: dict[str, Any], make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The content of a cell. Raises StorageError, and what `make` raises."""
        whole = {"schema": SCHEMA, "kind": kind, "code": self._code, **key}
        file = self._folder / f"{kind}-{fingerprint(whole)}.json"
        kept = _read(file, whole)
        if kept is not None:
            self.found += 1
            return kept
        self.made += 1
        text = json.dumps({"key": whole, "content": make()}, sort_keys=True, allow_nan=False)
        with whole_file(file) as draft:
            draft.write_text(text + "\n", "utf-8")
        content: dict[str, Any] = json.loads(text)["content"]
        return content


def _read(file: Path, key: dict[str, Any]) -> dict[str, Any] | None:
    """The content of a stored cell; None where there is none, or one that is damaged or of another key."""
    try:
        table = json.loads(file.read_text("utf-8"))
        content: dict[str, Any] = table["content"]
        return content if table["key"] == json.loads(json.dumps(key)) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _packed(values: np.ndarray, kind: str = "<f4") -> str:
    return base64.b64encode(np.asarray(values, kind).tobytes()).decode("ascii")


def _unpacked(text: str, kind: str = "<f4") -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), kind)
