"""A graph over history: the engine, a chunk of slots at a time, instruments one by one or in several hands.

1. Stages of the graph that look at one instrument alone go to the executor, an instrument a task.
2. A section, which looks at all, is run here, on what the stage before gave.
3. The rows are those that the stream gives, slot by slot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tickwright.factors.engine import Engine
from tickwright.factors.executor import Executor, Serial
from tickwright.factors.graph import Graph, Node
from tickwright.factors.grid import Grid
from tickwright.factors.records import ESTIMATE

CHUNK = 4096
"""Slots that are taken at once: inputs and rows of them fit into a cache."""


@dataclass(frozen=True)
class Task:
    """Some nodes over one instrument, or a section over all; `given` by the id of what gives it."""

    nodes: tuple[Node, ...]
    keep: tuple[str, ...]
    grid: Grid
    slots: np.ndarray
    begin: int
    given: Mapping[str, np.ndarray]
    count: int


def run(
    graph: Graph, grid: Grid, slots: np.ndarray, samples: Mapping[str, np.ndarray], executor: Executor | None = None
) -> dict[str, np.ndarray]:
    """ESTIMATE rows (instruments, slots) of every wanted node, by its id.

    `samples`: SAMPLE by the name of a source, (instruments, slots), or (slots,) for what all share. The bits do not
    depend on the executor. Raises what `Engine.advance` raises.
    """
    executor = executor or Serial()
    count = max((len(rows) for rows in samples.values() if rows.ndim == 2), default=1)
    wanted = {node.id for node in graph.wanted}
    if not len(slots):
        return {node: np.zeros((count, 0), ESTIMATE) for node in wanted}
    Engine(graph, grid, 0, nodes=()).check(samples, count, len(slots))
    given = {source.id: samples[source.name] for source in graph.sources}
    for k, stage in enumerate(graph.stages):
        after = {giver.id for later in graph.stages[k + 1 :] for node in later for giver in node.inputs.values()}
        keep = tuple(node.id for node in stage if node.id in wanted | after)
        taken = {giver.id: given[giver.id] for node in stage for giver in node.inputs.values() if giver.id in given}
        common = (stage, keep, grid, slots, int(slots[0]))
        if stage[0].factor.section:
            given.update(carry_out(Task(*common, taken, count)))
            continue
        tasks = (
            Task(*common, {name: rows[i : i + 1] if rows.ndim == 2 else rows for name, rows in taken.items()}, 1)
            for i in range(count)
        )
        made = {name: np.empty((count, len(slots)), ESTIMATE) for name in keep}
        for i, rows in enumerate(executor.map(carry_out, tasks)):
            for name in keep:
                made[name][i] = rows[name][0]
        given.update(made)
    return {node: given[node] for node in wanted}


def carry_out(task: Task) -> dict[str, np.ndarray]:
    """The rows that a task keeps, by node."""
    engine = Engine(Graph(task.nodes), task.grid, task.count, task.begin, task.nodes)
    out = {name: np.empty((task.count, len(task.slots)), ESTIMATE) for name in task.keep}
    length = max(1, CHUNK // task.count)
    for at in range(0, len(task.slots), length):
        part = slice(at, at + length)
        given = {name: rows if rows.shape[-1] == 1 else rows[..., part] for name, rows in task.given.items()}
        made = engine.advance_nodes(task.slots[part], given)
        for name in task.keep:
            out[name][:, part] = made[name]
    return out
