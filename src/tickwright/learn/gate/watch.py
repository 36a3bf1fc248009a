"""What a market does by itself: its trades and mids, recorded in one compiled call, and the facts that follow.

Time is market orders of the background. The mid of order t is the one just before it came.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tickwright.book.ladder import best
from tickwright.book.layout import ASK, BID, Int, Rows
from tickwright.core.errors import CapacityError
from tickwright.core.kernel import kernel
from tickwright.learn.gate.books import open_books
from tickwright.learn.gate.check import Check, Estimate, mean_of, ratio_of, surely, within
from tickwright.venue.sim.reactive.driver import NO_ROWS
from tickwright.venue.sim.reactive.laws import event
from tickwright.venue.sim.reactive.parameters import Parameters

SIGNATURE_LAGS = (1, 2, 5, 10, 30, 100, 300)
SIGNATURE_BASE = 1_000
"""Lags of the signature plot, and the lag whose variance a trade they are measured against."""
RESPONSE_LAGS = (1, 2, 5, 10, 20, 50)
MEMORY_BANDS = ((1, 0.1), (10, 0.05), (100, 0.02))
_EVENTS_A_TRADE = 2_000


@dataclass(frozen=True, slots=True)
class Tape:
    """Per book (rows) and market order of the background (columns)."""

    mids: np.ndarray
    """float64, ticks."""
    walks: np.ndarray
    """float64, ticks: the exogenous news so far."""
    signs: np.ndarray
    """int8: +1 bought, -1 sold, 0 where nobody was there to trade with."""
    spreads: np.ndarray
    """float64, ticks, mean over the events since the order before."""
    widest: int
    """Ticks: the widest spread after any event."""

    @property
    def half_spread(self) -> float:
        """Ticks, mean."""
        return float(self.spreads.mean()) / 2.0


@kernel
def _record(
    markets: Rows, params: Rows, mids: np.ndarray, walks: np.ndarray, signs: np.ndarray, spreads: np.ndarray, rows: Rows
) -> Int:
    widest = np.int64(0)
    for k in range(markets.shape[0]):
        market = markets[k]
        param = params[k if params.shape[0] > 1 else 0]
        found, events, total = 0, 0, 0.0
        for _ in range(_EVENTS_A_TRADE * mids.shape[1]):
            if found >= mids.shape[1] or market.fault != 0:
                break
            mid, walk, trades, signed = 0.5 * market.twice_mid, market.walk, market.trades, market.signed
            event(market, param, rows)
            spread = best(market.book.ladder, ASK) - best(market.book.ladder, BID)
            widest = max(widest, spread)
            total += spread
            events += 1
            if market.trades > trades:
                mids[k, found], walks[k, found] = mid, walk
                bought = market.signed - signed
                signs[k, found] = 1 if bought > 0 else (-1 if bought < 0 else 0)
                spreads[k, found] = total / events
                found, events, total = found + 1, 0, 0.0
        if found < mids.shape[1]:
            return np.int64(-1 - k)
    return widest


def record(given: Parameters, count: int, trades: int, seed: int) -> Tape:
    """Let `count` books run for `trades` market orders each. Raises CapacityError where one stops."""
    markets, params = open_books(given, count, seed)
    mids, walks, spreads = (np.zeros((count, trades)) for _ in range(3))
    signs = np.zeros((count, trades), np.int8)
    widest = int(_record(markets, params, mids, walks, signs, spreads, NO_ROWS))
    if widest < 0:
        raise CapacityError(f"{given.name}: book {-1 - widest} stopped, or has no market orders")
    return Tape(mids, walks, signs, spreads, widest)


# -- facts: of each book one number, so that errors are of independent samples -----------------------------------


def signature(tape: Tape, longest: int = SIGNATURE_BASE) -> dict[int, Estimate]:
    """Variance of the mid a market order at each lag, over that at lag `longest`, or at a quarter of a short tape."""
    base = min(longest, tape.mids.shape[1] // 4)
    per_book = {lag: _variance(tape, lag) for lag in (*(n for n in SIGNATURE_LAGS if n < base), base)}
    return {lag: ratio_of(rate, per_book[base]) for lag, rate in per_book.items() if lag != base}


def _variance(tape: Tape, lag: int) -> np.ndarray:
    moves = tape.mids[:, lag:] - tape.mids[:, :-lag]
    rates: np.ndarray = (moves**2).mean(axis=1) / lag
    return rates


def sign_memory(tape: Tape, lags: tuple[int, ...] = (1, 10, 100)) -> dict[int, Estimate]:
    """Autocorrelation of the signs of market orders (their mean is zero by symmetry)."""
    signs = tape.signs.astype(np.float64)
    return {lag: mean_of((signs[:, lag:] * signs[:, :-lag]).mean(axis=1)) for lag in lags}


def response(tape: Tape, lags: tuple[int, ...] = RESPONSE_LAGS) -> dict[int, Estimate]:
    """How far the mid has gone, in half-spreads and in the direction of a market order of the background, just before
    the one that comes `lag` later. The news of that time is left out: it has no mean."""
    signs, clean = tape.signs.astype(np.float64), tape.mids - tape.walks
    half = tape.spreads.mean(axis=1) / 2.0
    return {lag: ratio_of((signs[:, :-lag] * (clean[:, lag:] - clean[:, :-lag])).mean(axis=1), half) for lag in lags}


def drift(tape: Tape) -> Estimate:
    """Where the mid goes by itself, ticks over the whole tape, news left out."""
    moved = tape.mids - tape.walks
    return mean_of(moved[:, -1] - moved[:, 0])


def kurtosis(tape: Tape, lag: int = 10) -> float:
    """Of the moves of the mid over `lag` market orders."""
    moves = tape.mids[:, lag:] - tape.mids[:, :-lag]
    return float((moves**4).mean() / (moves**2).mean() ** 2)


# -- checks --------------------------------------------------------------------------------------------------------


def signature_check(tape: Tape) -> Check:
    """Signature plot within 0.7 and 1.7: the lag that is farthest out is judged."""
    found = signature(tape)
    worst = max(found, key=lambda lag: max(0.7 / found[lag].value, found[lag].value / 1.7))
    told = {"lag": worst, "against_lag": min(SIGNATURE_BASE, tape.mids.shape[1] // 4), "by_lag": _by(found)}
    return within("signature plot", found[worst], 0.7, 1.7, told)


def memory_checks(tape: Tape) -> list[Check]:
    """Order signs remember: .1, .05 and .02 at least, at lags 1, 10 and 100."""
    found = sign_memory(tape, tuple(lag for lag, _ in MEMORY_BANDS))
    return [within(f"sign memory at lag {lag}", found[lag], low, None) for lag, low in MEMORY_BANDS]


def response_check(tape: Tape) -> Check:
    """The mid answers a market order of the background by 0.9 to 1.3 half-spreads, at the lag where it has gone
    farthest: the book needs some orders to follow, and later the impact decays."""
    found = response(tape)
    farthest = max(found, key=lambda lag: found[lag].value)
    told = {"lag": farthest, "half_spread_ticks": tape.half_spread, "by_lag": _by(found)}
    return within("response of the mid, in half-spreads", found[farthest], 0.9, 1.3, told)


def drift_check(tape: Tape) -> Check:
    """Idle, the mid goes nowhere: the mean move of a book over the tape, to a tenth of a half-spread a hundred market
    orders. An interval too wide to tell fails."""
    found = drift(tape)
    scale = 100.0 / tape.mids.shape[1] / tape.half_spread
    told = {"books": len(tape.mids), "market_orders": tape.mids.shape[1], "ticks": found.value}
    name = "no drift when idle, half-spreads in 100 market orders"
    return surely(name, Estimate(found.value * scale, found.error * scale), -0.1, 0.1, told)


def _by(found: dict[int, Estimate]) -> dict[int, list[float]]:
    return {lag: [round(e.value, 4), round(e.error, 4)] for lag, e in found.items()}
