"""Order ids to arena slots: an open-addressing table with linear probing and backward-shift deletion.

`keys` (uint64) and `slots` (int32, NIL where free) have one power-of-two length, at most half
full, so every probe ends.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.layout import NIL, Int
from tickwright.core.kernel import inline

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_HIGH = np.uint64(32)


@inline(borrow=True)
def _home(keys: np.ndarray, key: Int) -> Int:
    return np.int64((key * _GOLDEN) >> _HIGH) & (keys.shape[0] - 1)


@inline(borrow=True)
def find(keys: np.ndarray, slots: np.ndarray, key: Int) -> Int:
    """The place of a key, or of the free cell where it would go: test `slots[place]`."""
    place = _home(keys, key)
    while slots[place] != NIL and keys[place] != key:
        place = (place + 1) & (keys.shape[0] - 1)
    return place


@inline(borrow=True)
def delete(keys: np.ndarray, slots: np.ndarray, place: Int) -> None:
    """Free a place; keys behind it may move up."""
    mask = keys.shape[0] - 1
    hole = place
    probe = (place + 1) & mask
    while slots[probe] != NIL:
        # A key may fill the hole when its home does not lie cyclically in (hole, probe].
        if (probe - _home(keys, keys[probe])) & mask >= (probe - hole) & mask:
            keys[hole] = keys[probe]
            slots[hole] = slots[probe]
            hole = probe
        probe = (probe + 1) & mask
    slots[hole] = NIL


def empty_table(size: int) -> tuple[np.ndarray, np.ndarray]:
    """`keys` and `slots` of an empty table; `size` is a power of two, at least twice the keys it will hold."""
    return np.zeros(size, np.uint64), np.full(size, NIL, np.int32)
