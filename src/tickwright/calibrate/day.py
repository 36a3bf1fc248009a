"""The facts of a day: MARKET_EVENT rows in, sums by block of time out, in one pass and bounded memory.

1. Each chunk of rows is compiled into a tape (`book.tape`), the same that a replay uses.
2. The kernel replays the tape through an L3 book and counts (`kernel.measure`).
3. `facts.facts_of` reads the facts off the sums.

What counts as an event: a limit order, cancel or market order that stands on the best `levels` levels of its side. The
executions of one market order are those of one time stamp and side without another change of the book between them;
they are one event. A CANCEL that a FILL announced (Databento) is an execution. A MODIFY that loses priority is a cancel
and a new order. Rows that complete a windowed feed (Flag.SYNTHETIC) and snapshots change the book and are no events.
Executions of hidden orders count towards the volume over the day and nothing else: they leave the book as it was.
While a side is empty or the book is crossed or locked nothing is measured; what happens then is counted (`crossed`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tickwright.book.layout import BOOK, check_code
from tickwright.book.replay import reset_book
from tickwright.book.tape import TapeCompiler, TapeCounts, centre_of
from tickwright.calibrate import kernel, layout
from tickwright.calibrate.layout import PassSettings
from tickwright.core.errors import BookError

__all__ = ["DaySums", "PassSettings", "sums_of"]


@dataclass(frozen=True, eq=False)
class DaySums:
    """What a pass over a day counted: the arrays of `layout.SUMS` by name, cut to the blocks of the settings, and the
    SAMPLE rows of the clock."""

    settings: PassSettings
    sums: dict[str, np.ndarray]
    clock: np.ndarray
    tape: TapeCounts

    def count(self, index: int) -> int:
        """One of the counts of `layout`, as `layout.MARKET_ORDERS`."""
        return int(self.sums["counts"][index])

    @property
    def seconds(self) -> float:
        """Time in which the market stood: both sides there and not crossed."""
        return float(self.sums["seconds"].sum())


def sums_of(chunks: Iterable[np.ndarray], settings: PassSettings) -> DaySums:
    """MARKET_EVENT rows of one instrument in order, from an empty book on → what `facts.facts_of` reads.

    Raises BookError for events that no book could apply, or when the stretch holds no market order at all.
    """
    compiler = TapeCompiler("count")
    books = np.zeros(1, BOOK)
    orders = np.zeros(BOOK["orders"].shape[0], layout.ORDER_STATE)
    states = np.zeros(1, layout.STATE)
    steps = 1 + (settings.end - settings.begin - 1) // settings.step
    sums, clock = np.zeros(1, layout.SUMS), np.zeros(steps, layout.SAMPLE)
    state = states[0]
    state["begin"], state["end"], state["width"] = settings.begin, settings.end, settings.width
    state["step"], state["levels"], state["now"] = settings.step, settings.levels, np.iinfo(np.int64).min
    state["windowed"] = settings.windowed
    centred = False
    for events in chunks:
        rows = compiler.feed(events)
        if not len(rows):
            continue
        if not centred:
            reset_book(books, 0, centre_of(rows))
            centred = True
        done, code = kernel.measure(books, states, sums, orders, clock, rows)
        check_code(code, f"tape row {compiler.counts().rows - len(rows) + done}")
        if done < len(rows):
            break
    if centred:
        kernel.finish(books, states, sums, orders, clock)
    result = DaySums(settings, _cut(sums[0], settings.blocks), clock, compiler.counts())
    if result.count(layout.MARKET_ORDERS) == 0:
        raise BookError(f"no market order between {settings.begin} and {settings.end} ns: nothing to measure")
    return result


def _cut(sums: np.void, blocks: int) -> dict[str, np.ndarray]:
    """The part of each array that the blocks of the stretch fill."""
    arrays = {name: np.asarray(sums[name]) for name in layout.SUMS.names or ()}
    by_block = {name: a[:blocks] for name, a in arrays.items() if a.shape[:1] == (layout.MOST_BLOCKS,)}
    return arrays | by_block | {"traded": arrays["traded"][:, :blocks]}
