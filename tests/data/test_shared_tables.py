"""Each recorded CSV file, by the mapping that comes along, equals an independent read by Polars: each row and value.

Polars reads prices as floats; ticks times their size are compared with those floats after rounding to the grid, which
is far coarser than a float's error at these prices.
"""

import io
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tickwright.core.tables import Missing
from tickwright.core.units import DAY, MINUTE
from tickwright.data.bars.ingest import ingest_bars
from tickwright.data.catalog import Catalog
from tickwright.data.tables.ingest import ingest_csv

LEAN = ["ms", "price", "size", "venue", "condition", "suspicious"]
VENUES = {
    "A": "XASE", "B": "XBOS", "C": "XCIS", "D": "FINR", "J": "EDGA", "K": "EDGX", "M": "XCHI", "N": "XNYS", "P": "ARCX",
    "Q": "XNAS", "T": "XNAS", "V": "IEXG", "W": "XCBO", "X": "XPHL", "Y": "BATY", "Z": "BATS",
}  # fmt: skip


def read_zip(path: Path, columns: list[str]) -> pl.DataFrame:
    with zipfile.ZipFile(path) as archive:
        (name,) = archive.namelist()
        return pl.read_csv(io.BytesIO(archive.read(name)), has_header=False, new_columns=columns)


def ticks(prices: pl.Series, per_unit: int) -> list[int]:
    return np.rint(prices.to_numpy() * per_unit).astype(np.int64).tolist()


def eastern(date: str, ms: pl.Series) -> list[int]:
    """Polars' own reading of wall-clock time in New York."""
    day = pl.Series([date]).str.to_datetime(time_unit="ns", time_zone="America/New_York")
    return (day.dt.epoch("ns")[0] + ms.cast(pl.Int64) * 1_000_000).to_list()


def stored(catalog: Path, symbol: str, schema: str) -> np.ndarray:
    return Catalog.open(catalog).read(symbol, schema)


def test_lean_trades_of_one_file(shared_data, tmp_path):
    file = shared_data / "equity_tick" / "20131007_trade.zip"
    summary = ingest_csv(file, tmp_path / "c", mapping="lean-trades")
    assert (summary.rows, summary.instruments) == (250_601, ("SPY",))
    theirs, ours = read_zip(file, LEAN), stored(tmp_path / "c", "SPY", "trades")
    assert ours["ts_event"].tolist() == eastern("2013-10-07", theirs["ms"])
    assert (ours["price"] * 10_000 + ours["subtick"]).tolist() == (theirs["price"] * 100).to_list()  # of a cent
    assert ours["size"].tolist() == theirs["size"].to_list()


def test_lean_trades_and_quotes_of_a_week(shared_data, tmp_path):
    """Five files are one source: the last trades of a day, after 20:00, lie on the next UTC day with the next file."""
    folder = shared_data / "equity_tick" / "ibm"
    trades, quotes = sorted(folder.glob("*_trade.zip")), sorted(folder.glob("*_quote.zip"))
    ingest_csv(trades, tmp_path / "c", mapping="lean-trades")
    ingest_csv(quotes, tmp_path / "c", mapping="lean-quotes")
    days = [f"2013-10-{day:02d}" for day in (7, 8, 9, 10, 11)]
    parts = [read_zip(file, LEAN) for file in trades]
    ours = stored(tmp_path / "c", "IBM", "trades")
    assert ours["ts_event"].tolist() == [ts for d, p in zip(days, parts, strict=True) for ts in eastern(d, p["ms"])]
    theirs = pl.concat(parts)
    assert (ours["price"] * 10_000 + ours["subtick"]).tolist() == (theirs["price"] * 100).to_list()
    assert ours["size"].tolist() == theirs["size"].to_list()

    columns = ["ms", "bid", "bid_size", "ask", "ask_size", "venue", "condition", "suspicious"]
    whole = pl.concat(
        [
            frame.with_columns(ts=pl.Series(eastern(day, frame["ms"])))
            for day, frame in ((d, read_zip(file, columns)) for d, file in zip(days, quotes, strict=True))
        ]
    )
    rows = 0
    for (code,), group in whole.group_by("venue"):
        got = stored(tmp_path / "c", f"IBM.{VENUES[code]}", "quotes")
        rows += len(got)
        assert got["ts_event"].tolist() == group["ts"].to_list()
        for side in ("bid", "ask"):
            # Polars' own forward fill of the side that a row leaves out.
            stated = group.select(
                pl.when(pl.col(f"{side}_size") > 0).then(pl.col(name)).forward_fill().fill_null(0)
                for name in (side, f"{side}_size")
            )
            assert (got[side] * 100).tolist() == stated[side].to_list()
            assert got[f"{side}_size"].tolist() == stated[f"{side}_size"].to_list()
    assert rows == whole.height == 575_589


def test_taq_trades_and_quotes(shared_data, tmp_path):
    folder = shared_data / "taq"
    summary = ingest_csv(folder / "trades_raw.csv.gz", tmp_path / "c", mapping="taq-trades")
    assert summary.skipped == {"CORR=8": 1, "CORR=10": 1}
    theirs = pl.read_csv(folder / "trades_raw.csv.gz").filter(pl.col("CORR") == 0)
    ours = stored(tmp_path / "c", "XXX", "trades")
    assert len(ours) == 77_263 - 2
    assert ours["ts_event"].tolist() == (theirs["ts_us_utc"] * 1000).to_list()
    assert (ours["price"] * 100 + ours["subtick"] // 100).tolist() == ticks(theirs["PRICE"], 10_000)
    assert ours["size"].tolist() == theirs["SIZE"].to_list()

    ingest_csv(folder / "quotes_raw.csv.gz", tmp_path / "c", mapping="taq-quotes")
    whole = pl.read_csv(folder / "quotes_raw.csv.gz").with_columns(mic=pl.col("EX").replace_strict(VENUES))
    assert whole.height == 131_401
    for (mic,), group in whole.group_by("mic"):
        got = stored(tmp_path / "c", f"XXX.{mic}", "quotes")
        assert got["ts_event"].tolist() == (group["ts_us_utc"] * 1000).to_list()
        for ours_name, theirs_name in (("bid", "BID"), ("ask", "OFR")):
            assert got[ours_name].tolist() == ticks(group[theirs_name], 100)
            assert got[f"{ours_name}_size"].tolist() == (group[f"{theirs_name}SIZ"] * 100).to_list()


def test_one_minute_of_stock_and_market(shared_data, tmp_path):
    file = shared_data / "taq" / "one_minute_stock_market.csv.gz"
    ingest_bars(file, tmp_path / "c")
    theirs = pl.read_csv(file)
    assert theirs.height == 8_602
    for name in ("STOCK", "MARKET"):
        got = stored(tmp_path / "c", name, "bars-1m")
        assert got["ts_event"].tolist() == (theirs["ts_us_utc"] * 1000 - MINUTE).to_list()
        assert got["close"].tolist() == ticks(theirs[name], 10_000)
        assert set(got["missing"]) == {Missing.OPEN | Missing.HIGH | Missing.LOW | Missing.VOLUME}


@pytest.mark.parametrize(
    ("name", "symbol", "time", "price", "lots", "count"),
    [
        ("6EH4.XCME_1min_bars_20240101_20240131.csv.gz", "6EH4", "timestamp_utc", 20_000, 1, 29_996),
        ("btc-perp-20211231-20220201_1m.csv", "BTC-PERP", "timestamp", 1_000, 10_000, 45_031),
    ],
)
def test_minute_bars_of_futures(shared_data, tmp_path, name, symbol, time, price, lots, count):
    """Named by their end in the file, by their beginning in the catalog."""
    file = shared_data / "futures_1min" / name
    summary = ingest_bars(file, tmp_path / "c")
    theirs = pl.read_csv(file).with_columns(pl.col(time).str.to_datetime(time_unit="ns"))
    got = stored(tmp_path / "c", symbol, "bars-1m")
    assert len(got) == theirs.height == count
    assert got["ts_event"].tolist() == (theirs[time].dt.epoch("ns") - MINUTE).to_list()
    for field in ("open", "high", "low", "close"):
        assert got[field].tolist() == ticks(theirs[field], price)
    off = got["volume"] - np.rint(theirs["volume"].to_numpy() * lots)
    assert np.abs(off).max() <= (1 if lots > 1 else 0)  # a half, rounded to even, may fall either way from a float
    assert (off != 0).sum() <= 14
    assert not got["missing"].any()
    rounded = [note for note in summary.notes if "rounded" in note]
    assert rounded == (["14 values of size had more digits than 0.0001 and were rounded to it"] if lots > 1 else [])


def test_minute_bars_of_us_stocks(shared_data, tmp_path):
    """57 names; the bar of 16:00 holds 5.3 % of a name's volume on average, being the closing auction."""
    file = shared_data / "equity_1min" / "us_large_caps_2018.zip"
    summary = ingest_bars(file, tmp_path / "c")
    assert (len(summary.instruments), summary.rows) == (57, 975_853)
    assert all(
        Catalog.open(tmp_path / "c").instrument(s).tick_size.as_tuple() == (0, (1,), -4) for s in ("GE", "BRK.B")
    )
    shares = []
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            theirs = pl.read_csv(io.BytesIO(archive.read(name)), infer_schema_length=None).with_columns(
                ts=pl.concat_str("date", "ToD", separator="T")
                .str.to_datetime(time_unit="ns")
                .dt.replace_time_zone("America/New_York")
                .dt.epoch("ns")
            )
            got = stored(tmp_path / "c", name.removesuffix(".csv"), "bars-1m")
            np.testing.assert_array_equal(got["ts_event"], theirs["ts"].to_numpy())
            for field in ("open", "high", "low", "close"):
                np.testing.assert_array_equal(got[field], np.rint(theirs[field].to_numpy() * 10_000))
            np.testing.assert_array_equal(got["volume"], theirs["volume"].to_numpy())
            minute = got["ts_event"] - theirs["date"].str.to_date().dt.epoch("d").to_numpy().astype(np.int64) * DAY
            assert set(np.unique(minute // MINUTE)) <= set(
                range(13 * 60 + 30, 21 * 60 + 1)
            )  # 09:30 to 16:00 in New York
            shares.append(got["volume"][(theirs["ToD"] == "16:00:00").to_numpy()].sum() / got["volume"].sum())
    assert round(100 * float(np.mean(shares)), 1) == 5.3


def read_daily(path: Path) -> pl.DataFrame:
    with zipfile.ZipFile(path) as archive:
        texts = [archive.read(name).decode().split("\n", 1)[1] for name in archive.namelist()]
    names = ["date", "open", "high", "low", "close", "volume", "symbol"]
    return pl.read_csv(io.StringIO("".join(texts)), has_header=False, new_columns=names, infer_schema_length=None)


@pytest.mark.slow  # 505 names are 3030 files of the catalog: half a minute
def test_daily_bars_of_the_sp500(shared_data, tmp_path):
    """No row is lost: the 11 missing opens are bits, the inconsistent bars and the large moves stand as they are."""
    file = shared_data / "equity_daily" / "sp500_2013_2018.zip"
    summary = ingest_bars(file, tmp_path / "c")
    theirs = read_daily(file)
    assert (summary.rows, len(summary.instruments)) == (619_040, 505) == (theirs.height, theirs["symbol"].n_unique())
    inconsistent = large = 0
    lacking = dict.fromkeys(("open", "high", "low", "close"), 0)
    for (symbol,), group in theirs.group_by("symbol"):
        got = stored(tmp_path / "c", symbol, "bars-1d")
        assert (
            got["ts_event"].tolist()
            == group["date"].str.to_date().dt.epoch("d").to_numpy().astype(np.int64).__mul__(DAY).tolist()
        )
        for field in lacking:
            absent = (got["missing"] & Missing[field.upper()]) != 0
            assert absent.tolist() == group[field].is_null().to_list()
            assert got[field].tolist() == ticks(group[field].fill_null(0), 10_000)
            lacking[field] += int(absent.sum())
        whole = got[(got["missing"] & ~np.uint8(Missing.OPEN)) == 0]
        opens = np.where(whole["missing"] & Missing.OPEN, whole["close"], whole["open"])
        high, low = np.maximum(opens, whole["close"]), np.minimum(opens, whole["close"])
        inconsistent += int(((whole["high"] < high) | (whole["low"] > low)).sum())
        large += int((np.abs(got["close"][1:] / got["close"][:-1] - 1) > 0.4).sum())
    assert lacking == {"open": 11, "high": 8, "low": 8, "close": 0}
    assert (inconsistent, large) == (12, 11)
