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

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError, DataError, FileFormatError
from tickwright.core.units import Nanos
from tickwright.factors.engine import Engine
from tickwright.factors.graph import Graph, identity
from tickwright.factors.records import ESTIMATE, RETURN, SAMPLE
from tickwright.factors.snapshot import sealed, unsealed
from tickwright.factors.sources.returns import RETURNS_STATE, LiveReturns, ReturnSource
from tickwright.factors.sources.returns_kernel import NOWHERE, close_each, open_slots, reached_by_all, spread, take_each

FORMAT = "tickwright.factors.stream/3"
_FIELDS = tuple(name for name in SAMPLE.names or () if not name.startswith("_"))
Constant = np.ndarray | Callable[[np.ndarray], np.ndarray]
WATCHED = 100
"""Slots after which `watch` looks again."""
Watch = Callable[[Iterable[LiveReturns], np.ndarray, np.ndarray], bool]
Told = tuple[np.ndarray, dict[str, np.ndarray]]
"""(slots, ESTIMATE rows (instruments, slots) of every wanted node by its id)."""


class Stream:
    """A graph with live sources, all on one grid.

    `sources`: by the name that the graph gives it, one ReturnSource for what all instruments share or one an
    instrument. `constants`: samples (instruments, 1) of what does not change, as weights, or what makes those of some
    slots, (instruments, slots), as membership. `watch` is called with all series, their configurations and their
    states, after every `WATCHED` slots and at the end, until it says that it has seen enough.
    """

    def __init__(
        self, graph: Graph, sources: Mapping[str, ReturnSource | Sequence[ReturnSource]],
        constants: Mapping[str, Constant] | None = None, watch: Watch | None = None,
    ) -> None:  # fmt: skip
        self.graph = graph
        self._constants = dict(constants or {})
        self._watch, self._unwatched = watch, 0
        self._series: dict[tuple[str, int], LiveReturns] = {}
        self._shared = {name for name, given in sources.items() if isinstance(given, ReturnSource)}
        for name, given in sources.items():
            for i, source in enumerate([given] if isinstance(given, ReturnSource) else given):
                self._series[name, i] = LiveReturns(source)
        self._keys = list(self._series)
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
        self._states = np.zeros(len(every), RETURNS_STATE)
        """Of all series, in order; each keeps its own as a part of it."""
        self._config = np.concatenate([live.config for live in self._series.values()])
        for k, live in enumerate(self._series.values()):
            live.state = self._states[k : k + 1]
        self.engine = Engine(graph, self.grid, self.count)
        self._who, self._rows = np.zeros(len(every), np.int64), np.zeros(len(every), RETURN)
        """Whose slots were closed, or slots that are open, and what is told: memory that is used again."""
        self._places = {
            name: (self._keys.index((name, 0)), 1 if name in self._shared else self.count) for name in sources
        }
        """The first series of each source, and how many it has."""
        self._alike: dict[str, bool] = {}
        self._end = lru_cache(maxsize=64)(self._end_of)
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
        moments = prices["ts_available"]
        edges = [0, *(np.flatnonzero(np.diff(moments)) + 1).tolist(), len(prices)] if len(prices) > 1 else [0, 1]
        for at, end in pairwise(edges) if len(prices) else ():
            part = prices[at:end]
            told.append(self.advance(int(moments[at])))
            self._keep((name, instrument), live.take(part))
            if self._bars:
                told.append(self._close(self._given_by_all()))
        return self._together(told)

    def push_panel(self, name: str, rows: Any) -> Told:
        """As `push`, one row of each instrument of a source, in their order and known at one moment: a bar of all.

        A price that is NaN is none. Raises ConfigError where the sources differ in more than their symbols, DataError
        for another number of rows or several moments.
        """
        if name not in self._places:
            raise ConfigError("source", name, "a source of this stream")
        first, count = self._places[name]
        source = self._series[name, 0].source
        if name not in self._alike:
            others = (self._series[name, i].source for i in range(count))
            self._alike[name] = all(replace(other, symbol=source.symbol) == source for other in others)
        if not self._alike[name]:
            raise ConfigError(f"sources of {name}", "several kinds", "one: push them one by one")
        prices = source.prices(rows)
        known = prices["ts_available"]
        if len(prices) != count or (known != known[0]).any():
            raise DataError(f"{name}: {len(prices)} rows, expected {count} that became known at one moment")
        told = [self.advance(int(known[0]))]
        who, out = np.zeros(count, np.int64), np.zeros(count, RETURN)
        for k in range(take_each(self._config, self._states, first, prices, who, out)):
            self._keep(self._keys[who[k]], out[k : k + 1])
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
        over = [slot for slot in self._open() if self._end(slot) + self._patience < now]
        return self._close(over[-1] if over else None)

    def close(self) -> Told:
        """Close everything: the end of the data."""
        slots = self._open()
        told = self._close(slots[-1] if slots else None)
        self._look(WATCHED)
        return told

    def left_out(self) -> dict[str, int]:
        """Prices of all series that did not count, by why."""
        total: dict[str, int] = {}
        for live in self._series.values():
            for name, number in live.left_out().items():
                total[name] = total.get(name, 0) + number
        return total

    # ── closing ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _open(self) -> list[int]:
        slots = self._who[: open_slots(self._states, self._who)].tolist()
        return sorted({*slots, *self._waiting})

    def _end_of(self, slot: int) -> Nanos:
        """When a slot is over in every calendar, patience apart."""
        return max(int(source.ends(np.array([slot]))[0]) for source in self._clocks)

    def _given_by_all(self) -> int | None:
        """The last slot that every series has reached."""
        slot = reached_by_all(self._states)
        return None if slot == NOWHERE else slot

    def _keep(self, key: tuple[str, int], rows: np.ndarray) -> None:
        for row in rows:
            self._waiting.setdefault(int(row["slot"]), {})[key] = row

    def _close(self, last: int | None) -> Told:
        if last is None:
            return self._together([])
        told = close_each(self._config, self._states, last, self._who, self._rows)
        who, rows = self._who[:told], self._rows[:told]
        over = {slot for slot in self._waiting if slot <= last}
        if told:
            ended = rows["slot"]
            over |= {int(ended[0])} if (ended == ended[0]).all() else set(ended.tolist())
        if not over:
            return self._together([])
        slots = np.array(sorted(over), np.int64)
        samples = {name: given(slots) if callable(given) else given for name, given in self._constants.items()}
        for name, (first, count) in self._places.items():
            table = np.zeros((count, len(slots)), SAMPLE)
            spread(who, rows, first, slots, table)
            samples[name] = table[0] if name in self._shared else table
        for t, slot in enumerate(slots.tolist()):
            for (name, i), row in self._waiting.pop(slot, {}).items():
                place = samples[name][t : t + 1] if name in self._shared else samples[name][i, t : t + 1]
                for field in _FIELDS:
                    place[field] = row[field]
        self._look(len(slots))
        return slots, self.engine.advance(slots, samples)

    def _look(self, slots: int) -> None:
        """So many slots more were closed."""
        self._unwatched += slots
        if self._watch is not None and self._unwatched >= WATCHED:
            self._unwatched = 0
            if self._watch(self._series.values(), self._config, self._states):
                self._watch = None

    def _together(self, told: Sequence[Told]) -> Told:
        parts = [part for part in told if len(part[0])]
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return np.zeros(0, np.int64), {node.id: np.zeros((self.count, 0), ESTIMATE) for node in self.graph.wanted}
        rows = {node.id: np.concatenate([part[1][node.id] for part in parts], axis=1) for node in self.graph.wanted}
        return np.concatenate([part[0] for part in parts]), rows

    # ── restart ──────────────────────────────────────────────────────────────────────────────────────────────────

    def snapshot(self) -> bytes:
        """Everything that a stream begun anew needs to go on: open prices, waiting slots, all states."""
        waiting = [(slot, key, row) for slot, rows in sorted(self._waiting.items()) for key, row in rows.items()]
        head = {
            "format": FORMAT, "now": self.now, "series": self._identities(),
            "waiting": [[slot, *key] for slot, key, _ in waiting],
        }  # fmt: skip
        states = (live.state.tobytes() for live in self._series.values())
        return sealed(head, (*states, *(row.tobytes() for _, _, row in waiting), self.engine.snapshot()))

    def restore(self, snapshot: bytes) -> None:
        """Go on from where a snapshot was taken. Raises FileFormatError for one of another stream or a damaged one."""
        head, body = unsealed(snapshot)
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
