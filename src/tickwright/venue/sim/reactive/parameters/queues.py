"""The queue-reactive rates as tables, and the tables of a large and a small tick."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from tickwright.core.errors import ConfigError
from tickwright.venue.sim.reactive.layout import DEPTH, VOLUMES
from tickwright.venue.sim.reactive.parameters.flow import Numbers, all_within, within


@dataclass(frozen=True, slots=True)
class Queues:
    """The queue-reactive rates as tables: `limit[i][q]`, `cancel[i][q]`, `market[q]`, q the volume in typical sizes
    rounded up, the last entry holding for every larger q. `echo`, `echo_memory` (events) and `spread_power` (η) are of
    market orders alone: `queue_reactive`, law 2. `comeback` is of its law 4, `company` and `company_gap` (seconds) of
    its law 6, `entering` of its law 7; `cancel` is of all cancels, those in company too. Half of them in company, and a
    clock of several states after market orders, make a day of up to a fifth fewer messages than asked for."""

    limit: tuple[Numbers, ...]
    cancel: tuple[Numbers, ...]
    market: Numbers
    theta: float = 0.7
    reinit: float = 0.0
    echo: float = 0.0
    echo_memory: float = 1.0
    spread_power: float = 0.0
    comeback: float = 0.0
    company: float = 0.0
    company_gap: float = 1e-6
    entering: float = 0.0

    @staticmethod
    def of_law(
        limit: tuple[tuple[float, float, float], ...],
        cancel: Numbers,
        power: float,
        market: tuple[float, float, float],
        theta: float,
        reinit: float,
    ) -> Queues:
        """Tables of `a e^(-q/b) + c` for limit orders (a triple a queue) and market orders, and of `c q^power` for
        cancels."""
        places = range(VOLUMES)

        def decaying(a: float, b: float, c: float) -> Numbers:
            return tuple(round(a * math.exp(-q / b) + c, 9) for q in places)

        return Queues(
            limit=tuple(decaying(*law) for law in limit),
            cancel=tuple(tuple(round(c * q**power, 9) for q in places) for c in cancel),
            market=decaying(*market),
            theta=theta,
            reinit=reinit,
        )

    def __post_init__(self) -> None:
        if not 1 <= len(self.limit) <= DEPTH:
            raise ConfigError("queues.limit", f"{len(self.limit)} queues", f"1 to {DEPTH} a side")
        if len(self.cancel) != len(self.limit):
            raise ConfigError("queues.cancel", f"{len(self.cancel)} queues", f"as many as limit: {len(self.limit)}")
        for name, rows in (("limit", self.limit), ("cancel", self.cancel), ("market", (self.market,))):
            for i, row in enumerate(rows):
                if not 2 <= len(row) <= VOLUMES:
                    raise ConfigError(f"queues.{name}[{i}]", f"{len(row)} rates", f"2 to {VOLUMES}")
                all_within(f"queues.{name}[{i}]", row, 0.0, 1e6)
        for i, (arriving, leaving) in enumerate(zip(self.limit, self.cancel, strict=True)):
            if not arriving[0] > 0:
                raise ConfigError(f"queues.limit[{i}][0]", arriving[0], "a positive rate, or the queue stays empty")
            if leaving[0] != 0 or min(leaving[1:]) <= 0:
                raise ConfigError(
                    f"queues.cancel[{i}]", leaving[:3], "0 for an empty queue and positive for every other"
                )
            if arriving[-1] >= leaving[-1]:
                raise ConfigError(
                    f"queues.limit[{i}]", arriving[-1], "less than the cancels of a long queue, or it grows"
                )
        if min(self.market[1:]) <= 0:
            raise ConfigError("queues.market", self.market[:3], "positive rates")
        within("queues.theta", self.theta, 0.0, 1.0)
        within("queues.reinit", self.reinit, 0.0, 1.0)
        within("queues.echo", self.echo, 0.0, 1e3)
        within("queues.echo_memory", self.echo_memory, 0.1, 1e4)
        within("queues.comeback", self.comeback, 0.0, 0.95)
        within("queues.company", self.company, 0.0, 0.9)
        within("queues.company_gap", self.company_gap, 0.0, 1e-3)
        within("queues.entering", self.entering, 0.0, 1.0)
        within("queues.spread_power", self.spread_power, 0.0, 4.0)

    def stationary(self, i: int) -> Numbers:
        """Probabilities of 0, 1, … orders in queue i, left to itself (birth and death, market orders at the first)."""
        weights = [1.0]
        for q in range(1, VOLUMES):
            born = _at(self.limit[i], q - 1)
            gone = _at(self.cancel[i], q) + (_at(self.market, q) if i == 0 else 0.0)
            weights.append(weights[-1] * born / gone)
        total = sum(weights)
        return tuple(w / total for w in weights)

    def mean_orders(self) -> float:
        """Orders of the stationary book."""
        return 2.0 * sum(q * p for i in range(len(self.limit)) for q, p in enumerate(self.stationary(i)))


def _at(row: Numbers, q: int) -> float:
    return row[min(q, len(row) - 1)]


LARGE_TICK = Queues.of_law(
    limit=((1.6, 40.0, 0.2), *(4 * ((1.1, 15.0, 0.25),))),
    cancel=(0.16, 0.10, 0.08, 0.07, 0.06),
    power=0.85,
    market=(0.9, 12.0, 0.05),
    theta=0.7,
    reinit=0.0,
)
"""Queues behind the best price are as deep as that."""
BRISK_TICK = dataclasses.replace(
    Queues.of_law(
        limit=((1.6, 40.0, 0.2), *(4 * ((0.55, 15.0, 0.125),))),
        cancel=(0.16, 0.10, 0.08, 0.07, 0.06),
        power=0.85,
        market=(0.6, 12.0, 0.035),
        theta=0.7,
        reinit=0.0,
    ),
    spread_power=2.0,
)
"""Thinner behind the best price, fewer market orders among the messages, and those shy of a wide spread."""

_SMALL_NEAR = tuple(round(1.0 - math.exp(-(i + 1) / 1.7), 3) for i in range(DEPTH))
"""How busy a queue is for its distance from the reference: levels near the touch are often empty."""
SMALL_TICK = Queues.of_law(
    limit=tuple((0.36 * near, 4.0, 0.04 * near) for near in _SMALL_NEAR),
    cancel=tuple(0.2 - 0.1 * near for near in _SMALL_NEAR),
    power=0.85,
    market=(0.8, 2.0, 0.1),
    theta=1.0,
    reinit=0.0,
)
SHY_TICK = dataclasses.replace(
    SMALL_TICK,
    limit=tuple(tuple(round(0.75 * rate, 9) for rate in row) for row in SMALL_TICK.limit),
    market=tuple(round(7.5 * rate, 9) for rate in SMALL_TICK.market),
    theta=0.9,
    spread_power=3.5,
)
"""Thinner, and nobody who needs to trade pays a wide spread: market orders wait until it has closed, so that quotes
have followed one when the next comes."""
