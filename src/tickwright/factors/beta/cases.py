"""Every market beta that is shipped, ready to be checked: on a made market with holes, or on given prices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tickwright.core.units import MINUTE, Nanos
from tickwright.factors.beta.config import BASKET, METHODS, MarketBetaConfig
from tickwright.factors.beta.factory import ASSET, MARKET, WEIGHT, BetaFactory, weights_of
from tickwright.factors.checks import Case, Columns
from tickwright.factors.grid import Grid

_LENGTH = 30 * MINUTE
PATIENCE = _LENGTH
"""With which a made market is looked at: some of its late bars count, others come too late."""
_START = 49_584 * _LENGTH * 10
_SLOTS = 260
_ASSETS = 4
_MISSING, _TWICE, _LATE = 0.05, 0.02, 0.02
_WINDOW, _LEAST = 24, 8


def configs() -> list[MarketBetaConfig]:
    """One of each method, with each kind of benchmark and of shrinkage."""
    usual = MarketBetaConfig(
        lookback_length=_WINDOW, min_observations=_LEAST, grid="30min", max_gap=2, max_stale=1, min_nonzero_x=3,
        min_section=3, overnight=True,
    )  # fmt: skip
    within = {"lookback_length": None, "overnight": False}
    by_method = [usual.but(method=m, **(within if m in ("realised", "bipower") else {})) for m in METHODS]
    return [*by_method, usual.but(benchmark=BASKET), usual.but(shrink="blume"), usual.but(shrink="vasicek")]


def cases(
    configs: Sequence[MarketBetaConfig], prices: Mapping[str, Columns], market: Columns | None, patience: Nanos = 0
) -> Iterator[Case]:
    """A case a configuration, of the prices of each symbol and of the market."""
    settings: dict[str, Any] = {"whole": True, "patience": patience}  # bars, whatever their length
    symbols = list(prices)
    for config in configs:
        factory = BetaFactory(config)
        basket = config.benchmark == BASKET
        factory.check_market(not basket and market is not None)
        sources: dict[str, object] = {ASSET: [factory.returns_of(symbol, **settings) for symbol in symbols]}
        given: dict[str, object] = {ASSET: list(prices.values())}
        if not basket and market is not None:
            sources[MARKET], given[MARKET] = factory.benchmark(**settings).on(config.bars), market
        constants = {WEIGHT: weights_of(symbols, None)} if basket else {}
        yield Case(factory.node, sources, given, constants)  # type: ignore[arg-type]


def made_market(seed: int) -> tuple[dict[str, Columns], Columns]:
    """Prices of four assets and a market every half hour: holes, a long gap, bars that come twice or late."""
    rng = np.random.default_rng(seed)
    slots = np.arange(_SLOTS)
    slots[_SLOTS * 2 // 3 :] += 3 * _WINDOW
    market = np.cumsum(rng.normal(0, 1e-2, _SLOTS))
    series = {f"MADE{i}": (0.6 + 0.3 * i) * market + np.cumsum(rng.normal(0, 1e-2, _SLOTS)) for i in range(_ASSETS)}
    grid = Grid(_LENGTH)
    every = [told(rng, grid, _START // _LENGTH + slots, np.exp(log_price)) for log_price in (*series.values(), market)]
    return dict(zip(series, every[:-1], strict=True)), every[-1]


def told(rng: np.random.Generator, grid: Grid, slots: np.ndarray, values: np.ndarray) -> Columns:
    """Numbers at slots as bars of them come: some missing, some twice and differently, some late."""
    kept = np.flatnonzero(rng.random(len(slots)) >= _MISSING)
    kept = np.sort(np.concatenate([kept, kept[rng.random(len(kept)) < _TWICE]]))
    begins, ends = grid.begins(slots[kept]), grid.ends(slots[kept])
    late = rng.random(len(kept)) < _LATE
    known = ends + np.where(late, rng.integers(1, 3 * (grid.length or 1), len(kept)), 0)
    close = np.rint(1e4 * values[kept]) + np.arange(len(kept)) % 2
    order = np.argsort(known, kind="stable")
    return {"ts_event": begins[order], "ts_available": known[order], "close": close[order]}
