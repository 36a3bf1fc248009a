"""Databento CSV: the rows are those of the DBN file that Databento's own encoder made the CSV from."""

import gzip
from decimal import Decimal

import databento_dbn as dbn
import make_dbn_rows as make
import numpy as np
import pytest
import zstandard
from make_dbn_rows import PRICE, TICK, UNDEF_TIME

from tickwright.core.errors import ConfigError, FileFormatError, OffGridError, TickwrightError
from tickwright.data.catalog import Catalog
from tickwright.data.csv_rows import BLOCK
from tickwright.data.ingest import ingest_databento_csv, ingest_dbn


def tables(root):
    catalog = Catalog.open(root)
    return {
        (i.symbol, schema): catalog.read(i.symbol, schema)
        for i in catalog.instruments()
        for schema in catalog.schemas(i.symbol)
    }


def agree(one, two):
    one, two = tables(one), tables(two)
    assert one.keys() == two.keys()
    for key, rows in one.items():
        assert rows.tobytes() == two[key].tobytes(), key


@pytest.mark.parametrize("pretty_ts", [True, False])
@pytest.mark.parametrize("pretty_px", [True, False])
def test_shared_samples_as_csv(shared_data, tmp_path, pretty_px, pretty_ts):
    folder = shared_data / "databento" / "samples"
    for k, path in enumerate(sorted(folder.rglob("*.dbn.zst"))):
        text = make.to_csv(make.plain(path), pretty_px, pretty_ts)
        (tmp_path / f"{k}.csv").write_bytes(text)
        ingest_dbn(path, tmp_path / f"{k}-dbn")
        ingest_databento_csv(tmp_path / f"{k}.csv", tmp_path / f"{k}-csv")
        agree(tmp_path / f"{k}-dbn", tmp_path / f"{k}-csv")
    assert k >= 23


@pytest.mark.parametrize("symbols", [True, False])
@pytest.mark.parametrize("schema", make.SCHEMAS)
def test_every_schema_with_undefined_values(tmp_path, schema, symbols):
    made = make.rows(schema, 9)
    for name in ("bid_px_01", "high", "ref_price", "strike_price"):
        if name in made.dtype.names:
            made[name][4] = dbn.UNDEF_PRICE
            if name == "bid_px_01":
                made["bid_sz_01"][4] = 0
    for name in ("expiration", "ts_ref", "auction_time"):
        if name in made.dtype.names:
            made[name][5] = UNDEF_TIME
    for name in ("is_trading", "is_quoting", "is_short_sell_restricted"):
        if name in made.dtype.names:
            made[name] = b"~"
    body = make.encode(schema, made)
    (tmp_path / "x.dbn").write_bytes(body)
    ingest_dbn(tmp_path / "x.dbn", tmp_path / "dbn")
    (tmp_path / "x.csv").write_bytes(make.to_csv(body, symbols=symbols))
    ingest_databento_csv(tmp_path / "x.csv", tmp_path / "csv", instrument=None if symbols else "ESH4")
    agree(tmp_path / "dbn", tmp_path / "csv")


@pytest.mark.parametrize(("action", "table"), [(b"TTTTTTTTT", "quotes-trades"), (b"TTTTTTTTA", "quotes")])
def test_a_csv_of_trades_with_quotes_is_tbbo(tmp_path, action, table):
    """One row that is no trade, wherever it stands, makes it `mbp-1`."""
    made = make.rows("mbp-1", 9)
    made["action"] = np.frombuffer(action, "S1")
    (tmp_path / "x.csv").write_bytes(make.to_csv(make.encode("mbp-1", made)))
    summary = ingest_databento_csv(tmp_path / "x.csv", tmp_path / "csv")
    assert summary.by_schema == {table: 9, "trades": action.count(b"T")}
    assert any("those of tbbo" in note for note in summary.notes) == (table == "quotes-trades")


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_compressed_and_over_several_blocks(tmp_path, pack):
    count = 2 * BLOCK // 90
    rng = np.random.default_rng(3)
    made = make.rows(
        "trades", count, price=PRICE + TICK * rng.integers(-99, 99, count), sequence=rng.integers(0, 2**32, count)
    )
    body = make.encode("trades", made)
    (tmp_path / "x.dbn").write_bytes(body)
    text = make.to_csv(body)
    assert len(text) > 2 * BLOCK
    cut = len(text) // 3
    (tmp_path / "x.csv.z").write_bytes(pack(text[:cut]) + pack(text[cut:]))  # two frames or members
    ingest_dbn(tmp_path / "x.dbn", tmp_path / "dbn")
    heard = []
    summary = ingest_databento_csv(tmp_path / "x.csv.z", tmp_path / "csv", progress=lambda *told: heard.append(told))
    assert summary.by_schema == {"trades": count}
    assert heard[-1] == ((tmp_path / "x.csv.z").stat().st_size,) * 2
    agree(tmp_path / "dbn", tmp_path / "csv")
    (tmp_path / "x.csv.z").write_bytes(pack(text)[:-20])
    with pytest.raises(FileFormatError, match=r"(zstd|gzip) stream"):
        ingest_databento_csv(tmp_path / "x.csv.z", tmp_path / "other")


HEAD = (
    "ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side,depth,price,size,flags,ts_in_delta,sequence,symbol\n"
)
ROW = "2024-10-21T11:54:29.221230963Z,{ts},0,2,38,T,B,0,{px},7,130,5,9,AAPL\n"


def trades(tmp_path, *rows, head=HEAD, **options):
    path = tmp_path / "t.csv"
    path.write_text(head + "".join(rows))
    summary = ingest_databento_csv(path, tmp_path / "cat", **options)
    return summary, Catalog.open(tmp_path / "cat").read(summary.instruments[0], "trades")


def row(px="233.62", ts="2024-10-21T11:54:29.221064336Z"):
    return ROW.format(px=px, ts=ts)


def test_decimals_are_exact(tmp_path):
    """Text of a price to ticks and ten-thousandths equals Python's Decimal; 0.29 in floats is 28.999… cents."""
    texts = ["0.29", "233.62", "233.625", "1.1", "99999999.99", "-0.01", "0.07", "233.6200000", "4.35"]
    _, rows = trades(tmp_path, *(row(text) for text in texts))
    assert [(Decimal(int(r["price"])) + Decimal(int(r["subtick"])) / 10_000) / 100 for r in rows] == [
        *map(Decimal, texts)
    ]


@pytest.mark.parametrize(
    "text",
    ["2024-10-21 11:54:29.221064336+00:00", "2024-10-21T11:54:29.221064336Z", "2024-10-21T12:54:29.221064336+01:00"],
)
def test_times_to_the_nanosecond_as_other_tools_write_them(tmp_path, text):
    _, rows = trades(tmp_path, row(ts=text))
    assert rows["ts_event"].tolist() == [1_729_511_669_221_064_336]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row(), row("233.6x")], "line 3, column price: "),
        ([row(), row("233.6200000001")], "line 3, column price: "),
        ([row(), row("1e30")], "line 3, column price: "),
        ([row(), row("99999999999.5")], "line 3, column price: found 99999999999.500000000, expected 64 bits"),
        ([row(), row("")], "line 3: found T without a price"),
        ([row(), row(ts="")], "line 3: found an undefined timestamp"),
        ([row(), row(ts="yesterday")], "line 3, column ts_event: "),
        ([row(), row(ts="1729511669221064336")], "line 3, column ts_event: "),
        ([row(), row().replace(",T,", ",TT,")], "line 3, column action: found TT, expected one letter"),
        ([row(), row().replace(",T,", ",A,")], "line 3: found action 'A', expected T, a trade"),
        ([row(), row().replace(",0,2,38", ",1,2,38")], "line 3, column rtype: found 1, expected 0 throughout"),
        ([row(), row().replace(",7,130", ",,130")], "line 3, column size: found nothing"),
        ([row(), row().replace(",7,130", ",-7,130")], "line 3, column size: "),
        ([row(), row().replace("AAPL", "")], "line 3: found an empty symbol"),
        ([row(), "\n", row()], "line 3"),
        ([row(), row()[:-6] + "\n"], "line 3"),
        ([row(), row().replace(",0,2,38", ",0,3,38")], None),
    ],
)
def test_a_line_that_makes_no_sense_is_named(tmp_path, rows, message):
    if message is None:
        assert trades(tmp_path, *rows)[0].rows == 2  # prints of two venues
        return
    with pytest.raises(FileFormatError) as caught:
        trades(tmp_path, *rows)
    assert message in str(caught.value)
    assert not (tmp_path / "cat").exists()


def test_a_price_off_the_grid_names_the_line(tmp_path):
    with pytest.raises(OffGridError, match=r"t\.csv: line 3: price 233\.620000001 is not a whole multiple of 0\.01"):
        trades(tmp_path, row(), row("233.620000001"))


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("a,b,c\n", "header and first row: found a,b,c, expected columns of one of mbo"),
        ("price\n", "line 1: found 'price', expected names of columns, each once"),
        (HEAD.replace("size", "price"), "line 1: found "),
        (HEAD.replace("size", "sizes"), "line 1: found no column size, expected the columns of trades"),
    ],
)
def test_a_header_that_is_none(tmp_path, head, message):
    with pytest.raises(FileFormatError) as caught:
        trades(tmp_path, row(), head=head)
    assert message in str(caught.value)


def test_files_without_a_symbol_a_known_publisher_or_rows(tmp_path):
    bare = HEAD.replace(",symbol", "")
    with pytest.raises(ConfigError, match=r"t\.csv has no column symbol; pass --instrument"):
        trades(tmp_path, row().replace(",AAPL", ""), head=bare)
    two = [row().replace(",AAPL", ""), row().replace(",AAPL", "").replace(",38,", ",39,")]
    with pytest.raises(FileFormatError, match="line 3: found instrument id 39, expected instrument id 38 alone"):
        trades(tmp_path, *two, head=bare, instrument="AAPL")
    with pytest.raises(ConfigError, match=r"the dataset of publisher 9999, as XNAS\.ITCH: pass --dataset"):
        trades(tmp_path, row().replace(",0,2,38", ",0,9999,38"))
    summary, _ = trades(tmp_path, row().replace(",0,2,38", ",0,9999,38"), dataset="XNAS.ITCH")
    assert summary.instruments == ("AAPL",)
    for text in ("", "\n", HEAD):
        (tmp_path / "e.csv").write_text(text)
        with pytest.raises(TickwrightError):
            ingest_databento_csv(tmp_path / "e.csv", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_columns_that_nobody_reads_are_said_and_known_files_are_known(tmp_path):
    summary, rows = trades(tmp_path, row().replace("\n", ",9\n"), head=HEAD.replace("\n", ",mine\n"))
    assert summary.notes[0] == "columns that were not read: mine"
    assert len(rows) == 1
    assert ingest_databento_csv(tmp_path / "t.csv", tmp_path / "cat").already
