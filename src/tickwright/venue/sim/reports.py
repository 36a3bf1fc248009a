"""What the exchange says: reports on their way to the desk, and the journal of fills."""

from tickwright.book.layout import Bool, Int, Record
from tickwright.core.kernel import inline, kernel
from tickwright.core.records import OrderEventKind, Reason
from tickwright.venue.sim.latency import response_delay
from tickwright.venue.sim.layout import JOURNAL, MAX_ECHOES, RING, WireError
from tickwright.venue.sim.liquidity import consume


@kernel(borrow=True)
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
    venue: Int,
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
    r.ts_exchange, r.ts_desk, r.venue = now, arrives, venue
    wire.report_tail += 1


@inline(borrow=True)
def report(
    wire: Record, own: Record, kind: Int, reason: Int, last_price: Int, last_size: Int, liquidity: Int, now: Int
) -> None:
    """Report on an order that the exchange knows."""
    over = kind == OrderEventKind.REJECTED or kind == OrderEventKind.CANCELLED or kind == OrderEventKind.EXPIRED
    post_report(
        wire, own.order_id, own.parent, own.instrument, own.command_id, kind, reason, own.price,
        0 if over else own.quantity - own.filled, last_price, last_size, liquidity, own.ahead,
        own.venue, now,
    )  # fmt: skip


@inline(borrow=True)
def refuse(wire: Record, c: Record, kind: Int, now: Int) -> None:
    """Refuse a command for an order that is not there."""
    post_report(
        wire, c.order_id, c.parent, c.instrument, c.command_id, kind, Reason.UNKNOWN_ORDER, c.price, 0, 0, 0, 0, 0,
        c.venue, now,
    )  # fmt: skip


@kernel(borrow=True)
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
    f.ts_exchange, f.ts_desk, f.venue, f.half = now, wire.last_report, own.venue, 0
    wire.fill_count += 1


@inline(borrow=True)
def note_take(sim: Record, side: Int, price: Int, lots: Int, push: Int, now: Int) -> Bool:
    """Lots of ours meet a displayed level: note it here, and for the market data that will show it at the desk."""
    echo = sim.echoes[sim.echo_count % MAX_ECHOES]
    echo.ts, echo.side, echo.price, echo.lots, echo.push = now, side, price, lots, push
    sim.echo_count += 1
    return consume(sim, side, price, lots, now)
