"""Export: what other programs read is what the catalog holds; the oracles are Polars, NumPy and exact decimals."""

import datetime as dt
import os
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from tickwright.core.errors import CatalogError, ConfigError, NotInCatalogError, StorageError
from tickwright.core.events import MARKET_EVENT, Action, Side
from tickwright.core.instrument import Instrument
from tickwright.core.tables import BAR
from tickwright.core.time import midnight
from tickwright.data.catalog import Catalog
from tickwright.data.export import FORMATS, export, schema_named
from tickwright.data.intake import write_events
from tickwright.data.store.source import made_source

DAY = midnight(dt.date(2024, 3, 5), "UTC")
BOND = Instrument("ZN", "XCBT", "USD", Decimal("0.015625"), Decimal("0.5"), Decimal(1000))
ROWS = 1_000


def made():
    rng = np.random.default_rng(5)
    rows = np.zeros(ROWS, MARKET_EVENT)
    rows["ts_event"] = rows["ts_recv"] = DAY + np.sort(rng.integers(0, 3_600 * 10**9, ROWS))
    rows["price"], rows["size"] = rng.integers(-50, 8_000, ROWS), rng.integers(1, 10**6, ROWS)
    rows["order_id"], rows["action"] = rng.integers(0, 2**63, ROWS, np.uint64), Action.ADD
    rows["side"] = rng.choice([Side.BID, Side.ASK], ROWS)
    rows["subtick"][::7], rows["action"][::7] = 5_000, Action.TRADE
    return rows


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog.create(tmp_path / "cat")
    write_events(catalog, BOND, made(), "made")
    return catalog


@pytest.mark.parametrize("to", ["parquet", "csv"])
def test_tables_hold_exact_decimals_letters_and_nanoseconds(catalog, tmp_path, to, monkeypatch):
    monkeypatch.setattr(type(catalog), "chunks", lambda self, *a: iter(np.array_split(made(), 7)))
    target = tmp_path / f"out.{to}"
    assert export(catalog, BOND, "events", DAY, DAY + 10**15, target, to) == ROWS
    frame = pl.read_parquet(target) if to == "parquet" else pl.read_csv(target, infer_schema=False)
    for k, row in enumerate(made()):
        got = frame.row(k, named=True)
        price = (int(row["price"]) + Decimal(int(row["subtick"])) / 10_000) * Decimal("0.015625")
        assert Decimal(got["price"]) == price
        assert Decimal(got["size"]) == int(row["size"]) * Decimal("0.5")
        assert (got["action"], got["side"]) == (chr(row["action"]), chr(row["side"]))
        assert int(got["order_id"]) == row["order_id"]
    if to == "parquet":
        assert frame["ts_event"].dtype == pl.Datetime("ns", "UTC")
        assert np.array_equal(frame["ts_event"].to_physical().to_numpy(), made()["ts_event"])
    else:
        ts = frame["ts_event"].str.to_datetime("%Y-%m-%d %H:%M:%S%.fZ", time_unit="ns").to_physical().to_numpy()
        assert np.array_equal(ts, made()["ts_event"])


def test_npz_holds_the_rows_and_the_instrument(catalog, tmp_path):
    target = tmp_path / "deep" / "out.npz"
    assert export(catalog, BOND, "events", DAY, DAY + 10**15, target, "npz") == ROWS
    with np.load(target) as got:
        assert got["rows"].dtype == MARKET_EVENT
        assert got["rows"].tobytes() == made().tobytes()
        assert (str(got["tick_size"]), str(got["symbol"])) == ("0.015625", "ZN")
    assert os.listdir(target.parent) == ["out.npz"]


def test_book_rows_come_with_their_times_and_bars_with_their_gaps(tmp_path):
    catalog = Catalog.create(tmp_path / "cat")
    book, times = np.arange(24, dtype=np.int64).reshape(3, 8), DAY + np.arange(3)
    bars = np.zeros(2, BAR)
    bars["ts_event"], bars["close"], bars["missing"] = DAY + np.arange(2) * 60 * 10**9, [7, 8], [1, 0]
    with catalog.ingest(made_source("x", BOND, book)) as session:
        session.append(BOND, "book-2", book, times)
        session.append(BOND, "bars-1m", bars)
    catalog.refresh()
    assert export(catalog, BOND, "book-2", DAY, DAY + 9, tmp_path / "b.npz", "npz") == 3
    with np.load(tmp_path / "b.npz") as got:
        assert np.array_equal(got["rows"], np.column_stack([times, book]))
    export(catalog, BOND, "book-2", DAY, DAY + 2, tmp_path / "b.parquet", "parquet")
    frame = pl.read_parquet(tmp_path / "b.parquet")
    assert frame.shape == (2, 9)
    assert frame["bid_size_1"].to_list() == [Decimal("3.5"), Decimal("7.5")]
    export(catalog, BOND, "bars-1m", DAY, DAY + 10**15, tmp_path / "m.parquet", "parquet")
    frame = pl.read_parquet(tmp_path / "m.parquet")
    assert (frame["close"].to_list(), frame["missing"].to_list()) == ([Decimal("0.109375"), Decimal("0.125")], [1, 0])


def test_what_cannot_be_exported_is_said_and_leaves_nothing(catalog, tmp_path, monkeypatch):
    target = tmp_path / "out.csv"
    assert schema_named("mbo") == "events"
    databento = {"bbo-1s": "quotes-1s", "bbo-1m": "quotes-1m", "tbbo": "quotes-trades", "mbp-1": "quotes"}
    assert {name: schema_named(name) for name in databento} == databento
    with pytest.raises(CatalogError, match="'candles' is unknown, expected events"):
        schema_named("candles")
    with pytest.raises(ConfigError, match="--to: got 'xls', expected parquet or csv or npz"):
        export(catalog, BOND, "events", DAY, DAY + 1, target, "xls")
    with pytest.raises(NotInCatalogError):
        export(catalog, BOND, "events", 0, 1, target, "csv")
    with pytest.raises(StorageError, match="nothing was written"):
        export(catalog, BOND, "events", DAY, DAY + 10**15, tmp_path / "cat" / "manifest.json" / "x.csv", "csv")
    monkeypatch.setattr(os, "replace", lambda *a: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(StorageError, match="the disk is full or a size limit was reached; nothing was written"):
        export(catalog, BOND, "events", DAY, DAY + 10**15, target, "npz")
    assert sorted(os.listdir(tmp_path)) == ["cat"]


@pytest.mark.parametrize("to", FORMATS)
def test_a_time_without_rows_is_not_in_the_catalog_whatever_the_format(tmp_path, to):
    """Bars of a whole year share a file, so a Saturday lies in it and has no rows; the file of an earlier run stays."""
    catalog, bars = Catalog.create(tmp_path / "cat"), np.zeros(2, BAR)
    bars["ts_event"] = [DAY, DAY + 7 * 86_400 * 10**9]
    with catalog.ingest(made_source("x", BOND, bars)) as session:
        session.append(BOND, "bars-1d", bars)
    catalog.refresh()
    target, saturday = tmp_path / "out" / f"x.{to}", DAY + 4 * 86_400 * 10**9
    target.parent.mkdir()
    target.write_text("earlier")
    with pytest.raises(NotInCatalogError, match="ZN has no bars-1d from 2024-03-09"):
        export(catalog, BOND, "bars-1d", saturday, saturday + 86_400 * 10**9, target, to)
    assert [f.read_text() for f in target.parent.iterdir()] == ["earlier"]
