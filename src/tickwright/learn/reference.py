"""What an agent knows of an instrument beforehand: measured on its market while nobody but the background trades."""

from __future__ import annotations

import numpy as np

from tickwright.book.ladder import best, level_size
from tickwright.book.layout import ASK, BID, Int, Rows
from tickwright.core.errors import InternalError
from tickwright.core.kernel import kernel
from tickwright.core.rng import derive
from tickwright.learn.layout import REFERENCE
from tickwright.venue.sim.reactive.driver import NO_ROWS, open_markets, stopped
from tickwright.venue.sim.reactive.laws import run_events
from tickwright.venue.sim.reactive.layout import MARKET

_BLOCK = 100
"""Messages between two looks at the mid."""


@kernel(borrow=True)
def _watch(markets: Rows, k: Int, params: Rows, p: Int, blocks: Int, out: np.ndarray, rows: Rows) -> None:
    """Per block of messages: spread, size of both bests, mid, lots traded so far, seconds so far."""
    market, param = markets[k], params[p]
    for i in range(blocks):
        run_events(market, param, np.int64(_BLOCK), rows)
        ladder = market.book.ladder
        bid, ask = best(ladder, BID), best(ladder, ASK)
        out[i, 0] = ask - bid
        out[i, 1] = 0.5 * (level_size(ladder, BID, bid) + level_size(ladder, ASK, ask))
        out[i, 2] = 0.5 * (bid + ask)
        out[i, 3] = market.volume
        out[i, 4] = market.clock


def measure(params: np.ndarray, typical: list[float], seed: int, mid_price: int, messages: int = 200_000) -> np.ndarray:
    """A REFERENCE row for each row of market parameters. Deterministic in the seed. Raises InternalError where a market
    stops: its parameters should have been refused."""
    markets = np.zeros(len(params), MARKET)
    open_markets(markets, params, derive(seed, "reference"), mid_price)
    references = np.zeros(len(params), REFERENCE)
    blocks = max(messages // _BLOCK, 10)
    for p in range(len(params)):
        table = np.zeros((blocks, 5))
        _watch(markets, p, params, p, blocks, table, NO_ROWS)
        if stopped(markets[p : p + 1]):
            raise InternalError(f"market {p} stopped while it was measured: {stopped(markets[p : p + 1])[0][1].name}")
        seconds = table[-1, 4] / (blocks * _BLOCK)
        row = references[p : p + 1]
        row["spread"], row["depth"] = table[:, 0].mean(), table[:, 1].mean()
        moves = np.diff(table[:, 2])
        row["volatility"] = max(float(np.sqrt(np.mean(moves**2) / (_BLOCK * seconds))), 1e-6)
        row["volume"], row["seconds"], row["typical"] = table[-1, 3] / (blocks * _BLOCK), seconds, typical[p]
        for name in ("venues", "pool", "maker_fee", "taker_fee"):
            row[name] = params[name][p]
        # A latency in messages is that in seconds over the mean time of a message, rounded.
        row["latency"] = np.rint(params["latency"][p] / seconds)
        row["pool_latency"] = np.rint(params["pool_latency"][p] / seconds)
    return references
