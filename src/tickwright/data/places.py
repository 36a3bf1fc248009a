"""Where the rows of a chunk stand in their file: worked out only when a row is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tickwright.core.errors import FileFormatError


@dataclass(frozen=True, slots=True)
class Places:
    """Row k of a chunk is number `base + picks[k] + 1` of its file; `unit` names what is counted, as `line`."""

    file: Path | str
    unit: str
    base: int
    picks: np.ndarray | None = None
    """None for every row in order."""

    def of(self, row: int) -> str:
        """The place of one row, as `line 17`."""
        at = row if self.picks is None else int(self.picks[row])
        return f"{self.unit} {self.base + at + 1}"

    def refuse(self, bad: np.ndarray, found: Callable[[int], str], expected: str) -> None:
        """Raise FileFormatError for the first row where `bad` is true, if there is one."""
        if bad.any():
            row = int(bad.argmax())
            raise FileFormatError(self.file, self.of(row), found(row), expected)
