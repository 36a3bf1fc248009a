"""One engine for history, stream and restart: a panel of instruments taken through slots, any number at a time.

1. `advance` is given slots in order and a sample of every source for every instrument; what is missing is zero.
2. Every node, in the order of ranks, gets its inputs laid side by side and is run over them, once.
3. The states stay; `snapshot` is all of them, and `restore` goes on from there.

A batch is `advance` with many slots, a stream with one: the bits are the same, for the kernel sees no difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError, DataError, FileFormatError
from tickwright.core.lanes import WIDTH
from tickwright.core.units import DAY
from tickwright.factors.graph import Graph, Node
from tickwright.factors.grid import Grid
from tickwright.factors.loops import LATE, NEVER
from tickwright.factors.records import ESTIMATE, SAMPLE, STEP, Sample, Status
from tickwright.factors.snapshot import sealed, unsealed

FORMAT = "tickwright.factors.snapshot/3"
_SAMPLE_KNOWN, _ESTIMATE_KNOWN = 0, 1
"""The word of a row that says when it is known."""
_AHEAD, _DAYS_AHEAD = 1024, 16
"""Slots of which a stream makes the steps at once; of days few, for each session costs what a thousand slots do."""


@dataclass(slots=True)
class Memory:
    """What one node keeps: a record and a column of numbers an instrument, and what its loop is called with."""

    config: np.ndarray
    states: np.ndarray
    rings: np.ndarray
    late: np.ndarray
    """Of each instrument the moments at which inputs were known that may yet be the latest of a look-back."""
    fresh: np.ndarray
    blank: np.ndarray
    spare: np.ndarray
    x: np.ndarray
    """The inputs side by side: memory that is used again while as many slots are given as before."""
    words: np.ndarray
    """The same, as `words_of`."""
    ports: tuple[tuple[str, bool], ...]
    """Of each input what gives it, and whether it takes samples."""
    plan: np.ndarray
    """Where inputs and the step lie in `x`, as the loops ask."""


class Engine:
    """A graph over `count` instruments on a grid. `begin` is the first slot of the run, by default the first given.

    `nodes`: those to run, where what the others make is given; by default all.
    """

    def __init__(
        self, graph: Graph, grid: Grid, count: int, begin: int | None = None, nodes: Sequence[Node] | None = None
    ) -> None:
        self.graph, self.grid, self.count = graph, grid, count
        self.nodes = graph.nodes if nodes is None else nodes
        self.begin = NEVER if begin is None else begin
        self.last = NEVER
        """The slot that was given last."""
        self.runs = dict.fromkeys((node.id for node in self.nodes), 0)
        """Slots that each node was run for, by its id."""
        self._session = 0
        self._ahead, self._steps, self._sessions = NEVER, np.zeros((1, 0, 0), np.int64), [0]
        """The first of the slots whose steps were made at once, these steps as words, and their sessions."""
        self._sources = tuple((source.name, source.id) for source in graph.sources)
        self._wanted = tuple(node.id for node in graph.wanted)
        self._memory = {node.id: _memory(node, count) for node in self.nodes}

    def advance(self, slots: np.ndarray, samples: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """ESTIMATE rows (instruments, slots) of every wanted node, by its id.

        `samples`: SAMPLE by the name of its source, (instruments, slots); (slots,) for what all share, (instruments, 1)
        for what does not change. Raises DataError for slots that do not rise, ConfigError for a source that is missing
        or of another shape.
        """
        self.check(samples, self.count, len(slots))
        made = {source: samples[name] for name, source in self._sources}
        if len(slots) == 1:
            self._take_one(int(slots[0]), made)
        else:
            self.take(steps_of(self.grid, slots), made)
        return {node: made[node] for node in self._wanted}

    def take(self, steps: np.ndarray, made: dict[str, np.ndarray]) -> None:
        """As `advance`, over STEP rows. `made`: rows by the id of what gives them, unchecked; those of nodes are added.

        Where there is memory for the rows of a node in `made`, they are written there.
        """
        slots = steps["slot"]
        if not len(slots):
            made.update({node.id: np.zeros((self.count, 0), ESTIMATE) for node in self.nodes})
            return
        if len(slots) > 1 and (slots[1:] <= slots[:-1]).any():
            raise DataError(f"slots {slots[0]} to {slots[-1]}: each must be later than the one before")
        self._run_all(words_of(steps), int(slots[0]), int(slots[-1]), int(steps["session"][-1]), made)

    def _take_one(self, slot: int, made: dict[str, np.ndarray]) -> None:
        """As `take`, of one slot: its step is of a table that is made for many at once."""
        at = slot - self._ahead
        if not 0 <= at < self._steps.shape[1]:
            self._ahead, at = slot, 0
            ahead = _AHEAD if self.grid.length < DAY else _DAYS_AHEAD
            steps = steps_of(self.grid, np.arange(slot, slot + ahead))
            self._steps, self._sessions = words_of(steps), steps["session"].tolist()
        self._run_all(self._steps[:, at : at + 1], slot, slot, self._sessions[at], made)

    def _run_all(self, steps: np.ndarray, first: int, last: int, session: int, made: dict[str, np.ndarray]) -> None:
        """Every node over steps as words, from slot `first` to `last` in `session`."""
        if first <= self.last:
            raise DataError(f"slots {first} to {last} after {self.last}: each must be later than the one before")
        if self.begin == NEVER:
            self.begin = first
        for node in self.nodes:
            made[node.id] = self._run(node, steps, made)
            self.runs[node.id] += steps.shape[1]
        self.last, self._session = last, session

    def check(self, samples: Mapping[str, np.ndarray], count: int, length: int) -> None:
        """Raise ConfigError for a source that is missing, or not SAMPLE rows of such a shape."""
        shapes = ((count, length), (length,), (count, 1))
        for name, _ in self._sources:
            rows = samples.get(name)
            if rows is None or rows.shape not in shapes or rows.dtype != SAMPLE:
                found = "nothing" if rows is None else f"{rows.dtype.names} of shape {rows.shape}"
                raise ConfigError(f"source {name}", found, f"samples of shape {shapes[0]}, or as long")

    def _run(self, node: Node, steps: np.ndarray, given: Mapping[str, np.ndarray]) -> np.ndarray:
        factor, memory = node.factor, self._memory[node.id]
        length = steps.shape[1]
        if memory.x.shape[1] != length:
            memory.x = np.zeros((self.count, length), factor.x)
            memory.words = words_of(memory.x)
        inputs = []
        for giver, samples in memory.ports:
            rows = given[giver]
            if samples and rows.dtype is not SAMPLE and rows.dtype == ESTIMATE:
                rows = as_samples(rows)
            inputs.append(words_of(rows))
        laid = (memory.words, steps, tuple(inputs), memory.plan)
        out = given.get(node.id)
        if out is None:
            out = np.empty((self.count, length), ESTIMATE)
        ready = self.begin + node.lookback - 1
        if factor.section:
            factor.loop(*laid, memory.config, ready, memory.x, out)
        else:
            factor.loop(
                *laid, memory.config, memory.states, memory.rings, memory.late, memory.fresh, self.last, self._session,
                node.own_lookback, ready, memory.x, memory.blank, memory.spare, out,
            )  # fmt: skip
        return out

    # ── restart ──────────────────────────────────────────────────────────────────────────────────────────────────

    def snapshot(self) -> bytes:
        """All states with a header: format, graph, instruments, slots. The same run gives the same bytes."""
        head = {
            **self._header(),
            "begin": self.begin, "last": self.last, "session": self._session, "runs": self.runs,
        }  # fmt: skip
        arrays = (array for node in self.nodes for array in self._arrays(node))
        return sealed(head, (np.ascontiguousarray(array).tobytes() for array in arrays))

    def restore(self, snapshot: bytes) -> None:
        """Go on from where a snapshot was taken. Raises FileFormatError for one of another graph or a damaged one."""
        head, body = unsealed(snapshot)
        for name, value in self._header().items():
            if head.get(name) != value:
                raise FileFormatError("snapshot", name, str(head.get(name)), str(value))
        at = 0
        for node in self.nodes:
            for array in self._arrays(node):
                array[...] = np.frombuffer(body, array.dtype, array.size, at).reshape(array.shape)
                at += array.nbytes
        self.begin, self.last, self._session = head["begin"], head["last"], head["session"]
        self.runs = head["runs"]

    def _header(self) -> dict[str, Any]:
        sizes = [[node.id, *(array.nbytes for array in self._arrays(node))] for node in self.nodes]
        grid = [self.grid.length, self.grid.session, self.grid.auction]
        return {"format": FORMAT, "graph": self.graph.id, "grid": grid, "count": self.count, "nodes": sizes}

    def _arrays(self, node: Node) -> Sequence[np.ndarray]:
        memory = self._memory[node.id]
        return memory.states, memory.rings, memory.late


def steps_of(grid: Grid, slots: np.ndarray) -> np.ndarray:
    """STEP rows of slots."""
    slots = np.ascontiguousarray(slots, np.int64)
    steps = np.zeros(len(slots), STEP)
    steps["slot"], steps["session"], steps["place"] = slots, grid.sessions(slots), grid.places(slots)
    steps["ts_event"], steps["ts_available"] = grid.begins(slots), grid.ends(slots)
    steps["gate"] = int(Status.OK)
    return steps


def words_of(rows: np.ndarray) -> np.ndarray:
    """Records as (instruments, slots, 64-bit words); what all share is one instrument's."""
    shape = (rows.shape[0] if rows.ndim > 1 else 1, rows.shape[-1], rows.itemsize // 8)
    if rows.flags.carray:  # a view of records as something else is slow to check in NumPy; a buffer is not
        return np.ndarray(shape, np.int64, rows)
    if rows.strides[-1] == rows.itemsize:  # and records are copied field by field, words as they lie
        return rows.view(np.int64).copy().reshape(shape)
    return np.ndarray(shape, np.int64, rows.copy())


def as_samples(rows: np.ndarray) -> np.ndarray:
    """ESTIMATE → SAMPLE rows: the value, when it was known, and the status, over one bar."""
    out = np.zeros(rows.shape, SAMPLE)
    for name in ("ts_available", "value", "status"):
        out[name] = rows[name]
    out["span"] = 1
    return out


def samples_of(values: np.ndarray, there: np.ndarray, ts_available: np.ndarray | int = 0) -> np.ndarray:
    """Numbers and whether each is there → SAMPLE rows over one bar; what is not there is a GAP."""
    out = np.zeros(np.shape(values), SAMPLE)
    out["value"] = np.where(there, values, 0.0)
    out["status"] = np.where(there, int(Status.OK), int(Status.GAP))
    out["span"] = np.where(there, 1, 0)
    out["ts_available"] = np.where(there, ts_available, 0)
    return out


def _memory(node: Node, count: int) -> Memory:
    factor, config = node.factor, node.config
    states, rings = factor.memory(config, count)
    late = np.zeros((LATE + 2 * node.own_lookback if node.own_lookback > 1 else 0, count), np.int64)
    lies = [
        (factor.place(port), _SAMPLE_KNOWN if record is Sample else _ESTIMATE_KNOWN, port in (factor.gates or ()))
        for port, record in factor.inputs.items()
    ]
    return Memory(
        factor.config_row(config), states, rings, late, np.zeros(1, states.dtype), np.zeros(WIDTH, factor.x),
        np.zeros(WIDTH, ESTIMATE), np.zeros((count, 0), factor.x), np.zeros((count, 0, 0), np.int64),
        tuple((node.inputs[port].id, record is Sample) for port, record in factor.inputs.items()),
        np.array([*lies, tuple(factor.place(name) for name in ("slot", "ts_available", "gate"))], np.int64),
    )  # fmt: skip
