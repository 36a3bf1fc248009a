"""Trained policies in a run: at work on an order, and what they know of its instrument before it begins.

A policy knows the typical spread, depth, volatility and volume of what it trades: measured on the day itself, on the
half hour before its order begins and never later. Looks are as far apart as its decisions were in training.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.records import MAKER, TAKER, ParentOrder
from tickwright.core.units import MINUTE, SECOND
from tickwright.run.market import MarketDay
from tickwright.run.roster import Decider, Roster
from tickwright.run.shadow import Watch
from tickwright.strategy.learned.at_work import Trained
from tickwright.strategy.learned.container import TrainedPolicy
from tickwright.strategy.learned.level import tick
from tickwright.strategy.learned.options import Learned
from tickwright.strategy.options import duration_text
from tickwright.strategy.policies import LEARNED
from tickwright.strategy.tick.custom import tick_kernel
from tickwright.venue.sim.profile import Profile

if TYPE_CHECKING:
    from tickwright.run.execute import OrderResult

WINDOW = 30 * MINUTE
LEAST_LOOKS = 30


@dataclass(frozen=True, eq=False)
class Hired:
    """A trained policy at work for one order; `watch` is its tick level where a shadow decides beside it."""

    working: Trained
    decider: Decider
    watch: Watch | None

    def noted(self, result: OrderResult) -> OrderResult:
        """With what it has to say of the order."""
        watched = None if self.watch is None else self.watch.watched
        notes = [] if self.decider.stage is None else [f"decided by the {self.decider} of the registry"]
        notes += [] if watched is None else [watched.note]
        return replace(
            result, notes=(*result.notes, *notes, *self.working.notes), decider=self.decider, watched=watched
        )


def hire(roster: Roster, options: Learned, order: ParentOrder, day: MarketDay, profile: Profile) -> Hired:
    """Who works an order, by a roster. Raises what `at_work` raises."""
    artefact, decider = roster.works(order)
    working = at_work(artefact.policy, options, order, day, profile)
    return Hired(working, decider, None if roster.shadow is None else Watch(working, artefact, roster.shadow))


def noted(results: list[OrderResult], hired: Mapping[int, Hired]) -> list[OrderResult]:
    """With what trained policies have to say, by the numbers of their orders."""
    return [hired[r.order.parent_id].noted(r) if r.order.parent_id in hired else r for r in results]


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


def require_places(trading: Mapping[str, Roster], days: Collection[MarketDay]) -> None:
    """A policy that chooses among venues needs as many. Raises ConfigError."""
    for name, roster in trading.items():
        for policy in roster.policies:
            _require_places(name, policy, days)


def market_notes(trading: Mapping[str, Roster], here: str, market: str | None) -> list[str]:
    """Of trained policies that have not seen a market, by the hash of its parameters and its name: which they know, and
    how to train for this one. They are used all the same: other markets, like recorded days, are what they are for."""
    found = {(name, policy.markets) for name, roster in trading.items() for policy in roster.policies}
    return [
        f"{name}: not trained in this market, {here[:8]}, but in {', '.join(h[:8] for h in known) or 'none'}; "
        f"tickwright train RECIPE.toml --out DIR, with markets = ['{market}'] in the recipe, makes a policy for it"
        for name, known in sorted(found)
        if here not in known
    ]


def _require_places(name: str, policy: TrainedPolicy, days: Collection[MarketDay]) -> None:
    for day in days:
        if policy.pool and not any(venue.dark for venue in day.venues):
            raise ConfigError(
                name, "trained with a dark pool",
                f"a policy without one, for {day.instrument.symbol} has none",
            )  # fmt: skip
        found = max(sum(not venue.dark for venue in day.venues), 1)
        if policy.venues > 1 and policy.venues != found:
            raise ConfigError(
                name, f"trained for {policy.venues} lit venues",
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
