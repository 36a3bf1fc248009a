"""Rows shared by threads: each is in exactly one part, whoever takes it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tickwright.core.parts import in_parts


@pytest.mark.parametrize("count", [1, 2, 3, 63, 64, 127, 128, 257, 1000, 4096])
@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_every_row_is_in_one_part(count: int, threads: int) -> None:
    seen = np.zeros(count, np.int64)

    def work(first: int, last: int) -> int:
        seen[first:last] += 1
        return last - first

    with ThreadPoolExecutor(max(1, threads - 1)) as pool:
        done = in_parts(count, work, pool if threads > 1 else None, threads)
    assert (seen == 1).all()
    assert min(done) > 0
    assert sum(done) == count
    assert len(done) >= min(threads, count)


def test_threads_that_never_begin_are_not_waited_for() -> None:
    held = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(held.wait)  # the pool's one thread is busy with something else
        assert sum(in_parts(1000, lambda first, last: last - first, pool, 2)) == 1000
        held.set()


def test_two_threads_work_at_once() -> None:
    met = threading.Barrier(2, timeout=10)
    with ThreadPoolExecutor(1) as pool:
        in_parts(2, lambda first, last: met.wait(), pool, 2)


def test_an_error_of_any_part_is_raised() -> None:
    def work(first: int, last: int) -> None:
        if first <= 700 < last:
            raise ValueError("row 700")

    with ThreadPoolExecutor(1) as pool:
        for _ in range(20):
            with pytest.raises(ValueError, match="row 700"):
                in_parts(1000, work, pool, 2)
