"""Where the desk believes its children stand in their queues: what the feed tells, compiled.

The exchange says where an order stands when it joins; from then on the desk follows the feed, later by what the feed
takes. One row moves a child up as the law of the exchange has it (`venue.sim.queue`, `venue.sim.depth_queue`), but the
desk knows less, so that its count may differ from the exchange's:

1. Each child is counted alone. At the exchange our own orders at a price keep their order whatever the law gives them.
2. A count only falls. At the exchange it rises when volume comes into view that was there before us, and on
   order-by-order data it is taken anew from a snapshot.
3. A child keeps its place for as long as it rests. At the exchange a step of our own impact queues it anew.
"""

import numpy as np

from tickwright.book.ladder import level_size
from tickwright.book.layout import ASK, BID, Bool, Int, Record, Rows
from tickwright.core.events import Action, Flag
from tickwright.core.kernel import inline, kernel
from tickwright.orders.state import is_open
from tickwright.venue.sim.depth_queue import at_price, change_seen, through
from tickwright.venue.sim.queue import nothing_ahead, trade_ahead

CANCEL = int(Action.CANCEL)
MODIFY = int(Action.MODIFY)
EXECUTE = int(Action.EXECUTE)
FILL = int(Action.FILL)
CLEAR = int(Action.CLEAR)
SYNTHETIC = int(Flag.SYNTHETIC)


@kernel(borrow=True)
def move_up(control: Record, desk: Record, slots: Rows, k: Int, tape: Rows, origin: Int, row: Record) -> None:
    """Lots that left a queue ahead of a child of ours, as the desk can tell from the feed."""
    own_side = 1 if row.side == BID else -1
    queued = 0
    for s in range(control.slots):
        slot = slots[s]
        if slot.instrument != k or slot.ahead <= 0 or not is_open(slot.state):
            continue
        here = slot.side == own_side and slot.anchor == row.price and row.ts_event > slot.entered
        here = here and (slot.venue == 0 or row.slot == -slot.venue)  # else another venue's queue
        if here and born_before(tape, origin, row, slot.entered):
            slot.ahead = max(0, slot.ahead - row.size)
        queued += 1
    desk.queued = queued


@inline(borrow=True)
def meet_level(slot: Record, sim: Record, row: Record, before: Int) -> None:
    """What a row of an L2 tape does to the lots ahead of a child; `before` is what its level held."""
    if row.action == CLEAR:
        slot.traded = 0
        return
    if row.side != (BID if slot.side > 0 else ASK):
        return
    if row.action == MODIFY and row.price == slot.anchor:
        change_seen(sim, slot, row, before)
    elif row.action == FILL and at_price(slot, row):
        trade_ahead(slot, row.size)
    elif row.action == FILL and through(slot, row):
        nothing_ahead(slot)


@kernel(borrow=True)
def follow_level(control: Record, desk: Record, slots: Rows, k: Int, sim: Record, ladder: Record, row: Record) -> None:
    """`move_up` on depth data, before the row changes the desk's ladder."""
    before = level_size(ladder, row.side, row.price) if row.action == MODIFY else np.int64(0)
    queued = 0
    for s in range(control.slots):
        slot = slots[s]
        if slot.instrument != k or slot.ahead <= 0 or not is_open(slot.state):
            continue
        if row.ts_event > slot.entered:
            meet_level(slot, sim, row, before)
        queued += 1
    desk.queued = queued


@inline(borrow=True)
def born_before(tape: Rows, origin: Int, row: Record, ts: Int) -> Bool:
    """Whether the order of a row had joined its queue by a time."""
    return row.born < 0 or tape[origin + row.born].ts_event <= ts


@inline(borrow=True)
def catch_up_queue(slot: Record, desk: Record, sim: Record, tape: Rows) -> None:
    """What the desk has already received of events after its order joined the queue moves it up at once."""
    i = desk.cursor - 1
    own_side = BID if slot.side > 0 else ASK
    while i >= sim.origin and tape[i].ts_event > slot.entered:
        row = tape[i]
        gone = (row.action == CANCEL or row.action == EXECUTE) and row.flags & SYNTHETIC == 0
        here = gone and row.side == own_side and row.price == slot.anchor
        here = here and (slot.venue == 0 or row.slot == -slot.venue)
        if here and born_before(tape, sim.origin, row, slot.entered):
            slot.ahead = max(0, slot.ahead - row.size)
        i -= 1


@kernel(borrow=True)
def catch_up_level(slot: Record, desk: Record, sim: Record, tape: Rows) -> None:
    """`catch_up_queue` on depth data: forward from the order's entry, for each change is told from the size before."""
    i = desk.cursor
    while i > sim.origin and tape[i - 1].ts_event > slot.entered:
        i -= 1
    before = np.int64(slot.ahead)
    while i < desk.cursor:
        row = tape[i]
        meet_level(slot, sim, row, before)
        if row.action == CLEAR:
            before = np.int64(0)
        elif row.action == MODIFY and row.price == slot.anchor and row.side == (BID if slot.side > 0 else ASK):
            before = np.int64(row.size)
        i += 1
