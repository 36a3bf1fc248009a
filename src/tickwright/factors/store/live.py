"""Rows of a stream on their way into the store, as what was told live."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from tickwright.core.units import Nanos
from tickwright.factors.store.rows import Origin
from tickwright.factors.store.store import FactorStore, Written
from tickwright.factors.tags import Definition

Frame = Callable[[Sequence[np.ndarray], np.ndarray], pl.DataFrame]
"""(ESTIMATE rows of each instrument, slots) → output rows, as `BetaFactory.frame` with the symbols."""


class LiveWriter:
    """Keeps what a stream tells until `flush` has stored it; rows that could not be stored stay for the next one."""

    def __init__(self, store: FactorStore, definition: Definition, frame: Frame) -> None:
        self._store, self._definition, self._frame = store, definition, frame
        self._waiting: list[tuple[np.ndarray, np.ndarray]] = []
        self.waiting = 0
        """Rows that are not stored yet."""

    def take(self, slots: np.ndarray, rows: np.ndarray) -> None:
        """What `Stream.push` told of the factor: slots, and ESTIMATE rows (instruments, slots)."""
        if len(slots):
            self._waiting.append((slots, rows))
            self.waiting += rows.size

    def flush(self, now: Nanos) -> Written | None:
        """Store what waits, as one write; None where nothing does. Raises what `FactorStore.append` raises."""
        if not self._waiting:
            return None
        slots, rows = zip(*self._waiting, strict=True)
        frame = self._frame(list(np.concatenate(rows, axis=1)), np.concatenate(slots))
        written = self._store.append(frame, self._definition, Origin.LIVE, now)
        self._waiting.clear()
        self.waiting = 0
        return written
