"""How long each queue of a day stood in each state, and what came to it there: what intensities are estimated from.

Huang, Lehalle, Rosenbaum, "Simulating and analyzing order book data: the queue-reactive model", JASA 110 (2015): the
rate of an event in a state is the number of such events over the time spent in the state. Both sides are taken
together. A second pass over the day, since the model's tick and the typical size come from the facts of the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tickwright.book.layout import BOOK, check_code
from tickwright.book.replay import reset_book
from tickwright.book.tape import TapeCompiler, centre_of
from tickwright.calibrate import queue_kernel as kernel
from tickwright.core.errors import ConfigError
from tickwright.core.units import Nanos, Ticks

SUMS = ("seconds", "limit", "cancel", "best_seconds", "market")


@dataclass(frozen=True, eq=False)
class QueueStates:
    """Sums over both sides. Queue i stands i to i + 1 model ticks from the reference; q is its volume in typical sizes,
    rounded up. (DEPTH, VOLUMES) where not said otherwise."""

    tick: Ticks
    """Recorded ticks in one of the model."""
    typical: float
    """Lots."""
    seconds: np.ndarray
    limit: np.ndarray
    """Orders."""
    cancel: np.ndarray
    """Orders; one withdrawn in part counts by its lots in typical sizes."""
    best_seconds: np.ndarray
    """(VOLUMES,): of the queue that holds the best price."""
    market: np.ndarray
    """(VOLUMES,): market orders, by the volume of the queue that they hit."""


def pooled(days: Sequence[QueueStates]) -> QueueStates:
    """Several days as one."""
    sums = {name: np.sum([getattr(day, name) for day in days], 0) for name in SUMS}
    return QueueStates(days[0].tick, days[0].typical, **sums)


def states_of(
    chunks: Iterable[np.ndarray], begin: Nanos, end: Nanos, *, tick: Ticks, typical: float, levels: int
) -> QueueStates:
    """MARKET_EVENT rows from an empty book on → sums of the stretch. `levels`: that the feed shows, at most 64.

    Raises ConfigError, BookError.
    """
    if tick < 1:
        raise ConfigError("tick", tick, "1 or more")
    if not typical > 0:
        raise ConfigError("typical", typical, "a positive size")
    if not 1 <= levels <= kernel.LEVELS:
        raise ConfigError("levels", levels, f"1 to {kernel.LEVELS}")
    compiler, books, centred = TapeCompiler("count"), np.zeros(1, BOOK), False
    pending = np.zeros(BOOK["orders"].shape[0], np.int64)
    states = np.zeros(1, kernel.STATE)
    state = states[0]
    state["begin"], state["end"], state["now"] = begin, end, np.iinfo(np.int64).min
    state["traded"] = np.iinfo(np.int64).min
    state["tick"], state["typical"], state["levels"] = tick, typical, levels
    for events in chunks:
        rows = compiler.feed(events)
        if not len(rows):
            continue
        if not centred:
            reset_book(books, 0, centre_of(rows))
            centred = True
        done, code = kernel.watch(books, states, pending, rows)
        check_code(code, f"tape row {compiler.counts().rows - len(rows) + done}")
        if done < len(rows):
            break
    kernel.finish(states)
    sums = {name: np.asarray(state[name]) for name in SUMS}
    return QueueStates(tick, typical, **sums)
