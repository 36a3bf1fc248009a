"""Levels of quotes as they come: what a stream is told by is `QuotedLiquidity` itself, given the quotes in pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tickwright.core.units import Nanos
from tickwright.factors.grid import Grid
from tickwright.factors.pieces import Maker
from tickwright.factors.sources.liquidity import QuotedLiquidity


@dataclass(frozen=True)
class QuotedPieces:
    """Quotes in the order of `ts_recv`, of which slots from `start` on are told; `pieces.Pieces`.

    A slot gives two pieces: one as the half of its quotes is there, in its middle, and one as it ends.
    """

    rows: np.ndarray
    grid: Grid
    measure: str
    unit: float
    start: Nanos

    @property
    def moments(self) -> np.ndarray:
        """When each piece is given."""
        return self._cut[0]

    @property
    def until(self) -> np.ndarray:
        """The row behind the last of each piece."""
        return self._cut[1]

    def begin(self) -> Maker:
        """Before the first quote."""
        return _Quoted(self)

    @cached_property
    def _cut(self) -> tuple[np.ndarray, np.ndarray]:
        times = self.rows["ts_recv"]
        slots = self.grid.slots(times)
        inside = np.flatnonzero(slots >= 0)
        of, first, count = np.unique(slots[inside], return_index=True, return_counts=True)
        halves, ends = inside[first + (count - 1) // 2], inside[first + count - 1]
        moments = np.stack([times[halves], self.grid.ends(of)], axis=1)
        return moments.ravel(), np.stack([halves + 1, ends + 1], axis=1).ravel()


class _Quoted:
    """`pieces.Maker`."""

    def __init__(self, of: QuotedPieces) -> None:
        self.of = of
        self.live = QuotedLiquidity(of.grid, of.measure, of.unit)

    def take(self, at: int) -> Sequence[Any]:
        """The level of the slot that ends, where it has one."""
        of, first = self.of, int(self.of.until[at - 1]) if at else 0
        told = [self.live.feed(of.rows[first : of.until[at]]), self.live.until(int(of.moments[at]))]
        return [level for level in told if len(level["close"]) and level["ts_event"][0] >= of.start]

    def snapshot(self) -> bytes:
        """That of the levels: quotes come anew from where they are kept."""
        return self.live.snapshot()

    def restore(self, snapshot: bytes) -> None:
        """As `QuotedLiquidity.restore`."""
        self.live.restore(snapshot)
