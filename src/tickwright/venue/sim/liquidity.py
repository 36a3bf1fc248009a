"""Liquidity we take is gone, and comes back: the resilience law of the replay.

Law. A take of q lots at a level leaves `taken = q` against it; what later takes find there is the recorded size less
`taken`, which halves every `half_life`. A level whose recorded size is nothing at the end of a packet forgets what was
taken of it; one that a windowed feed merely hides does not. Liquidity that comes back where we now bid or offer meets
our order, which is then the maker.
Where it is unrealistic: real liquidity returns in orders of its own sizes at prices of its own choosing, and faster
when the spread is wide; the recorded participants do not react to our trade at all, so nobody else hurries to cancel
or to join. The half-life is an assumption that a result must carry. Source of the exponential form: Obizhaeva and Wang
(2013).
"""

import numpy as np

from tickwright.book.ladder import level_size
from tickwright.book.layout import Bool, Int, Record
from tickwright.core.kernel import inline
from tickwright.venue.sim.layout import MAX_TAKEN

_NOTHING = 0.5  # lots: less than half a lot counts as refilled


@inline(borrow=True)
def decayed(lots: Int, since: Int, now: Int, half_life: Int) -> Int:
    """Lots still missing at `now` of `lots` missing at `since`."""
    if half_life == 0.0:
        return 0.0
    return lots * np.exp2(-(now - since) / half_life)


@inline(borrow=True)
def missing(sim: Record, side: Int, price: Int, now: Int) -> Int:
    """Whole lots, rounded up, that we took at a level and that have not come back."""
    for i in range(sim.taken_count):
        entry = sim.taken[i]
        if entry.side == side and entry.price == price:
            left = decayed(entry.lots, entry.ts, now, sim.half_life)
            return np.int64(np.ceil(left)) if left >= _NOTHING else np.int64(0)
    return np.int64(0)


@inline(borrow=True)
def available(sim: Record, ladder: Record, side: Int, price: Int, now: Int) -> Int:
    """Lots that a take would find at a level."""
    size = level_size(ladder, side, price)
    return max(np.int64(0), size - missing(sim, side, price, now)) if sim.taken_count > 0 else np.int64(size)


@inline(borrow=True)
def consume(sim: Record, side: Int, price: Int, lots: Int, now: Int) -> Bool:
    """Note a take. Returns False when the table is full of levels that are all still in use."""
    if sim.half_life == 0.0:
        return True
    kept = 0
    found = False
    for i in range(sim.taken_count):
        entry = sim.taken[i]
        left = decayed(entry.lots, entry.ts, now, sim.half_life)
        if entry.side == side and entry.price == price:
            left += lots
            found = True
        elif left < _NOTHING:
            continue
        place = sim.taken[kept]
        place.side, place.price, place.lots, place.ts = entry.side, entry.price, left, now
        place.emptied = entry.emptied
        kept += 1
    if not found:
        if kept == MAX_TAKEN:
            return False
        place = sim.taken[kept]
        place.side, place.price, place.lots, place.ts = side, price, np.float64(lots), now
        place.emptied = 0
        kept += 1
    sim.taken_count = kept
    return True


@inline(borrow=True)
def mark_emptied(sim: Record, side: Int, price: Int) -> None:
    """A recorded level went to nothing. Whether it is gone is seen at the end of the packet (`forget_emptied`)."""
    for i in range(sim.taken_count):
        if sim.taken[i].side == side and sim.taken[i].price == price:
            sim.taken[i].emptied = 1


@inline(borrow=True)
def forget_emptied(sim: Record, ladder: Record) -> None:
    """At the end of a packet: levels that are gone are forgotten, for what comes there next is new."""
    kept = 0
    for i in range(sim.taken_count):
        entry = sim.taken[i]
        if entry.emptied != 0 and level_size(ladder, entry.side, entry.price) == 0:
            continue
        place = sim.taken[kept]
        place.side, place.price, place.lots, place.ts = entry.side, entry.price, entry.lots, entry.ts
        place.emptied = 0
        kept += 1
    sim.taken_count = kept
