"""Betas of recorded days from the command line: what is stored is statsmodels on the vendor's own files."""

import datetime as dt
import warnings
import zipfile

import numpy as np
import polars as pl
import pytest
from joint_twins import changes, regression

from conftest import call
from tickwright.factors.store.rows import Origin
from tickwright.factors.store.store import FactorStore
from tickwright.factors.tick.compute import compute_tick_beta
from tickwright.factors.tick.config import TickBetaConfig

SYMBOLS = ("AAPL", "CVX", "IBM", "MSFT", "XOM")
SECTORS = {"AAPL": "IT", "IBM": "IT", "MSFT": "IT", "XOM": "energy", "CVX": "energy"}
"""As the list of the end of 2016 has them."""
LISTED = "2016-12-31"
WINDOW = 120
MARKET = f"""
[market]
lookback_length = {WINDOW}
grid = "1d"
session = "XNYS"
benchmark = "^GSPC"
max_stale = 2
"""
KINDS = {
    "sector": 'kind = "sector"',
    "volatility": 'kind = "volatility"\nvolatility = "implied"\nindex = "^VIX"',
    "liquidity": 'kind = "liquidity"\nmeasure = "illiquidity"',
}
SINCE = "2017-03-01"


@pytest.fixture(scope="module")
def days(shared_data, tmp_path_factory):
    """(catalog, closes and volumes by symbol on the days of the index, the index, VIX)."""
    from tickwright.app.cli import main

    folder, given = tmp_path_factory.mktemp("days"), shared_data / "equity_daily"
    with zipfile.ZipFile(given / "sp500_2013_2018.zip") as every, zipfile.ZipFile(folder / "some.zip", "w") as some:
        for name in every.namelist():
            if name.split("/")[-1].removesuffix("_data.csv") in SYMBOLS:
                some.writestr(name.split("/")[-1], every.read(name))
    with zipfile.ZipFile(folder / "some.zip") as some:
        tables = {s: pl.read_csv(some.read(f"{s}_data.csv")) for s in SYMBOLS}
    with zipfile.ZipFile(given / "reference.zip") as archive:
        index, vix = (
            pl.read_csv(archive.read(f"macro_fred/{name}.csv"), null_values=".", new_columns=["date", "close"])
            for name in ("SP500", "VIXCLS")
        )
    cat = folder / "cat"
    for words in (("bars", folder / "some.zip", "--mapping", "sp500-daily"), ("reference", given / "reference.zip")):
        with pytest.raises(SystemExit) as end:
            main(["ingest", *map(str, words), "--catalog", str(cat)])
        assert end.value.code == 0
    return cat, tables, index, vix


def on(dates, table, column="close"):
    """A column on these dates, NaN where it is not there."""
    known = dict(zip(table["date"], table[column].cast(pl.Float64).fill_null(np.nan), strict=True))
    return np.array([known.get(date, np.nan) for date in dates])


def returns(prices):
    """From one date to the next."""
    out = np.full(len(prices), np.nan)
    out[1:] = np.log(prices[1:] / prices[:-1])
    return out


@pytest.mark.parametrize("kind", KINDS)
def test_betas_of_days_are_statsmodels_and_the_stream_says_the_same(days, tmp_path, capsys, kind):
    cat, tables, index, vix = days
    file = tmp_path / "beta.toml"
    file.write_text(KINDS[kind] + MARKET)
    words = [word for name in SYMBOLS for word in ("--instrument", name)]
    compute = ("factors", "compute", "--config", file, "--catalog", cat, *words, "--start", SINCE, "--store")
    for origin in ((), ("--live",)):
        code, out, err = call(capsys, *compute, *origin)
        assert (code, err) == (0, "")
    store = FactorStore.open(cat)
    series = store.book.parts[-1].series
    code, out, err = call(capsys, "factors", "compare", "--catalog", cat, "--factor", series[0])
    assert code == 0, out + err
    rows = store.read([series], Origin.LIVE)

    last = tables["AAPL"]["date"].max()
    # The dates of the grid: of New York's sessions, which are those of the shares.
    dates = [date for date in tables["AAPL"]["date"] if date <= last]
    close = {s: on(dates, tables[s]) for s in SYMBOLS}
    y, x = {s: returns(close[s]) for s in SYMBOLS}, returns(on(dates, index))
    seen = 0
    for symbol in SYMBOLS:
        other = second(kind, symbol, dates, y, close, tables, vix)
        for t in range(dates.index(SINCE), len(dates), 23):
            stamp = int(dt.datetime.fromisoformat(dates[t]).replace(tzinfo=dt.UTC).timestamp()) * 10**9
            (row,) = rows.filter((pl.col("symbol") == symbol) & (pl.col("ts_event") == stamp)).iter_rows(named=True)
            if row["status"] != "ok":
                continue
            fit, use = regression(y[symbol], [x, other], t, WINDOW)
            assert row["value"] == pytest.approx(fit.params[2], rel=1e-6)
            assert row["stderr"] == pytest.approx(fit.bse[2], rel=1e-6)
            assert row["n_obs"] == len(use)
            seen += 1
    assert seen > 30


def second(kind, symbol, dates, y, close, tables, vix):
    """The regressor beside the market's, by hand."""
    others = [s for s in SYMBOLS if s != symbol]
    if kind == "sector":
        alike = np.mean([y[s] for s in others if SECTORS[s] == SECTORS[symbol]], axis=0)
        return np.where(np.array(dates) >= LISTED, alike, np.nan)
    if kind == "volatility":
        return changes(on(dates, vix)[None])[0]
    told = [np.abs(y[s]) / (close[s] * on(dates, tables[s], "volume")) * 1e6 for s in others]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the mean of none
        return np.nanmean(changes(np.array(told)), axis=0)


@pytest.mark.slow
def test_the_beta_of_recorded_ticks(shared_data, tmp_path, capsys):
    """IBM to SPY in the last half hour of a day, of the vendor's files by hand; live and backfilled alike."""
    given, midnight = shared_data / "equity_tick", dt.datetime(2013, 10, 7, 4, tzinfo=dt.UTC)
    frames = {}
    for name, file in (("IBM", given / "ibm" / "20131007_trade.zip"), ("SPY", given / "20131007_trade.zip")):
        with zipfile.ZipFile(file) as archive:
            table = pl.read_csv(archive.read(archive.namelist()[0]), has_header=False)
        stamps = int(midnight.timestamp()) * 10**9 + table[:, 0].to_numpy() * 1_000_000
        frames[name] = pl.DataFrame({"ts_event": stamps, "price": table[:, 1].cast(pl.Float64)})
        code, _, err = call(capsys, "ingest", "csv", file, "--mapping", "lean-trades", "--catalog", tmp_path / "cat")
        assert code == 0, err
    config = TickBetaConfig(lookback_length=10, session="XNYS", benchmark="SPY", every="5s")
    expected = compute_tick_beta({"IBM": frames["IBM"]}, frames["SPY"], config)
    (tmp_path / "tick.toml").write_text(
        'method = "hayashi-yoshida"\nlookback_length = 10\nsession = "XNYS"\nbenchmark = "SPY"\nevery = "5s"\n'
    )
    start = "2013-10-07T19:50"
    compute = (
        "factors",
        "compute",
        "--config",
        tmp_path / "tick.toml",
        "--catalog",
        tmp_path / "cat",
        "--start",
        start,
    )
    for origin in ((), ("--live",)):
        code, _, err = call(capsys, *compute, "--store", *origin)
        assert (code, err) == (0, "")
    begin = np.datetime64(start, "ns").astype(np.int64)
    expected = expected.filter(pl.col("ts_event") >= begin)
    for origin in Origin:
        rows = FactorStore.open(tmp_path / "cat").read(origin=origin)
        assert rows["status"].cast(pl.String).to_list() == expected["status"].cast(pl.String).to_list() == ["ok"] * 10
        for name in ("value", "stderr", "r2"):
            np.testing.assert_allclose(rows[name].to_numpy(), expected[name].to_numpy(), rtol=1e-9)


def test_of_all_indices_and_rates_are_no_assets_unless_they_are_named(days, tmp_path, capsys):
    """The vendor's zip has shares; the other file series of FRED: two indices, a volatility, the Fed funds rate."""
    cat, rows = days[0], tmp_path / "rows.parquet"
    file = tmp_path / "beta.toml"
    file.write_text('lookback_length = 60\ngrid = "1d"\nsession = "XNYS"\nbenchmark = "basket"\n')
    compute = ("factors", "compute", "--config", file, "--catalog", cat, "--start", "2017-06-01", "--out", rows)
    code, out, err = call(capsys, *compute)
    assert code == 0, err
    assert set(pl.read_parquet(rows)["symbol"].cast(str)) == set(SYMBOLS)
    assert "left out, as no assets: DFF, ^GSPC, ^IXIC, ^VIX (--instrument names them all the same)" in out
    code, out, err = call(capsys, *compute, "--without", "DFF", "--benchmark", "^GSPC")
    assert code == 0, err
    assert "left out, as no assets: ^IXIC, ^VIX (" in out
    code, out, err = call(capsys, *compute, "--instrument", "DFF", "--instrument", "^VIX", "--instrument", "IBM")
    assert code == 0, err
    assert set(pl.read_parquet(rows)["symbol"].cast(str)) == {"DFF", "^VIX", "IBM"}
    assert "left out" not in out
