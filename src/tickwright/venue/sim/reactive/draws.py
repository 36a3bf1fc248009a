"""Draws that are a function of (seed, event, place) alone.

Event n of a book has a block of its own, and each use of chance has a fixed place in it. So what an agent does, how
many books run beside, on which thread and in which order, moves no draw of any later event (common random numbers).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tickwright.book.layout import Int
from tickwright.core.kernel import inline, kernel
from tickwright.core.rng import GOLDEN, mix64, to_unit

# int64: Numba would compile `uniform` for each plain number anew.
WAIT, KIND, SIZE, RANK, OWNER, SIDE, LENGTH, MOVE, REDRAW, INFORMED, NEWS, ACTIVITY, PRICE = map(np.int64, range(13))
GAP, THROUGH, BACK = map(np.int64, range(13, 16))
TIDINGS, PART, COMPANY, FLURRY = map(np.int64, range(17, 21))
VENUE, ROUTE, DARK, PATIENCE = map(np.int64, range(32, 36))
"""Used where there are several venues or a pool."""
AGENT = 16
"""Added to MOVE and REDRAW where an agent's action moved the mid before event n."""
QUEUES = 1024
"""From here on: what refills the queues after a re-initialisation or at the start, QUEUE_STRIDE places a queue."""
QUEUE_STRIDE = 256
ENTERING = 16_384
"""The same for a queue that enters the window, by its price: two that do so before one event are no copies."""

_STRIDE = np.uint64(0xD1342543DE82EF95)
_MASK = np.uint64(0xFFFF)
_S16, _S32, _S48 = np.uint64(16), np.uint64(32), np.uint64(48)
_SCALE = 3.0**0.5 / 65536.0
_CENTRE = 2.0 * 65535.0

_LAYERS = 256
_LAST_LAYER, _ONE = np.uint64(_LAYERS - 1), np.uint64(1)
_TAIL, _AREA = 7.697117470131487, 0.0039496598225815572
"""Where the tail of e^-x begins, and the area of each of 256 layers of equal area above it (Marsaglia and Tsang)."""
_TRIES = 64
"""Of draws from the edges of the layers; each succeeds three times in five or more often."""


def _edges() -> np.ndarray:
    """Right edges of the layers, the lowest first: as wide as its area needs, tail and all; 0 above the last."""
    edges = [_AREA * math.exp(_TAIL), _TAIL]
    while len(edges) < _LAYERS:
        edges.append(-math.log(_AREA / edges[-1] + math.exp(-edges[-1])))
    return np.array([*edges, 0.0])


_EDGES = _edges()


@inline(borrow=True)
def block_of(seed: np.uint64, event: Int) -> Any:
    """The block of an event: position `event` of the seed's splitmix64 stream."""
    return mix64(seed + np.uint64(event) * GOLDEN)


@inline(borrow=True)
def uniform(block: np.uint64, place: Int) -> float:
    """In [0, 1)."""
    return to_unit(mix64(block + np.uint64(place) * _STRIDE))


@inline(borrow=True)
def near_normal(block: np.uint64, place: Int) -> float:
    """Mean 0, variance 1, kurtosis 2.7: the sum of four uniforms of 16 bits, cheap and bounded by 3.5."""
    z = mix64(block + np.uint64(place) * _STRIDE)
    total = (z & _MASK) + ((z >> _S16) & _MASK) + ((z >> _S32) & _MASK) + (z >> _S48)
    return (np.float64(total) - _CENTRE) * _SCALE


@inline(borrow=True)
def exponential(block: np.uint64, place: Int) -> float:
    """At least 0, mean 1: by layers of equal area under e^-x, where one comparison decides 99 draws in 100.

    Source: Marsaglia, Tsang, "The ziggurat method for generating random variables", J. Statistical Software 5 (2000).
    """
    z = mix64(block + np.uint64(place) * _STRIDE)
    layer = z & _LAST_LAYER
    x = to_unit(z) * _EDGES[layer]
    return x if x < _EDGES[layer + _ONE] else _near_edge(z, layer, x)


@kernel(borrow=True)
def _near_edge(z: np.uint64, layer: np.uint64, x: float) -> float:
    """`exponential` where x may lie outside the curve: decided by further draws, which follow from the first."""
    beyond = 0.0
    for _ in range(_TRIES):
        if x < _EDGES[layer + _ONE]:
            break
        z = mix64(z + GOLDEN)
        if layer == 0:  # the tail is the whole law again, further out
            beyond += _TAIL
        else:
            low, high = math.exp(-_EDGES[layer]), math.exp(-_EDGES[layer + _ONE])
            if low + to_unit(z) * (high - low) < math.exp(-x):
                break
            z = mix64(z + GOLDEN)
        layer = z & _LAST_LAYER
        x = to_unit(z) * _EDGES[layer]
    return beyond + x
