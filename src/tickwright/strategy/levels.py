"""The Level protocol: what daily and intraday decision levels are, and what they hear and say.

1. A level is given a mandate and answers with a decision: a mandate for the level below and a time to be woken at.
2. It is woken by a timer, by a report of what was filled below, or by a revised mandate from above; it answers again.
3. Its state is a value that goes in and comes out; a level reads no clock and keeps nothing to itself.

A stack is a tuple of levels from the outermost to the innermost, and under them one tick level (`strategy.tick`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

from tickwright.core.records import Mandate
from tickwright.core.units import Lots, Nanos, Ticks


@dataclass(frozen=True, slots=True)
class MarketView:
    """The market as the desk sees it at `now`; the prices and sizes mean something only when `quoted`.

    `volume` is what others traded since the parent's start, in lots.
    """

    now: Nanos
    quoted: bool
    bid: Ticks
    ask: Ticks
    bid_size: Lots
    ask_size: Lots
    volume: Lots


@dataclass(frozen=True, slots=True)
class Progress:
    """Lots known to be filled since the mandate in force was given to this level, and lots open in live children."""

    filled: Lots
    open: Lots


@dataclass(frozen=True, slots=True)
class Timer:
    """The wake time that the level asked for has come."""

    now: Nanos
    view: MarketView
    progress: Progress


@dataclass(frozen=True, slots=True)
class Report:
    """Something was filled, or a child order ended."""

    now: Nanos
    view: MarketView
    progress: Progress


@dataclass(frozen=True, slots=True)
class Revised:
    """The level above replaced the mandate; `progress` counts from the new one, so `filled` is 0."""

    now: Nanos
    view: MarketView
    progress: Progress
    mandate: Mandate


LevelEvent: TypeAlias = Timer | Report | Revised


@dataclass(frozen=True, slots=True)
class Decision:
    """A level's answer.

    `mandate` replaces the former one of the level below, None leaves that in force. A mandate of zero lots means: have
    no order. `wake` replaces the former timer, None leaves the level without one. `done` says that the level has
    nothing more to decide on the mandate in force: all is filled, or its deadline has passed.
    """

    mandate: Mandate | None = None
    wake: Nanos | None = None
    done: bool = False


S = TypeVar("S")


class Level(Protocol[S]):
    """A decision level above the tick level. Pure: equal arguments give equal answers."""

    def init(self, mandate: Mandate, view: MarketView) -> tuple[S, Decision]:
        """Begin on a first mandate."""

    def step(self, state: S, event: LevelEvent) -> tuple[S, Decision]:
        """Answer an event."""
