"""Generic CSV: exact values against Python's own Decimal and datetime, and refusals that say where and what."""

import bz2
import datetime as dt
import gzip
import lzma
import shutil
import zipfile
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tickwright.core.errors import ConfigError, FileFormatError, OffGridError, TickwrightError, UsageError
from tickwright.core.events import Action, Flag, Side
from tickwright.data import csv_rows
from tickwright.data.catalog import Catalog
from tickwright.data.tables.ingest import ingest_csv
from tickwright.data.tables.loading import load_mapping, parse_mapping, shipped

INSTRUMENT = '[instrument]\nsymbol = "ABC"\nvenue = "XNAS"\ntick_size = "0.01"\n'
TRADES = (
    'schema = "trades"\n[columns]\nts_event = "t"\nprice = "p"\nsize = "s"\n[time]\nunit = "ns"\n' + INSTRUMENT
)  # fmt: skip


def ingest(tmp_path: Path, mapping: str, data: bytes | str, name: str = "file.csv", **options):
    file = tmp_path / name
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return ingest_csv(file, tmp_path / "catalog", mapping=parse_mapping(mapping), **options)


def rows(tmp_path: Path, schema: str, symbol: str = "ABC") -> np.ndarray:
    return Catalog.open(tmp_path / "catalog").read(symbol, schema)


def nanos(text: str, zone: str) -> int:
    return round(dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000) * 10**6


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ticks=st.lists(st.integers(-(10**14), 10**14), min_size=1, max_size=30),
    tick=st.sampled_from(["0.01", "0.25", "0.00005", "5", "0.0000001", "12.5"]),
    scale=st.sampled_from([1, 100, 10_000, 32]),
    zeros=st.integers(0, 6),
)
def test_prices_come_back_as_the_ticks_they_were_made_of(tmp_path, ticks, tick, scale, zeros):
    """text = ticks × tick × scale in decimals, with zeros behind → the very ticks, for any grid."""
    texts = [format(Decimal(n) * Decimal(tick) * scale, "f") for n in ticks]
    texts = [t + ("0" * zeros if "." in t else "") for t in texts]
    mapping = (
        'schema = "quotes"\n[columns]\nts_event="t"\nbid="b"\nbid_size="s"\nask="b"\nask_size="s"\n[time]\nunit="ns"\n'
        f'[price]\nscale={scale}\n[instrument]\nsymbol="ABC"\nvenue="X"\ntick_size="{tick}"\nlot_size="1"\n'
        'multiplier="1000"\n'
    )  # fmt: skip
    lines = ["t,b,s"] + [f"{i},{text},1" for i, text in enumerate(texts)]
    ingest(tmp_path, mapping, "\n".join(lines), replace=True)
    assert rows(tmp_path, "quotes")["bid"].tolist() == ticks
    shutil.rmtree(tmp_path / "catalog")


def test_a_print_between_ticks_keeps_its_ten_thousandths(tmp_path):
    ingest(tmp_path, TRADES, "t,p,s\n1,10.0050,3\n2,10.000001,1\n3,1e1,2\n4, 7.01 ,2\n5,-0.005,1\n")
    got = rows(tmp_path, "trades")
    assert list(zip(got["price"].tolist(), got["subtick"].tolist(), strict=True)) == [
        (1000, 5000), (1000, 1), (1000, 0), (701, 0), (-1, 5000),
    ]  # fmt: skip
    assert got["sequence"].tolist() == [2, 3, 4, 5, 6]  # the lines of the file
    assert set(got["side"]) == {Side.NONE}


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        ("9,10.0000001,1", OffGridError, r"line 4, column p: price 10.0000001 is not a whole multiple of 0.000001"),
        ("9,abc,1", FileFormatError, r"line 4, column p: found 'abc', expected price: a decimal number"),
        ("9,nan,1", FileFormatError, r"line 4, column p: found 'nan'"),
        ("9,,1", FileFormatError, r"line 4: found no price in column p, expected a value"),
        ("9,1_0,1", FileFormatError, r"line 4, column p: found '1_0'"),
        ("9,1e400,1", FileFormatError, r"line 4, column p: found '1e400', expected price: a number that 64 bits"),
        ("9," + "9" * 30 + ",1", FileFormatError, r"line 4, column p: .* 64 bits of 0.000001 hold"),
        ("9,10,-1", FileFormatError, r"line 4, column s: found '-1', expected size of 0 or more"),
        ("9,10,1.5", OffGridError, r"line 4, column s: size 1.5 is not a whole multiple of 1"),
        ("9.5,10,1", OffGridError, r"line 4, column t: time 9.5"),
        ("9,10", FileFormatError, r"line 4: found '9,10', expected 3 values with ',' between them"),
        ("9,10,1,1", FileFormatError, r"line 4: found '9,10,1,1'"),
        ("", FileFormatError, r"line 4, column t: found '', expected time"),
    ],
)
def test_a_bad_value_is_refused_with_its_place(tmp_path, line, error, message):
    """The file, the line, the column, the value, what was expected; and nothing is stored."""
    with pytest.raises(error, match=message) as caught:
        ingest(tmp_path, TRADES, f"t,p,s\n1,10,1\n2,10,1\n{line}\n10,10,1\n")
    assert "file.csv" in str(caught.value)
    assert not (tmp_path / "catalog").exists()


def test_sizes_in_round_lots_and_in_fractions(tmp_path):
    mapping = TRADES + 'lot_size = "0.5"\n[size]\nunit = "100"\nround_to = "0.001"\n'
    summary = ingest(tmp_path, mapping, "t,p,s\n1,1,3\n2,1,0.0150000000001\n3,1,2.5\n")
    assert rows(tmp_path, "trades")["size"].tolist() == [600, 3, 500]
    assert any("1 values of size had more digits than 0.001" in note for note in summary.notes)


def test_a_quote_between_ticks_is_refused(tmp_path):
    """A tick of a quarter: 10.10 has few digits enough, but is no multiple."""
    mapping = (
        'schema = "quotes"\n[columns]\nts_event="t"\nbid="b"\nbid_size="s"\nask="a"\nask_size="s"\n[time]\nunit="ns"\n'
        + INSTRUMENT.replace("0.01", "0.25")
    )  # fmt: skip
    ingest(tmp_path, mapping, "t,b,a,s\n1,10.25,10.5,1\n")
    assert rows(tmp_path, "quotes")[["bid", "ask"]].tolist() == [(41, 42)]
    with pytest.raises(OffGridError, match=r"line 3, column a: price 10.60 is not a whole multiple of 0.25"):
        ingest(tmp_path, mapping, "t,b,a,s\n1,10.25,10.5,1\n2,10.25,10.60,1\n")


# ── times ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        ('unit = "s"', "1514883853.125000001", 1514883853_125000001),
        ('unit = "ms"', "1514883853125", 1514883853_125000000),
        ('unit = "us"', "1514883853125000", 1514883853_125000000),
        ('unit = "ns"', "1514883853125000001", 1514883853_125000001),
        ('format = "iso"', "2018-01-02 09:04:13.125000001", 1514883853_125000001),
        ('format = "iso"', "2018-01-02T09:04:13", 1514883853_000000000),
        ('format = "iso"\nzone = "offset"', "2018-01-02T04:04:13.5-05:00", 1514883853_500000000),
        ('format = "iso"\nzone = "America/New_York"', "2018-01-02 04:04:13.5", 1514883853_500000000),
        ('format = "%d/%m/%Y %I:%M:%S %p"\nzone = "America/New_York"', "02/01/2018 04:04:13 AM", 1514883853 * 10**9),
    ],
)  # fmt: skip
def test_moments_as_files_write_them(tmp_path, rule, text, expected):
    ingest(tmp_path, TRADES.replace('unit = "ns"', rule), f"t,p,s\n{text},1,1\n")
    assert rows(tmp_path, "trades")["ts_event"].tolist() == [expected]


ZONES = ["America/New_York", "Europe/London", "Asia/Kolkata", "Australia/Lord_Howe", "America/Chicago"]
CHANGES = [1541311200, 1541314800, 1520751600, 1520755200, 1540688400, 1522508400]  # of these clocks, in 2018


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    seconds=st.one_of(
        st.integers(946_684_800, 1_893_456_000),
        st.builds(lambda at, by: at + by, st.sampled_from(CHANGES), st.integers(-5400, 5400)),
    ),
    zone=st.sampled_from(ZONES),
)
def test_local_time_to_utc_is_zoneinfos(seconds, zone):
    """Any local second that comes once maps to the UTC second that zoneinfo gives; one that comes twice is refused."""
    from tickwright.data.places import Places
    from tickwright.data.tables.mapping import TimeRule
    from tickwright.data.tables.moments import moments

    local = dt.datetime.fromtimestamp(seconds, ZoneInfo(zone))
    text = pa.array([local.replace(tzinfo=None).isoformat()])
    once = local.utcoffset() == local.replace(fold=1 - local.fold).utcoffset()
    places = Places("f", "line", 0)
    if once:
        got = moments(text, None, TimeRule(format="iso", zone=zone), places, "t", "")
        assert got.tolist() == [seconds * 10**9]
        return
    with pytest.raises(FileFormatError, match="comes once"):
        moments(text, None, TimeRule(format="iso", zone=zone), places, "t", "")
    rule = TimeRule(format="iso", zone=zone, ambiguous="later" if local.fold else "earlier")
    assert moments(text, None, rule, places, "t", "").tolist() == [seconds * 10**9]


def test_the_hour_that_does_not_exist_and_the_one_that_comes_twice(tmp_path):
    mapping = TRADES.replace('unit = "ns"', 'format = "iso"\nzone = "America/New_York"')
    with pytest.raises(FileFormatError, match=r"line 2: found 2018-03-11T02:30.*exists in America/New_York"):
        ingest(tmp_path, mapping, "t,p,s\n2018-03-11 02:30:00,1,1\n")
    with pytest.raises(FileFormatError, match=r"comes once in America/New_York; time.ambiguous"):
        ingest(tmp_path, mapping, "t,p,s\n2018-11-04 01:30:00,1,1\n")
    for which, hour in (("earlier", "05:30"), ("later", "06:30")):
        said = mapping.replace("[time]\n", f'[time]\nambiguous = "{which}"\n')
        ingest(tmp_path, said, "t,p,s\n2018-11-04 01:30:00,1,1\n", replace=True)
        assert rows(tmp_path, "trades")["ts_event"].tolist() == [nanos(f"2018-11-04T{hour}", "UTC")]


def test_since_midnight_with_the_date_in_the_name_or_a_column(tmp_path):
    named = (
        'schema = "trades"\n[file]\nheader = false\nname = \'(?P<date>\\d{8})_(?P<symbol>\\w+)\\.csv\'\n'
        '[columns]\nts_event = 1\nprice = 2\nsize = 3\n'
        '[time]\nunit = "ms"\nsince = "midnight"\ndate_format = "%Y%m%d"\nzone = "America/New_York"\n'
        '[instrument]\nsymbol = "{symbol}"\nuppercase = true\nvenue = "X"\ntick_size = "0.01"\n'
    )  # fmt: skip
    ingest(tmp_path, named, "34200000,1,1\n", name="20131007_ibm.csv")
    assert rows(tmp_path, "trades", "IBM")["ts_event"].tolist() == [nanos("2013-10-07T09:30", "America/New_York")]
    with pytest.raises(FileFormatError, match="ms of a day"):
        ingest(tmp_path, named, "86400000,1,1\n", name="20131008_ibm.csv")
    with pytest.raises(FileFormatError, match=r"name: found 'other.csv'"):
        ingest(tmp_path, named, "1,1,1\n", name="other.csv")
    column = (
        'schema = "trades"\n[columns]\ndate = "d"\nts_event = "t"\nprice = "p"\nsize = "s"\n'
        '[time]\nformat = "iso"\nzone = "Asia/Tokyo"\n' + INSTRUMENT
    )  # fmt: skip
    ingest(tmp_path, column, "d,t,p,s\n2018-01-02,09:00:00.5,1,1\n2018-01-03,09:00,1,1\n")
    got = rows(tmp_path, "trades")["ts_event"].tolist()
    assert got == [nanos("2018-01-02T09:00:00.5", "Asia/Tokyo"), nanos("2018-01-03T09:00", "Asia/Tokyo")]
    with pytest.raises(FileFormatError, match=r"line 2, column t: found '25:00', expected a time of day"):
        ingest(tmp_path, column, "d,t,p,s\n2018-01-02,25:00,1,1\n")
    with pytest.raises(FileFormatError, match=r"line 3, column d: found '2018-02-30', expected a date"):
        ingest(tmp_path, column, "d,t,p,s\n2018-01-02,09:00,1,1\n2018-02-30,09:00,1,1\n")


# ── schemas ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_depth_is_absolute_sizes_of_levels(tmp_path):
    """Rows of one sequence are one message, its last row has LAST, also where a block ends between them."""
    mapping = (
        'schema = "depth"\n[columns]\nts_event="t"\nsequence="u"\nside="sd"\nprice="p"\nsize="s"\naction="a"\n'
        'snapshot="k"\n[time]\nunit="ns"\n[messages]\nlast="sequence"\n'
        '[values]\nside={b="bid",a="ask",x="none"}\naction={clear="clear","*"="modify",t="trade"}\n'
        'snapshot={"1"=true,"0"=false}\n' + INSTRUMENT
    )  # fmt: skip
    text = (
        "t,u,sd,p,s,a,k\n1,7,x,,,clear,1\n1,7,b,9.99,5,m,1\n1,7,a,10.01,6,m,1\n2,8,b,9.99,0,m,0\n3,9,a,10.005,2,t,0\n"
    )
    for block in (csv_rows.BLOCK, 45):  # a block of a line or two
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(csv_rows, "BLOCK", block)
            ingest(tmp_path, mapping, text, replace=True)
        got = rows(tmp_path, "depth")
        assert [chr(a) for a in got["action"]] == ["R", "M", "M", "M", "T"]
        assert got["price"].tolist() == [0, 999, 1001, 999, 1000]
        assert got["subtick"].tolist() == [0, 0, 0, 0, 5000]
        assert got["size"].tolist() == [0, 5, 6, 0, 2]
        assert [chr(s) for s in got["side"]] == ["N", "B", "A", "B", "A"]
        last, snapshot, levels = int(Flag.LAST), int(Flag.SNAPSHOT), int(Flag.AGGREGATED)
        assert got["flags"].tolist() == [
            snapshot | levels, snapshot | levels, snapshot | levels | last, levels | last, levels | last,
        ]  # fmt: skip
        assert got["sequence"].tolist() == [7, 7, 7, 8, 9]
        assert set(got["instrument_id"]) == {Catalog.open(tmp_path / "catalog").instrument("ABC").id}
    with pytest.raises(FileFormatError, match=r"price 10.005, expected a whole multiple"):
        ingest(tmp_path, mapping, text.replace("2,t,0", "2,m,0"), replace=True)
    with pytest.raises(FileFormatError, match=r"line 3: found 'q' in column sd, expected a code of values.side"):
        ingest(tmp_path, mapping, text.replace("7,b", "7,q"), replace=True)


def test_orders_with_ids_of_64_bits(tmp_path):
    mapping = (
        'schema = "events"\n[file]\ndelimiter = ";"\nencoding = "latin-1"\nskip_lines = 2\n'
        '[columns]\nts_event="t"\nts_recv="r"\norder_id="id"\nside="sd"\nprice="p"\nsize="s"\naction="a"\n'
        '[time]\nunit="us"\n[values]\nside={B="buy",S="sell"}\n'
        'action={A="add",D="cancel",E="execute"}\n' + INSTRUMENT
    )  # fmt: skip
    text = f'made in Zürich\n\nt;r;id;sd;p;s;a\n1;2;{2**64 - 1};B;"1.00";5;A\n3;4;{2**64 - 1};B;1.00;2;E\n'
    ingest(tmp_path, mapping, text.encode("latin-1"))
    got = rows(tmp_path, "events")
    assert got["order_id"].tolist() == [2**64 - 1] * 2
    assert got["ts_recv"].tolist() == [2000, 4000]
    assert got["action"].tolist() == [Action.ADD, Action.EXECUTE]
    assert got["sequence"].tolist() == [4, 5]
    assert set(got["flags"]) == {Flag.LAST}
    with pytest.raises(FileFormatError, match=r"line 4, column id: .*order id: a number that 64 bits"):
        ingest(tmp_path, mapping, text.replace(str(2**64 - 1), str(2**64)).encode("latin-1"))


def test_quotes_of_one_side_keep_the_other_of_the_same_venue(tmp_path):
    mapping = (
        'schema = "quotes"\n[columns]\nts_event="t"\nvenue="v"\nbid="b"\nbid_size="bs"\nask="a"\nask_size="as"\n'
        '[time]\nunit="ns"\n[quotes]\nunstated="carry"\n[values]\nvenue={P="ARCX",Q="XNAS"}\n'
        '[instrument]\nsymbol="ABC.{venue}"\nvenue="{venue}"\ntick_size="0.01"\n'
    )  # fmt: skip
    text = "t,v,b,bs,a,as\n1,P,1.00,5,0,0\n2,Q,0,0,1.02,7\n3,P,,,1.03,8\n4,P,1.01,6,0,0\n5,Q,0.99,1,0,0\n"
    for block in (csv_rows.BLOCK, 20):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(csv_rows, "BLOCK", block)
            ingest(tmp_path, mapping, text, replace=True)
        fields = ["ts_event", "bid", "bid_size", "ask", "ask_size"]
        assert rows(tmp_path, "quotes", "ABC.ARCX")[fields].tolist() == [
            (1, 100, 5, 0, 0), (3, 100, 5, 103, 8), (4, 101, 6, 103, 8),
        ]  # fmt: skip
        assert rows(tmp_path, "quotes", "ABC.XNAS")[fields].tolist() == [(2, 0, 0, 102, 7), (5, 99, 1, 102, 7)]
        assert rows(tmp_path, "quotes", "ABC.ARCX")["flags"].tolist() == [0, Flag.SYNTHETIC, Flag.SYNTHETIC]
        assert rows(tmp_path, "quotes", "ABC.XNAS")["flags"].tolist() == [0, Flag.SYNTHETIC]
    with pytest.raises(FileFormatError, match=r"line 2: found venue 'Z', expected one of values.venue: P, Q"):
        ingest(tmp_path, mapping, text.replace("1,P", "1,Z"), replace=True)
    with pytest.raises(FileFormatError, match=r"bid size 5 lots without a price"):
        ingest(tmp_path, mapping, text.replace("1.00,5", ",5"), replace=True)


def test_rows_passed_over_are_counted_and_columns_left_out_are_named(tmp_path):
    mapping = TRADES + '[skip]\ncorr = ["8", "10"]\n'
    summary = ingest(tmp_path, mapping, "t,p,s,corr,cond\n1,1,1,0,F\n2,1,1,8,F\n3,1,1,10,\n4,1,1,0,T\n")
    assert summary.skipped == {"corr=8": 1, "corr=10": 1}
    assert any("columns not stored: cond" in note for note in summary.notes)
    assert rows(tmp_path, "trades")["sequence"].tolist() == [2, 5]
    with pytest.raises(FileFormatError, match=r"line 6, column p"):  # a place counts the rows passed over, too
        ingest(tmp_path, mapping, "t,p,s,corr\n1,1,1,0\n2,1,1,8\n3,1,1,8\n4,1,1,8\n5,x,1,0\n")


# ── instruments ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_several_symbols_in_one_file_keep_their_order(tmp_path):
    mapping = TRADES.replace('symbol = "ABC"', 'symbol = "{symbol}"').replace(
        "[columns]\n", '[columns]\nsymbol = "n"\n'
    )
    text = "t,p,s,n\n1,1,1,A\n2,1,2,B\n3,1,3,A\n2,1,4,A\n5,1,5,C\n"
    summary = ingest(tmp_path, mapping, text)
    assert summary.instruments == ("A", "B", "C")
    assert rows(tmp_path, "trades", "A")["size"].tolist() == [1, 3, 4]
    assert any("1 rows are earlier" in note for note in summary.notes)
    with pytest.raises(ConfigError, match=r"instrument: got 'Z'.*holds several, A, B, C"):
        ingest(tmp_path, mapping, text, instrument="Z")
    ingest(tmp_path, mapping, text, instrument="{symbol}.day", tick_size="0.5", replace=False)
    catalog = Catalog.open(tmp_path / "catalog")
    assert [i.symbol for i in catalog.instruments()] == ["A", "A.day", "B", "B.day", "C", "C.day"]
    assert catalog.instrument("A.day").tick_size == Decimal("0.5")
    with pytest.raises(ConfigError, match=r"instrument.symbol: got '\{nme\}', expected parts of symbol"):
        ingest(tmp_path, mapping, text, instrument="{nme}")
    bare = TRADES.replace('symbol = "ABC"', 'symbol = "{symbol}"')
    with pytest.raises(ConfigError, match="instrument: got None"):
        ingest(tmp_path, bare, "t,p,s\n1,1,1\n")


def test_a_changed_mapping_is_another_source_and_the_same_one_is_known_again(tmp_path):
    text = "t,p,s\n1,1,1\n"
    assert not ingest(tmp_path, TRADES, text).already
    assert ingest(tmp_path, TRADES, text).already
    with pytest.raises(TickwrightError, match="--replace"):
        ingest(tmp_path, TRADES + '[size]\nunit = "100"\n', text)
    assert not ingest(tmp_path, TRADES + '[size]\nunit = "100"\n', text, replace=True).already
    assert rows(tmp_path, "trades")["size"].tolist() == [100]


# ── containers ───────────────────────────────────────────────────────────────────────────────────────────────────


def _zipped(path: Path, members: dict[str, str]) -> bytes:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path.read_bytes()


def test_every_wrapping_holds_the_same_rows(tmp_path):
    text = b"t,p,s\n1,1.00,1\n2,1.01,2\n"
    packed = {
        "a.csv": text,
        "crlf.csv": b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n") + b"\r\n\n",
        "noend.csv": text.rstrip(),
        "a.csv.gz": gzip.compress(text[:10]) + gzip.compress(text[10:]),  # two members, as gzip allows
        "a.csv.xz": lzma.compress(text),
        "a.csv.zst": pa.compress(text, "zstd", asbytes=True),
        "a.zip": _zipped(tmp_path / "z", {"deep/a.csv": text.decode(), "__MACOSX/._a.csv": "x", "readme.txt": "no"}),
    }
    for name, data in packed.items():
        mapping = TRADES + '[file]\nmembers = "*.csv"\n'
        summary = ingest(tmp_path, mapping, data, name=name, replace=True)
        assert rows(tmp_path, "trades")[["price", "size"]].tolist() == [(100, 1), (101, 2)], name
        assert summary.skipped == ({"member of a.zip": 1} if name == "a.zip" else {})
    with pytest.raises(FileFormatError, match=r"contents: found deep/a.csv, readme.txt, expected a member as \*.tsv"):
        ingest(tmp_path, TRADES + '[file]\nmembers = "*.tsv"\n', packed["a.zip"], name="a.zip", replace=True)
    with pytest.raises(FileFormatError, match="a column 't'"):
        ingest(tmp_path, TRADES, bz2.compress(text), name="a.bz2", replace=True)


def test_several_files_are_one_source(tmp_path):
    """A UTC day that reaches from one file into the next is stored whole, in the order of the files."""
    for i, text in enumerate(["t,p,s\n1,1,1\n5,1,2\n", "t,p,s\n6,1,3\n"]):
        (tmp_path / f"{i}.csv").write_text(text)
    summary = ingest_csv([tmp_path / "0.csv", tmp_path / "1.csv"], tmp_path / "catalog", mapping=parse_mapping(TRADES))
    assert summary.source.name == "0.csv and 1 more"
    assert rows(tmp_path, "trades")["size"].tolist() == [1, 2, 3]


# ── the mapping ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("schema", "shema"), "unknown key shema; allowed: about, bars, columns"),
        (('unit = "ns"', 'unit = "ns"\nzonne = "UTC"'), "time: unknown key zonne; allowed: ambiguous, date_format"),
        (('price = "p"', 'prise = "p"'), "columns: unknown key prise; allowed for trades: .*price, sequence"),
        (('price = "p"', ""), "columns.price: got 'nothing', expected a column"),
        (('"trades"', '"mbo"'), "schema: got 'mbo', expected one of events, depth, trades"),
        (('price = "p"', "price = 2"), "columns.price: got 2, expected a name where there is a header"),
        (('unit = "ns"', 'unit = "h"'), r"Invalid enum value 'h' - at `\$.time.unit`"),
        (('unit = "ns"', 'unit = "ns"\nformat = "iso"'), "time: got .*, expected one of the two"),
        (('unit = "ns"', 'unit = "ns"\nsince = "midnight"'), "time.since: got 'midnight', expected a column `date`"),
        (('unit = "ns"', 'unit = "ns"\nzone = "Mars/Base"'), "time zone: got 'Mars/Base'"),
        (('"0.01"', '"-1"'), "instrument.tick_size: got '-1', expected a positive decimal"),
        (('"0.01"', '"x"'), "tick_size"),
        (("[time]", "[price]\nscale = 0\n[time]"), "price.scale: got 0"),
        (("[time]", '[file]\nname = "("\n[time]'), "file.name: got .*a regular expression"),
        (("[time]", '[file]\nencoding = "klingon"\n[time]'), "file.encoding: got 'klingon'"),
        (("[time]", '[file]\nencoding = "utf-16"\n[time]'), "file.encoding: got 'utf-16'"),
        (('size = "s"', 'size = "s"\nside = "d"'), "values.side: got 'nothing', expected what the codes of"),
        (('size = "s"', 'size = "s"\nside = "d"\n[values]\nside = {x = "up"}'), "values.side.x: got 'up'"),
        (("[time]", "[time"), "expected valid TOML"),
    ],
)  # fmt: skip
def test_a_wrong_mapping_is_refused_with_what_is_allowed(change, message):
    with pytest.raises(UsageError, match=message):
        parse_mapping(TRADES.replace(*change), "mine.toml")


def test_mappings_that_come_along_all_load(tmp_path):
    assert len(shipped()) == 10
    assert all(load_mapping(name).name == name and load_mapping(name).about for name in shipped())
    with pytest.raises(ConfigError, match="a TOML file that exists, or one of btc-perp-1min"):
        load_mapping(tmp_path / "none.toml")


def test_a_column_that_is_not_there_or_there_twice(tmp_path):
    with pytest.raises(FileFormatError, match=r"line 1, the header: found t,? ?p, q, expected a column 's'"):
        ingest(tmp_path, TRADES, "t,p,q\n1,1,1\n")
    with pytest.raises(FileFormatError, match=r"expected one column 'p'"):
        ingest(tmp_path, TRADES, "t,p,p,s\n1,1,1,1\n")
    for nothing in ("", "\n", "t,p,s\n"):
        with pytest.raises(FileFormatError):
            ingest(tmp_path, TRADES, nothing)


# ── damage ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _whole_or_refused(tmp_path: Path, data: bytes, name: str, kept: bytes) -> None:
    """An ingest of damaged bytes ends with a named error or with rows; other rows in the catalog stand."""
    file = tmp_path / name
    file.write_bytes(data)
    mapping = TRADES.replace('symbol = "ABC"', 'symbol = "{symbol}"').replace(
        "[columns]\n", '[columns]\nsymbol = "n"\n'
    )
    with suppress(TickwrightError):
        ingest_csv(file, tmp_path / "catalog", mapping=parse_mapping(mapping), replace=True)
    assert Catalog.open(tmp_path / "catalog").read("KEPT", "trades").tobytes() == kept


def test_truncated_and_flipped_files_are_refused_by_name(tmp_path):
    """Cut at every third byte, and 250 random flips, of plain, gzip, xz, zstd and zip: a TickwrightError or rows."""
    text = b"t,p,s,n\n" + b"".join(b"%d,1.%02d,%d,AB\n" % (i, i, i) for i in range(1, 9))
    keep = TRADES.replace('"ABC"', '"KEPT"')
    (tmp_path / "keep.csv").write_text("t,p,s\n1,1,1\n")
    ingest_csv(tmp_path / "keep.csv", tmp_path / "catalog", mapping=parse_mapping(keep))
    kept = Catalog.open(tmp_path / "catalog").read("KEPT", "trades").tobytes()
    packed = {
        "f.csv": text,
        "f.gz": gzip.compress(text, mtime=0),
        "f.xz": lzma.compress(text),
        "f.zst": pa.compress(text, "zstd", asbytes=True),
        "f.zip": _zipped(tmp_path / "z", {"f.csv": text.decode()}),
    }
    rng = np.random.default_rng(20180102)
    for name, data in packed.items():
        for cut in range(0, len(data), 3):
            _whole_or_refused(tmp_path, data[:cut], name, kept)
        for _ in range(50):
            bad = bytearray(data)
            bad[rng.integers(len(bad))] ^= 1 << rng.integers(8)
            _whole_or_refused(tmp_path, bytes(bad), name, kept)


def test_a_line_without_an_end_is_refused_in_bounded_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_rows, "BLOCK", 1000)
    with pytest.raises(FileFormatError, match="bytes without a line end"):
        ingest(tmp_path, TRADES, b"t,p,s\n" + b"9" * 5000)
