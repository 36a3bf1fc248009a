"""splitmix64 against the published algorithm, in Python integers."""

import numpy as np

from tickwright.core.kernel import kernel
from tickwright.core.rng import derive, hash64, next64, to_unit

MASK = 2**64 - 1


def reference(seed, count):
    """splitmix64 as Vigna publishes it, on unbounded integers."""
    out, state = [], seed
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        out.append(z ^ (z >> 31))
    return out


@kernel
def draw(state, out):
    for i in range(out.shape[0]):
        out[i] = next64(state)


@kernel
def draws_by_key(seed, out):
    for i in range(out.shape[0]):
        out[i] = to_unit(hash64(seed, np.uint64(i)))


def test_stream_is_splitmix64():
    for seed in (0, 1, 1234567, 2**64 - 1):
        out = np.zeros(50, np.uint64)
        draw(np.array([seed], np.uint64), out)
        assert out.tolist() == reference(seed, 50)
    # First outputs of seed 1234567, as listed with the published C code.
    assert reference(1234567, 3) == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_keyed_draws_are_uniform_and_independent_of_order():
    out = np.zeros(200_000)
    draws_by_key(np.uint64(42), out)
    assert out.min() >= 0.0
    assert out.max() < 1.0
    counts = np.bincount((out * 50).astype(int), minlength=50)
    chi2 = ((counts - 4000) ** 2 / 4000).sum()
    assert chi2 < 90  # 49 degrees of freedom: p about 3e-4
    assert abs(np.corrcoef(out[:-1], out[1:])[0, 1]) < 0.01


def test_streams_of_one_seed_differ():
    assert len({derive(seed, name) for seed in range(50) for name in ("latency", "flow")}) == 100
