"""Between a calibrated model and `venue.sim.reactive`: parameters as a table, and rows of a session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from tickwright.calibrate.model import Parameters
from tickwright.core.units import Nanos, Ticks
from tickwright.run.parameters_file import market_of
from tickwright.venue.sim.reactive.parameters import Parameters as ReactiveParameters
from tickwright.venue.sim.reactive.parameters import to_dict
from tickwright.venue.sim.reactive.session import MID_PRICE, chunks, open_session


def table_of(params: ReactiveParameters, mid_price: Ticks) -> dict[str, Any]:
    """What stands under [parameters]."""
    fields = {name: value for name, value in to_dict(params).items() if name not in ("model", "version")}
    return {"mid_price": mid_price, **fields}


def session_rows(
    name: str, version: int, parameters: Parameters, seed: int, begin: Nanos, end: Nanos
) -> Iterator[np.ndarray]:
    """Chunks of a day of the market that a table describes. Raises ConfigError, CapacityError."""
    market = market_of({"model": name, "version": version, **parameters})
    return chunks(open_session(market.parameters, seed, begin, end, mid_price=market.mid_price or MID_PRICE))


def in_recorded_ticks(session: Iterable[np.ndarray], tick: Ticks) -> Iterator[np.ndarray]:
    """The rows of a model whose tick is `tick` recorded ones."""
    for rows in session:
        if tick == 1:
            yield rows
            continue
        scaled = rows.copy()
        scaled["price"] *= tick
        yield scaled
