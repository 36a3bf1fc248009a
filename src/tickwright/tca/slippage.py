"""Slippage of one order against every benchmark, each a ratio or Missing with its reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from tickwright.core.errors import BenchmarkError
from tickwright.core.records import ParentOrder
from tickwright.core.units import Lots, Money, Nanos
from tickwright.tca import benchmarks
from tickwright.tca.exact import Measure, Missing, in_units
from tickwright.tca.market import Market
from tickwright.tca.shortfall import Marks

PWP_PERCENTS = (5, 10, 20)
"""Participation rates of PWP(x), in percent."""

NOTHING = Missing("nothing filled")


@dataclass(frozen=True, slots=True)
class Slippages:
    """`s(P̄ − P_B)/P_B` by benchmark; both terms in `Money`. Prices are those of the benchmarks, in ticks."""

    by_benchmark: Mapping[str, Measure]
    prices: Mapping[str, Fraction]
    relative_performance: Measure
    price_advantage: Measure


def slippages(
    order: ParentOrder, marks: Marks, value: int, lots: Lots, last_fill: Nanos | None, market: Market, unit: Money
) -> Slippages:
    """All benchmarks of an order whose fills come to Σqp = `value` tick-lots over `lots` lots.

    Intervals run from arrival to the last fill. Price advantage is against the time-weighted mid of the whole window
    from arrival to deadline, which no policy can move by finishing early.
    """
    prices: dict[str, Fraction] = {}

    def against(name: str, price: Callable[[], Fraction]) -> Measure:
        try:
            prices[name] = price()
        except BenchmarkError as error:
            return Missing(str(error))
        return in_units(benchmarks.slippage(order.side, value, lots, prices[name]), 2 * unit)

    def over_interval(name: str, price: Callable[[Nanos], Fraction]) -> Measure:
        return NOTHING if last_fill is None else against(name, lambda: price(last_fill))

    start = order.start
    found = {
        "decision": against("decision", lambda: Fraction(marks.decision, 2)),
        "arrival": against("arrival", lambda: Fraction(marks.arrival, 2)),
        "open": against("open", lambda: benchmarks.open_price(market)),
        "close": against("close", lambda: benchmarks.close_price(market)),
        "previous_close": against("previous_close", lambda: benchmarks.previous_close(market)),
        "interval_vwap": over_interval("interval_vwap", lambda end: benchmarks.vwap(market, start, end)),
        "interval_vwap_with_own": over_interval(
            "interval_vwap_with_own", lambda end: benchmarks.vwap(market, start, end, value, lots)
        ),
        "day_vwap": against("day_vwap", lambda: benchmarks.day_vwap(market)),
        "interval_twap": over_interval("interval_twap", lambda end: benchmarks.twap(market, start, end)),
    }
    for percent in PWP_PERCENTS:
        name = f"pwp_{percent}"
        price = partial(benchmarks.pwp, market, start, lots, percent)
        found[name] = against(name, price) if lots else NOTHING
    return Slippages(
        by_benchmark=found,
        prices=prices,
        relative_performance=_relative(order, value, lots, last_fill, market),
        price_advantage=_advantage(order, value, lots, market, unit),
    )


def _relative(order: ParentOrder, value: int, lots: Lots, last_fill: Nanos | None, market: Market) -> Measure:
    if last_fill is None:
        return NOTHING
    try:
        return benchmarks.relative_performance(market, order.side, value, lots, order.start, last_fill)
    except BenchmarkError as error:
        return Missing(str(error))


def _advantage(order: ParentOrder, value: int, lots: Lots, market: Market, unit: Money) -> Measure:
    if lots == 0:
        return NOTHING
    try:
        base = benchmarks.twap(market, order.start, order.end)
    except BenchmarkError as error:
        return Missing(str(error))
    return in_units(benchmarks.price_advantage(order.side, value, lots, base), 2 * unit)
