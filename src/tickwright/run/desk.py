"""The desk's side of the loop, compiled: what it sees, what it decides, what it sends, what it hears.

The desk has its own clock and its own copy of the book, a ladder of level sizes that follows the recorded market as it
is received. It knows its orders only by the reports that have reached it.
"""

import numpy as np

from tickwright.book.l2 import set_level
from tickwright.book.ladder import best, change, has, level_size, next_price, width, wipe
from tickwright.book.layout import ASK, BID, Bool, Int, Record, Rows
from tickwright.core.events import Action, Flag
from tickwright.core.kernel import inline, kernel
from tickwright.core.records import MAKER, CommandKind, IntentKind, OrderEventKind
from tickwright.orders.intents import command_of
from tickwright.orders.state import OrderInput, is_open, is_pending, next_state
from tickwright.risk.gate import check
from tickwright.run.layout import NEVER, REFUSED_WAIT, REJECTED_WAIT, LoopError
from tickwright.run.queues import catch_up_level, catch_up_queue, follow_level, move_up
from tickwright.strategy.tick.custom import CUSTOM
from tickwright.venue.sim.exchange import follow_levels
from tickwright.venue.sim.impact import push, shift
from tickwright.venue.sim.latency import send
from tickwright.venue.sim.layout import MAX_ECHOES, MAX_HANDLES
from tickwright.venue.sim.liquidity import consume, missing
from tickwright.venue.sim.queue import EXACT, join

LEVELS = 5

ADD = int(Action.ADD)
CANCEL = int(Action.CANCEL)
MODIFY = int(Action.MODIFY)
EXECUTE = int(Action.EXECUTE)
FILL = int(Action.FILL)
HIDDEN = int(Action.HIDDEN)
TRADE = int(Action.TRADE)
CLEAR = int(Action.CLEAR)
SYNTHETIC = int(Flag.SYNTHETIC)
AGGREGATED = int(Flag.AGGREGATED)
PULL = int(IntentKind.PULL)
NEW = int(CommandKind.NEW)
REPLACE = int(CommandKind.REPLACE)
SUBMIT = int(OrderInput.SUBMIT)
SEND_CANCEL = int(OrderInput.SEND_CANCEL)
SEND_REPLACE = int(OrderInput.SEND_REPLACE)
ACKNOWLEDGED = int(OrderEventKind.ACKNOWLEDGED)
REPLACED = int(OrderEventKind.REPLACED)
REJECTED = int(OrderEventKind.REJECTED)
CANCEL_REJECTED = int(OrderEventKind.CANCEL_REJECTED)
REPLACE_REJECTED = int(OrderEventKind.REPLACE_REJECTED)

# ── what it sees ─────────────────────────────────────────────────────────────────────────────────────────────────


@inline(borrow=True)
def receive(control: Record, ladder: Record, row: Record) -> Int:
    """A market event reaches the desk's ladder. Returns the lots that others traded."""
    action = row.action
    traded = np.int64(0)
    if action == ADD:
        if change(ladder, row.side, row.price, np.int64(row.size)) < 0:
            control.error = LoopError.LADDER
    elif action in (CANCEL, EXECUTE):
        if change(ladder, row.side, row.price, -np.int64(row.size)) < 0:
            control.error = LoopError.LADDER
        if action == EXECUTE:
            traded = np.int64(row.size)
    elif action in (HIDDEN, TRADE):
        traded = np.int64(row.size)
    elif action == CLEAR:
        empty(ladder)
    elif action == MODIFY:
        if set_level(ladder, row.side, row.price, row.size) < 0:
            control.error = LoopError.LADDER
    elif action == FILL and row.flags & AGGREGATED != 0:  # a trade of a depth feed; order by order a TRADE covers it
        traded = np.int64(row.size)
    return traded


@kernel(borrow=True)
def empty(ladder: Record) -> None:
    """Nothing is displayed any more; the ladder's window stays where it is."""
    wipe(ladder, ladder.base + width(ladder) // 2)


@inline(borrow=True)
def run_receipts(
    control: Record,
    slots: Rows,
    k: Int,
    sim: Record,
    desk: Record,
    ladders: Rows,
    tape: Rows,
    feed: Int,
    bound: Int,
    wake: Bool,
) -> None:
    """Market events of one instrument reach the desk, up to `bound`; with `wake` until one wakes a tick level."""
    ladder, venues = ladders[k], desk.venues
    i, end, traded, signed = desk.cursor, sim.end, np.int64(0), np.int64(0)
    while i < end and tape[i].ts_recv + feed <= bound:
        row = tape[i]
        if desk.echoes_seen < sim.echo_count:
            hear_echoes(control, desk, sim, row.ts_recv)
        if desk.queued != 0 and sim.queue_law != EXACT and row.action in (MODIFY, FILL, CLEAR):
            follow_level(control, desk, slots, k, sim, ladder, row)
        lots = receive(control, ladder, row)
        if venues > 1 and row.action != HIDDEN:
            receive_apart(control, ladders, row)
        traded += lots
        if lots > 0:
            bought = lots * (np.int64(row.side == ASK) - np.int64(row.side == BID))
            signed += bought
            if row.action == HIDDEN:
                desk.dark_volume += lots
                desk.dark_signed += bought
        if desk.taken_count > 0:
            follow_levels(desk, ladder, row)
        if desk.queued != 0 and row.action in (CANCEL, EXECUTE) and row.flags & SYNTHETIC == 0:
            for s in range(control.slots):
                if slots[s].anchor == row.price and slots[s].ahead > 0:
                    move_up(control, desk, slots, k, tape, sim.origin, row)
                    break
        i += 1
        if wake and best_changed(desk, ladder) and wake_for_quote(control, slots, k, row.ts_recv + feed):
            break
    if i >= end or tape[i].ts_recv + feed > bound:
        hear_echoes(control, desk, sim, bound - feed)
    desk.cursor = i
    desk.volume += traded
    desk.signed += signed


@kernel(borrow=True)
def receive_apart(control: Record, ladders: Rows, row: Record) -> None:
    """The same for the ladder of the row's venue, which stands behind that of all."""
    receive(control, ladders[-row.slot], row)


@kernel(borrow=True)
def hear_echoes(control: Record, desk: Record, sim: Record, until: Int) -> None:
    """The market data show what our takes did to the market, those of the exchange's time `until` and before."""
    if sim.echo_count - desk.echoes_seen > MAX_ECHOES:
        control.error = LoopError.ECHOES
        return
    while desk.echoes_seen < sim.echo_count:
        echo = sim.echoes[desk.echoes_seen % MAX_ECHOES]
        if echo.ts > until:
            return
        consume(desk, echo.side, echo.price, echo.lots, echo.ts)
        if echo.push != 0:
            push(desk, echo.push, echo.lots, echo.ts)
        desk.echoes_seen += 1


@inline(borrow=True)
def best_changed(desk: Record, ladder: Record) -> Bool:
    """Whether the best bid or ask is another than when last asked."""
    bid = best(ladder, BID) if has(ladder, BID) else desk.bid
    ask = best(ladder, ASK) if has(ladder, ASK) else desk.ask
    changed = bid != desk.bid or ask != desk.ask
    desk.bid, desk.ask = bid, ask
    return changed


@kernel(borrow=True)
def wake_for_quote(control: Record, slots: Rows, k: Int, at: Int) -> Bool:
    """Wake the tick levels of an instrument that wait for quotes and have something to do."""
    woken = False
    for s in range(control.slots):
        slot = slots[s]
        if slot.on_quote != 0 and slot.instrument == k and slot.target > slot.done and slot.wake > at:
            slot.wake, woken = at, True
    return woken


@inline(borrow=True)
def touch(desk: Record, ladder: Record, side: Int, now: Int) -> tuple[Bool, Int, Int, Int]:
    """The best level of a side with something left on it: (found, recorded price, lots, lots on the best levels)."""
    if not has(ladder, side):
        return False, np.int64(0), np.int64(0), np.int64(0)
    price = best(ladder, side)
    found, top, top_size, total, seen = False, np.int64(0), np.int64(0), np.int64(0), 0
    while seen < LEVELS:
        size = np.int64(level_size(ladder, side, price))
        if desk.taken_count > 0:
            size -= missing(desk, side, price, now)
        if size > 0:
            if not found:
                found, top, top_size = True, price, size
            total += size
            seen += 1
        more, price = next_price(ladder, side, price)
        if not more:
            break
    return found, top, top_size, total


@kernel(borrow=True)
def observe(obs: Record, slot: Record, desk: Record, ladders: Rows, now: Int) -> None:
    """Fill an OBSERVATION for a slot. Prices carry the displacement that our own takes caused (`venue.sim.impact`)."""
    ladder = ladders[slot.instrument]
    displaced = shift(desk, now)
    has_bid, bid, bid_size, bid_depth = touch(desk, ladder, BID, now)
    has_ask, ask, ask_size, ask_depth = touch(desk, ladder, ASK, now)
    obs.now, obs.side = now, slot.side
    obs.remaining = max(0, slot.target - slot.done)
    obs.start, obs.deadline, obs.final = slot.start, slot.deadline, slot.final
    obs.limited, obs.limit = slot.limited, slot.limit
    obs.quoted = 1 if has_bid and has_ask and bid < ask else 0
    obs.bid, obs.ask, obs.bid_size, obs.ask_size = bid + displaced, ask + displaced, bid_size, ask_size
    obs.bid_depth, obs.ask_depth = bid_depth, ask_depth
    live = is_open(slot.state)
    obs.live = 1 if live else 0
    obs.live_price = slot.price if live else 0
    obs.live_size = slot.quantity - slot.filled if live else 0
    obs.live_since = slot.since if live else 0
    obs.queue_ahead = slot.ahead if live else 0
    obs.pending = 1 if is_pending(slot.state) else 0
    obs.volume = desk.volume - slot.volume_before
    if slot.code <= CUSTOM:
        obs.paid, obs.made, obs.signed = slot.paid, slot.made, desk.signed
        obs.bid_size_1, obs.bid_size_2, obs.bid_size_3, obs.bid_size_4 = behind(desk, ladder, BID, bid, now)
        obs.ask_size_1, obs.ask_size_2, obs.ask_size_3, obs.ask_size_4 = behind(desk, ladder, ASK, ask, now)
        obs.live_venue = slot.venue if live else 0
        obs.dark, obs.dark_volume, obs.dark_signed = slot.dark, desk.dark_volume, desk.dark_signed
        obs.bid_venue_1, obs.bid_venue_2, obs.bid_venue_3, obs.bid_venue_4 = apart(obs, desk, ladders, BID, bid)
        obs.ask_venue_1, obs.ask_venue_2, obs.ask_venue_3, obs.ask_venue_4 = apart(obs, desk, ladders, ASK, ask)


@inline(borrow=True)
def behind(desk: Record, ladder: Record, side: Int, price: Int, now: Int) -> tuple[Int, Int, Int, Int]:
    """Lots one to four ticks behind a recorded price."""
    step = np.int64(-1 if side == BID else 1)
    return (
        left_at(desk, ladder, side, price + step, now), left_at(desk, ladder, side, price + 2 * step, now),
        left_at(desk, ladder, side, price + 3 * step, now), left_at(desk, ladder, side, price + 4 * step, now),
    )  # fmt: skip


@inline(borrow=True)
def apart(obs: Record, desk: Record, ladders: Rows, side: Int, price: Int) -> tuple[Int, Int, Int, Int]:
    """Lots at a price by venue, where there are several and both sides are quoted."""
    venues = desk.venues if obs.quoted == 1 else np.int64(0)
    return (
        there(ladders, 1, venues, side, price), there(ladders, 2, venues, side, price),
        there(ladders, 3, venues, side, price), there(ladders, 4, venues, side, price),
    )  # fmt: skip


@inline(borrow=True)
def there(ladders: Rows, venue: Int, venues: Int, side: Int, price: Int) -> Int:
    """Lots at a price at one of the venues."""
    return np.int64(level_size(ladders[venue], side, price)) if 1 < venues >= venue else np.int64(0)


@inline(borrow=True)
def left_at(desk: Record, ladder: Record, side: Int, price: Int, now: Int) -> Int:
    """Lots at a recorded price, less those that we took."""
    size = np.int64(level_size(ladder, side, price))
    if desk.taken_count > 0:
        size -= missing(desk, side, price, now)
    return max(size, np.int64(0))


# ── what it decides and sends ────────────────────────────────────────────────────────────────────────────────────


@inline(borrow=True)
def open_lots(control: Record, slots: Rows, parent: Int, but: Int) -> Int:
    """Lots of a parent in open children of other slots."""
    total = 0
    for s in range(control.slots):
        if s != but and slots[s].parent == parent and is_open(slots[s].state):
            total += slots[s].quantity - slots[s].filled
    return total


@kernel(borrow=True)
def act(
    control: Record,
    wire: Record,
    slots: Rows,
    s: Int,
    half_tick_value: Int,
    kind: Int,
    price: Int,
    size: Int,
    post_only: Int,
    wake: Int,
    venue: Int,
) -> None:
    """Carry out an intent of slot `s`: intent → command → verdict → wire. Journals the command and the verdict."""
    slot, obs, now = slots[s], control.observation, control.now
    slot.wake = wake if wake > now else NEVER
    wanted, order_type, tif, post, at, lots = command_of(
        kind, price, size, post_only, slot.state, slot.price, slot.quantity - slot.filled,
        venue != 0 and venue != slot.venue,
    )  # fmt: skip
    if wanted == 0:
        return
    code, observed, limit = check(
        slot.limits, wanted, order_type, slot.side, at, lots, obs.bid + obs.ask, obs.quoted, slot.parent_quantity,
        slot.parent_filled, open_lots(control, slots, slot.parent, s), slot.limited, slot.limit, half_tick_value,
    )  # fmt: skip
    control.commands += 1
    order_id = (slot.serial + 1) * MAX_HANDLES + s if wanted == NEW else slot.order_id
    total = lots + (slot.filled if wanted == REPLACE else 0)
    where = venue if wanted == NEW else slot.venue
    arrives = np.int64(0)
    if code == 0:
        arrives = send(
            wire, order_id, slot.parent, slot.instrument, wanted, order_type, tif, post, slot.side, at, total,
            control.commands, where, now,
        )  # fmt: skip
        submit(control, slot, wanted, order_id, at, total, now)
        slot.venue = where  # an answer may know better
    else:
        slot.wake = min(slot.wake, now + REFUSED_WAIT)
    c = control.command_journal[control.command_count]
    c.command_id, c.order_id, c.parent, c.instrument = control.commands, order_id, slot.parent, slot.instrument
    c.kind, c.order_type, c.tif, c.post_only = wanted, order_type, tif, post
    c.side, c.price, c.size = slot.side, at, total
    c.ts_decided, c.ts_sent, c.ts_arrives, c.venue = now, now if code == 0 else 0, arrives, where
    control.command_count += 1
    v = control.verdict_journal[control.verdict_count]
    v.command_id, v.code, v.observed, v.limit, v.ts = control.commands, code, observed, limit, now
    control.verdict_count += 1


@inline(borrow=True)
def submit(control: Record, slot: Record, wanted: Int, order_id: Int, price: Int, total: Int, now: Int) -> None:
    """The child's state after a command left."""
    sent = SUBMIT if wanted == NEW else (SEND_REPLACE if wanted == REPLACE else SEND_CANCEL)
    state = next_state(0 if wanted == NEW else slot.state, sent)
    if state < 0:
        control.error = LoopError.ILLEGAL_TRANSITION
        return
    slot.state = state
    if wanted == NEW:
        slot.serial += 1
        slot.order_id, slot.price, slot.quantity, slot.filled, slot.ahead = order_id, price, total, 0, 0
    if sent != SEND_CANCEL:
        slot.since = now


# ── what it hears ────────────────────────────────────────────────────────────────────────────────────────────────


@kernel(borrow=True)
def hear(control: Record, wire: Record, slots: Rows, desks: Rows, sims: Rows, tape: Rows, report: Record) -> Int:
    """A report reaches its slot: the order's state, what is filled, its place in the queue. Returns the slot."""
    s = report.order_id % MAX_HANDLES
    slot = slots[s]
    slot.parent_filled += report.last_size
    slot.done += report.last_size
    slot.paid += report.last_price * report.last_size
    slot.made += report.last_size * np.int64(report.liquidity == MAKER)
    if desks[slot.instrument].pool != 0 and report.venue == desks[slot.instrument].pool:
        slot.dark += report.last_size
    if report.order_id != slot.order_id:  # a late refusal for a child that is over and replaced
        return s
    state = next_state(slot.state, report.kind)
    if state < 0:
        control.error = LoopError.ILLEGAL_TRANSITION
        return s
    slot.state = state
    slot.filled += report.last_size
    if report.kind == ACKNOWLEDGED or report.kind == REPLACED:
        kept = report.kind == REPLACED and report.price == slot.price and slot.filled + report.leaves <= slot.quantity
        slot.price, slot.quantity, slot.venue = report.price, slot.filled + report.leaves, report.venue
        if not kept:
            desk = desks[slot.instrument]
            join(slot, report.queue_ahead)
            slot.entered = report.ts_exchange
            slot.anchor = slot.price - shift(desk, control.now)
            desk.queued += 1
            if sims[slot.instrument].queue_law == EXACT:
                catch_up_queue(slot, desk, sims[slot.instrument], tape)
            else:
                catch_up_level(slot, desk, sims[slot.instrument], tape)
    said_no = report.kind == REJECTED or report.kind == CANCEL_REJECTED or report.kind == REPLACE_REJECTED
    slot.wake = control.now + (REJECTED_WAIT if said_no else 0)
    return s
