"""Eight numbers at once are eight numbers one by one, to the bit."""

import numba
import numpy as np

from tickwright.core.lanes import WIDTH, chosen, every, fetch_behind, lanes_of, larger, load, root, smaller, store


@numba.njit(error_model="numpy")
def at_once(a, b, out):
    x, y = load(a, 0), load(b, 0)
    store(out, 0, x + y)
    store(out, 8, x - y)
    store(out, 16, x * y + x)
    store(out, 24, x / y)
    store(out, 32, larger(x, y))
    store(out, 40, smaller(x, y))
    store(out, 48, root(x))
    store(out, 56, chosen(y, x, every(3.5)))


def test_every_lane_is_a_number_of_its_own():
    """Invariant: what IEEE 754 says of each operation, with no product fused into a sum; zeros and infinities too."""
    rng = np.random.default_rng(1)
    with np.errstate(all="ignore"):
        for k in range(200):
            a, b = rng.normal(0, 1, WIDTH) * 10.0 ** rng.integers(-9, 9, WIDTH), rng.normal(0, 1, WIDTH)
            if k % 4 == 0:
                a[rng.integers(WIDTH)], b[rng.integers(WIDTH)] = rng.choice([0.0, np.inf, -np.inf, -0.0]), 0.0
            out = np.zeros(64)
            at_once(a, b, out)
            wanted = (
                a + b, a - b, a * b + a, a / b, np.where(a > b, a, b), np.where(a < b, a, b), np.sqrt(a),
                np.where(b != 0, a, 3.5),
            )  # fmt: skip
            for j, want in enumerate(wanted):
                np.testing.assert_array_equal(out[8 * j : 8 * j + 8], want)


@numba.njit(error_model="numpy")
def laid(a, out):
    fetch_behind(a, 0)
    fetch_behind(a, 1 << 40)
    store(out, 0, lanes_of(a[7], a[6], a[5], a[4], a[3], a[2], a[1], a[0]))


def test_numbers_stand_side_by_side_in_their_order_and_asking_for_memory_of_nobody_does_nothing():
    a, out = np.arange(8.0), np.zeros(8)
    laid(a, out)
    assert out.tolist() == [7, 6, 5, 4, 3, 2, 1, 0]
    assert a.tolist() == list(range(8))
