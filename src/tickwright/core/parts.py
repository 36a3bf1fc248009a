"""The rows of a compiled call, shared by threads.

1. They are cut into parts, several for each thread where there are rows enough.
2. The calling thread and those of a pool each take the next part when they are through with one: a thread that wakes
   late, or whose processor has other work, takes fewer.
3. A thread that has not begun when no part is left is not waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_ROWS = 64
"""Of a part at least, unless threads would be idle: a call takes as long as a step of half a row."""
_EACH = 4
"""Parts a thread, at most."""


def in_parts(count: int, work: Callable[[int, int], T], pool: ThreadPoolExecutor | None, threads: int) -> list[T]:
    """What `work(first, last)` returned for parts that together are rows 0 to `count` - 1, in no order, on this thread
    and `threads` - 1 of the pool."""
    if pool is None or threads == 1:
        return [work(0, count)]
    number = min(count, threads * max(1, min(_EACH, count // (threads * _ROWS))))
    parts = iter([(count * i // number, count * (i + 1) // number) for i in range(number)])  # each is taken once
    others = [pool.submit(_work_on, parts, work) for _ in range(threads - 1)]
    results = _work_on(parts, work)
    for other in others:
        if not other.cancel():
            results += other.result()
    return results


def _work_on(parts: Iterator[tuple[int, int]], work: Callable[[int, int], T]) -> list[T]:
    return [work(first, last) for first, last in parts]
