"""A market without intentions: the Santa Fe model on the L3 book, as a seeded session of MARKET_EVENTs.

Law. Everything is Poisson, per side and per second:
  1. limit orders arrive at `limit_rate` on each of the `band` ticks behind the opposite best, and join the back of the
     queue there (one inside the spread becomes the best);
  2. each resting order is cancelled whole at `cancel_rate`;
  3. market orders arrive at `market_rate` and trade with the opposite side, best price and oldest order first.
Sizes of limit and market orders are drawn from one small table. The next event comes after an exponential time at the
total rate; its kind is drawn in proportion. Before the open the flow runs unseen for ten mean lives of an order, so
that the opening snapshot is of the stationary book.

Departures from the pure law, so that neither side is ever empty: a market order leaves the last order of a side, the
last order of a side is not cancelled, and no order is placed below one tick.

Where it is unrealistic: order signs have no memory, the mid reverts to where it was (the signature plot falls), impact
is linear-like and does not decay, nobody reacts to anybody, rates do not vary over the day, sizes say nothing. Good for
exercising machinery and for closed forms; claims about strategies need a market that pushes back.

Source: Daniels, Farmer, Gillemot, Iori, Smith, "Quantitative model of price diffusion and market friction based on
trading as a mechanistic random process", PRL 90 (2003); Smith, Farmer, Gillemot, Krishnamurthy, "Statistical theory of
the continuous double auction", Quantitative Finance 3 (2003).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tickwright.book.l3 import add, reduce
from tickwright.book.ladder import best, live_level, next_price
from tickwright.book.layout import ASK, BID, BOOK_M, NIL, BookCode, Int, Record, Rows, check_code
from tickwright.book.replay import reset_book
from tickwright.core.errors import ConfigError
from tickwright.core.events import MARKET_EVENT, Action, Flag, Side
from tickwright.core.kernel import inline, kernel
from tickwright.core.rng import derive, next64, to_unit
from tickwright.core.units import SECOND, Lots, Nanos, Ticks

_ADD, _CANCEL, _EXECUTE = int(Action.ADD), int(Action.CANCEL), int(Action.EXECUTE)
_LETTER_BID, _LETTER_ASK = int(Side.BID), int(Side.ASK)
_LAST, _SNAPSHOT = int(Flag.LAST), int(Flag.SNAPSHOT)
_ORDERS = BOOK_M["orders"].shape[0]
_BURN_IN_LIVES = 10.0
_DONE, _GROW = 0, 1
_FULL = int(BookCode.SLOT_OUT_OF_RANGE)

FLOW = np.dtype(
    [
        ("book", BOOK_M),
        ("rng", "<u8", (1,)),
        ("now", "<f8"),  # seconds since the open, negative before it
        ("next_id", "<i8"),
        ("written", "<i8"),
        ("used", "<i8"),
        ("free_count", "<i8"),
        ("count", "<i8"),  # resting orders
        ("side_count", "<i8", (2,)),
        ("free", "<i4", (_ORDERS,)),
        ("resting", "<i4", (_ORDERS,)),  # slots of the resting orders, in no order
        ("place", "<i4", (_ORDERS,)),  # where a slot stands in `resting`
        ("ids", "<i8", (_ORDERS,)),
    ]
)


@dataclass(frozen=True, slots=True)
class SantaFe:
    """Rates per second and per side, prices in ticks, sizes in lots.

    The defaults give about 300 000 events and 7 000 trades in six and a half hours, a mean spread of three ticks and
    240 lots a tick away from the best. Raises ConfigError.
    """

    limit_rate: float = 0.04
    """Limit orders on each tick of the band."""
    band: Ticks = 80
    cancel_rate: float = 0.02
    """Per resting order."""
    market_rate: float = 0.15
    sizes: tuple[Lots, ...] = (50, 100, 200, 300)
    weights: tuple[float, ...] = (0.3, 0.45, 0.15, 0.1)
    mid_price: Ticks = 10_000

    def __post_init__(self) -> None:
        for name in ("limit_rate", "cancel_rate", "market_rate"):
            if not 0 < getattr(self, name) < np.inf:
                raise ConfigError(name, getattr(self, name), "a positive rate per second")
        if not 1 <= self.band < self.mid_price:
            raise ConfigError("band", self.band, f"1 to mid_price - 1 = {self.mid_price - 1} ticks")
        if not self.sizes or min(self.sizes) < 1 or len(self.sizes) != len(self.weights):
            raise ConfigError("sizes", self.sizes, "positive lots, one for each weight")
        if min(self.weights) < 0 or sum(self.weights) <= 0:
            raise ConfigError("weights", self.weights, "non-negative numbers, not all zero")
        if self.mean_orders > _ORDERS / 4:
            raise ConfigError("limit_rate", self.limit_rate, f"a stationary book of at most {_ORDERS // 4} orders")

    @property
    def mean_orders(self) -> float:
        """Resting orders of the stationary book if market orders took none: an upper bound of the mean."""
        return 2 * self.limit_rate * self.band / self.cancel_rate


def generate_session(
    params: SantaFe, seed: int, open_ts: Nanos, close_ts: Nanos, instrument_id: int = 0, venue_id: int = 0
) -> np.ndarray:
    """A session as MARKET_EVENT rows: an opening snapshot at `open_ts`, then ADD, CANCEL and EXECUTE until `close_ts`.

    Same arguments, same bytes. The snapshot rows carry Flag.SNAPSHOT and only the last of them Flag.LAST; of the
    EXECUTEs of one market order the last carries it. Raises ConfigError, CapacityError.
    """
    if close_ts <= open_ts:
        raise ConfigError("close_ts", close_ts, f"a time after the open at {open_ts}")
    flows = np.zeros(1, FLOW)
    reset_book(flows["book"], 0, params.mid_price)
    flows["rng"][0] = derive(seed, "zero-intelligence")
    flows["now"] = -_BURN_IN_LIVES / params.cancel_rate
    rates = np.array([params.limit_rate, params.cancel_rate, params.market_rate])
    sizes = np.array(params.sizes, np.int64)
    thresholds = np.cumsum(np.array(params.weights) / sum(params.weights))
    out = np.zeros(1 << 14, MARKET_EVENT)
    seconds = (close_ts - open_ts) / SECOND
    reason = _GROW
    while reason == _GROW:
        reason = run_flow(flows, rates, params.band, params.mid_price, sizes, thresholds, open_ts, seconds, out)
        if reason == _GROW:
            out = np.concatenate([out, np.zeros(len(out), MARKET_EVENT)])
    check_code(min(0, reason), "zero-intelligence flow")
    events = out[: int(flows["written"][0])].copy()
    events["ts_recv"] = events["ts_event"]
    events["sequence"] = np.arange(1, len(events) + 1)
    events["instrument_id"], events["venue_id"] = instrument_id, venue_id
    return events


@inline
def _uniform(flow: Record) -> float:
    return to_unit(next64(flow.rng))


@inline
def _size(flow: Record, sizes: np.ndarray, thresholds: np.ndarray) -> Int:
    u = _uniform(flow)
    for i in range(sizes.shape[0] - 1):
        if u < thresholds[i]:
            return sizes[i]
    return sizes[sizes.shape[0] - 1]


@inline
def _write(flow: Record, out: Rows, open_ts: Int, action: Int, slot: Int, size: Int, flags: Int) -> None:
    if flow.now < 0.0:
        return
    order = flow.book.orders[slot]
    event = out[flow.written]
    event.ts_event = open_ts + np.int64(flow.now * 1e9)
    event.action = action
    event.order_id = flow.ids[slot]
    event.side = _LETTER_BID if order.side == BID else _LETTER_ASK
    event.price = order.price
    event.size = size
    event.flags = flags
    flow.written += 1


@inline
def _rest(flow: Record, side: Int, price: Int, size: Int) -> Int:
    """A new order joins the book: its slot, or a code."""
    if flow.free_count > 0:
        flow.free_count -= 1
        slot = np.int64(flow.free[flow.free_count])
    else:
        slot = np.int64(flow.used)
        flow.used += 1
    code = add(flow.book, slot, side, price, size)
    if code < 0:
        return np.int64(code)
    flow.next_id += 1
    flow.ids[slot] = flow.next_id
    flow.place[slot] = flow.count
    flow.resting[flow.count] = slot
    flow.count += 1
    flow.side_count[side] += 1
    return slot


@inline
def _leave(flow: Record, slot: Int, size: Int) -> None:
    """Lots leave an order; at zero its slot is free."""
    order = flow.book.orders[slot]
    side, whole = order.side, size == order.qty
    reduce(flow.book, slot, size)
    if whole:
        last = flow.resting[flow.count - 1]
        flow.resting[flow.place[slot]] = last
        flow.place[last] = flow.place[slot]
        flow.count -= 1
        flow.side_count[side] -= 1
        flow.free[flow.free_count] = slot
        flow.free_count += 1


@inline
def _market(flow: Record, out: Rows, open_ts: Int, side: Int, size: Int) -> None:
    """A market order trades with the resting orders of `side`, sparing the last of them."""
    before = flow.written
    while size > 0 and flow.side_count[side] > 1:
        price = best(flow.book.ladder, side)
        slot = flow.book.ladder.levels[live_level(flow.book.ladder, side, price)].head
        part = min(size, np.int64(flow.book.orders[slot].qty))
        _write(flow, out, open_ts, _EXECUTE, slot, part, 0)
        _leave(flow, slot, part)
        size -= part
    if flow.written > before:
        out[flow.written - 1].flags = _LAST


@inline
def _snapshot(flow: Record, out: Rows, open_ts: Int) -> None:
    """Write the book as it stands at the open, best level first, each queue in its order."""
    for side in range(2):
        found, price = True, best(flow.book.ladder, side)
        while found:
            slot = flow.book.ladder.levels[live_level(flow.book.ladder, side, price)].head
            while slot != NIL:
                _write(flow, out, open_ts, _ADD, slot, flow.book.orders[slot].qty, _SNAPSHOT)
                slot = flow.book.orders[slot].next
            found, price = next_price(flow.book.ladder, side, price)
    out[flow.written - 1].flags = _SNAPSHOT | _LAST


@kernel
def run_flow(
    flows: Rows, rates: np.ndarray, band: Int, mid: Int, sizes: np.ndarray, thresholds: np.ndarray,
    open_ts: Int, seconds: float, out: Rows,
) -> Int:  # fmt: skip
    """Run the flow on: 0 at the close, GROW when `out` is full (call again with a larger one), or a code."""
    flow = flows[0]
    for side in range(2):
        if flow.side_count[side] == 0:
            slot = _rest(flow, side, mid - 1 if side == BID else mid + 1, sizes[0])
            if slot < 0:
                return slot
    limit_total = 2.0 * rates[0] * band
    market_total = 2.0 * rates[2]
    while True:
        if flow.written + flow.count + 2 > out.shape[0]:
            return _GROW
        if flow.count + 1 >= flow.resting.shape[0]:
            return _FULL
        total = limit_total + market_total + rates[1] * flow.count
        was = flow.now
        now = was - np.log(1.0 - _uniform(flow)) / total
        if was < 0.0 <= now:
            flow.now = 0.0
            _snapshot(flow, out, open_ts)
        if now >= seconds:
            return _DONE
        flow.now = now
        u = _uniform(flow) * total
        if u < limit_total:
            side = BID if u < 0.5 * limit_total else ASK
            away = 1 + np.int64(_uniform(flow) * band)
            price = best(flow.book.ladder, 1 - side) + (-away if side == BID else away)
            size = _size(flow, sizes, thresholds)
            if price >= 1:
                slot = _rest(flow, side, price, size)
                if slot < 0:
                    return slot
                _write(flow, out, open_ts, _ADD, slot, size, _LAST)
        elif u < limit_total + market_total:
            side = BID if u < limit_total + 0.5 * market_total else ASK
            _market(flow, out, open_ts, side, _size(flow, sizes, thresholds))
        else:
            slot = np.int64(flow.resting[min(np.int64(_uniform(flow) * flow.count), flow.count - 1)])
            if flow.side_count[flow.book.orders[slot].side] > 1:
                _write(flow, out, open_ts, _CANCEL, slot, flow.book.orders[slot].qty, _LAST)
                _leave(flow, slot, np.int64(flow.book.orders[slot].qty))
