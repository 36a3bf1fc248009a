"""Bars: what is missing is said, what contradicts itself is kept, and none is known before its end."""

import datetime as dt
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickwright.core.errors import ConfigError, FileFormatError, OffGridError
from tickwright.core.tables import BAR, Missing
from tickwright.core.units import DAY, MINUTE
from tickwright.data.bars.ingest import ingest_bars, recognise
from tickwright.data.bars.known import known_at, visible
from tickwright.data.calendars import calendar
from tickwright.data.catalog import Catalog
from tickwright.data.tables.loading import parse_mapping

DAILY_HEAD = "date,open,high,low,close,volume,Name\n"


def utc(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()) * 10**9


def daily_zip(path: Path, **members: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(f"individual_stocks_5yr/{name}_data.csv", DAILY_HEAD + text)
    return path


def made(*days: str) -> np.ndarray:
    rows = np.zeros(len(days), BAR)
    rows["ts_event"] = [utc(day) for day in days]
    return rows


def test_missing_fields_are_bits_and_no_row_is_dropped(tmp_path):
    """One row of each kind of defect that the recorded file has; each comes back in its place."""
    file = daily_zip(
        tmp_path / "bars.zip",
        DHR="2015-07-16,88.0,89.0,87.5,88.5,100,DHR\n"
        "2015-07-17,,88.76,88.24,88.72,2056819,DHR\n"  # no open
        "2016-01-12,,,,88.55,0,DHR\n"  # a close alone
        "2016-01-13,88.0,87.0,89.0,88.5001,,DHR\n",  # high below low, kept; no volume
    )
    summary = ingest_bars(file, tmp_path / "c")
    got = Catalog.open(tmp_path / "c").read("DHR", "bars-1d")
    assert got["missing"].tolist() == [0, Missing.OPEN, Missing.OPEN | Missing.HIGH | Missing.LOW, Missing.VOLUME]
    assert got[["open", "high", "low", "close", "volume"]].tolist() == [
        (880_000, 890_000, 875_000, 885_000, 100), (0, 887_600, 882_400, 887_200, 2_056_819),
        (0, 0, 0, 885_500, 0), (880_000, 870_000, 890_000, 885_001, 0),
    ]  # fmt: skip
    assert got["ts_event"].tolist() == [
        utc(f"{day}") for day in ("2015-07-16", "2015-07-17", "2016-01-12", "2016-01-13")
    ]
    assert "missing in the file, and marked so: 2 open, 1 high, 1 low, 1 volume" in summary.notes
    assert "read as sp500-daily, by its header" in summary.notes


def test_a_value_off_the_grid_or_a_word_is_refused(tmp_path):
    off = daily_zip(tmp_path / "a.zip", A="2015-07-16,88.00001,89,87,88,1,A\n")
    with pytest.raises(OffGridError, match=r"A_data.csv: line 2, column open: price 88.00001 is not .* of 0.0001"):
        ingest_bars(off, tmp_path / "c")
    ingest_bars(off, tmp_path / "c", tick_size="0.00001")
    assert Catalog.open(tmp_path / "c").read("A", "bars-1d")["open"].tolist() == [8_800_001]
    with pytest.raises(FileFormatError, match="column date: found '16/07/2015', expected a date as YYYY-MM-DD"):
        ingest_bars(daily_zip(tmp_path / "b.zip", B="16/07/2015,1,1,1,1,1,B\n"), tmp_path / "c")
    for bad in ("0", "-0.01", "nan", "abc", "1e99", "1e-30"):
        with pytest.raises(ConfigError, match="tick size: got"):
            ingest_bars(off, tmp_path / "c", tick_size=bad)


def test_daily_bars_are_at_midnight_utc_and_nothing_else(tmp_path):
    mapping = (
        'schema = "bars-1d"\n[columns]\nts_event = "t"\nclose = "c"\n[time]\nunit = "s"\n'
        '[instrument]\nsymbol = "A"\ntick_size = "0.01"\n'
    )  # fmt: skip
    (tmp_path / "f.csv").write_text("t,c\n1514851200,1\n")
    ingest_bars(tmp_path / "f.csv", tmp_path / "c", mapping=parse_mapping(mapping))
    assert Catalog.open(tmp_path / "c").read("A", "bars-1d")["ts_event"].tolist() == [utc("2018-01-02")]
    (tmp_path / "g.csv").write_text("t,c\n1514937601,1\n")
    with pytest.raises(FileFormatError, match=r"line 2: found .*, expected midnight UTC of the session's date"):
        ingest_bars(tmp_path / "g.csv", tmp_path / "c", mapping=parse_mapping(mapping))


@pytest.mark.parametrize(("label", "first"), [("start", "2018-07-02T13:30"), ("end", "2018-07-02T13:29")])
def test_a_label_at_the_end_becomes_the_beginning(tmp_path, label, first):
    mapping = (
        'schema = "bars-1m"\n[columns]\nts_event = "t"\nclose = "c"\n[time]\nformat = "iso"\n'
        'zone = "America/New_York"\n'
        f'[bars]\nlabel = "{label}"\n[instrument]\nsymbol = "A"\ntick_size = "0.01"\n'
    )  # fmt: skip
    (tmp_path / "f.csv").write_text("t,c\n2018-07-02 09:30:00,1\n")
    ingest_bars(tmp_path / "f.csv", tmp_path / "c", mapping=parse_mapping(mapping))
    got = Catalog.open(tmp_path / "c").read("A", "bars-1m")
    assert got["ts_event"].tolist() == [utc(first)]
    assert got["missing"].tolist() == [Missing.OPEN | Missing.HIGH | Missing.LOW | Missing.VOLUME]
    assert known_at(got, "bars-1m").tolist() == [utc(first) + MINUTE]


def test_series_beside_each_other_are_instruments(tmp_path):
    mapping = (
        'schema = "bars-1d"\n[file]\nmissing = ["."]\n[columns]\ndate = "DATE"\n'
        '[series]\ncolumns = { A = "^A", B = "^B", C = "^C" }\n[instrument]\ntick_size = "0.01"\n'
    )  # fmt: skip
    (tmp_path / "f.csv").write_text("DATE,A,B\n2018-01-02,1.5,.\n2018-01-03,.,-2.25\n")
    ingest_bars(tmp_path / "f.csv", tmp_path / "c", mapping=parse_mapping(mapping))
    catalog = Catalog.open(tmp_path / "c")
    assert [i.symbol for i in catalog.instruments()] == ["^A", "^B"]
    a, b = catalog.read("^A", "bars-1d"), catalog.read("^B", "bars-1d")
    assert (a["close"].tolist(), b["close"].tolist()) == ([150, 0], [0, -225])
    assert ((a["missing"] & Missing.CLOSE) > 0).tolist() == [False, True]
    assert ((b["missing"] & Missing.CLOSE) > 0).tolist() == [True, False]


def test_a_file_that_no_header_fits_is_refused_with_the_names(tmp_path):
    (tmp_path / "f.csv").write_text("when,o,h,l,c,v\n")
    with pytest.raises(ConfigError, match=r"fits none by its header.*btc-perp-1min, .*us-equity-1min"):
        ingest_bars(tmp_path / "f.csv", tmp_path / "c")
    with pytest.raises(ConfigError, match="expected a mapping of bars"):
        ingest_bars(tmp_path / "f.csv", tmp_path / "c", mapping="taq-trades")
    assert not (tmp_path / "c").exists()


def test_headers_say_what_recorded_files_are(shared_data):
    found = {
        "equity_daily/sp500_2013_2018.zip": "sp500-daily",
        "equity_1min/us_large_caps_2018.zip": "us-equity-1min",
        "futures_1min/6EH4.XCME_1min_bars_20240101_20240131.csv.gz": "cme-euro-fx-1min",
        "futures_1min/btc-perp-20211231-20220201_1m.csv": "btc-perp-1min",
        "taq/one_minute_stock_market.csv.gz": "one-minute-stock-market",
        "equity_daily/reference.zip": "fred-daily",
    }
    assert {name: recognise(shared_data / name).name for name in found} == found


def test_a_daily_bar_is_known_at_its_close():
    """Half day 2018-07-03: 13:00 in New York is 17:00 UTC; winter close is 21:00 UTC; without a calendar, midnight."""
    rows = made("2018-07-02", "2018-07-03", "2018-12-03")
    nyse = calendar("XNYS")
    assert known_at(rows, "bars-1d", nyse).tolist() == [
        utc("2018-07-02T20:00"), utc("2018-07-03T17:00"), utc("2018-12-03T21:00"),
    ]  # fmt: skip
    assert known_at(rows, "bars-1d").tolist() == (rows["ts_event"] + DAY).tolist()
    assert visible(rows, "bars-1d", utc("2018-07-03T16:59"), nyse)["ts_event"].tolist() == [utc("2018-07-02")]
    assert len(visible(rows, "bars-1d", utc("2018-07-03T17:00"), nyse)) == 2
    with pytest.raises(ConfigError, match="a session of XNYS"):
        known_at(made("2018-07-04"), "bars-1d", nyse)
    with pytest.raises(ConfigError, match="schema: got 'trades'"):
        known_at(rows, "trades")


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    venue=st.sampled_from(["XNYS", "XCME", "XLON", "XTKS", "XASX", "XHKG", "BINANCE"]),
    date=st.dates(dt.date(2018, 1, 1), dt.date(2018, 12, 20)),
)
def test_without_a_calendar_no_daily_bar_is_known_early(venue, date):
    """The rule of midnight is never before the true close, for any exchange and day."""
    session = calendar(venue).next(date)
    rows = made(session.date.isoformat())
    (rule,), (close,) = known_at(rows, "bars-1d"), known_at(rows, "bars-1d", calendar(venue))
    assert close == session.close <= rule
