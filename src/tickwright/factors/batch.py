"""A graph over history: the engine, a chunk of slots at a time, instruments one by one or in several hands.

1. Stages of the graph that look at one instrument alone go to the executor, eight instruments a task.
2. A section, which looks at all, is run here, on what the stage before gave.
3. The rows are those that the stream gives, slot by slot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.lanes import WIDTH
from tickwright.factors.engine import Engine, steps_of
from tickwright.factors.executor import Executor, Serial
from tickwright.factors.graph import Graph, Node
from tickwright.factors.grid import Grid
from tickwright.factors.records import ESTIMATE

BLOCK = WIDTH
"""Instruments that are taken at once."""
CHUNK = 4096
"""Rows that are taken at once, slots by instruments: inputs and rows of them fit into a cache."""


Rows = np.ndarray | list[np.ndarray]
"""Of all instruments, of what all share, or of each block."""


@dataclass(frozen=True)
class Task:
    """Some nodes over a block of instruments, or a section over all; `given` by the id of what gives it."""

    nodes: tuple[Node, ...]
    keep: tuple[str, ...]
    grid: Grid
    steps: np.ndarray
    begin: int
    given: Mapping[str, np.ndarray]
    count: int


def run(
    graph: Graph, grid: Grid, slots: np.ndarray, samples: Mapping[str, np.ndarray], executor: Executor | None = None
) -> dict[str, Sequence[np.ndarray]]:
    """ESTIMATE rows of every wanted node, by its id: (slots,) of each instrument.

    `samples`: SAMPLE by the name of a source, (instruments, slots), or (slots,) for what all share. The bits do not
    depend on the executor. Raises what `Engine.advance` raises.
    """
    executor = executor or Serial()
    count = max((len(rows) for rows in samples.values() if rows.ndim == 2), default=1)
    wanted = {node.id for node in graph.wanted}
    if not len(slots):
        return {node: list(np.zeros((count, 0), ESTIMATE)) for node in wanted}
    Engine(graph, grid, 0, nodes=()).check(samples, count, len(slots))
    steps = steps_of(grid, slots)
    given: dict[str, Rows] = {s.id: samples[s.name] for s in graph.sources}
    for k, stage in enumerate(graph.stages):
        after = {giver.id for later in graph.stages[k + 1 :] for node in later for giver in node.inputs.values()}
        keep = tuple(node.id for node in stage if node.id in wanted | after)
        taken = {giver.id: given[giver.id] for node in stage for giver in node.inputs.values() if giver.id in given}
        common = (stage, keep, grid, steps, int(slots[0]))
        if stage[0].factor.section:
            whole = {name: np.concatenate(rows) if isinstance(rows, list) else rows for name, rows in taken.items()}
            given.update(carry_out(Task(*common, whole, count)))
            continue
        tasks = (
            Task(*common, {name: _of(rows, k) for name, rows in taken.items()}, min(BLOCK, count - k * BLOCK))
            for k in range(-(-count // BLOCK))
        )
        # Lists: to copy all rows once more into one array would cost as much as to compute them.
        made: dict[str, list[np.ndarray]] = {name: [] for name in keep}
        for rows in executor.map(carry_out, tasks):
            for name in keep:
                made[name].append(rows[name])
        given.update(made)
    return {node: [row for block in _listed(given[node]) for row in block] for node in wanted}


def chunks(
    graph: Graph, grid: Grid, slots: np.ndarray, samples: Mapping[str, np.ndarray]
) -> Iterator[tuple[slice, slice, dict[str, np.ndarray]]]:
    """What `run` gives, for more rows than memory holds: (instruments, slots, rows of every wanted node) in turn.

    Rows are (instruments, slots) of these, and good until the next are taken. Raises ConfigError for a graph with a
    section.
    """
    if any(node.factor.section for node in graph.nodes):
        raise ConfigError("graph", "a node across instruments", "nodes of one instrument each")
    count = max((len(rows) for rows in samples.values() if rows.ndim == 2), default=1)
    Engine(graph, grid, 0, nodes=()).check(samples, count, len(slots))
    steps = steps_of(grid, slots)
    for k in range(-(-count // BLOCK)):
        block = slice(k * BLOCK, min(k * BLOCK + BLOCK, count))
        engine = Engine(graph, grid, block.stop - block.start, int(slots[0]) if len(slots) else None)
        given = {s.id: _of(samples[s.name], k) for s in graph.sources}
        for part, made in _parts(engine, steps, given):
            yield block, part, {node.id: made[node.id] for node in graph.wanted}


def _parts(
    engine: Engine, steps: np.ndarray, given: Mapping[str, np.ndarray]
) -> Iterator[tuple[slice, dict[str, np.ndarray]]]:
    """An engine through all steps, some at a time, into memory that is used again: (slots, rows by node)."""
    length = max(1, CHUNK // engine.count)
    memory = {node.id: np.empty((engine.count, min(length, len(steps))), ESTIMATE) for node in engine.nodes}
    for at in range(0, len(steps), length):
        part = slice(at, min(at + length, len(steps)))
        if part.stop - at < length:  # rows of the last part lie close, as all others
            memory = {name: np.empty((engine.count, part.stop - at), ESTIMATE) for name in memory}
        made = {name: _cut(rows, part) for name, rows in given.items()} | memory
        engine.take(steps[part], made)
        yield part, made


def _cut(rows: np.ndarray, part: slice) -> np.ndarray:
    """Some slots; all of what does not change."""
    return rows if rows.shape[-1] == 1 else rows[..., part]


def _of(rows: Rows, k: int) -> np.ndarray:
    """What block `k` of the instruments has, as (instruments, slots); what all share, as it is."""
    if isinstance(rows, list):
        return rows[k]
    return rows[k * BLOCK : k * BLOCK + BLOCK] if rows.ndim == 2 else rows


def _listed(rows: Rows) -> list[np.ndarray]:
    return rows if isinstance(rows, list) else [rows]


def carry_out(task: Task) -> dict[str, np.ndarray]:
    """The rows that a task keeps, by node."""
    engine = Engine(Graph(task.nodes), task.grid, task.count, task.begin, task.nodes)
    out = {name: np.empty((task.count, len(task.steps)), ESTIMATE) for name in task.keep}
    for part, made in _parts(engine, task.steps, task.given):
        for name in task.keep:
            out[name][:, part].view(np.int64)[:] = made[name].view(np.int64)  # not field by field
    return out
