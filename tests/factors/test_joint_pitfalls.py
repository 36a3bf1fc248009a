"""Simulations with known betas: the truth within two standard errors, and each pitfall shown beside what avoids it."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from tickwright.core.errors import ConfigError
from tickwright.core.units import MINUTE
from tickwright.factors import batch
from tickwright.factors.beta import known_joint
from tickwright.factors.beta.block_kernel import BlockConfig
from tickwright.factors.beta.compute import compute_market_beta
from tickwright.factors.beta.compute_joint import (
    compute_liquidity_beta,
    compute_sector_beta,
    compute_volatility_beta,
)
from tickwright.factors.beta.config import MarketBetaConfig
from tickwright.factors.beta.joint import two
from tickwright.factors.beta.liquidity import LiquidityBetaConfig
from tickwright.factors.beta.sector import SectorBetaConfig
from tickwright.factors.beta.shock_kernel import AutoConfig, ChangeConfig
from tickwright.factors.beta.volatility import LEAST_BLOCK, VolatilityBetaConfig
from tickwright.factors.engine import samples_of
from tickwright.factors.graph import Graph, Node, Source
from tickwright.factors.grid import Grid
from tickwright.factors.records import Status

FIRST = int(dt.datetime(2018, 1, 1, tzinfo=dt.UTC).timestamp()) * 10**9


def window(rows, **changes):
    return MarketBetaConfig(lookback_length=rows, min_observations=rows // 2, **changes)


def last_rows(frame):
    """The last row of each symbol, all of which have a value."""
    rows = frame.group_by("symbol", maintain_order=True).last()
    assert set(rows["status"]) == {"ok"}
    return rows


def near_the_truth(frame, truth, errors=2.0):
    """Each estimate within some standard errors of the truth, on the average of their squares too."""
    rows = last_rows(frame)
    z = (rows["value"].to_numpy() - truth) / rows["stderr"].to_numpy()
    assert np.mean(np.abs(z) < errors) > 0.85
    assert 0.5 < np.sqrt((z**2).mean()) < 1.6
    return rows


# ── F7 ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_sector_betas_are_near_their_truth():
    """Forty assets of two sectors: the leave-one-out mean is the sector's return but for a twentieth of the noise."""
    rng = np.random.default_rng(31)
    n, count = 1000, 40
    market, sectors = rng.normal(0, 1e-2, n), rng.normal(0, 1e-2, (2, n))
    truth = rng.uniform(0.5, 1.5, count)
    truth = truth / np.array([truth[k % 2 :: 2].mean() for k in range(count)])  # a sector's mean beta to itself is 1
    assets = market + truth[:, None] * sectors[np.arange(count) % 2] + rng.normal(0, 5e-3, (count, n))
    given = {f"S{i}": a for i, a in enumerate(assets)}
    members = {f"S{i}": "odd" if i % 2 else "even" for i in range(count)}
    frame = compute_sector_beta(given, market, members, SectorBetaConfig(market=window(n)))
    others = truth.copy()
    for i in range(count):  # what a mean without the asset is of
        others[i] = truth[i] / np.delete(truth[i % 2 :: 2], i // 2).mean()
    near_the_truth(frame, others, 2.5)


def test_an_asset_in_its_own_sector_mean_has_a_beta_to_itself():
    """Pure noise in sectors of four has no sector: the plain mean says 1, the mean of the others 0."""
    rng = np.random.default_rng(32)
    market, noise = rng.normal(0, 1e-2, 2000), rng.normal(0, 1e-2, (4, 2000))
    given = {f"S{i}": market + row for i, row in enumerate(noise)}
    mean = noise.mean(axis=0)
    assert np.mean([np.polyfit(mean, row, 1)[0] for row in noise]) == pytest.approx(1.0, abs=1e-9)
    members = dict.fromkeys(given, "all")
    near_the_truth(compute_sector_beta(given, market, members, SectorBetaConfig(market=window(2000))), 0.0)


def test_a_sector_that_is_the_market_is_collinear():
    """Sector returns are the market's but for 1 % of their variance: no slope is told, however small its error."""
    rng = np.random.default_rng(33)
    market = rng.normal(0, 1e-2, 500)
    given = {f"S{i}": market + rng.normal(0, 1e-3, 500) for i in range(8)}
    config = SectorBetaConfig(market=window(250))
    status = compute_sector_beta(given, market, dict.fromkeys(given, "all"), config)["status"]
    assert set(status.to_list()) == {"warmup", "collinear"}


# ── F8 ───────────────────────────────────────────────────────────────────────────────────────────────────────────

BARS, DAYS, COUNT = 48, 30, 6
PATTERN = 0.145 * np.cos(np.arange(BARS * DAYS) % BARS / BARS * 8 * np.pi)
"""Of the day, in logarithms of depth."""


def patterned(rng, share):
    """Depth of every asset each half hour: own shocks, `share` of one that all have, and the pattern of the day."""
    n = BARS * DAYS
    return np.exp(10 + PATTERN + share * rng.normal(0, 0.15, n) + rng.normal(0, 0.15, (COUNT, n)))


def half_hours(values):
    return pl.DataFrame({"ts_event": FIRST + np.arange(len(values)) * 30 * MINUTE, "return": values})


def liquid(depth, assets=None, market=None, **settings):
    rng = np.random.default_rng(0)
    n = depth.shape[1]
    assets = rng.normal(0, 1e-3, depth.shape) if assets is None else assets
    market = rng.normal(0, 1e-3, n) if market is None else market
    base = window(BARS * (DAYS - 10), grid="30min", overnight=True)
    config = LiquidityBetaConfig(**{"season_sessions": 9, "market": base, **settings})
    names = [f"S{i}" for i in range(len(depth))]
    given = {s: half_hours(v) for s, v in zip(names, assets, strict=True)}
    levels = {s: half_hours(v) for s, v in zip(names, depth, strict=True)}
    return compute_liquidity_beta(given, half_hours(market), levels, config)


def test_the_pattern_of_the_day_is_no_commonality():
    """Liquidity that has nothing in common but the hours: its raw slope is 0.30, and 0 without its season."""
    depth = patterned(np.random.default_rng(34), 0.0)
    raw = last_rows(liquid(depth, model="commonality", season_sessions=0))
    assert raw["value"].mean() == pytest.approx(0.30, abs=0.05)
    assert (raw["value"].to_numpy() > 3 * raw["stderr"].to_numpy()).all()
    none_common(liquid(depth, model="commonality"))


def none_common(frame):
    """Slopes of 0 within 3 errors, of assets whose estimates go together: each is on the mean of the others."""
    rows = last_rows(frame)
    assert (np.abs(rows["value"].to_numpy()) < 3 * rows["stderr"].to_numpy()).all()
    assert (rows["stderr"].to_numpy() < 0.1).all()


def test_an_asset_in_the_markets_liquidity_is_common_with_itself():
    """Own shocks alone: on the mean that holds the asset the slope is 1.00 on average, on that of the others 0."""
    depth = patterned(np.random.default_rng(35), 0.0)
    own = np.log(depth) - PATTERN
    changes = np.diff(own, axis=1)
    mean = changes.mean(axis=0)
    assert np.mean([np.polyfit(mean, row, 1)[0] for row in changes]) == pytest.approx(1.0, abs=1e-9)
    none_common(liquid(depth, model="commonality"))


def test_a_return_that_falls_with_the_markets_liquidity_has_that_beta():
    """r = 1.1 rₘ + 0.004 uₘ + noise, uₘ the change of the others' mean depth: found for each, beside the pattern."""
    rng = np.random.default_rng(36)
    depth = patterned(rng, 1.0)
    log = np.log(depth)
    others = (log.sum(axis=0) - log) / (COUNT - 1)
    shock = np.diff(others - PATTERN, axis=1, prepend=0)
    market = rng.normal(0, 1e-3, BARS * DAYS)
    assets = 1.1 * market + 4e-3 * shock + rng.normal(0, 5e-4, depth.shape)
    rows = last_rows(liquid(depth, assets, market))
    # The time-of-day mean of nine sessions has an error, a tenth of the shock's variance, which attenuates.
    assert rows["value"].to_numpy() == pytest.approx(4e-3 * 0.9, rel=0.1)
    rows = last_rows(liquid(depth, assets, market, coefficient="market"))
    z = (rows["value"].to_numpy() - 1.1) / rows["stderr"].to_numpy()
    assert (np.abs(z) < 3.0).all()


def test_ar2_errors_are_the_shocks_that_drove_the_level():
    """An AR(2) level is driven by known shocks; its forecast errors are them, its changes are not."""
    rng = np.random.default_rng(37)
    n = 3000
    shock = rng.normal(0, 1, n)
    level = np.zeros(n)
    for t in range(2, n):
        level[t] = 0.6 * level[t - 1] + 0.2 * level[t - 2] + shock[t]
    auto = Node(known_joint.AUTO, AutoConfig(500, 100, 1), {"level": Source("level")})
    change = Node(known_joint.CHANGE, ChangeConfig(1, 1), {"level": Source("level")})
    rows = batch.run(
        Graph((auto, change)), Grid(0), np.arange(n), {"level": samples_of(level[None], np.ones((1, n)) > 0)}
    )
    use = slice(600, n)
    assert np.corrcoef(rows[auto.id][0]["value"][use], shock[use])[0, 1] > 0.99
    assert np.corrcoef(rows[change.id][0]["value"][use], shock[use])[0, 1] < 0.95
    errors = rows[auto.id][0]["value"][use]
    assert abs(np.corrcoef(errors[1:], errors[:-1])[0, 1]) < 0.05


# ── F9 ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def volatile(rng, count, length, spread, beta, slope):
    """Returns in `count` blocks of `length`: ln variance has shocks, and an asset falls when it rises."""
    log_variance = rng.normal(0, spread, count)
    sigma = np.repeat(np.exp(log_variance / 2), length) * 1e-3
    market = sigma * rng.normal(size=count * length)
    rise = np.diff(log_variance, prepend=0.0)
    noise = rng.normal(0, 1e-3, count * length)
    asset = beta * market + noise
    asset[length - 1 :: length] += slope * rise * 1e-2
    return asset, market, rise


def volatility_beta(asset, market, length, rows):
    """The graph of F9 with any length of block, which its configuration would not allow."""
    config = BlockConfig(length, length, length, 0)
    sums = {n: Node(known_joint.BLOCK_RETURN, config, {"asset": Source(n)}) for n in ("asset", "market")}
    variance = Node(known_joint.BLOCK_VARIANCE, config, {"asset": Source("market")})
    change = Node(known_joint.CHANGE, ChangeConfig(length, 1), {"level": variance})
    base = two(window(rows), 0, 0.02, window=rows * length, rows=rows, hold=length - 1, stale=length)
    node = Node(known_joint.VOLATILITY, base, {**sums, "other": change})
    there = np.ones((1, len(asset))) > 0
    samples = {"asset": samples_of(asset[None], there), "market": samples_of(market[None], there)}
    row = batch.run(Graph((node,)), Grid(0), np.arange(len(asset)), samples)[node.id][0][-1]
    assert row["status"] == int(Status.OK)
    return row["value"], row["stderr"]


def test_a_volatility_beta_is_near_its_truth_and_short_blocks_attenuate_it():
    """True slope −0.50 (in hundredths): blocks of 5 returns say −0.22, for their variance is a guess; of 60, −0.46."""
    rng = np.random.default_rng(38)
    found = {}
    for length in (5, LEAST_BLOCK):
        asset, market, _ = volatile(rng, 3000, length, 0.62, 1.1, -0.5)
        value, error = volatility_beta(asset, market, length, 2900)
        found[length] = value / 1e-2
        assert error / 1e-2 < 0.05
    assert found[5] == pytest.approx(-0.22, abs=0.04)
    assert found[LEAST_BLOCK] == pytest.approx(-0.46, abs=0.03)
    with pytest.raises(ConfigError, match=r"block.*60 or more"):
        VolatilityBetaConfig(block=5)


def test_an_implied_volatility_beta_is_near_its_truth():
    rng = np.random.default_rng(39)
    n, count = 800, 30
    market = rng.normal(0, 1e-2, n)
    change = -80.0 * market + rng.normal(0, 0.5, n)  # points: volatility rises when the market falls
    truth = rng.uniform(-3e-3, 3e-3, count)
    assets = 1.2 * market + truth[:, None] * change + rng.normal(0, 5e-3, (count, n))
    given = {f"S{i}": a for i, a in enumerate(assets)}
    level = 100 + np.cumsum(change)
    config = VolatilityBetaConfig(volatility="implied", market=window(700))
    rows = near_the_truth(compute_volatility_beta(given, market, level, config), truth)
    # Without the market in it the slope is the market's: −1.2 / 80 or so, of the wrong sign for half of them.
    alone = compute_market_beta(given, change, window(700))
    off = last_rows(alone)["value"].to_numpy() - truth
    assert (off < -5 * rows["stderr"].to_numpy()).all()


def test_windows_that_overlap_make_changes_that_undo_each_other():
    """Windows of 60 returns every 15: a change goes with −0.4 of the one a window later, which is their own returns.

    The configuration refuses them.
    """
    rng = np.random.default_rng(40)
    n = 200_000
    wander = np.zeros(n)
    shocks = rng.normal(0, 0.3 * np.sqrt(1 - 0.9 ** (2 / 60)), n)
    for t in range(1, n):
        wander[t] = 0.9 ** (1 / 60) * wander[t - 1] + shocks[t]
    squares = np.concatenate([[0.0], np.cumsum((np.exp(wander) * rng.normal(0, 1e-3, n)) ** 2)])

    def undone(step):
        ends = np.arange(60, n + 1, step)
        change = np.diff(np.log(squares[ends] - squares[ends - 60]))
        ahead = 60 // step
        return np.corrcoef(change[ahead:], change[:-ahead])[0, 1]

    assert undone(15) == pytest.approx(-0.38, abs=0.04)
    assert undone(60) > undone(15) + 0.1
    with pytest.raises(ConfigError, match=r"every.*windows that overlap"):
        VolatilityBetaConfig(every=15)
