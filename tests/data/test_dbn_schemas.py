"""Every Databento schema into the catalog and back: what is read is what was put in, in every version."""

import datetime as dt
from decimal import Decimal

import databento_dbn as dbn
import make_dbn
import make_dbn_rows as make
import numpy as np
import pytest
from make_dbn_rows import PRICE, TICK, UNDEF_TIME

from tickwright.core.errors import CatalogError, ConfigError, FileFormatError, OffGridError
from tickwright.core.tables import IMBALANCE_OPTIONAL, STATISTIC_OPTIONAL, TERMS_OPTIONAL, Missing
from tickwright.data.catalog import Catalog
from tickwright.data.ingest import ingest_dbn

VERSIONS = pytest.mark.parametrize("version", [1, 2, 3])
COUNT = 60


def stored(tmp_path, schema, made, version=3, symbol="ESH4", **options):
    """The summary, and every table of the one symbol."""
    tmp_path.mkdir(exist_ok=True)
    path = make.write(tmp_path / "x.dbn.zst", schema, made, version)
    summary = ingest_dbn(path, tmp_path / "cat", **options)
    catalog = Catalog.open(tmp_path / "cat")
    return summary, {table: catalog.read(symbol, table) for table in catalog.schemas(symbol)}


def random(seed, low, high):
    return np.random.default_rng(seed).integers(low, high, COUNT)


@VERSIONS
@pytest.mark.parametrize("schema", ["mbp-1", "cmbp-1", "tbbo", "tcbbo"])
def test_quotes_and_prints(tmp_path, schema, version):
    bid, ask = random(1, 19_000, 19_100), random(2, 19_100, 19_200)
    made = make.rows(
        schema, COUNT, version, bid_px_00=bid * TICK, ask_px_00=ask * TICK, bid_sz_00=random(3, 1, 99),
        ask_sz_00=random(4, 1, 99), price=bid * TICK, size=random(5, 1, 9), flags=random(6, 0, 255),
    )  # fmt: skip
    if schema.endswith("mbp-1"):
        made["action"] = np.where(np.arange(COUNT) % 3 == 0, b"T", b"A")
    if "sequence" in made.dtype.names:
        made["sequence"] = random(7, 0, 2**32)
    _, tables = stored(tmp_path, schema, made, version)
    quotes, trades = tables["quotes" if schema.endswith("mbp-1") else "quotes-trades"], tables["trades"]
    assert quotes["bid"].tolist() == bid.tolist()
    assert quotes["ask"].tolist() == ask.tolist()
    for ours, theirs in (("bid_size", "bid_sz_00"), ("ask_size", "ask_sz_00"), ("flags", "flags")):
        assert quotes[ours].tolist() == made[theirs].tolist()
    printed = made[made["action"] == b"T"]
    assert len(trades) == len(printed) > 0
    assert (trades["price"] * TICK).tolist() == printed["price"].tolist()
    assert trades["size"].tolist() == printed["size"].tolist()
    assert trades["side"].tolist() == [side[0] for side in printed["side"].tolist()]
    for rows, from_rows in ((quotes, made), (trades, printed)):
        for name in ("ts_event", "ts_recv", *(["sequence"] if "sequence" in made.dtype.names else [])):
            assert rows[name].tolist() == from_rows[name].tolist()


def test_an_empty_side_has_neither_price_nor_size(tmp_path):
    made = make.rows("mbp-1", 3)
    made["ask_px_00"][1], made["ask_sz_00"][1] = dbn.UNDEF_PRICE, 0
    made["bid_sz_00"][2] = 0  # a price without a size
    summary, tables = stored(tmp_path, "mbp-1", made)
    assert tables["quotes"]["ask"].tolist() == [PRICE // TICK + 1, 0, PRICE // TICK + 1]
    assert tables["quotes"]["ask_size"].tolist() == [10, 0, 10]
    assert tables["quotes"]["bid"].tolist() == [PRICE // TICK - 1, PRICE // TICK - 1, 0]
    assert summary.notes[-1] == "1 levels had a price and size 0, and are taken as empty"
    assert "trades" not in tables
    made["ask_sz_00"][1] = 5
    with pytest.raises(FileFormatError, match=r"mbp-1 record 2: found ask prices \[9223372036854775807\] with sizes"):
        stored(tmp_path / "again", "mbp-1", made)


@VERSIONS
@pytest.mark.parametrize("schema", ["bbo-1s", "bbo-1m", "cbbo-1s", "cbbo-1m"])
def test_an_interval_quote_is_of_its_end_even_when_no_trade_has_been(tmp_path, schema, version):
    made = make.rows(schema, COUNT, version)
    made["ts_recv"] = make_dbn.START + (1 + np.arange(COUNT)) * 10**9
    made["ts_event"] = np.where(np.arange(COUNT) < 5, UNDEF_TIME, make_dbn.START)
    made["price"] = np.where(np.arange(COUNT) < 5, dbn.UNDEF_PRICE, PRICE + 1)  # not ours: not looked at
    _, tables = stored(tmp_path, schema, made, version)
    (table,) = tables
    assert table == f"quotes-{schema[-2:]}"
    quotes = tables[table]
    assert quotes["ts_event"].tolist() == quotes["ts_recv"].tolist() == made["ts_recv"].tolist()
    assert set(quotes["bid"].tolist()) == {PRICE // TICK - 1}


@VERSIONS
def test_trades_between_ticks_have_a_subtick(tmp_path, version):
    ten_thousandths = random(1, 10_000 * 19_000, 10_000 * 19_001)
    made = make.rows("trades", COUNT, version, price=ten_thousandths * (TICK // 10_000))
    _, tables = stored(tmp_path, "trades", made, version)
    trades = tables["trades"]
    assert (trades["price"] * 10_000 + trades["subtick"]).tolist() == ten_thousandths.tolist()
    with pytest.raises(OffGridError, match=r"trades record 1: price 4800\.000000001 is not a whole multiple of 0\.25"):
        stored(tmp_path / "again", "trades", make.rows("trades", 1, price=PRICE + 1))


@VERSIONS
@pytest.mark.parametrize(
    ("schema", "table"),
    [("ohlcv-1s", "bars-1s"), ("ohlcv-1m", "bars-1m"), ("ohlcv-1h", "bars-1h"), ("ohlcv-1d", "bars-1d"),
     ("ohlcv-eod", "bars-1d")],
)  # fmt: skip
def test_bars(tmp_path, schema, table, version):
    made = make.rows(schema, COUNT, version, volume=random(9, 0, 2**40))
    for k, name in enumerate(("open", "high", "low", "close")):
        made[name] = random(k, -100, 19_000) * TICK
    made["high"][3], made["volume"][4] = dbn.UNDEF_PRICE, 2**64 - 1
    _, tables = stored(tmp_path, schema, made, version)
    bars = tables[table]
    assert bars["missing"].tolist() == [0, 0, 0, Missing.HIGH, Missing.VOLUME] + [0] * (COUNT - 5)
    assert (bars["high"][3], bars["volume"][4]) == (0, 0)
    there = bars["missing"] == 0
    for name in ("open", "high", "low", "close"):
        assert (bars[name] * TICK)[there].tolist() == made[name][there].tolist()
    assert bars["volume"][there].tolist() == made["volume"][there].tolist()
    assert bars["ts_event"].tolist() == made["ts_event"].tolist()


def test_a_bar_off_the_grid_names_the_way_out(tmp_path):
    made = make.rows("ohlcv-1d", 2, open=PRICE, high=PRICE, low=PRICE, close=PRICE)
    made["low"][1] += TICK // 2
    with pytest.raises(OffGridError, match=r"ohlcv-1d record 2: price 4800\.125 .* 0\.25 \(ESH4; --tick-size"):
        stored(tmp_path, "ohlcv-1d", made)
    _, tables = stored(tmp_path, "ohlcv-1d", made, tick_size="0.125")
    assert tables["bars-1d"]["low"].tolist() == [38_400, 38_401]


def undefined(optional, row, name):
    return bool(int(row["missing"]) >> optional.index(name) & 1)


@VERSIONS
def test_statistics_may_lie_off_the_grid_and_lack_fields(tmp_path, version):
    kind = make.layout("statistics", version)["quantity"]
    most = int(np.iinfo(kind).max)
    made = make.rows(
        "statistics", 4, version, price=[PRICE + 1, dbn.UNDEF_PRICE, -5, 0], quantity=[7, 8, most, -9],
        ts_ref=[UNDEF_TIME, 5, 6, 7], stat_type=[1, 2, 3, 65_000], update_action=1, stat_flags=255, sequence=2**32 - 1,
        channel_id=3,
    )  # fmt: skip
    _, tables = stored(tmp_path, "statistics", made, version)
    rows = tables["statistics"]
    assert rows["price"].tolist() == [PRICE + 1, 0, -5, 0]
    assert rows["quantity"].tolist() == [7, 8, 0, -9]
    assert rows["ts_ref"].tolist() == [0, 5, 6, 7]
    assert [[undefined(STATISTIC_OPTIONAL, row, n) for n in STATISTIC_OPTIONAL] for row in rows] == [
        [True, False, False], [False, True, False], [False, False, True], [False] * 3,
    ]  # fmt: skip
    for name in ("ts_event", "ts_recv", "stat_type", "update_action", "stat_flags", "sequence", "channel_id"):
        assert rows[name].tolist() == made[name].tolist()


@VERSIONS
def test_imbalances(tmp_path, version):
    made = make.rows("imbalance", COUNT, version, auction_type=b"O", side=b"A", unpaired_side=b"N")
    for k, name in enumerate(IMBALANCE_OPTIONAL):
        made[name] = random(k, 1, 2**31)
    made["upper_collar"][2], made["unpaired_qty"][3] = dbn.UNDEF_PRICE, 2**32 - 1
    made["auction_time"][4] = UNDEF_TIME
    _, tables = stored(tmp_path, "imbalance", made, version)
    rows = tables["imbalance"]
    for name in IMBALANCE_OPTIONAL:
        gone = [undefined(IMBALANCE_OPTIONAL, row, name) for row in rows]
        expected = {"upper_collar": [2], "unpaired_qty": [3], "auction_time": [4]}.get(name, [])
        assert np.flatnonzero(gone).tolist() == expected
        assert rows[name].tolist() == [0 if g else v for g, v in zip(gone, made[name].tolist(), strict=True)]
    assert set(rows["auction_type"].tolist()) == {ord("O")}
    assert set(rows["side"].tolist()) == {ord("A")}


@VERSIONS
def test_status(tmp_path, version):
    made = make.rows("status", COUNT, version, action=random(1, 0, 20), reason=random(2, 0, 130), trading_event=2)
    made["is_trading"], made["is_quoting"], made["is_short_sell_restricted"] = b"Y", b"N", b"~"
    _, tables = stored(tmp_path, "status", made, version)
    for name in ("ts_event", "ts_recv", "action", "reason", "trading_event"):
        assert tables["status"][name].tolist() == made[name].tolist()
    letters = [tables["status"][0][n] for n in ("is_trading", "is_quoting", "is_short_sell_restricted")]
    assert letters == [ord("Y"), ord("N"), ord("~")]


@VERSIONS
def test_definitions_say_the_tick_of_what_comes_after(tmp_path, version):
    made = make.rows("definition", 2, version, strike_price=dbn.UNDEF_PRICE, maturity_year=2024, maturity_month=3)
    made["raw_symbol"] = [b"ESH4", b"XYZ SPREAD"]
    made["min_price_increment"] = [TICK, 50_000_000]
    made["instrument_class"] = [b"F", b"S"]
    made["expiration"] = [1_710_509_400_000_000_000, UNDEF_TIME]
    path = make.write(tmp_path / "d.dbn", "definition", made, version)
    summary = ingest_dbn(path, tmp_path / "cat")
    assert summary.by_schema == {"definitions": 2}
    catalog = Catalog.open(tmp_path / "cat")
    es, spread = catalog.instrument("ESH4"), catalog.instrument("XYZ SPREAD")
    assert (es.tick_size, es.multiplier, es.venue, es.currency) == (Decimal("0.25"), Decimal(50), "XCME", "USD")
    assert (spread.tick_size, spread.multiplier) == (Decimal("0.05"), Decimal(1))
    row = catalog.read("ESH4", "definitions")[0]
    upgraded = make.decode(make.encode("definition", made, version), upgrade=True)[0]
    legs = [name for name in TERMS_OPTIONAL if name.startswith("leg_")]
    for name in TERMS_OPTIONAL:
        if name in legs and version < 3:
            assert undefined(TERMS_OPTIONAL, row, name)
            continue
        value = getattr(upgraded, name)
        assert row[name] == (0 if undefined(TERMS_OPTIONAL, row, name) else value), name
    assert undefined(TERMS_OPTIONAL, row, "strike_price")
    assert not undefined(TERMS_OPTIONAL, row, "min_price_increment")
    assert undefined(TERMS_OPTIONAL, catalog.read("XYZ SPREAD", "definitions")[0], "expiration")
    symbols = {"XYZ SPREAD": [(17077, make_dbn.DAY, make_dbn.DAY + dt.timedelta(1))]}
    quotes = make.rows("mbp-1", 3, bid_px_00=-50_000_000, ask_px_00=100_000_000)
    ingest_dbn(make.write(tmp_path / "q.dbn", "mbp-1", quotes, symbols=symbols), tmp_path / "cat")
    assert Catalog.open(tmp_path / "cat").read("XYZ SPREAD", "quotes")["bid"].tolist() == [-1, -1, -1]


def test_a_tick_that_nothing_says_is_asked_for_and_fills_only_the_gaps(tmp_path):
    made = make.rows("definition", 2)
    made["raw_symbol"], made["min_price_increment"] = [b"AAA", b"BBB"], [TICK, dbn.UNDEF_PRICE]
    path = make.write(tmp_path / "d.dbn", "definition", made)
    with pytest.raises(ConfigError, match=r"a price increment for BBB of GLBX\.MDP3: pass --tick-size"):
        ingest_dbn(path, tmp_path / "cat")
    ingest_dbn(path, tmp_path / "cat", tick_size="0.5")
    catalog = Catalog.open(tmp_path / "cat")
    assert [catalog.instrument(s).tick_size for s in ("AAA", "BBB")] == [Decimal("0.25"), Decimal("0.5")]
    with pytest.raises(ConfigError, match="holds definitions itself"):
        ingest_dbn(path, tmp_path / "other", definition=path)


def test_one_venue_a_book_but_many_a_consolidated_one(tmp_path):
    made = make.rows("mbp-1", 4, publisher_id=[1, 1, 2, 1])
    with pytest.raises(FileFormatError, match="mbp-1 record 3: found publisher 2 for ESH4, expected publisher 1"):
        stored(tmp_path, "mbp-1", made)
    for schema in ("cmbp-1", "trades"):
        summary, _ = stored(tmp_path, schema, make.rows(schema, 4, publisher_id=[1, 1, 2, 1]), replace=True)
        assert sum(summary.by_schema.values()) == 4


def test_a_live_capture_of_several_schemas_is_read_type_by_type(tmp_path):
    status = make.rows("status", 2, is_trading=b"Y", is_quoting=b"Y", is_short_sell_restricted=b"~")
    parts = [make.rows("mbp-1", 3), status, make.rows("ohlcv-1s", 2), make.rows("definition", 1)]
    body = b"".join(part.tobytes() for part in parts)
    heartbeat = bytes(dbn.SystemMsg(ts_event=0, msg="Heartbeat"))
    path = tmp_path / "live.dbn"
    path.write_bytes(make_dbn.metadata(schema=None) + body + heartbeat)
    summary = ingest_dbn(path, tmp_path / "cat")
    assert summary.by_schema == {"quotes": 3, "status": 2, "bars-1s": 2, "definitions": 1}
    assert summary.skipped == {"system": 1}
    path.write_bytes(make_dbn.metadata(schema=None) + body + make.rows("trades", 1).tobytes())
    with pytest.raises(FileFormatError, match="found mbp-1 and trades, expected one source of trades"):
        ingest_dbn(path, tmp_path / "other")


def test_every_shared_file_is_stored_with_databentos_counts(shared_data, tmp_path):
    tables = {"mbp-1": "quotes", "tbbo": "quotes-trades", "bbo-1s": "quotes-1s", "bbo-1m": "quotes-1m", "mbo": "events"}
    tables |= {"definition": "definitions", **{f"ohlcv-{n}": f"bars-{n}" for n in ("1s", "1m", "1h", "1d")}}
    seen = set()
    for k, path in enumerate(sorted((shared_data / "databento").rglob("*.dbn.zst"))):
        records = make.decode(make.plain(path))
        summary = ingest_dbn(path, tmp_path / str(k))
        schema = path.name.split(".")[1] if path.name.startswith("test_data") else "mbo"
        schema = "definition" if path.name.startswith("definition") else schema
        seen.add(schema)
        if schema != "mbp-10":
            assert summary.by_schema[tables.get(schema, schema)] == len(records), path
        assert summary.skipped == {}
        if schema == "tbbo":
            trades = Catalog.open(tmp_path / str(k)).read(summary.instruments[0], "trades")
            tick = Catalog.open(tmp_path / str(k)).instrument(summary.instruments[0]).tick_size
            assert [int(p) * tick * 10**9 for p in trades["price"]] == [r.price for r in records]
    assert len(seen) == 15


def test_every_shared_sample_of_a_dataset_goes_into_one_catalog_and_no_trade_is_there_twice(shared_data, tmp_path):
    """Invariant: in whatever order the files of a folder come, the catalog holds the same rows of every schema."""
    for folder in sorted((shared_data / "databento" / "samples").iterdir()):
        files = sorted(folder.glob("*.dbn.zst"))
        contents = []
        for n, order in enumerate((files, files[::-1])):
            told = [ingest_dbn(path, tmp_path / f"{folder.name}{n}") for path in order]
            assert sum("4 trades are in the catalog already" in note for s in told for note in s.notes) == 1
            catalog = Catalog.open(tmp_path / f"{folder.name}{n}")
            (symbol,) = (i.symbol for i in catalog.instruments())
            contents.append({schema: catalog.read(symbol, schema).tobytes() for schema in catalog.schemas(symbol)})
        assert contents[0] == contents[1]
        held = {"quotes", "quotes-trades", "trades", "events", "depth", "definitions", "bars-1s", "bars-1d"}
        assert held <= set(contents[0])
        assert len(catalog.read(symbol, "trades")) == len(catalog.read(symbol, "quotes-trades")) == 4
        more = {"quotes-1s", "quotes-1m", "statistics", "status"} if folder.name == "GLBX.MDP3" else {"imbalance"}
        assert more <= set(contents[0])


def test_trades_of_another_file_are_stored_once_and_others_are_refused(tmp_path):
    """Rows alike are counted one by one: what the first file has once is there once, whatever the second says."""
    made = make.rows("tbbo", 6)
    made["sequence"] = np.array([1, 2, 2, 3, 4, 5])
    made["ts_event"][2], made["ts_recv"][2] = made["ts_event"][1], made["ts_recv"][1]
    first, tables = stored(tmp_path, "tbbo", made)
    assert first.by_schema == {"quotes-trades": 6, "trades": 6}
    trades = make.rows("trades", 6)
    for name in ("ts_event", "ts_recv", "sequence", "price", "size", "side", "flags", "action"):
        trades[name] = made[name]
    before = Catalog.open(tmp_path / "cat").version
    again, after = stored(tmp_path, "trades", trades)
    assert (again.already, again.rows, Catalog.open(tmp_path / "cat").version) == (True, 0, before)
    assert "ESH4: 6 trades are in the catalog already from x.dbn.zst, and were not stored again" in again.notes
    assert after["trades"].tobytes() == tables["trades"].tobytes()
    # One trade more, behind: it alone is stored. One that differs in between is refused.
    later = make.rows("trades", 7)
    later[:6] = trades
    later["ts_event"][6] = later["ts_recv"][6] = int(trades["ts_recv"].max()) + 10**9
    more, after = stored(tmp_path, "trades", later)
    assert more.by_schema == {"trades": 1}
    assert len(after["trades"]) == 7
    other = trades.copy()
    other["size"][3] += 1
    with pytest.raises(CatalogError, match=r"trades .* has rows .*pass --replace"):
        stored(tmp_path, "trades", other)
    three = np.concatenate([trades[:3], trades[2:]])  # one of two alike comes a third time
    with pytest.raises(CatalogError, match=r"trades .* has rows .*pass --replace"):
        stored(tmp_path, "trades", three)
