"""What is played: a name, a kind, and the episodes it draws.

| kind | what for |
|---|---|
| headline | the market that the policy is made for: `tight`, a spread of one tick; `wide`, of several |
| shell | the same after something has changed that nobody was told of; `unseen` has changed nothing but the seed |
| envelope | assumptions of the simulator that nobody can check: a result that hangs on one of them is none |
| frontier | four risk aversions, which the policy is told |

A shell says in which direction it goes; what it came to (spread, depth, volatility, volume) is measured and stands in
the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tickwright.learn.config import EpisodeConfig
from tickwright.venue.sim.reactive.parameters import FP, QL, Numbers, Queues, Signs, content_hash

HEADLINE, SHELL, ENVELOPE, FRONTIER = KINDS = ("headline", "shell", "envelope", "frontier")
UNSEEN = "unseen seeds"
RISKS = (0.01, 0.03, 0.1, 0.3)
"""λ in 1/bps of the frontier."""
URGENCIES = (0.5, 1.0, 2.0, 4.0)
"""κT that Almgren and Chriss has at each of them: what an order of a horizon's two minutes would come to is not known
beforehand, so its frontier is drawn, and not its optimum."""
_LATENCIES = (("0 ms", 0.0), ("1 ms", 1.0), ("10 ms", 10.0), ("100 ms", 100.0))


@dataclass(frozen=True, slots=True)
class Scenario:
    """Episodes with a name. `base` is the headline whose heuristic is used, `varies` the group of an envelope."""

    name: str
    kind: str
    base: str
    config: EpisodeConfig
    what: str
    varies: str = ""
    seeds: str = ""
    """Whose test seeds its episodes have, where not the base's."""
    gate_known: bool = False
    """Whether the gate of its very market is known to pass; the headline's is carried out in every benchmark."""

    @property
    def seed_name(self) -> str:
        """Of the test seeds of its episodes."""
        return self.seeds or self.base

    @property
    def market_hash(self) -> str:
        """Of the market's parameters; several are joined."""
        return "+".join(content_hash(market) for market in self.config.markets)


def identity(config: EpisodeConfig) -> dict[str, Any]:
    """A config as plain values, its markets by their content."""
    names = [name for name in EpisodeConfig.__dataclass_fields__ if name != "markets"]
    return {"markets": [content_hash(market) for market in config.markets]} | {n: getattr(config, n) for n in names}


_BOOKS = 2_048
"""Warmed-up books that episodes begin from: those of one book are not independent, so few may share it."""


def tight() -> Scenario:
    """The default market."""
    what = "the default market: a spread of one tick most of the time, both sides, 2 to 15 % of the volume"
    return Scenario("tight", HEADLINE, "tight", EpisodeConfig(templates=_BOOKS), what, gate_known=True)


def wide() -> Scenario:
    """A spread of several ticks."""
    what = "a market whose spread is several ticks wide"
    config = EpisodeConfig(markets=(FP.small_tick(),), templates=_BOOKS)
    return Scenario("wide", HEADLINE, "wide", config, what, gate_known=True)


def shells(base: Scenario) -> list[Scenario]:
    """Unseen seeds, and ten regimes that differ from the base."""
    market = _fair_price(base)

    def of(name: str, what: str, config: EpisodeConfig) -> Scenario:
        return Scenario(f"{base.name}: {name}", SHELL, base.name, config, what, seeds=f"{base.name}/unseen")

    def shifted(name: str, what: str, **changed: Any) -> Scenario:
        return of(name, what, replace(base.config, markets=(replace(market, **changed),)))

    low, high = base.config.participation
    twice = (min(2 * low, 1.0), min(2 * high, 1.0))
    scarce = replace(market, queues=replace(market.queues, market=_scaled(market.queues.market, 0.5)))
    return [
        replace(of(UNSEEN, "nothing has changed but the seed", base.config), gate_known=base.gate_known),
        shifted("volatility x 2", "so much news that the mid moves about twice as far over an episode",
                news=2.4 * market.news),
        shifted("volatility x ½", "so little that it moves about half as far", news=0.35 * market.news),
        shifted("spread", "orders at the touch come at 0.45 of their rate, so that it is often empty",
                queues=_at_touch(market.queues, 0.45)),
        shifted("depth", "limit orders of every level come at 0.7 of their rate", queues=_limits(market.queues, 0.7)),
        shifted("impact x 2", "twice the impact of every order, ours too", impact=2 * market.impact),
        of("size x 2", "orders of twice the size", replace(base.config, participation=twice)),
        of("fills halved", "half as many market orders; ours keep their size in lots",
           replace(base.config, markets=(scarce,), participation=twice)),
        shifted("signal off", "nobody is informed, and signs of orders hardly persist", informed=0.0,
                signs=Signs(slots=1, pareto=10.0)),
        shifted("trend", "one metaorder at a time, and longer ones", signs=Signs(slots=1, pareto=1.1)),
        of("another family", "the model ql: no fair price, a book that leans against signed volume",
           replace(base.config, markets=(QL(),))),
    ]  # fmt: skip


def envelopes(base: Scenario) -> list[Scenario]:
    """Impact of passive fills, display, cancels ahead of us, latency. The value of the base itself is among each."""
    market = _fair_price(base)

    def of(varies: str, value: str, what: str, config: EpisodeConfig) -> Scenario:
        return Scenario(f"{base.name}: {varies} {value}", ENVELOPE, base.name, config, what, varies)

    def with_market(changed: FP) -> EpisodeConfig:
        return replace(base.config, markets=(changed,))

    found = [
        of("impact of passive fills", f"{share:g}", "share of an aggressive fill's impact that a passive one has",
           with_market(replace(market, passive=share)))
        for share in (0.0, 0.25, 0.5, 1.0)
    ]  # fmt: skip
    found += [
        of("display", f"{share:g}", "share of our resting lots that others react to",
           with_market(replace(market, flow=replace(market.flow, display=share))))
        for share in (0.0, 0.5, 1.0)
    ]  # fmt: skip
    found += [
        of("cancels", name, "which order of a queue goes when others cancel",
           with_market(replace(market, flow=replace(market.flow, cancels=rule))))
        for name, rule in (("at the front", "front"), ("at random", "uniform"), ("at the back", "back"))
    ]  # fmt: skip
    return found + [
        of("latency", names, f"{messages} messages of others come before our order", with_latency)
        for messages, names in _latencies(market.flow.messages_a_second)
        for with_latency in (replace(base.config, latency=min(messages, base.config.messages)),)
    ]


def _latencies(rate: float) -> list[tuple[int, str]]:
    """Times as whole messages, rounded up, those of as many messages in one; and a second, so that there is something
    to see where messages are seldom."""
    found: dict[int, list[str]] = {}
    for name, milliseconds in (*_LATENCIES, ("1 s", 1000.0)):
        found.setdefault(math.ceil(milliseconds * rate / 1000.0), []).append(name)
    return [(messages, " or ".join(names)) for messages, names in found.items()]


def frontier(base: Scenario) -> list[Scenario]:
    """The base with each of `RISKS`."""
    what = "λ in 1/bps of the objective; the policy is told, ac hurries more, the heuristic is tuned for it"
    return [
        Scenario(
            f"{base.name}: λ = {risk:g}", FRONTIER, base.name, replace(base.config, risk_aversion=(risk, risk)), what
        )
        for risk in RISKS
    ]


MAKERS: dict[str, Callable[[Scenario], list[Scenario]]] = {SHELL: shells, ENVELOPE: envelopes, FRONTIER: frontier}


def _fair_price(base: Scenario) -> FP:
    market = base.config.markets[0]
    assert isinstance(market, FP)
    return market


def _scaled(rates: Numbers, by: float) -> Numbers:
    return tuple(by * rate for rate in rates)


def _limits(queues: Queues, by: float) -> Queues:
    return replace(queues, limit=tuple(_scaled(row, by) for row in queues.limit))


def _at_touch(queues: Queues, by: float) -> Queues:
    return replace(queues, limit=(_scaled(queues.limit[0], by), *queues.limit[1:]))
