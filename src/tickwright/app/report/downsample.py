"""Fewer quotes to draw, without losing what the eye would see."""

from __future__ import annotations

import numpy as np


def for_display(times: np.ndarray, bid: np.ndarray, ask: np.ndarray, buckets: int, keep: np.ndarray) -> np.ndarray:
    """Rows of a step series that draw the same picture at `buckets` columns.

    Of every bucket of equal time the first and the last row, and those of the lowest and the highest bid and ask
    (the M4 aggregation of Jugel et al., VLDB 2014); of the rows named by `keep` every one, and the one before.
    Returns rising row numbers.
    """
    count = len(times)
    if count <= 6 * buckets:
        return np.arange(count, dtype=np.int64)
    edges = np.linspace(times[0], times[-1], buckets + 1)
    starts = np.unique(np.searchsorted(times, edges[:-1], side="left"))
    bounds = np.append(starts, count)
    chosen = [starts, bounds[1:] - 1]
    for values in (bid, ask):
        for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            part = values[first:last]
            chosen.append(np.array([first + int(part.argmin()), first + int(part.argmax())]))
    around = np.concatenate([keep, keep - 1])
    chosen.append(around[(around >= 0) & (around < count)])
    rows: np.ndarray = np.unique(np.concatenate(chosen))
    return rows
