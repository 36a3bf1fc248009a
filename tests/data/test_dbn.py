"""DBN files against Databento's own decoder, record by record and field by field."""

import datetime as dt
from decimal import Decimal

import databento_dbn as dbn
import make_dbn
import numpy as np
import pytest
import zstandard

from tickwright.core.errors import FileFormatError, OffGridError
from tickwright.core.events import Action, Flag, Side
from tickwright.core.instrument import Instrument
from tickwright.data.databento.layouts import MBO
from tickwright.data.databento.mbo import DbnReader
from tickwright.data.databento.stream import BLOCK

QUARTER = Decimal("0.25")


def instrument_of(tick):
    return lambda symbol: Instrument(symbol, "XCME", "USD", Decimal(tick))


def read(path, tick=QUARTER):
    """All events by symbol."""
    reader = DbnReader(path, instrument_of(tick))
    found = {}
    for instrument, events in reader.chunks():
        found.setdefault(instrument.symbol, []).append(events.copy())
    return reader, {symbol: np.concatenate(parts) for symbol, parts in found.items()}


def assert_same(events, records, tick=QUARTER):
    """Every field of every event is that of Databento's record of the same number."""
    assert len(events) == len(records) > 0
    for event, record in zip(events, records, strict=True):
        assert event["ts_event"] == record.ts_event
        assert event["ts_recv"] == record.ts_recv
        assert event["order_id"] == record.order_id
        assert event["size"] == record.size
        assert event["sequence"] == record.sequence
        assert event["flags"] == int(record.flags)
        assert chr(event["action"]) == str(record.action)
        assert chr(event["side"]) == str(record.side)
        assert event["venue_id"] == record.publisher_id
        assert Decimal(int(event["price"])) * Decimal(tick) * 10**9 == record.price
        assert event["subtick"] == 0


@pytest.mark.parametrize(
    ("name", "symbol", "tick", "count"),
    [
        ("samples/GLBX.MDP3/test_data.mbo.dbn.zst", "ESH1", "0.25", 4),
        ("samples/XNAS.ITCH/test_data.mbo.dbn.zst", "NVDA", "0.01", 4),
        ("esh4-glbx-mdp3-20231224.mbo.dbn.zst", "ESH4", "0.25", 8725),
        ("esh4-glbx-mdp3-20231225.mbo.dbn.zst", "ESH4", "0.25", 68792),
    ],
)
def test_recorded_files_equal_databentos_decoder(shared_data, name, symbol, tick, count):
    path = shared_data / "databento" / name
    _, events = read(path, tick)
    assert list(events) == [symbol]
    assert len(events[symbol]) == count
    assert_same(events[symbol], make_dbn.decode(path), tick)


def test_the_day_of_es_holds_the_snapshot_and_the_trades_that_were_counted_by_others(shared_data):
    _, events = read(shared_data / "databento" / "esh4-glbx-mdp3-20231225.mbo.dbn.zst")
    es = events["ESH4"]
    assert (es["flags"] & Flag.SNAPSHOT != 0).sum() == 8725
    assert (es["action"] == Action.TRADE).sum() == 2973


@pytest.mark.parametrize("suffix", [".dbn", ".dbn.zst"])
@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_version_plain_and_compressed(tmp_path, version, suffix):
    records = [make_dbn.mbo(k) for k in range(300)]
    path = make_dbn.write(tmp_path / f"x{suffix}", records, make_dbn.metadata(version=version))
    reader, events = read(path)
    assert reader.stream.header.version == version
    assert reader.stream.header.dataset == "GLBX.MDP3"
    assert_same(events["ESH4"], records)


def test_a_file_of_several_blocks_and_zstd_frames(tmp_path):
    count = 3 * BLOCK // MBO.itemsize + 17
    raw = np.zeros(count, MBO)
    raw["length"], raw["rtype"], raw["publisher_id"], raw["instrument_id"] = 14, 0xA0, 1, 17077
    raw["ts_event"] = raw["ts_recv"] = make_dbn.START + np.arange(count)
    raw["price"] = 250_000_000 * np.arange(count)
    raw["size"], raw["action"], raw["side"] = 1, Action.ADD, Side.BID
    body = make_dbn.metadata() + raw.tobytes()
    squeeze = zstandard.ZstdCompressor().compress
    cut = len(body) // 3 + 1  # inside a record
    path = tmp_path / "x.dbn.zst"
    path.write_bytes(squeeze(body[:cut]) + squeeze(body[cut:]))
    heard = []
    reader = DbnReader(path, instrument_of(QUARTER), lambda done, total: heard.append((done, total)))
    prices = np.concatenate([events["price"] for _, events in reader.chunks()])
    assert np.array_equal(prices, np.arange(count))
    assert heard[-1] == (path.stat().st_size, path.stat().st_size)
    assert [d for d, _ in heard] == sorted(d for d, _ in heard)


@pytest.mark.parametrize("every", [1, 2, 7, 5000])
def test_other_records_between_are_passed_over_and_counted(tmp_path, every):
    """Whatever stands between market-by-order records, they come out as if they stood alone."""
    records = [make_dbn.mbo(k) for k in range(9_000)]
    mixed, systems, errors = [], 0, 0
    for k, record in enumerate(records):
        mixed.append(record)
        if k % every == 0:
            mixed.append(dbn.SystemMsg(ts_event=make_dbn.START, msg="Heartbeat"))
            systems += 1
        if k % 4_000 == 3_999:
            mixed.append(dbn.ErrorMsg(ts_event=make_dbn.START, err="slow reader"))
            errors += 1
    path = make_dbn.write(tmp_path / "x.dbn.zst", mixed)
    reader, events = read(path)
    assert_same(events["ESH4"], records)
    assert reader.stream.skipped == {"system": systems, "error": errors}
    assert reader.stream.errors[0] == "error record after market-by-order record 4000: slow reader"
    assert (events["ESH4"]["action"] == Action.ADD).sum() == 9_000


@pytest.mark.parametrize("version", [1, 3])
def test_a_live_capture_takes_its_symbols_from_the_stream(tmp_path, version):
    kind = dbn.SymbolMappingMsgV1 if version == 1 else dbn.SymbolMappingMsg
    fields = {"publisher_id": 1, "instrument_id": 17077, "ts_event": make_dbn.START, "start_ts": 0, "end_ts": 0}
    text = {"stype_in_symbol": "ES.c.0", "stype_out_symbol": "ESH4"}
    kinds = {} if version == 1 else {"stype_in": dbn.SType.RAW_SYMBOL, "stype_out": dbn.SType.RAW_SYMBOL}
    mapping = kind(**fields, **text, **kinds)
    header = make_dbn.metadata({}, version=version, schema=None)
    path = make_dbn.write(tmp_path / "x.dbn", [mapping, make_dbn.mbo(1)], header)
    reader, events = read(path)
    assert_same(events["ESH4"], [make_dbn.mbo(1)])
    assert reader.stream.skipped == {"symbol mapping": 1}


def test_send_times_appended_to_the_records_are_stepped_over(tmp_path):
    records = [make_dbn.mbo(k) for k in range(50)]
    with_ts = [bytes([16]) + bytes(r)[1:56] + (k).to_bytes(8, "little") for k, r in enumerate(records)]
    path = make_dbn.write(tmp_path / "x.dbn", with_ts, make_dbn.metadata(ts_out=True))
    assert_same(read(path)[1]["ESH4"], records)


def test_several_instruments_and_a_symbol_that_changes_its_number(tmp_path):
    """ESH4 is 1 on the 25th and 2 on the 26th, when NQH4 is 1: events go to the symbol of their day."""
    day, one = make_dbn.DAY, dt.timedelta(1)
    symbols = {
        "ESH4": [(1, day, day + one), (2, day + one, day + 2 * one)],
        "NQH4": [(1, day + one, day + 2 * one), (3, day, day + one)],
    }
    rng = np.random.default_rng(5)
    next_day = 86_400 * 10**9
    records, expected = [], {"ESH4": [], "NQH4": []}
    for k in range(4_000):
        late = k >= 2_000
        symbol = ("ESH4", "NQH4")[int(rng.integers(2))]
        number = {("ESH4", False): 1, ("ESH4", True): 2, ("NQH4", False): 3, ("NQH4", True): 1}[symbol, late]
        record = make_dbn.mbo(k, instrument_id=number, ts_recv=make_dbn.START + k + late * next_day)
        records.append(record)
        expected[symbol].append(record)
    _, events = read(make_dbn.write(tmp_path / "x.dbn.zst", records, make_dbn.metadata(symbols)))
    for symbol, wanted in expected.items():
        assert_same(events[symbol], wanted)
        assert (events[symbol]["instrument_id"] == Instrument(symbol, "XCME", "USD", QUARTER).id).all()


def test_a_day_without_a_symbol_is_named_in_readable_time(tmp_path):
    late = make_dbn.mbo(1, ts_event=make_dbn.START + 86_400 * 10**9, ts_recv=make_dbn.START + 86_400 * 10**9)
    with pytest.raises(FileFormatError) as caught:
        read(make_dbn.write(tmp_path / "x.dbn", [make_dbn.mbo(0), late]))
    told = "found instrument id 17077 on 2023-12-26, expected a symbol for it in the metadata, which has ESH4 from "
    assert str(caught.value).endswith(told + "2023-12-25T00:00:00Z to 2023-12-26T00:00:00Z")


def test_negative_prices_and_a_hidden_print_between_ticks(tmp_path):
    records = [
        make_dbn.mbo(0, price=-37_630_000_000),
        make_dbn.mbo(1, price=10_005_000_000, action=dbn.Action.TRADE, side=dbn.Side.NONE),
        make_dbn.mbo(2, price=-5_000_000, action=dbn.Action.TRADE),
    ]
    _, events = read(make_dbn.write(tmp_path / "x.dbn", records), "0.01")
    assert events["ESH4"]["price"].tolist() == [-3763, 1000, -1]
    assert events["ESH4"]["subtick"].tolist() == [0, 5000, 5000]


def test_clear_and_none_may_lack_a_price_a_size_and_one_time(tmp_path):
    bare = {"price": dbn.UNDEF_PRICE, "size": dbn.UNDEF_ORDER_SIZE, "side": dbn.Side.NONE}
    records = [
        make_dbn.mbo(0, action=dbn.Action.CLEAR, ts_event=make_dbn.UNDEF_TIME, **bare),
        make_dbn.mbo(1, action=dbn.Action.NONE, ts_recv=make_dbn.UNDEF_TIME, **bare),
    ]
    _, events = read(make_dbn.write(tmp_path / "x.dbn", records))
    es = events["ESH4"]
    assert es["price"].tolist() == es["size"].tolist() == [0, 0]
    assert es["ts_event"].tolist() == es["ts_recv"].tolist() == [make_dbn.START + 500, make_dbn.START + 1_000]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"price": dbn.UNDEF_PRICE}, "record 3: found A without a price"),
        ({"size": dbn.UNDEF_ORDER_SIZE}, "record 3: found an undefined size"),
        ({"ts_event": make_dbn.UNDEF_TIME}, "record 3: found an undefined timestamp"),
        ({"ts_event": 2**63}, "record 3: found time 9223372036854775808, after 2262"),
        ({"side": dbn.Side.NONE}, "record 3: found action 'A' on side 'N'"),
        ({"instrument_id": 5}, "instrument id 5 on 2023-12-25, expected a symbol"),
        ({"publisher_id": 2}, "record 3: found publisher 2 for ESH4, expected publisher 1"),
        ({"ts_recv": make_dbn.START + 86_400 * 10**9}, "instrument id 17077 on 2023-12-26, expected a symbol"),
    ],
)
def test_a_record_that_makes_no_sense_is_named(tmp_path, changes, message):
    records = [make_dbn.mbo(0), make_dbn.mbo(1), make_dbn.mbo(2, **changes), make_dbn.mbo(3)]
    path = make_dbn.write(tmp_path / "x.dbn", records)
    with pytest.raises(FileFormatError, match=r"x\.dbn") as caught:
        read(path)
    assert message in str(caught.value)


def test_a_price_off_the_grid_names_the_record_in_a_file_of_two_instruments(tmp_path):
    symbols = {name: [(n, make_dbn.DAY, make_dbn.DAY + dt.timedelta(1))] for name, n in (("A", 1), ("B", 2))}
    records = [make_dbn.mbo(k, instrument_id=1 + k % 2) for k in range(20)]
    records[13] = make_dbn.mbo(13, instrument_id=2, price=4_800_100_000_000)
    path = make_dbn.write(tmp_path / "x.dbn", records, make_dbn.metadata(symbols))
    with pytest.raises(
        OffGridError, match=r"market-by-order record 14: price 4800\.1 is not a whole multiple of 0\.25"
    ):
        read(path)


@pytest.mark.parametrize("action", [dbn.Action.ADD, dbn.Action.FILL])
def test_only_a_print_may_lie_between_ticks(tmp_path, action):
    path = make_dbn.write(tmp_path / "x.dbn", [make_dbn.mbo(0, price=125_000_000, action=action)])
    with pytest.raises(OffGridError, match="record 1"):
        read(path)


def damage(tmp_path, change, suffix=".dbn"):
    path = make_dbn.write(tmp_path / f"x{suffix}", [make_dbn.mbo(k) for k in range(1000)])
    path.write_bytes(change(path.read_bytes()))
    return path


@pytest.mark.parametrize(
    ("suffix", "change", "message"),
    [
        (".dbn", lambda b: b[:-1], "after market-by-order record 999: found 55 bytes and the end of the file"),
        (".dbn", lambda b: b[:-55], "after market-by-order record 999: found 1 bytes"),
        (".dbn", lambda b: b[:50], "metadata: found 42 bytes"),
        (".dbn", lambda b: b"", "first bytes: found b''"),
        (".dbn", lambda b: b"PK\x03\x04" + b[4:], r"first bytes: found b'PK"),
        (".dbn", lambda b: b"DBN\x09" + b[4:], "DBN version: found 9, expected 1, 2 or 3"),
        (".dbn", lambda b: b[: -56 * 10] + b"\0" * 56 * 10, "after market-by-order record 990: found a record of 0"),
        (".dbn.zst", lambda b: b[:-1], "zstd stream: found Truncated compressed stream"),
        (".dbn.zst", lambda b: b[: len(b) // 2], "zstd stream: found Truncated compressed stream"),
        (".dbn.zst", lambda b: b[:4], "zstd stream"),
        (".dbn.zst", lambda b: b[: len(b) // 2] + b"\xff" * (len(b) // 2), "zstd stream"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, suffix, change, message):
    path = damage(tmp_path, change, suffix)
    with pytest.raises(FileFormatError) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_another_schema_is_refused(shared_data):
    path = shared_data / "databento" / "samples" / "GLBX.MDP3" / "test_data.trades.dbn.zst"
    with pytest.raises(FileFormatError, match=r"schema: found trades, expected mbo"):
        read(path)


def test_send_times_must_be_as_the_metadata_says(tmp_path):
    path = make_dbn.write(tmp_path / "x.dbn", [make_dbn.mbo(0)], make_dbn.metadata(ts_out=True))
    with pytest.raises(FileFormatError, match="ts_out = True"):
        read(path)
