"""The simulated exchange: recorded events and our commands meet in price-time priority.

What happens to one recorded event (`on_market`, `resting`):

1. If our takes displaced the market by another whole tick, our resting orders requeue where they now stand (`impact`).
2. A trade (EXECUTE, FILL, HIDDEN) first fills those of our resting orders that stood before the order it hit: better
   price, or same price and earlier in the queue. Together they get no more than the size of the trade.
3. The event changes the recorded book.
4. What left a queue ahead of us moves us up; the count is exact on full-depth feeds of single orders.
5. At the end of a packet, an order of ours that the recorded market now crosses is filled at its own price, up to
   the displayed size that crosses it.

On depth data (L2) a trade works off the queue by its size, and 4 is a law of `queue` on what the level's next size
tells: `depth_queue`.

What happens to a command (`on_command`, `commands`): halts refuse; post-only refuses to cross; a marketable part takes
displayed liquidity level by level, as far as it is not already taken by us (`liquidity`); the rest joins its queue, or
expires. A replace keeps its place only when the price stays and the size does not grow.

Where the law is unrealistic. Recorded participants never react to us: the order we jumped ahead of in step 2 is still
executed by the tape, so volume is counted twice, once for it and once for us. Hidden liquidity is not found by our
takes. Our orders do not trade with one another. Auctions fill nothing of ours. In a halt nothing of ours trades and
orders are refused; while the venue only quotes, orders may rest, and what crosses trades when trading resumes.
"""

from tickwright.book.l3 import apply
from tickwright.book.ladder import level_size
from tickwright.book.layout import ASK, Int, Record
from tickwright.core.events import Action, Flag, TradingStatus
from tickwright.core.kernel import inline, kernel
from tickwright.core.records import CommandKind, OrderEventKind
from tickwright.venue.sim.commands import QUOTES_ONLY, STOPPED, TRADING, new_order, replace_order
from tickwright.venue.sim.depth_queue import book_cleared, level_changed, meet_trade
from tickwright.venue.sim.layout import MAX_HANDLES, WireError
from tickwright.venue.sim.liquidity import forget_emptied, mark_emptied
from tickwright.venue.sim.queue import EXACT
from tickwright.venue.sim.reports import refuse, report
from tickwright.venue.sim.resting import (
    crossed,
    match_trade,
    may_be_met,
    may_cross,
    move_up,
    near_ours,
    place_of,
    remove,
    requeue_displaced,
    uncross,
)

ADD = int(Action.ADD)
CANCEL = int(Action.CANCEL)
MODIFY = int(Action.MODIFY)
EXECUTE = int(Action.EXECUTE)
FILL = int(Action.FILL)
HIDDEN = int(Action.HIDDEN)
CLEAR = int(Action.CLEAR)
HALT = int(Action.HALT)
LAST = int(Flag.LAST)
SYNTHETIC = int(Flag.SYNTHETIC)
HALTED = int(TradingStatus.HALTED)
QUOTING = int(TradingStatus.QUOTING)


@inline(borrow=True)
def on_market(wire: Record, sim: Record, book: Record, row: Record, index: Int) -> None:
    """One recorded event at the exchange. `index` is its place in the tape of its instrument."""
    now = row.ts_event
    if sim.resting_count == 0:
        if apply(book, row) < 0:
            wire.error = WireError.BOOK
    else:
        if sim.displacement != 0.0:
            requeue_displaced(wire, sim, book.ladder, now)
        if sim.queue_law == EXACT:
            among_orders(wire, sim, book, row, index, now)
        else:
            among_levels(wire, sim, book, row, now)
    if sim.taken_count > 0:
        follow_levels(sim, book.ladder, row)
    if row.action == HALT:
        sim.status = STOPPED if row.size == HALTED else (QUOTES_ONLY if row.size == QUOTING else TRADING)
        sim.unsettled = 1
    if sim.unsettled != 0 and row.flags & LAST != 0 and sim.status == TRADING:
        sim.unsettled = 1 if crossed(wire, sim, book.ladder) else 0
        if sim.unsettled != 0:
            uncross(wire, sim, book.ladder, now)


@inline(borrow=True)
def among_orders(wire: Record, sim: Record, book: Record, row: Record, index: Int, now: Int) -> None:
    """An event of an L3 tape, with orders of ours resting."""
    action = row.action
    if action in (EXECUTE, FILL, HIDDEN) and row.side <= ASK and sim.status == TRADING and may_be_met(sim, row):
        match_trade(wire, sim, row, row.off_grid != 0, now)
    if apply(book, row) < 0:
        wire.error = WireError.BOOK
    if action == ADD and may_cross(sim, row):
        sim.unsettled = 1
    if near_ours(sim, row) or action == CLEAR:
        move_up(wire, sim, book.ladder, row, index)


@kernel(borrow=True)
def among_levels(wire: Record, sim: Record, book: Record, row: Record, now: Int) -> None:
    """A row of an L2 tape, with orders of ours resting."""
    action = row.action
    ours = action == MODIFY and near_ours(sim, row)
    before = level_size(book.ladder, row.side, row.price) if ours else 0
    if action == FILL and sim.status == TRADING and may_be_met(sim, row):
        meet_trade(wire, sim, row, now)
    if apply(book, row) < 0:
        wire.error = WireError.BOOK
    if action == MODIFY:
        if ours:
            level_changed(wire, sim, row, before)
        if row.size > 0 and may_cross(sim, row):
            sim.unsettled = 1
    elif action == CLEAR:
        book_cleared(wire, sim)


@inline(borrow=True)
def follow_levels(overlay: Record, ladder: Record, row: Record) -> None:
    """What a recorded event does to the note of what we took; after it changed the ladder."""
    if row.action == CLEAR:
        overlay.taken_count = 0
    elif (row.action == CANCEL or row.action == EXECUTE or row.action == MODIFY) and row.flags & SYNTHETIC == 0:
        empty = level_size(ladder, row.side, row.price) == 0
        if empty:
            mark_emptied(overlay, row.side, row.price)
    if row.flags & LAST != 0:
        forget_emptied(overlay, ladder)


@inline(borrow=True)
def on_command(wire: Record, sim: Record, book: Record, c: Record) -> None:
    """One command at the exchange, at its arrival."""
    now = c.ts_arrives
    own = wire.owns[c.order_id % MAX_HANDLES]
    if sim.resting_count > 0 and sim.displacement != 0.0:
        requeue_displaced(wire, sim, book.ladder, now)
    if c.kind == CommandKind.NEW:
        new_order(wire, sim, own, book.ladder, c, now)
        return
    if own.active == 0 or own.order_id != c.order_id:
        refused = OrderEventKind.CANCEL_REJECTED if c.kind == CommandKind.CANCEL else OrderEventKind.REPLACE_REJECTED
        refuse(wire, c, refused, now)
        return
    own.command_id = c.command_id
    place = place_of(sim, c.order_id % MAX_HANDLES)
    if c.kind == CommandKind.CANCEL:
        remove(wire, sim, place)
        report(wire, own, OrderEventKind.CANCELLED, 0, 0, 0, 0, now)
    else:
        replace_order(wire, sim, own, place, book.ladder, c, now)
