"""Returns of many instruments laid on one clock: the slots on which any of them has a price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tickwright.factors.records import RETURN, SAMPLE

Given = np.ndarray | Sequence[np.ndarray]
"""RETURN rows of what all instruments share, or of each instrument."""


def clock_of(given: Mapping[str, Given]) -> np.ndarray:
    """Every slot on which any series has a row, in order."""
    slots = [rows["slot"] for series in given.values() for rows in series_of(series)]
    return np.unique(np.concatenate(slots)) if slots else np.zeros(0, np.int64)


def series_of(given: Given) -> Sequence[np.ndarray]:
    """The series of a source: one where all share it."""
    return [given] if isinstance(given, np.ndarray) else given


def samples_on(clock: np.ndarray, given: Given) -> np.ndarray:
    """SAMPLE rows (slots,) or (instruments, slots); zeros where a series has no row."""
    if isinstance(given, np.ndarray):
        return _one(clock, given)
    out = np.zeros((len(given), len(clock)), SAMPLE)
    for i, rows in enumerate(given):
        out[i] = _one(clock, rows)
    return out


def _one(clock: np.ndarray, rows: np.ndarray) -> np.ndarray:
    assert rows.dtype == RETURN
    out = np.zeros(len(clock), SAMPLE)
    at = np.searchsorted(clock, rows["slot"])
    for name in SAMPLE.names or ():
        if not name.startswith("_"):
            out[name][at] = rows[name]
    return out
