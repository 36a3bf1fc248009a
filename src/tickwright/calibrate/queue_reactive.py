"""The queue-reactive book alone, with the intensities of a recorded day: nobody is informed, and signs have no memory.

Everything is closed form: `queue_fit`, `flow_fit` and `day_curves`. The reference follows the mid at once, and queues
are never redrawn: the day's own states are those of such a reference.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tickwright.calibrate.day_curves import day_curves
from tickwright.calibrate.facts import DayFacts
from tickwright.calibrate.flow_fit import events_a_second, sizes_of, usual_mid
from tickwright.calibrate.model import Fit, Parameters, Rows
from tickwright.calibrate.queue_fit import book_of
from tickwright.calibrate.reactive import session_rows, table_of
from tickwright.core.units import Nanos
from tickwright.venue.sim.reactive.parameters import PARAMETERS_VERSION, Flow, QueueReactive


class QueueReactiveModel:
    """`model.Model` of `venue.sim.reactive.queue_reactive`."""

    name = QueueReactive.name
    version = PARAMETERS_VERSION

    def fit(self, facts: DayFacts, rows: Rows) -> Fit:
        """Parameters of `QueueReactive`. Raises ConfigError where the day has too little, or a spread that is not
        known."""
        book = book_of(facts, rows, self.name)
        sizes, weights = sizes_of(facts.day.sums["sizes"])
        found = day_curves(facts)
        curves = {name: found[name] for name in ("day_parts", "volume_curve", "trading_curve")}
        flow = Flow(
            sizes=sizes, weights=weights, messages_a_second=events_a_second(facts), volatility_curve=(1.0,),
            day_seconds=facts.day.seconds, activity_sd=0.0, activity_news=0.0, **curves,
        )  # fmt: skip
        market = QueueReactive(flow=flow, queues=book.queues)
        return Fit(table_of(market, usual_mid(facts, book.tick)), book.notes, book.tick)

    def simulate(self, parameters: Parameters, seed: int, begin: Nanos, end: Nanos) -> Iterable[np.ndarray]:
        """The rows of `reactive.session`, in ticks of the model."""
        return session_rows(self.name, self.version, parameters, seed, begin, end)
