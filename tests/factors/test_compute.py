"""`compute_market_beta`: every shape of input, bad input by name, the configuration, recorded prices, memory."""

import datetime as dt
import io
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from factor_worlds import pair_returns
from statsmodels.regression.rolling import RollingOLS

from tickwright.app import config_file
from tickwright.core.errors import BenchmarkError, ConfigError, DataError, UsageError
from tickwright.core.units import DAY, MINUTE, SECOND
from tickwright.factors.beta.compute import compute_market_beta, returns_at_hand
from tickwright.factors.beta.compute_joint import compute_liquidity_beta, compute_sector_beta, compute_volatility_beta
from tickwright.factors.beta.config import MarketBetaConfig
from tickwright.factors.beta.factory import BetaFactory
from tickwright.factors.beta.liquidity import LiquidityBetaConfig
from tickwright.factors.beta.sector import SectorBetaConfig
from tickwright.factors.beta.volatility import VolatilityBetaConfig
from tickwright.factors.own import FactorConfig
from tickwright.factors.rows import SCHEMA
from tickwright.factors.sources.returns import ReturnSource
from tickwright.factors.stream import Stream
from tickwright.factors.tick.config import TickBetaConfig

ASSETS, MARKET, _ = pair_returns(np.random.default_rng(1), 2, 120, missing=0.05)
SLOTS = MarketBetaConfig(lookback_length=40, min_observations=20)
DAILY = replace(SLOTS, grid="1d")
FIRST = dt.date(2018, 1, 1)
TIMES = ((FIRST - dt.date(1970, 1, 1)).days + np.arange(120)) * DAY
FIGURES = ("symbol", "value", "stderr", "r2", "n_obs", "n_missing", "status")


def same(frame, other):
    assert frame.select(FIGURES).equals(other.select(FIGURES))


def test_arrays_series_and_frames_of_every_shape_agree():
    arrays = {"A": ASSETS[0], "B": ASSETS[1]}
    numbered = compute_market_beta(arrays, MARKET, SLOTS)
    assert numbered.columns == list(SCHEMA)
    assert numbered["ts_event"].to_list() == [*range(120), *range(120)]
    assert (numbered["status"] == "ok").sum() > 100
    assert numbered.filter(pl.col("status") != "ok")["value"].null_count() == (numbered["status"] != "ok").sum()
    same(numbered, compute_market_beta({k: pl.Series(v) for k, v in arrays.items()}, pl.Series(MARKET), SLOTS))
    same(numbered, compute_market_beta({k: pd.Series(v) for k, v in arrays.items()}, pd.Series(MARKET), SLOTS))
    dates = [FIRST + dt.timedelta(k) for k in range(120)]
    wide = pl.DataFrame({"date": dates, **arrays})
    market = pl.DataFrame({"date": dates, "m": MARKET})
    timed = compute_market_beta(wide, market, DAILY)
    same(numbered, timed)
    assert timed["ts_event"].to_list() == [*TIMES, *TIMES]
    assert timed["ts_available"].to_list() == [*(TIMES + DAY), *(TIMES + DAY)]
    long = wide.unpivot(index="date", variable_name="symbol", value_name="return")
    indexed = pd.Series(MARKET, pd.DatetimeIndex(dates))
    for assets in (wide.to_pandas(), wide.sample(fraction=1.0, shuffle=True, seed=1), long, long.to_pandas(),
                   pd.DataFrame(arrays, index=pd.DatetimeIndex(dates)),
                   {k: pd.Series(v, pd.DatetimeIndex(dates)) for k, v in arrays.items()}):  # fmt: skip
        assert compute_market_beta(assets, indexed, DAILY).equals(timed)


def test_bad_input_has_a_name():
    good = {"A": ASSETS[0]}
    frame = pl.DataFrame({"ts_event": TIMES, "return": ASSETS[0]})
    basket, by_session = replace(SLOTS, benchmark="basket"), replace(DAILY, session="XNYS")
    infinite = ASSETS[0].copy()
    infinite[7] = np.inf
    kept = pd.Series(ASSETS[0], np.arange(5, 125))
    lettered = pd.DataFrame({"A": [0.1, 0.2]}, index=["a", "b"])
    long = pl.DataFrame({"symbol": ["A"] * 120 + ["B"] * 119, "return": [*ASSETS[0], *ASSETS[1][1:]]})
    texts = pl.DataFrame({"ts_event": ["2018-01-01"] * 120, "return": ASSETS[0]})
    for error, words, call in (
        (DataError, "row 7 is infinite", lambda: compute_market_beta({"A": infinite}, MARKET, SLOTS)),
        (ConfigError, "benchmark returns", lambda: compute_market_beta(good, None, SLOTS)),
        (ConfigError, "none: the benchmark", lambda: compute_market_beta(good, MARKET, basket)),
        (ConfigError, "have no times", lambda: compute_market_beta(good, MARKET, DAILY)),
        (ConfigError, "have times", lambda: compute_market_beta({"A": frame}, frame, SLOTS)),
        (ConfigError, "asset returns", lambda: compute_market_beta({}, MARKET, SLOTS)),
        (ConfigError, "asset returns", lambda: compute_market_beta(3, MARKET, SLOTS)),
        (ConfigError, "one dimension", lambda: compute_market_beta({"A": ASSETS}, MARKET, SLOTS)),
        (ConfigError, "120 of A, 119 of market", lambda: compute_market_beta(good, MARKET[1:], SLOTS)),
        (ConfigError, "120 of A, 9 of B", lambda: compute_market_beta({**good, "B": ASSETS[1][:9]}, MARKET, SLOTS)),
        (ConfigError, "int64, 5 to 124", lambda: compute_market_beta({"A": kept}, MARKET, SLOTS)),
        (ConfigError, "all assets.* a to b", lambda: compute_market_beta(lettered, MARKET[:2], SLOTS)),
        (ConfigError, "120 of A, 119 of B", lambda: compute_market_beta(long, MARKET, SLOTS)),
        (ConfigError, "times of A", lambda: compute_market_beta(good, frame, DAILY)),
        (DataError, "ts_event: the text '2018-01-01'", lambda: compute_market_beta({"A": texts}, frame, DAILY)),
        (DataError, "two of one slot", lambda: compute_market_beta({"A": frame.vstack(frame[3:4])}, frame, DAILY)),
        (DataError, "lie in no session", lambda: compute_market_beta({"A": frame}, frame, by_session)),
    ):  # fmt: skip
        with pytest.raises(error, match=words):
            call()


def test_numbered_times_pair_series_of_different_lengths():
    """Rows that bear numbers lie where they say, whatever came before them."""
    frame = pl.DataFrame({"ts_event": np.arange(120), "return": ASSETS[0]})
    base = pl.DataFrame({"ts_event": np.arange(120), "return": MARKET})
    short = compute_market_beta({"A": frame[30:]}, base, SLOTS)
    padded = np.where(np.arange(120) < 30, np.nan, ASSETS[0])
    same(short, compute_market_beta({"A": padded}, MARKET, SLOTS))


@pytest.mark.parametrize("span", [1, 2])
def test_a_return_after_absent_rows_spans_them(span):
    """A day that is not in the frame: the return after it is over two bars, a gap or paired with such a one alone."""
    config = replace(DAILY, min_nonzero_x=1, max_gap=span)
    asset, market = pair_returns(np.random.default_rng(4), 1, 120)[:2]
    whole = pl.DataFrame({"ts_event": TIMES, "return": asset[0]})
    base = pl.DataFrame({"ts_event": TIMES, "return": market})
    without = pl.concat([whole[:80], whole[81:]])
    rows = compute_market_beta({"A": without}, base, config)
    assert rows["status"].to_list()[79:83] == ["ok", "gap", "gap" if span == 1 else "ok", "ok"]
    assert rows["n_obs"].to_list()[79:83] == [40, 39, 38, 38]
    both = compute_market_beta({"A": without}, pl.concat([base[:80], base[81:]]), config)
    assert both["n_obs"].to_list()[79:82] == ([40, 38, 38] if span == 1 else [40, 39, 39])


@pytest.mark.parametrize("overnight", [None, False])
@pytest.mark.parametrize("span", [1, 2, 31])
def test_rows_with_numbers_have_the_gaps_of_rows_with_dates(span, overnight):
    """Thirty numbers that nobody has: the return after them is over 31 bars, whatever the rows are counted in."""
    kept = np.array([k for k in range(120) if not 50 <= k < 80])
    asset, market = pair_returns(np.random.default_rng(6), 1, 120)[:2]

    def rows(times, config):
        frames = [pl.DataFrame({"ts_event": times, "return": values[kept]}) for values in (asset[0], market)]
        return compute_market_beta({"A": frames[0]}, frames[1], config)

    config = replace(SLOTS, max_gap=span, max_stale=40, lookback_length=60, overnight=overnight)
    numbered, dated = rows(kept, config), rows(kept * DAY, replace(config, grid="1d", overnight=None))
    after = numbered.filter(pl.col("ts_event") == 80).row(0, named=True)
    assert after["status"] == ("gap" if span < 31 else "ok")
    same(numbered, dated)


def test_the_first_bar_of_a_session_may_have_no_row():
    """Returns that do not cross the night begin with the second bar: it spans one bar, not the first one's too."""
    opens = np.datetime64("2018-05-01T13:30", "ns").astype(np.int64) + np.arange(3)[:, None] * DAY
    times = (opens + np.arange(1, 13) * 30 * 60 * 10**9).ravel()
    asset, market = pair_returns(np.random.default_rng(5), 1, len(times))[:2]
    config = MarketBetaConfig(lookback_length=26, min_observations=20, grid="30min", session="XNYS")
    frames = [pl.DataFrame({"ts_event": times, "return": values}) for values in (asset[0], market)]
    rows = compute_market_beta({"A": frames[0]}, frames[1], config)
    assert rows["status"].to_list()[-10:] == ["ok"] * 10
    assert rows["n_obs"][-1] == 24


def test_statuses_say_why_there_is_no_value():
    """A benchmark that stands still, one that is gone, an asset that stands still, a universe of one, a thin window."""
    still, gone = np.zeros(120), np.full(120, np.nan)
    config = replace(SLOTS, min_observations=40)

    def last(assets, market, config=SLOTS):
        return set(compute_market_beta(assets, market, config)["status"].to_list()[40:])

    full, _, _ = pair_returns(np.random.default_rng(2), 1, 120)
    market = np.random.default_rng(3).normal(0, 1e-3, 120)
    assert last({"A": full[0]}, still) == {"zero_variance"}
    assert last({"A": full[0]}, np.full(120, 1e-3)) == {"zero_variance"}
    assert last({"A": full[0]}, gone) == {"stale_benchmark"}
    assert last({"A": still}, market) == {"zero_variance"}
    assert last({"A": gone}, market) == {"gap"}
    assert last({"A": full[0]}, None, replace(SLOTS, benchmark="basket")) == {"stale_benchmark"}
    assert "insufficient_obs" in last({"A": ASSETS[0]}, MARKET, config)
    seldom = np.where(np.arange(120) % 10 == 0, market, 0.0)
    assert last({"A": full[0]}, seldom) == {"zero_variance"}
    assert last({"A": full[0]}, market, replace(SLOTS, method="dimson")) == {"ok"}
    few = MarketBetaConfig(lookback_length=5, min_observations=3, min_nonzero_x=1, method="dimson", lags=4)
    assert last({"A": full[0]}, market, few) == {"insufficient_obs"}
    alternating = np.where(np.arange(120) % 2 == 0, 1e-3, -1e-3)
    assert last({"A": full[0]}, alternating, replace(SLOTS, method="dimson")) == {"collinear"}
    assert last({"A": full[0]}, alternating, replace(SLOTS, method="scholes-williams")) == {"collinear", "warmup"}


def test_the_configuration_is_validated_and_goes_to_a_file_and_back(tmp_path):
    for name, value in (
        ("min_observations", 253), ("lookback_length", 2), ("grid", "fortnight"), ("method", "magic"), ("shrink", "x"),
        ("max_gap", 0), ("var_floor", -1.0), ("winsor", float("nan")), ("min_nonzero_x", 0), ("session", "XXXX"),
        ("benchmark", ""), ("lags", 6), ("max_stale", 252), ("lookback_length", True), ("grid", None), ("grid", 60),
        ("intercept", "no"), ("intercept", 1), ("overnight", "no"), ("auction", "no"), ("benchmark", 3),
        ("benchmark_session", 3), ("method", None), ("shrink", ["blume"]),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match=name if name != "session" else "calendar"):
            MarketBetaConfig(**{name: value})
    with pytest.raises(ConfigError, match="lookback_length"):
        MarketBetaConfig(method="realised", grid="5min", lookback_length=20)
    with pytest.raises(ConfigError, match=r"min_observations.*30.*at most lookback_length, 24"):
        MarketBetaConfig(lookback_length=24)
    for changes in ({"min_nonzero_x": 25}, {"lookback_length": 8, "min_observations": 5}):  # 10, which is the default
        with pytest.raises(ConfigError, match=r"min_nonzero_x.*(25|10).*at most lookback_length, (24|8)"):
            MarketBetaConfig(**{"lookback_length": 24, "min_observations": 12, **changes})
    for method in ("scholes-williams", "realised", "bipower"):
        with pytest.raises(ConfigError, match="intercept"):
            MarketBetaConfig(method=method, grid="5min", intercept=False)
    with pytest.raises(ConfigError, match="shrink"):
        MarketBetaConfig(method="bipower", grid="5min", shrink="vasicek")
    config = MarketBetaConfig(lookback_length=60, grid="1min", session="XNYS", winsor=0.2, benchmark="SPY")
    assert (config.min_observations, MarketBetaConfig(method="realised", grid="5min").lookback_length) == (30, 288)
    file = tmp_path / "beta.toml"
    file.write_text(config_file.to_toml(config))
    assert config_file.build(MarketBetaConfig, config_file.read(file)) == config
    assert set(config.resolved()) >= {"lookback_length", "min_observations", "grid", "method", "benchmark", "winsor"}
    with pytest.raises(UsageError, match="unknown key window"):
        config_file.build(MarketBetaConfig, {"window": 3})


def test_a_benchmark_that_is_shifted_by_a_bar_is_refused_whatever_the_shape():
    """A market that comes a row late, as one stamped at the end of its bars; the same that is meant so is taken."""
    asset, market = pair_returns(np.random.default_rng(8), 2, 120)[:2]
    arrays, late = {"A": asset[0], "B": asset[1]}, np.concatenate([[np.nan], market[:-1]])
    frames = [pl.DataFrame({"ts_event": TIMES, **of}) for of in (arrays, {"M": market})]
    later = frames[1].with_columns(pl.col("ts_event") + DAY)
    small = [{name: values[:29] for name, values in arrays.items()}, late[:29]]
    for call in (
        lambda **more: compute_market_beta(arrays, late, SLOTS, **more),
        lambda **more: compute_market_beta(frames[0], later, DAILY, **more),
        lambda **more: BetaFactory(DAILY, prices=False).compute(
            *returns_at_hand(frames[0], later, BetaFactory(DAILY, prices=False)), **more
        ),
        lambda **more: compute_sector_beta(
            arrays, late, dict.fromkeys("AB", "T"), SectorBetaConfig(market=SLOTS), **more
        ),
        lambda **more: compute_liquidity_beta(
            arrays, late, {s: np.exp(r) for s, r in arrays.items()}, LiquidityBetaConfig(market=SLOTS), **more
        ),
        lambda **more: compute_volatility_beta(
            arrays, late, np.exp(market), VolatilityBetaConfig(volatility="implied", market=SLOTS), **more
        ),
    ):  # fmt: skip
        with pytest.raises(BenchmarkError, match=r"shifted by \+1 bar.*aligned=False"):
            call()
        assert len(call(aligned=False)) >= 240
    assert len(compute_market_beta(*small, SLOTS)) == 58  # too few to tell
    assert len(compute_market_beta(arrays, market, SLOTS)) == 240


def test_series_that_are_stamped_at_other_places_of_their_bars_are_refused():
    """Days from noon to noon are others than those from midnight on; a stamp anywhere within a bar is of that bar."""
    frame, noon = pl.DataFrame({"ts_event": TIMES, "r": ASSETS[0]}), DAY // 2
    market = pl.DataFrame({"ts_event": TIMES, "r": MARKET})
    later = market.with_columns(pl.col("ts_event") + noon)
    close = replace(DAILY, grid="1min")
    seconds = [pl.DataFrame({"ts_event": np.arange(120) * MINUTE + at, "r": values})
               for at, values in ((0, ASSETS[0]), (59 * SECOND, MARKET))]  # fmt: skip
    for words, assets, base, config in (
        (r"A begin their bars at 2018-01-01T00:00.*, 0s .*market at 2018-01-01T12:00.*, 43200s", frame, later, DAILY),
        (r"A .* 0s .*B .* 43200s", {"A": frame, "B": later}, None, replace(DAILY, benchmark="basket")),
        (r"A .* 0s .*market .* 59s", seconds[0], seconds[1], close),
    ):
        given = assets if isinstance(assets, dict) else {"A": assets}
        with pytest.raises(DataError, match=words):
            compute_market_beta(given, base, config)
        assert compute_market_beta(given, base, config, aligned=False)["status"].is_in(["ok"]).any()
    timed = compute_market_beta({"A": frame}, market, DAILY)
    shifted = frame.with_columns(pl.col("ts_event") + noon)
    assert compute_market_beta({"A": shifted}, later, DAILY).equals(timed)
    # Stamps of last trades lie anywhere, those of closes an hour later in summer: no place of a bar is theirs.
    anywhere = market.with_columns(pl.col("ts_event") + np.random.default_rng(1).integers(0, DAY, 120))
    assert compute_market_beta({"A": frame}, anywhere, DAILY).equals(timed)
    # With a calendar a date names its session, whatever the hour.
    opens = [1, 2, 3, 4, 7, 8, 9, 10]
    dates = [pl.DataFrame({"ts_event": TIMES[opens] + at, "r": values[opens]})
             for at, values in ((0, ASSETS[0]), (21 * 60 * MINUTE, MARKET))]  # fmt: skip
    small = MarketBetaConfig(lookback_length=5, min_observations=3, min_nonzero_x=1, grid="1d", session="XNYS")
    assert compute_market_beta({"A": dates[0]}, dates[1], small)["n_obs"].max() >= 4


@pytest.mark.parametrize(
    ("record", "field", "value"),
    [
        (FactorConfig, "overnight", "no"), (FactorConfig, "benchmark", 3), (FactorConfig, "grid", None),
        (FactorConfig, "max_gap", "2"), (FactorConfig, "factor", 7), (TickBetaConfig, "benchmark", 3),
        (TickBetaConfig, "grid", None), (TickBetaConfig, "lookback_length", "9"), (TickBetaConfig, "every", 1),
        (SectorBetaConfig, "market", None), (LiquidityBetaConfig, "market", {"grid": "1d"}),
        (VolatilityBetaConfig, "market", 3), (VolatilityBetaConfig, "index", 3),
    ],
)  # fmt: skip
def test_a_field_of_another_type_is_refused_by_its_name(record, field, value):
    given = {"factor": "beta.ols"} if record is FactorConfig else {}
    with pytest.raises(ConfigError, match=f"^{field}: got .*, expected "):
        record(**{**given, field: value})


def test_what_is_no_number_and_what_is_no_configuration_is_refused_by_name():
    good, words = {"A": ASSETS[0]}, [*map(str, ASSETS[0])]
    beta_of, dates = compute_market_beta, TIMES.astype("M8[ns]")
    mixed = pd.DataFrame({"date": dates, "r": [*ASSETS[0][:60], *words[60:]]})
    for error, match, call in (
        (ConfigError, "^config: got 'NoneType', expected a Market", lambda: beta_of(good, MARKET, None)),
        (ConfigError, "^config: got 'dict'", lambda: beta_of(good, MARKET, {"grid": "1d"})),
        (DataError, "returns of A: row 0 is '.*', expected a number", lambda: beta_of({"A": words}, MARKET, SLOTS)),
        (DataError, "returns of A: row 1 is 'x'", lambda: beta_of({"A": [0.1, "x", None]}, MARKET[:3], SLOTS)),
        (DataError, "returns of market: a column of String", lambda: beta_of(good, pl.Series(words), SLOTS)),
        (DataError, "a frame of pandas: .*str", lambda: beta_of({"A": mixed}, mixed, DAILY)),
        (DataError, "returns of A: .*datetime64", lambda: beta_of({"A": dates}, MARKET, SLOTS)),
        (DataError, "returns of A: .*dict", lambda: beta_of({"A": {"x": 1}}, MARKET, SLOTS)),
    ):  # fmt: skip
        with pytest.raises(error, match=match):
            call()
    holes = [None if k % 7 == 0 else r for k, r in enumerate(ASSETS[0])]
    counted = np.where(np.arange(120) % 7 == 0, np.nan, ASSETS[0])
    same(compute_market_beta({"A": holes}, MARKET, SLOTS), compute_market_beta({"A": counted}, MARKET, SLOTS))


@pytest.mark.parametrize("method", ["ols", "two-pass"])
def test_a_return_whose_powers_overflow_is_refused_and_the_greatest_is_computed(method):
    """Beta is the same in whatever unit returns are, as far as a number goes."""
    config = replace(SLOTS, method=method)
    usual = compute_market_beta({"A": ASSETS[0]}, MARKET, config)
    scaled = [series / np.nanmax(np.abs(MARKET)) / 100 * 1e70 for series in (ASSETS[0], MARKET)]
    great = compute_market_beta({"A": scaled[0]}, scaled[1], config)
    assert great["status"].to_list() == usual["status"].to_list()
    np.testing.assert_allclose(great["value"].drop_nulls(), usual["value"].drop_nulls(), rtol=1e-9)
    np.testing.assert_allclose(great["r2"].drop_nulls(), usual["r2"].drop_nulls(), rtol=1e-9)
    for of in ({"A": ASSETS[0] * 1e160}, MARKET), ({"A": ASSETS[0]}, MARKET * 1e160):
        with pytest.raises(DataError, match=r"row 0 is .*, expected 1e\+70 at most"):
            compute_market_beta(*of, config)


def test_winsor_bounds_what_enters():
    wild = ASSETS[0].copy()
    wild[60] = 5.0
    bounded = compute_market_beta({"A": wild}, MARKET, replace(SLOTS, winsor=0.002))
    by_hand = compute_market_beta({"A": np.clip(wild, -0.002, 0.002)}, np.clip(MARKET, -0.002, 0.002), SLOTS)
    same(bounded, by_hand)


# ── recorded prices ──────────────────────────────────────────────────────────────────────────────────────────────


def closes(file, member):
    with zipfile.ZipFile(file) as archive:
        return pl.read_csv(io.BytesIO(archive.read(member)), null_values=".")


def test_daily_bars_of_recorded_stocks_are_statsmodels(shared_data):
    """Five years of Apple on the S&P 500 by XNYS sessions: every value is RollingOLS of aligned log returns."""
    apple = closes(shared_data / "equity_daily" / "sp500_2013_2018.zip", "individual_stocks_5yr/AAPL_data.csv")
    index = closes(shared_data / "equity_daily" / "reference.zip", "macro_fred/SP500.csv")
    asset = pl.DataFrame({"ts_event": apple["date"].str.to_datetime(time_unit="ns"), "close": apple["close"]})
    market = pl.DataFrame({"ts_event": index["DATE"].str.to_datetime(time_unit="ns"), "close": index["SP500"]})
    begin, end = asset["ts_event"].min(), asset["ts_event"].max()
    market = market.drop_nulls().filter(pl.col("ts_event").is_between(begin, end))
    factory = BetaFactory(MarketBetaConfig(lookback_length=252, grid="1d", session="XNYS"))
    source = factory.returns_of
    rows = factory.compute({"AAPL": source("AAPL").returns(asset)}, source("SP500").returns(market))
    joined = asset.join(market, on="ts_event", suffix="_m").sort("ts_event")
    assert len(joined) == len(rows) == 1259
    y, x = (np.diff(np.log(joined[name].to_numpy())) for name in ("close", "close_m"))
    fit = RollingOLS(y, np.column_stack([np.ones(len(x)), x]), 252).fit()
    ok = rows.filter(pl.col("status") == "ok")
    assert len(ok) == 1259 - 252
    np.testing.assert_allclose(ok["value"].to_numpy(), fit.params[251:, 1], rtol=1e-9)
    np.testing.assert_allclose(ok["stderr"].to_numpy(), fit.bse[251:, 1], rtol=1e-8)
    assert 0.7 < ok["value"].mean() < 1.5


def test_minute_bars_are_the_same_in_batch_and_stream(shared_data):
    """Three names over six sessions, with their holes, on a basket of the others and on one name, W = 390."""
    file = shared_data / "equity_1min" / "us_large_caps_2018.zip"
    prices = {}
    for symbol in ("AAPL", "MSFT", "BA"):
        table = closes(file, f"{symbol}.csv").filter(pl.col("date") < "2018-02-27")
        local = (table["date"] + " " + table["ToD"]).str.to_datetime(time_unit="ns")
        stamps = local.dt.replace_time_zone("America/New_York").dt.convert_time_zone("UTC").dt.timestamp("ns")
        prices[symbol] = {"ts_event": stamps.to_numpy(), "close": table["close"].to_numpy()}
    config = MarketBetaConfig(lookback_length=390, grid="1min", session="XNYS", auction=True, benchmark="BA")
    factory = BetaFactory(config)
    symbols = ("AAPL", "MSFT")
    sources = [factory.returns_of(s, tick=0.0001) for s in symbols]
    base: ReturnSource = factory.returns_of("BA", tick=0.0001)
    returns = {s.symbol: s.returns([prices[s.symbol]]) for s in sources}
    whole = factory.compute(returns, base.returns([prices["BA"]]))
    stream = Stream(factory.graph, {"asset": sources, "market": base})
    told = []
    moments = np.unique(np.concatenate([p["ts_event"] for p in prices.values()]))
    for moment in moments:
        for i, symbol in enumerate((*symbols, "BA")):
            at = prices[symbol]["ts_event"] == moment
            row = {name: values[at] for name, values in prices[symbol].items()}
            told.append(stream.push("market", row) if symbol == "BA" else stream.push("asset", row, i))
    told.append(stream.close())
    rows = np.concatenate([t[1][factory.factor_id] for t in told], axis=1)
    slots = np.concatenate([t[0] for t in told])
    assert factory.frame(rows, slots, symbols).equals(whole)
    assert (whole["status"] == "ok").mean() > 0.6
    assert stream.left_out()["late"] == 0


@pytest.mark.slow
def test_five_thousand_assets_take_less_than_two_gigabytes():
    """5 000 assets by 1 000 daily bars, to the frame, in a process of its own: 2 GB at most."""
    import subprocess
    import sys

    code = (
        "import numpy as np\n"
        "from pathlib import Path\n"
        "from tickwright.factors.beta.compute import compute_market_beta\n"
        "from tickwright.factors.beta.config import MarketBetaConfig\n"
        "rng = np.random.default_rng(1)\n"
        "a = {f'S{i}': rng.normal(0, 0.01, 1000) for i in range(5000)}\n"
        "f = compute_market_beta(a, rng.normal(0, 0.01, 1000), MarketBetaConfig())\n"
        # its own alone: what getrusage says begins with what its parent had
        "found = [line.split()[1] for line in Path('/proc/self/status').read_text().splitlines() if 'VmHWM' in line]\n"
        "print(len(f), int(found[0]) * 1024)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    rows, peak = map(int, done.stdout.split())
    assert rows == 5_000_000
    assert peak < 2 * 10**9
