"""A graph over what comes in, row by row: prices to slots, slots to rows of output. The bits are those of the batch.

When a slot is over is written down here, and nowhere else:

1. Rows come in the order in which they became known. One that is known earlier than another before it is refused.
2. A slot is closed when something is known later than its end plus the patience of its sources, the end of a source
   with a calendar of its own being its own; or, where every source gives one bar a slot, when every series has given it
   or a later one. Slots are closed in order, each once; a node then runs once.
3. A price of a closed slot is late. It was known after the end plus the patience, and by that a batch knows it too;
   it is left out and counted (`left_out`), and nothing that was told is told anew.
4. Of two bars of one slot the first stands, the other is a duplicate and counted.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError, DataError, FileFormatError
from tickwright.core.units import Nanos
from tickwright.factors.engine import Engine
from tickwright.factors.graph import Graph, identity
from tickwright.factors.records import ESTIMATE, RETURN, SAMPLE
from tickwright.factors.sources.returns import LiveReturns, ReturnSource

FORMAT = "tickwright.factors.stream/2"
_DIGEST = 16
"""Bytes, in front of all others."""
_FIELDS = tuple(name for name in SAMPLE.names or () if not name.startswith("_"))
Constant = np.ndarray | Callable[[np.ndarray], np.ndarray]
Told = tuple[np.ndarray, dict[str, np.ndarray]]
"""(slots, ESTIMATE rows (instruments, slots) of every wanted node by its id)."""


class Stream:
    """A graph with live sources, all on one grid.

    `sources`: by the name that the graph gives it, one ReturnSource for what all instruments share or one an
    instrument. `constants`: samples (instruments, 1) of what does not change, as weights, or what makes those of some
    slots, (instruments, slots), as membership.
    """

    def __init__(
        self, graph: Graph, sources: Mapping[str, ReturnSource | Sequence[ReturnSource]],
        constants: Mapping[str, Constant] | None = None,
    ) -> None:  # fmt: skip
        self.graph = graph
        self._constants = dict(constants or {})
        self._series: dict[tuple[str, int], LiveReturns] = {}
        self._shared = {name for name, given in sources.items() if isinstance(given, ReturnSource)}
        for name, given in sources.items():
            for i, source in enumerate([given] if isinstance(given, ReturnSource) else given):
                self._series[name, i] = LiveReturns(source)
        every = [live.source for live in self._series.values()]
        if not every:
            raise ConfigError("sources", "none", "one at least")
        if len({source.grid for source in every}) > 1:
            raise ConfigError("sources", "several grids", "one grid")
        self.grid = every[0].grid
        self.count = max(1, *(len(g) for g in sources.values() if not isinstance(g, ReturnSource)), 1)
        self._patience = max(source.patience for source in every)
        self._bars = all(source.bars for source in every)
        self._clocks = list({source.own: source for source in every}.values())
        """A source of every calendar."""
        self.engine = Engine(graph, self.grid, self.count)
        self.now: Nanos | None = None
        """The latest moment at which something was known."""
        self._waiting: dict[int, dict[tuple[str, int], np.ndarray]] = {}

    def push(self, name: str, rows: Any, instrument: int = 0) -> Told:
        """Rows of one series → what they close. `rows` as `ReturnSource.returns` takes them.

        Raises DataError for a row that was known earlier than one before it.
        """
        live = self._series.get((name, instrument))
        if live is None:
            raise ConfigError("series", f"{name}, {instrument}", "a source of this stream, and one of its instruments")
        prices = live.source.prices(rows)
        told = []
        # Rows of one moment enter together; then what that moment closes is closed.
        edges = np.flatnonzero(np.diff(prices["ts_available"])) + 1
        for part in np.split(prices, edges) if len(prices) else []:
            known = int(part["ts_available"][0])
            told.append(self.advance(known))
            self._keep((name, instrument), live.take(part))
            if self._bars:
                told.append(self._close(self._given_by_all()))
        return self._together(told)

    def advance(self, now: Nanos) -> Told:
        """Say that it is `now`: close what is over. Raises DataError where it was later before."""
        if self.now is not None and now < self.now:
            raise DataError(
                f"known at {now}, after something that was known at {self.now}: merge feeds by ts_available"
            )
        self.now = now
        slots = self._open()
        if len(slots):
            ends = np.max([source.ends(slots) for source in self._clocks], axis=0)
            slots = slots[ends + self._patience < now]
        return self._close(int(slots[-1]) if len(slots) else None)

    def close(self) -> Told:
        """Close everything: the end of the data."""
        slots = self._open()
        return self._close(int(slots[-1]) if len(slots) else None)

    def left_out(self) -> dict[str, int]:
        """Prices of all series that did not count, by why."""
        total: dict[str, int] = {}
        for live in self._series.values():
            for name, number in live.left_out().items():
                total[name] = total.get(name, 0) + number
        return total

    # ── closing ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _open(self) -> np.ndarray:
        slots = {slot for live in self._series.values() if (slot := live.open_slot) is not None}
        return np.array(sorted(slots | set(self._waiting)), np.int64)

    def _given_by_all(self) -> int | None:
        """The last slot that every series has reached."""
        reached = [live.reached for live in self._series.values()]
        return None if None in reached else min(slot for slot in reached if slot is not None)

    def _keep(self, key: tuple[str, int], rows: np.ndarray) -> None:
        for row in rows:
            self._waiting.setdefault(int(row["slot"]), {})[key] = row

    def _close(self, last: int | None) -> Told:
        if last is None:
            return self._together([])
        for key, live in self._series.items():
            self._keep(key, live.close(last))
        slots = np.array(sorted(slot for slot in self._waiting if slot <= last), np.int64)
        if not len(slots):
            return self._together([])
        samples = {name: given(slots) if callable(given) else given for name, given in self._constants.items()}
        for name, _ in self._series:
            shape = (len(slots),) if name in self._shared else (self.count, len(slots))
            samples[name] = np.zeros(shape, SAMPLE)
        for t, slot in enumerate(slots.tolist()):
            for (name, i), row in self._waiting.pop(slot).items():
                at = samples[name][t : t + 1] if name in self._shared else samples[name][i, t : t + 1]
                for field in _FIELDS:
                    at[field] = row[field]
        return slots, self.engine.advance(slots, samples)

    def _together(self, told: Sequence[Told]) -> Told:
        slots = [part[0] for part in told if len(part[0])]
        rows = {
            node.id: np.concatenate(
                [np.zeros((self.count, 0), ESTIMATE), *(part[1][node.id] for part in told if len(part[0]))], axis=1
            )
            for node in self.graph.wanted
        }
        return np.concatenate([np.zeros(0, np.int64), *slots]), rows

    # ── restart ──────────────────────────────────────────────────────────────────────────────────────────────────

    def snapshot(self) -> bytes:
        """Everything that a stream begun anew needs to go on: open prices, waiting slots, all states."""
        waiting = [(slot, key, row) for slot, rows in sorted(self._waiting.items()) for key, row in rows.items()]
        head = {
            "format": FORMAT, "now": self.now, "series": self._identities(),
            "waiting": [[slot, *key] for slot, key, _ in waiting],
        }  # fmt: skip
        out = io.BytesIO()
        out.write(json.dumps(head).encode() + b"\n")
        out.write(b"".join(live.state.tobytes() for live in self._series.values()))
        out.write(b"".join(row.tobytes() for _, _, row in waiting))
        out.write(self.engine.snapshot())
        return _digest(out.getvalue()) + out.getvalue()

    def restore(self, snapshot: bytes) -> None:
        """Go on from where a snapshot was taken. Raises FileFormatError for one of another stream or a damaged one."""
        if snapshot[:_DIGEST] != _digest(snapshot[_DIGEST:]):
            raise FileFormatError("snapshot", "digest", "other bytes than were written", "that of all bytes after it")
        text, _, body = snapshot[_DIGEST:].partition(b"\n")
        head = json.loads(text)
        if head["format"] != FORMAT:
            raise FileFormatError("snapshot", "format", str(head["format"]), FORMAT)
        if (found := head["series"]) != (expected := self._identities()):
            raise FileFormatError("snapshot", "series", str(found)[:200], f"{str(expected)[:200]}, in this order")
        size = sum(live.state.nbytes for live in self._series.values())
        rows = len(head["waiting"]) * RETURN.itemsize
        if len(body) < size + rows:
            raise FileFormatError("snapshot", "series", f"{len(body)} bytes", f"{size + rows} at least")
        self.engine.restore(body[size + rows :])
        at = 0
        for live in self._series.values():
            live.state[...] = np.frombuffer(body, live.state.dtype, 1, at)
            at += live.state.nbytes
        waiting = np.frombuffer(body, RETURN, len(head["waiting"]), at)
        self._waiting = {}
        for (slot, name, i), row in zip(head["waiting"], waiting, strict=True):
            self._waiting.setdefault(slot, {})[name, i] = row
        self.now = head["now"]

    def _identities(self) -> list[list[str | int]]:
        """Of every series in order: its name, its instrument, its symbol, and a hash of all that its source is told."""
        return [
            [name, i, live.source.symbol, identity({"source": repr(live.source)})]
            for (name, i), live in self._series.items()
        ]


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST).digest()
