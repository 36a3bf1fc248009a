"""Our resting orders among recorded ones: who stands before whom, and who is met by a trade (L3, order by order).

`depth_queue` does the same on depth data; what joins, leaves or is crossed is common to both.
"""

from tickwright.book.ladder import best, has, level_size, next_price
from tickwright.book.layout import ASK, BID, Bool, Int, Record
from tickwright.core.events import Action, Flag
from tickwright.core.kernel import inline, kernel
from tickwright.core.records import MAKER
from tickwright.venue.sim.impact import shift
from tickwright.venue.sim.layout import MAX_HANDLES, MAX_RESTING, WireError
from tickwright.venue.sim.liquidity import available
from tickwright.venue.sim.queue import join
from tickwright.venue.sim.reports import fill, note_take

ADD = int(Action.ADD)
CANCEL = int(Action.CANCEL)
EXECUTE = int(Action.EXECUTE)
HIDDEN = int(Action.HIDDEN)
CLEAR = int(Action.CLEAR)
SNAPSHOT = int(Flag.SNAPSHOT)
SYNTHETIC = int(Flag.SYNTHETIC)
_FAR = 2**62  # ticks, beyond every price


@kernel(borrow=True)
def note_reach(wire: Record, sim: Record) -> None:
    """Set `SIM.low` and `SIM.high` anew, after the resting list or an anchor in it changed."""
    for side in range(2):
        sim.low[side], sim.high[side] = _FAR, -_FAR
    for i in range(sim.resting_count):
        own = wire.owns[sim.resting[i]]
        side = BID if own.side > 0 else ASK
        sim.low[side] = min(sim.low[side], own.anchor)
        sim.high[side] = max(sim.high[side], own.anchor)


@inline(borrow=True)
def remove(wire: Record, sim: Record, place: Int) -> None:
    """Take the order at `place` of the resting list out; arrival order is kept."""
    wire.owns[sim.resting[place]].active = 0
    for i in range(place, sim.resting_count - 1):
        sim.resting[i] = sim.resting[i + 1]
    sim.resting_count -= 1
    note_reach(wire, sim)


@inline(borrow=True)
def place_of(sim: Record, handle: Int) -> Int:
    """Where a handle stands in the resting list."""
    for i in range(sim.resting_count):
        if sim.resting[i] == handle:
            return i
    return -1


@inline(borrow=True)
def join_queue(sim: Record, own: Record, ladder: Record, displaced: Int) -> None:
    """Stand at the back of the queue at the own price."""
    own.anchor = own.price - displaced
    own.joined = sim.cursor - sim.origin
    join(own, level_size(ladder, BID if own.side > 0 else ASK, own.anchor))
    own.unseen = 1 if own.ahead == 0 else 0
    sim.unsettled = 1


@inline(borrow=True)
def rest(wire: Record, sim: Record, own: Record, ladder: Record, displaced: Int) -> None:
    """What is left of an order joins the resting list."""
    if sim.resting_count >= MAX_RESTING:
        wire.error = WireError.RESTING_FULL
        return
    join_queue(sim, own, ladder, displaced)
    own.queue_entry = own.ahead
    own.active = 1
    sim.resting[sim.resting_count] = own.order_id % MAX_HANDLES
    sim.resting_count += 1
    note_reach(wire, sim)


@kernel(borrow=True)
def requeue_displaced(wire: Record, sim: Record, ladder: Record, now: Int) -> None:
    """Law of `impact`: after a whole-tick step of the displacement our orders queue anew where they stand."""
    displaced = shift(sim, now)
    for i in range(sim.resting_count):
        own = wire.owns[sim.resting[i]]
        if own.price - displaced != own.anchor:
            join_queue(sim, own, ladder, displaced)
            note_reach(wire, sim)


@inline(borrow=True)
def stands_before(own: Record, price: Int, off_grid: Bool, hidden: Bool, born: Int) -> Bool:
    """Whether an own order has priority over the recorded order (or hidden volume) that a trade hit."""
    better_by = (own.anchor - price) * own.side
    if better_by > 0 or (better_by == 0 and off_grid and own.side < 0):
        return True
    if better_by < 0 or off_grid:
        return False
    # Same price: displayed goes before hidden once nothing displayed is ahead; among displayed, first come first.
    return own.ahead == 0 or (not hidden and born >= own.joined)


@kernel(borrow=True)
def match_trade(wire: Record, sim: Record, row: Record, off_grid: Bool, now: Int) -> None:
    """Fill own orders that a recorded trade would have met first; at most its size in all."""
    own_side = 1 if row.side == BID else -1
    hidden = row.action == HIDDEN
    budget = row.size
    displaced = shift(sim, now)
    while budget > 0:
        chosen = -1
        for i in range(sim.resting_count):
            own = wire.owns[sim.resting[i]]
            entitled = own.side == own_side and stands_before(own, row.price, off_grid, hidden, row.born)
            if entitled and (chosen < 0 or (own.anchor - wire.owns[sim.resting[chosen]].anchor) * own_side > 0):
                chosen = i
        if chosen < 0:
            return
        own = wire.owns[sim.resting[chosen]]
        size = min(budget, own.quantity - own.filled)
        fill(wire, own, own.price, size, MAKER, displaced, now)
        if wire.error != 0:
            return
        budget -= size
        if own.filled == own.quantity:
            remove(wire, sim, chosen)


@inline(borrow=True)
def may_be_met(sim: Record, row: Record) -> Bool:
    """Whether a trade with the row's side of the book may reach an order of ours."""
    return row.price <= sim.high[BID] if row.side == BID else row.price >= sim.low[ASK]


@inline(borrow=True)
def may_cross(sim: Record, row: Record) -> Bool:
    """Whether what the row's side shows at its price crosses an order of ours."""
    return row.price >= sim.low[ASK] if row.side == BID else row.price <= sim.high[BID]


@inline(borrow=True)
def near_ours(sim: Record, row: Record) -> Bool:
    """Whether an event may concern a queue that an order of ours stands in."""
    return row.side <= ASK and sim.low[row.side] <= row.price <= sim.high[row.side]


@inline(borrow=True)
def crossed(wire: Record, sim: Record, ladder: Record) -> Bool:
    """Whether the recorded market crosses an order of ours."""
    for i in range(sim.resting_count):
        own = wire.owns[sim.resting[i]]
        opposite = ASK if own.side > 0 else BID
        if has(ladder, opposite) and (own.anchor - best(ladder, opposite)) * own.side >= 0:
            return True
    return False


@kernel(borrow=True)
def move_up(wire: Record, sim: Record, ladder: Record, row: Record, index: Int) -> None:
    """Account for what a recorded event did to the queues we stand in; after it changed the book."""
    action = row.action
    own_side = 1 if row.side == BID else -1
    for i in range(sim.resting_count):
        own = wire.owns[sim.resting[i]]
        if action == CLEAR:
            own.ahead = 0
        elif own.side == own_side and own.anchor == row.price:
            here = level_size(ladder, row.side, row.price)
            if action in (CANCEL, EXECUTE):
                # A level pruned from a windowed feed is out of sight, not gone: what was ahead stays ahead.
                if row.flags & SYNTHETIC == 0:
                    if row.born < own.joined:
                        own.ahead -= row.size
                    own.ahead = max(0, min(own.ahead, here))
            elif action == ADD and row.flags & SNAPSHOT != 0:
                own.ahead += row.size
                own.joined = index + 1
            elif action == ADD and row.flags & SYNTHETIC != 0:
                # Volume that comes back into view returns in its order. What fits into the lots that were ahead of us
                # is ahead of us again; where nothing was displayed since we joined, all of it is.
                before = here - row.size
                if own.unseen != 0 or before < own.ahead:
                    own.ahead = max(own.ahead, here)
                    own.joined = index + 1
            if row.flags & SYNTHETIC == 0 and here > 0:
                own.unseen = 0


@kernel(borrow=True)
def uncross(wire: Record, sim: Record, ladder: Record, now: Int) -> None:
    """Fill own resting orders that the displayed opposite side crosses, at their own price."""
    displaced = shift(sim, now)
    i = 0
    while i < sim.resting_count:
        own = wire.owns[sim.resting[i]]
        opposite = ASK if own.side > 0 else BID
        if has(ladder, opposite):
            price = best(ladder, opposite)
            while (own.anchor - price) * own.side >= 0 and own.filled < own.quantity:
                size = min(available(sim, ladder, opposite, price, now), own.quantity - own.filled)
                if size > 0:
                    if not note_take(sim, opposite, price, size, 0, now):
                        wire.error = WireError.TAKEN_FULL
                        return
                    fill(wire, own, own.price, size, MAKER, displaced, now)
                    if wire.error != 0:
                        return
                found, price = next_price(ladder, opposite, price)
                if not found:
                    break
        if own.filled == own.quantity:
            remove(wire, sim, i)
        else:
            i += 1
