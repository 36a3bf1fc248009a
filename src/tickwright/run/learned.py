"""Trained policies in a run: their files, and what they know of an instrument before their order begins.

A policy knows the typical spread, depth, volatility and volume of what it trades: measured on the day itself, on the
half hour before its order begins and never later. Looks are as far apart as its decisions were in training.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.records import MAKER, TAKER, ParentOrder
from tickwright.core.units import MINUTE, SECOND
from tickwright.run.market import MarketDay
from tickwright.strategy.learned.at_work import Trained
from tickwright.strategy.learned.container import TrainedPolicy, load
from tickwright.strategy.learned.level import tick
from tickwright.strategy.learned.options import Learned
from tickwright.strategy.options import duration_text
from tickwright.strategy.policies import LEARNED, PolicySpec
from tickwright.strategy.tick.custom import tick_kernel
from tickwright.venue.sim.profile import Profile

WINDOW = 30 * MINUTE
LEAST_LOOKS = 30


def trained_policies(specs: Iterable[PolicySpec]) -> dict[str, TrainedPolicy]:
    """The policies that specs name, by their file. Raises FileFormatError."""
    return {spec.learned.file: load(spec.learned.file) for spec in specs if spec.learned is not None}


def manifest_names(policies: dict[str, TrainedPolicy]) -> dict[str, str]:
    """What a manifest puts for a trained policy's file: its content."""
    return {f"{LEARNED}:{file}": f"{LEARNED}:{policy.fingerprint}" for file, policy in policies.items()}


@cache
def learned_kernel() -> Any:
    """The compiled level, as a world takes it."""
    return tick_kernel(tick)


def at_work(policy: TrainedPolicy, options: Learned, order: ParentOrder, day: MarketDay, profile: Profile) -> Trained:
    """A policy that knows its instrument. Raises ConfigError where too little was seen before the order."""
    trained = Trained(policy, options)
    row = trained.rows
    known = known_before(order, day, int(row["interval"][0]))
    mid = round(known.pop("mid"))
    for name, value in known.items():
        row[name] = value
    row["latency"] = float(np.mean(profile.latency.entry))
    taker, maker = (profile.fees.of(day.instrument, liquidity, mid, 1) for liquidity in (TAKER, MAKER))
    row["fee_edge"] = (taker - maker) / (2 * day.instrument.half_tick_value)
    places = row["places"]
    lit = [venue for venue in day.venues if not venue.dark]
    for v, venue in enumerate(lit[: policy.venues]):
        places["maker_fee"][0, v] = maker / day.instrument.tick_value + float(venue.maker)
        places["taker_fee"][0, v] = taker / day.instrument.tick_value + float(venue.taker)
        places["latency"][0, v] = row["latency"][0] + venue.latency
    return trained


def require_places(policies: dict[str, TrainedPolicy], days: Iterable[MarketDay]) -> None:
    """A policy that chooses among venues needs as many. Raises ConfigError."""
    for file, policy in policies.items():
        for day in days:
            if policy.pool and not any(venue.dark for venue in day.venues):
                raise ConfigError(
                    f"{LEARNED}:{file}", "trained with a dark pool",
                    f"a policy without one, for {day.instrument.symbol} has none",
                )  # fmt: skip
            found = max(sum(not venue.dark for venue in day.venues), 1)
            if policy.venues > 1 and policy.venues != found:
                raise ConfigError(
                    f"{LEARNED}:{file}", f"trained for {policy.venues} lit venues",
                    f"{found}, as {day.instrument.symbol} has, or a policy that names none",
                )  # fmt: skip


def known_before(order: ParentOrder, day: MarketDay, interval: int) -> dict[str, float]:
    """Mid, spread, depth, volatility, volume a second and lots of a print, of the time before an order."""
    begin = max(day.begin, order.start - WINDOW)
    quotes, columns = day.market.quotes, day.market.quote_columns
    looks = np.arange(begin + interval, order.start, interval)
    at = np.searchsorted(columns.ts, looks, side="left") - 1
    at = at[(at >= 0) & columns.two_sided[np.maximum(at, 0)]]
    if len(at) < LEAST_LOOKS:
        need = duration_text(LEAST_LOOKS * -(-interval // SECOND) * SECOND)
        raise ConfigError(
            "--start", f"{len(at)} looks at the market before the order",
            f"at least {LEAST_LOOKS}, {duration_text(interval)} apart, from which {LEARNED}: knows its instrument: "
            f"a start about {need} after the data begin",
        )  # fmt: skip
    rows = quotes[at]
    moves = np.diff(rows["bid"] + rows["ask"]) / 2.0
    prints = day.market.prints(begin, order.start - 1)
    volume = float(prints.volume)
    return {
        "mid": float(rows["bid"][-1] + rows["ask"][-1]) / 2.0,
        "spread": float(np.mean(rows["ask"] - rows["bid"])),
        "depth": float(np.mean(rows["bid_size"] + rows["ask_size"]) / 2.0),
        "volatility": max(float(np.sqrt(np.mean(moves**2) * SECOND / interval)), 1e-6),
        "rate": volume * SECOND / (order.start - begin),
        "typical": max(volume / max(len(prints.size), 1), 1.0),
    }
