"""A reactive market inside an event loop: it goes on up to a time, or one command of ours acts in its book.

1. Without a command, `turn` runs the events that are due by a bound, one at a time, until one of them fills us.
2. With a command it lets the market's clock stand at the arrival and acts (`live_commands`). No draw of the background
   is consumed, so that what others would do is drawn alike whatever we do.
3. What either wrote is taken in (`live_feed`): times, our fills, and the tape, which shows the market of others.
4. `SIM.due` tells the loop when the next event comes; nothing is drawn for that, since the wait was drawn before.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.layout import Int, Record, Rows
from tickwright.core.kernel import inline, kernel
from tickwright.venue.sim.layout import NO_COMMAND, RING, WireError
from tickwright.venue.sim.reactive.driver import FOREVER, next_due, run_rows
from tickwright.venue.sim.reactive.live_commands import command
from tickwright.venue.sim.reactive.live_feed import BY_THE_CLOCK, NOBODY, take_in

_NO_MORE = np.iinfo(np.int64).max


@kernel(borrow=True)
def turn(
    markets: Rows,
    params: Rows,
    lives: Rows,
    requests: Rows,
    events: Rows,
    births: Rows,
    tape: Rows,
    sims: Rows,
    wires: Rows,
    order: Int,
    bound: Int,
) -> None:
    """Run events due by `bound` (ns) until one fills us, or carry out the command at place `order` of the wire's ring.

    Parameters are arrays: `markets`, `params`, `lives` (LIVE), `requests` (REQUEST), `sims` and `wires` of one row;
    `events` (MARKET_EVENT) and `tape` (TAPE) of one length, filled up to `sims[0].end`; `births`, the row at which an
    order joined its queue, by id. Runs nothing where one more event might not fit.
    """
    world = (markets, params, lives, requests, events, births, tape, sims, wires)
    market, param, live, wire = markets[0], params[0], lives[0], wires[0]
    if order != NO_COMMAND:
        command(world, wire.commands[order % RING])
    else:
        sent, out = wire.report_tail, events[live.opening :]
        while _due(market, param, live) <= bound:
            if run_rows(markets, 0, 1, params, requests[:0], 1, FOREVER, markets[:0], 0, out) == 0:
                break
            take_in(world, np.int64(BY_THE_CLOCK), np.int64(NOBODY))
            if wire.report_tail != sent or wire.error != 0 or market.fault != 0:
                break
    if market.fault != 0:
        wire.error = WireError.MARKET
    sims[0].due = _due(market, param, live)


@inline(borrow=True)
def _due(market: Record, param: Record, live: Record) -> Int:
    """When the next event comes, ns; after the close none does."""
    at = next_due(market, param)
    return live.open + np.int64(at * 1e9) if at <= live.seconds else np.int64(_NO_MORE)
