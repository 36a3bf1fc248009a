"""The simulated exchange: recorded events and our commands meet in price-time priority.

What happens to one recorded event (`on_market`):

1. If our takes displaced the market by another whole tick, our resting orders requeue where they now stand (`impact`).
2. A trade (EXECUTE, FILL, HIDDEN) first fills those of our resting orders that stood before the order it hit: better
   price, or same price and earlier in the queue. Together they get no more than the size of the trade.
3. The event changes the recorded book.
4. What left a queue ahead of us moves us up; the count is exact on full-depth feeds.
5. At the end of a packet, an order of ours that the recorded market now crosses is filled at its own price, up to
   the displayed size that crosses it.

What happens to a command (`on_command`): halts refuse; post-only refuses to cross; a marketable part takes displayed
liquidity level by level, as far as it is not already taken by us (`liquidity`); the rest joins its queue, or expires.
A replace keeps its place only when the price stays and the size does not grow.

Where the law is unrealistic. Recorded participants never react to us: the order we jumped ahead of in step 2 is still
executed by the tape, so volume is counted twice, once for it and once for us. Hidden liquidity is not found by our
takes. Our orders do not trade with one another. Auctions fill nothing of ours. In a halt nothing of ours trades and
orders are refused; while the venue only quotes, orders may rest, and what crosses trades when trading resumes.
"""

from tickwright.book.l3 import apply
from tickwright.book.ladder import best, has, level_size, next_price
from tickwright.book.layout import ASK, BID, Bool, Int, Record
from tickwright.core.events import Action, Flag, TradingStatus
from tickwright.core.kernel import inline, kernel
from tickwright.core.records import (
    MAKER,
    TAKER,
    CommandKind,
    OrderEventKind,
    OrderType,
    Reason,
    TimeInForce,
)
from tickwright.venue.sim.impact import push, shift
from tickwright.venue.sim.latency import response_delay
from tickwright.venue.sim.layout import JOURNAL, MAX_ECHOES, MAX_HANDLES, MAX_RESTING, RING, WireError
from tickwright.venue.sim.liquidity import available, consume, forget_emptied, mark_emptied

ADD = int(Action.ADD)
CANCEL = int(Action.CANCEL)
EXECUTE = int(Action.EXECUTE)
FILL = int(Action.FILL)
HIDDEN = int(Action.HIDDEN)
CLEAR = int(Action.CLEAR)
HALT = int(Action.HALT)
LAST = int(Flag.LAST)
SNAPSHOT = int(Flag.SNAPSHOT)
SYNTHETIC = int(Flag.SYNTHETIC)
HALTED = int(TradingStatus.HALTED)
QUOTING = int(TradingStatus.QUOTING)

TRADING, STOPPED, QUOTES_ONLY = 0, 1, 2
"""`SIM.status`: everything; nothing but cancels; resting orders and cancels."""

# ── reports ──────────────────────────────────────────────────────────────────────────────────────────────────────


@kernel
def post_report(
    wire: Record,
    order_id: Int,
    parent: Int,
    instrument: Int,
    command_id: Int,
    kind: Int,
    reason: Int,
    price: Int,
    leaves: Int,
    last_price: Int,
    last_size: Int,
    liquidity: Int,
    ahead: Int,
    now: Int,
) -> None:
    """Put a report on its way to the desk."""
    if wire.report_tail - wire.report_head >= RING:
        wire.error = WireError.RING_FULL
        return
    arrives = max(now + response_delay(wire, now), wire.last_report)
    wire.last_report = arrives
    r = wire.reports[wire.report_tail % RING]
    r.order_id, r.parent, r.instrument, r.command_id = order_id, parent, instrument, command_id
    r.kind, r.reason, r.price, r.leaves = kind, reason, price, leaves
    r.last_price, r.last_size, r.liquidity, r.queue_ahead = last_price, last_size, liquidity, ahead
    r.ts_exchange, r.ts_desk = now, arrives
    wire.report_tail += 1


@inline
def report(
    wire: Record, own: Record, kind: Int, reason: Int, last_price: Int, last_size: Int, liquidity: Int, now: Int
) -> None:
    """Report on an order that the exchange knows."""
    over = kind == OrderEventKind.REJECTED or kind == OrderEventKind.CANCELLED or kind == OrderEventKind.EXPIRED
    post_report(
        wire, own.order_id, own.parent, own.instrument, own.command_id, kind, reason, own.price,
        0 if over else own.quantity - own.filled, last_price, last_size, liquidity, own.ahead, now,
    )  # fmt: skip


@inline
def refuse(wire: Record, c: Record, kind: Int, now: Int) -> None:
    """Refuse a command for an order that is not there."""
    post_report(
        wire, c.order_id, c.parent, c.instrument, c.command_id, kind, Reason.UNKNOWN_ORDER, c.price, 0, 0, 0, 0, 0, now
    )


@kernel
def fill(wire: Record, own: Record, price: Int, size: Int, liquidity: Int, displaced: Int, now: Int) -> None:
    """Exchange lots at a price: journal the fill, report it. `bid` and `ask` carry the displacement until the shell
    adds the market's quote."""
    if wire.fill_count >= JOURNAL:
        wire.error = WireError.JOURNAL_FULL
        return
    own.filled += size
    done = own.filled == own.quantity
    report(
        wire, own, OrderEventKind.FILLED if done else OrderEventKind.PARTIALLY_FILLED, 0, price, size, liquidity, now
    )
    f = wire.fills[wire.fill_count]
    f.order_id, f.parent, f.instrument, f.side, f.liquidity = (
        own.order_id, own.parent, own.instrument, own.side, liquidity,
    )  # fmt: skip
    f.price, f.size, f.bid, f.ask, f.fee = price, size, displaced, displaced, 0
    f.queue_entry, f.queue_fill = own.queue_entry, own.ahead
    f.ts_decided, f.ts_sent, f.ts_entered = own.ts_decided, own.ts_sent, own.ts_entered
    f.ts_exchange, f.ts_desk = now, wire.last_report
    wire.fill_count += 1


@inline
def note_take(sim: Record, side: Int, price: Int, lots: Int, push: Int, now: Int) -> Bool:
    """Lots of ours meet a displayed level: note it here, and for the market data that will show it at the desk."""
    echo = sim.echoes[sim.echo_count % MAX_ECHOES]
    echo.ts, echo.side, echo.price, echo.lots, echo.push = now, side, price, lots, push
    sim.echo_count += 1
    return consume(sim, side, price, lots, now)


# ── our resting orders ───────────────────────────────────────────────────────────────────────────────────────────


@inline
def remove(wire: Record, sim: Record, place: Int) -> None:
    """Take the order at `place` of the resting list out; arrival order is kept."""
    wire.owns[sim.resting[place]].active = 0
    for i in range(place, sim.resting_count - 1):
        sim.resting[i] = sim.resting[i + 1]
    sim.resting_count -= 1


@inline
def place_of(sim: Record, handle: Int) -> Int:
    """Where a handle stands in the resting list."""
    for i in range(sim.resting_count):
        if sim.resting[i] == handle:
            return i
    return -1


@inline
def join_queue(sim: Record, own: Record, ladder: Record, displaced: Int) -> None:
    """Stand at the back of the queue at the own price."""
    own.anchor = own.price - displaced
    own.joined = sim.cursor - sim.origin
    own.ahead = level_size(ladder, BID if own.side > 0 else ASK, own.anchor)
    own.unseen = 1 if own.ahead == 0 else 0
    sim.unsettled = 1


@inline
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


@kernel
def requeue_displaced(wire: Record, sim: Record, ladder: Record, now: Int) -> None:
    """Law of `impact`: after a whole-tick step of the displacement our orders queue anew where they stand."""
    displaced = shift(sim, now)
    for i in range(sim.resting_count):
        own = wire.owns[sim.resting[i]]
        if own.price - displaced != own.anchor:
            join_queue(sim, own, ladder, displaced)


@inline
def stands_before(own: Record, price: Int, off_grid: Bool, hidden: Bool, born: Int) -> Bool:
    """Whether an own order has priority over the recorded order (or hidden volume) that a trade hit."""
    better_by = (own.anchor - price) * own.side
    if better_by > 0 or (better_by == 0 and off_grid and own.side < 0):
        return True
    if better_by < 0 or off_grid:
        return False
    # Same price: displayed goes before hidden once nothing displayed is ahead; among displayed, first come first.
    return own.ahead == 0 or (not hidden and born >= own.joined)


@kernel
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


@inline
def at_our_price(wire: Record, sim: Record, row: Record) -> Bool:
    """Whether an event may concern a queue that an order of ours stands in."""
    for i in range(sim.resting_count):
        if wire.owns[sim.resting[i]].anchor == row.price:
            return True
    return row.action == CLEAR


@inline
def crossed(wire: Record, sim: Record, ladder: Record) -> Bool:
    """Whether the recorded market crosses an order of ours."""
    for i in range(sim.resting_count):
        own = wire.owns[sim.resting[i]]
        opposite = ASK if own.side > 0 else BID
        if has(ladder, opposite) and (own.anchor - best(ladder, opposite)) * own.side >= 0:
            return True
    return False


@kernel
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


@kernel
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


# ── what arrives ─────────────────────────────────────────────────────────────────────────────────────────────────


@inline
def on_market(wire: Record, sim: Record, book: Record, row: Record, index: Int) -> None:
    """One recorded event at the exchange. `index` is its place in the tape of its instrument."""
    now = row.ts_event
    if sim.resting_count == 0:
        if apply(book, row) < 0:
            wire.error = WireError.BOOK
    else:
        if sim.displacement != 0.0:
            requeue_displaced(wire, sim, book.ladder, now)
        action = row.action
        if action in (EXECUTE, FILL, HIDDEN) and row.side <= ASK and sim.status == TRADING:
            match_trade(wire, sim, row, row.off_grid != 0, now)
        if apply(book, row) < 0:
            wire.error = WireError.BOOK
        if action == ADD:
            sim.unsettled = 1
        if at_our_price(wire, sim, row):
            move_up(wire, sim, book.ladder, row, index)
    if sim.taken_count > 0:
        follow_levels(sim, book.ladder, row)
    if row.action == HALT:
        sim.status = STOPPED if row.size == HALTED else (QUOTES_ONLY if row.size == QUOTING else TRADING)
        sim.unsettled = 1
    if sim.unsettled != 0 and row.flags & LAST != 0 and sim.status == TRADING:
        sim.unsettled = 1 if crossed(wire, sim, book.ladder) else 0
        if sim.unsettled != 0:
            uncross(wire, sim, book.ladder, now)


@inline
def follow_levels(overlay: Record, ladder: Record, row: Record) -> None:
    """What a recorded event does to the note of what we took; after it changed the ladder."""
    if row.action == CLEAR:
        overlay.taken_count = 0
    elif (row.action == CANCEL or row.action == EXECUTE) and row.flags & SYNTHETIC == 0:
        empty = level_size(ladder, row.side, row.price) == 0
        if empty:
            mark_emptied(overlay, row.side, row.price)
    if row.flags & LAST != 0:
        forget_emptied(overlay, ladder)


@kernel
def reachable(sim: Record, own: Record, ladder: Record, market: Bool, anchor: Int, wanted: Int, now: Int) -> Int:
    """Lots, up to `wanted`, that a take could get at `anchor` or better."""
    opposite = ASK if own.side > 0 else BID
    total = 0
    if has(ladder, opposite):
        price = best(ladder, opposite)
        while total < wanted and (market or (anchor - price) * own.side >= 0):
            total += available(sim, ladder, opposite, price, now)
            found, price = next_price(ladder, opposite, price)
            if not found:
                break
    return total


@inline
def crosses(sim: Record, own: Record, ladder: Record, anchor: Int, now: Int) -> Bool:
    """Whether an order at a recorded price would trade at once: with what is displayed and not taken by us."""
    return reachable(sim, own, ladder, False, anchor, 1, now) > 0


@kernel
def take(wire: Record, sim: Record, own: Record, ladder: Record, market: Bool, displaced: Int, now: Int) -> None:
    """Trade the marketable part of an order with displayed liquidity, best level first."""
    opposite = ASK if own.side > 0 else BID
    anchor = own.price - displaced
    before = own.filled
    if has(ladder, opposite):
        price = best(ladder, opposite)
        while own.filled < own.quantity and (market or (anchor - price) * own.side >= 0):
            size = min(available(sim, ladder, opposite, price, now), own.quantity - own.filled)
            if size > 0:
                if not note_take(sim, opposite, price, size, own.side, now):
                    wire.error = WireError.TAKEN_FULL
                    return
                fill(wire, own, price + displaced, size, TAKER, displaced, now)
                if wire.error != 0:
                    return
            found, price = next_price(ladder, opposite, price)
            if not found:
                break
    if own.filled > before:
        push(sim, own.side, own.filled - before, now)


@kernel
def enter(
    wire: Record, sim: Record, own: Record, ladder: Record, order_type: Int, tif: Int, answer: Int, now: Int
) -> None:
    """Answer a new or repriced order, trade what is marketable, rest or expire what is left."""
    displaced = shift(sim, now)
    market = order_type == OrderType.MARKET
    own.ts_entered = now
    own.ahead = 0 if market else level_size(ladder, BID if own.side > 0 else ASK, own.price - displaced)
    own.queue_entry = 0
    report(wire, own, answer, 0, 0, 0, 0, now)
    wanted = own.quantity - own.filled
    if tif == TimeInForce.FOK and reachable(sim, own, ladder, market, own.price - displaced, wanted, now) < wanted:
        report(wire, own, OrderEventKind.EXPIRED, Reason.NOT_FILLABLE, 0, 0, 0, now)
        return
    own.ahead = 0
    if sim.status == TRADING:
        take(wire, sim, own, ladder, market, displaced, now)
    if own.filled < own.quantity or own.quantity == 0:
        if tif == TimeInForce.DAY and not market and own.quantity > 0:
            rest(wire, sim, own, ladder, displaced)
        else:
            report(wire, own, OrderEventKind.EXPIRED, Reason.NO_LIQUIDITY, 0, 0, 0, now)


@kernel
def new_order(wire: Record, sim: Record, own: Record, ladder: Record, c: Record, now: Int) -> None:
    """A NEW command at the exchange."""
    own.order_id, own.parent, own.instrument, own.command_id = c.order_id, c.parent, c.instrument, c.command_id
    own.side, own.price, own.quantity, own.filled, own.active = c.side, c.price, c.size, 0, 0
    own.post_only, own.ts_decided, own.ts_sent = c.post_only, c.ts_decided, c.ts_sent
    own.ahead, own.queue_entry = 0, 0
    resting_only = c.order_type == OrderType.LIMIT and c.tif == TimeInForce.DAY
    if sim.status == STOPPED or (sim.status == QUOTES_ONLY and not resting_only):
        report(wire, own, OrderEventKind.REJECTED, Reason.HALTED, 0, 0, 0, now)
    elif c.post_only != 0 and crosses(sim, own, ladder, c.price - shift(sim, now), now):
        report(wire, own, OrderEventKind.REJECTED, Reason.WOULD_CROSS, 0, 0, 0, now)
    else:
        enter(wire, sim, own, ladder, c.order_type, c.tif, OrderEventKind.ACKNOWLEDGED, now)


@kernel
def replace_order(wire: Record, sim: Record, own: Record, place: Int, ladder: Record, c: Record, now: Int) -> None:
    """A REPLACE command for an order that rests at `place`."""
    if sim.status == STOPPED:
        report(wire, own, OrderEventKind.REPLACE_REJECTED, Reason.HALTED, 0, 0, 0, now)
    elif c.size <= own.filled:
        own.quantity = own.filled
        remove(wire, sim, place)
        report(wire, own, OrderEventKind.CANCELLED, 0, 0, 0, 0, now)
    elif c.price == own.price and c.size <= own.quantity:
        own.quantity = c.size
        report(wire, own, OrderEventKind.REPLACED, 0, 0, 0, 0, now)
    elif own.post_only != 0 and crosses(sim, own, ladder, c.price - shift(sim, now), now):
        report(wire, own, OrderEventKind.REPLACE_REJECTED, Reason.WOULD_CROSS, 0, 0, 0, now)
    else:
        remove(wire, sim, place)
        own.price, own.quantity = c.price, c.size
        own.ts_decided, own.ts_sent = c.ts_decided, c.ts_sent
        enter(wire, sim, own, ladder, OrderType.LIMIT, TimeInForce.DAY, OrderEventKind.REPLACED, now)


@inline
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
