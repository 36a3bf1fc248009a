"""`ReferenceSource`: which sector each instrument was in, as it was known on the date of a slot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.time import utc_day
from tickwright.core.units import DAY, Nanos
from tickwright.data.reference.sectors import Sectors, Statement
from tickwright.factors.graph import identity
from tickwright.factors.grid import Grid
from tickwright.factors.records import SAMPLE, Status


@dataclass(frozen=True)
class ReferenceSource:
    """Statements about sectors, each with the day from which it was known. A live source is a new one, with more."""

    sectors: Sectors

    @classmethod
    def from_catalog(cls, catalog: Path | str) -> ReferenceSource:
        """The reference tables of a catalog's folder. Raises CatalogError."""
        return cls(Sectors.open(catalog))

    @classmethod
    def from_frame(cls, frame: Any) -> ReferenceSource:
        """A frame of Polars or pandas with symbol, sector, start and known; until where a statement has ended."""
        names = [f.name for f in fields(Statement) if f.name in frame.columns]
        if not {"symbol", "sector", "start", "known"} <= set(names):
            raise ConfigError("sectors", ", ".join(map(str, frame.columns)), "symbol, sector, start, known")
        rows = zip(*(frame[name].to_list() for name in names), strict=True)
        made = ({"until": None, **dict(zip(names, row, strict=True))} for row in rows)
        return cls(Sectors(tuple(Statement(**row) for row in made)))

    def known_by(self, moment: Nanos) -> ReferenceSource:
        """With what was said by then alone; of a day known is its begin."""
        return ReferenceSource(Sectors(tuple(s for s in self.sectors.statements if _begin(s.known) <= moment)))

    def said(self, symbols: Sequence[str]) -> list[Nanos]:
        """When something became known of any of these symbols, each moment once; a list ends what it lacks."""
        of = set(symbols)
        return sorted({_begin(s.known) for s in self.sectors.statements if s.snapshot or s.symbol in of})

    @property
    def digest(self) -> str:
        """Identity by content: of every statement, in whatever order they came."""
        return identity({"members": sorted(repr(statement) for statement in self.sectors.statements)})

    def names(self) -> list[str]:
        """Every sector, in the order of the codes."""
        return sorted({statement.sector for statement in self.sectors.statements})

    def weights(self, symbols: Sequence[str], weights: np.ndarray, slots: np.ndarray, grid: Grid) -> np.ndarray:
        """SAMPLE rows (instruments, slots) of `weights`, (instruments, 1), where a symbol was in a sector, as known.

        A GAP elsewhere: a basket is then of those alone that were members.
        """
        codes = self.codes(symbols, slots, grid)
        member = codes["status"] == int(Status.OK)
        codes["value"] = np.where(member, weights["value"], 0.0)
        codes["status"] = np.where(member, weights["status"], int(Status.GAP))
        return codes

    def codes(self, symbols: Sequence[str], slots: np.ndarray, grid: Grid) -> np.ndarray:
        """SAMPLE rows (instruments, slots) of the code of each sector; a GAP where none was known by then."""
        code = {name: k for k, name in enumerate(self.names())}
        begins = grid.begins(slots)
        days, at = np.unique(begins // DAY, return_inverse=True)
        out = np.zeros((len(symbols), len(slots)), SAMPLE)
        out["status"] = int(Status.GAP)
        for i, symbol in enumerate(symbols):
            told = [self.sectors.sector_of(symbol, utc_day(int(day) * DAY)) for day in days]
            known = np.array([sector is not None for sector in told], bool)[at]
            out["value"][i] = np.array([code.get(sector or "", 0) for sector in told], float)[at]
            out["status"][i] = np.where(known, int(Status.OK), int(Status.GAP))
        out["ts_available"], out["span"] = begins, 1
        return out


def _begin(day: dt.date) -> Nanos:
    return (day - dt.date(1970, 1, 1)).days * DAY
