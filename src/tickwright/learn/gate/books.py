"""Books to measure in: warmed up, spread over the day, in pairs that meet the same chances."""

from __future__ import annotations

import numpy as np

from tickwright.core.errors import CapacityError, ConfigError
from tickwright.venue.sim.reactive.driver import open_markets, step, stopped
from tickwright.venue.sim.reactive.layout import MARKET, REQUEST
from tickwright.venue.sim.reactive.parameters import Parameters
from tickwright.venue.sim.reactive.prepare import layout_for, prepare

MID = 100_000
BURN_IN = 5_000
_NONE = np.zeros(0, REQUEST)


def open_books(
    given: Parameters, count: int, seed: int, *, burn: int = BURN_IN, paired: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """`count` warmed-up MARKET rows and their PARAMS row. Their clocks stand evenly over the day, so that what is
    measured is of a whole day's curves. With `paired`, rows 2j and 2j + 1 are the same book with the same draws to
    come.

    Raises ConfigError for a market that needs a larger layout, or an odd count of pairs, and CapacityError where the
    market stops by itself.
    """
    if layout_for(given) is not MARKET:
        raise ConfigError("parameters", given.name, "a market whose book fits the default layout")
    if count < 1 or (paired and count % 2):
        raise ConfigError("count", count, "an even number" if paired else "at least 1")
    params = prepare(given)
    markets = np.zeros(count, MARKET)
    distinct = markets[: count // 2] if paired else markets
    open_markets(distinct, params, seed, MID)
    distinct["clock"] = (np.arange(len(distinct)) + 0.5) / len(distinct) * given.flow.day_seconds
    step(distinct, params, _NONE, burn)
    if stopped(distinct):
        raise CapacityError(f"{given.name}: the market stopped while it warmed up: {stopped(distinct)[0][1].name}")
    if paired:
        markets = np.repeat(distinct, 2)
    return markets, params
