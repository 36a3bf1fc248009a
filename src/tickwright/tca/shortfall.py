"""Implementation shortfall: Perold's, its expansion, and the split of the trading part; integers of `Money`.

With side s, ordered X, filled Q = Σqᵢ, mids at decision P_d, at arrival P_0 and at the end P_n:

    Perold      s(Σ qᵢpᵢ − Q P_d) + s(X − Q)(P_n − P_d) + fees
    delay       sX(P_0 − P_d)
    trading     s(Σ qᵢpᵢ − Q P_0)
    opportunity s(X − Q)(P_n − P_0)
    spread      Σ qᵢ ½(aᵢ − bᵢ) λᵢ, λ = +1 taking, −1 making, quotes as the venue stood just before the fill
    impact      s Σ qᵢ(pᵢ − m(tᵢ)) − spread, m the recorded mid, which in a replay is the mid without our order
    timing      s Σ qᵢ(m(tᵢ) − P_0)

Cost is positive. Sources: Perold, "The implementation shortfall", Journal of Portfolio Management 1988; Wagner and
Edwards 1993; Kissell, "The Science of Algorithmic Trading and Portfolio Management", 2013, ch. 3. The arithmetic is in
half ticks, so that mids are whole; every amount is a whole number of half-tick-lots, hence of billionths.
Unrealistic where: the recorded mid is the counterfactual only as far as the replay's market would not have reacted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tickwright.core.errors import InternalError
from tickwright.core.units import HalfTicks, Lots, Money
from tickwright.tca.exact import exact_dot, exact_sum


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Parts of the shortfall of one order, in `Money`."""

    delay: Money
    trading: Money
    opportunity: Money
    fees: Money

    @property
    def total(self) -> Money:
        """The sum of the parts."""
        return self.delay + self.trading + self.opportunity + self.fees


@dataclass(frozen=True, slots=True)
class TradingSplit:
    """Parts of the trading cost, in `Money`; they sum to it."""

    spread: Money
    impact: Money
    timing: Money

    @property
    def total(self) -> Money:
        """The sum of the parts."""
        return self.spread + self.impact + self.timing


@dataclass(frozen=True, slots=True)
class Marks:
    """Mids at decision, arrival and end, in half ticks."""

    decision: HalfTicks
    arrival: HalfTicks
    end: HalfTicks


def perold(side: int, ordered: Lots, sizes: np.ndarray, prices: np.ndarray, marks: Marks, unit: Money) -> Money:
    """Shortfall before fees after Perold. `sizes` lots and `prices` ticks are int64; `unit` is half a tick of a lot."""
    filled, value = exact_sum(sizes), exact_dot(sizes, prices)
    actual = 2 * value - filled * marks.decision
    missed = (ordered - filled) * (marks.end - marks.decision)
    return side * (actual + missed) * unit


def expanded(
    side: int, ordered: Lots, sizes: np.ndarray, prices: np.ndarray, marks: Marks, fees: Money, unit: Money
) -> Shortfall:
    """The shortfall in its parts.

    Raises InternalError if they do not add up to Perold's to the last unit, which only a bug could cause.
    """
    filled, value = exact_sum(sizes), exact_dot(sizes, prices)
    parts = Shortfall(
        delay=side * ordered * (marks.arrival - marks.decision) * unit,
        trading=side * (2 * value - filled * marks.arrival) * unit,
        opportunity=side * (ordered - filled) * (marks.end - marks.arrival) * unit,
        fees=fees,
    )
    check(parts.total, perold(side, ordered, sizes, prices, marks, unit) + fees, "expanded shortfall and Perold's")
    return parts


def paper_minus_actual(side: int, ordered: Lots, marks: Marks, unit: Money, actual: Money) -> Money:
    """Profit of the paper portfolio (X lots at the decision mid, marked at the end mid) less the account's profit."""
    return side * ordered * (marks.end - marks.decision) * unit - actual


def trading_split(
    side: int,
    sizes: np.ndarray,
    prices: np.ndarray,
    spreads: np.ndarray,
    liquidity: np.ndarray,
    counterfactual: np.ndarray,
    arrival: HalfTicks,
    unit: Money,
) -> TradingSplit:
    """Spread, impact and timing of the fills.

    `sizes` lots, `prices` ticks, `spreads` ask − bid in ticks, `liquidity` +1 taking or −1 making, `counterfactual`
    the recorded mid at each fill in half ticks; int64 arrays of one length.
    """
    spread = exact_dot(sizes, spreads * liquidity)
    against = side * exact_dot(sizes, 2 * prices - counterfactual)
    timing = side * exact_dot(sizes, counterfactual - arrival)
    return TradingSplit(spread * unit, (against - spread) * unit, timing * unit)


def check(left: Money, right: Money, what: str) -> None:
    """Raise InternalError unless two amounts that must be equal are equal to the last unit."""
    if left != right:
        raise InternalError(f"{what} differ: {left} and {right} billionths")
