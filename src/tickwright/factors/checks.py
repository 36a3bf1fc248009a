"""Three checks of any node on any prices: does it look ahead, does it remember too much, do batch and stream agree?

| check | what must hold, to the bit |
|---|---|
| look-ahead | rows that say they were known at a moment are the same without all that became known later |
| start | a run that begins later gives, from the predicted slot on, the rows of the longer run |
| parity | batch, stream, and a stream that is killed and restored give the same rows |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.units import Nanos
from tickwright.factors import batch
from tickwright.factors.graph import Graph, Node
from tickwright.factors.grid import Grid
from tickwright.factors.panel import Given, clock_of, samples_on
from tickwright.factors.pieces import Pieces, Rows, in_order
from tickwright.factors.records import ESTIMATE, Status
from tickwright.factors.sources.returns import ReturnSource
from tickwright.factors.stream import Constant, Stream

Columns = Mapping[str, np.ndarray]
"""Prices of one instrument in the order of being known: ts_event, ts_available, close."""
_BLANK = np.zeros((), ESTIMATE)
_CUTS = (0.35, 0.6, 0.85)
"""Where runs are cut, as shares of the data."""


class Checked(Protocol):
    """What the checks take: a node, its prices by the name of their source, and both ways to compute it."""

    @property
    def node(self) -> Any:
        """What says `lookback`, in slots, and `factor.name`."""

    @property
    def prices(self) -> Mapping[str, Any]:
        """Columns of each series, with `ts_event` and `ts_available`, by its name: what the checks cut."""

    @property
    def grid(self) -> Grid:
        """The slots of its rows."""

    def news(self) -> Sequence[Sequence[Nanos]]:
        """Moments that a look-ahead would show just before, by kind: prices that were late and count, statements."""

    def history(self, keep: Callable[[Columns], np.ndarray] = ...) -> tuple[np.ndarray, np.ndarray]:
        """(slots, ESTIMATE rows (instruments, slots)) of the rows of prices that `keep` marks."""

    def known_by(self, moment: Nanos) -> tuple[np.ndarray, np.ndarray]:
        """As `history`, of what was known by a moment: all that is made of something else is made of that anew."""

    def live(self, cut: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The same row by row; at the share `cut` of the rows another run goes on from a snapshot."""


@dataclass(frozen=True)
class Case:
    """A node, and what it is computed of: prices and their source by the name that the graph gives it.

    `anew`: the case of a moment, its prices, levels and constants made again of the raw rows and statements that were
    known by then; by default there is nothing raw, and prices are cut by the moments that they claim. `said`: when
    statements that constants are made of became known. `made_of`: what a stream is told by in the stead of prices, by
    their source and their place in it.
    """

    node: Node
    sources: Mapping[str, ReturnSource | Sequence[ReturnSource]]
    prices: Mapping[str, Columns | Sequence[Columns]]
    constants: Mapping[str, Constant] = field(default_factory=dict)
    made_of: Mapping[tuple[str, int], Pieces] = field(default_factory=dict)
    anew: Callable[[Nanos], Case] | None = None
    said: Sequence[Nanos] = ()

    @property
    def graph(self) -> Graph:
        """Of the one node."""
        return Graph((self.node,))

    @property
    def grid(self) -> Grid:
        """That of every source."""
        sources: list[ReturnSource] = [s for given in self.sources.values() for s in listed(given)]
        return sources[0].grid

    def history(
        self, keep: Callable[[Columns], np.ndarray] = lambda c: np.ones(len(c["close"]), bool)
    ) -> tuple[np.ndarray, np.ndarray]:
        """(slots, ESTIMATE rows (instruments, slots)) of the rows of prices that `keep` marks."""
        given: dict[str, Given] = {}
        for name, sources in self.sources.items():
            columns = [{key: values[keep(c)] for key, values in c.items()} for c in listed(self.prices[name])]
            made = [s.returns([c]) for s, c in zip(listed(sources), columns, strict=True)]
            given[name] = made[0] if isinstance(sources, ReturnSource) else made
        clock = clock_of(given)
        samples = {name: samples_on(clock, rows) for name, rows in given.items()}
        samples |= {name: told(clock) if callable(told) else told for name, told in self.constants.items()}
        return clock, np.stack(batch.run(self.graph, self.grid, clock, samples)[self.node.id])

    def known_by(self, moment: Nanos) -> tuple[np.ndarray, np.ndarray]:
        """As `Checked.known_by`."""
        made = self if self.anew is None else self.anew(moment)
        return made.history(lambda c: c["ts_available"] <= moment)

    def news(self) -> Sequence[Sequence[Nanos]]:
        """When prices became known that came after the end of their slot, and were still taken; and statements."""
        found: list[int] = []
        for name, given in self.sources.items():
            for source, columns in zip(listed(given), listed(self.prices[name]), strict=True):
                prices = source.prices(columns)
                known, ends = prices["ts_available"], prices["end"]
                taken = (prices["slot"] >= 0) & (known > ends) & (known <= ends + source.patience)
                found += known[taken].tolist()
        return found, self.said

    def live(self, cut: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The same row by row; at the share `cut` of the rows another stream goes on from a snapshot."""
        every = sorted((name, i) for name, prices in self.prices.items() for i in range(len(listed(prices))))
        pieces = [self._pieces(name, i) for name, i in every]
        makers = [piece.begin() for piece in pieces]
        order = list(in_order([piece.moments for piece in pieces]))
        stream, told = Stream(self.graph, self.sources, self.constants), []
        for n, (k, at) in enumerate(order):
            if cut is not None and n == int(cut * len(order)):
                snapshot, made = stream.snapshot(), [maker.snapshot() for maker in makers]
                stream, makers = Stream(self.graph, self.sources, self.constants), [piece.begin() for piece in pieces]
                stream.restore(snapshot)
                for maker, state in zip(makers, made, strict=True):
                    maker.restore(state)
            name, i = every[k]
            told += [stream.push(name, rows, i) for rows in makers[k].take(at)]
        told.append(stream.close())
        return np.concatenate([t[0] for t in told]), np.concatenate([t[1][self.node.id] for t in told], axis=1)

    def _pieces(self, name: str, i: int) -> Pieces:
        if (name, i) in self.made_of:
            return self.made_of[name, i]
        columns = listed(self.prices[name])[i]
        return Rows(columns, np.arange(len(columns["close"])), columns["ts_available"])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found: `compared` rows with a value, and the first difference in words, if there is one."""

    check: str
    factor: str
    compared: int
    difference: str = ""

    @property
    def passed(self) -> bool:
        """Nothing differs, and something was compared."""
        return not self.difference and self.compared > 0


def check_lookahead(case: Checked) -> Outcome:
    """Whether rows change by what became known after the moment from which they say they can be known.

    Looked at are some moments of the data, and those just before a price that was late, but not too late to count, or
    before a statement about members.
    """
    slots, rows = case.history()
    parts = []
    for moment in (*_moments(case), *_before_news(case)):
        before, again = case.known_by(moment)
        parts.append(_known_by(case, moment, slots, rows, before, again))
    return _outcome("look-ahead", case, parts)


def _known_by(
    case: Checked, moment: Nanos, slots: np.ndarray, rows: np.ndarray, before: np.ndarray, again: np.ndarray
) -> tuple[int, str]:
    """As `_compared`, of the rows that say they were known at a moment, beside a run of what was."""
    there = np.isin(slots, before)
    # A slot that nobody had a price of by then has no values either.
    claimed = (rows["ts_available"] <= moment) & (there | (rows["status"] == int(Status.OK)))
    over = claimed.any(axis=0)
    if (over & ~there).any():
        return 0, f"slot {int(slots[over & ~there][0])} has a value before any price of it was known"
    chosen = np.isin(before, slots[over])
    return _compared(
        case, slots[over], np.where(claimed[:, over], rows[:, over], _BLANK), before[chosen],
        np.where(claimed[:, over], again[:, chosen], _BLANK),
    )  # fmt: skip


def check_start(case: Checked) -> Outcome:
    """Whether rows after the predicted slot depend on where a run began."""
    slots, rows = case.history()
    parts = []
    for moment in _moments(case):
        later, again = case.history(lambda c, t=moment: c["ts_event"] >= t)  # type: ignore[misc]
        if not len(later):
            continue
        first = later[0] + case.node.lookback - 1
        after, since = slots >= first, later >= first
        parts.append(_compared(case, slots[after], rows[:, after], later[since], again[:, since]))
        early = again["status"][:, ~since]
        if (early != int(Status.WARMUP)).any():
            parts.append((0, f"a row before the predicted slot {first} is not warm-up"))
    return _outcome("start", case, parts)


def check_parity(case: Checked) -> Outcome:
    """Whether batch, stream and restored stream agree."""
    slots, rows = case.history()
    parts = [_compared(case, slots, rows, *case.live(cut)) for cut in (None, _CUTS[1])]
    return _outcome("parity", case, parts)


CHECKS = {"check-lookahead": check_lookahead, "check-start": check_start, "check-parity": check_parity}


def listed(given: Any) -> Sequence[Any]:
    """Each of several, or the one that all share."""
    return given if isinstance(given, (list, tuple)) else [given]


def _moments(case: Checked) -> list[Nanos]:
    every = [c["ts_event"] for prices in case.prices.values() for c in listed(prices)]
    times = np.unique(np.concatenate(every))
    if len(times) < 3:
        raise ConfigError("prices", f"{len(times)} moments", "three at least")
    return [int(times[int(cut * len(times))]) for cut in _CUTS]


def _before_news(case: Checked) -> list[Nanos]:
    """The moments just before a few of each kind of news."""
    found: list[Nanos] = []
    for news in case.news():
        times = sorted({known - 1 for known in news})
        found += sorted({times[int(cut * len(times))] for cut in _CUTS if times})
    return found


def _compared(
    case: Checked, slots: np.ndarray, rows: np.ndarray, other_slots: np.ndarray, others: np.ndarray
) -> tuple[int, str]:
    """(rows with a value, the first difference). Rows of other slots cannot be compared."""
    if slots.tolist() != other_slots.tolist():
        odd = np.setxor1d(slots, other_slots)
        return 0, f"slot {int(odd[0])} is in one run alone"
    compared = int((rows["status"] == int(Status.OK)).sum())
    for name in ESTIMATE.names or ():
        a, b = np.ascontiguousarray(rows[name]), np.ascontiguousarray(others[name])
        if a.tobytes() != b.tobytes():
            i, t = (int(k[0]) for k in np.nonzero(a.view(f"u{a.itemsize}") != b.view(f"u{b.itemsize}")))
            when = np.datetime64(int(rows["ts_event"][i, t]), "ns")
            return compared, f"{name} of instrument {i} at {when}: {a[i, t]} and {b[i, t]}"
    return compared, ""


def _outcome(check: str, case: Checked, parts: Sequence[tuple[int, str]]) -> Outcome:
    differences = [text for _, text in parts if text]
    compared = sum(number for number, _ in parts)
    return Outcome(check, case.node.factor.name, compared, differences[0] if differences else "")
