"""Markets run on: one inside an event loop, or K at a time in one compiled call.

1. `open_markets` makes rows into markets: an opening book, memories at zero, a seed for each.
2. `run_rows` is the one compiled loop: an action a row (`agents.act`), then events of the background (`laws.event`).
3. One book: `advance` runs events, by number or until a time; `ask` acts; `pass_time` tells when the next event is due
   and lets the clock stand at an action's time before it.
4. K books: `step` carries out one REQUEST a row and a number of events, split over Python threads. A row that faulted
   or has lived `length` events starts again from a template row with a new seed. Rows know nothing of each other, so K,
   order and threads change no bit.

A snapshot or a restore is a copy of a row.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tickwright.book.l3 import reset
from tickwright.book.ladder import best
from tickwright.book.layout import ASK, BID, NO_SIDE, PRICE_LIMIT, Int, Record, Rows
from tickwright.core.errors import ConfigError
from tickwright.core.events import MARKET_EVENT
from tickwright.core.kernel import inline, kernel
from tickwright.core.parts import in_parts
from tickwright.core.rng import derive
from tickwright.venue.sim.reactive import dark, fp, queue_reactive, santa_fe
from tickwright.venue.sim.reactive.agents import act_at
from tickwright.venue.sim.reactive.draws import QUEUES, block_of, uniform
from tickwright.venue.sim.reactive.fetch import fetch_beside, fetch_rest, orders_of
from tickwright.venue.sim.reactive.flow import place_apart, size_at
from tickwright.venue.sim.reactive.laws import draw_wait, run_event, total_rate
from tickwright.venue.sim.reactive.layout import REQUEST, SCALES, Ask, Fault, Model
from tickwright.venue.sim.reactive.pace import set_pace
from tickwright.venue.sim.reactive.restart import restart
from tickwright.venue.sim.reactive.routing import venue_of

_QUEUE_REACTIVE, _FP, _HAWKES = int(Model.QUEUE_REACTIVE), int(Model.FP), int(Model.HAWKES)
NO_ROWS = np.zeros(0, MARKET_EVENT)
"""Given as `out` where no rows are wanted."""
_NO_REQUESTS = np.zeros(0, REQUEST)
FOREVER = 1e300
"""Given as `seconds` where no time ends a run."""
OPENING = -1
"""The event whose block the opening book is drawn from."""


# -- making a market ---------------------------------------------------------------------------------------------------


def open_markets(markets: Rows, params: Rows, seed: int, mid_price: int) -> None:
    """Make every row a market around a price (ticks): row k has a seed of its own, which does not depend on K. `params`
    has one row for all, or one for each. Raises ConfigError."""
    if len(params) not in (1, len(markets)):
        raise ConfigError("params", f"{len(params)} rows", f"1 or {len(markets)}")
    if not -PRICE_LIMIT // 2 < mid_price < PRICE_LIMIT // 2:
        raise ConfigError("mid_price", mid_price, f"within ±{PRICE_LIMIT // 2} ticks")
    for k in range(len(markets)):
        open_market(
            markets, k, params, k if len(params) > 1 else 0, np.uint64(derive(seed, f"market/{k}")), mid_price, NO_ROWS
        )


@kernel(borrow=True)
def open_market(markets: Rows, k: Int, params: Rows, p: Int, seed: np.uint64, mid_price: Int, out: Rows) -> None:
    """Make row k a market: all else that stood in it is gone. The rows of `markets` come zeroed, or from a market."""
    market, param = markets[k], params[p]
    reset(market.book, mid_price)
    market.seed = seed
    market.events = 0
    market.fault = 0
    market.time = 0.0
    market.clock = 0.0
    market.reference = mid_price
    market.twice_mid = 2 * mid_price + 1
    market.up = 1.0
    market.down = 1.0
    market.up_cancel = 1.0
    market.down_cancel = 1.0
    market.gap = 1.0
    market.flurry = 0
    market.heat = 0.0
    market.rush = 0.0
    market.push = 0.0
    market.back = 0
    market.company = 0
    market.background[0] = 0
    market.background[1] = 0
    market.resting = 0
    market.ours = 0
    market.free = 0
    market.used = 0
    market.walk = 0.5 * market.twice_mid
    market.fair = market.walk
    market.activity = 0.0
    market.pressed = 0.0
    for r in range(SCALES):
        market.residue[r] = 0.0
        market.pressure[r] = 0.0
        for k_owner in range(market.memory.shape[0]):
            market.memory[k_owner, r] = 0.0
            market.pull[k_owner, r] = 0.0
    for k_owner in range(market.loud.shape[0]):
        market.loud[k_owner] = 1.0
    for i in range(market.excitation.shape[0]):
        for j in range(market.excitation.shape[1]):
            market.excitation[i, j] = 0.0
    for i in range(market.slot_left.shape[0]):
        market.slot_left[i] = 0
        market.slot_side[i] = 0
    market.slot_last = 0
    market.written = 0
    market.restarts = 0
    market.faults = 0
    for a in range(market.accounts.shape[0]):
        market.accounts[a].live = 0
    dark.clear(market)
    clear_counters(market)
    set_pace(market, param)
    block = block_of(seed, np.int64(OPENING))
    if param.model >= _QUEUE_REACTIVE:
        queue_reactive.redraw(market, param, block, out)
        queue_reactive.settle(market, param, block, np.int64(0), np.int64(NO_SIDE), out)
        if param.model == _FP:
            market.walk = 0.5 * market.twice_mid
            fp.value(market, param)
            fp.tilt(market, param)
            if param.selective > 0.0:  # who trades was weighed by a fair price that the mid was not yet
                queue_reactive.settle(market, param, block, np.int64(0), np.int64(NO_SIDE), out)
    else:
        for side in range(2):
            for i in range(param.band):
                u = uniform(block, np.int64(QUEUES * (1 + side) + i))
                price = mid_price - i if side == BID else mid_price + 1 + i
                venue = venue_of(param, block, np.int64(QUEUES * (3 + side) + i))
                place_apart(market, np.int64(side), np.int64(price), size_at(param.sizes, u), venue, out)
        santa_fe.settle(market, param, out)
    draw_wait(market)


@inline(borrow=True)
def clear_counters(market: Record) -> None:
    """Start the books of accounts and volumes anew; resting orders stay, and count as added."""
    market.volume = 0
    market.signed = 0
    market.trades = 0
    market.added = 0
    for slot in range(market.used):
        market.added += market.book.orders[slot].qty
    market.cancelled = 0
    market.edge_units = 0
    for a in range(market.accounts.shape[0]):
        market.accounts[a].cash = 0
        market.accounts[a].shares = 0
        market.accounts[a].made = 0
        market.accounts[a].taken = 0
    dark.clear_counters(market)


# -- running -----------------------------------------------------------------------------------------------------------


@kernel(borrow=True)
def run_rows(
    markets: Rows, first: Int, last: Int, params: Rows, requests: Rows, events: Int, seconds: float, templates: Rows,
    length: Int, out: Rows,
) -> Int:  # fmt: skip
    """The one compiled loop. Rows first to last - 1: restart where due, carry out the row's request (if `requests` has
    rows), run events while they are due by `seconds` on the clock, at most `events`. Returns the events run.

    With rows in `out` a run ends early when one more event might not fit: set `written` to 0 and go on. Without rows in
    `templates` nothing restarts.
    """
    ran = np.int64(0)
    for k in range(first, last):
        market = markets[k]
        param = params[k if params.shape[0] > 1 else 0]
        upcoming, later = markets[min(k + 1, last - 1)], markets[min(k + 2, last - 1)]
        orders = orders_of(upcoming)
        if templates.shape[0] > 0 and (market.fault != 0 or market.events >= length):
            restart(markets[k : k + 1], templates, k if templates.shape[0] > 1 else 0)
        if requests.shape[0] > 0:
            _carry_out(market, param, requests[k], out)
        room = 2 * market.book.orders.shape[0] if out.shape[0] > 0 else 0
        block = block_of(market.seed, market.events)
        for e in range(events):
            if market.fault != 0 or market.written + room > out.shape[0]:
                break
            if seconds < FOREVER and next_due(market, param) > seconds:
                break
            fetch_beside(upcoming, later, orders, np.int64(e))
            block = run_event(market, param, block, out)
            ran += 1
        fetch_rest(upcoming, later, events)
    return ran


@kernel(borrow=True)
def _carry_out(market: Record, param: Record, request: Record, out: Rows) -> None:
    if request.kind == 0:
        request.answer = 0
        return
    price = request.price
    if request.relative != 0:
        own = best(market.book.ladder, ASK if request.side == ASK else BID)
        price = own + price if request.side == ASK else own - price
    request.answer = act_at(
        market, param, request.kind, request.account, request.side, price, request.lots, request.slot, request.venue,
        out,
    )  # fmt: skip


@inline(borrow=True)
def next_due(market: Record, param: Record) -> float:
    """When the next event is due, in seconds on the clock, unless an action comes before."""
    if market.company > 0:
        at_once: float = market.clock + market.wait * param.company_gap
        return at_once
    due: float = market.clock + market.wait / total_rate(market, param) * market.gap / market.pace
    return due


@kernel(borrow=True)
def pass_time(markets: Rows, k: Int, params: Rows, p: Int, seconds: float) -> float:
    """Let the clock stand at `seconds`, if that is before the next event is due; returns when that is. What is left of
    the wait stays: an exponential has no memory."""
    market, param = markets[k], params[p]
    due = next_due(market, param)
    if market.company > 0:
        if market.clock < seconds <= due:
            market.wait = (due - seconds) / param.company_gap
            market.clock = seconds
    elif market.clock < seconds <= due:
        passed = (seconds - market.clock) * market.pace / market.gap
        market.wait = max(0.0, market.wait - passed * total_rate(market, param))
        market.time += passed
        market.clock = seconds
    return due


@kernel(borrow=True)
def reseed(markets: Rows, k: Int, seed: np.uint64) -> None:
    """From here row k goes its own way: a new seed, events counted from 0, clock and counters at zero."""
    market = markets[k]
    market.seed = seed
    market.events = 0
    market.clock = 0.0
    clear_counters(market)
    draw_wait(market)


def advance(markets: Rows, k: int, params: Rows, events: int, *, seconds: float = FOREVER, out: Rows = NO_ROWS) -> int:
    """Run events of row k, those due by `seconds`: how many were run."""
    one = params if len(params) == 1 else params[k : k + 1]
    return int(run_rows(markets[k : k + 1], 0, 1, one, _NO_REQUESTS, events, seconds, markets[:0], 0, out))


def ask(
    markets: Rows, k: int, params: Rows, kind: Ask, account: int, *, side: int = 0, price: int = 0, lots: int = 0,
    slot: int = 0, relative: bool = False, venue: int = 0, out: Rows = NO_ROWS,
) -> int:  # fmt: skip
    """One action of an account in row k (`agents.act`): what it came to."""
    one = params if len(params) == 1 else params[k : k + 1]
    requests = np.zeros(1, REQUEST)
    requests[0] = (kind, account, side, price, relative, lots, slot, 0, venue)
    run_rows(markets[k : k + 1], 0, 1, one, requests, 0, FOREVER, markets[:0], 0, out)
    return int(requests["answer"][0])


def step(
    markets: Rows, params: Rows, requests: Rows, events: int, templates: Rows | None = None, length: int = 0,
    pool: ThreadPoolExecutor | None = None, threads: int = 1,
) -> int:  # fmt: skip
    """One request a row and `events` events of every row, on this thread and those of a pool, `threads` in all: the
    events run.

    `requests` may be empty. With `templates` (one row, or one for each) a row that faulted or has lived `length` events
    starts again first. Raises ConfigError where the row counts do not fit.
    """
    count = len(markets)
    starts = markets[:0] if templates is None else templates
    for name, rows, allowed in (
        ("params", params, (1, count)), ("templates", starts, (0, 1, count)), ("requests", requests, (0, count)),
    ):  # fmt: skip
        if len(rows) not in allowed:
            raise ConfigError(name, f"{len(rows)} rows", f"as many as markets: {count}")

    def run(first: int, last: int) -> int:
        return int(run_rows(markets, first, last, params, requests, events, FOREVER, starts, length, NO_ROWS))

    return sum(in_parts(count, run, pool, threads))


def stopped(markets: Rows) -> list[tuple[int, Fault]]:
    """The rows that have faulted, and why."""
    return [(int(k), Fault(int(markets["fault"][k]))) for k in np.flatnonzero(markets["fault"])]
