"""`compute_tick_beta`: ticks as they lie at hand, in arrays, frames or a catalog, to output rows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from tickwright.core.errors import ConfigError
from tickwright.core.units import SECOND, Nanos
from tickwright.factors.beta.compute import by_symbol
from tickwright.factors.sources.pace import GAPS_A_BAR, FineGridWarning
from tickwright.factors.tick.config import TickBetaConfig
from tickwright.factors.tick.factory import TickBetaFactory
from tickwright.factors.tick.ticks import median_gap


def compute_tick_beta(
    asset_ticks_by_symbol: Any, benchmark_ticks: Any, config: TickBetaConfig, *,
    start_ns: Nanos | None = None, end_ns: Nanos | None = None, tick: float | None = None, aligned: bool = True,
) -> pl.DataFrame:  # fmt: skip
    """Betas of ticks after Hayashi and Yoshida, one row a symbol and slot; see `factors.rows` for the columns.

    `asset_ticks_by_symbol`: a mapping from symbol to ticks, or a long frame with a column `symbol`. Ticks are a frame
    or a mapping of columns (`ts_event` and `price`, or `bid`, `ask`, `bid_size`, `ask_size`; `ts_available` where it
    is another moment), a pair (times, prices), PRINT or TOP_OF_BOOK rows, or a catalog, of which those of the symbol
    from `start_ns` to `end_ns` are read. `benchmark_ticks`: one of these, a catalog for `config.benchmark`.
    `tick`: as in `TickSource`; `aligned`: as of `TickBetaFactory.compute`. Warns with FineGridWarning where a slot is
    below five median gaps of the slower series.
    Raises BenchmarkError, ConfigError, DataError, NotInCatalogError.
    """
    given = asset_ticks_by_symbol if isinstance(asset_ticks_by_symbol, Mapping) else by_symbol(asset_ticks_by_symbol)
    if not given:
        raise ConfigError("asset ticks", "none", "one symbol at least")
    factory = TickBetaFactory(config)
    assets = {
        str(symbol): factory.ticks_of(str(symbol), tick).ticks(where, start_ns, end_ns)
        for symbol, where in given.items()
    }
    market = factory.ticks_of(config.benchmark, tick).ticks(benchmark_ticks, start_ns, end_ns)
    for symbol, ticks in assets.items():
        warn_if_fine(config.bars.length, {symbol: ticks, config.benchmark: market})
    return factory.compute(assets, market, aligned)


def warn_if_fine(length: Nanos, series: Mapping[str, np.ndarray]) -> None:
    """Warn where bars of `length` hold less than five median gaps between ticks of the slowest series of TICK rows."""
    gaps = {name: gap for name, ticks in series.items() if (gap := median_gap(ticks)) is not None}
    slowest = max(gaps, key=lambda name: gaps[name], default=None)
    if slowest is not None and length < GAPS_A_BAR * gaps[slowest]:
        every, least = gaps[slowest] / SECOND, GAPS_A_BAR * gaps[slowest] / SECOND
        warnings.warn(
            f"bars of {length / SECOND:g} s are too short: {slowest} ticks every {every:g} s; take {least:g} s or more",
            FineGridWarning,
            stacklevel=3,
        )
