"""Made markets for the tests of factors, and a user's own factor that joins two betas."""

from dataclasses import dataclass

import numpy as np

from tickwright.core.kernel import inline
from tickwright.core.layout import F8, I8
from tickwright.core.tables import BAR
from tickwright.core.units import MINUTE
from tickwright.factors.factor import Factor
from tickwright.factors.records import Estimate, Sample, Status
from tickwright.factors.registry import register

OK, FEW = int(Status.OK), int(Status.INSUFFICIENT_OBS)
START = 1_518_791_400 * 10**9
"""2018-02-16 14:30 UTC, the open of XNYS."""


@dataclass(frozen=True, slots=True)
class BlendConfig:
    """`share` of the first, the rest of the second."""

    share: F8


@inline(borrow=True)
def blend(config, state, ring, x, out):
    out.status = x.first.status if x.first.status != OK else x.second.status
    if out.status == OK:
        out.value = config.share * x.first.value + (1.0 - config.share) * x.second.value
        out.stderr = max(x.first.stderr, x.second.stderr)


@dataclass(frozen=True, slots=True)
class FellConfig:
    """Slots of the window, and falls of the market that it must hold."""

    window: I8
    least: I8


@inline(borrow=True)
def fell(config, state, ring, x, out):
    """The mean return of the asset on bars on which the market fell."""
    at = 2 * (x.slot % config.window)
    there = x.asset.status == OK and x.market.status == OK and x.market.value < 0.0
    ring[at], ring[at + 1] = (x.asset.value, 1.0) if there else (0.0, 0.0)
    total = n = 0.0
    for age in range(config.window):
        k = 2 * ((x.slot - age) % config.window)
        total, n = total + ring[k], n + ring[k + 1]
    out.n_obs, out.status = int(n), FEW if x.asset.status == OK else x.asset.status
    if n >= config.least and x.asset.status == OK:
        out.value, out.status, out.absent = total / n, OK, 6


def one(config):
    return 1


def window(config):
    return int(config.window)


def pairs(config):
    return 2 * int(config.window)


BLEND = register(Factor("test.blend", 1, blend, BlendConfig, {"first": Estimate, "second": Estimate}, one), __name__)
PAIR = {"asset": Sample, "market": Sample}
FELL = register(Factor("test.fell", 1, fell, FellConfig, PAIR, window, ring=pairs), __name__)


def pair_returns(rng, count, length, missing=0.0):
    """(asset returns (count, length), market returns, true betas); NaN is missing."""
    betas = rng.uniform(0.4, 1.6, count)
    market = rng.normal(0, 1e-3, length)
    assets = betas[:, None] * market + rng.normal(0, 1e-3, (count, length))
    assets[rng.random(assets.shape) < missing] = np.nan
    market = np.where(rng.random(length) < missing, np.nan, market)
    return assets, market, betas


def bars(rng, slots, missing=0.05, duplicates=0.02):
    """Minute bars on slots of a clock, some missing, some twice with another close."""
    kept = slots[rng.random(len(slots)) >= missing]
    kept = np.sort(np.concatenate([kept, kept[rng.random(len(kept)) < duplicates]]))
    rows = np.zeros(len(kept), BAR)
    rows["ts_event"] = kept * MINUTE
    rows["close"] = np.maximum(10_000 + np.cumsum(rng.integers(-9, 10, len(kept))), 100)
    return rows


def stamped(rng, rows, late=0.02):
    """Columns with `ts_available`: most at the end of the bar, some minutes later; in the order of being known."""
    known = rows["ts_event"] + MINUTE
    behind = rng.random(len(rows)) < late
    known = known + np.where(behind, rng.integers(1, 4 * MINUTE, len(rows)), 0)
    order = np.argsort(known, kind="stable")
    return {"ts_event": rows["ts_event"][order], "close": rows["close"][order], "ts_available": known[order]}
