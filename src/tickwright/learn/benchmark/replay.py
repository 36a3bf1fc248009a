"""The frozen policy on recorded days, beside baselines: a smoke test, for a few days are no claim.

1. Orders of both sides at start times spread evenly over the hours that trade, from the first print of the day to the
   last, half an hour after that first one at the earliest, each of a share of their mean volume over its horizon.
2. `run.execute` works them, each alone in the market, under every policy. What was recorded does not react to us; what
   we take is gone for a while, and moves the price where `impact` says so.
3. Costs are ratios of sums, as everywhere; intervals resample start times, whose two sides go together.

Baselines are of two kinds. Those of `tickwright execute`: every schedule with every placement that a text names
(`requote` rests at the best and follows it, with a catch-up). And those that exist in episodes alone, by the very rules
that play there (`policies.at_work`): submit-and-leave, random, the heuristic as it comes, and both of them with what
was found on the simulator for each headline, frozen: nothing is tuned on what was recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.time import parse_date, time_text
from tickwright.core.units import MINUTE, MONEY_PER_UNIT, SECOND
from tickwright.data.backends import open_catalog
from tickwright.data.hot import default_cache
from tickwright.learn.benchmark.cells import Store
from tickwright.learn.benchmark.config import BenchmarkConfig, ReplayDay
from tickwright.learn.benchmark.contenders import Contender
from tickwright.learn.benchmark.measure import UNTUNED, Report
from tickwright.learn.benchmark.statistics import Bootstrap
from tickwright.learn.policies import Baseline, Numbers
from tickwright.learn.policies.at_work import MOST_STEPS, BaselineGuest
from tickwright.learn.policies.baseline import HEURISTIC, RANDOM
from tickwright.learn.policies.paired import cvar
from tickwright.learn.policies.tuning import LEAVE, LEAVE_SCHEDULES
from tickwright.run.config import ExecuteConfig, OrderConfig, ProfileConfig
from tickwright.run.execute import OrderResult, execute
from tickwright.run.market import MarketDay, load_day
from tickwright.strategy.policies import LEARNED, TICKS, parse_policy

SHORT = (
    "twap/take", "twap/post-then-cross", "vwap/post-then-cross", "ac/post-then-cross", "twap/requote", "twap/imbalance",
)  # fmt: skip
"""Where a few will do."""
_SCHEDULES, _PLACEMENTS = ("twap", "vwap", "pov", "ac", "ow"), tuple(TICKS)
BASELINES = tuple(dict.fromkeys((*SHORT, *(f"{s}/{p}" for s in _SCHEDULES for p in _PLACEMENTS))))
"""As `tickwright execute` names them."""
Rule = tuple[str, Numbers]
"""A baseline of the episodes, and its numbers."""
RULES: dict[str, Rule] = {
    **{name: (name, Numbers()) for name in (*(f"{schedule}/{LEAVE}" for schedule in LEAVE_SCHEDULES), RANDOM)},
    UNTUNED: (HEURISTIC, Numbers()),
}
"""Those that nobody has tuned, by the names that are shown."""
_STEPS = 30
"""Decisions an order, where no policy says."""
_WARMUP = 31 * MINUTE
"""A trained policy measures its instrument on the half hour before its order."""
_SECONDS = 150.0


def replayed(
    given: Sequence[Contender], config: BenchmarkConfig, store: Store, report: Report,
    baselines: Sequence[str] = BASELINES, rules: Mapping[str, Rule] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """A table for each recorded day. `rules` are baselines of the episodes by the name that is shown. Raises what
    `run.execute` raises."""
    return [_day(day, given, config, store, report, baselines, rules or {}) for day in config.replay.days]


def _day(
    asked: ReplayDay, given: Sequence[Contender], config: BenchmarkConfig, store: Store, report: Report,
    baselines: Sequence[str], rules: Mapping[str, Rule],
) -> dict[str, Any]:  # fmt: skip
    what = f"replay: {asked.instrument}, {asked.date}"
    report(what, 0, 0)
    replay = config.replay
    day = load_day(
        open_catalog(replay.catalog), asked.instrument, parse_date(asked.date, "--date"), default_cache()
    )  # fmt: skip
    horizon = replay.seconds or (given[0].trained.horizon_seconds if given else _SECONDS)
    steps = min(int(given[0].trained.episode.get("steps", _STEPS)) if given else _STEPS, MOST_STEPS)
    orders = _orders(day, round(horizon * SECOND), replay.starts, replay.share)
    named = {parse_policy(f"{LEARNED}:{contender.file}").name: contender.name for contender in given}
    settings = ExecuteConfig(
        catalog=replay.catalog,
        date=asked.date,
        orders=orders,
        policies=(*baselines, *named),
        profile=ProfileConfig(impact=replay.impact, impact_decay=replay.impact_decay),
        seed=config.seed,
    )
    key = {
        "data": day.fingerprint, "horizon": horizon, "starts": replay.starts, "share": replay.share,
        "impact": [replay.impact, replay.impact_decay], "seed": config.seed,
        "policies": [*baselines, *(contender.trained.fingerprint for contender in given)],
        "rules": {shown: [name, asdict(numbers)] for shown, (name, numbers) in rules.items()}, "steps": steps,
    }  # fmt: skip
    guests = [BaselineGuest(Baseline(name, numbers), steps, shown) for shown, (name, numbers) in rules.items()]

    def play() -> dict[str, Any]:
        result = execute(settings, lambda _, done, total: report(what, done, total), guests)
        return {"rows": _rows(result.results, named, config.seed), "notes": list(result.notes)}

    found = store.get("replay", key, play)
    return {
        "instrument": asked.instrument, "date": asked.date, "data": day.fingerprint, "horizon_seconds": horizon,
        "orders": len(orders), "impact_ticks_a_lot": replay.impact, **found,
    }  # fmt: skip


def _orders(day: MarketDay, horizon: int, starts: int, share: float) -> tuple[OrderConfig, ...]:
    prints = day.market.prints(day.begin, day.end)
    if not len(prints.ts):
        raise ConfigError("replay", f"{day.instrument.symbol} without a trade", "a day with trades")
    opened, closed = int(prints.ts[0]), int(prints.ts[-1])
    first, last = opened + _WARMUP, min(closed, day.end - MINUTE) - horizon
    if last <= first:
        raise ConfigError("replay.seconds", horizon / SECOND, "a horizon that the day holds after its first half hour")
    volume = float(prints.volume) * horizon / (closed - opened)
    lots = max(round(share * volume), 1)
    quantity = str(lots * day.instrument.lot_size)
    zone = day.instrument.timezone
    moments = np.linspace(first, last, starts).astype(np.int64) // SECOND * SECOND
    return tuple(
        OrderConfig(
            day.instrument.symbol,
            side,
            quantity,
            time_text(int(begin), zone)[:8],
            time_text(int(begin) + horizon, zone),
        )
        for begin in dict.fromkeys(moments.tolist())
        for side in ("buy", "sell")
    )


def _rows(results: Sequence[OrderResult], named: dict[str, str], seed: int) -> list[dict[str, Any]]:
    names = list(dict.fromkeys(result.policy for result in results))
    costs, worths, filled = {}, {}, {}
    for name in names:
        own = sorted((r for r in results if r.policy == name), key=lambda r: r.order.parent_id)
        costs[name] = np.array([float(r.tca.shortfall.total) / MONEY_PER_UNIT for r in own])
        worths[name] = np.array([_worth(r) for r in own])
        filled[name] = sum(r.tca.filled for r in own) / sum(r.order.quantity for r in own)
    bootstrap = Bootstrap(seed, len(costs[names[0]]) // 2)
    first = next((name for name in names if _shown(name, named) != name), None)
    return [
        _row(_shown(name, named), costs[name], worths[name], costs[names[0]], filled[name], bootstrap)
        | {"difference_to_first": _to_first(costs, name, first, worths[name], bootstrap)}
        for name in names
    ]


def _to_first(
    costs: dict[str, np.ndarray], name: str, first: str | None, worth: np.ndarray, bootstrap: Bootstrap
) -> dict[str, Any] | None:
    """What a policy cost more than the first trained one, on the same orders."""
    if first is None or name == first:
        return None
    bps, ends = _apart(costs[name], costs[first], worth, bootstrap)
    return {"bps": bps, "ci95": ends}


def _apart(costs: np.ndarray, base: np.ndarray, worth: np.ndarray, bootstrap: Bootstrap) -> tuple[float, list[float]]:
    """(difference, its interval), bps of ratios of sums; the two sides of a start time are resampled together."""
    pairs, pairs_base, pairs_worth = (values.reshape(-1, 2).sum(axis=1) for values in (costs, base, worth))
    apart = bootstrap.weights @ (pairs - pairs_base) / (bootstrap.weights @ pairs_worth)
    low, high = np.percentile(1e4 * apart, (2.5, 97.5))
    return 1e4 * float((costs - base).sum()) / float(worth.sum()), [float(low), float(high)]


def _row(
    name: str, costs: np.ndarray, worth: np.ndarray, base: np.ndarray, filled: float, bootstrap: Bootstrap
) -> dict[str, Any]:
    total = float(worth.sum())
    apart, ends = _apart(costs, base, worth, bootstrap)
    return {
        "policy": name,
        "kind": "policy" if name.startswith("policy") else "baseline",
        "mean_bps": 1e4 * float(costs.sum()) / total,
        "sd_bps": float((1e4 * costs / worth).std(ddof=1)) if len(costs) > 1 else None,
        "cvar95_bps": cvar(1e4 * costs / worth),
        "difference_to_take_bps": apart,
        "difference_ci95": ends,
        "filled": filled,
    }


def _worth(result: OrderResult) -> float:
    """Quantity at the decision price, in currency."""
    half_tick = float(result.tca.instrument.half_tick_value) / MONEY_PER_UNIT
    return result.order.quantity * result.tca.marks.decision * half_tick


def _shown(name: str, named: dict[str, str]) -> str:
    """A trained policy by its own name: that of its file is not part of a result."""
    return named.get(name, name)
