"""Rows of a series as a stream is told them: as they are stored, or made of others, piece by piece, as those come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


class Maker(Protocol):
    """What a series is told by, from its first moment on; what it knows is taken along by a restart."""

    def take(self, at: int) -> Sequence[Any]:
        """What is pushed at the moment of this number: rows as `ReturnSource.prices` takes them, maybe none."""

    def snapshot(self) -> bytes:
        """What a maker begun anew needs to go on."""

    def restore(self, snapshot: bytes) -> None:
        """Go on from there. Raises FileFormatError for one of another maker."""


class Pieces(Protocol):
    """A series in the order of time."""

    @property
    def moments(self) -> np.ndarray:
        """Nanoseconds, never falling: when something of it happens."""

    def begin(self) -> Maker:
        """Before the first moment."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows as they are stored, one a moment; `places` are those that are told."""

    rows: Any
    places: np.ndarray
    moments: np.ndarray

    def begin(self) -> Maker:
        """Itself: it knows nothing beside its rows."""
        return self

    def take(self, at: int) -> Sequence[Any]:
        """One row."""
        place = int(self.places[at])
        if isinstance(self.rows, np.ndarray):
            return [self.rows[place : place + 1]]
        return [{name: values[place : place + 1] for name, values in self.rows.items()}]

    def snapshot(self) -> bytes:
        """Nothing."""
        return b""

    def restore(self, snapshot: bytes) -> None:
        """Nothing."""


def in_order(known: Sequence[np.ndarray]) -> Iterator[tuple[int, int]]:
    """(series, place in it) of every row, by the moments at which they became known."""
    if not known:
        return
    which = np.concatenate([np.full(len(times), k) for k, times in enumerate(known)])
    at = np.concatenate([np.arange(len(times)) for times in known])
    for j in np.lexsort((at, which, np.concatenate(known))).tolist():
        yield int(which[j]), int(at[j])
