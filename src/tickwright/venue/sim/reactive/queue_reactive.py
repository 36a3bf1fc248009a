"""The queue-reactive book: rates that depend on the distance from a reference price and on the queue's volume.

Law (Huang, Lehalle, Rosenbaum, "Simulating and analyzing order book data: the queue-reactive model", JASA 110, 2015).
  1. The reference lies half a tick above `market.reference`; each side has `levels` queues, the bid's on reference,
     reference - 1, …, the ask's on reference + 1, ….
  2. Queue i of volume q (typical sizes, rounded up) gets limit orders at λL[i, q] and loses orders at λC[i, q]; the
     best queue of a side is hit by market orders at λM[q]. Sizes come from one table.
  3. When an event takes the mid away from the reference, the reference follows one tick with probability θ, and then,
     with probability θ_reinit, all queues are redrawn from their stationary law.

Departures, without which it breaks: the reference follows by force when a best price has crossed it; a side without
orders of the background gets one at the far end of its window; a queue that leaves the window loses its background
orders, never an agent's; a redrawn queue is shortened and lengthened at its back, so that a redraw hands nobody the
head of a queue; a queue that is full (`rows`: 63 typical sizes, fewer where there are many queues) gets no more limit
orders. An agent's lots count in q with weight `display`, but not in what may be cancelled.

QL and FP are this book with a tilt G (`market.up`): ask limits and bid cancels × G, bid limits and ask cancels / G.

Unrealistic: queues know nothing of each other, signs (without QL or FP) have no memory, impact of a metaorder is
linear and does not decay, nobody is informed.
"""

from __future__ import annotations

import math

import numpy as np

from tickwright.book.ladder import best, has, level_count, level_size
from tickwright.book.layout import ASK, BID, Int, Record, Rows
from tickwright.core.kernel import inline, kernel
from tickwright.venue.sim.reactive.draws import MOVE, QUEUE_STRIDE, QUEUES, REDRAW, uniform
from tickwright.venue.sim.reactive.flow import agents_at, clear_queue, end_message, place, size_at
from tickwright.venue.sim.reactive.layout import DEPTH, VOLUMES, Fault, Kind

_LIMIT, _CANCEL, _MARKET = int(Kind.LIMIT), int(Kind.CANCEL), int(Kind.MARKET)
_RATES = int(Fault.RATES)


@inline
def price_of(market: Record, side: Int, i: Int) -> Int:
    """Price of queue i."""
    return market.reference - i if side == BID else market.reference + 1 + i


@inline
def queue_of(market: Record, side: Int, price: Int) -> Int:
    """Number of the queue at a price; outside [0, levels) it is not watched."""
    return market.reference - price if side == BID else price - market.reference - 1


@inline
def _volume_place(params: Record, lots: float) -> Int:
    return min(np.int64(math.ceil(lots * params.per_typical)), VOLUMES - 1)


# -- choosing ----------------------------------------------------------------------------------------------------------


@inline
def total_rate(market: Record) -> float:
    """Events a unit of model time."""
    bid = market.down * market.limit_sum[BID] + market.up * market.cancel_sum[BID]
    ask = market.up * market.limit_sum[ASK] + market.down * market.cancel_sum[ASK]
    total: float = bid + ask + (market.market_rate[BID] + market.market_rate[ASK])
    return total


@inline
def choose(market: Record, levels: Int, total: float, u: float) -> tuple[Int, Int, Int]:
    """What happens at quantile u of the rates: (kind, side, queue). A market order's side is the one that it hits."""
    v = u * total
    for side in range(2):
        tilt, inverse = (market.down, market.up) if side == BID else (market.up, market.down)
        part = tilt * market.limit_sum[side]
        if v < part:
            return _LIMIT, side, _scan(market.limit, levels, side, v * inverse)
        v -= part
        part = inverse * market.cancel_sum[side]
        if v < part:
            return _CANCEL, side, _scan(market.cancel, levels, side, v * tilt)
        v -= part
    return _MARKET, BID if v < market.market_rate[BID] else ASK, np.int64(0)


@inline
def _scan(rates: Rows, levels: Int, side: Int, v: float) -> Int:
    """The queue at height v of the stacked rates; rounding past the end finds the last queue that has one."""
    last = np.int64(0)
    for i in range(levels):
        rate = rates[side, i]
        if rate > 0.0:
            if v < rate:
                return np.int64(i)
            v -= rate
            last = np.int64(i)
    return last


# -- keeping the rates -------------------------------------------------------------------------------------------------


@kernel
def look_at(market: Record, params: Record, side: Int, i: Int) -> None:
    """The rates of one queue, after it changed; the sums follow."""
    if not 0 <= i < params.levels:
        return
    price = price_of(market, side, i)
    lots = level_size(market.book.ladder, side, price)
    ours = agents_at(market, side, price)[0]
    seen = _volume_place(params, (lots - ours) + params.display * ours)
    limit = params.limit[i, seen]
    cancel = params.cancel[i, _volume_place(params, np.float64(lots - ours))]
    market.limit_sum[side] += limit - market.limit[side, i]
    market.cancel_sum[side] += cancel - market.cancel[side, i]
    market.limit[side, i] = limit
    market.cancel[side, i] = cancel


@kernel
def look_at_all(market: Record, params: Record) -> None:
    """The rates of all queues; the sums begin anew, so that rounding does not build up."""
    for side in range(2):
        market.limit_sum[side] = 0.0
        market.cancel_sum[side] = 0.0
        for i in range(params.levels):
            market.limit[side, i] = 0.0
            market.cancel[side, i] = 0.0
            look_at(market, params, np.int64(side), np.int64(i))


@kernel
def look_after_trade(market: Record, params: Record, hit: Int, was_best: Int) -> None:
    """The rates of the queues that a market order may have touched: from the old best to the new one."""
    first = max(np.int64(0), queue_of(market, hit, was_best))
    last = params.levels - 1
    if has(market.book.ladder, hit):
        last = min(last, queue_of(market, hit, best(market.book.ladder, hit)))
    for i in range(first, last + 1):
        look_at(market, params, hit, np.int64(i))


# -- the rules after every event ---------------------------------------------------------------------------------------


@kernel
def settle(market: Record, params: Record, block: Int, agent: Int, out: Rows) -> None:
    """Both sides quoted, the reference where it belongs, the rates at the best: after every event and every action.
    `agent` is 0, or draws.AGENT where an agent acted."""
    ladder = market.book.ladder
    if market.background[BID] == 0 or market.background[ASK] == 0:
        _quote_edges(market, params, out)
    twice_mid = best(ladder, BID) + best(ladder, ASK)
    if twice_mid != market.twice_mid:
        _follow(market, params, block, agent, twice_mid, out)
        if market.background[BID] == 0 or market.background[ASK] == 0:  # the queue that left was all there was
            _quote_edges(market, params, out)
    market.twice_mid = best(ladder, BID) + best(ladder, ASK)
    for side in range(2):
        lots = level_size(ladder, side, best(ladder, side))
        market.market_rate[side] = params.market[_volume_place(params, np.float64(lots))]
    total = total_rate(market)
    if not (total > 0.0 and math.isfinite(total)):
        market.fault = _RATES


@kernel
def _quote_edges(market: Record, params: Record, out: Rows) -> None:
    for side in range(2):
        if market.background[side] == 0:
            i = params.levels - 1
            place(market, side, price_of(market, side, i), params.unit, out)
            end_message(market, out)
            market.edge_units += 1
            look_at(market, params, np.int64(side), i)


@kernel
def _follow(market: Record, params: Record, block: Int, agent: Int, twice_mid: Int, out: Rows) -> None:
    """The mid has moved: the reference may follow, and must where a best price has crossed it."""
    ladder = market.book.ladder
    twice_reference = 2 * market.reference + 1
    step = np.int64(0)
    if twice_mid > market.twice_mid and twice_mid > twice_reference:
        step = np.int64(1)
    elif twice_mid < market.twice_mid and twice_mid < twice_reference:
        step = np.int64(-1)
    market.twice_mid = twice_mid
    follows = step != 0 and uniform(block, MOVE + agent) < params.theta
    target = market.reference + (step if follows else np.int64(0))
    if best(ladder, BID) > target:
        target = best(ladder, BID)
    elif best(ladder, ASK) <= target:
        target = best(ladder, ASK) - 1
    if target != market.reference:
        _shift(market, params, target - market.reference, out)
    if follows and uniform(block, REDRAW + agent) < params.reinit:
        redraw(market, params, block, out)


@kernel
def _shift(market: Record, params: Record, step: Int, out: Rows) -> None:
    """Move the reference; the queues that leave the window lose their background orders."""
    side = BID if step > 0 else ASK
    old = market.reference
    market.reference = old + step
    for j in range(min(abs(step), params.levels)):
        i = params.levels - 1 - j
        clear_queue(market, side, old - i if side == BID else old + 1 + i, np.int64(0), out)
    look_at_all(market, params)


@kernel
def redraw(market: Record, params: Record, block: Int, out: Rows) -> None:
    """Every queue gets a number of background orders from its stationary law, by changes at its back. A queue on the
    inner side of the best price of the other side cannot exist, so no redraw crosses the book."""
    ladder = market.book.ladder
    for side in range(2):
        for i in range(params.levels):
            key = QUEUES + (side * DEPTH + i) * QUEUE_STRIDE
            u = uniform(block, np.int64(key))
            target = np.int64(0)
            while target < VOLUMES - 1 and u >= params.stationary[i, target]:
                target += 1
            price = price_of(market, side, i)
            clear_queue(market, side, price, target, out)
            count = level_count(ladder, side, price) - agents_at(market, side, price)[1]
            for k in range(count, target):
                lots = size_at(params, uniform(block, np.int64(key + 1 + k)))
                place(market, side, price, lots, out)
                end_message(market, out)
    look_at_all(market, params)
