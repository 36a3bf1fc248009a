"""What became of the price around fills: effective and realised spread, impact, capture, markouts, reversion.

For a fill of q lots at p, m the mid just before it and m_τ the recorded mid τ later (both strictly before their time):

    effective spread   2s(p − m)            realised spread  2s(p − m_τ)
    price impact       2s(m_τ − m)          effective = realised + impact
    markout            s(m_τ − p)/p         our profit: capture s(m − p)/p plus drift s(m_τ − m)/p
    spread capture     s(m − p)/½(a − b)    maker fills; in [−1, 1] unless the fill lies outside the quotes before it
    reversion          s(m_end − m_τ)/m_end positive: our impact went away

Over several fills each is a ratio of sums weighted by lots. A horizon is given only when the data reach it for every
fill: a mean over those fills that happen to lie early would compare one set of fills at 1 s with another at 10 min.
Sources: Huang and Stoll, Journal of Financial Economics 1996; SEC Rule 605.
Unrealistic where: in a replay m_τ is the recorded mid, so own impact appears only as far as the profile models it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from tickwright.core.records import MAKER
from tickwright.core.units import MILLISECOND, MINUTE, SECOND, HalfTicks, Lots, Money, Nanos
from tickwright.tca.exact import Measure, Missing, exact_dot, exact_sum, in_units, ratio
from tickwright.tca.market import Market

HORIZONS: Mapping[str, Nanos] = MappingProxyType(
    {
        "10ms": 10 * MILLISECOND,
        "30ms": 30 * MILLISECOND,
        "100ms": 100 * MILLISECOND,
        "300ms": 300 * MILLISECOND,
        "1s": SECOND,
        "3s": 3 * SECOND,
        "10s": 10 * SECOND,
        "30s": 30 * SECOND,
        "1min": MINUTE,
        "3min": 3 * MINUTE,
        "10min": 10 * MINUTE,
        "30min": 30 * MINUTE,
    }
)
"""The grid of markouts: steps of about three, ten milliseconds to half an hour."""

NO_FILLS = "nothing filled"
NOT_POSITIVE = "the price is not positive"


@dataclass(frozen=True, eq=False)
class FillMarks:
    """Fills in order of exchange time with the quotes around them; int64 arrays of one length n.

    `size` lots, `price` ticks, `mid2` half ticks and `spread` ticks just before the fill as the venue stood (own
    transient impact included), `counterfactual` the recorded mid in half ticks, `later` recorded mids after each
    horizon, (n, horizons), meaningful where `reached`.
    """

    side: int
    ts: np.ndarray
    size: np.ndarray
    price: np.ndarray
    mid2: np.ndarray
    spread: np.ndarray
    liquidity: np.ndarray
    counterfactual: np.ndarray
    later: np.ndarray
    reached: np.ndarray
    replaced: int
    """Fills whose own bid and ask were not two-sided, so that the recorded quote stands in."""


def mark_fills(side: int, rows: np.ndarray, market: Market) -> FillMarks:
    """FILL rows with the mids around them. Raises BenchmarkError when a fill comes before the first quote."""
    rows = rows[np.argsort(rows["ts_exchange"], kind="stable")]
    ts = np.ascontiguousarray(rows["ts_exchange"])
    counterfactual, found = market.mids.many(ts)
    if not found.all():
        market.mids.at(int(ts[~found][0]), "a fill")
    bid, ask = rows["bid"].copy(), rows["ask"].copy()
    # An empty side is written as price 0, which would pass for a huge spread.
    odd = ~market.two_sided_before(ts) | (bid >= ask)
    if odd.any():
        quotes = market.quotes[market.two_sided]
        before = np.searchsorted(quotes["ts_event"], ts[odd], side="left") - 1
        bid[odd], ask[odd] = quotes["bid"][before], quotes["ask"][before]
    times = ts[:, None] + np.array(list(HORIZONS.values()), np.int64)[None, :]
    later, known = market.mids.many(times)
    reach = market.reach_ns if len(ts) else 0
    return FillMarks(
        side, ts, rows["size"].copy(), rows["price"].copy(), bid + ask, ask - bid, rows["liquidity"].copy(),
        counterfactual, later, known & (times <= reach), int(odd.sum()),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class FillQuality:
    """Measures of an order's fills; ratios with both terms in `Money`. Mappings go by the name of the horizon."""

    effective_spread: Measure
    spread_capture: Measure
    realised_spread: Mapping[str, Measure]
    price_impact: Mapping[str, Measure]
    markout: Mapping[str, Measure]
    reversion: Mapping[str, Measure]


def fill_quality(marks: FillMarks, market: Market, end: Nanos, end_mid: HalfTicks, unit: Money) -> FillQuality:
    """Measures of the fills. `end_mid` is the mid in half ticks at `end`; `unit` is half a tick of one lot."""
    s, q, p2, m2 = marks.side, marks.size, 2 * marks.price, marks.mid2
    base, paid = exact_dot(q, m2), exact_dot(q, p2)
    none = NO_FILLS if not len(q) else NOT_POSITIVE
    realised, impact, markout = {}, {}, {}
    for column, name in enumerate(HORIZONS):
        late = _late(marks.reached[:, column], q)
        later = marks.later[:, column]
        realised[name] = late or ratio(2 * s * exact_dot(q, p2 - later), base, none)
        impact[name] = late or ratio(2 * s * exact_dot(q, later - m2), base, none)
        markout[name] = late or ratio(s * exact_dot(q, later - p2), paid, none)
    made = marks.liquidity == MAKER
    captured = s * exact_dot(q[made], (m2 - p2)[made])
    return FillQuality(
        effective_spread=in_units(ratio(2 * s * exact_dot(q, p2 - m2), base, none), unit),
        spread_capture=in_units(ratio(captured, exact_dot(q[made], marks.spread[made]), "no maker fills"), unit),
        realised_spread=_in_money(realised, unit),
        price_impact=_in_money(impact, unit),
        markout=_in_money(markout, unit),
        reversion=_in_money(reversion(s, exact_sum(q), market, end, end_mid), unit),
    )


def _in_money(by_name: Mapping[str, Measure], unit: Money) -> dict[str, Measure]:
    return {name: in_units(measure, unit) for name, measure in by_name.items()}


def _late(reached: np.ndarray, size: np.ndarray) -> Missing | None:
    if reached.all():
        return None
    # Lots, not fills: the reason too should not depend on how fills are grouped.
    return Missing(f"the data end before this horizon for {exact_sum(size[~reached]):,} of {exact_sum(size):,} lots")


def reversion(side: int, filled: Lots, market: Market, end: Nanos, end_mid: HalfTicks) -> dict[str, Measure]:
    """`s(m_end − m_{end+τ})/m_end` for each horizon, weighted by the lots filled."""
    found: dict[str, Measure] = {}
    for name, tau in HORIZONS.items():
        if filled == 0:
            found[name] = Missing(NO_FILLS)
        elif end + tau > market.reach_ns:
            found[name] = Missing(f"the data end before this horizon, at {market.reach_ns}")
        else:
            later = market.mids.at(end + tau, f"mid {name} after the end")
            found[name] = ratio(side * filled * (end_mid - later), filled * end_mid, NOT_POSITIVE)
    return found
