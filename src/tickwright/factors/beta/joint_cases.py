"""The betas beside the market's, ready to be checked: on a made market with sectors, liquidity and volatility."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from tickwright.core.units import MINUTE, Nanos
from tickwright.factors.beta.cases import told
from tickwright.factors.beta.config import BASKET, MarketBetaConfig
from tickwright.factors.beta.factory import ASSET, MARKET, WEIGHT, BetaFactory, weights_of
from tickwright.factors.beta.joint import LIQUIDITY, SECTOR, VOLATILITY, JointConfig
from tickwright.factors.beta.liquidity import LiquidityBetaConfig
from tickwright.factors.beta.sector import SectorBetaConfig
from tickwright.factors.beta.volatility import IMPLIED, VolatilityBetaConfig
from tickwright.factors.checks import Case, Columns
from tickwright.factors.graph import Source
from tickwright.factors.sources.returns import ReturnSource

KINDS: Mapping[str, type] = {
    "market": MarketBetaConfig, SECTOR: SectorBetaConfig, LIQUIDITY: LiquidityBetaConfig,
    VOLATILITY: VolatilityBetaConfig,
}  # fmt: skip
"""Configurations by the word `kind` of their files."""
_START: Nanos = 1_518_791_400 * 10**9
"""2018-02-16 14:30 UTC, the open of XNYS."""
_ASSETS = 3
_BEYOND, _MORE = 1.8, 120
"""Slots of a made market: so many look-backs, and some."""


def joint_configs() -> list[JointConfig]:
    """One of each kind, each model, measure and shock."""
    usual = MarketBetaConfig(
        lookback_length=24, min_observations=8, grid="30min", max_stale=1, min_nonzero_x=3, overnight=True
    )
    liquid = partial(LiquidityBetaConfig, season_sessions=2, min_sessions=1, market=usual)
    foreseen = partial(liquid, shock="ar2", ar_window=20)
    within = usual.but(lookback_length=8, min_observations=4, grid="10min")
    return [
        SectorBetaConfig(market=usual),
        SectorBetaConfig(coefficient="market", market=usual.but(benchmark=BASKET)),
        liquid(),
        foreseen(measure="illiquidity"),
        liquid(model="commonality", measure="spread", coefficient="sum"),
        foreseen(model="acharya-pedersen", measure="spread"),
        VolatilityBetaConfig(volatility=IMPLIED, season_sessions=2, min_sessions=1, market=usual),
        VolatilityBetaConfig(season_sessions=0, min_in_block=48, market=within),
    ]


def joint_case(config: JointConfig, seed: int) -> Case:
    """A case of a configuration, on a made market that is as long as its look-back asks, and more than as long again.

    Prices, levels and sectors have holes, a long gap, and rows that come twice or late; two assets change their sector.
    """
    factory = BetaFactory(config)
    grid, symbols = factory.market.bars, [f"MADE{i}" for i in range(_ASSETS)]
    length = int(_BEYOND * factory.node.lookback) + _MORE
    slots = int(grid.slots(np.array([_START]))[0]) + np.arange(length)
    slots[length * 3 // 10 :] += 2 * (grid.bars_per_session or 1)
    rng = np.random.default_rng(seed)
    market = np.cumsum(rng.normal(0, 1e-2, length))
    prices = [(0.6 + 0.3 * i) * market + np.cumsum(rng.normal(0, 1e-2, length)) for i in range(_ASSETS)]
    series: dict[str, Columns | list[Columns]] = {
        ASSET: [told(rng, grid, slots, np.exp(price)) for price in prices],
        MARKET: told(rng, grid, slots, np.exp(market)),
        LIQUIDITY: [told(rng, grid, slots, np.exp(rng.normal(0, 0.3, length))) for _ in range(_ASSETS)],
        VOLATILITY: told(rng, grid, slots, 20 * np.exp(0.1 * np.cumsum(rng.normal(0, 0.1, length)))),
        SECTOR: [_sector(grid.begins(slots), i) for i in range(_ASSETS)],
    }
    sources: dict[str, ReturnSource | list[ReturnSource]] = {
        ASSET: [factory.returns_of(s, whole=True) for s in symbols]
    }
    if factory.market.benchmark != BASKET:
        sources[MARKET] = factory.returns_of(MARKET, whole=True)
    for name in factory.levels:
        each = [factory.levels_of(s, whole=True) for s in symbols]
        sources[name] = each if isinstance(series[name], list) else factory.levels_of(name, whole=True)
    weighted = Source(WEIGHT) in factory.graph.sources
    constants = {WEIGHT: weights_of(symbols, None)} if weighted else {}
    return Case(factory.node, sources, {name: series[name] for name in sources}, constants)


def _sector(begins: np.ndarray, i: int) -> Columns:
    """A code at every slot, known as it begins: two sectors, two assets of which move in the middle."""
    code = np.full(len(begins), 1.0 + i % 2)
    if i >= _ASSETS - 2:
        code[len(begins) // 2 :] = 2.0 - i % 2
    return {"ts_event": begins, "ts_available": begins + MINUTE, "close": code}
