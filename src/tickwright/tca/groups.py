"""Sets of orders: ratios of sums, tails, and paired comparison of policies on the same parent orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from tickwright.core.errors import DataError
from tickwright.core.units import DAY
from tickwright.tca.exact import BPS, Measure, Ratio, pooled, ratio
from tickwright.tca.row import OrderTca
from tickwright.tca.shortfall import Shortfall, TradingSplit
from tickwright.tca.statistics import (
    Interval,
    benjamini_hochberg,
    bootstrap_ratio,
    conditional_value_at_risk,
    sign_flip_p,
)


@dataclass(frozen=True, eq=False)
class GroupTca:
    """Orders of one policy in one currency. Shares and bps are ratios of sums; `counts` says over how many orders."""

    policy: str
    currency: str
    orders: int
    shortfall: Shortfall
    split: TradingSplit
    shortfall_ratio: Measure
    shortfall_interval: Interval | None
    """Bootstrap over orders of `shortfall_ratio`, as a plain ratio; None with one order."""
    slippages: Mapping[str, Measure]
    markout: Mapping[str, Measure]
    realised_spread: Mapping[str, Measure]
    effective_spread: Measure
    spread_capture: Measure
    price_advantage: Measure
    fulfil_rate: Measure
    maker_share: Measure
    participation: Measure
    positive_rate: Measure
    timing_risk_bps: float | None
    """Sample standard deviation of per-order shortfall; None with one order."""
    cvar95_bps: float | None
    counts: Mapping[str, int]
    """Orders that have the figure, by benchmark and by horizon."""


def aggregate(orders: Sequence[OrderTca], seed: int = 0) -> GroupTca:
    """One group. Raises DataError without orders, or with more than one policy or currency among them."""
    keys = {(o.policy, o.instrument.currency) for o in orders}
    if len(keys) != 1:
        raise DataError(f"a group needs orders of one policy in one currency, got {sorted(keys)}")
    policy, currency = keys.pop()
    ratios = [o.shortfall_ratio for o in orders]
    known = [r for r in ratios if isinstance(r, Ratio)]
    per_order = np.array([r.bps for r in known])
    slippages = _each([o.slippages.by_benchmark for o in orders])
    markouts = _each([o.fills.markout for o in orders])
    return GroupTca(
        policy=policy,
        currency=currency,
        orders=len(orders),
        shortfall=add_shortfalls([o.shortfall for o in orders]),
        split=_add_splits([o.split for o in orders]),
        shortfall_ratio=pooled(ratios),
        shortfall_interval=_interval(known, seed),
        slippages={name: pooled(found) for name, found in slippages.items()},
        markout={name: pooled(found) for name, found in markouts.items()},
        realised_spread={n: pooled(f) for n, f in _each([o.fills.realised_spread for o in orders]).items()},
        effective_spread=pooled(o.fills.effective_spread for o in orders),
        spread_capture=pooled(o.fills.spread_capture for o in orders),
        price_advantage=pooled(o.slippages.price_advantage for o in orders),
        fulfil_rate=fulfil_rate(orders),
        maker_share=pooled(o.quality.maker_share for o in orders),
        participation=pooled(o.quality.participation for o in orders),
        positive_rate=positive_rate(orders),
        timing_risk_bps=float(per_order.std(ddof=1)) if len(per_order) > 1 else None,
        cvar95_bps=conditional_value_at_risk(per_order),
        counts={
            name: sum(isinstance(m, Ratio) for m in found)
            for group in (slippages, markouts)
            for name, found in group.items()
        },
    )


def by_policy(orders: Sequence[OrderTca], seed: int = 0) -> list[GroupTca]:
    """A group for each policy and currency, in the order in which they first appear."""
    members: dict[tuple[str, str], list[OrderTca]] = {}
    for order in orders:
        members.setdefault((order.policy, order.instrument.currency), []).append(order)
    return [aggregate(found, seed) for found in members.values()]


def add_shortfalls(parts: Sequence[Shortfall]) -> Shortfall:
    """The sum of shortfalls, part by part."""
    return Shortfall(*(sum(getattr(p, n) for p in parts) for n in ("delay", "trading", "opportunity", "fees")))


def _add_splits(parts: Sequence[TradingSplit]) -> TradingSplit:
    return TradingSplit(*(sum(getattr(p, n) for p in parts) for n in ("spread", "impact", "timing")))


def _each(groups: Sequence[Mapping[str, Measure]]) -> dict[str, list[Measure]]:
    return {name: [g[name] for g in groups] for name in groups[0]}


def fulfil_rate(orders: Sequence[OrderTca]) -> Measure:
    """`Σ Q / Σ X` of one instrument; of several, both weighted by the decision price, since their units differ."""
    single = len({o.instrument for o in orders}) == 1
    weights = [1 if single else o.marks.decision * o.instrument.half_tick_value for o in orders]
    filled = sum(w * o.filled for w, o in zip(weights, orders, strict=True))
    return ratio(filled, sum(w * o.order.quantity for w, o in zip(weights, orders, strict=True)), "no ordered value")


def positive_rate(orders: Sequence[OrderTca]) -> Measure:
    """Share of orders with a price advantage above zero, among those that have one."""
    known = [m for o in orders if isinstance(m := o.slippages.price_advantage, Ratio)]
    return ratio(sum(m.numerator > 0 for m in known), len(known), "no order has a price advantage")


def _interval(known: Sequence[Ratio], seed: int) -> Interval | None:
    return bootstrap_ratio(
        np.array([float(r.numerator) for r in known]), np.array([float(r.denominator) for r in known]), seed
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """A policy less a baseline on the same parent orders: negative is cheaper. `p` is two-sided, `p_adjusted` BH."""

    policy: str
    baseline: str
    pairs: int
    units: str
    """What was resampled: `day` when the orders span two days or more, else `order`."""
    unit_count: int
    difference_bps: float
    interval_bps: Interval | None
    p: float | None
    p_adjusted: float | None = None


def paired(policy: Sequence[OrderTca], baseline: Sequence[OrderTca], seed: int = 0) -> Comparison:
    """Difference of shortfalls over `Σ X P_d`, a ratio of sums, with an interval and a p-value over days or orders.

    Orders are paired by symbol and parent id. With one unit there is no interval, and p is 1: nothing can be inferred.
    Raises DataError when the two do not hold the same parent orders or more than one currency.
    """
    ours, theirs = ({(o.order.symbol, o.order.parent_id): o for o in side} for side in (policy, baseline))
    if not ours or ours.keys() != theirs.keys() or len(ours) != len(policy) or len(theirs) != len(baseline):
        raise DataError(f"paired comparison: got {len(policy)} and {len(baseline)} orders, expected the same parents")
    if len({o.instrument.currency for o in (*policy, *baseline)}) > 1:
        raise DataError("paired comparison: orders in more than one currency cannot be added")
    days = len({o.order.start // DAY for o in ours.values()})
    sums: dict[object, tuple[int, int]] = {}
    for key, order in ours.items():
        unit = order.order.start // DAY if days > 1 else key
        cost, value = sums.get(unit, (0, 0))
        value += order.order.quantity * order.marks.decision * order.instrument.half_tick_value
        sums[unit] = (cost + order.shortfall.total - theirs[key].shortfall.total, value)
    costs = np.array([float(c) for c, _ in sums.values()])
    values = np.array([float(v) for _, v in sums.values()])
    interval = bootstrap_ratio(costs, values, seed)
    total = Fraction(sum(c for c, _ in sums.values()), sum(v for _, v in sums.values()))
    return Comparison(
        policy=policy[0].policy,
        baseline=baseline[0].policy,
        pairs=len(ours),
        units="day" if days > 1 else "order",
        unit_count=len(sums),
        difference_bps=float(total * BPS),
        interval_bps=interval and Interval(interval.low * BPS, interval.high * BPS, interval.level),
        p=sign_flip_p(costs, seed),
    )


def compare(orders: Sequence[OrderTca], baseline: str, seed: int = 0) -> list[Comparison]:
    """Every policy against the baseline, p-values adjusted after Benjamini and Hochberg. Raises DataError."""
    members: dict[str, list[OrderTca]] = {}
    for order in orders:
        members.setdefault(order.policy, []).append(order)
    if baseline not in members:
        raise DataError(f"baseline {baseline!r} is not among the policies {list(members)}")
    found = [paired(members[name], members[baseline], seed) for name in members if name != baseline]
    p = benjamini_hochberg(np.array([c.p for c in found if c.p is not None]))
    if len(p) != len(found):
        raise DataError("a comparison without orders has no p-value")
    return [_with_adjusted(c, float(q)) for c, q in zip(found, p, strict=True)]


def _with_adjusted(comparison: Comparison, p: float) -> Comparison:
    values = {name: getattr(comparison, name) for name in Comparison.__slots__} | {"p_adjusted": p}
    return Comparison(**values)
