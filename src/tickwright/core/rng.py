"""Deterministic randomness: splitmix64, as a stream and as a pure function of a key.

Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. Constants as published
by Vigna. A draw that is a function of (seed, stream, key) does not depend on how many draws came before, so that two
policies compared on one seed meet the same latency at the same moment (common random numbers).
"""

from __future__ import annotations

import numpy as np

from tickwright.core.ids import stable_id
from tickwright.core.kernel import inline

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_UNIT = 2.0**-53


@inline(borrow=True)
def mix64(z: np.uint64) -> np.uint64:
    """The splitmix64 finaliser: a bijection of 64-bit integers."""
    z = (z ^ (z >> _S30)) * _MIX_1
    z = (z ^ (z >> _S27)) * _MIX_2
    return z ^ (z >> _S31)


@inline(borrow=True)
def hash64(seed: np.uint64, key: np.uint64) -> np.uint64:
    """A draw that is a pure function of seed and key."""
    return mix64(mix64(seed + GOLDEN) ^ (key * GOLDEN + GOLDEN))


@inline(borrow=True)
def to_unit(bits: np.uint64) -> float:
    """64 random bits → float64 in [0, 1)."""
    return np.float64(bits >> _S11) * _UNIT


@inline(borrow=True)
def next64(state: np.ndarray) -> np.uint64:
    """Advance a stream held in `state[0]` (uint64) and return its next 64 bits."""
    state[0] = state[0] + GOLDEN
    return mix64(state[0])


def derive(seed: int, stream: str) -> int:
    """A 63-bit seed for a named stream of a run: streams of one seed are independent of one another."""
    return stable_id(f"{seed}/{stream}")
