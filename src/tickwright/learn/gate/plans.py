"""One compiled trader that carries out a plan in each of K books: whatever is measured of impact is a plan.

1. In each phase it acts, lets `burst` events of the background pass, and acts again, until `length` market orders of
   the background have come.
2. It acts towards the phase's target: by market orders spread evenly, by an order at rest that is pegged, or both; and
   it may show an order elsewhere in the book.
3. A phase ends with a cancel of all that rests and, with `force`, a take of what is missing.

`news` is the control variate: each lot bought is booked with the news W that had come before it. For a plan that
ends at a fixed position this is that position times W, less a stochastic integral of the position over the steps of W,
each of which is drawn after the fill; so subtracting it leaves every mean as it is, and takes out most of the variance.

`others` is a second one, for markets in which nobody who is remembered heeds the account (`plain_book`): what is left
of FP's fair price without the news and the account's own impact, at each of its takes.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.ladder import best, level_size
from tickwright.book.layout import ASK, BID, Int, Record, Rows
from tickwright.core.kernel import inline, kernel
from tickwright.learn.gate.layout import ACCOUNT
from tickwright.venue.sim.reactive import agents
from tickwright.venue.sim.reactive.driver import NO_ROWS
from tickwright.venue.sim.reactive.laws import event
from tickwright.venue.sim.reactive.layout import SCALES, SLOTS, Ask

_POST, _CANCEL, _CANCEL_ALL, _TAKE_ANY = int(Ask.POST), int(Ask.CANCEL), int(Ask.CANCEL_ALL), int(Ask.TAKE_ANY)
_EVENTS_AN_ORDER = 2_000
"""Events allowed for each market order of the background that a phase waits for: far more than any model needs."""
_TRIES = 1_000
"""Takes that a forced end may need, with events between: a book may be thin."""
_NONE = np.int64(-1)


@inline
def _ask(market: Record, param: Record, result: Record, kind: Int, side: Int, price: Int, lots: Int, slot: Int,
         rows: Rows) -> Int:  # fmt: skip
    """Act, and book the news of what was filled at once."""
    before = market.accounts[ACCOUNT].shares
    answer = agents.act(market, param, kind, np.int64(ACCOUNT), side, price, lots, slot, rows)
    bought = market.accounts[ACCOUNT].shares - before
    result.news += bought * (market.walk - result.start.walk)
    result.others += bought * _others(market, param)
    return answer


@inline
def _others(market: Record, param: Record) -> float:
    """Of the fair price, what neither the news nor the account's own memory adds."""
    rest: float = market.fair - market.walk
    for r in range(SCALES):
        rest -= param.weight[r] * market.pull[SLOTS + ACCOUNT, r]
    return rest


@inline
def _pass(market: Record, param: Record, result: Record, events: Int, rows: Rows) -> None:
    for _ in range(events):
        if market.fault != 0:
            break
        before, walk = market.accounts[ACCOUNT].shares, market.walk
        event(market, param, rows)
        result.news += (market.accounts[ACCOUNT].shares - before) * (walk - result.start.walk)


@inline
def _alive(market: Record, slot: Int) -> Int:
    """The slot while an order of ours lives in it: nobody else's order is ever taken for it."""
    if slot < 0:
        return _NONE
    order = market.book.orders[slot]
    return slot if order.qty > 0 and order.owner == ACCOUNT else _NONE


@inline
def _keep(
    market: Record, param: Record, result: Record, slot: Int, side: Int, behind: Int, lots: Int, rows: Rows
) -> Int:
    """Have `lots` rest `behind` the best of a side, nothing else in `slot`: the slot they rest in. An order that is the
    best alone is where it shall be, or it would chase itself."""
    slot = _alive(market, slot)
    near = best(market.book.ladder, side)
    price = np.int64(near - behind if side == BID else near + behind)
    if slot >= 0:
        order = market.book.orders[slot]
        alone = order.price == near and level_size(market.book.ladder, side, near) == order.qty
        if lots > 0 and order.side == side and (order.price == price or (behind < 0 and alone)) and order.qty <= lots:
            return slot
        _ask(market, param, result, _CANCEL, side, price, lots, slot, rows)
    if lots <= 0:
        return _NONE
    return _alive(market, _ask(market, param, result, _POST, side, price, lots, _NONE, rows))


@inline
def _planned(phase: Record, held: Int, passed: Int) -> Int:
    """Lots to hold by now on the even way from `held` to the target: one child at once, the others spread."""
    whole = abs(phase.target - held)
    done = min(whole, phase.child * (1 + passed * whole // (phase.child * max(phase.length, 1))))
    return held + (done if phase.target > held else -done)


@kernel
def _phase(market: Record, param: Record, plan: Record, i: Int, result: Record, burst: Int, rows: Rows) -> None:
    phase = plan.phase[i]
    account = market.accounts[ACCOUNT]
    base = result.start.shares  # what the account held before the plan
    began, held = market.trades, account.shares - base
    resting, shown = _NONE, _NONE
    side = np.int64(BID if phase.target > held else ASK)
    sign = 1 if side == BID else -1
    allowed = _EVENTS_AN_ORDER * phase.length
    for _ in range(allowed):
        passed = market.trades - began
        if passed >= phase.length or market.fault != 0:
            break
        left = sign * (phase.target - (account.shares - base))
        if phase.take != 0 and left > 0:
            due = min(left, sign * (_planned(phase, held, passed) - (account.shares - base)))
            if due > 0:
                _ask(market, param, result, _TAKE_ANY, side, np.int64(0), due, _NONE, rows)
                left = sign * (phase.target - (account.shares - base))
        if phase.rest > 0:
            resting = _keep(market, param, result, resting, side, phase.behind, min(phase.rest, max(left, 0)), rows)
        if phase.show != 0:
            where = np.int64(BID if phase.show > 0 else ASK)
            shown = _keep(market, param, result, shown, where, phase.show_behind, abs(phase.show), rows)
        _pass(market, param, result, burst, rows)
    if market.trades - began < phase.length:
        result.unfinished = 1
    _ask(market, param, result, _CANCEL_ALL, side, np.int64(0), np.int64(0), _NONE, rows)
    if phase.force != 0:
        _force(market, param, result, base + phase.target, rows)


@inline
def _force(market: Record, param: Record, result: Record, holding: Int, rows: Rows) -> None:
    account = market.accounts[ACCOUNT]
    for _ in range(_TRIES):
        missing = holding - account.shares
        if missing == 0 or market.fault != 0:
            break
        side = np.int64(BID if missing > 0 else ASK)
        _ask(market, param, result, _TAKE_ANY, side, np.int64(0), abs(missing), _NONE, rows)
        if account.shares != holding:
            _pass(market, param, result, np.int64(20), rows)
    if account.shares != holding:
        result.unfinished = 1


@inline
def _note(market: Record, result: Record, state: Record) -> None:
    state.mid = 0.5 * market.twice_mid
    state.walk = market.walk
    state.cash = market.accounts[ACCOUNT].cash - result.start.cash
    state.shares = market.accounts[ACCOUNT].shares - result.start.shares
    state.news = result.news
    state.others = result.others
    state.trades = market.trades - result.start.trades


@kernel
def _carry_out(markets: Rows, first: Int, last: Int, params: Rows, plans: Rows, results: Rows, burst: Int,
               rows: Rows) -> None:  # fmt: skip
    for k in range(first, last):
        market, result, plan = markets[k], results[k], plans[k]
        param = params[k if params.shape[0] > 1 else 0]
        account = market.accounts[ACCOUNT]
        start = result.start
        start.mid, start.walk, result.news, result.others = 0.5 * market.twice_mid, market.walk, 0.0, 0.0
        start.cash, start.shares, start.trades = account.cash, account.shares, market.trades
        made, taken = account.made, account.taken
        result.unfinished = 0
        for i in range(plan.phases):
            _phase(market, param, plan, np.int64(i), result, burst, rows)
            _note(market, result, result.end[i])
        result.made, result.taken = account.made - made, account.taken - taken
        result.fault = market.fault
        if result.unfinished != 0:  # nor would the others be, perhaps: what can be waited for is bounded
            for later in range(k + 1, last):
                results[later].unfinished = 1
            break


def carry_out(markets: np.ndarray, params: np.ndarray, plans: np.ndarray, results: np.ndarray, burst: int = 4) -> None:
    """Carry out plan k in book k; `results` is written over. `burst`: events between two looks of the trader."""
    _carry_out(markets, 0, len(markets), params, plans, results, burst, NO_ROWS)
