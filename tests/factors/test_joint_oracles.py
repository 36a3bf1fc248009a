"""Betas beside the market's: every row is statsmodels on regressors that a slow twin made, within 1e-9."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from joint_twins import (
    blocks,
    changes,
    forecast_errors,
    from_block_to_block,
    lags,
    others,
    regression,
    without_season,
)

from tickwright.app import config_file
from tickwright.core.errors import ConfigError, DataError
from tickwright.core.units import DAY, MINUTE
from tickwright.data.reference.sectors import Sectors, Statement
from tickwright.factors.beta.compute_joint import (
    compute_liquidity_beta,
    compute_sector_beta,
    compute_volatility_beta,
)
from tickwright.factors.beta.config import MarketBetaConfig
from tickwright.factors.beta.factory import BetaFactory
from tickwright.factors.beta.joint_cases import KINDS, joint_configs
from tickwright.factors.beta.liquidity import LiquidityBetaConfig
from tickwright.factors.beta.sector import SectorBetaConfig
from tickwright.factors.beta.volatility import VolatilityBetaConfig
from tickwright.factors.sources.reference import ReferenceSource

START = dt.datetime(2018, 1, 1, tzinfo=dt.UTC)
FIRST = int(START.timestamp()) * 10**9
BARS = 24
HOURLY = MarketBetaConfig(lookback_length=60, min_observations=20, grid="1h", max_stale=2)
SLOTS = MarketBetaConfig(lookback_length=60, min_observations=20)


def holes(rng, values, share=0.05):
    return np.where(rng.random(values.shape) < share, np.nan, values)


def timed(values, length=60 * MINUTE):
    return pl.DataFrame({"ts_event": FIRST + np.arange(len(values)) * length, "return": values})


def in_rows(frame, count):
    """{column: (assets, slots)}, NaN where there is no value; and the statuses."""
    names = ("value", "stderr", "r2", "n_obs", "n_missing")
    told = {n: frame[n].cast(pl.Float64).fill_null(np.nan).to_numpy().reshape(count, -1) for n in names}
    return told, np.array(frame["status"].to_list()).reshape(count, -1)


def agree(told, i, t, fit, weights, rows):
    """The value is a combination of coefficients; its error and the R² are those of the regression."""
    test = fit.t_test(np.asarray(weights, float))
    assert told["value"][i, t] == pytest.approx(float(test.effect.item()), rel=1e-9, abs=1e-12)
    assert told["stderr"][i, t] == pytest.approx(float(test.sd.item()), rel=1e-9)
    assert told["r2"][i, t] == pytest.approx(fit.rsquared, abs=1e-9)
    assert told["n_obs"][i, t] == len(rows)


# ── F7: sector ───────────────────────────────────────────────────────────────────────────────────────────────────

RNG = np.random.default_rng(21)
CODES = np.array([0, 1, 0, 1, 0, 1, 2, 0])
MARKET = holes(RNG, RNG.normal(0, 1e-2, 300), 0.01)
SECTORS = RNG.normal(0, 1e-2, (3, 300))
ASSETS = holes(RNG, np.nan_to_num(MARKET) + 0.7 * SECTORS[CODES] + RNG.normal(0, 1e-2, (8, 300)))
GIVEN = {f"S{i}": row for i, row in enumerate(ASSETS)}
MEMBERS = {f"S{i}": f"sector {code}" for i, code in enumerate(CODES)}
WEIGHTS = {f"S{i}": 1.0 + i for i in range(8)}


@pytest.mark.parametrize(("coefficient", "place"), [("intercept", 0), ("market", 1), ("sector", 2)])
@pytest.mark.parametrize("intercept", [True, False])
def test_sector_is_statsmodels_on_a_residualised_mean_of_the_others(coefficient, place, intercept):
    """r on rₘ and uₛ, uₛ what a regression of the others' mean on rₘ leaves; the one alone in its sector has none."""
    if not intercept and coefficient == "intercept":
        return
    config = SectorBetaConfig(coefficient=coefficient, market=SLOTS.but(intercept=intercept, max_stale=3))
    told, status = in_rows(compute_sector_beta(GIVEN, MARKET, MEMBERS, config, WEIGHTS), 8)
    mean = others(ASSETS, list(WEIGHTS.values()), np.repeat(CODES[:, None], 300, axis=1).tolist())
    seen = 0
    for i in (0, 3, 5, 7):
        for t in range(60, 300, 11):
            if status[i, t] != "ok":
                assert status[i, t] == "gap"
                assert np.isnan(ASSETS[i, t])
                continue
            _, use = regression(ASSETS[i], [MARKET, mean[i]], t, 60, intercept)
            first, _ = regression(mean[i][use], [MARKET[use]], len(use) - 1, len(use), intercept)
            fit, _ = regression(ASSETS[i][use], [MARKET[use], first.resid], len(use) - 1, len(use), intercept)
            chosen = np.eye(3)[place] if intercept else np.eye(2)[place - 1]
            agree(told, i, t, fit, chosen, use)
            if coefficient == "sector":  # Frisch and Waugh: the same as the joint regression's on the mean itself
                joint, _ = regression(ASSETS[i], [MARKET, mean[i]], t, 60, intercept)
                assert told["value"][i, t] == pytest.approx(joint.params[-1], rel=1e-9)
                assert told["stderr"][i, t] == pytest.approx(joint.bse[-1], rel=1e-9)
            seen += 1
    assert seen > 60
    assert set(status[6, 60:]) == {"stale_benchmark"}


def test_sector_membership_is_as_of_each_slot():
    """A move that was announced late counts from the day on which it was known, and not before."""
    day = START.date()
    moved = day + dt.timedelta(150)
    said = [Statement(s, f"sector {c}", day, None, day) for s, c in zip(GIVEN, CODES, strict=True)]
    said.append(Statement("S2", "sector 1", day + dt.timedelta(100), None, moved))
    frames = {s: timed(r, DAY) for s, r in GIVEN.items()}
    config = SectorBetaConfig(market=SLOTS.but(grid="1d", max_stale=3))
    frame = compute_sector_beta(frames, timed(MARKET, DAY), ReferenceSource(_sectors(said)), config)
    told, status = in_rows(frame, 8)
    codes = np.repeat(CODES[:, None], 300, axis=1)
    codes[2, 150:] = 1
    mean = others(ASSETS, np.ones(8), codes.tolist())
    for i, t in ((2, 149), (2, 180), (0, 160), (1, 160), (1, 299), (3, 170)):
        if status[i, t] == "ok":
            fit, use = regression(ASSETS[i], [MARKET, mean[i]], t, 60)
            assert told["value"][i, t] == pytest.approx(fit.params[2], rel=1e-9)
            assert told["n_obs"][i, t] == len(use)
    before, _ = in_rows(
        compute_sector_beta(frames, timed(MARKET, DAY), ReferenceSource(_sectors(said[:-1])), config), 8
    )
    assert np.array_equal(before["value"][:, :150], told["value"][:, :150], equal_nan=True)
    assert not np.array_equal(before["value"][2, 150:], told["value"][2, 150:], equal_nan=True)


def _sectors(said):
    return Sectors(tuple(said))


# ── F8: liquidity ────────────────────────────────────────────────────────────────────────────────────────────────

DAYS = 16
LENGTH = DAYS * BARS
FEW = 4
DRAW = np.random.default_rng(22)
PATTERN = np.sin(np.arange(LENGTH) % BARS / BARS * 2 * np.pi)
COMMON = np.cumsum(DRAW.normal(0, 0.1, LENGTH))
DEPTH = holes(DRAW, np.exp(8 + PATTERN + 0.3 * COMMON + DRAW.normal(0, 0.2, (FEW, LENGTH))), 0.03)
HOUR_MARKET = holes(DRAW, DRAW.normal(0, 1e-3, LENGTH), 0.01)
HOUR_ASSETS = holes(DRAW, np.nan_to_num(HOUR_MARKET) + DRAW.normal(0, 1e-3, (FEW, LENGTH)), 0.03)
# Returns within a UTC day begin with its second bar.
HOUR_MARKET[::BARS] = np.nan
HOUR_ASSETS[:, ::BARS] = np.nan
SEASON = {"season_sessions": 5, "min_sessions": 2}


def liquid(assets=HOUR_ASSETS, market=HOUR_MARKET, levels=DEPTH, **settings):
    config = LiquidityBetaConfig(**{**SEASON, "market": HOURLY, **settings})
    names = [f"S{i}" for i in range(len(assets))]
    given = {s: timed(r) for s, r in zip(names, assets, strict=True)}
    told = {s: timed(r).rename({"return": "level"}) for s, r in zip(names, levels, strict=True)}
    frame = compute_liquidity_beta(given, timed(market), told, config)
    return in_rows(frame, len(assets))


def level_of(measure):
    if measure == "depth":
        return np.log(DEPTH)
    return DEPTH if measure == "spread" else np.abs(HOUR_ASSETS) / DEPTH * 1e6


def shocks_of(measure, shock, scale=1.0):
    level = without_season(scale * level_of(measure), BARS, 5, 2)
    if shock == "change":
        own = changes(level, BARS)
        return own, others(own, np.ones(FEW))
    return tuple(forecast_errors(v, 60, 30, BARS) for v in (level, others(level, np.ones(FEW))))


def checked(status, told, i, fit_of):
    """Compare every seventh row; answers how many."""
    seen = 0
    for t in range(status.shape[1] - 3 * BARS - 1, status.shape[1]):
        if status[i, t] == "ok":
            fit_of(i, t)
            seen += 1
    return seen


@pytest.mark.parametrize("shock", ["change", "ar2"])
@pytest.mark.parametrize("measure", ["depth", "spread", "illiquidity"])
def test_liquidity_is_statsmodels_on_precomputed_shocks(measure, shock):
    own, market = shocks_of(measure, shock)
    del own
    told, status = liquid(measure=measure, shock=shock)
    both = {c: liquid(measure=measure, shock=shock, coefficient=c)[0] for c in ("market", "intercept")}

    def compare(i, t):
        fit, use = regression(HOUR_ASSETS[i], [HOUR_MARKET, market[i]], t, 60)
        agree(told, i, t, fit, [0, 0, 1], use)
        agree(both["market"], i, t, fit, [0, 1, 0], use)
        agree(both["intercept"], i, t, fit, [1, 0, 0], use)

    assert sum(checked(status, told, i, compare) for i in range(FEW)) > 150


@pytest.mark.parametrize(("coefficient", "weights"), [
    ("same", [0, 1, 0]), ("lag", [0, 0, 1]), ("sum", [0, 1, 1]), ("intercept", [1, 0, 0]),
])  # fmt: skip
def test_commonality_is_statsmodels_on_the_shock_of_the_others_and_its_lag(coefficient, weights):
    own, market = shocks_of("depth", "change")
    lagged = lags(market, BARS)
    told, status = liquid(model="commonality", coefficient=coefficient)

    def compare(i, t):
        fit, use = regression(own[i], [market[i], lagged[i]], t, 60)
        agree(told, i, t, fit, weights, use)

    assert sum(checked(status, told, i, compare) for i in range(FEW)) > 150


def test_four_betas_are_their_covariances_and_errors_are_sandwiches():
    """Each is cov / var(m − k), which no library has under this name; its error is that of a slope on w with HC0.

    β1 + β2 − β3 − β4 is the net beta, which is also the slope of r − c on m − k.
    """
    scale = 1e-7
    own, market = shocks_of("spread", "ar2", scale)
    told = {}
    for name in ("beta1", "beta2", "beta3", "beta4", "net"):
        told[name], status = liquid(
            model="acharya-pedersen", measure="spread", shock="ar2", coefficient=name, cost_scale=scale
        )
    seen = 0
    for i in range(FEW):
        for t in range(LENGTH - 80, LENGTH):
            if status[i, t] != "ok":
                continue
            r, m, c, k = HOUR_ASSETS[i], HOUR_MARKET, own[i], market[i]
            fit, use = regression(r - c, [m - k], t, 60)
            r, m, c, k = (v[use] - v[use].mean() for v in (r, m, c, k))
            variance = ((m - k) ** 2).mean()
            want = {"beta1": (r * m), "beta2": (c * k), "beta3": (r * k), "beta4": (c * m)}
            for name, product in want.items():
                b = product.mean() / variance
                assert told[name]["value"][i, t] == pytest.approx(b, rel=1e-9, abs=1e-13)
                error = np.sqrt(((product - b * (m - k) ** 2) ** 2).sum()) / (len(use) * variance)
                assert told[name]["stderr"][i, t] == pytest.approx(error, rel=1e-9)
            assert told["net"]["value"][i, t] == pytest.approx(fit.params[1], rel=1e-9)
            assert told["net"]["stderr"][i, t] == pytest.approx(fit.get_robustcov_results("HC0").bse[1], rel=1e-9)
            total = sum(sign * told[n]["value"][i, t] for n, sign in zip(want, (1, 1, -1, -1), strict=True))
            assert told["net"]["value"][i, t] == pytest.approx(total, rel=1e-9)
            assert np.isnan(told["net"]["r2"][i, t])
            seen += 1
    assert seen > 150


# ── F9: volatility ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("overnight", "every"), [(True, 60), (False, 60), (True, 70)])
def test_realised_volatility_is_statsmodels_on_blocks(overnight, every):
    """Blocks of 60 of the 144 ten-minute bars of a day, less their time-of-day mean, from block to block."""
    bars, days, length = 144, 24, 60
    rng = np.random.default_rng(23)
    market = holes(rng, rng.normal(0, 1e-3, bars * days) * np.repeat(np.exp(rng.normal(0, 0.4, 6 * days)), 24), 0.005)
    asset = holes(rng, 0.8 * np.nan_to_num(market) + rng.normal(0, 1e-3, bars * days), 0.005)
    if not overnight:
        market[::bars] = asset[::bars] = np.nan
    usual = MarketBetaConfig(
        lookback_length=16, min_observations=8, min_nonzero_x=3, grid="10min", overnight=overnight, max_stale=1
    )
    config = VolatilityBetaConfig(every=every, min_in_block=57, season_sessions=6, min_sessions=2, market=usual)
    given = [timed(v, 10 * MINUTE) for v in (asset, market)]
    told, status = in_rows(compute_volatility_beta({"S": given[0]}, given[1], None, config), 1)
    # A row without a number leaves the next return as it is: two ends of a block are not compared across a session.
    y, x, v = blocks(asset, bars, length, every, 57)[0], *blocks(market, bars, length, every, 57)
    v = without_season(v[None], bars, 6, 2)[0]
    change = from_block_to_block(v, max(every, bars - every) if overnight else every)
    if not overnight:
        first = np.arange(bars * days) % bars < length
        change[first] = np.nan
    sessions = 8 if overnight else 16
    seen = 0
    for t in range(bars * (sessions + 7), bars * days, 5):
        if status[0, t] != "ok":
            continue
        fit, use = regression(y, [x, change], t, sessions * bars)
        agree(told, 0, t, fit, [0, 0, 1], use)
        assert told["n_missing"][0, t] == 16 - len(use)
        seen += 1
    assert seen > 15


def test_implied_volatility_is_statsmodels_on_its_changes():
    rng = np.random.default_rng(24)
    level = holes(rng, 20 * np.exp(np.cumsum(rng.normal(0, 0.05, 300))), 0.02)
    change = changes(level[None])[0]
    config = VolatilityBetaConfig(volatility="implied", market=SLOTS.but(max_stale=2))
    told, status = in_rows(compute_volatility_beta(GIVEN, MARKET, level, config), 8)
    seen = 0
    for i in range(8):
        for t in range(60, 300, 7):
            if status[i, t] == "ok":
                fit, use = regression(ASSETS[i], [MARKET, change], t, 60)
                agree(told, i, t, fit, [0, 0, 1], use)
                seen += 1
    assert seen > 200


# ── what is refused, and what says why it is not there ───────────────────────────────────────────────────────────


def test_what_configurations_refuse():
    within = MarketBetaConfig(grid="1min", session="XNYS")
    for words, make in (
        ("kind", lambda: SectorBetaConfig(kind="liquidity")),
        ("market.method", lambda: SectorBetaConfig(market=MarketBetaConfig(method="ewma"))),
        ("market.shrink", lambda: VolatilityBetaConfig(market=MarketBetaConfig(shrink="blume"))),
        ("coefficient.*sector, market, intercept", lambda: SectorBetaConfig(coefficient="lag")),
        ("min_others", lambda: SectorBetaConfig(min_others=0)),
        ("min_own_share", lambda: SectorBetaConfig(min_own_share=1.0)),
        ("model", lambda: LiquidityBetaConfig(model="magic")),
        ("coefficient", lambda: LiquidityBetaConfig(model="commonality", coefficient="liquidity")),
        ("measure", lambda: LiquidityBetaConfig(measure="feeling")),
        ("measure.*a cost", lambda: LiquidityBetaConfig(model="acharya-pedersen")),
        ("market.intercept", lambda: LiquidityBetaConfig(
            model="acharya-pedersen", measure="spread", market=MarketBetaConfig(intercept=False))),
        ("cost_scale.*nothing", lambda: LiquidityBetaConfig(cost_scale=1.0)),
        ("cost_scale", lambda: LiquidityBetaConfig(model="acharya-pedersen", measure="spread", cost_scale=0.0)),
        ("shock", lambda: LiquidityBetaConfig(shock="therapy")),
        ("ar_window", lambda: LiquidityBetaConfig(ar_window=3)),
        ("season_sessions.*no times of day", lambda: LiquidityBetaConfig(season_sessions=5)),
        ("min_sessions", lambda: LiquidityBetaConfig(season_sessions=5, min_sessions=6, market=within)),
        ("volatility", lambda: VolatilityBetaConfig(volatility="guessed")),
        ("block.*60 or more", lambda: VolatilityBetaConfig(block=59)),
        ("every.*windows that overlap", lambda: VolatilityBetaConfig(block=60, every=15)),
        ("block.*two blocks fit into the 390", lambda: VolatilityBetaConfig(block=200, market=within)),
        ("min_in_block", lambda: VolatilityBetaConfig(min_in_block=61)),
        ("min_in_block.*48 or more", lambda: VolatilityBetaConfig(min_in_block=47)),
        ("min_in_block.*16 or more", lambda: VolatilityBetaConfig(volatility="implied", block=20, min_in_block=15)),
        ("market.winsor.*shocks", lambda: LiquidityBetaConfig(
            model="commonality", market=MarketBetaConfig(winsor=0.1))),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match=words):
            make()


def test_what_computing_refuses():
    sector, implied = SectorBetaConfig(market=SLOTS), VolatilityBetaConfig(volatility="implied", market=SLOTS)
    levels = {s: np.ones(300) for s in GIVEN}
    depth = LiquidityBetaConfig(market=SLOTS)
    for error, words, call in (
        (ConfigError, "levels.*volatility", lambda: compute_volatility_beta(GIVEN, MARKET, None, implied)),
        (ConfigError, "not the symbols", lambda: compute_liquidity_beta(GIVEN, MARKET, {"S0": MARKET}, depth)),
        (ConfigError, "299 rows", lambda: compute_volatility_beta(GIVEN, MARKET, np.ones(299), implied)),
        (ConfigError, "299 rows",
         lambda: compute_liquidity_beta(GIVEN, MARKET, {**levels, "S1": np.ones(299)}, depth)),
        (DataError, "is not negative", lambda: compute_volatility_beta(GIVEN, MARKET, -np.ones(300), implied)),
        (ConfigError, "benchmark returns", lambda: compute_sector_beta(GIVEN, None, MEMBERS, sector)),
        (ConfigError, "a mapping, for rows that are numbered",
         lambda: compute_sector_beta(GIVEN, MARKET, ReferenceSource(_sectors([])), sector)),
        (ConfigError, "sectors: got 'T9', expected symbols of the returns",
         lambda: compute_sector_beta(GIVEN, MARKET, {**MEMBERS, "T9": "x"}, sector)),
        (ConfigError, "weight of S1", lambda: compute_sector_beta(GIVEN, MARKET, MEMBERS, sector, {"S0": 1.0})),
    ):  # fmt: skip
        with pytest.raises(error, match=words):
            call()


@pytest.mark.parametrize("none", ["", None, "left out"])
def test_a_symbol_without_a_sector_is_in_none(none):
    """Two of them are not each other's sector, and those of a sector are as if they were not there."""
    loose = dict.fromkeys(("S6", "S7"), none) if none != "left out" else {}
    inside = {name: sector for name, sector in MEMBERS.items() if name not in ("S6", "S7")}
    config = SectorBetaConfig(market=SLOTS)
    rows = compute_sector_beta(GIVEN, MARKET, {**inside, **loose}, config)
    alone = compute_sector_beta({name: GIVEN[name] for name in inside}, MARKET, inside, config)
    of = lambda frame, names: frame.filter(pl.col("symbol").cast(str).is_in(names))  # noqa: E731
    assert of(rows, ["S6", "S7"])["value"].null_count() == 600
    assert of(rows, list(inside))["value"].to_list() == alone["value"].to_list()
    assert alone["value"].null_count() < len(alone) / 2


def test_a_realised_variance_is_of_so_many_returns_and_not_slots():
    """Thirty returns over two bars cover sixty slots, and are thirty: too few for a block of sixty."""
    rng = np.random.default_rng(31)
    usual = MarketBetaConfig(
        lookback_length=8, min_observations=4, min_nonzero_x=3, grid="10min", overnight=True, max_gap=2
    )
    config = VolatilityBetaConfig(min_in_block=48, season_sessions=0, market=usual)
    asset, market = (timed(values, 10 * MINUTE) for values in rng.normal(0, 1e-3, (2, 144 * 12)))
    whole = compute_volatility_beta({"S": asset}, market, None, config)
    halved = compute_volatility_beta({"S": asset[1::2]}, market[1::2], None, config)
    assert "ok" in whole["status"].to_list()
    assert "ok" not in halved["status"].to_list()


def test_statuses_of_two_regressors_say_why_there_is_no_value():
    """A sector that is the market but for 1 % of its variance, one that stands still, none, too few, no freedom."""
    rng = np.random.default_rng(25)
    market = rng.normal(0, 1e-2, 200)
    asset = market + rng.normal(0, 1e-2, 200)

    def last(level, config=SLOTS, asset=asset):
        made = VolatilityBetaConfig(volatility="implied", market=config)
        return set(compute_volatility_beta({"S": asset}, market, level, made)["status"].to_list()[120:])

    own = rng.normal(0, 1e-2, 200)
    alike = lambda share: 10 + np.cumsum(market + np.sqrt(share / (1 - share)) * own)  # noqa: E731
    assert last(alike(0.012)) == {"collinear"}
    assert last(alike(0.04)) == {"ok"}
    assert last(np.full(200, 15.0)) == {"zero_variance"}
    assert last(np.full(200, np.nan)) == {"stale_benchmark"}
    assert last(alike(0.5), asset=np.full(200, np.nan)) == {"gap"}
    assert last(alike(0.5), asset=np.zeros(200)) == {"zero_variance"}
    assert last(np.where(np.arange(200) % 3, alike(0.5), np.nan), SLOTS.but(min_observations=40, max_stale=3)) == {
        "insufficient_obs"
    }
    tiny = MarketBetaConfig(lookback_length=3, min_observations=3, min_nonzero_x=1)
    assert last(alike(0.5), tiny) == {"insufficient_obs"}


@pytest.mark.parametrize("config", joint_configs(), ids=lambda c: f"{c.kind}-{c.coefficient}")
def test_configurations_go_to_a_file_and_back(tmp_path, config):
    """As written the file names its kind; every field comes back as it was resolved."""
    file = tmp_path / "beta.toml"
    file.write_text(config_file.to_toml(config))
    table = config_file.read(file)
    assert KINDS[table["kind"]] is type(config)
    assert config_file.build(type(config), table) == config
    assert BetaFactory(config_file.build(type(config), table)).factor_id == BetaFactory(config).factor_id
