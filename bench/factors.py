"""Rolling market beta: 500 assets by 100 000 bars, beside pandas and statsmodels, and a panel updated bar by bar.

1. `batch`: the engine over returns that lie in memory, an asset at a time, its rows into memory that is used again;
   CPU time an asset-bar. Apart, of one asset: with all rows kept, in fresh memory, and from rows to a frame.
2. `peers`: pandas rolling covariance over variance, and statsmodels RollingOLS, on fewer assets and rows; both give
   less (no standard error, or the same), and both are counted by asset-bar.
3. `stream`: one bar of every asset at a time; wall time an update, and apart for the slots at which tiles and whole
   windows end.
"""

from __future__ import annotations

import time

import numpy as np

from bench.measure import Row, in_child
from tickwright.factors import batch
from tickwright.factors.beta.config import MarketBetaConfig
from tickwright.factors.beta.factory import BetaFactory
from tickwright.factors.beta.ols_kernel import tile_of
from tickwright.factors.engine import samples_of

WINDOW = 390
_POOL = 8
"""Assets that are made; the others are these again, for numbers do not change what is done with them."""
_WARM = 3 * WINDOW
_MISSING = 0.01


def run_batch(assets: int, bars: int, rounds: int) -> Row:
    """Asset-bars a CPU-second, of rows of estimates and of the whole way to the frame."""
    factory = BetaFactory(MarketBetaConfig(lookback_length=WINDOW), prices=False)
    grid, slots = factory.config.bars, np.arange(bars)
    rng = np.random.default_rng(1)
    pool = [_returns(rng, bars) for _ in range(_POOL)]
    market = _returns(rng, bars)

    def one(k: int) -> None:
        samples = {"asset": pool[k % _POOL][None], "market": market}
        for _ in batch.chunks(factory.graph, grid, slots, samples):
            pass

    one(0)
    best = np.inf
    for _ in range(rounds):
        began = time.process_time()
        for k in range(assets):
            one(k)
        best = min(best, time.process_time() - began)
    began = time.process_time()
    rows = batch.run(factory.graph, grid, slots, {"asset": pool[0][None], "market": market})[factory.factor_id]
    kept = time.process_time() - began
    began = time.process_time()
    frame = factory.frame(rows, slots, ["A"])
    framed = time.process_time() - began
    count = assets * bars
    return {
        "assets": assets, "bars": bars, "cpu_s": best, "asset_bars_per_cpu_s": count / best,
        "ns_per_asset_bar": best / count * 1e9, "kept_ns_per_asset_bar": kept / bars * 1e9,
        "frame_ns_per_asset_bar": framed / len(frame) * 1e9,
    }  # fmt: skip


def run_peers(bars: int, ols_bars: int, rounds: int) -> Row:
    """CPU nanoseconds an asset-bar of pandas and of RollingOLS: one asset each, the latter on fewer rows."""
    import pandas as pd
    import statsmodels.api as sm
    from statsmodels.regression.rolling import RollingOLS

    rng = np.random.default_rng(1)
    market = rng.normal(0, 1e-3, bars)
    asset = 0.8 * market + rng.normal(0, 1e-3, bars)
    x, y = pd.Series(market), pd.Series(asset)

    def pandas() -> None:
        x.rolling(WINDOW).cov(y) / x.rolling(WINDOW).var()

    def rolling_ols() -> None:
        fit = RollingOLS(asset[:ols_bars], sm.add_constant(market[:ols_bars]), WINDOW).fit()
        assert len(fit.bse) == ols_bars

    found: Row = {"ols_bars": ols_bars}
    for name, work, rows in (("pandas", pandas, bars), ("rolling_ols", rolling_ols, ols_bars)):
        best = np.inf
        for _ in range(rounds):
            began = time.process_time()
            work()
            best = min(best, time.process_time() - began)
        found[f"{name}_ns_per_asset_bar"] = best / rows * 1e9
    return found


def run_stream(assets: int, updates: int) -> Row:
    """Wall microseconds of one bar of all assets, from samples in memory to rows of estimates."""
    factory = BetaFactory(MarketBetaConfig(lookback_length=WINDOW), prices=False)
    engine = factory.engine(assets)
    rng = np.random.default_rng(2)
    length = _WARM + updates
    pool = samples_of(rng.normal(0, 1e-3, (64, assets, 1)), rng.random((64, assets, 1)) > _MISSING)
    market = _returns(rng, length)
    took = np.zeros(length)
    for t in range(length):
        samples = {"asset": pool[t % 64], "market": market[t : t + 1]}
        slot = np.array([t])
        began = time.perf_counter()
        engine.advance(slot, samples)
        took[t] = time.perf_counter() - began
    micro = took[_WARM:] * 1e6
    slots = np.arange(_WARM, length)
    tile = tile_of(WINDOW)
    told: Row = {"assets": assets, "updates": updates}
    for name, chosen in (
        ("all", slots >= 0),
        ("tile_edges", slots % tile == 0),
        ("window_edges", slots % WINDOW == 0),
    ):
        part = micro[chosen]
        told[name] = {"p50_us": _at(part, 50), "p90_us": _at(part, 90), "p99_us": _at(part, 99)}
    return told


def measure(quick: bool) -> Row:
    """Each part in a process of its own."""
    if quick:
        return {
            "batch": in_child("factors_batch", assets=4, bars=4_000, rounds=1),
            "peers": in_child("factors_peers", bars=4_000, ols_bars=1_000, rounds=1),
            "stream": in_child("factors_stream", assets=50, updates=200),
        }
    return {
        "batch": in_child("factors_batch", assets=500, bars=100_000, rounds=1),
        "peers": in_child("factors_peers", bars=100_000, ols_bars=20_000, rounds=3),
        "stream": in_child("factors_stream", assets=500, updates=10_000),
    }


def _returns(rng: np.random.Generator, bars: int) -> np.ndarray:
    return samples_of(rng.normal(0, 1e-3, bars), rng.random(bars) > _MISSING)


def _at(values: np.ndarray, percent: float) -> float:
    return float(np.percentile(values, percent))
