"""Levels of liquidity a slot, for `BetaFactory.levels_of` and for streams: of quotes over time, of bars by their trade.

A quote stands until the next, on the clock of its receipt; an empty side or a crossed quote is none. A slot without a
quote of its own has no level, and neither has one that had a quote for less than `least` of its time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError, DataError, FileFormatError
from tickwright.core.layout import dtype_of
from tickwright.core.units import Nanos
from tickwright.factors.graph import identity
from tickwright.factors.grid import Grid
from tickwright.factors.snapshot import sealed, unsealed
from tickwright.factors.sources.liquidity_kernel import Mean, MeanState, Standing, close, weigh
from tickwright.factors.sources.prices import columns_of, nanoseconds

DEPTH, SPREAD = "depth", "spread"
FORMAT = "tickwright.factors.liquidity/1"
_QUOTED = ("bid", "ask", "bid_size", "ask_size")
_BPS = 1e4
_STANDING, _MEAN, _STATE = dtype_of(Standing), dtype_of(Mean), dtype_of(MeanState)


class QuotedLiquidity:
    """Quotes as they come to the time-weighted `measure` of each slot: `depth`, displayed notional, or `spread`, bps.

    `unit`: money of one lot at one tick; 1 leaves depth in ticks × lots. Answers are columns that `ReturnSource` of the
    kind `level` reads, and that a stream is pushed: ts_event, ts_available, close. Raises ConfigError.
    """

    def __init__(self, grid: Grid, measure: str = DEPTH, unit: float = 1.0, least: float = 0.5) -> None:
        if measure not in (DEPTH, SPREAD):
            raise ConfigError("measure", measure, f"{DEPTH} or {SPREAD}, of quotes")
        if not 0 <= least <= 1:
            raise ConfigError("least", least, "a share of a slot, from 0 to 1")
        if not unit > 0:
            raise ConfigError("unit", unit, "money, above 0")
        self.grid, self.measure, self.unit, self.least = grid, measure, unit, least
        self._state = np.zeros(1, _STATE)
        self._last = -(1 << 62)

    def feed(self, rows: Any) -> dict[str, np.ndarray]:
        """TOP_OF_BOOK rows or a frame with their columns → the slots that they end. Raises ConfigError, DataError."""
        columns = columns_of(rows)
        if any(name not in columns for name in _QUOTED):
            raise ConfigError("quotes", ", ".join(columns), f"rows with {', '.join(_QUOTED)}")
        time = "ts_recv" if "ts_recv" in columns else "ts_event"
        times = nanoseconds(columns[time], time)
        if len(times) and (times[0] < self._last or (np.diff(times) < 0).any()):
            raise DataError(f"quotes: {time} falls; rows are to come in the order of their receipt")
        self._last = int(times[-1]) if len(times) else self._last
        standing = np.zeros(len(times), _STANDING)
        slots = self.grid.slots(times)
        inside = np.maximum(slots, 0)
        standing["ts"], standing["slot"], standing["session"] = times, slots, self.grid.sessions(inside)
        standing["begin"], standing["end"] = self.grid.begins(inside), self.grid.ends(inside)
        standing["value"] = self._values(*(columns[name].astype(float) for name in _QUOTED))
        out = np.zeros(len(times), _MEAN)
        return _columns(out[: weigh(self._state, 0, standing, self.least, out)])

    def until(self, now: Nanos) -> dict[str, np.ndarray]:
        """The slot that is open, where it is over by `now`: what a clock tells without another quote."""
        over = self._state["open"][0] == 1 and self._state["end"][0] <= now
        return self.close() if over else _columns(np.zeros(0, _MEAN))

    def close(self) -> dict[str, np.ndarray]:
        """The slot that is open, as the end of the data leaves it."""
        out = np.zeros(1, _MEAN)
        return _columns(out[: close(self._state, 0, self.least, out)])

    def snapshot(self) -> bytes:
        """Everything that levels begun anew need to go on: the open slot, what stands, when the last quote came."""
        return sealed({"format": FORMAT, "of": self._identity(), "last": self._last}, [self._state.tobytes()])

    def restore(self, snapshot: bytes) -> None:
        """Go on from where a snapshot was taken. Raises FileFormatError for one of other levels or a damaged one."""
        head, body = unsealed(snapshot)
        if (found := [head.get("format"), head.get("of")]) != (expected := [FORMAT, self._identity()]):
            raise FileFormatError("snapshot", "liquidity", str(found), str(expected))
        if len(body) != self._state.nbytes:
            raise FileFormatError("snapshot", "liquidity", f"{len(body)} bytes", str(self._state.nbytes))
        self._state[...] = np.frombuffer(body, _STATE, 1)
        self._last = head["last"]

    def _identity(self) -> str:
        return identity(
            {"grid": repr(self.grid), "measure": self.measure, "unit": float(self.unit), "least": float(self.least)}
        )

    def _values(self, bid: np.ndarray, ask: np.ndarray, bid_size: np.ndarray, ask_size: np.ndarray) -> np.ndarray:
        there = (bid_size > 0) & (ask_size > 0) & (bid <= ask) & (bid + ask > 0)
        if self.measure == DEPTH:
            return np.where(there, (bid * bid_size + ask * ask_size) * self.unit, np.nan)
        return np.where(there, (ask - bid) / np.where(there, (bid + ask) / 2, 1.0) * _BPS, np.nan)


def quoted_liquidity(
    rows: Any, grid: Grid, measure: str = DEPTH, unit: float = 1.0, least: float = 0.5
) -> dict[str, np.ndarray]:
    """All of it at once: as `QuotedLiquidity` of all quotes."""
    live = QuotedLiquidity(grid, measure, unit, least)
    parts = [live.feed(rows), live.close()]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def traded_notional(bars: Any, grid: Grid, unit: float = 1.0) -> dict[str, np.ndarray]:
    """The money that was traded in each bar, close × volume × `unit`: what illiquidity is over.

    `bars`: BAR rows, or a frame with ts_event, close and volume. Raises ConfigError, DataError.
    """
    columns = columns_of(bars)
    if any(name not in columns for name in ("ts_event", "close", "volume")):
        raise ConfigError("bars", ", ".join(columns), "rows with ts_event, close, volume")
    times = nanoseconds(columns["ts_event"], "ts_event")
    slots = grid.slots(times)
    money = columns["close"].astype(float) * columns["volume"].astype(float) * unit
    inside = slots >= 0
    return {"ts_event": times[inside], "ts_available": grid.ends(slots[inside]), "close": money[inside]}


def _columns(rows: np.ndarray) -> dict[str, np.ndarray]:
    return {"ts_event": rows["begin"].copy(), "ts_available": rows["end"].copy(), "close": rows["value"].copy()}
