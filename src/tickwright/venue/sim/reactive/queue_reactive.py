"""The queue-reactive book: rates that depend on the distance from a reference price and on the queue's volume.

Law (Huang, Lehalle, Rosenbaum, "Simulating and analyzing order book data: the queue-reactive model", JASA 110, 2015).
  1. The reference lies half a tick above `market.reference`; each side has `levels` queues, the bid's on reference,
     reference - 1, …, the ask's on reference + 1, ….
  2. Queue i of volume q (typical sizes, rounded up) gets limit orders at λL[i, q] and loses orders at λC[i, q]; the
     best queue of a side is hit by market orders at λM[q] spread^-η. Sizes come from a table. After a market order
     of the background these rates are higher by the share `echo`, which falls by 1/`echo_memory` an event: orders that
     answer one another, or parts of one that came in messages of their own.
  3. When an event takes the mid away from the reference, the reference follows one tick with probability θ (of FP: its
     law 9), and then, with probability θ_reinit, all queues are redrawn from their stationary law.
  4. A cancel of the background that empties the best price of its side is followed, with probability `comeback`, by a
     limit order there: a quote that was taken back for a moment.
  5. A cancel takes the order behind which j - 1 others stand in proportion to the integral of x^-`cancel_decay` from j
     to j + 1: above 0 rather one that came late, as whoever is near the head has something to lose, and who has just
     come may not have meant to stay. So the patient wait long, whatever comes and goes behind them.
  6. A cancel of the background is followed, with probability `company`, by another on its side, `company_gap` seconds
     later on average: who leaves takes several orders away at once. Of λC the share 1 - `company` is of those that come
     alone or first. The clock of `pace` stands for those that follow. Where law 4 brings a limit order first, it comes
     in its place.
  7. A queue that enters the window at its far end, as the reference moves, has the share `entering`, rounded, of a
     number of orders from the stationary law of its rates alone, without hour and tilt, as Huang, Lehalle and
     Rosenbaum's has; at 0 it begins empty, and where rates far from the reference are small the book is thin there for
     as long as prices go on.

Departures, without which it breaks: the reference follows by force when a best price has crossed it; a side without
orders of the background gets one at the far end of its window; a queue that leaves the window loses its background
orders, never an agent's; a redrawn queue is shortened and lengthened at its back, so that a redraw hands nobody the
head of a queue; a queue that is full (`rows`: 63 typical sizes, fewer where there are many queues) gets no more limit
orders; a market order of the background goes no further than the window. An agent's lots count in q with weight
`display`, but not in what may be cancelled.

`queue_choice` draws the next event by these rates.

QL and FP are this book with a tilt G (`market.up`): ask limits and bid cancels × G, bid limits and ask cancels / G.

Unrealistic: queues know nothing of each other, signs (without QL or FP) have no memory, impact of a metaorder is
linear and does not decay, nobody is informed.
"""

from __future__ import annotations

import math

import numpy as np

from tickwright.book.ladder import best, has, level_count, level_size, live_level
from tickwright.book.layout import ASK, BID, NO_SIDE, Bool, Int, Record, Rows, at
from tickwright.core.kernel import inline, kernel
from tickwright.venue.sim.reactive.draws import BACK, ENTERING, MOVE, QUEUE_STRIDE, QUEUES, REDRAW, SIZE, VENUE, uniform
from tickwright.venue.sim.reactive.flow import agents_at, clear_queue, place_apart, size_at
from tickwright.venue.sim.reactive.layout import DEPTH, PLACED, SPREADS, VOLUMES
from tickwright.venue.sim.reactive.routing import venue_of
from tickwright.venue.sim.reactive.takers import weigh

MOST_RUSH = 50.0
"""The most that a fair price beyond the quotes adds to the rate of market orders, relative."""


@inline(borrow=True)
def price_of(market: Record, side: Int, i: Int) -> Int:
    """Price of queue i."""
    return market.reference - i if side == BID else market.reference + 1 + i


@inline(borrow=True)
def queue_of(market: Record, side: Int, price: Int) -> Int:
    """Number of the queue at a price; outside [0, levels) it is not watched."""
    return market.reference - price if side == BID else price - market.reference - 1


@inline(borrow=True)
def window_end(market: Record, params: Record, side: Int) -> Int:
    """The last price that an order of the background on `side` reaches: beyond the watched queues there are only orders
    of agents, who would else be handed any price when the background's own run out."""
    return price_of(market, 1 - side, params.levels - 1)


@inline(borrow=True)
def place_of(params: Record, lots: Int) -> Int:
    """The place of a queue of so many lots in the tables of rates."""
    return np.int64(params.places[at(lots)]) if lots < PLACED else _rounded(params, np.float64(lots))


@inline(borrow=True)
def _rounded(params: Record, lots: float) -> Int:
    return min(np.int64(math.ceil(lots * params.per_typical)), VOLUMES - 1)


# -- keeping the rates -------------------------------------------------------------------------------------------------


@kernel(borrow=True)
def look_apart(market: Record, params: Record, side: Int, i: Int) -> None:
    """`look_at` where it is rare: one copy of it in the compiled code. A queue that is not watched has no rates."""
    if 0 <= i < params.levels:
        _look(market, params, side, i)


@inline(borrow=True)
def _look(market: Record, params: Record, side: Int, i: Int) -> None:
    price = price_of(market, side, i)
    look_at(market, params, side, i, price, level_size(market.book.ladder, side, price))


@inline(borrow=True)
def look_at(market: Record, params: Record, side: Int, i: Int, price: Int, lots: Int) -> None:
    """The rates of one watched queue, in which `lots` rest now; the sums follow."""
    limit, cancel = _rates_at(market, params, side, i, price, lots)
    market.limit_sum[at(side)] += limit - market.rates[0, at(side), at(i)]
    market.cancel_sum[at(side)] += cancel - market.rates[1, at(side), at(i)]
    market.rates[0, at(side), at(i)] = limit
    market.rates[1, at(side), at(i)] = cancel


@inline(borrow=True)
def _rates_at(market: Record, params: Record, side: Int, i: Int, price: Int, lots: Int) -> tuple[float, float]:
    """Of limit orders and of cancels in a queue of `lots`; of those of agents the background sees what they show."""
    left = place_of(params, lots)
    seen = left
    ours = agents_at(market, side, price)[0]
    if ours > 0:
        seen = _rounded(params, (lots - ours) + params.display * ours)
        left = place_of(params, lots - ours)
    return market.posting * params.limit[at(i), at(seen)], params.cancel[at(i), at(left)]


@kernel(borrow=True)
def look_at_all(market: Record, params: Record) -> None:
    """The rates of all queues; the sums begin anew, so that rounding does not build up."""
    for side in range(2):
        limits, cancels = 0.0, 0.0
        for i in range(params.levels):
            price = price_of(market, np.int64(side), np.int64(i))
            lots = level_size(market.book.ladder, np.int64(side), price)
            limit, cancel = _rates_at(market, params, np.int64(side), np.int64(i), price, lots)
            market.rates[0, at(side), at(i)], market.rates[1, at(side), at(i)] = limit, cancel
            limits += limit
            cancels += cancel
        market.limit_sum[at(side)], market.cancel_sum[at(side)] = limits, cancels


@inline(borrow=True)
def look_after_trade(market: Record, params: Record, hit: Int, was_best: Int) -> None:
    """The rates of the queues that a market order may have touched: from the old best to the new one."""
    first = max(np.int64(0), queue_of(market, hit, was_best))
    last = params.levels - 1
    if has(market.book.ladder, hit):
        last = min(last, queue_of(market, hit, best(market.book.ladder, hit)))
    for i in range(first, last + 1):
        _look(market, params, hit, np.int64(i))


# -- quotes that come back ---------------------------------------------------------------------------------------------


@inline(borrow=True)
def note_emptied(market: Record, side: Int, price: Int) -> None:
    """A cancel at a price: whether it emptied the best one. The other side's best and this one's new are not beyond."""
    ladder = market.book.ladder
    inside = price - best(ladder, side) if side == BID else best(ladder, side) - price
    if has(ladder, side) and inside > 0:
        market.back = side + 1
        market.back_price = price


@kernel(borrow=True)
def comes_back(market: Record, params: Record, block: Int, out: Rows) -> Bool:
    """Whether a limit order came where the event before, a cancel, emptied the best price."""
    side, price = np.int64(market.back - 1), np.int64(market.back_price)
    market.back = 0
    i = queue_of(market, side, price)
    other = best(market.book.ladder, 1 - side)
    crosses = price >= other if side == BID else price <= other
    if crosses or not 0 <= i < params.levels or uniform(block, BACK) >= params.comeback:
        return False
    venue = venue_of(params, block, VENUE)
    place_apart(market, side, price, size_at(params.sizes, uniform(block, SIZE)), venue, out)
    look_apart(market, params, side, i)
    return True


# -- the rules after every event ---------------------------------------------------------------------------------------


@inline(borrow=True)
def settle(market: Record, params: Record, block: Int, agent: Int, touched: Int, out: Rows) -> Bool:
    """Both sides quoted, the reference where it belongs, the rates at the best: after every event and every action.
    `agent` is 0, or draws.AGENT where an agent acted; `touched` the side whose queues changed, or NO_SIDE for both.
    Returns whether the mid has moved, if only for a moment: a redraw may bring it back, with other best prices."""
    moved = False
    ladder = market.book.ladder
    if market.background[BID] == 0 or market.background[ASK] == 0:
        _quote_edges(market, params, out)
        touched = np.int64(NO_SIDE)
    twice_mid = best(ladder, BID) + best(ladder, ASK)
    if twice_mid != market.twice_mid:
        moved = True
        _follow(market, params, block, agent, twice_mid, out)
        if market.background[BID] == 0 or market.background[ASK] == 0:  # the queue that left was all there was
            _quote_edges(market, params, out)
        market.twice_mid = best(ladder, BID) + best(ladder, ASK)
        touched = np.int64(NO_SIDE)
    if touched == NO_SIDE or market.heat > 0.0:  # which moves the rates of both sides with every event
        _scale_market(market, params, touched)
        _look_at_best(market, params, np.int64(ASK))
        touched = np.int64(BID)
    _look_at_best(market, params, touched)
    return moved


@inline(borrow=True)
def _rushing(market: Record, params: Record) -> float:
    """How many more market orders come for what the informed know, relative to those that come anyway (`fp`, law 8)."""
    ticks = beyond(market)
    if ticks > 0.0 and params.impact_posting != 0.0:
        ticks *= market.posting**params.impact_posting
    found: float = min(params.rush * ticks, MOST_RUSH)
    return found


@inline(borrow=True)
def _scale_market(market: Record, params: Record, touched: Int) -> None:
    """What the rates of market orders are multiplied by; it stays while there is no echo, and neither the best prices
    nor the fair price nor the hour change."""
    ladder = market.book.ladder
    scale = 1.0
    if params.rush > 0.0:
        if touched == NO_SIDE:
            market.rush = _rushing(market, params)
        scale = 1.0 + market.rush
    if params.selective > 0.0 and touched == NO_SIDE:
        weigh(market, params)
    if params.uneven != 0:
        spread = best(ladder, ASK) - best(ladder, BID)
        scale *= (1.0 + market.heat) * market.trading * params.by_spread[min(spread, SPREADS) - 1]
    market.market_scale = scale


@inline(borrow=True)
def _look_at_best(market: Record, params: Record, side: Int) -> None:
    """The rate of market orders that hit a side."""
    ladder = market.book.ladder
    lots = np.int64(ladder.levels[at(live_level(ladder, side, best(ladder, side)))].qty)
    rate = market.market_scale * params.market[at(place_of(params, lots))]
    market.market_rate[at(side)] = rate * market.toward[at(side)] if params.selective > 0.0 else rate


@kernel(borrow=True)
def _quote_edges(market: Record, params: Record, out: Rows) -> None:
    for side in range(2):
        if market.background[side] == 0:
            i = params.levels - 1
            place_apart(market, np.int64(side), price_of(market, side, i), params.unit, np.int64(0), out)
            market.edge_units += 1
            look_apart(market, params, np.int64(side), i)


@inline(borrow=True)
def beyond(market: Record) -> float:
    """FP: ticks by which the fair price lies beyond a best price."""
    ladder = market.book.ladder
    found: float = max(0.0, market.fair - best(ladder, ASK), best(ladder, BID) - market.fair)
    return found


@inline(borrow=True)
def _follow_share(market: Record, params: Record, step: Int) -> float:
    """The probability that the reference follows: θ, or in FP θ with its odds weighed by what the fair price says."""
    theta: float = params.theta
    if params.heed > 0.0:
        theta /= theta + (1.0 - theta) * math.exp(-params.heed * step * (market.fair - 0.5 * market.twice_mid))
    return theta


@kernel(borrow=True)
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
    follows = step != 0 and uniform(block, MOVE + agent) < _follow_share(market, params, step)
    target = market.reference + (step if follows else np.int64(0))
    if best(ladder, BID) > target:
        target = best(ladder, BID)
    elif best(ladder, ASK) <= target:
        target = best(ladder, ASK) - 1
    if target != market.reference:
        _shift(market, params, block, target - market.reference, out)
    if follows and uniform(block, REDRAW + agent) < params.reinit:
        redraw(market, params, block, out)


@kernel(borrow=True)
def _shift(market: Record, params: Record, block: Int, step: Int, out: Rows) -> None:
    """Move the reference; the queues that leave the window lose their background orders, and those that enter it get
    some (law 7)."""
    side = BID if step > 0 else ASK
    old = market.reference
    market.reference = old + step
    for j in range(min(abs(step), params.levels)):
        i = params.levels - 1 - j
        clear_queue(market, side, old - i if side == BID else old + 1 + i, np.int64(0), out)
        if params.entering > 0.0:
            far = price_of(market, 1 - side, i)
            key = np.int64(ENTERING + ((1 - side) * DEPTH + far % DEPTH) * QUEUE_STRIDE)
            _restock(market, params, block, key, np.int64(1 - side), i, params.entering, out)
    look_at_all(market, params)


@kernel(borrow=True)
def redraw(market: Record, params: Record, block: Int, out: Rows) -> None:
    """Every queue gets a number of background orders from its stationary law, by changes at its back. A queue on the
    inner side of the best price of the other side cannot exist, so no redraw crosses the book."""
    for side in range(2):
        for i in range(params.levels):
            key = np.int64(QUEUES + (side * DEPTH + i) * QUEUE_STRIDE)
            _restock(market, params, block, key, np.int64(side), np.int64(i), 1.0, out)
    look_at_all(market, params)


@kernel(borrow=True)
def _restock(market: Record, params: Record, block: Int, key: Int, side: Int, i: Int, share: float, out: Rows) -> None:
    """A queue gets a share of a number of background orders from its stationary law, by changes at its back; draws are
    those of `key` on."""
    u = uniform(block, key)
    target = np.int64(0)
    while target < VOLUMES - 1 and u >= params.stationary[i, target]:
        target += 1
    target = np.int64(share * target + 0.5)
    price = price_of(market, side, i)
    clear_queue(market, side, price, target, out)
    count = level_count(market.book.ladder, side, price) - agents_at(market, side, price)[1]
    for k in range(count, target):
        lots = size_at(params.sizes, uniform(block, np.int64(key + 1 + k)))
        venue = venue_of(params, block, np.int64(key + VOLUMES + 1 + k))
        place_apart(market, side, price, lots, venue, out)
