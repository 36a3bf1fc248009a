"""Santa Fe at an even pace, its rates per second: days whose laws are known in closed form."""

import numpy as np

from tickwright.calibrate.santa_fe import even_santa_fe
from tickwright.core.units import Lots, Nanos, Ticks
from tickwright.venue.sim.reactive.parameters import SantaFe
from tickwright.venue.sim.reactive.session import MID_PRICE, generate_session


def santa_fe(
    limit_rate: float = 0.04, band: int = 60, cancel_rate: float = 0.02, market_rate: float = 0.15,
    sizes: tuple[Lots, ...] = (50, 100, 200, 300), weights: tuple[float, ...] = (0.3, 0.45, 0.15, 0.1),
) -> SantaFe:  # fmt: skip
    """About 230 000 events and 7 000 market orders in six and a half hours, a mean spread of three ticks."""
    return even_santa_fe(limit_rate, band, cancel_rate, market_rate, sizes, weights)


def day(
    params: SantaFe, seed: int, begin: Nanos, end: Nanos, instrument_id: int = 0, mid_price: Ticks = MID_PRICE
) -> np.ndarray:
    """The rows of a session."""
    return generate_session(params, seed, begin, end, mid_price=mid_price, instrument_id=instrument_id)[0]
