"""What result.json holds: rows of orders, groups by policy, paired comparisons, the run and its assumptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tickwright.run.execute import OrderResult, RunResult
from tickwright.tca.group_report import comparison_json, group_json
from tickwright.tca.groups import Comparison, GroupTca, by_policy, compare
from tickwright.tca.report import to_json
from tickwright.tca.venues import venues_json

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
        "policies": [group_json(group) for group in _groups(result)],
        "comparisons": [comparison_json(c) for c in _comparisons(result)],
        **_shadows(result),
        "notes": [*notes, *result.notes, *_window_notes(result)],
    }


def order_row(result: OrderResult) -> dict[str, Any]:
    """One order's row, with the notes of its policy."""
    row = to_json(result.tca)
    row |= {"decided_by": asdict(result.decider)} if result.decider else {}
    if result.venues:
        row["venues"] = venues_json(result.venues, result.tca.instrument)
    return row | {"notes": [*row["notes"], *result.notes]}


def _shadows(result: RunResult) -> dict[str, Any]:
    """How often a shadow chose as the policy that traded, over all its orders; nothing where there was none."""
    found: dict[tuple[str, str], list[int]] = {}
    for r in result.results:
        if r.watched is not None:
            counts = found.setdefault((r.policy, r.watched.shadow), [0, 0])
            counts[0] += len(r.watched.decisions)
            counts[1] += r.watched.agreed
    rows = [
        {
            "policy": policy, "shadow": shadow, "decisions": decisions, "agreed": agreed,
            "agreement": agreed / decisions if decisions else None,
        }
        for (policy, shadow), (decisions, agreed) in found.items()
    ]  # fmt: skip
    return {"shadows": rows} if rows else {}


def _tcas(result: RunResult) -> list[Any]:
    return [r.tca for r in result.results]


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
