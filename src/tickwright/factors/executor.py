"""The port `Executor`: how a run over instruments is carried out. Every one gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Executor(Protocol):
    """Calls a function on every item; results in the order of the items."""

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """One result an item. What the function raises is raised here."""


@dataclass(frozen=True, slots=True)
class Serial:
    """One after the other, here."""

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """As `Executor.map`."""
        return map(function, items)


@dataclass(frozen=True, slots=True)
class Threads:
    """On some threads: kernels hold no lock."""

    count: int

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """As `Executor.map`."""
        with ThreadPoolExecutor(self.count) as pool:
            yield from pool.map(function, items)


@dataclass(frozen=True, slots=True)
class Processes:
    """In some processes of their own, each begun anew; items and results are copied."""

    count: int

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """As `Executor.map`; the function must be one that a module has."""
        with ProcessPoolExecutor(self.count, mp_context=get_context("spawn")) as pool:
            yield from pool.map(function, items)
