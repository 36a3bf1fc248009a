"""Two streams of rows that belong together, cut alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np


def aligned(left: Iterable[np.ndarray], right: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pieces of equal length of two streams, until one of them ends."""
    other = iter(right)
    rest: np.ndarray | None = None
    for piece in left:
        while len(piece):
            if rest is None or not len(rest):
                rest = next(other, None)
                if rest is None:
                    return
                continue
            count = min(len(piece), len(rest))
            yield piece[:count], rest[:count]
            piece, rest = piece[count:], rest[count:]
