"""The three-level bitmaps against a sorted list, with members in every word of every level."""

import bisect
import random

import numpy as np
import pytest

from tickwright.book import bits
from tickwright.book.layout import ladder_dtype
from tickwright.core.kernel import kernel

LEVELS = 2**14  # 256, 4 and 1 words
WIDE = ladder_dtype(LEVELS, 64)


@kernel
def drive(ladders, k, operations, answers):
    """Per operation (insert, remove or look; side; index): is it in, is the set empty, cyclic neighbours."""
    ladder = ladders[k]
    for i in range(operations.shape[0]):
        what, side, at = operations[i, 0], operations[i, 1], operations[i, 2]
        if what > 0:
            bits.insert(ladder, side, at)
        elif what < 0:
            bits.remove(ladder, side, at)
        answers[i, 0] = bits.contains(ladder, side, at)
        answers[i, 1] = bits.empty(ladder, side)
        if not bits.empty(ladder, side):
            answers[i, 2] = bits.below_cyclic(ladder, side, at)
            answers[i, 3] = bits.above_cyclic(ladder, side, at)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("most", [3, 40, 2_000])
def test_neighbours_are_those_of_a_sorted_list(seed, most):
    """Invariant: membership and both cyclic neighbours of any index, after each insertion and removal."""
    rng = random.Random(seed)
    members, operations, want = ([], []), [], []
    for _ in range(4_000):
        side, at = rng.randrange(2), rng.randrange(LEVELS)
        mine, what = members[side], rng.choice([1, 0, -1])
        if what < 0 or len(mine) >= most:
            what, at = (-1, rng.choice(mine)) if mine else (0, at)
        if what > 0 and at not in mine:
            bisect.insort(mine, at)
        elif what < 0:
            mine.remove(at)
        operations.append((what, side, at))
        below, above = bisect.bisect_left(mine, at) - 1, bisect.bisect_right(mine, at)
        want.append((at in mine, not mine, mine[below] if mine else 0, mine[above % len(mine)] if mine else 0))
    answers = np.zeros((len(operations), 4), np.int64)
    drive(np.zeros(1, WIDE), 0, np.array(operations), answers)
    assert answers.tolist() == [[int(x) for x in row] for row in want], f"seed {seed}"
