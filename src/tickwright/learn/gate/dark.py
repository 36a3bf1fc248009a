"""The dark pool, judged from outside: what its prints say against the accounts, and who is filled there.

`DarkAudit` is the part of the audit that is about the pool. `adverse_selection` measures what a fill at rest there is
followed by: in a market where some know the fair price, the mid goes on against whoever rested.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tickwright.book.layout import Int, Rows
from tickwright.core.errors import CapacityError, ConfigError
from tickwright.core.events import MARKET_EVENT, Action, Side
from tickwright.core.kernel import kernel
from tickwright.learn.gate.books import open_books
from tickwright.learn.gate.check import Check, Estimate, ratio_of, surely
from tickwright.venue.sim.reactive.laws import event
from tickwright.venue.sim.reactive.layout import ACCOUNTS
from tickwright.venue.sim.reactive.parameters import Parameters

LAGS = (1, 5, 20)
_HIDDEN, _BID = int(Action.HIDDEN), int(Side.BID)
_ROOM = 1 << 11
_EVENTS_A_TRADE = 2_000


class DarkAudit:
    """The prints of a pool beside what the accounts say. A print says who took; who made is not in it: what an account
    has beyond its other fills must lie within the lots that it made."""

    def __init__(self, market: Any) -> None:
        """`market` is a MARKET row."""
        self._ledger = market["ledger"].copy()
        self._shares = [0] * ACCOUNTS
        self._taken, self._bought = [0] * ACCOUNTS, [0] * ACCOUNTS
        self._prices: set[int] = set()
        self.lots = [0] * ACCOUNTS
        """Taken by each account, by the prints."""

    def trade(self, taker: int, bid: bool, twice_price: int, lots: int) -> None:
        """One print of a pool, at half ticks."""
        self._taken[taker] += lots
        self._bought[taker] += lots if bid else -lots
        self._prices.add(twice_price)

    def look(self, market: Any, lit_shares: list[int]) -> dict[str, int]:
        """What is wrong with the prints since the last look, by name. `lit_shares` are the lots of each account without
        the pool. Cash is told where the prints had one price, as those of one action have."""
        ledger = market["ledger"].copy()
        shares = [int(total) - lit for total, lit in zip(market["accounts"]["shares"], lit_shares, strict=True)]
        made, taken, cash = (
            (ledger[name] - self._ledger[name]).tolist() for name in ("dark_made", "dark_taken", "dark_cash")
        )  # fmt: skip
        moved = [now - was for now, was in zip(shares, self._shares, strict=True)]
        prints, price = sum(self._taken), max(self._prices, default=0)
        wrong = {
            "shares of an account": sum(
                abs(m - bought) > lots for m, bought, lots in zip(moved, self._bought, made, strict=True)
            ),
            "lots of the pool": sum(a != b for a, b in zip(taken, self._taken, strict=True)) + (sum(made) != prints),
            "own fills in the pool beyond the prints of others": sum(
                lots > prints - own for lots, own in zip(made[1:], self._taken[1:], strict=True)
            ),
        }
        if len(self._prices) <= 1:
            wrong["cash of the pool in half ticks"] = sum(c != -price * m for c, m in zip(cash, moved, strict=True))
        self._ledger, self._shares = ledger, shares
        self.lots = [a + b for a, b in zip(self.lots, self._taken, strict=True)]
        self._taken, self._bought = [0] * ACCOUNTS, [0] * ACCOUNTS
        self._prices.clear()
        return wrong


# -- who is filled -----------------------------------------------------------------------------------------------------


@kernel
def _record(markets: Rows, params: Rows, mids: np.ndarray, walks: np.ndarray, signed: np.ndarray, rows: Rows) -> Int:
    """Per book and market order: mid and news before it, lots that its aggressor bought in the pool."""
    for k in range(markets.shape[0]):
        market, found = markets[k], 0
        for _ in range(_EVENTS_A_TRADE * mids.shape[1]):
            if found >= mids.shape[1] or market.fault != 0:
                break
            mid, walk, trades = 0.5 * market.twice_mid, market.walk, market.trades
            market.written = 0
            event(market, params[0], rows)
            if market.trades == trades:
                continue
            mids[k, found], walks[k, found] = mid, walk
            for i in range(market.written):
                if rows[i].action == _HIDDEN:
                    signed[k, found] += rows[i].size if rows[i].side == _BID else -rows[i].size
            found += 1
        market.written = 0
        if found < mids.shape[1]:
            return np.int64(-1 - k)
    return np.int64(0)


def adverse_selection(
    given: Parameters, books: int, trades: int, seed: int, lags: tuple[int, ...] = LAGS
) -> dict[int, Estimate]:
    """Ticks a lot that the mid goes against what rested in the pool, just before the market order that comes `lag`
    after the one that filled it; the news of that time, which has no mean, is left out. A fill at the mid earns no
    spread, so this is what resting there costs.

    Raises ConfigError for a market without a pool, and CapacityError where a book stops.
    """
    if given.flow.pool is None:
        raise ConfigError("flow.pool", None, "a dark pool")
    markets, params = open_books(given, books, seed)
    mids, walks, signed = (np.zeros((books, trades)) for _ in range(3))
    stopped = int(_record(markets, params, mids, walks, signed, np.zeros(_ROOM, MARKET_EVENT)))
    if stopped < 0:
        raise CapacityError(f"{given.name}: book {-1 - stopped} stopped, or has no market orders")
    clean, lots = mids - walks, np.abs(signed)
    return {
        lag: ratio_of((signed[:, :-lag] * (clean[:, lag:] - clean[:, :-lag])).mean(axis=1), lots[:, :-lag].mean(axis=1))
        for lag in lags
    }


def picked_off_check(given: Parameters, books: int, trades: int, seed: int) -> Check:
    """The mid goes against what rested in the pool, by more than nothing: else resting there would be free."""
    found = adverse_selection(given, books, trades, seed)
    farthest = max(found, key=lambda lag: found[lag].value)
    told = {"lag": farthest, "by_lag": {lag: [round(e.value, 4), round(e.error, 4)] for lag, e in found.items()}}
    return surely("the mid against what rested in the pool, ticks", found[farthest], 0.0, None, told)
