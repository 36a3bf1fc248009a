"""One request of ours to a reactive market inside an event loop, at the time of a command."""

from __future__ import annotations

import numpy as np

from tickwright.book.layout import ASK, BID, Int, Record
from tickwright.core.kernel import kernel
from tickwright.venue.sim.reactive.driver import FOREVER, pass_time, run_rows
from tickwright.venue.sim.reactive.live_feed import ACCOUNT, World


@kernel(borrow=True)
def ask(world: World, now: Int, kind: Int, own: Record, lots: Int, slot: Int) -> Int:
    """One request to the market at a time, for an order: what it came to (`agents.act_at`)."""
    markets, params, lives, requests, events, _, _, _, _ = world
    market, live, request = markets[0], lives[0], requests[0]
    clock, time, wait = market.clock, market.time, market.wait
    seconds = (now - live.open) / 1e9
    while np.int64(seconds * 1e9) < now - live.open:  # so that the clock, in whole nanoseconds, says `now`
        seconds = np.nextafter(seconds, np.inf)
    if seconds <= live.seconds:
        pass_time(markets, 0, params, 0, seconds)
    request.kind, request.account, request.side = kind, ACCOUNT, BID if own.side > 0 else ASK
    request.price, request.relative, request.lots, request.slot = own.price, 0, lots, slot
    request.venue = own.route if own.route <= params[0].venues else 0
    run_rows(markets, 0, 1, params, requests, 0, FOREVER, markets[:0], 0, events[live.opening :])
    if request.answer < 0:
        market.clock, market.time, market.wait = clock, time, wait
    return request.answer
