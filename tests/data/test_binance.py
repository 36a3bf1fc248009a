"""Binance raw lines: against a slow twin, the exchange's own best quotes, and lines written by hand."""

import bisect
import gzip
import json
import random
import re
from decimal import Decimal
from pathlib import Path

import make_binance as make
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from make_events import state

from tickwright.core.errors import CatalogError, ConfigError, FileFormatError, OffGridError, TickwrightError
from tickwright.core.events import Flag
from tickwright.data import unpack
from tickwright.data.binance import lines as line_blocks
from tickwright.data.binance import message
from tickwright.data.binance.facts import catalog_symbol
from tickwright.data.binance.message import MESSAGE, SLOW
from tickwright.data.binance.scan import Scanner
from tickwright.data.binance.scan_kernel import scan
from tickwright.data.catalog import Catalog
from tickwright.data.ingest import ingest_binance

NAMES = {"spot": "BTCUSDT", "usdm": "BTCUSDT-PERP"}
FILES = {market: f"{market}_btcusdt_20240808.gz" for market in NAMES}
MARKETS = pytest.mark.parametrize("market", ["spot", "usdm"])


def stored(root, market, schemas=("depth", "trades", "quotes")):
    catalog = Catalog.open(root)
    held = {row.schema for row in catalog.ls() if row.instrument == NAMES[market]}
    return [catalog.read(NAMES[market], schema) if schema in held else np.empty(0) for schema in schemas]


def tuples(depth, trades, quotes):
    """Stored rows as the twin writes them."""

    def letters(column):
        return [chr(c) for c in column.tolist()]

    out = []
    if depth.size:
        d = [depth[n].tolist() for n in ("ts_event", "ts_recv", "price", "size", "sequence", "flags")]
        out.append(
            list(zip(d[0], d[1], letters(depth["action"]), letters(depth["side"]), d[2], d[3], d[4], d[5], strict=True))
        )
    else:
        out.append([])
    t = [trades[n].tolist() for n in ("ts_event", "ts_recv", "price", "size", "trade_id")] if trades.size else []
    out.append(list(zip(*t, letters(trades["side"]), strict=True)) if t else [])
    names = ("ts_event", "ts_recv", "bid", "ask", "bid_size", "ask_size", "sequence")
    out.append(list(zip(*(quotes[n].tolist() for n in names), strict=True)) if quotes.size else [])
    return out


# ── the shared files ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def shared(shared_data, tmp_path_factory):
    """Both files ingested: summaries and rows."""
    root = tmp_path_factory.mktemp("binance") / "cat"
    told = {m: ingest_binance(shared_data / "crypto_binance" / f, root) for m, f in FILES.items()}
    return told, {m: stored(root, m) for m in FILES}, Catalog.open(root)


def test_the_shared_files_counts_and_chains(shared):
    told, _, catalog = shared
    # lines, levels and snapshots counted with the json module alone
    assert told["spot"].by_schema == {"depth": 135_831, "trades": 9_757, "quotes": 28_040}
    assert told["usdm"].by_schema == {"depth": 466_576, "trades": 21_313, "quotes": 66_089}
    assert told["spot"].skipped == {"depthUpdate before its snapshot": 2}
    assert told["usdm"].skipped == {"depthUpdate before its snapshot": 4}
    for market in FILES:
        assert "no gaps in the update ids, 1 snapshot" in told[market].notes
        assert any("the clock of the recorder is behind the exchange's" in note for note in told[market].notes)
    perp, spot = catalog.instrument("BTCUSDT-PERP"), catalog.instrument("BTCUSDT")
    assert (spot.venue, spot.tick_size, spot.lot_size) == ("BINANCE", Decimal("0.01"), Decimal("0.000001"))
    assert (perp.venue, perp.tick_size, perp.lot_size) == ("BINANCE-USDM", Decimal("0.1"), Decimal("0.001"))
    assert (spot.currency, spot.timezone) == ("USDT", "UTC")


@MARKETS
def test_the_shared_files_row_by_row(shared, shared_data, market):
    with gzip.open(shared_data / "crypto_binance" / FILES[market], "rt") as file:
        depth, trades, quotes, gaps, dropped = make.twin(file.read().splitlines(), market)
    assert gaps == []
    assert tuples(*shared[1][market]) == [depth, trades, quotes]
    assert shared[0][market].skipped == {"depthUpdate before its snapshot": dropped}


@MARKETS
def test_best_of_the_rebuilt_book_is_book_ticker(shared, market):
    """At every update the best bid and ask of the book, with their sizes, are those of bookTicker: rate 1.

    Compared by id, not by time: a bookTicker of id u holds from u until the id of the next one, so the book after the
    depth update that ends at id d is compared with the last bookTicker of u <= d. Left out are updates behind the last
    bookTicker of the file, for which the next one is not known.
    """
    depth, _, quotes = shared[1][market]
    ids = quotes["sequence"].tolist()
    assert ids == sorted(set(ids))
    told = list(zip(*(quotes[n].tolist() for n in ("bid", "bid_size", "ask", "ask_size")), strict=True))
    compared = equal = same_id = 0
    for number, sound, book in make.books(depth[depth["action"] != ord("T")]):
        assert sound
        k = bisect.bisect_right(ids, number) - 1
        if not 0 <= k < len(ids) - 1:
            continue
        bid, ask = max(book["B"]), min(book["A"])
        compared += 1
        same_id += ids[k] == number
        equal += told[k] == (bid, book["B"][bid], ask, book["A"][ask])
    # all updates but those before the snapshot, the snapshot, less what lies behind the last bookTicker:
    # 3451 - 2 + 1 - 0 and 6551 - 4 + 1 - 2
    assert (compared, equal) == {"spot": (3_450, 3_450), "usdm": (6_546, 6_546)}[market]
    assert same_id == {"spot": 564, "usdm": 628}[market]


# ── lines written by hand ─────────────────────────────────────────────────────────────────────────────────────────────

T0 = make.START
SPOT = [
    f'{T0} {{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":1,"u":10,'
    '"b":[["100.00000000","1.00000000"]],"a":[]}}',
    f'{T0 + 1} {{"e":"depthUpdate","E":1723161255308,"s":"BTCUSDT","U":11,"u":14,"b":[["99.99","0.00000100"]],'
    '"a":[["100.02","3"],["100.03000000","0.00000000"]]}',
    f'{T0 + 2} {{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":77,"p":"100.01000000","q":"0.02000000",'
    '"T":1723161255342,"m":true,"M":true}',
    f'{T0 + 3} {{"lastUpdateId":12,"bids":[["100.00000000","1.00000000"]],"asks":[["100.02000000","2.00000000"]]}}',
    f'{T0 + 4} {{"u":15,"s":"BTCUSDT","b":"100.00000000","B":"1.00000000","a":"0.00000000","A":"0.00000000"}}',
    f'{T0 + 5} {{"e":"depthUpdate","E":1723161255408,"s":"BTCUSDT","U":15,"u":15,"b":[],"a":[["100.02","0.0"]]}}',
]


def test_spot_lines_by_hand(tmp_path):
    """The second update came before the snapshot and reaches beyond it: it follows, at the snapshot's time."""
    summary = ingest_binance(make.write(tmp_path / "x", SPOT), tmp_path / "cat")
    depth, trades, quotes = tuples(*stored(tmp_path / "cat", "spot"))
    ms = 1_000_000
    assert depth == [
        (1723161255342 * ms, T0 + 2, "T", "A", 10_001, 20_000, 0, 128 | 16),
        (T0 + 3, T0 + 3, "R", "N", 0, 0, 12, 32 | 16),
        (T0 + 3, T0 + 3, "M", "B", 10_000, 1_000_000, 12, 32 | 16),
        (T0 + 3, T0 + 3, "M", "A", 10_002, 2_000_000, 12, 128 | 32 | 16),
        (1723161255308 * ms, T0 + 3, "M", "B", 9_999, 1, 14, 16),
        (1723161255308 * ms, T0 + 3, "M", "A", 10_002, 3_000_000, 14, 16),
        (1723161255308 * ms, T0 + 3, "M", "A", 10_003, 0, 14, 128 | 16),
        (1723161255408 * ms, T0 + 5, "M", "A", 10_002, 0, 15, 128 | 16),
    ]
    assert trades == [(1723161255342 * ms, T0 + 2, 10_001, 20_000, 77, "A")]
    assert quotes == [(T0 + 4, T0 + 4, 10_000, 0, 1_000_000, 0, 15)]
    assert summary.skipped == {"depthUpdate before its snapshot": 1}
    rows = stored(tmp_path / "cat", "spot")[0]
    assert set(rows["instrument_id"].tolist()) == {Catalog.open(tmp_path / "cat").instrument("BTCUSDT").id}
    assert not rows["order_id"].any()


def update(first, last, previous=None, market="spot", bids=(("100.0", "1"),), asks=(), **more):
    data = {"e": "depthUpdate", "E": 1723161255208, "s": "BTCUSDT", "U": first, "u": last}
    data |= {"T": 1723161255207, "pu": previous} if market == "usdm" else {}
    return data | {"b": [list(b) for b in bids], "a": [list(a) for a in asks]} | more


def snapshot(last):
    return {"lastUpdateId": last, "bids": [["100.0", "1"]], "asks": [["101.0", "1"]]}


def ingest(tmp_path, *data, name="x"):
    texts = [d if isinstance(d, str) else make.line(T0 + k, d) for k, d in enumerate(data)]
    return ingest_binance(make.write(tmp_path / name, texts), tmp_path / "cat")


def flags_by_id(tmp_path, market):
    depth = stored(tmp_path / "cat", market)[0]
    return [(s, bool(f & Flag.MAYBE_BAD_BOOK)) for s, f in zip(depth["sequence"].tolist(), depth["flags"], strict=True)]


@pytest.mark.parametrize(
    ("market", "ids", "marked", "note"),
    [
        # (first, last, previous), or the id of a snapshot; 12 follows 10: a gap; the snapshot at 20 heals it
        ("spot", [5, (6, 6), (7, 10), (12, 13), (14, 15), 20, (21, 22)], {13, 15}, "gap at line 4: .* id 11, .* at 10"),
        ("usdm", [5, (6, 6, 5), (8, 10, 6), (12, 13, 11), (14, 15, 13), 20, (22, 22, 19)], {13, 15}, "line 4"),
        # the first update begins behind the snapshot: nothing bridges them
        ("spot", [5, (7, 8), (9, 9)], {8, 9}, "gap at line 2"),
        ("usdm", [5, (7, 8, 6), (9, 9, 8)], {8, 9}, "gap at line 2"),
        # a first USD-M update behind the snapshot's id, whose predecessor the snapshot holds: no gap
        ("usdm", [5, (7, 8, 5), (9, 9, 8)], set(), "no gaps"),
        # a repeated update changes nothing, an overlapping one loses nothing
        ("spot", [5, (6, 8), (6, 8), (7, 9)], set(), "1 updates overlap"),
        ("usdm", [5, (6, 8, 5), (6, 8, 5), (9, 9, 8)], set(), "no gaps"),
    ],
)  # fmt: skip
def test_the_rule_of_sequence(tmp_path, market, ids, marked, note):
    data = [snapshot(i) if isinstance(i, int) else update(*i, market=market) for i in ids]
    if market == "usdm":
        data = [d | {"E": 1723161255208, "T": 1723161255207} if "lastUpdateId" in d else d for d in data]
    summary = ingest(tmp_path, *data)
    found = flags_by_id(tmp_path, market)
    assert {s for s, bad in found if bad} == marked
    assert {s for s, bad in found if not bad}.isdisjoint(marked)
    assert any(re.search(note, n) for n in summary.notes), summary.notes
    if ids.count((6, 8)) + ids.count((6, 8, 5)) == 2:
        assert summary.skipped == {"depthUpdate of the past": 1}


def test_a_trade_behind_a_gap_is_marked_too(tmp_path):
    trade = {
        "e": "trade",
        "E": 1723161255343,
        "s": "BTCUSDT",
        "t": 1,
        "p": "1",
        "q": "1",
        "T": 1723161255342,
        "m": False,
    }
    ingest(tmp_path, snapshot(5), trade, update(8, 9), trade, snapshot(20), trade)
    depth = stored(tmp_path / "cat", "spot")[0]
    trades = depth[depth["action"] == ord("T")]
    assert [bool(f & Flag.MAYBE_BAD_BOOK) for f in trades["flags"]] == [False, True, False]
    assert trades["sequence"].tolist() == [5, 9, 20]
    assert [chr(s) for s in trades["side"]] == ["B"] * 3


def test_a_file_without_a_snapshot_has_no_book(tmp_path):
    trade = {
        "e": "trade",
        "E": 1723161255343,
        "s": "BTCUSDT",
        "t": 1,
        "p": "1",
        "q": "1",
        "T": 1723161255342,
        "m": True,
    }
    summary = ingest(tmp_path, update(1, 2), trade, update(3, 4))
    assert summary.by_schema == {"depth": 1, "trades": 1}
    assert summary.skipped == {"depthUpdate before its snapshot": 2}
    assert "no snapshot, so no book: depth holds the trades alone" in summary.notes


# ── made-up markets ───────────────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6), market=st.sampled_from(["spot", "usdm"]), lose=st.sampled_from([0.0, 0.1]),
    repeat=st.sampled_from([0.0, 0.1]), rewrite=st.booleans(), block=st.sampled_from([1 << 20, 16 << 10]),
)  # fmt: skip
def test_any_market_becomes_the_rows_of_the_twin(tmp_path_factory, seed, market, lose, repeat, rewrite, block):
    """Rows, gaps and counts are the twin's, whatever is lost or repeated, however JSON is laid out and blocks are cut;
    and wherever the chain is whole the book is the market's own."""
    made = make.Market(seed, market, lose, repeat).run(120)
    depth, trades, quotes, gaps, dropped = make.twin(made.lines, market)
    lines = [_rewritten(text, random.Random(seed + k)) for k, text in enumerate(made.lines)] if rewrite else made.lines
    folder = tmp_path_factory.mktemp("m")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unpack, "BLOCK", block)
        path = make.write(folder / ("x.gz" if seed % 2 else "x"), lines)
        if not (depth or trades or quotes):
            return
        summary = ingest_binance(path, folder / "cat", market=market)
    rows = stored(folder / "cat", market)
    assert tuples(*rows) == [depth, trades, quotes], seed
    assert summary.skipped.get("depthUpdate before its snapshot", 0) == dropped
    assert sum("gap at line" in note for note in summary.notes) == min(5, len(gaps))
    if rows[0].size:
        for number, sound, book in make.books(rows[0]):
            if sound:
                truth = made.truth[number]
                for ours, theirs in (("B", "b"), ("A", "a")):
                    exact = {
                        int(Decimal(p) / make.TICK[market]): int(Decimal(q) / make.LOT[market])
                        for p, q in truth[theirs].items()
                    }
                    assert book[ours] == exact, (seed, number)


def _rewritten(text, draw):
    """The same line with other spaces and keys in another order: JSON that the kernel leaves to the slow path."""
    time, _, body = text.partition(" ")
    data = json.loads(body)
    if "data" in data:
        items = list(data["data"].items())
        draw.shuffle(items)
        data["data"] = dict(items)
    return f"{time} {json.dumps(data)}" if draw.random() < 0.7 else text


def test_more_than_five_gaps_are_told_by_their_number(tmp_path):
    summary = ingest(tmp_path, snapshot(5), *(update(k, k) for k in range(10, 30, 2)))
    assert summary.notes[1].startswith("10 gaps")
    assert "and 5 gaps more" in summary.notes


# ── the kernel and the slow path ──────────────────────────────────────────────────────────────────────────────────────


def _kernel(text, market):
    """What the kernel makes of one line: a dict of MESSAGE fields with levels, or None when it leaves it."""
    data = np.frombuffer(text + b"\n", np.uint8)
    room = len(data) // 9 + 2
    price, size = (np.zeros(room, np.int64) for _ in range(2))
    price_k, size_k = (np.zeros(room, np.uint8) for _ in range(2))
    rows = np.zeros(text.count(b"\n") + 1, MESSAGE)
    symbol = np.frombuffer(b'"BTCUSDT"', np.uint8)
    _, levels = scan(data, rows, price, price_k, size, size_k, symbol, market == "usdm", 0)
    if rows["kind"][0] == SLOW:
        return None
    row = {n: int(rows[n][0]) for n in MESSAGE.names if n not in ("_pad", "at", "end", "begin", "line")}
    assert levels == row["bids"] + row["asks"]
    numbers = zip(price[:levels], price_k[:levels], size[:levels], size_k[:levels], strict=True)
    return row, [((int(p), int(pk)), (int(q), int(qk))) for p, pk, q, qk in numbers]


def _slow(text, market):
    line = message.parse(text)
    read = message.body(line, market)
    row, levels = message.message_row(line, read, 1)
    empty = {n: 0 for n in MESSAGE.names if n not in ("_pad", "at", "end", "begin", "line")}
    return empty | {k: v for k, v in row.items() if k != "line"}, levels


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 10**9), market=st.sampled_from(["spot", "usdm"]))
@example(seed=62861097, market="usdm")  # a brace in the place of a comma
def test_what_the_kernel_takes_is_what_json_says(seed, market):
    """A line, damaged or not, that the kernel takes is taken by the slow path with the same result."""
    draw = random.Random(seed)
    lines = make.Market(seed % 50, market).run(25).lines
    text = bytearray(draw.choice(lines).encode())
    for _ in range(draw.choice([0, 1, 1, 2, 5])):
        at = draw.randrange(len(text))
        what = draw.random()
        if what < 0.4:
            text[at] = draw.choice(b'0123456789",:.[]{}aebEuUTtpqmMsX- \\')
        elif what < 0.6:
            del text[at : at + draw.randrange(1, 6)]
        elif what < 0.8:
            text[at:at] = bytes(draw.choices(b'0123456789",.[]{}', k=draw.randrange(1, 4)))
        else:
            other = draw.choice(lines).encode()
            text[at:] = other[draw.randrange(len(other)) :]
    if b"\n" in text or not text:
        return
    taken = _kernel(bytes(text), market)
    if taken is not None:
        assert taken == _slow(bytes(text), market), bytes(text)


@MARKETS
def test_the_kernel_takes_what_binance_writes(market):
    """Every line of a made market is taken, so that speed does not hang on the slow path."""
    for text in make.Market(5, market).run(200).lines:
        assert _kernel(text.encode(), market) == _slow(text.encode(), market)


# ── other messages, and lines that are none ───────────────────────────────────────────────────────────────────────────


def test_other_messages_are_counted_by_type(tmp_path):
    wrapped = {"stream": "btcusdt@depth20@100ms", "data": {"lastUpdateId": 9, "bids": [], "asks": []}}
    partial = {"stream": "btcusdt@depth5@0ms", "data": update(8, 9, 7, "usdm")}
    hidden = {"stream": "btcusdt@rpiDepth@500ms", "data": update(8, 9, 7, "usdm")}
    trade = {"e": "trade", "E": 1, "T": 1, "s": "BTCUSDT", "t": 1, "p": "1", "q": "1", "m": True}
    summary = ingest(
        tmp_path, snapshot(5), update(6, 6, 5, "usdm"), wrapped, partial, hidden, {"e": "aggTrade", "s": "ETHUSDT"},
        {"e": "24hrTicker"}, {"e": "24hrTicker"}, {"result": None, "id": 1}, trade | {"X": "INSURANCE_FUND"},
        trade | {"X": "MARKET"},
    )  # fmt: skip
    assert summary.skipped == {
        "depth20@100ms": 1, "depth5@0ms": 1, "rpiDepth@500ms": 1, "aggTrade": 1, "24hrTicker": 2, "without a type": 1,
        "trade of type INSURANCE_FUND": 1,
    }  # fmt: skip
    assert summary.by_schema == {"depth": 5, "trades": 1}


@pytest.mark.parametrize(
    ("bad", "found"),
    [
        ("", "line 3: found ''"),
        ("17231612 {}", "line 3: .* 19 digits"),
        ("9999999999999999999 {}", "line 3: .* 19 digits"),
        (f"{T0} [1]", "line 3: .* a JSON object"),
        (f'{T0} {{"e":"depthUpdate",', "line 3: .* a JSON object"),
        (f"{T0} {json.dumps(update(7, 8) | {'s': 'ETHUSDT'})}", "line 3: found symbol ETHUSDT, .* one symbol a file"),
        (f"{T0} {json.dumps({**update(7, 8), 'u': None})}", "line 3: found depthUpdate: .*`\\$.u`"),
        (f"{T0} {json.dumps(update(7, 8) | {'u': -1})}", "line 3: found id -1"),
        (f"{T0} {json.dumps(update(7, 8) | {'E': 10**14})}", "line 3: found time 100000000000000,"),
        (f"{T0} {json.dumps(update(7, 8, bids=[['-1', '1']]))}", "line 3: found '-1', .* plain decimal"),
        (f"{T0} {json.dumps(update(7, 8, bids=[['1e5', '1']]))}", "line 3: found '1e5', .* plain decimal"),
        (f"{T0} {json.dumps(update(7, 8, bids=[['1', '9' * 20]]))}", "line 3: found 9+, .* fit 64 bits"),
        (f"{T0} {json.dumps(update(7, 8, bids=[['1']]))}", "line 3: found depthUpdate: "),
        (f"{T0} {json.dumps(update(7, 8, ps='BTCUSD'))}", "line 3: found a COIN-M message"),
    ],
)  # fmt: skip
def test_a_line_that_is_none_is_named(tmp_path, bad, found):
    with pytest.raises(FileFormatError, match=found):
        ingest(tmp_path, snapshot(5), update(6, 6), bad, update(7, 7))
    assert not (tmp_path / "cat").exists()


def test_a_usdm_update_without_its_predecessor(tmp_path):
    with pytest.raises(FileFormatError, match="line 2: found depthUpdate without pu"):
        ingest(tmp_path, update(6, 6, 5, "usdm"), update(7, 7))


def test_a_price_or_size_off_the_grid(tmp_path):
    with pytest.raises(OffGridError, match=r"x: line 2: price 0\.001 is not a whole multiple of 0\.01"):
        ingest(tmp_path, snapshot(5), update(6, 6, asks=[("0.001", "1")]))
    with pytest.raises(OffGridError, match=r"x: line 3: size 0\.0000001 is not a whole multiple of 0\.000001"):
        ingest(tmp_path, snapshot(5), update(6, 6), update(7, 7, asks=[("0.5", "0.00000010")]))
    with pytest.raises(OffGridError, match="size 9223372036854775 "):
        ingest(tmp_path, snapshot(5), update(6, 6, asks=[("0.5", "9223372036854775")]))


def test_a_file_without_a_message_or_without_rows(tmp_path):
    with pytest.raises(FileFormatError, match="no message of a symbol"):
        ingest(tmp_path, {"e": "aggTrade"})
    with pytest.raises(FileFormatError, match="no message of a symbol"):
        ingest(tmp_path)
    with pytest.raises(FileFormatError, match="no market data"):
        ingest(tmp_path, update(1, 2))


def test_a_line_longer_than_a_block(tmp_path, monkeypatch):
    monkeypatch.setattr(unpack, "BLOCK", 2_000)
    path = make.write(tmp_path / "x", [make.line(T0, snapshot(5)), "1" * 9_000])
    with pytest.raises(FileFormatError, match=r"after byte 85 of the text: found .* bytes without a line end"):
        list(line_blocks.blocks(path))


# ── the instrument ────────────────────────────────────────────────────────────────────────────────────────────────────


def _of(symbol, data):
    return [d | {"s": symbol} if "s" in d else d for d in data]


def test_sizes_inferred_from_the_file(tmp_path):
    """A tick and a lot are the greatest common divisors of all prices and sizes, snapshot and quotes included."""
    prices = [(f"{k * 0.0005:.4f}", f"{k * 20 + 400}.00") for k in range(1, 150)]
    summary = ingest(tmp_path, *_of("DOGEUSDT", [snapshot(5) | {"bids": [], "asks": []}, update(6, 6, bids=prices)]))
    found = Catalog.open(tmp_path / "cat").instrument("DOGEUSDT")
    assert (found.tick_size, found.lot_size) == (Decimal("0.0005"), Decimal("20"))
    assert "tick inferred from all prices of the file" in summary.notes[0]
    assert Catalog.open(tmp_path / "cat").read("DOGEUSDT", "depth")["price"].tolist()[1:] == list(range(1, 150))
    # another day on the same grid, of few prices: the catalog knows
    again = [d | {"E": 1723261255208} if "E" in d else d for d in _of("DOGEUSDT", [snapshot(7), update(8, 8)])]
    lines = [
        make.line(T0 + 10**14 + k, d | {"asks": [], "bids": []} if "bids" in d else d) for k, d in enumerate(again)
    ]
    lines[1] = lines[1].replace('"1"', '"20"')
    told = ingest_binance(make.write(tmp_path / "y", lines), tmp_path / "cat")
    assert "tick catalog, lot catalog" in told.notes[0]


def test_sizes_that_cannot_be_inferred_are_asked_for(tmp_path):
    with pytest.raises(ConfigError, match=r"tick size: got '1 different values in the file', .* pass --tick-size"):
        ingest(tmp_path, *_of("DOGEUSDT", [snapshot(5), update(6, 6)])[1:])
    path = make.write(
        tmp_path / "x", [make.line(T0 + k, d) for k, d in enumerate(_of("DOGEUSDT", [snapshot(5), update(6, 6)]))]
    )
    summary = ingest_binance(path, tmp_path / "cat", tick_size="0.5", lot_size="0.1")
    assert "tick 0.5, lot 0.1 (tick given, lot given)" in summary.notes[0]
    for option, value in (("tick_size", "0"), ("lot_size", "x"), ("tick_size", "NaN"), ("market", "coin")):
        with pytest.raises(ConfigError):
            ingest_binance(path, tmp_path / "cat", **{option: value})
    other = make.write(tmp_path / "z", path.read_text().splitlines()[::-1])
    with pytest.raises(CatalogError, match="one symbol has one definition"):
        ingest_binance(other, tmp_path / "cat", tick_size="0.1", lot_size="0.1")


def test_names_markets_and_currencies(tmp_path):
    assert catalog_symbol("BTCUSDT", "usdm") == "BTCUSDT-PERP"
    assert catalog_symbol("BTCUSDT_240927", "usdm") == "BTCUSDT_240927"
    assert catalog_symbol("BTCUSDT", "spot") == "BTCUSDT"
    path = make.write(tmp_path / "x", [make.line(T0 + k, d) for k, d in enumerate([snapshot(5), update(6, 6)])])
    with pytest.raises(FileFormatError, match="found fields of spot, expected those of usdm"):
        ingest_binance(path, tmp_path / "cat", market="usdm")
    odd = make.write(
        tmp_path / "o", [make.line(T0 + k, d) for k, d in enumerate(_of("BTCXYZ", [snapshot(5), update(6, 6)]))]
    )
    with pytest.raises(ConfigError, match="pass --currency"):
        ingest_binance(odd, tmp_path / "cat", tick_size="0.1", lot_size="0.1")
    ingest_binance(odd, tmp_path / "cat", tick_size="0.1", lot_size="0.1", currency="XYZ")
    assert Catalog.open(tmp_path / "cat").instrument("BTCXYZ").currency == "XYZ"


def test_microseconds_of_spot(tmp_path):
    ingest(tmp_path, snapshot(5), update(6, 6) | {"E": 1723161255208123})
    assert stored(tmp_path / "cat", "spot")[0]["ts_event"][-1] == 1723161255208123000


# ── damage ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def beside(tmp_path) -> Path:
    """A catalog with another day in it."""
    ingest_binance(make.write(tmp_path / "good", SPOT), tmp_path / "cat")
    return tmp_path / "cat"


@pytest.mark.parametrize("name", ["cut", "cut.gz"])
def test_truncated_at_every_byte(tmp_path, beside, name):
    """Invariant: a cut file is refused by name or reads as the lines that are whole; the catalog is unharmed."""
    before = state(Catalog.open(beside))
    lines = make.Market(3, "usdm").run(12).lines
    whole = make.write(tmp_path / name, lines).read_bytes()
    ends = {0}
    if not name.endswith(".gz"):
        for text in lines:
            ends.add(max(ends) + len(text) + 1)
    refused = 0
    for cut in range(len(whole)):
        (tmp_path / name).write_bytes(whole[:cut])
        try:
            for batch in Scanner(tmp_path / name, "BTCUSDT", "usdm").batches():
                assert batch.messages.size <= len(lines)
            assert cut in ends or cut + 1 in ends or cut < 2
        except FileFormatError:
            refused += 1
            if refused % 50 == 1:
                with pytest.raises(TickwrightError):
                    ingest_binance(tmp_path / name, beside)
    assert refused > len(whole) * 0.9
    assert state(Catalog.open(beside)) == before


def test_random_damage(tmp_path, beside):
    """Invariant: whatever happens to bytes, a file is read or refused by name; no other error, no harmed catalog."""
    before = state(Catalog.open(beside))
    refused = 0
    for seed in range(250):
        draw = random.Random(seed)
        whole = "\n".join(make.Market(seed % 7, "usdm" if seed % 2 else "spot").run(15).lines).encode()
        whole = bytearray(gzip.compress(whole, 1) if seed % 5 == 0 else whole)
        for _ in range(draw.randrange(1, 4)):
            whole[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        (tmp_path / "damaged").write_bytes(whole)
        try:
            ingest_binance(tmp_path / "damaged", tmp_path / f"cat{seed}")
        except TickwrightError:
            refused += 1
            assert not (tmp_path / f"cat{seed}").exists()
            if seed % 10 == 0:
                with pytest.raises(TickwrightError):
                    ingest_binance(tmp_path / "damaged", beside)
    assert 150 < refused < 250
    assert state(Catalog.open(beside)) == before
