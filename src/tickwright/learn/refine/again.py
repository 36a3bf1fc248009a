"""A run's orders worked again in a market that answers, by the same policy: figures as of the run itself.

A simulated day is made once for all orders of a run; each of them then has the market from just before it begins to
just after its last figure is known, for what comes later is in none. A day that was played is kept in the folder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError, MarketLimitError
from tickwright.core.rng import derive
from tickwright.core.time import parse_duration
from tickwright.core.units import MINUTE, SECOND
from tickwright.data.store.disk import whole_file
from tickwright.learn.benchmark.cells import Store
from tickwright.learn.refine.fills import Evidence, Run, Worked
from tickwright.learn.refine.moments import FIGURES, HORIZON, figures_of
from tickwright.run.config import ExecuteConfig, GateConfig, OrderConfig, ProfileConfig
from tickwright.run.execute import execute
from tickwright.run.parameters_file import MarketFile, market_toml
from tickwright.run.reactive import OPENS
from tickwright.tca.report import to_json
from tickwright.venue.sim.reactive.parameters import content_hash

SYMBOL = "SIM"
_AFTER = parse_duration(HORIZON, "horizon") + SECOND
Report = Callable[[str, int, int], None]


def worked_again(
    evidence: Evidence, market: MarketFile, policy: str, file: Path, folder: Path, days: int, seed: int, what: str,
    report: Report, code: Sequence[str] = (),
) -> np.ndarray:  # fmt: skip
    """float64 (days × orders, figures), NaN where an order has not that figure. `policy` is the content that the runs
    name, `file` where it lies now, `folder` where the market's file may stand, and the days that were played; `code`
    is what they depend on too. Raises what `run.execute` raises."""
    place = folder / "market.toml"
    with whole_file(place) as draft:
        draft.write_text(market_toml(market, {}), "utf-8")
    store, rows = Store(folder), []
    orders = sum(len(run.orders) for run in evidence.runs)
    for day in range(days):
        done = day * orders
        for n, run in enumerate(evidence.runs):
            config = _config(run, market, f"{market.parameters.name}:{place}", derive(seed, f"refine/day/{n}/{day}"))
            config = replace(config, policies=(run.policy.replace(f"rl:{policy}", f"rl:{file}"),))

            def tell(_: str, at: int, total: int, done: int = done) -> None:
                report(f"the run's orders again, {what}", done + at, days * orders)

            def play(config: ExecuteConfig = config, tell: Report = tell) -> dict[str, Any]:
                return {"figures": [[None if x != x else x for x in row.tolist()] for row in _figures(config, tell)]}

            key = {
                "market": content_hash(market.parameters), "mid_price": market.mid_price, "policy": policy,
                "run": str(run.manifest["fingerprint"]), "seed": config.seed, "by": list(code),
            }  # fmt: skip
            rows += store.get("day", key, play)["figures"]
            done += len(run.orders)
    return np.array(rows, np.float64).reshape(-1, len(FIGURES))


def _figures(config: ExecuteConfig, tell: Report) -> list[np.ndarray]:
    """Of every order; none of one that is larger than what trades in its time on that day."""
    try:
        found = execute(config, tell, after=_AFTER).results
        return [figures_of(to_json(result.tca), result.journal.fills) for result in found]
    except MarketLimitError:
        if len(config.orders) == 1:
            return [np.full(len(FIGURES), np.nan)]
        return [row for order in config.orders for row in _figures(replace(config, orders=(order,)), tell)]


def _config(run: Run, market: MarketFile, named: str, seed: int) -> ExecuteConfig:
    given: dict[str, Any] = dict(run.manifest["config"])
    day = round(market.parameters.flow.day_seconds * SECOND)
    for order in run.orders:
        if not 0 <= order.start < order.end < day:
            raise ConfigError(
                "flow.day_seconds", market.parameters.flow.day_seconds,
                f"a day of the market as long as the run's: an order ends after {order.end / SECOND:g} s",
            )  # fmt: skip
    profile = ProfileConfig(**{**given["profile"], "impact": 0.0})  # the market has its own
    return ExecuteConfig(
        catalog="", date=given["date"], orders=tuple(_order(order) for order in run.orders),
        policies=("twap/take",), profile=profile, gate=GateConfig(**given["gate"]), seed=seed,
        together=given["together"], finish=given["finish"], market=named, grace=given["grace"],
    )  # fmt: skip


def _order(order: Worked) -> OrderConfig:
    return OrderConfig(SYMBOL, order.side, str(order.lots), _time(order.start), _time(order.end))


def _time(offset: int) -> str:
    """A time of day so long after the market opens."""
    hours, minutes = (int(part) for part in OPENS.split(":"))
    total = (60 * hours + minutes) * MINUTE + offset
    whole, rest = divmod(total, SECOND)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}.{rest:09d}"
