"""One event of any model: the table from a model's name to its law.

1. `event` lets the waiting time pass, asks the law what happens, and does it (`flow`).
2. The law hears what a market order did to the book (memories, pace).
3. `settle` restores what must always hold: both sides quoted, the reference where it belongs, rates and tilt of now.
4. The next waiting time is drawn, a unit exponential: an action of an agent before it has passed changes the rates for
   the rest of it, and no draw.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.ladder import best
from tickwright.book.layout import BID, NO_SIDE, Bool, Int, Record, Rows
from tickwright.core.kernel import inline, kernel
from tickwright.venue.sim.reactive import epsilon, fp, hawkes, ql, queue_choice, queue_reactive, santa_fe
from tickwright.venue.sim.reactive.draws import COMPANY, KIND, RANK, SIZE, VENUE, WAIT, block_of, exponential, uniform
from tickwright.venue.sim.reactive.fetch import fetch_beside, orders_of
from tickwright.venue.sim.reactive.flow import cancel_in_queue, end_message, place, size_at, size_of
from tickwright.venue.sim.reactive.layout import BACKGROUND, Fault, Kind, Model
from tickwright.venue.sim.reactive.pace import beat, draw_gap, news_size
from tickwright.venue.sim.reactive.routing import send, venue_of
from tickwright.venue.sim.reactive.trades import no_limit, trade

_LIMIT, _CANCEL, _MARKET = int(Kind.LIMIT), int(Kind.CANCEL), int(Kind.MARKET)
_EPSILON, _HAWKES = int(Model.EPSILON), int(Model.HAWKES)
_QUEUE_REACTIVE, _QL, _FP = int(Model.QUEUE_REACTIVE), int(Model.QL), int(Model.FP)
_RATES = int(Fault.RATES)
assert RANK == SIZE + (_CANCEL - _LIMIT)  # what is drawn for a limit order and for a cancel
_MOST = 1e300


@inline(borrow=True)
def total_rate(market: Record, params: Record) -> float:
    """Events a unit of model time, as the book is now."""
    if params.model >= _QUEUE_REACTIVE:
        return queue_choice.sum_of(queue_choice.rates(market))
    if params.model == _HAWKES:
        return hawkes.total_rate(market, params)
    return santa_fe.total_rate(market, params)


@inline(borrow=True)
def draw_wait(market: Record) -> None:
    """The waiting time of the event to come."""
    market.wait = exponential(block_of(market.seed, market.events), WAIT)


@kernel(borrow=True)
def event(market: Record, params: Record, out: Rows) -> None:
    """The next event of the background."""
    run_event(market, params, block_of(market.seed, market.events), out)


@kernel(borrow=True)
def run_events(market: Record, params: Record, count: Int, out: Rows) -> None:
    """The next `count` events; nothing happens any more after a fault."""
    run_beside(market, params, count, market, market, out)


@kernel(borrow=True)
def run_beside(market: Record, params: Record, count: Int, upcoming: Record, later: Record, out: Rows) -> None:
    """`run_events`, while the markets whose turn is next and after it are brought into the cache."""
    block = block_of(market.seed, market.events)
    orders = orders_of(upcoming)
    for e in range(count):
        if market.fault != 0:
            break
        fetch_beside(upcoming, later, orders, np.int64(e))
        block = run_event(market, params, block, out)


@inline(borrow=True)
def run_event(market: Record, params: Record, block: Int, out: Rows) -> Int:
    """`event`, put into the loop that calls it, with the block of this event: the block of the next one."""
    trades = market.trades
    if params.model >= _QUEUE_REACTIVE:
        happened = _queue_event(market, params, block, out)
    else:
        happened = _band_event(market, params, block, out)
    if not happened:
        return block
    if params.gap_count > 1 and market.company == 0:
        draw_gap(market, params, block, market.trades > trades)
    events = market.events + 1
    following = block_of(market.seed, events)
    market.events = events
    market.wait = exponential(following, WAIT)
    return following


@inline(borrow=True)
def _pass(market: Record, total: float) -> float:
    """Time passes until the next event: how much in units of model time."""
    passed: float = market.wait / total
    market.time += passed
    market.clock += passed * market.gap / market.pace
    return passed


@inline(borrow=True)
def _possible(market: Record, total: float) -> Bool:
    """Whether these are rates of anything; else the market stops."""
    possible = 0.0 < total < _MOST  # to compare with infinity is compiled into a score of instructions
    if not possible:
        market.fault = _RATES
    return possible


@inline(borrow=True)
def settle(market: Record, params: Record, block: Int, agent: Int, touched: Int, out: Rows) -> None:
    """What must hold after every event and every action that touched a side, or both (NO_SIDE)."""
    if params.model < _QUEUE_REACTIVE:
        santa_fe.settle(market, params, out)
        return
    moved = queue_reactive.settle(market, params, block, agent, touched, out)
    # Or there was a trade, so that `fp.value` is another; or what a trade said is fading.
    if params.model == _FP and (moved or touched == NO_SIDE or params.swift > 0.0):
        fp.tilt(market, params)


@inline(borrow=True)
def _queue_event(market: Record, params: Record, block: Int, out: Rows) -> Bool:
    """The next event of a queue-reactive law: whether there was one."""
    rates = queue_choice.rates(market)
    total = queue_choice.sum_of(rates)
    if not _possible(market, total):
        return False
    kind, side, v = queue_choice.choose(market, rates, total, uniform(block, KIND))
    if market.company > 0:
        kind, side, v = queue_choice.choose_in_company(market, rates, uniform(block, KIND), (kind, side, v))
        market.company = 0
        market.clock += market.wait * params.company_gap  # the clock's states, and time, are of the others
    else:
        _pass(market, total)
    if params.uneven != 0:  # else there is no echo
        market.heat *= params.echo_keep
    if params.swift > 0.0:
        market.push *= params.swift_keep
    touched = np.int64(side)
    if market.back > 0 and queue_reactive.comes_back(market, params, block, out):
        touched = np.int64(NO_SIDE)
    elif kind == _MARKET:
        _queue_market(market, params, block, side, out)
        touched = np.int64(NO_SIDE)  # the law had its own mind about the side
    else:
        i = queue_choice.queue_at(market, params.levels, kind, side, v)
        price = queue_reactive.price_of(market, side, i)
        u = uniform(block, SIZE + (kind - _LIMIT))
        if kind == _LIMIT:
            lots = place(market, side, price, size_at(params.sizes, u), venue_of(params, block, VENUE), out)
            end_message(market, out)
        else:
            lots = cancel_in_queue(market, params, side, price, u, out)
            if params.comeback > 0.0:
                queue_reactive.note_emptied(market, side, price)
            if params.company > 0.0 and uniform(block, COMPANY) < params.company:
                market.company = side + 1
        queue_reactive.look_at(market, params, side, i, price, lots)
    if params.model == _QL and market.events % ql.EVERY == 0:
        ql.hear(market, params, np.int64(0))
    settle(market, params, block, np.int64(0), touched, out)
    return True


@kernel(borrow=True)
def _queue_market(market: Record, params: Record, block: Int, hit: Int, out: Rows) -> None:
    """A market order that hits a side, and what the law hears of it."""
    if params.model == _FP:
        taker, lots, limit, slot = fp.order(market, params, block, hit)
    else:
        taker = ql.side(market, params, block) if params.model == _QL else 1 - hit
        lots, limit, slot = (
            size_of(params.market_sizes, block),
            queue_reactive.window_end(market, params, taker),
            np.int64(-1),
        )
    made_1, made_2 = market.accounts[1].made, market.accounts[2].made
    signed = _take(market, params, block, taker, lots, limit, out)
    if params.model == _FP:
        if slot < 0 and params.picked < 1.0:
            fp.forget(market, params, np.int64(1), signed, market.accounts[1].made - made_1)
            fp.forget(market, params, np.int64(2), signed, market.accounts[2].made - made_2)
        fp.hear(market, params, slot, signed)
        if fp.is_news(params, block):
            fp.learn(market, params, block, news_size(market, params))
        fp.value(market, params)
    elif params.model == _QL:
        ql.hear(market, params, signed)


@inline(borrow=True)
def _band_event(market: Record, params: Record, block: Int, out: Rows) -> Bool:
    """The next event of zero intelligence or Hawkes: whether there was one."""
    total = total_rate(market, params)
    if not _possible(market, total):
        return False
    passed = _pass(market, total)
    u = uniform(block, KIND)
    if params.model == _HAWKES:
        kind, side = hawkes.choose(market, params, passed, total, u)
    else:
        kind, side = santa_fe.choose(market, params, total, u)
    if kind == _LIMIT:
        price, venue = santa_fe.limit_price(market, params, side, block), venue_of(params, block, VENUE)
        place(market, side, price, size_of(params.sizes, block), venue, out)
        end_message(market, out)
    elif kind == _CANCEL:
        santa_fe.cancel_any(market, block, out)
    elif kind == _MARKET:
        lots = size_of(params.market_sizes, block)
        if params.model == _EPSILON:
            side, lots = epsilon.order(market, params, block)
        _take(market, params, block, side, lots, no_limit(side), out)
    settle(market, params, block, np.int64(0), np.int64(NO_SIDE), out)
    return True


@inline(borrow=True)
def _take(market: Record, params: Record, block: Int, side: Int, lots: Int, limit: Int, out: Rows) -> Int:
    """A market order of the background: the lots bought, negative if sold. The clock of the day beats."""
    hit = 1 - side
    was_best = best(market.book.ladder, hit)
    if params.apart != 0:
        filled = send(market, params, block, np.int64(side), lots, limit, out)
    else:
        filled = trade(market, params, np.int64(BACKGROUND), np.int64(side), lots, limit, out)
    if params.model >= _QUEUE_REACTIVE:
        queue_reactive.look_after_trade(market, params, hit, was_best)
    market.trades += 1
    market.heat = params.echo
    posting = market.posting
    beat(market, params, block)
    if market.posting != posting and params.model >= _QUEUE_REACTIVE:
        queue_reactive.look_at_all(market, params)
    return filled if side == BID else -filled
