"""Rows of a catalog as a stream is told them: one at a time, in the order in which their prices became known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tickwright.factors.checks import Case
from tickwright.factors.graph import Node
from tickwright.factors.pieces import Pieces, Rows, in_order
from tickwright.factors.sources.returns import ReturnSource
from tickwright.factors.stream import Constant, Stream

Told = tuple[np.ndarray, np.ndarray]
"""(slots, ESTIMATE rows (instruments, slots)) of one node."""
Sources = Mapping[str, ReturnSource | Sequence[ReturnSource]]


@dataclass(frozen=True, slots=True)
class Series:
    """Rows of one source of a stream: what is pushed under its `name` at its `place`."""

    name: str
    place: int
    source: ReturnSource
    rows: Any
    """As `ReturnSource.prices` takes them, in the order of a catalog."""
    made_of: Pieces | None = None
    """What a stream is told by in their stead; its rows are to be these, to the bit."""

    @property
    def pieces(self) -> Pieces:
        """How a stream is told of it."""
        if self.made_of is not None:
            return self.made_of
        prices = self.source.prices(self.rows)
        places = np.flatnonzero(prices["slot"] >= 0)
        return Rows(self.rows, places, prices["ts_available"][places])


def each_of(sources: Sources) -> Iterator[tuple[str, int, ReturnSource]]:
    """(name, place, source) of every series."""
    for name, given in sources.items():
        for place, source in enumerate([given] if isinstance(given, ReturnSource) else given):
            yield name, place, source


def played(stream: Stream, stored: Iterable[Series], wanted: str) -> Iterator[Told]:
    """What a stream tells of one node, row by row, to the end of the data."""
    every = list(stored)
    pieces = [series.pieces for series in every]
    makers = [piece.begin() for piece in pieces]
    for k, j in in_order([piece.moments for piece in pieces]):
        for rows in makers[k].take(j):
            slots, told = stream.push(every[k].name, rows, every[k].place)
            yield slots, told[wanted]
    slots, told = stream.close()
    yield slots, told[wanted]


def case_of(
    node: Node, sources: Sources, stored: Iterable[Series], constants: Mapping[str, Constant] | None = None
) -> Case:  # fmt: skip
    """The rows as the checks cut them: by column, each when it was known; what has no price is left out."""
    columns: dict[str, Any] = {name: [] for name in sources}
    made_of: dict[tuple[str, int], Pieces] = {}
    for series in stored:
        if series.made_of is not None:
            made_of[series.name, series.place] = series.made_of
        prices = series.source.prices(series.rows)
        kept = np.flatnonzero((prices["slot"] >= 0) & np.isfinite(prices["price"]))
        kept = kept[np.argsort(prices["ts_available"][kept], kind="stable")]
        times, known = np.asarray(series.rows["ts_event"])[kept], prices["ts_available"][kept]
        columns[series.name].append({"ts_event": times, "ts_available": known, "close": prices["price"][kept]})
    for name, given in sources.items():
        if isinstance(given, ReturnSource):
            columns[name] = columns[name][0]
    return Case(node, sources, columns, constants or {}, made_of)
