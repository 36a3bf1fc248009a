"""Fields of raw records → ticks and nanoseconds: what every schema shares. A value that makes no sense is refused."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from tickwright.core.errors import ConfigError, OffGridError
from tickwright.core.events import SUBTICKS
from tickwright.core.instrument import Instrument
from tickwright.data.databento.layouts import PRICE_SCALE, UNDEF_PRICE, UNDEF_SIZE, UNDEF_TIME
from tickwright.data.places import Places


def times(raw: np.ndarray, bare: np.ndarray, places: Places) -> tuple[np.ndarray, np.ndarray]:
    """ts_event and ts_recv. Where `bare` is true a record may lack one, and takes the other."""
    event, received = raw["ts_event"], raw["ts_recv"]
    no_event, no_received = event == UNDEF_TIME, received == UNDEF_TIME
    either = no_event | no_received
    if either.any():
        places.refuse(either & ~bare, lambda k: "an undefined timestamp", "ts_event and ts_recv")
        places.refuse(no_event & no_received, lambda k: "two undefined timestamps", "ts_event or ts_recv")
        event, received = np.where(no_event, received, event), np.where(no_received, event, received)
    return whole(event, places), whole(received, places)


def whole(moments: np.ndarray, places: Places) -> np.ndarray:
    """Unsigned nanoseconds as int64."""
    places.refuse(moments >> 63 != 0, lambda k: f"time {moments[k]}, after 2262", "nanoseconds that fit int64")
    return moments.astype(np.int64)


def sizes(raw: np.ndarray, bare: np.ndarray, places: Places) -> np.ndarray:
    """The field `size`; one that is undefined is 0 where `bare` is true."""
    undefined = raw["size"] == UNDEF_SIZE
    places.refuse(undefined & ~bare, lambda k: "an undefined size", "a size")
    return np.where(undefined, 0, raw["size"]).astype(np.int64)


def prints(
    price: np.ndarray, loose: np.ndarray | None, instrument: Instrument, places: Places
) -> tuple[np.ndarray, np.ndarray | int]:
    """Ticks and ten-thousandths of a tick of prices in billionths.

    Only rows of `loose` (None: every row) may lie between ticks, as a hidden mid-point execution does.
    """
    grid = grid_of(instrument)
    ticks = price // grid
    rest = price - ticks * grid
    off = np.flatnonzero(rest)
    if not off.size:
        return ticks, 0
    parts = rest[off] * SUBTICKS
    refused = parts % grid != 0
    if loose is not None:
        refused |= ~loose[off]
    if refused.any():
        row = int(off[refused.argmax()])
        raise _off_grid(price[row], instrument, places.of(row), places)
    subticks = np.zeros(price.size, np.uint16)
    subticks[off] = parts // grid
    return ticks, subticks


def ticks_of(price: np.ndarray, instrument: Instrument, places: Places) -> np.ndarray:
    """Ticks of prices in billionths, a row or a matrix of them a record; UNDEF_PRICE is 0. None may be off the grid."""
    grid = grid_of(instrument)
    price = np.where(price == UNDEF_PRICE, 0, price)
    ticks: np.ndarray = price // grid
    off = ticks * grid != price
    if off.any():
        at = int(off.argmax())
        raise _off_grid(price.flat[at], instrument, places.of(at // (price.size // len(price))), places)
    return ticks


def grid_of(instrument: Instrument) -> int:
    """The tick size in billionths. Raises ConfigError when it is no whole number of them."""
    grid = int(instrument.tick_size * PRICE_SCALE)
    if not 0 < grid < UNDEF_PRICE // SUBTICKS or grid != instrument.tick_size * PRICE_SCALE:
        raise ConfigError("tick size", instrument.tick_size, "whole billionths, in which DBN states its prices")
    return grid


def _off_grid(price: int, instrument: Instrument, place: str, places: Places) -> OffGridError:
    grid = f"{instrument.tick_size} ({instrument.symbol}; --tick-size takes another)"
    return OffGridError("price", Decimal(int(price)) / PRICE_SCALE, grid, f"{places.file}: {place}")
