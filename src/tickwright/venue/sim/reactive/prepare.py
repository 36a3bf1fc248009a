"""From parameters to what a market needs: a PARAMS row at the right pace, and a book of the right size."""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from typing import Any

import numpy as np

from tickwright.core.errors import CapacityError, ConfigError
from tickwright.venue.sim.reactive.driver import advance, open_markets, reseed, stopped
from tickwright.venue.sim.reactive.layout import MARKET, MARKET_M
from tickwright.venue.sim.reactive.parameters import Epsilon, Hawkes, Parameters, SantaFe
from tickwright.venue.sim.reactive.rows import row_of

_PILOT_EVENTS = 20_000
_PILOT_MESSAGES = 80_000
"""Messages of the day of a pilot."""
_MOST_MESSAGES = 10 * _PILOT_MESSAGES
"""That it may have: its first guess is not that far off."""
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
    """Units of model time a second, so that messages come at the rate that was asked for over the day, and the share of
    market orders: by a pilot run, and where curves make market orders or limit orders more or fewer over the day, by
    another through such a day, of some thousands of messages or more. Many cancels in company under bursts make more or
    fewer messages than that, as a state of the clock is drawn for the first of them alone; a fit counts them
    (`calibrate.refine`)."""
    flow = parameters.flow
    if len({*flow.trading_curve}) == len({*flow.posting_curve}) == 1:
        return _steady(parameters)
    even = dataclasses.replace(flow, trading_curve=(1.0,), posting_curve=(1.0,))
    return _over_a_day(parameters, *_steady(dataclasses.replace(parameters, flow=even)))


def _steady(parameters: Parameters) -> tuple[float, float]:
    """The same of a market whose rates do not depend on the time of the day."""
    params = row_of(parameters)
    markets = _opened(parameters, params)
    events = _events(parameters)
    began, trades = float(markets["time"][0]), int(markets["trades"][0])
    advance(markets, 0, params, events)
    _check(parameters, markets)
    tempo = parameters.flow.messages_a_second * (float(markets["time"][0]) - began) / events
    return tempo, (int(markets["trades"][0]) - trades) / events


def _over_a_day(parameters: Parameters, tempo: float, share: float) -> tuple[float, float]:
    """`tempo` and `share` by the messages of a short day. Activity and bursts multiply the pace by 1 on average and
    would add their chance: without them the count is known to about a fiftieth. What activity does to the news is left
    out."""
    rate = parameters.flow.messages_a_second
    flow = dataclasses.replace(
        parameters.flow, messages_a_second=1.0, day_seconds=float(_PILOT_MESSAGES), activity_sd=0.0, gaps=(1.0,),
        gap_weights=(1.0,), gap_after_weights=(), gap_stay=0.0, gap_after_market=0.0, gap_flurry=0.0,
    )  # fmt: skip
    params = row_of(dataclasses.replace(parameters, flow=flow), tempo / rate, share)
    markets = _opened(parameters, params)
    # The clock is at the open; its rates are there with the next market order.
    reseed(markets, 0, np.uint64(_PILOT_SEED))
    trades = int(markets["trades"][0])
    ran = max(1, advance(markets, 0, params, _MOST_MESSAGES, seconds=flow.day_seconds))
    _check(parameters, markets)
    if ran >= _MOST_MESSAGES:
        raise CapacityError(f"{parameters.name}: a pilot's day has {ran} messages or more, for {_PILOT_MESSAGES}")
    return tempo * float(markets["clock"][0]) / ran, (int(markets["trades"][0]) - trades) / ran


def _opened(parameters: Parameters, params: np.ndarray) -> np.ndarray:
    """A market that has run until it is as usual."""
    markets = np.zeros(1, layout_for(parameters))
    open_markets(markets, params, _PILOT_SEED, _PILOT_MID)
    advance(markets, 0, params, _events(parameters))
    return markets


def _events(parameters: Parameters) -> int:
    return _PILOT_EVENTS + int(4 * parameters.mean_orders)


def _check(parameters: Parameters, markets: np.ndarray) -> None:
    if stopped(markets):
        raise CapacityError(f"{parameters.name}: the pilot run stopped: {stopped(markets)[0][1].name}")


def prepare(parameters: Parameters) -> np.ndarray:
    """One PARAMS row, paced by `flow.messages_a_second`. Raises ConfigError, CapacityError."""
    return row_of(parameters, *_tempo(parameters))
