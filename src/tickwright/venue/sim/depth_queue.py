"""Our resting orders on depth data (L2): what a trade and a new size of a level do to them, under the laws of `queue`.

A trade of the feed is a FILL row of the resting side. It meets our orders at better prices first, then those at its
own price, first come first served; one that it reaches at its own price starts where the lots ahead end. So an order
gets no more than what the trade has left behind its queue, and all of them together no more than the trade's size.
A trade through our price says that nothing is left ahead of us.
"""

import numpy as np

from tickwright.book.layout import BID, Bool, Int, Record
from tickwright.core.events import Flag
from tickwright.core.kernel import inline, kernel
from tickwright.core.records import MAKER
from tickwright.venue.sim.impact import shift
from tickwright.venue.sim.queue import change_ahead, join, nothing_ahead, trade_ahead, whole_lots
from tickwright.venue.sim.reports import fill
from tickwright.venue.sim.resting import remove

SYNTHETIC = int(Flag.SYNTHETIC)


@inline(borrow=True)
def through(place: Record, row: Record) -> Bool:
    """Whether a trade went through the price of an order of its side. `place` has the fields `anchor` and `side`.

    A row off the grid printed a part of a tick above its price: through an offer there, and short of a bid.
    """
    better_by = (place.anchor - row.price) * place.side
    return better_by > 0 or (better_by == 0 and row.off_grid != 0 and place.side < 0)


@inline(borrow=True)
def at_price(place: Record, row: Record) -> Bool:
    """Whether a trade printed at the very price of an order of its side."""
    return place.anchor == row.price and row.off_grid == 0


@inline(borrow=True)
def stands_at(own: Record, row: Record) -> Int:
    """The lots of a trade that go by before it reaches an own order of its side; all of them when it does not."""
    if through(own, row):
        return 0
    return own.ahead if at_price(own, row) else row.size


@kernel(borrow=True)
def meet_trade(wire: Record, sim: Record, row: Record, now: Int) -> None:
    """Fill own orders that a trade reaches, and move up those that it does not."""
    own_side = 1 if row.side == BID else -1
    displaced = shift(sim, now)
    used = 0  # lots of the trade that others ahead or orders of ours have had
    while used < row.size:
        chosen = -1
        for i in range(sim.resting_count):
            own = wire.owns[sim.resting[i]]
            reached = own.side == own_side and stands_at(own, row) < row.size
            if reached and (chosen < 0 or (own.anchor - wire.owns[sim.resting[chosen]].anchor) * own_side > 0):
                chosen = i
        if chosen < 0:
            break
        own = wire.owns[sim.resting[chosen]]
        used = max(used, stands_at(own, row))
        size = min(row.size - used, own.quantity - own.filled)
        nothing_ahead(own)
        fill(wire, own, own.price, size, MAKER, displaced, now)
        if wire.error != 0:
            return
        used += size
        if own.filled == own.quantity:
            remove(wire, sim, chosen)
    for i in range(sim.resting_count):
        own = wire.owns[sim.resting[i]]
        if own.side == own_side and at_price(own, row):
            trade_ahead(own, row.size)
        elif own.side == own_side and through(own, row):
            nothing_ahead(own)


@inline(borrow=True)
def change_seen(sim: Record, place: Record, row: Record, before: Int) -> None:
    """The level that an order of ours stands in went from `before` lots to the size of a row.

    `place` has the fields `front`, `traded` and `ahead`, as `OWN` and the desk's `SLOT` do.
    """
    if row.flags & SYNTHETIC != 0 and row.size == 0:
        place.traded = 0  # out of a windowed feed's sight, not gone: what was ahead stays ahead
    else:
        change_ahead(sim.queue_law, sim.queue_power, place, before, row.size)


@kernel(borrow=True)
def level_changed(wire: Record, sim: Record, row: Record, before: Int) -> None:
    """A level went from `before` lots to the size of a row: where that leaves our orders at its price.

    A law of the share ahead is no law of order: after a large cancel it may leave fewer lots ahead of the later of two
    orders of ours than of the earlier. First come, first served holds among them all the same.
    """
    own_side = 1 if row.side == BID else -1
    earlier = 0.0
    for i in range(sim.resting_count):
        own = wire.owns[sim.resting[i]]
        if own.side != own_side or own.anchor != row.price:
            continue
        if row.flags & SYNTHETIC != 0 and own.unseen != 0:
            # It came into view where nothing had been displayed since we joined: it was there before us.
            join(own, np.int64(row.size))
        else:
            change_seen(sim, own, row, before)
            if own.front < earlier:
                own.front, own.ahead = earlier, whole_lots(earlier)
        earlier = own.front
        if row.size > 0:
            own.unseen = 0


@kernel(borrow=True)
def book_cleared(wire: Record, sim: Record) -> None:
    """The feed begins anew: what was ahead stays ahead until the level is set, for nothing is known of what went on."""
    for i in range(sim.resting_count):
        wire.owns[sim.resting[i]].traded = 0
