"""Rolling market beta: 500 assets by 100 000 bars, beside pandas and statsmodels, and a panel updated bar by bar.

1. `batch`: the engine over returns that lie in memory, eight assets at a time, rows into memory that is used again;
   CPU time an asset-bar. Apart, of eight assets: with all rows kept, in fresh memory, and from rows to a frame.
2. `peers`: pandas rolling covariance over variance, and statsmodels RollingOLS, on fewer assets and rows; both give
   less (no standard error, or the same), and both are counted by asset-bar.
3. `stream`: one bar of every asset at a time; wall time and CPU time an update, and apart for the slots at which tiles
   and whole windows end. Of several rounds the one with the least median is told, whatever its tail, as of other cases
   the quietest round; beside it the tails of all rounds, for a shared core runs at half its speed for seconds.
   Apart, the whole bar: from closes of a minute grid by `Feed.stream`, prices into returns and all, to the rows.
4. `section`: a year of days of many assets through a graph with a section, a beta and its shrinkage; peak memory, and
   whether two processes give the bytes of one.
"""

from __future__ import annotations

import hashlib
import resource
import time
from collections.abc import Sequence

import numpy as np

from bench.measure import Row, in_child
from tickwright.core.units import MINUTE
from tickwright.factors import batch
from tickwright.factors.beta.config import MarketBetaConfig
from tickwright.factors.beta.factory import ASSET, MARKET, BetaFactory
from tickwright.factors.beta.feed import Feed
from tickwright.factors.beta.ols_kernel import tile_of
from tickwright.factors.engine import samples_of
from tickwright.factors.executor import Processes

WINDOW = 390
_POOL = 8
"""Assets that are made; the others are these again, for numbers do not change what is done with them."""
_WARM = 3 * WINDOW
_MISSING = 0.01


def run_batch(assets: int, bars: int, rounds: int) -> Row:
    """Asset-bars a CPU-second, of rows of estimates and of the whole way to the frame."""
    factory = BetaFactory(MarketBetaConfig(lookback_length=WINDOW), prices=False)
    grid, slots = factory.market.bars, np.arange(bars)
    rng = np.random.default_rng(1)
    pool = np.stack([_returns(rng, bars) for _ in range(_POOL)])
    market = _returns(rng, bars)

    def some(count: int) -> float:
        began = time.process_time()
        for _ in batch.chunks(factory.graph, grid, slots, {"asset": pool[:count], "market": market}):
            pass
        return time.process_time() - began

    some(1)
    parts = [min(_POOL, assets - at) for at in range(0, assets, _POOL)]
    took = np.array([[some(count) for count in parts] for _ in range(rounds)])
    best = took.sum(axis=1).min()
    began = time.process_time()
    rows = batch.run(factory.graph, grid, slots, {"asset": pool, "market": market})[factory.factor_id]
    kept = time.process_time() - began
    began = time.process_time()
    frame = factory.frame(rows, slots, [f"S{i}" for i in range(_POOL)])
    framed = time.process_time() - began
    count = assets * bars
    return {
        "assets": assets, "bars": bars, "cpu_s": best, "asset_bars_per_cpu_s": count / best,
        "ns_per_asset_bar": best / count * 1e9, "least_ns_per_asset_bar": (took / parts).min() / bars * 1e9,
        "kept_ns_per_asset_bar": kept / bars / _POOL * 1e9,
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


def run_stream(assets: int, updates: int, rounds: int) -> Row:
    """Microseconds of one bar of all assets, from samples in memory to rows of estimates: wall, and of this thread."""
    factory = BetaFactory(MarketBetaConfig(lookback_length=WINDOW), prices=False)
    engine = factory.engine(assets)
    rng = np.random.default_rng(2)
    length = _WARM + rounds * updates
    pool = samples_of(rng.normal(0, 1e-3, (64, assets, 1)), rng.random((64, assets, 1)) > _MISSING)
    market = _returns(rng, length)
    took, worked = np.zeros(length), np.zeros(length)
    for t in range(length):
        samples = {"asset": pool[t % 64], "market": market[t : t + 1]}
        slot = np.array([t])
        began, busy = time.perf_counter(), time.thread_time()
        engine.advance(slot, samples)
        worked[t] = time.thread_time() - busy
        took[t] = time.perf_counter() - began
    slots = np.arange(_WARM, length).reshape(rounds, updates)
    wall = took[slots] * 1e6
    tails = np.percentile(wall, 99, axis=1)
    quietest = int(np.median(wall, axis=1).argmin())
    slots = slots[quietest]
    micro, cpu = took[slots] * 1e6, worked[slots] * 1e6
    tile = tile_of(WINDOW)
    told: Row = {"assets": assets, "updates": updates, "rounds": rounds, "p99_us_of_rounds": tails.tolist()}
    for name, chosen in (
        ("all", slots >= 0),
        ("tile_edges", slots % tile == 0),
        ("window_edges", slots % WINDOW == 0),
    ):
        part, busy_part = micro[chosen], cpu[chosen]
        told[name] = {
            "least_us": float(part.min()), "p50_us": _at(part, 50), "p90_us": _at(part, 90), "p99_us": _at(part, 99),
            "cpu_p50_us": _at(busy_part, 50), "cpu_p99_us": _at(busy_part, 99),
        }  # fmt: skip
    return told


def run_feed(assets: int, updates: int) -> Row:
    """Microseconds of one minute of all assets, from closing prices pushed into a stream to rows of estimates."""
    config = MarketBetaConfig(lookback_length=WINDOW, grid="1min", benchmark="M")
    stream = Feed(BetaFactory(config), tuple(f"A{k}" for k in range(assets))).stream()
    rng = np.random.default_rng(4)
    closes = 100 * np.exp(np.cumsum(rng.normal(0, 1e-3, (64, assets + 1)), axis=0))
    took = np.zeros(_WARM + updates)
    for t in range(len(took)):
        begin, close = np.array([t * MINUTE]), closes[t % 64]
        every, market = begin.repeat(assets), {"ts_event": begin, "close": close[-1:]}
        began = time.perf_counter()
        stream.push_panel(ASSET, {"ts_event": every, "close": close[:-1]})
        stream.push_panel(MARKET, market)
        took[t] = time.perf_counter() - began
    micro = took[_WARM:] * 1e6
    return {"least_us": float(micro.min()), "p50_us": _at(micro, 50), "p99_us": _at(micro, 99)}


def run_section(assets: int, bars: int) -> Row:
    """Peak bytes of a shrunk beta of all assets, and whether it is the same bytes from two processes."""
    factory = BetaFactory(MarketBetaConfig(grid="1d", overnight=True, shrink="vasicek"), prices=False)
    rng = np.random.default_rng(3)
    market = _returns(rng, bars)
    samples = {"asset": np.stack([_returns(rng, bars) for _ in range(assets)]), "market": market}
    slots, node = np.arange(20_000, 20_000 + bars), factory.factor_id
    began = time.process_time()
    rows = batch.run(factory.graph, factory.market.bars, slots, samples)[node]
    took = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    digest = _digest(rows)
    del rows
    again = _digest(batch.run(factory.graph, factory.market.bars, slots, samples, Processes(2))[node])
    return {"assets": assets, "bars": bars, "cpu_s": took, "peak_bytes": peak, "same_bytes": digest == again}


def measure(quick: bool) -> Row:
    """Each part in a process of its own."""
    if quick:
        return {
            "batch": in_child("factors_batch", assets=4, bars=4_000, rounds=1),
            "peers": in_child("factors_peers", bars=4_000, ols_bars=1_000, rounds=1),
            "stream": in_child("factors_stream", assets=50, updates=400, rounds=2),
            "feed": in_child("factors_feed", assets=50, updates=400),
            "section": in_child("factors_section", assets=50, bars=300),
        }
    return {
        "batch": in_child("factors_batch", assets=500, bars=100_000, rounds=3),
        "peers": in_child("factors_peers", bars=100_000, ols_bars=20_000, rounds=3),
        "stream": in_child("factors_stream", assets=500, updates=10_000, rounds=10),
        "feed": in_child("factors_feed", assets=500, updates=10_000),
        "section": in_child("factors_section", assets=5_000, bars=1_000),
    }


def _returns(rng: np.random.Generator, bars: int) -> np.ndarray:
    return samples_of(rng.normal(0, 1e-3, bars), rng.random(bars) > _MISSING)


def _digest(rows: Sequence[np.ndarray]) -> str:
    told = hashlib.blake2b()
    for row in rows:
        told.update(row.tobytes())
    return told.hexdigest()


def _at(values: np.ndarray, percent: float) -> float:
    return float(np.percentile(values, percent))
