"""The queue-reactive book of a day, for every model that has one: its tick, and its tables of intensities.

A book whose spread is many ticks is coarsened: the model watches 24 queues a side at most, and its reference follows
the mid one tick at a time. A model tick of several recorded ones keeps the spread, about the widest too, and the shown
levels within them, and it can be told (`Fit.tick`); a law with empty queues of a cent each could not.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from tickwright.calibrate import layout as at
from tickwright.calibrate.facts import DayFacts
from tickwright.calibrate.flow_fit import sizes_of
from tickwright.calibrate.model import Rows
from tickwright.calibrate.queue_states import QueueStates, states_of
from tickwright.calibrate.queue_tables import MOST_ORDERS, SMALL_BOOK, tables_of
from tickwright.core.errors import ConfigError
from tickwright.core.units import Ticks
from tickwright.venue.sim.reactive.parameters import FP, Flow, Queues

LARGE_TICK = 2.0
"""Mean spread, ticks, below which the large-tick default is the one to start from."""
SPREAD = 9.0
"""Mean spread of the model, its ticks, where a recorded one is wider: the spread's halves and ten recorded levels then
lie within the queues that a market may watch."""
DEFAULT_SPREAD = 7.5
"""The same where queues are the small-tick default's: its own mean spread."""
ENOUGH_LEVELS = 3
REACH, STEEP = 0.34, 4
FADES, SLOWEST = 1.0, 0.01
"""Where one level is seen: queues over which the pace behind the best falls to a third, and its least share."""
WIDEST = 0.05
"""Share of the time that the spread may be wider than `layout.SPREADS`."""
BEYOND = 0.001
"""The same for the queues of both sides together, of a small tick: a quote that comes or goes moves the mid no further
than they reach. So small a share, since a day's largest moves may be of a few minutes."""
LARGE_DEEPEST, SMALL_DEEPEST = 12, 24
"""Queues a side, at most."""


@dataclass(frozen=True, slots=True)
class Book:
    """Of a day: recorded ticks in one of the model, tables in units of typical sizes and seconds, and what to say."""

    tick: Ticks
    queues: Queues
    notes: tuple[str, ...]
    states: QueueStates | None = None
    """What the tables are corrected by; None where they are a default's, or of a grid that the day has not."""


def book_of(facts: DayFacts, rows: Rows, model: str, most_orders: float = MOST_ORDERS) -> Book:
    """Tables from the day's own states, of `most_orders` at most, or a default's where the feed shows too few levels.
    Raises ConfigError."""
    settings = facts.day.settings
    spread = require_spread(facts, model)
    large, seen = spread < LARGE_TICK, settings.levels >= ENOUGH_LEVELS
    wide = wide_of(facts)
    tick = 1 if large else tick_of(spread, SPREAD if seen else DEFAULT_SPREAD, wide)
    default = (FP.plain() if large else FP.plain_small_tick()).queues
    notes = []
    if tick > 1:
        notes.append(
            f"a tick of the model is {tick} recorded ticks: the recorded spread is {spread:.1f} ticks, and {wide:.0f} "
            f"{'or more ' if wide == at.SPREADS else ''}for {BEYOND:.1%} of the time; simulated prices lie on that "
            "coarser grid, and every level holds what several did"
        )
    if not seen:
        notes.append(
            f"the feed shows {settings.levels} level(s): queues are not identified, and are the "
            f"{'large' if large else 'small'}-tick default's"
        )
        return Book(tick, default if large else seen_at_best(default, spread / tick), tuple(notes))
    sizes, weights = sizes_of(facts.day.sums["sizes"])
    typical = Flow(sizes=sizes, weights=weights).typical
    states = states_of(rows(), settings.begin, settings.end, tick=tick, typical=typical, levels=settings.levels)
    theta = default.theta if large else 1.0  # the estimated states are those of a reference that follows at once
    queues = tables_of(states, theta, LARGE_DEEPEST if large else SMALL_DEEPEST, most_orders)
    if large and len(queues.limit) > settings.levels:  # else whole queues would enter in sight
        queues = dataclasses.replace(queues, entering=1.0)
        notes.append("queues enter the window behind the levels of the feed, with the orders of a stationary one")
    if queues.mean_orders() > SMALL_BOOK:
        notes.append(
            f"a book of {queues.mean_orders():.0f} orders: more than a market in which policies train may have; "
            "`--small-book` keeps to fewer queues"
        )
    notes.append(f"{len(queues.limit)} queues a side, a typical order of {typical:.1f} lots")
    return Book(tick, queues, tuple(notes), states if tick == 1 else None)


def seen_at_best(queues: Queues, spread: float) -> Queues:
    """The small tick's default for a feed of the best level alone, whose mean spread is so many ticks. Queues between
    the best prices are emptier, and those behind fuller (the next price is near when a best one is taken), and the
    further behind the slower: then most of what happens is at the best, and bursts are not thinned out unseen."""
    limit, cancel = [], []
    for i, (arriving, leaving) in enumerate(zip(queues.limit, queues.cancel, strict=True)):
        pace = max(SLOWEST, math.exp(-max(0.0, i - spread / 2) / FADES))
        near = (1.0 - math.exp(-(i + 1) / (REACH * spread))) ** STEEP / (1.0 - math.exp(-(i + 1) / 1.7))
        limit.append(tuple(round(pace * near * rate, 9) for rate in arriving))
        cancel.append(tuple(round(pace * rate, 9) for rate in leaving))
    return dataclasses.replace(queues, limit=tuple(limit), cancel=tuple(cancel))


def require_spread(facts: DayFacts, model: str) -> float:
    """The mean spread, ticks. Raises ConfigError where a good part of it is wider than is counted."""
    spread = facts["spread-time"]
    shares = spread.value()[0]
    if shares[-1] > WIDEST:
        raise ConfigError(
            "model", model, f"a spread below {at.SPREADS} ticks; it is wider in {shares[-1]:.0%} of the time"
        )
    return float(shares @ spread.x)


def wide_of(facts: DayFacts) -> float:
    """The spread, ticks, that is exceeded in a share `BEYOND` of the time at most; `layout.SPREADS` where that is more
    than is counted."""
    spread = facts["spread-time"]
    upto = np.cumsum(spread.value()[0])
    return float(spread.x[min(int(np.searchsorted(upto, 1.0 - BEYOND)), upto.size - 1)])


def tick_of(spread: float, wanted: float, wide: float) -> Ticks:
    """Recorded ticks in one of the model: so many that the mean spread is about what is wanted and a wide one about the
    queues of both sides, whichever asks for more; but a mean spread is never less than that of a large tick."""
    return max(1, round(spread / wanted), round(min(wide / (2 * SMALL_DEEPEST), spread / LARGE_TICK)))
