"""What an agent knows of an instrument beforehand: measured on its market while nobody but the background trades.

It is a function of the market's parameters alone, not of a run's seed: whoever is trained and whoever tests it knows
the same. One book's clock says little of another's, for its intensity wanders over hours, so several are watched, each
for about a day of the default market: then other books would say the same within a few percent.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from tickwright.book.ladder import best, level_size
from tickwright.book.layout import ASK, BID, Int, Rows
from tickwright.core.errors import InternalError
from tickwright.core.kernel import kernel
from tickwright.core.rng import derive
from tickwright.learn.layout import REFERENCE
from tickwright.venue.sim.reactive.driver import NO_ROWS, open_markets, stopped
from tickwright.venue.sim.reactive.laws import run_events
from tickwright.venue.sim.reactive.layout import MARKET, PARAMS

_SEED = 0
_BLOCK = 100
"""Messages between two looks at the mid."""
BOOKS, MESSAGES = 8, 400_000
"""Markets that are watched, one after the other, and how long each of them."""


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


def measure(
    params: np.ndarray, typical: list[float], mid_price: int, messages: int = MESSAGES, books: int = BOOKS
) -> np.ndarray:
    """A REFERENCE row for each row of market parameters; `messages` are those of one book. Raises InternalError where a
    market stops: its parameters should have been refused."""
    references = np.zeros(len(params), REFERENCE)
    for p in range(len(params)):
        row, param = references[p : p + 1], params[p : p + 1]
        spread, depth, volatility, volume, seconds = _measured(param.tobytes(), mid_price, messages, books)
        row["spread"], row["depth"], row["volatility"] = spread, depth, volatility
        row["volume"], row["seconds"], row["typical"] = volume, seconds, typical[p]
        for name in ("venues", "pool", "maker_fee", "taker_fee"):
            row[name] = params[name][p]
        # A latency in messages is that in seconds over the mean time of a message, rounded.
        row["latency"] = np.rint(params["latency"][p] / seconds)
        row["pool_latency"] = np.rint(params["pool_latency"][p] / seconds)
    return references


@lru_cache(maxsize=256)
def _measured(param: bytes, mid_price: int, messages: int, books: int) -> tuple[float, float, float, float, float]:
    """(spread, depth, volatility, volume, seconds) of a row of parameters: means over all that was seen."""
    params, market = np.frombuffer(param, PARAMS).copy(), np.zeros(1, MARKET)
    blocks = max(messages // _BLOCK, 10)
    tables = np.zeros((books, blocks, 5))
    for b in range(books):
        open_markets(market, params, derive(_SEED, f"reference/{b}"), mid_price)
        _watch(market, 0, params, 0, blocks, tables[b], NO_ROWS)
        if stopped(market):
            raise InternalError(f"a market stopped while it was measured: {stopped(market)[0][1].name}")
    ends = tables[:, -1].sum(axis=0) / (books * blocks * _BLOCK)
    volume, seconds = float(ends[3]), float(ends[4])
    moves = np.diff(tables[:, :, 2], axis=1)
    volatility = max(float(np.sqrt(np.mean(moves**2) / (_BLOCK * seconds))), 1e-6)
    return float(tables[:, :, 0].mean()), float(tables[:, :, 1].mean()), volatility, volume, seconds
