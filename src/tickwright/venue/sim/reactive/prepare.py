"""From parameters to what a market needs: a PARAMS row at the right pace, and a book of the right size."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from tickwright.core.errors import CapacityError, ConfigError
from tickwright.venue.sim.reactive.driver import advance, open_markets, stopped
from tickwright.venue.sim.reactive.layout import MARKET, MARKET_M
from tickwright.venue.sim.reactive.parameters import Epsilon, Hawkes, Parameters, SantaFe
from tickwright.venue.sim.reactive.rows import row_of

_PILOT_EVENTS = 20_000
_PILOT_SEED = 1
_PILOT_MID = 100_000


def layout_for(parameters: Parameters) -> np.dtype[Any]:
    """The market layout whose arena is at least twice the stationary book, and whose ladder holds the band of a law
    that has one on both sides. Raises ConfigError where none is."""
    span = 2 * parameters.band if isinstance(parameters, SantaFe | Epsilon | Hawkes) else 0
    for layout in (MARKET, MARKET_M):
        book = layout["book"]
        if parameters.mean_orders <= book["orders"].shape[0] / 2 and span <= book["ladder"]["levels"].shape[0]:
            return layout
    most = MARKET_M["book"]["orders"].shape[0] // 2
    raise ConfigError("parameters", f"a stationary book of {parameters.mean_orders:.0f} orders", f"at most {most}")


@lru_cache(maxsize=64)
def _tempo(parameters: Parameters) -> tuple[float, float]:
    """Units of model time a second, so that messages come at the rate that was asked for, and the share of market
    orders: by a pilot run, which sees the part of the day that its clock goes through. Curves of trading and of posting
    that are far from even make a day of more messages than that, or fewer, and so do many cancels in company under
    bursts, as a state of the clock is drawn for the first of them alone; a fit counts them (`calibrate.refine`)."""
    params = row_of(parameters)
    markets = np.zeros(1, layout_for(parameters))
    open_markets(markets, params, _PILOT_SEED, _PILOT_MID)
    events = _PILOT_EVENTS + int(4 * parameters.mean_orders)
    advance(markets, 0, params, events)
    began, trades = float(markets["time"][0]), int(markets["trades"][0])
    advance(markets, 0, params, events)
    if stopped(markets):
        raise CapacityError(f"{parameters.name}: the pilot run stopped: {stopped(markets)[0][1].name}")
    tempo = parameters.flow.messages_a_second * (float(markets["time"][0]) - began) / events
    return tempo, (int(markets["trades"][0]) - trades) / events


def prepare(parameters: Parameters) -> np.ndarray:
    """One PARAMS row, paced by `flow.messages_a_second`. Raises ConfigError, CapacityError."""
    return row_of(parameters, *_tempo(parameters))
