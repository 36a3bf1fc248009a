"""What result.json holds: rows of orders, groups by policy, paired comparisons, the run and its assumptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from tickwright.run.execute import OrderResult, RunResult
from tickwright.tca.groups import Comparison, GroupTca, by_policy, compare
from tickwright.tca.report import Nulls, shortfall_json, split_json, to_json

SCHEMA = "tickwright.result/1"


def document(result: RunResult, notes: Sequence[str] = ()) -> dict[str, Any]:
    """The whole of result.json as plain values; a function of the run alone, so the same run gives the same bytes."""
    config = result.config
    return {
        "schema": SCHEMA,
        "run": {
            "date": config.date,
            "instruments": {symbol: _instrument(result, symbol) for symbol in result.days},
            "policies": list(config.policies),
            "together": config.together,
            "finish": config.finish,
            "seed": config.seed,
            "manifest": result.manifest["fingerprint"],
        },
        "profile": {symbol: _plain(asdict(profile)) for symbol, profile in result.profiles.items()},
        "orders": [order_row(r) for r in result.results],
        "policies": [group_row(group) for group in _groups(result)],
        "comparisons": [comparison_row(c) for c in _comparisons(result)],
        "notes": [*notes, *result.notes, *_window_notes(result)],
    }


def order_row(result: OrderResult) -> dict[str, Any]:
    """One order's row, with the notes of its policy."""
    row = to_json(result.tca)
    return row | {"policy": result.policy, "notes": [*row["notes"], *result.notes]}


def group_row(group: GroupTca) -> dict[str, Any]:
    """One policy over all its parent orders: ratios of sums, every null with its reason in `missing`."""
    nulls = Nulls()
    interval = group.shortfall_interval
    row = {
        "policy": group.policy,
        "currency": group.currency,
        "orders": group.orders,
        "shortfall": shortfall_json(group.shortfall),
        "trading_split": split_json(group.split),
        "shortfall_bps": nulls.bps("shortfall_bps", group.shortfall_ratio),
        "shortfall_interval_bps": None
        if interval is None
        else {"low": 1e4 * interval.low, "high": 1e4 * interval.high},
        "timing_risk_bps": group.timing_risk_bps,
        "cvar95_bps": group.cvar95_bps,
        "slippage_bps": nulls.all_bps("slippage_bps", group.slippages),
        "price_advantage_bps": nulls.bps("price_advantage_bps", group.price_advantage),
        "positive_rate": nulls.value("positive_rate", group.positive_rate),
        "fulfil_rate": nulls.value("fulfil_rate", group.fulfil_rate),
        "maker_share": nulls.value("maker_share", group.maker_share),
        "participation": nulls.value("participation", group.participation),
        "effective_spread_bps": nulls.bps("effective_spread_bps", group.effective_spread),
        "spread_capture": nulls.value("spread_capture", group.spread_capture),
        "realised_spread_bps": nulls.all_bps("realised_spread_bps", group.realised_spread),
        "markout_bps": nulls.all_bps("markout_bps", group.markout),
        "orders_with": dict(group.counts),
    }
    return row | {"missing": nulls.missing}


def comparison_row(comparison: Comparison) -> dict[str, Any]:
    """A policy less the baseline on the same parent orders; negative is cheaper."""
    row = asdict(comparison)
    interval = row.pop("interval_bps")
    return row | {"interval_bps": None if interval is None else {"low": interval["low"], "high": interval["high"]}}


def _tcas(result: RunResult) -> list[Any]:
    return [replace(r.tca, policy=r.policy) for r in result.results]


def _groups(result: RunResult) -> list[GroupTca]:
    return by_policy(_tcas(result), result.config.seed)


def _comparisons(result: RunResult) -> list[Comparison]:
    """Every policy against the first; none where amounts in several currencies cannot be added."""
    currencies = {r.tca.instrument.currency for r in result.results}
    if len(result.config.policies) < 2 or len(currencies) > 1:
        return []
    return compare(_tcas(result), result.results[0].policy, result.config.seed)


def _instrument(result: RunResult, symbol: str) -> dict[str, Any]:
    day = result.days[symbol]
    return {
        **_plain(asdict(day.instrument)),
        "data": day.fingerprint,
        "recorded_ns": {"begin": day.begin, "end": day.end},
        "window": None if day.window is None else asdict(day.window),
    }


def _window_notes(result: RunResult) -> list[str]:
    notes = []
    for symbol, day in result.days.items():
        counts = day.window
        if counts is None:
            continue
        notes.append(
            f"{symbol}: the feed shows a window of the book. It was replayed as seed, prune and resync: before resync "
            f"{counts.rows_equal_best:,} of {counts.rows:,} rows agreed with the recorded book at the best "
            f"({100 * counts.rows_equal_best / counts.rows:.2f} %) and {counts.rows_equal_all_levels:,} on all levels "
            f"({100 * counts.rows_equal_all_levels / counts.rows:.2f} %); {counts.revealed:,} levels came into view at "
            f"the edge, {counts.pruned:,} left it, {counts.corrected:,} inside were put right."
        )
        notes.append(
            f"{symbol}: {counts.executions_at_head:,} of {counts.executions_known:,} executions of known orders met "
            "the first in their queue, as price-time priority has it."
        )
    return notes


def _plain(value: Any) -> Any:
    """Decimals as text, tuples as lists; a long sample of latencies as its count and quantiles."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        if len(value) > 8 and all(isinstance(item, int) for item in value):
            ordered = sorted(value)
            return {
                "samples": len(ordered),
                **{f"p{p}": ordered[-(-len(ordered) * p // 100) - 1] for p in (50, 90, 99)},
            }
        return [_plain(item) for item in value]
    return value if isinstance(value, (int, float, str, bool, type(None))) else str(value)
