"""Several streams in one order of time, with memory for one chunk of each.

1. Every stream (an instrument, a feed, a schema) hands out chunks of rows, in the order of its file.
2. The key of a row is its time by the clock asked for: `ts_event`, the exchange's, or `ts_recv`, the desk's. A row that
   is stamped earlier than one before it in its stream happens when that one did: the key is a running maximum, so that
   no stream is ever put into another order than its own.
3. The stream whose chunk ends first, in (key, rank), sets the bound: whatever comes up to it is complete and goes out.
4. Its next chunk is fetched, and so on, until all are at their end.

Ties: rows with equal keys go by the rank of their stream, its place in the list given, and within a stream by their
order there. The order depends on nothing else: not on how the rows were cut into chunks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tickwright.core.errors import ConfigError

Clock = Literal["ts_event", "ts_recv"]


@dataclass(frozen=True, eq=False)
class Merged:
    """Rows of several streams in order; row k comes from stream `rank[k]`."""

    rows: np.ndarray
    rank: np.ndarray


def merge(streams: Sequence[Iterable[np.ndarray]], clock: Clock = "ts_event") -> Iterator[Merged]:
    """Streams of one layout, as MARKET_EVENT, in one order. Raises ConfigError where they differ or lack the clock."""
    for parts in _merge_parts(streams, clock):
        layouts = {part.dtype for _, part, _ in parts}
        if len(layouts) > 1:
            raise ConfigError("streams", [str(t) for t in layouts], "rows of one layout; merge_runs takes several")
        order = np.argsort(np.concatenate([keys for _, _, keys in parts]), kind="stable")
        rank = np.concatenate([np.full(len(part), rank, np.int32) for rank, part, _ in parts])
        yield Merged(np.concatenate([part for _, part, _ in parts])[order], rank[order])


def merge_runs(streams: Sequence[Iterable[np.ndarray]], clock: Clock = "ts_event") -> Iterator[tuple[int, np.ndarray]]:
    """Streams of any layouts in one order: (rank of the stream, its next rows), as long a run as the order allows."""
    for parts in _merge_parts(streams, clock):
        order = np.argsort(np.concatenate([keys for _, _, keys in parts]), kind="stable")
        which = np.concatenate([np.full(len(part), i, np.int32) for i, (_, part, _) in enumerate(parts)])[order]
        taken = [0] * len(parts)
        for run in np.split(which, np.flatnonzero(np.diff(which)) + 1):
            rank, part, _ = parts[run[0]]
            begin = taken[run[0]]
            taken[run[0]] = begin + len(run)
            yield rank, part[begin : begin + len(run)]


class _Head:
    """The chunk of one stream that is being handed out."""

    def __init__(self, chunks: Iterable[np.ndarray], clock: Clock) -> None:
        self._chunks = iter(chunks)
        self._clock = clock
        self._latest = np.iinfo(np.int64).min
        self.rows: np.ndarray = np.zeros(0)
        self.keys: np.ndarray = np.zeros(0, np.int64)

    def fetch(self) -> bool:
        """Go on to the next chunk that is not empty; False at the end of the stream."""
        for rows in self._chunks:
            if len(rows):
                if self._clock not in (rows.dtype.names or ()):
                    raise ConfigError("clock", self._clock, f"a time that the rows have: {rows.dtype.names}")
                self.rows = rows
                self.keys = np.maximum(np.maximum.accumulate(rows[self._clock]), self._latest)
                self._latest = int(self.keys[-1])
                return True
        return False

    def take(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        rows, keys = self.rows[:count], self.keys[:count]
        self.rows, self.keys = self.rows[count:], self.keys[count:]
        return rows, keys


def _merge_parts(
    streams: Sequence[Iterable[np.ndarray]], clock: Clock
) -> Iterator[list[tuple[int, np.ndarray, np.ndarray]]]:
    """Batches of (rank, rows, keys), by rank; every row of a batch comes before every row of the next."""
    heads = {rank: _Head(chunks, clock) for rank, chunks in enumerate(streams)}
    for rank in list(heads):
        if not heads[rank].fetch():
            del heads[rank]
    while heads:
        bound, first = min((int(head.keys[-1]), rank) for rank, head in heads.items())
        parts = []
        for rank, head in heads.items():
            # A stream of a later rank gives way at equal keys: the bounding stream may have more of them.
            count = int(np.searchsorted(head.keys, bound, "right" if rank <= first else "left"))
            if count:
                parts.append((rank, *head.take(count)))
        yield parts
        if not heads[first].fetch():
            del heads[first]
