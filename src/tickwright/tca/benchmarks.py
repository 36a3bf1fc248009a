"""Benchmark prices as exact fractions of ticks, and what an average price lost against them.

Every function that cannot form its benchmark raises BenchmarkError and says why; nothing falls back to another price.
Intervals are closed, [begin, end]. "Volume" is that of others' prints unless own fills are named.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from tickwright.core.errors import BenchmarkError
from tickwright.core.events import SUBTICKS
from tickwright.core.units import MINUTE, Lots, Nanos
from tickwright.tca.exact import Measure, Missing, Ratio, exact_dot, exact_sum
from tickwright.tca.market import Market

EDGE: Nanos = 5 * MINUTE
"""How much of a session's beginning or end the data may lack before its open, close and VWAP are Missing."""


def vwap(market: Market, begin: Nanos, end: Nanos, own_value: int = 0, own_lots: Lots = 0) -> Fraction:
    """Volume-weighted price in ticks; with own fills when their Σqp (tick-lots) and Σq are given.

    Recorded prints stand as they were and own fills are added to them, so V with own fills is V + Q.
    Raises BenchmarkError when nobody else traded, with or without own fills.
    """
    prints = market.prints(begin, end)
    if prints.volume == 0:
        raise BenchmarkError(f"no volume of others from {begin} to {end}")
    return (prints.value + own_value) / (prints.volume + own_lots)


def day_vwap(market: Market) -> Fraction:
    """VWAP of the session, from open to close. Raises BenchmarkError when the data do not cover it."""
    require_open(market)
    require_close(market)
    return vwap(market, market.session_open_ns, market.session_close_ns)


def twap(market: Market, begin: Nanos, end: Nanos) -> Fraction:
    """Time-weighted mid in ticks. Raises BenchmarkError for an empty interval or one that the data do not cover."""
    if end > market.reach_ns:
        raise BenchmarkError(f"the data reach {market.reach_ns}, the interval ends at {end}")
    return market.mids.time_weighted(begin, end, "time-weighted mid")


def pwp(market: Market, begin: Nanos, filled: Lots, percent: int) -> Fraction:
    """Participation-weighted price, in ticks: VWAP of others from `begin` until their volume reaches filled / x.

    x is `percent` / 100; of the print that passes the mark only the part up to it counts. Raises BenchmarkError when
    the session ends, or the data do, before.
    """
    wanted = Fraction(filled * 100, percent)
    prints = market.prints(begin, market.session_close_ns)
    # running[k] >= wanted exactly when it is >= the whole number above it.
    last = int(np.searchsorted(np.cumsum(prints.size), -(-wanted.numerator // wanted.denominator), side="left"))
    if last == len(prints.size):
        raise BenchmarkError(f"volume after arrival reached {prints.volume} lots of the {float(wanted):g} needed")
    whole = Fraction(exact_dot(prints.price[:last], prints.size[:last]), SUBTICKS)
    part = wanted - exact_sum(prints.size[:last])
    return (whole + Fraction(int(prints.price[last]), SUBTICKS) * part) / wanted


def open_price(market: Market) -> Fraction:
    """The session's first print, an auction's if the feed has it. Raises BenchmarkError if the data lack the open."""
    require_open(market)
    return Fraction(int(_session(market)[0]), SUBTICKS)


def close_price(market: Market) -> Fraction:
    """The session's last print, an auction's if the feed has it. Raises BenchmarkError if the data lack the close."""
    require_close(market)
    return Fraction(int(_session(market)[-1]), SUBTICKS)


def previous_close(market: Market) -> Fraction:
    """The close of the session before, in ticks. Raises BenchmarkError when it was not given."""
    if market.previous_close is None:
        raise BenchmarkError("no previous close in the data")
    return Fraction(market.previous_close)


def _session(market: Market) -> np.ndarray:
    prints = market.prints(market.session_open_ns, market.session_close_ns)
    real = prints.price[prints.size > 0]
    if not len(real):
        raise BenchmarkError("nothing printed in the session")
    return real


def require_open(market: Market) -> None:
    """Raise BenchmarkError unless the data begin within EDGE of the open."""
    if market.first_ns > market.session_open_ns + EDGE:
        raise BenchmarkError(f"the data begin at {market.first_ns}, the session at {market.session_open_ns}")


def require_close(market: Market) -> None:
    """Raise BenchmarkError unless the data end within EDGE of the close, or after it."""
    if market.last_ns < market.session_close_ns - EDGE:
        raise BenchmarkError(f"the data end at {market.last_ns}, the session at {market.session_close_ns}")


def slippage(side: int, value: int, lots: Lots, benchmark: Fraction) -> Measure:
    """`s(P̄ − P_B)/P_B` for fills of Σqp = `value` tick-lots and Σq = `lots`; both terms weighted by the lots.

    Missing when nothing filled or the benchmark is not a positive price.
    """
    if lots == 0:
        return Missing("nothing filled")
    if benchmark <= 0:
        return Missing(f"the benchmark price of {float(benchmark):g} ticks is not positive")
    return Ratio(side * (value - lots * benchmark), lots * benchmark)


def price_advantage(side: int, value: int, lots: Lots, base: Fraction) -> Measure:
    """Qlib's `PA = −s(P̄/P_base − 1)`, positive is good: the slippage with its sign turned."""
    cost = slippage(side, value, lots, base)
    return Ratio(-cost.numerator, cost.denominator) if isinstance(cost, Ratio) else cost


def relative_performance(market: Market, side: int, value: int, lots: Lots, begin: Nanos, end: Nanos) -> Ratio:
    """Share of others' volume that fared worse than we did, prints at our price counting half (Kissell 2013, RPM).

    Buy: `½(V + V[P > P̄] − V[P < P̄])/V`; a sell turns the inequalities. ½ is neutral. Raises BenchmarkError when
    nothing filled or nobody else traded.
    """
    prints = market.prints(begin, end)
    volume = prints.volume
    if volume == 0 or lots == 0:
        raise BenchmarkError("nothing filled" if lots == 0 else f"no volume of others from {begin} to {end}")
    # A whole number exceeds P̄ exactly when it exceeds ⌊P̄⌋, and is below it exactly when it is below ⌈P̄⌉.
    floor, ceiling = value * SUBTICKS // lots, -(-value * SUBTICKS // lots)
    above, below = exact_sum(prints.size[prints.price > floor]), exact_sum(prints.size[prints.price < ceiling])
    return Ratio(volume + side * (above - below), 2 * volume)
