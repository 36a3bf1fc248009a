"""Every beta against another library or the formula written out, on made returns with holes."""

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from factor_worlds import pair_returns
from statsmodels.regression.rolling import RollingOLS

from tickwright.factors.beta.compute import compute_market_beta
from tickwright.factors.beta.config import MarketBetaConfig

WINDOW, LENGTH = 60, 400
RNG = np.random.default_rng(11)
ASSETS, MARKET, _ = pair_returns(RNG, 2, LENGTH, missing=0.05)


def computed(method, assets=ASSETS, market=MARKET, **changes):
    """{column: (assets, slots)}, NaN where there is no value; and the statuses."""
    settings = {"lookback_length": WINDOW, "min_observations": 20, "method": method, **changes}
    given = {f"S{i}": row for i, row in enumerate(assets)}
    frame = compute_market_beta(given, market, MarketBetaConfig(**settings))
    shape = (len(assets), -1)
    columns = {
        n: frame[n].cast(pl.Float64).fill_null(np.nan).to_numpy().reshape(shape) for n in ("value", "stderr", "r2")
    }
    columns["n_obs"] = frame["n_obs"].to_numpy().reshape(shape)
    return columns, np.array(frame["status"].to_list()).reshape(shape)


def windows(lead=0):
    """(asset, slot, rows of the window) for every slot of which a row may have a value."""
    for i in range(len(ASSETS)):
        for t in range(WINDOW - 1 + lead, LENGTH):
            yield i, t, np.arange(t - WINDOW + 1, t + 1)


@pytest.mark.parametrize("method", ["ols", "two-pass"])
@pytest.mark.parametrize("intercept", [True, False])
def test_ols_is_statsmodels(method, intercept):
    """Every row that has a value is RollingOLS of it, within 1e-9; the rest says why."""
    got, status = computed(method, intercept=intercept)
    for i, y in enumerate(ASSETS):
        there = ~np.isnan(y) & ~np.isnan(MARKET)
        x = sm.add_constant(np.where(there, MARKET, np.nan)) if intercept else np.where(there, MARKET, np.nan)
        fit = RollingOLS(np.where(there, y, np.nan), x, WINDOW, min_nobs=20, missing="drop").fit()
        ok = status[i] == "ok"
        assert ok.sum() > 250
        last = 1 if intercept else 0
        for name, want in (("value", fit.params[:, last]), ("stderr", fit.bse[:, last]), ("r2", fit.rsquared)):
            np.testing.assert_allclose(got[name][i][ok], np.asarray(want)[ok], rtol=1e-9, atol=1e-12, err_msg=name)
        assert (status[i][: WINDOW - 1] == "warmup").all()
        rest = status[i][WINDOW - 1 :]
        assert (rest[np.isnan(MARKET[WINDOW - 1 :])] == "stale_benchmark").all()
        assert (rest[np.isnan(y[WINDOW - 1 :]) & ~np.isnan(MARKET[WINDOW - 1 :])] == "gap").all()


def test_the_fast_form_is_the_slow_one_beside_an_outlier():
    """The error of the fast form next to 0.3 among returns of 1e-4 is that of rounding, in the window and after it.

    (RollingOLS, which adds and subtracts, is off by 1e-8 from there on.) A standard error comes of a difference.
    """
    rng = np.random.default_rng(3)
    market = rng.normal(0, 1e-4, 3000)
    asset = 0.8 * market + rng.normal(0, 1e-4, 3000)
    market[1000], asset[1000] = 0.3, 0.3
    fast, status = computed("ols", asset[None], market, lookback_length=390)
    slow, _ = computed("two-pass", asset[None], market, lookback_length=390)
    ok = status[0] == "ok"
    assert ok.sum() == 3000 - 389
    for name, rtol in (("value", 1e-13), ("stderr", 1e-9)):
        np.testing.assert_allclose(fast[name][0][ok], slow[name][0][ok], rtol=rtol)


def test_ewma_is_statsmodels_wls():
    """Weights exp(−age / τ), τ = W / ln 10⁶; the standard error counts (Σw)² / Σw² observations."""
    got, status = computed("ewma")
    for i, t, rows in windows():
        if status[i, t] != "ok" or t % 7:
            continue
        use = rows[~np.isnan(ASSETS[i][rows]) & ~np.isnan(MARKET[rows])]
        w = np.exp(-(t - use) * np.log(1e6) / WINDOW)
        fit = sm.WLS(ASSETS[i][use], sm.add_constant(MARKET[use]), weights=w).fit()
        effective = w.sum() ** 2 / (w**2).sum()
        scale = np.sqrt((len(use) - 2) / (effective - 2))
        np.testing.assert_allclose(
            [got["value"][i, t], got["stderr"][i, t], got["r2"][i, t]],
            [fit.params[1], fit.bse[1] * scale, fit.rsquared], rtol=1e-9, atol=1e-12,
        )  # fmt: skip
        assert got["n_obs"][i, t] == len(use)


@pytest.mark.parametrize(("lags", "intercept"), [(1, True), (2, True), (3, False)])
def test_dimson_is_statsmodels_ols(lags, intercept):
    """The sum of the coefficients and its standard error, by OLS on the market and its lags."""
    got, status = computed("dimson", lags=lags, intercept=intercept)
    seen = 0
    for i, t, rows in windows(lags):
        if status[i, t] != "ok" or t % 7:
            continue
        x = np.column_stack([MARKET[rows - k] for k in range(lags + 1)])
        use = ~np.isnan(ASSETS[i][rows]) & ~np.isnan(x).any(axis=1)
        fit = sm.OLS(ASSETS[i][rows][use], sm.add_constant(x[use]) if intercept else x[use]).fit()
        ones = np.array([0.0] * intercept + [1.0] * (lags + 1))
        want = [ones @ fit.params, np.sqrt(ones @ fit.cov_params() @ ones), fit.rsquared]
        np.testing.assert_allclose([got[n][i, t] for n in ("value", "stderr", "r2")], want, rtol=1e-9, atol=1e-12)
        seen += 1
    assert seen > 30


def test_scholes_williams_is_three_regressions():
    """(b₋₁ + b₀ + b₊₁) / (1 + 2ρ) from three OLS slopes over the same rows, one slot late; its error that of the IV."""
    assets, market, _ = pair_returns(np.random.default_rng(4), 2, LENGTH, missing=0.05)
    got, status = computed("scholes-williams", assets, market)
    seen = 0
    for i in range(2):
        for t in range(WINDOW + 2, LENGTH, 5):
            if status[i, t] != "ok":
                continue
            rows = np.arange(t - WINDOW, t)
            x = np.column_stack([market[rows - 1], market[rows], market[rows + 1]])
            use = ~np.isnan(assets[i][rows]) & ~np.isnan(x).any(axis=1)
            x, y = x[use], assets[i][rows][use]
            slopes = [sm.OLS(y, sm.add_constant(x[:, k])).fit().params[1] for k in range(3)]
            want = sum(slopes) / (1 + 2 * np.corrcoef(x[:, 0], x[:, 1])[0, 1])
            z = x.sum(axis=1) - x.sum(axis=1).mean()
            b = z @ (y - y.mean()) / (z @ x[:, 1])
            e = y - y.mean() - b * (x[:, 1] - x[:, 1].mean())
            stderr = np.sqrt(e @ e / (len(y) - 2) * (z @ z)) / abs(z @ x[:, 1])
            np.testing.assert_allclose([got["value"][i, t], got["stderr"][i, t]], [want, stderr], rtol=1e-9)
            assert np.isnan(got["r2"][i, t])
            seen += 1
    assert seen > 50


@pytest.mark.parametrize("method", ["realised", "bipower"])
def test_realised_is_its_sum(method):
    """Sums written out, from the first bar of the UTC day; the first day of a run is warm-up."""
    day, bars = 288, 3 * 288
    rng = np.random.default_rng(5)
    assets, market, _ = pair_returns(rng, 1, bars, missing=0.03)
    start = 1_600_041_600 * 10**9  # 2020-09-14 00:00 UTC
    times = start + np.arange(bars) * 300 * 10**9
    given = {"S": pl.DataFrame({"ts_event": times, "return": assets[0]}).fill_nan(None)}
    config = MarketBetaConfig(grid="5min", method=method)
    frame = compute_market_beta(given, pl.DataFrame({"ts_event": times, "return": market}), config)
    assert frame["ts_event"].to_list() == times.tolist()
    status, value, stderr = (frame[name].to_list() for name in ("status", "value", "stderr"))
    assert set(status[: day - 1]) == {"warmup"}
    there = ~np.isnan(assets[0]) & ~np.isnan(market)
    seen = 0
    for t in range(day, bars):
        first = t - t % day
        use = first + np.flatnonzero(there[first : t + 1])
        r, m = assets[0][use], market[use]
        pairs = np.flatnonzero(np.diff(use) == 1)
        counted = len(use) if method == "realised" else min(len(use), len(pairs) + 1)
        if np.isnan(market[t]) or np.isnan(assets[0][t]) or counted < 20:
            assert status[t] == ("stale_benchmark" if np.isnan(market[t]) else "gap" if np.isnan(assets[0][t])
                                 else "insufficient_obs")  # fmt: skip
            continue
        if method == "realised":
            want = (r @ m) / (m @ m)
            x = r * m - want * m * m
            assert stderr[t] == pytest.approx(np.sqrt(max(x @ x - x[pairs] @ x[pairs + 1], 0.0)) / (m @ m), rel=1e-7)
        else:
            bv = {s: (abs(u[1:]) * abs(u[:-1]))[pairs].sum() for s, u in (("+", r + m), ("-", r - m), ("m", m))}
            want = (bv["+"] - bv["-"]) / (4 * bv["m"])
            assert stderr[t] is None
        assert value[t] == pytest.approx(want, rel=1e-9)
        seen += 1
    assert seen > 400


def test_bipower_without_neighbours_has_too_few():
    """Every other bar is missing: pairs enough, and not one that is joined to the one before."""
    times = 1_600_041_600 * 10**9 + np.arange(2 * 288) * 300 * 10**9
    assets, market, _ = pair_returns(np.random.default_rng(5), 1, len(times))
    gone = np.where(np.arange(len(times)) % 2, assets[0], np.nan)
    status = compute_market_beta({"S": pl.DataFrame({"ts_event": times, "return": gone})},
                                 pl.DataFrame({"ts_event": times, "return": market}),
                                 MarketBetaConfig(grid="5min", method="bipower"))["status"]  # fmt: skip
    assert set(status[288:].to_list()) == {"gap", "insufficient_obs"}


def test_bipower_is_not_moved_by_a_jump():
    """One common jump of a hundred standard deviations turns the realised beta to its own slope, alone."""
    rng = np.random.default_rng(6)
    m = rng.normal(0, 1e-3, 2 * 288)
    r = 0.5 * m + rng.normal(0, 1e-4, len(m))
    m[400], r[400] = 0.1, 0.3
    times = 1_600_041_600 * 10**9 + np.arange(len(m)) * 300 * 10**9
    last = {}
    for method in ("realised", "bipower"):
        frame = compute_market_beta({"S": pl.DataFrame({"ts_event": times, "return": r})},
                                    pl.DataFrame({"ts_event": times, "return": m}),
                                    MarketBetaConfig(grid="5min", method=method))  # fmt: skip
        last[method] = frame["value"][-1]
    assert last["realised"] > 2.5
    assert abs(last["bipower"] - 0.5) < 1.0


@pytest.mark.parametrize("shrink", ["blume", "vasicek"])
def test_shrinkage_is_its_formula(shrink):
    assets, market, _ = pair_returns(np.random.default_rng(8), 25, 120, missing=0.03)
    plain, status = computed("ols", assets, market)
    got, shrunk = computed("ols", assets, market, shrink=shrink)
    assert (status == shrunk).all()
    for t in range(WINDOW, 120):
        ok = status[:, t] == "ok"
        b, se = plain["value"][ok, t], plain["stderr"][ok, t]
        if not len(b):
            continue
        if shrink == "blume":
            want, error = 1 / 3 + 2 / 3 * b, 2 / 3 * se
        else:
            assert len(b) >= 20
            spread = max(0.0, b.var(ddof=1) - (se**2).mean())
            w = spread / (spread + se**2)
            want, error = w * b + (1 - w) * b.mean(), np.sqrt(w) * se
        np.testing.assert_allclose(got["value"][ok, t], want, rtol=1e-12)
        np.testing.assert_allclose(got["stderr"][ok, t], error, rtol=1e-12)


def test_vasicek_is_nearer_to_the_truth():
    """Betas drawn with a spread of 0.1, estimated with an error of about 0.3: shrinking takes most away."""
    rng = np.random.default_rng(9)
    betas = rng.normal(1.0, 0.1, 200)
    market = rng.normal(0, 1e-3, WINDOW)
    assets = betas[:, None] * market + rng.normal(0, 2.3e-3, (200, WINDOW))
    plain, _ = computed("ols", assets, market)
    shrunk, _ = computed("ols", assets, market, shrink="vasicek")
    error = {
        name: np.sqrt(((g["value"][:, -1] - betas) ** 2).mean()) for name, g in (("plain", plain), ("shrunk", shrunk))
    }
    assert error["plain"] > 0.25
    assert error["shrunk"] < 0.12


def test_a_small_section_says_so():
    assets, market, _ = pair_returns(np.random.default_rng(8), 5, 80)
    _, status = computed("ols", assets, market, shrink="vasicek")
    assert set(status[:, -1]) == {"insufficient_obs"}


def test_a_basket_leaves_its_own_asset_out():
    """The benchmark of each asset is the mean of the others alone: with itself in it, noise would have a beta."""
    rng = np.random.default_rng(10)
    assets = rng.normal(0, 1e-3, (4, 200))
    got, status = computed("ols", assets, None, benchmark="basket")
    for i in range(4):
        others = np.delete(assets, i, axis=0).mean(axis=0)
        want = [
            np.polyfit(others[t - WINDOW + 1 : t + 1], assets[i, t - WINDOW + 1 : t + 1], 1)[0] for t in range(60, 200)
        ]
        np.testing.assert_allclose(got["value"][i, 60:], want, rtol=1e-9)
    assert (status[:, WINDOW:] == "ok").all()
