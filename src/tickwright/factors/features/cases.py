"""Every feature, ready to be checked on a made market: of the book at the end of each event, nodes at each bar.

A slot of a feature of the book is its moment, and its look-back nanoseconds; of a node it is a bar. What
begins later is a run: its book is built from the beginning, for nobody knows one otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from tickwright.book.quotes import trades_of
from tickwright.book.tape import compile_tape
from tickwright.core.events import MARKET_EVENT, Action, Flag, Side
from tickwright.core.units import MILLISECOND, Nanos
from tickwright.factors.checks import Columns
from tickwright.factors.features.book import EARLIEST
from tickwright.factors.features.columns import FIRST_OF_WINDOWS, Kind
from tickwright.factors.features.feed import FeatureConfig, FeatureStream, Told, together
from tickwright.factors.features.nodes import NodeFeature, names
from tickwright.factors.grid import Grid
from tickwright.factors.records import ESTIMATE, NOTHING, Absent, Status

_START = 1_577_880_000 * 10**9
_EVENTS = 1_200
_STEP = 80 * MILLISECOND
BARS = "500ms"
_ALONE = int(Absent.STDERR | Absent.R2)
_WINDOW = 8


@dataclass(frozen=True)
class _Name:
    name: str


@dataclass(frozen=True)
class _Looks:
    """What the checks ask of a node."""

    factor: _Name
    lookback: int


@dataclass(frozen=True, eq=False)
class FeatureCase:
    """Features of one look-back of a tape and its prints, which are in the order of time.

    `name` is what outcomes call features of the book; of bars `config` asks for one node alone.
    """

    config: FeatureConfig
    tape: np.ndarray
    prints: np.ndarray
    name: str = ""
    make: Callable[..., FeatureStream] = FeatureStream

    @property
    def node(self) -> Any:
        """The node of the graph, or what a feature of the book has of one."""
        if self.config.bars:
            return self.config.of_bars[0].node
        return _Looks(_Name(self.name), self.make(self.config).lookback)

    @property
    def grid(self) -> Grid:
        """Of bars; of moments for the book."""
        return self.config.clock.grid if self.config.bars else Grid(0)

    @property
    def prices(self) -> Mapping[str, Columns]:
        """The rows of the tape."""
        return {"tape": {"ts_event": self.tape["ts_event"], "ts_available": self.tape["ts_recv"]}}

    def news(self) -> Sequence[Sequence[Nanos]]:
        """None: a feed is in the order of its own clock."""
        return ()

    def history(self, keep: Callable[[Columns], np.ndarray] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """(slots, ESTIMATE rows (features, slots)) from the first row of the tape that `keep` marks to the last."""
        marked = np.ones(len(self.tape), bool) if keep is None else keep(self.prices["tape"])
        if not marked.any():
            return self._rows([self.make(self.config).close()])
        first, end = int(marked.argmax()), len(marked) - int(marked[::-1].argmax())
        begin = int(self.tape["ts_event"][first]) if first else EARLIEST
        tape = self.tape[:end]
        prints = self.prints[self.prints["ts_event"] <= tape["ts_event"][-1]]
        stream = self.make(self.config, begin=begin)
        return self._rows([stream.push(tape, prints), stream.close()])

    def known_by(self, moment: Nanos) -> tuple[np.ndarray, np.ndarray]:
        """The same of the rows that were known by a moment."""
        return self.history(lambda c: c["ts_available"] <= moment)

    def live(self, cut: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The same a nanosecond at a time; at the share `cut` another stream goes on from a snapshot."""
        edges = [0, *(np.flatnonzero(np.diff(self.tape["ts_event"])) + 1).tolist(), len(self.tape)]
        stream, told = self.make(self.config), []
        for k, (at, end) in enumerate(pairwise(edges)):
            if cut is not None and k == int(cut * len(edges)):
                snapshot = stream.snapshot()
                stream = self.make(self.config)
                stream.restore(snapshot)
            now: Nanos = self.tape["ts_event"][at]
            told.append(stream.push(self.tape[at:end], self.prints[self.prints["ts_event"] == now]))
        told.append(stream.close())
        return self._rows(told)

    def _rows(self, parts: Sequence[Told]) -> tuple[np.ndarray, np.ndarray]:
        told = together(parts)
        if told.bars is not None:
            assert told.windows is not None
            return told.bars.rows["slot"], told.windows[self.config.of_bars[0].name][None]
        assert told.rows is not None
        out = np.zeros((len(told.rows.names), len(told)), ESTIMATE)
        out["ts_event"], out["ts_available"] = told.rows.ts_event, told.rows.ts_available
        out["value"], out["status"] = told.rows.values, told.rows.statuses
        out["absent"] = np.where(out["status"] == int(Status.OK), _ALONE, NOTHING)
        return told.rows.ts_event, out


def feature_cases(seed: int) -> Iterator[FeatureCase]:
    """Features of the book at one moment, those over a window of time, one of bars' ends, each over windows of bars."""
    tape, prints = made_feed(seed)
    moment = tuple(kind.name.lower() for kind in Kind if kind < FIRST_OF_WINDOWS)
    window = tuple(f"{kind.name.lower()}:{_SHORT}" for kind in Kind if kind >= FIRST_OF_WINDOWS)
    for name, features in (("feature.book", moment), ("feature.book_flow", window)):
        yield FeatureCase(FeatureConfig(features), tape, prints, name)
    yield FeatureCase(FeatureConfig((NodeFeature.of(f"ofi:{_SHORT}"),), bars=BARS), tape, prints)
    for name in names():
        text = name if name in ("return", "session_share") else f"{name}:{_WINDOW}"
        yield FeatureCase(FeatureConfig((text,), bars=BARS, price="micro"), tape, prints)


_SHORT = "300ms"


def made_feed(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """TAPE and TRADE rows of `made_events`."""
    events = made_events(seed)
    return compile_tape(events).rows, trades_of(events)


def made_events(seed: int) -> np.ndarray:
    """MARKET_EVENT rows of a small market: orders come and go around a wandering price, some at one nanosecond, some
    change, trades of both kinds of feed, a side that is empty for a while, a book that is given anew, one crossed."""
    rng = np.random.default_rng(seed)
    made = _Feed()
    price, now = 1_000, _START
    for k in range(_EVENTS):
        now += int(rng.integers(0, 2) * rng.integers(1, _STEP))
        if k % 7 == 0:  # who would stand on the other side of the new price leaves first, but seldom
            price += int(rng.integers(-1, 2))
            for order in [o for o, (s, p, _) in made.live.items() if (p >= price if s == "B" else p <= price)]:
                if rng.random() < 0.8:
                    made.cancel(now, order, made.live[order][2])
        what, side = rng.random(), "BA"[int(rng.integers(0, 2))]
        if k == _EVENTS // 2:
            made.put(now, Action.CLEAR, "N", 0, 0, 0)
            made.live = {}
        if k == _EVENTS // 3:  # the bids are gone until somebody comes back
            for order in [o for o, (s, _, _) in made.live.items() if s == "B"]:
                made.cancel(now, order, made.live[order][2])
        if k == _EVENTS * 3 // 4:  # a book that is crossed until somebody takes it
            made.add(now, "B", price + 6, 5)
        orders = list(made.live)
        if what < 0.5 or len(orders) < 6:
            away = int(rng.integers(0, 5))
            made.add(now, side, price - 1 - away if side == "B" else price + 1 + away, int(rng.integers(1, 50)))
        elif what < 0.8:
            order = orders[int(rng.integers(0, len(orders)))]
            made.cancel(now, order, int(rng.integers(1, made.live[order][2] + 1)))
        elif what < 0.85:
            order = orders[int(rng.integers(0, len(orders)))]
            made.change(now, order, int(rng.integers(1, 60)))
        elif what < 0.97:
            made.trade(now, side, announced=what < 0.91)
        else:
            made.put(now, Action.HIDDEN, side, 0, price, int(rng.integers(1, 20)))
    return np.array(made.rows, MARKET_EVENT)


class _Feed:
    """Market events as they are made, and the orders that live."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.live: dict[int, tuple[str, int, int]] = {}
        self._ids = 0

    def put(self, now: Nanos, action: Action, side: str, order: int, price: int, size: int, last: bool = True) -> None:
        row = np.zeros(1, MARKET_EVENT)[0]
        row["ts_event"], row["ts_recv"], row["order_id"] = now, now, order
        row["price"], row["size"], row["action"], row["side"] = price, size, action, _SIDES[side]
        row["flags"], row["instrument_id"] = Flag.LAST if last else 0, 1
        row["subtick"] = 5_000 if action == Action.HIDDEN else 0
        self.rows.append(tuple(row.tolist()))

    def add(self, now: Nanos, side: str, price: int, size: int) -> None:
        self._ids += 1
        self.live[self._ids] = side, price, size
        self.put(now, Action.ADD, side, self._ids, price, size)

    def cancel(self, now: Nanos, order: int, size: int, last: bool = True) -> None:
        side, price, left = self.live.pop(order)
        if left > size:
            self.live[order] = side, price, left - size
        self.put(now, Action.CANCEL, side, order, price, size, last)

    def change(self, now: Nanos, order: int, size: int) -> None:
        side, price, _ = self.live[order]
        self.live[order] = side, price, size
        self.put(now, Action.MODIFY, side, order, price, size)

    def trade(self, now: Nanos, side: str, announced: bool) -> None:
        """The best order of a side is hit, by one message or by the three of a Databento feed."""
        best = max if side == "B" else min
        orders = [o for o, (s, _, _) in self.live.items() if s == side]
        if not orders:
            return
        order = best(orders, key=lambda o: self.live[o][1])
        _, price, left = self.live[order]
        size = max(1, left // 2)
        if announced:
            self.put(now, Action.TRADE, "A" if side == "B" else "B", 0, price, size, last=False)
            self.put(now, Action.FILL, side, order, price, size, last=False)
            self.cancel(now, order, size)
        else:
            self.put(now, Action.EXECUTE, side, order, price, size)
            self.live.pop(order)
            if left > size:
                self.live[order] = side, price, left - size


_SIDES = {"B": int(Side.BID), "A": int(Side.ASK), "N": int(Side.NONE)}
