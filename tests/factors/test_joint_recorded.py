"""Joint betas of recorded prices against statsmodels: 505 stocks with sectors and VIX by day, large caps by minute."""

import datetime as dt
import io
import warnings
import zipfile

import numpy as np
import polars as pl
import pytest
from joint_twins import blocks, changes, from_block_to_block, regression, without_season

from tickwright.data.reference.sectors import Sectors, Statement
from tickwright.factors.beta.config import MarketBetaConfig
from tickwright.factors.beta.factory import BetaFactory
from tickwright.factors.beta.joint import LIQUIDITY, SECTOR, VOLATILITY
from tickwright.factors.beta.liquidity import LiquidityBetaConfig
from tickwright.factors.beta.sector import SectorBetaConfig
from tickwright.factors.beta.volatility import VolatilityBetaConfig
from tickwright.factors.sources.reference import ReferenceSource

LISTED = dt.date(2017, 1, 1)
"""The list of sectors is of the end of 2016; before that nothing is known."""
SINCE = dt.date(2016, 7, 1)
WINDOW = 120


def mean_of_others(values):
    """(instruments, slots) → the mean of all others that are there."""
    return np.array([mean_of(np.delete(values, i, axis=0)) for i in range(len(values))])


def mean_of(values):
    """The mean at each slot of what is there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the mean of none
        return np.nanmean(values, axis=0)


def on(slots, rows):
    """RETURN rows → values at slots, NaN where there is none."""
    out = np.full(len(slots), np.nan)
    there = rows["status"] == 1
    out[np.searchsorted(slots, rows["slot"][there])] = rows["value"][there]
    return out


def compared(frame, symbol, t, fit, place, use):
    row = frame[symbol].row(t, named=True)
    assert row["status"] == "ok"
    assert row["value"] == pytest.approx(fit.params[place], rel=1e-9)
    assert row["stderr"] == pytest.approx(fit.bse[place], rel=1e-9)
    assert row["r2"] == pytest.approx(fit.rsquared, abs=1e-9)
    assert row["n_obs"] == len(use)


def by_symbol(frame):
    return {str(key[0]): part for key, part in frame.partition_by("symbol", as_dict=True).items()}


@pytest.fixture(scope="module")
def daily(shared_data):
    """(closes by symbol, S&P 500, VIX) since the middle of 2016, and the sectors as they were listed."""
    folder = shared_data / "equity_daily"
    with zipfile.ZipFile(folder / "sp500_2013_2018.zip") as archive:
        names = [name for name in archive.namelist() if name.endswith("_data.csv")]
        read = [pl.read_csv(archive.read(name), columns=["date", "close"]) for name in names]
        tables = {name.split("/")[1].removesuffix("_data.csv"): table for name, table in zip(names, read, strict=True)}
    with zipfile.ZipFile(folder / "reference.zip") as archive:
        index, vix = (
            pl.read_csv(archive.read(f"macro_fred/{name}.csv"), null_values=".", new_columns=["date", "close"])
            for name in ("SP500", "VIXCLS")
        )
        listed = pl.read_csv(archive.read("securities_2016_nyse_kaggle.csv"))
    last = tables["AAPL"]["date"].max()

    def laid(table):
        table = table.filter(pl.col("date").is_between(pl.lit(str(SINCE)), pl.lit(last))).drop_nulls()
        return table.with_columns(pl.col("date").str.to_datetime(time_unit="ns").alias("ts_event")).drop("date")

    said = tuple(Statement(s, sector, LISTED, None, LISTED)
                 for s, sector in zip(listed["Ticker symbol"], listed["GICS Sector"], strict=True))  # fmt: skip
    return {s: laid(t) for s, t in tables.items()}, laid(index), laid(vix), Sectors(said)


def test_sector_betas_of_505_stocks_are_statsmodels(daily):
    """Each on the S&P 500 and the mean of the others of its GICS sector, from the day on which the list was known."""
    tables, index, _, sectors = daily
    base = MarketBetaConfig(lookback_length=WINDOW, grid="1d", session="XNYS")
    factory = BetaFactory(SectorBetaConfig(market=base))
    assets = {s: factory.returns_of(s).returns(t) for s, t in tables.items()}
    market = factory.returns_of("SP500").returns(index)
    rows = by_symbol(factory.compute(assets, market, levels={SECTOR: ReferenceSource(sectors)}))
    assert len(rows) == 505
    slots = np.unique(np.concatenate([r["slot"] for r in (*assets.values(), market)]))
    values = np.array([on(slots, r) for r in assets.values()])
    x = on(slots, market)
    names = list(assets)
    in_sector = np.array([sectors.sector_of(s, LISTED) or "" for s in names])
    known = factory.market.bars.begins(slots) >= np.datetime64(LISTED, "ns").astype(np.int64)
    for symbol in ("AAPL", "XOM", "JPM", "PFE", "VZ"):
        i = names.index(symbol)
        others = np.flatnonzero((in_sector == in_sector[i]) & (np.arange(505) != i))
        mean = np.where(known, mean_of(values[others]), np.nan)
        assert rows[symbol].filter(~pl.Series(known))["value"].null_count() == (~known).sum()
        for t in range(int(known.argmax()) + WINDOW, len(slots), 29):
            fit, use = regression(values[i], [x, mean], t, WINDOW)
            compared(rows, symbol, t, fit, 2, use)
    last = {s: part.row(-1, named=True) for s, part in rows.items()}
    ok = [row["value"] for row in last.values() if row["status"] == "ok"]
    assert len(ok) > 400
    assert 0.7 < np.mean(ok) < 1.2
    assert last["XOM"]["value"] > 4 * last["XOM"]["stderr"]  # oil goes with oil, whatever the market does


def test_volatility_betas_on_the_vix_are_statsmodels(daily):
    tables, index, vix, _ = daily
    base = MarketBetaConfig(lookback_length=WINDOW, grid="1d", session="XNYS")
    factory = BetaFactory(VolatilityBetaConfig(volatility="implied", market=base))
    chosen = ("AAPL", "XOM", "JPM", "PFE", "NVDA")
    assets = {s: factory.returns_of(s).returns(tables[s]) for s in chosen}
    market, level = factory.returns_of("SP500").returns(index), factory.levels_of("VIX").returns(vix)
    rows = by_symbol(factory.compute(assets, market, levels={VOLATILITY: level}))
    slots = np.unique(np.concatenate([r["slot"] for r in (*assets.values(), market, level)]))
    x, change = on(slots, market), changes(on(slots, level)[None])[0]
    for symbol in chosen:
        y = on(slots, assets[symbol])
        for t in range(WINDOW + 1, len(slots), 29):
            fit, use = regression(y, [x, change], t, WINDOW)
            compared(rows, symbol, t, fit, 2, use)


MINUTES = ("AAPL", "MSFT", "BA", "XOM", "C", "CAT")
BARS = 391


@pytest.fixture(scope="module")
def minutes(shared_data):
    """By symbol: the beginnings of minutes, closes, and money traded."""
    told = {}
    with zipfile.ZipFile(shared_data / "equity_1min" / "us_large_caps_2018.zip") as archive:
        for symbol in MINUTES:
            table = pl.read_csv(io.BytesIO(archive.read(f"{symbol}.csv")), null_values=".")
            local = (table["date"] + " " + table["ToD"]).str.to_datetime(time_unit="ns")
            stamps = local.dt.replace_time_zone("America/New_York").dt.convert_time_zone("UTC").dt.timestamp("ns")
            told[symbol] = (stamps.to_numpy(), table["close"].to_numpy(), (table["close"] * table["volume"]).to_numpy())
    return told


def laid(factory, minutes):
    """(RETURN rows by symbol, their values on every slot of every session, those slots, levels)."""
    assets = {s: factory.returns_of(s).returns([{"ts_event": t, "close": c}]) for s, (t, c, _) in minutes.items()}
    levels = [factory.levels_of(s).returns([{"ts_event": t, "close": v}]) for s, (t, _, v) in minutes.items()]
    slots = np.unique(np.concatenate([r["slot"] for r in assets.values()]))
    every = np.arange(slots[0], slots[-1] + 1)
    assert len(every) % BARS == 0
    return assets, np.array([on(every, r) for r in assets.values()]), every, levels


def test_liquidity_betas_of_minutes_are_statsmodels(minutes):
    """Illiquidity of each minute less its time-of-day mean, changes of the others' mean, on a basket of the others."""
    base = MarketBetaConfig(
        lookback_length=780, grid="1min", session="XNYS", auction=True, benchmark="basket", max_stale=5
    )
    factory = BetaFactory(LiquidityBetaConfig(measure="illiquidity", season_sessions=10, market=base))
    assets, values, every, levels = laid(factory, minutes)
    rows = by_symbol(factory.compute(assets, levels={LIQUIDITY: levels}))
    clock = np.unique(np.concatenate([r["slot"] for r in (*assets.values(), *levels)]))
    money = np.array([on(every, r) for r in levels])
    shock = mean_of_others(changes(without_season(np.abs(values) / money * 1e6, BARS, 10, 3), BARS))
    market = mean_of_others(values)
    seen = 0
    for i, symbol in enumerate(MINUTES):
        for t in range(len(every) - 1500, len(every), 211):
            if not np.isfinite(values[i, t]):
                continue
            fit, use = regression(values[i], [market[i], shock[i]], t, 780)
            compared(rows, symbol, int(np.searchsorted(clock, every[t])), fit, 2, use)
            seen += 1
    assert seen > 30


def test_volatility_betas_of_minutes_are_statsmodels(minutes):
    """Six blocks of 65 minutes a session, so five changes, over twenty sessions, on a basket of the others."""
    base = MarketBetaConfig(
        lookback_length=100, grid="1min", session="XNYS", auction=True, benchmark="basket", max_stale=1
    )
    config = VolatilityBetaConfig(block=65, min_in_block=60, season_sessions=10, market=base)
    factory = BetaFactory(config)
    assets, values, every, _ = laid(factory, minutes)
    rows = by_symbol(factory.compute(assets))
    clock = np.unique(np.concatenate([r["slot"] for r in assets.values()]))
    market = mean_of_others(values)
    seen = 0
    for i, symbol in enumerate(MINUTES):
        y = blocks(values[i], BARS, 65, 65, 60)[0]
        x, variance = blocks(market[i], BARS, 65, 65, 60)
        change = from_block_to_block(without_season(variance[None], BARS, 10, 3)[0], 65)
        for t in range(len(every) - 2000, len(every), 241):
            if not np.isfinite(values[i, t]):
                continue
            fit, use = regression(y, [x, change], t, 20 * BARS)
            assert len(use) > 60
            compared(rows, symbol, int(np.searchsorted(clock, every[t])), fit, 2, use)
            seen += 1
    assert seen > 30
