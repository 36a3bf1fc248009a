"""Rows of a catalog as a stream is told them: one at a time, in the order in which their prices became known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tickwright.factors.checks import Case
from tickwright.factors.graph import Node
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


def each_of(sources: Sources) -> Iterator[tuple[str, int, ReturnSource]]:
    """(name, place, source) of every series."""
    for name, given in sources.items():
        for place, source in enumerate([given] if isinstance(given, ReturnSource) else given):
            yield name, place, source


def played(stream: Stream, stored: Iterable[Series], wanted: str) -> Iterator[Told]:
    """What a stream tells of one node, row by row, to the end of the data."""
    every, places, known = list(stored), [], []
    for series in every:
        prices = series.source.prices(series.rows)
        places.append(np.flatnonzero(prices["slot"] >= 0))
        known.append(prices["ts_available"][places[-1]])
    for k, j in in_order(known):
        slots, told = stream.push(every[k].name, _row(every[k].rows, int(places[k][j])), every[k].place)
        yield slots, told[wanted]
    slots, told = stream.close()
    yield slots, told[wanted]


def in_order(known: Sequence[np.ndarray]) -> Iterator[tuple[int, int]]:
    """(series, place in it) of every row, by the moments at which they became known."""
    if not known:
        return
    which = np.concatenate([np.full(len(times), k) for k, times in enumerate(known)])
    at = np.concatenate([np.arange(len(times)) for times in known])
    for j in np.lexsort((at, which, np.concatenate(known))).tolist():
        yield int(which[j]), int(at[j])


def case_of(
    node: Node, sources: Sources, stored: Iterable[Series], constants: Mapping[str, Constant] | None = None
) -> Case:  # fmt: skip
    """The rows as the checks cut them: by column, each when it was known; what has no price is left out."""
    columns: dict[str, Any] = {name: [] for name in sources}
    for series in stored:
        prices = series.source.prices(series.rows)
        kept = np.flatnonzero((prices["slot"] >= 0) & np.isfinite(prices["price"]))
        kept = kept[np.argsort(prices["ts_available"][kept], kind="stable")]
        times, known = np.asarray(series.rows["ts_event"])[kept], prices["ts_available"][kept]
        columns[series.name].append({"ts_event": times, "ts_available": known, "close": prices["price"][kept]})
    for name, given in sources.items():
        if isinstance(given, ReturnSource):
            columns[name] = columns[name][0]
    return Case(node, sources, columns, constants or {})


def _row(rows: Any, at: int) -> Any:
    if isinstance(rows, np.ndarray):
        return rows[at : at + 1]
    return {name: values[at : at + 1] for name, values in rows.items()}
