"""`compute_sector_beta`, `compute_liquidity_beta`, `compute_volatility_beta`: from what lies at hand to output rows.

Returns are given as to `compute_market_beta`, with `aligned` as there, and levels in the same shapes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from tickwright.core.errors import ConfigError
from tickwright.factors.beta.compute import by_symbol, levels_at_hand, returns_at_hand
from tickwright.factors.beta.factory import BetaFactory
from tickwright.factors.beta.joint import LIQUIDITY, SECTOR, VOLATILITY
from tickwright.factors.beta.liquidity import LiquidityBetaConfig
from tickwright.factors.beta.sector import SectorBetaConfig
from tickwright.factors.beta.volatility import VolatilityBetaConfig
from tickwright.factors.executor import Executor
from tickwright.factors.records import RETURN, Status
from tickwright.factors.sources.reference import ReferenceSource

Weights = Mapping[str, float] | None


def compute_sector_beta(
    asset_returns_by_symbol: Any, benchmark_returns: Any, sectors: ReferenceSource | Mapping[str, str | None],
    config: SectorBetaConfig, weights: Weights = None, executor: Executor | None = None, aligned: bool = True,
) -> pl.DataFrame:  # fmt: skip
    """F7: betas to the mean of the other members of an asset's sector, beside the market.

    `sectors`: who was in which as of each slot, or a mapping from symbol to sector that holds at all times; who is in
    none, an empty one or None has no value. `weights` of the means, 1 by default. Raises ConfigError, DataError.
    """
    factory = BetaFactory(config, prices=False)
    assets, market = returns_at_hand(asset_returns_by_symbol, benchmark_returns, factory, aligned)
    given: Any = sectors
    if not isinstance(sectors, ReferenceSource):
        if odd := sorted(set(sectors) - set(assets)):
            raise ConfigError("sectors", ", ".join(odd[:5]), "symbols of the returns")
        code = {name: k for k, name in enumerate(sorted({name for name in sectors.values() if name}))}
        given = [_constant(rows, code.get(sectors.get(symbol) or "")) for symbol, rows in assets.items()]
    elif not factory.market.bars.length:
        raise ConfigError("sectors", "statements with dates", "a mapping, for rows that are numbered")
    return factory.compute(assets, market, weights, executor, levels={SECTOR: given}, aligned=aligned)


def compute_liquidity_beta(
    asset_returns_by_symbol: Any, benchmark_returns: Any, liquidity_by_symbol: Any, config: LiquidityBetaConfig,
    weights: Weights = None, executor: Executor | None = None, aligned: bool = True,
) -> pl.DataFrame:  # fmt: skip
    """F8: betas to shocks of the market's liquidity, commonality, or those of Acharya and Pedersen.

    `liquidity_by_symbol`, of the same symbols: displayed notional, relative spread in bps, or notional traded in the
    slot, as the measure asks; `sources.liquidity` makes them of quotes and bars. Raises ConfigError, DataError.
    """
    factory = BetaFactory(config, prices=False)
    assets, market = returns_at_hand(asset_returns_by_symbol, benchmark_returns, factory, aligned)
    levels = by_symbol(liquidity_by_symbol)
    if set(levels) != set(assets):
        odd = sorted(set(levels) ^ set(assets))
        raise ConfigError("liquidity", f"not the symbols of the returns: {', '.join(odd[:5])}", "one series an asset")
    rows = [levels_at_hand(levels[symbol], f"liquidity of {symbol}", config.market, len(returns))
            for symbol, returns in assets.items()]  # fmt: skip
    return factory.compute(assets, market, weights, executor, levels={LIQUIDITY: rows}, aligned=aligned)


def compute_volatility_beta(
    asset_returns_by_symbol: Any, benchmark_returns: Any, volatility: Any, config: VolatilityBetaConfig,
    weights: Weights = None, executor: Executor | None = None, aligned: bool = True,
) -> pl.DataFrame:  # fmt: skip
    """F9: betas to changes of volatility, beside the market.

    `volatility`: one series of an implied volatility, in its own unit; None for the market's realised variance.
    Raises ConfigError, DataError.
    """
    factory = BetaFactory(config, prices=False)
    assets, market = returns_at_hand(asset_returns_by_symbol, benchmark_returns, factory, aligned)
    length = len(next(iter(assets.values())))
    levels = {} if volatility is None else {VOLATILITY: levels_at_hand(volatility, VOLATILITY, config.market, length)}
    return factory.compute(assets, market, weights, executor, levels=levels, aligned=aligned)


def _constant(like: np.ndarray, code: int | None) -> np.ndarray:
    """A sector at the slots of an asset's returns; a GAP where it is in none."""
    rows = np.zeros(len(like), RETURN)
    for name in ("slot", "ts_event"):
        rows[name] = like[name]
    rows["ts_available"] = like["ts_event"]
    rows["value"], rows["span"] = code or 0, 1
    rows["status"] = int(Status.GAP if code is None else Status.OK)
    return rows
