"""Tick betas as ticks come: a row when a slot is over, with the bits of the batch.

1. Ticks come in the order in which they became known. One that is known earlier than another before it is refused.
2. A slot is over when something is known later than its end plus the patience of the configuration. Its ticks are then
   merged by their own times; two feeds may so be ahead of each other within a slot, as they are in life.
3. A tick that was known after the end plus the patience is late. A batch knows it too; it is left out and counted.

What is kept of slots that are over is a few numbers a series and its last `scale` prices.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError, DataError, FileFormatError
from tickwright.core.units import Nanos
from tickwright.factors.engine import Engine
from tickwright.factors.records import ESTIMATE
from tickwright.factors.snapshot import sealed, unsealed
from tickwright.factors.sources.returns import FOREVER
from tickwright.factors.tick.factory import TickBetaFactory
from tickwright.factors.tick.sums import TickSums
from tickwright.factors.tick.ticks import TICK, usable

FORMAT = "tickwright.factors.tick.stream/1"


class TickStream:
    """A tick beta of some symbols, fed tick by tick or many at once."""

    def __init__(self, factory: TickBetaFactory, symbols: Sequence[str]) -> None:
        self.factory, self.symbols = factory, tuple(symbols)
        if not symbols or len(set(symbols)) < len(symbols) or factory.config.benchmark in symbols:
            raise ConfigError("symbols", list(symbols), f"some, each once, and not {factory.config.benchmark}")
        self._sources = {name: factory.ticks_of(name) for name in (*symbols, factory.config.benchmark)}
        self._waiting: dict[str, list[np.ndarray]] = {name: [] for name in self._sources}
        self._ends: Nanos = FOREVER
        """When the first slot ends of which ticks wait."""
        self._sums = TickSums(factory.config, len(symbols))
        self._left_out = dict.fromkeys(("late", "outside", "unusable"), 0)
        self.engine = Engine(factory.graph, factory.config.bars, len(symbols))
        self._nothing = np.zeros(0, np.int64), np.zeros((len(symbols), 0), ESTIMATE)
        self.now: Nanos | None = None
        """The latest moment at which something was known."""

    def push(self, symbol: str, rows: Any) -> tuple[np.ndarray, np.ndarray]:
        """Ticks of one series, as `TickSource.ticks` takes them → (slots over, ESTIMATE rows (symbols, slots)).

        Raises DataError for a tick that was known earlier than one before it.
        """
        if symbol not in self._sources:
            raise ConfigError("symbol", symbol, f"one of {', '.join(self._sources)}")
        ticks = self._sources[symbol].ticks(rows)
        if (np.diff(ticks["ts_available"]) < 0).any():
            raise DataError(f"ticks of {symbol}: some were known before ticks in front of them; sort by ts_available")
        kept, why = usable(ticks, self.factory.config.patience_ns)
        for name, number in why.items():
            self._left_out[name] += number
        told = []
        while len(kept):
            told.append(self.advance(int(kept["ts_available"][0])))
            # What is known before the first slot that is open ends waits with it.
            self._ends = min(self._ends, int(kept["end"][0]))
            waits = kept["ts_available"] <= self._ends + self.factory.config.patience_ns
            count = len(kept) if waits.all() else int(waits.argmin())
            self._ends = min(self._ends, int(kept["end"][:count].min()))
            self._waiting[symbol].append(kept[:count])
            kept = kept[count:]
        if len(ticks):
            told.append(self.advance(int(ticks["ts_available"][-1])))
        return self._together(told)

    def advance(self, now: Nanos) -> tuple[np.ndarray, np.ndarray]:
        """Say that it is `now`: close what is over. Raises DataError where it was later before."""
        if self.now is not None and now < self.now:
            raise DataError(
                f"known at {now}, after something that was known at {self.now}: merge feeds by ts_available"
            )
        self.now = now
        return self._close(now - self.factory.config.patience_ns)

    def close(self) -> tuple[np.ndarray, np.ndarray]:
        """Close everything: the end of the data."""
        return self._close(None)

    def left_out(self) -> dict[str, int]:
        """Ticks of all series that did not count, by why."""
        return dict(self._left_out)

    # ── closing ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _close(self, ended: Nanos | None) -> tuple[np.ndarray, np.ndarray]:
        """Close the slots that ended before a moment, or all."""
        if ended is not None and ended <= self._ends:
            return self._nothing
        given = []
        self._ends, before = FOREVER, self._waiting_rows()
        for name, ticks in before.items():
            over = np.ones(len(ticks), bool) if ended is None else ticks["end"] < ended
            given.append(ticks[over])
            self._waiting[name] = [ticks[~over]]
            self._ends = min(self._ends, int(ticks["end"][~over].min(initial=FOREVER)))
        if not any(map(len, given)):
            return self._nothing
        slots, samples = self._sums.take(given[:-1], given[-1])
        return slots, self.engine.advance(slots, samples)[self.factory.factor_id]

    def _waiting_rows(self) -> dict[str, np.ndarray]:
        return {name: np.concatenate([np.zeros(0, TICK), *parts]) for name, parts in self._waiting.items()}

    def _together(self, told: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
        told = [part for part in told if len(part[0])]
        if len(told) < 2:  # as for nearly every tick: NumPy takes long to join records
            return told[0] if told else self._nothing
        return np.concatenate([slots for slots, _ in told]), np.concatenate([rows for _, rows in told], axis=1)

    # ── restart ──────────────────────────────────────────────────────────────────────────────────────────────────

    def snapshot(self) -> bytes:
        """Everything that a stream begun anew needs to go on: ticks that wait, sums, all states."""
        waiting = self._waiting_rows().values()
        head = {
            **self._header(), "now": self.now, "left_out": self._left_out, "waiting": [len(w) for w in waiting],
        }  # fmt: skip
        arrays = (array.tobytes() for array in (*waiting, *self._sums.arrays))
        return sealed(head, (*arrays, self.engine.snapshot()))

    def restore(self, snapshot: bytes) -> None:
        """Go on from where a snapshot was taken. Raises FileFormatError for one of another stream or a damaged one."""
        head, body = unsealed(snapshot)
        for name, value in self._header().items():
            if head.get(name) != value:
                raise FileFormatError("snapshot", name, str(head.get(name))[:200], str(value)[:200])
        at = sum(head["waiting"]) * TICK.itemsize
        size = sum(array.nbytes for array in self._sums.arrays)
        self.engine.restore(body[at + size :])
        for array in self._sums.arrays:
            array[...] = np.frombuffer(body, array.dtype, array.size, at).reshape(array.shape)
            at += array.nbytes
        waiting = np.split(np.frombuffer(body, TICK, sum(head["waiting"])), np.cumsum(head["waiting"])[:-1])
        self._waiting = {name: [rows] for name, rows in zip(self._sources, waiting, strict=True)}
        self._ends = min((int(rows["end"].min()) for rows in waiting if len(rows)), default=FOREVER)
        self.now, self._left_out = head["now"], head["left_out"]

    def _header(self) -> dict[str, Any]:
        return {"format": FORMAT, "config": self.factory.config.resolved(), "symbols": list(self.symbols)}
