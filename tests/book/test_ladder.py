"""The price ladder alone, as an L2 book, against a dictionary."""

import random

import numpy as np
import pytest

from tickwright.book.ladder import best, change, depth, has, level_size, next_price, wipe
from tickwright.book.layout import BookCode, ladder_dtype
from tickwright.core.errors import ConfigError
from tickwright.core.kernel import kernel

TINY = ladder_dtype(64, 256)


@kernel
def drive(ladders, k, operations, answers):
    """Per operation (side, price, delta, probe): code, has, best, size at the probe, next after the probe, depth 3."""
    ladder = ladders[k]
    for i in range(operations.shape[0]):
        side, price, delta, probe = operations[i, 0], operations[i, 1], operations[i, 2], operations[i, 3]
        answers[i, 0] = change(ladder, side, price, delta)
        answers[i, 1] = has(ladder, side)
        answers[i, 2] = best(ladder, side) if has(ladder, side) else 0
        answers[i, 3] = level_size(ladder, side, probe)
        found, worse = next_price(ladder, side, probe)
        answers[i, 4] = found
        answers[i, 5] = worse if found else 0
        answers[i, 6] = depth(ladder, side, 3)


@kernel
def start(ladders, k, centre):
    wipe(ladders[k], np.int64(centre))


def answers_of(operations, centre=0):
    ladders = np.zeros(1, TINY)
    start(ladders, 0, centre)
    answers = np.zeros((len(operations), 7), np.int64)
    drive(ladders, 0, np.array(operations, np.int64), answers)
    return answers, ladders[0]


def expected_answers(operations):
    levels = ({}, {})
    for side, price, delta, probe in operations:
        mine, sign = levels[side], -1 if side == 0 else 1
        code = 0
        if mine.get(price, 0) + delta < 0:
            code = int(BookCode.OVER_REDUCED)
        elif delta:
            mine[price] = mine.get(price, 0) + delta
            if mine[price] == 0:
                del mine[price]
        ordered = sorted(mine, key=lambda p: sign * p)
        worse = [p for p in ordered if sign * p > sign * probe]
        yield [
            code, bool(ordered), ordered[0] if ordered else 0, mine.get(probe, 0),
            bool(worse), worse[0] if worse else 0, sum(mine[p] for p in ordered[:3]),
        ]  # fmt: skip


@pytest.mark.parametrize("reach", [20, 100, 3_000, 2_000_000_000])
@pytest.mark.parametrize("seed", range(10))
def test_ladder_equals_a_dictionary(seed, reach):
    """Invariant: best, size, next worse price and depth are those of a plain dictionary, wherever the prices lie."""
    rng = random.Random(seed)
    operations, live = [], []
    middle = rng.randrange(-100, 100)
    for _ in range(1_500):
        middle += rng.choice([-3, 0, 3])
        if live and (len(live) > 150 or rng.random() < 0.5):
            side, price, size = live.pop(rng.randrange(len(live)))
            delta = -size
        else:
            side, delta = rng.randrange(2), rng.randrange(1, 9)
            price = middle + rng.randrange(-reach // 2, reach // 2)
            if rng.random() < 0.05:
                delta = -delta  # often refused
            else:
                live.append((side, price, delta))
        operations.append((side, price, delta, price + rng.randrange(-reach, reach)))
    answers, _ = answers_of(operations)
    assert np.array_equal(answers, np.array(list(expected_answers(operations)), np.int64)), f"seed {seed}"


def test_far_levels_beyond_the_table_are_refused_and_change_nothing():
    # 192 of 256 far places may be used. One bid at the window's centre keeps the window where it is.
    operations = [(0, 0, 1, 0)] + [(0, -1_000 - i, 1, 0) for i in range(193)]
    answers, ladder = answers_of(operations)
    assert (answers[:193, 0] == 0).all()
    assert answers[193, 0] == BookCode.LEVELS_FULL
    assert ladder["live"][0] == 193
    assert answers[193, 5] == -1_000, "the best level below the probe stands"


def test_the_window_follows_the_market():
    # A one-lot market walks up 5 000 ticks and down 10 000.
    path = [*range(0, 5_000), *range(5_000, -5_000, -1)]
    operations = []
    for t in path:
        operations += [(0, t - 1, 1, 0), (1, t + 1, 1, 0), (0, t - 1, -1, 0), (1, t + 1, -1, 0)]
    operations += [(0, path[-1] - 1, 1, 0), (1, path[-1] + 1, 1, 0)]
    answers, ladder = answers_of(operations)
    assert (answers[:, 0] == 0).all()
    assert ladder["best"].tolist() == [path[-1] - 1, path[-1] + 1]
    assert ladder["far_live"].sum() == 0
    # A move is by a quarter of the 64 ticks or more, and none is needed before an edge is reached.
    assert len(path) // 64 < ladder["moves"] <= len(path) // 16


def test_a_level_cannot_overflow_32_bits():
    answers, _ = answers_of([(1, 5, 2**31 - 1, 5), (1, 5, 1, 5)])
    assert answers[:, 0].tolist() == [0, BookCode.SIZE_OVERFLOW]
    assert answers[1, 3] == 2**31 - 1


@pytest.mark.parametrize(("levels", "far"), [(32, 64), (100, 64), (2**19, 64), (64, 3)])
def test_capacities_are_powers_of_two_within_bounds(levels, far):
    with pytest.raises(ConfigError):
        ladder_dtype(levels, far)
