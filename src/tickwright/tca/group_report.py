"""`GroupTca` and `Comparison` → the rows `policies` and `comparisons` of result.json."""

from __future__ import annotations

from typing import Any

from tickwright.tca.exact import BPS
from tickwright.tca.groups import Comparison, GroupTca
from tickwright.tca.report import Nulls, shortfall_json, split_json
from tickwright.tca.statistics import Interval


def group_json(group: GroupTca) -> dict[str, Any]:
    """One row of `policies`: amounts as exact decimal strings of the currency, ratios of sums as numbers.

    Every null has its reason in `missing`, under the same path.
    """
    nulls = Nulls()
    alone = "fewer than two orders have a shortfall in basis points"
    for name, value, reason in (
        ("shortfall_interval_bps", group.shortfall_interval, alone),
        ("timing_risk_bps", group.timing_risk_bps, alone),
        ("cvar95_bps", group.cvar95_bps, "no order has a shortfall in basis points"),
    ):
        if value is None:
            nulls.missing[name] = reason
    return {
        "policy": group.policy,
        "currency": group.currency,
        "orders": group.orders,
        "shortfall": shortfall_json(group.shortfall),
        "trading_split": split_json(group.split),
        "shortfall_bps": nulls.bps("shortfall_bps", group.shortfall_ratio),
        "shortfall_interval_bps": interval_json(group.shortfall_interval, BPS),
        "timing_risk_bps": group.timing_risk_bps,
        "cvar95_bps": group.cvar95_bps,
        "slippage_bps": nulls.all_bps("slippage_bps", group.slippages),
        "price_advantage_bps": nulls.bps("price_advantage_bps", group.price_advantage),
        "positive_rate": nulls.value("positive_rate", group.positive_rate),
        "fulfil_rate": nulls.value("fulfil_rate", group.fulfil_rate),
        "maker_share": nulls.value("maker_share", group.maker_share),
        "participation": nulls.value("participation", group.participation),
        "spread_capture": nulls.value("spread_capture", group.spread_capture),
        "effective_spread_bps": nulls.bps("effective_spread_bps", group.effective_spread),
        "realised_spread_bps": nulls.all_bps("realised_spread_bps", group.realised_spread),
        "markout_bps": nulls.all_bps("markout_bps", group.markout),
        "orders_with": dict(group.counts),
        "missing": nulls.missing,
    }


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """One row of `comparisons`."""
    return {
        "policy": comparison.policy,
        "baseline": comparison.baseline,
        "pairs": comparison.pairs,
        "units": comparison.units,
        "unit_count": comparison.unit_count,
        "difference_bps": comparison.difference_bps,
        "interval_bps": interval_json(comparison.interval_bps),
        "p": comparison.p,
        "p_adjusted": comparison.p_adjusted,
    }


def interval_json(interval: Interval | None, scale: float = 1.0) -> dict[str, float] | None:
    """An interval with its bounds times `scale`, or null."""
    if interval is None:
        return None
    return {"low": interval.low * scale, "high": interval.high * scale, "level": interval.level}
