"""The same market, shifted: more volatile, wider, deeper, busier, with more impact.

A factor multiplies what the model's parameters say of an axis. What comes of it is measured and not promised: news is
only a part of the volatility, and a wider spread has emptier queues (`learn.reference.measure` tells).

| axis | what is multiplied |
|---|---|
| volatility | the news |
| spread | the time that an empty queue at the reference waits for its first order |
| depth | limit orders that join a queue which has some |
| volume | messages a second: the same events in less time |
| impact | the impact of every owner |
"""

from __future__ import annotations

import dataclasses
import math

from tickwright.core.errors import ConfigError
from tickwright.venue.sim.reactive.parameters import FP, Parameters, Queues

AXES = ("volatility", "spread", "depth", "volume", "impact")
_NEAREST = 2
"""Queues a side that decide the spread."""


def shifted(given: Parameters, axis: str, factor: float) -> Parameters:
    """`given` with one axis multiplied. Raises ConfigError for an axis that the model does not have, and for a market
    that the factor makes impossible."""
    if axis not in AXES:
        raise ConfigError("axis", axis, f"one of {', '.join(AXES)}")
    if not (math.isfinite(factor) and factor > 0.0):
        raise ConfigError(axis, factor, "a factor above 0")
    if factor == 1.0:
        return given
    if axis == "volume":
        flow = dataclasses.replace(given.flow, messages_a_second=given.flow.messages_a_second * factor)
        return dataclasses.replace(given, flow=flow)
    if not isinstance(given, FP):
        raise ConfigError(axis, given.name, "a market of model fp, for the others have no such axis")
    if axis == "volatility":
        return dataclasses.replace(given, news=given.news * factor)
    if axis == "impact":
        return dataclasses.replace(given, impact=given.impact * factor)
    return dataclasses.replace(given, queues=_queues(given.queues, axis, factor))


def _queues(queues: Queues, axis: str, factor: float) -> Queues:
    def row(i: int, rates: tuple[float, ...]) -> tuple[float, ...]:
        if axis == "spread":
            return (rates[0] / factor, *rates[1:]) if i < _NEAREST else rates
        return (rates[0], *(rate * factor for rate in rates[1:]))

    return dataclasses.replace(queues, limit=tuple(row(i, rates) for i, rates in enumerate(queues.limit)))
