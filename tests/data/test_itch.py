"""ITCH 5.0: messages typed from the specification, a market of dictionaries encoded and read back, damaged files."""

import datetime as dt
import random
import struct
from decimal import Decimal

import make_itch as itch
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickwright.app.cli import main
from tickwright.book.quotes import trades_of
from tickwright.book.tape import compile_tape
from tickwright.book.views import L3Book
from tickwright.core.errors import CatalogError, ConfigError, FileFormatError, OffGridError, TickwrightError
from tickwright.core.events import Action, Flag, Side, TradingStatus
from tickwright.core.instrument import Instrument
from tickwright.data import unpack
from tickwright.data.catalog import Catalog
from tickwright.data.itch import files, orders, reader
from tickwright.data.itch.ingest import ingest_itch
from tickwright.data.itch.kernel import N_FAULTS
from tickwright.data.itch.messages import LENGTHS, MESSAGES, decode
from tickwright.data.itch.reader import ItchReader

DAY = dt.date(2019, 1, 30)
MIDNIGHT = 1_548_824_400 * 10**9  # 2019-01-30 00:00 in New York, five hours behind
T = itch.OPEN
# Published lengths, typed from the specification.
PUBLISHED = {
    "S": 12, "R": 39, "H": 25, "Y": 20, "L": 26, "V": 35, "W": 12, "K": 28, "J": 35, "h": 21, "A": 36, "F": 40,
    "E": 31, "C": 36, "X": 23, "D": 19, "U": 35, "P": 44, "Q": 40, "B": 19, "I": 50, "N": 20, "O": 48,
}  # fmt: skip
P4 = Decimal("0.0001")
EVERY = [
    (itch.system(T, "Q"), {"event": "Q"}),
    (
        itch.directory(3, T, "BRK.A", 1, "Y", "T"),
        {
            "stock": "BRK.A", "market_category": "Q", "financial_status": "N", "round_lot": 1, "round_lots_only": "N",
            "issue_class": "C", "issue_subtype": "Z", "authenticity": "T", "short_sale_threshold": "N", "ipo": "",
            "luld_tier": "1", "etp": "Y", "etp_leverage": 0, "inverse": "N",
        },
    ),
    (itch.action(3, T, "AAPL", "H", "LUDP"), {"stock": "AAPL", "state": "H", "reserved": "", "reason": "LUDP"}),
    (itch.reg_sho(3, T, "AAPL", "2"), {"stock": "AAPL", "action": "2"}),
    (
        itch.position(3, T, "AAPL", "GSCO"),
        {"participant": "GSCO", "stock": "AAPL", "primary": "Y", "mode": "N", "state": "A"},
    ),
    (
        itch.breaker_levels(T, 2 * 10**11, 10**11 + 1, 3),
        {"level_1": Decimal(2000), "level_2": Decimal("1000.00000001"), "level_3": Decimal("0.00000003")},
    ),
    (itch.breaker_status(T, "2"), {"level": "2"}),
    (
        itch.ipo(3, T, "NEWCO", 34_200, 170_001),
        {"stock": "NEWCO", "release_time": 34_200, "qualifier": "A", "price": Decimal("17.0001")},
    ),
    (
        itch.collar(3, T, "AAPL", 1, 2, 3, 4),
        {"stock": "AAPL", "reference_price": P4, "upper": 2 * P4, "lower": 3 * P4, "extension": 4},
    ),
    (itch.operational_halt(3, T, "AAPL", "Q", "H"), {"stock": "AAPL", "market": "Q", "action": "H"}),
    (
        itch.add(3, T, 2**63 + 5, "B", 100, "AAPL", 1_500_001),
        {"reference": 2**63 + 5, "side": "B", "shares": 100, "stock": "AAPL", "price": Decimal("150.0001")},
    ),
    (
        itch.add_with_mpid(3, T, 6, "S", 101, "AAPL", 7, "MSCO"),
        {"reference": 6, "side": "S", "shares": 101, "stock": "AAPL", "price": 7 * P4, "participant": "MSCO"},
    ),
    (itch.executed(3, T, 6, 50, 9), {"reference": 6, "shares": 50, "match": 9}),
    (
        itch.executed_at(3, T, 6, 50, 9, "N", 8),
        {"reference": 6, "shares": 50, "match": 9, "printable": "N", "price": 8 * P4},
    ),
    (itch.cancel(3, T, 6, 50), {"reference": 6, "shares": 50}),
    (itch.delete(3, T, 6), {"reference": 6}),
    (
        itch.replace(3, T, 6, 7, 8, 9),
        {"reference": 6, "new_reference": 7, "shares": 8, "price": 9 * P4},
    ),
    (
        itch.trade(3, T, "S", 5, "AAPL", 6, 7),
        {"reference": 0, "side": "S", "shares": 5, "stock": "AAPL", "price": 6 * P4, "match": 7},
    ),
    (
        itch.cross(3, T, 2**40, "AAPL", 6, 7, "C"),
        {"shares": 2**40, "stock": "AAPL", "price": 6 * P4, "match": 7, "cross": "C"},
    ),
    (itch.broken(3, T, 7), {"match": 7}),
    (
        itch.imbalance(3, T, "AAPL", 1, 2, 3, 4, 5),
        {
            "paired": 1, "imbalance": 2, "direction": "B", "stock": "AAPL", "far": 3 * P4, "near": 4 * P4,
            "reference_price": 5 * P4, "cross": "C", "variation": "L",
        },
    ),
    (itch.retail(3, T, "AAPL", "S"), {"stock": "AAPL", "interest": "S"}),
    (
        itch.direct_listing(3, T, "NEWCO", 1, 2, 3, 4, 5, 6),
        {
            "stock": "NEWCO", "eligibility": "Y", "lowest": P4, "highest": 2 * P4, "near_price": 3 * P4,
            "near_time": 4, "lower_collar": 5 * P4, "upper_collar": 6 * P4,
        },
    ),
]  # fmt: skip
SETUP = [itch.directory(3, T, "AAPL"), itch.directory(4, T, "MSFT")]


def instrument_of(tick):
    return lambda symbol: Instrument(symbol, "XNAS", "USD", Decimal(tick))


def read_whole(path, tick="0.0001", **options):
    """(reader, events by stock)."""
    source = ItchReader(path, DAY, instrument_of(tick), **options)
    found = {}
    for instrument, events in source.chunks():
        found.setdefault(instrument.symbol, []).append(events)
    return source, {symbol: np.concatenate(parts) for symbol, parts in found.items()}


def read(path, tick="0.0001", **options):
    """(reader, events by stock behind the CLEAR with which each opens)."""
    source, found = read_whole(path, tick, **options)
    for events in found.values():
        assert (events["action"] == Action.CLEAR).tolist() == [True] + [False] * (len(events) - 1)
    return source, {symbol: events[1:] for symbol, events in found.items()}


def read_messages(tmp_path, *messages, tick="0.0001", **options):
    return read(itch.write(tmp_path / "x.itch", [*SETUP, *messages]), tick, **options)


def brief(events):
    """[(action, reference, side, price, size, last, doubtful)]."""
    return [
        (
            chr(e["action"]), int(e["order_id"]), chr(e["side"]), int(e["price"]), int(e["size"]),
            bool(e["flags"] & Flag.LAST), bool(e["flags"] & Flag.MAYBE_BAD_BOOK),
        )
        for e in events
    ]  # fmt: skip


# -- the specification -------------------------------------------------------------------------------------------------


def test_every_message_has_its_published_length():
    assert {letter: kind.length for letter, kind in MESSAGES.items()} == PUBLISHED
    assert {chr(k): int(LENGTHS[k]) for k in np.flatnonzero(LENGTHS)} == PUBLISHED
    assert {chr(message[0]): len(message) for message, _ in EVERY} == PUBLISHED


@pytest.mark.parametrize(("message", "fields"), EVERY, ids=[chr(m[0]) for m, _ in EVERY])
def test_every_field_of_every_message(message, fields):
    locate = 0 if chr(message[0]) in "SVW" else 3
    assert decode(message) == {"type": chr(message[0]), "locate": locate, "tracking": 7, "time": T, **fields}


# -- what a message becomes --------------------------------------------------------------------------------------------


def test_golden_bytes_of_an_order_added(tmp_path):
    """Bytes written by hand: 36 long, A, locate 1, tracking 2, 09:30:00.000000001, order 5, 100 AAPL at 150.25."""
    raw = bytes.fromhex("002441000100021f1aced9f001000000000000000542000000644141504c202020200016ed240000")
    path = tmp_path / "x"
    path.write_bytes(raw)
    _, events = read(path)
    row = events["AAPL"][0]
    assert (row["ts_event"], row["ts_recv"]) == (MIDNIGHT + T + 1, MIDNIGHT + T + 1)
    assert (row["order_id"], row["price"], row["size"], row["sequence"]) == (5, 1_502_500, 100, 1)
    assert (chr(row["action"]), chr(row["side"]), row["flags"], row["venue_id"]) == ("A", "B", 128, 2)
    assert row["instrument_id"] == Instrument("AAPL", "XNAS", "USD", P4).id


def test_each_stock_opens_with_an_empty_book(tmp_path):
    """Golden: a CLEAR of no message at the time of the file's first, whatever the stock's own first is."""
    messages = [*SETUP, itch.add(4, T + 9, 1, "B", 1, "MSFT", 1), itch.add(3, T + 5, 2, "B", 1, "AAPL", 1)]
    path = itch.write(tmp_path / "x", [itch.system(T - 3, "O"), *messages])
    _, events = read_whole(path)
    assert {symbol: len(rows) for symbol, rows in events.items()} == {"AAPL": 2, "MSFT": 2}
    for symbol, rows in events.items():
        row = rows[0]
        assert (row["ts_event"], row["ts_recv"]) == (MIDNIGHT + T - 3, MIDNIGHT + T - 3)
        assert (chr(row["action"]), chr(row["side"]), row["flags"], row["venue_id"]) == ("R", "N", 128 + 32 + 1, 2)
        assert (row["sequence"], row["order_id"], row["price"], row["size"]) == (0, 0, 0, 0)
        assert row["instrument_id"] == Instrument(symbol, "XNAS", "USD", P4).id


def test_orders_live_and_end(tmp_path):
    _, events = read_messages(
        tmp_path,
        itch.add(3, T, 1, "B", 100, "AAPL", 1000),
        itch.add_with_mpid(3, T, 2, "S", 200, "AAPL", 1200),
        itch.executed(3, T, 1, 30, 1),
        itch.cancel(3, T, 2, 50),
        itch.replace(3, T, 2, 3, 70, 1100),
        itch.delete(3, T, 1),
        itch.executed(3, T, 3, 70, 2),
    )
    assert brief(events["AAPL"]) == [
        ("A", 1, "B", 1000, 100, True, False),
        ("A", 2, "A", 1200, 200, True, False),
        ("E", 1, "B", 1000, 30, True, False),
        ("C", 2, "A", 1200, 50, True, False),
        ("C", 2, "A", 1200, 150, False, False),  # replace: one message, the second row ends it
        ("A", 3, "A", 1100, 70, True, False),
        ("C", 1, "B", 1000, 70, True, False),
        ("E", 3, "A", 1100, 70, True, False),
    ]
    assert events["AAPL"]["sequence"].tolist() == [3, 4, 5, 6, 7, 7, 8, 9]
    assert compile_tape(events["AAPL"]).counts.live == 0


def test_an_execution_keeps_the_order_s_price_and_the_print_s(tmp_path):
    _, events = read_messages(
        tmp_path,
        itch.add(3, T, 1, "B", 100, "AAPL", 1000),
        itch.executed_at(3, T, 1, 10, 1, "Y", 1000),
        itch.executed_at(3, T, 1, 20, 2, "Y", 950),
        itch.executed_at(3, T, 1, 30, 3, "N", 900),
    )
    assert brief(events["AAPL"])[1:] == [
        ("E", 1, "B", 1000, 10, True, False),
        ("T", 1, "A", 950, 20, False, False),
        ("F", 1, "B", 1000, 20, False, False),
        ("C", 1, "B", 1000, 20, True, False),
        ("F", 1, "B", 1000, 30, False, False),
        ("C", 1, "B", 1000, 30, True, False),
    ]
    prints = trades_of(events["AAPL"])
    assert [(p["price"], p["size"], p["side"]) for p in prints] == [(1000, 10, -1), (950, 20, -1)]


def test_prints_crosses_and_halts(tmp_path):
    source, events = read_messages(
        tmp_path,
        itch.trade(3, T, "S", 10, "AAPL", 1001, 1),
        itch.trade(3, T, "B", 20, "AAPL", 1002, 2),
        itch.cross(3, T, 3_000_000, "AAPL", 1003, 3),
        itch.cross(3, T, 0, "AAPL", 0, 0, "H"),
        *(itch.action(3, T, "AAPL", state, "T1") for state in "HPQT"),
        itch.operational_halt(3, T, "AAPL", "Q", "H"),
        itch.operational_halt(3, T, "AAPL", "Q", "T"),
        itch.operational_halt(3, T, "AAPL", "X", "H"),
        itch.broken(3, T, 77),
        itch.breaker_levels(T, 200_000_000_000, 3, 2),
        itch.breaker_status(T, "1"),
    )
    told = [(a, side, price, size) for a, _, side, price, size, last, doubt in brief(events["AAPL"])]
    halted, quoting, trading = TradingStatus.HALTED, TradingStatus.QUOTING, TradingStatus.TRADING
    assert told == [
        ("P", "B", 1001, 10),
        ("P", "N", 1002, 20),  # since 2014 B says nothing
        ("Q", "N", 1003, 3_000_000),
        ("Q", "N", 0, 0),
        *(("H", "N", 0, status) for status in (halted, halted, quoting, trading, halted, trading)),
    ]
    notes = "\n".join(source.journal.notes())
    assert "halts: AAPL 09:30:00.000 halted, reason T1; AAPL 09:30:00.000 paused, reason T1" in notes
    assert "AAPL 09:30:00.000 operational halt" in notes
    assert "broken trades (their prints are still among the events): match 77 (AAPL, message 14)" in notes
    assert "09:30:00.000 market-wide circuit breaker levels 2000, 0.00000003, 0.00000002" in notes
    assert "09:30:00.000 market-wide circuit breaker level 1 was breached" in notes
    assert source.journal.skipped(source.counts) == {
        "stock directory": 2, "broken trade": 1, "circuit breaker levels": 1, "circuit breaker status": 1,
        "operational halt of another market": 1,
    }  # fmt: skip


def test_before_july_2014_a_hidden_order_s_side_was_told(tmp_path):
    path = itch.write(tmp_path / "x", [*SETUP, itch.trade(3, T, "B", 10, "AAPL", 1001, 1)])
    for date, side in ((dt.date(2014, 7, 11), Side.ASK), (dt.date(2014, 7, 14), Side.NONE)):
        chunks = ItchReader(path, date, instrument_of("0.0001")).chunks()
        assert [int(events["side"][-1]) for _, events in chunks] == [side]


def test_what_nothing_explains_is_counted_and_handed_on(tmp_path):
    source, events = read_messages(
        tmp_path,
        itch.add(3, T, 1, "B", 100, "AAPL", 1000),
        itch.executed(3, T, 9, 10, 1),
        itch.executed_at(3, T, 9, 11, 1, "Y", 990),
        itch.cancel(3, T, 9, 12),
        itch.delete(3, T, 9),
        itch.replace(3, T, 9, 10, 50, 1000),
        itch.executed(4, T, 1, 10, 1),  # a reference of another stock
        itch.add(3, T, 1, "S", 5, "AAPL", 1010),  # still lives
        itch.executed(3, T, 1, 150, 2),  # more than it has
        itch.cancel(3, T, 1, 1),  # so it is gone
    )
    assert brief(events["AAPL"])[1:] == [
        ("C", 9, "N", 0, 10, True, True),
        ("T", 9, "N", 990, 11, False, True),
        ("C", 9, "N", 0, 11, True, True),
        ("C", 9, "N", 0, 12, True, True),
        ("C", 9, "N", 0, 1, True, True),
        ("C", 9, "N", 0, 1, True, True),
        ("A", 1, "A", 1010, 5, True, True),
        ("E", 1, "B", 1000, 150, True, True),
        ("C", 1, "N", 0, 1, True, True),
    ]
    faults = source.journal.faults
    told = (faults["AAPL"].unknown, faults["AAPL"].over, faults["AAPL"].duplicates, faults["AAPL"].orphans)
    assert told == (6, 1, 1, 1)
    assert faults["AAPL"].unpriced == 10
    assert faults["MSFT"].unknown == 1
    assert len([n for n in source.journal.notes() if n.startswith("references that nothing explains: AAPL 6 unk")]) == 1
    counts = compile_tape(events["AAPL"], on_unknown="count").counts
    assert (counts.unknown, counts.over_reduced, counts.duplicates, counts.live) == (6, 1, 1, 0)


def test_only_the_stocks_asked_for(tmp_path):
    messages = [itch.add(3, T, 1, "B", 1, "AAPL", 1), itch.add(4, T, 2, "B", 1, "MSFT", 1), itch.delete(4, T, 2)]
    source, events = read_messages(tmp_path, *messages, symbols=["MSFT"])
    assert list(events) == ["MSFT"]
    assert [e[:2] for e in brief(events["MSFT"])] == [("A", 2), ("C", 2)]
    assert source.journal.skipped(source.counts) == {"stock directory": 1, "other stocks": 2}
    with pytest.raises(ConfigError, match=r"symbol: got 'GOOG', expected a stock of x\.itch, which names AAPL, MSFT"):
        read_messages(tmp_path, *messages, symbols=["MSFT", "GOOG"])


def test_a_tick_of_a_cent_takes_prints_between_and_refuses_orders(tmp_path):
    messages = [itch.add(3, T, 1, "B", 10, "AAPL", 1500), itch.trade(3, T, "S", 5, "AAPL", 1550, 1)]
    _, events = read_messages(tmp_path, *messages, tick="0.01")
    assert events["AAPL"]["price"].tolist() == [15, 15]
    assert events["AAPL"]["subtick"].tolist() == [0, 5000]
    with pytest.raises(OffGridError, match=r"message 5: AAPL: price 0\.1501 is not a whole multiple of 0\.01"):
        read_messages(tmp_path, *messages, itch.add(3, T, 2, "B", 10, "AAPL", 1501), tick="0.01")
    with pytest.raises(ConfigError, match="whole ten-thousandths"):
        read_messages(tmp_path, *messages, tick="0.00005")


# -- a market encoded and read back ------------------------------------------------------------------------------------


def assert_same_market(market, events_of):
    """Ten levels of every stock at every check, every print and every halt."""
    compared = 0
    for stock in market.books:
        events = events_of(stock)
        book, done = L3Book(), 0
        for at, name, (bids, asks) in market.checks:
            if name != stock:
                continue
            end = int(np.searchsorted(events["sequence"], at, side="right"))
            book.apply(events[done:end])
            done = end
            shown = book.snapshot(10)
            for side, want in enumerate((bids, asks)):
                got = zip(shown.prices[side], shown.sizes[side], shown.counts[side], strict=True)
                assert [tuple(map(int, level)) for level in got if level[1]] == want, f"{stock}, message {at}"
                compared += len(want)
        assert (book.counts.unknown, book.counts.over_reduced, book.counts.duplicates) == (0, 0, 0)
        is_print = np.isin(events["action"], [Action.EXECUTE, Action.HIDDEN, Action.TRADE, Action.CROSS])
        prints, sequence = trades_of(events), events["sequence"][is_print].tolist()
        told = [(s, int(p["price"]), int(p["size"]), int(p["side"])) for s, p in zip(sequence, prints, strict=True)]
        assert told == market.prints[stock]
        halts = events[events["action"] == Action.HALT]
        assert list(zip(halts["sequence"].tolist(), halts["size"].tolist(), strict=True)) == market.halts[stock]
        assert (np.diff(events["sequence"].astype(np.int64)) >= 0).all()
        last = events["flags"] & Flag.LAST != 0
        assert (last[:-1] == (np.diff(events["sequence"].astype(np.int64)) > 0)).all()
        assert last[-1]
    return compared


@pytest.mark.parametrize("seed", range(8))
def test_a_market_encoded_and_read_back(tmp_path, seed):
    """Invariant: books, prints and halts read from a file are those of the dictionaries that wrote it."""
    market = itch.Market(seed).run(4_000)
    path = itch.write(tmp_path / (itch.NAME + (".gz" if seed % 2 else "")), market.messages, end=seed % 3 > 0)
    source, events = read(path)
    assert assert_same_market(market, events.__getitem__) > 2_000
    assert source.messages == len(market.messages)
    assert source.counts.total() == len(market.messages)
    assert not source.journal.faults
    kinds = {chr(m[0]) for m in market.messages}
    assert kinds == set(PUBLISHED), "the flow misses a type"
    assert source.journal.directory["MSFT"]["etp"] == "Y"


def test_through_blocks_batches_and_catalog_as_in_one_piece(tmp_path, monkeypatch):
    """Invariant: neither the size of a block nor that of a batch is seen in the events."""
    market = itch.Market(99).run(3_000)
    path = itch.write(tmp_path / f"{itch.NAME}.gz", market.messages)
    _, whole = read(path)
    monkeypatch.setattr(orders, "FIRST_SIZE", 4)  # grows nine times
    for block, batch in ((61, 7), (977, 100), (4096, 3)):
        monkeypatch.setattr(unpack, "BLOCK", block)
        monkeypatch.setattr(reader, "BATCH_ROWS", batch)
        monkeypatch.setattr(reader, "_TOLD_ROWS", 2)
        _, pieces = read(path)
        assert list(pieces) == list(whole)
        for stock, events in whole.items():
            assert events.tobytes() == pieces[stock].tobytes()
    summary = ingest_itch(path, tmp_path / "ticks")
    catalog = Catalog.open(tmp_path / "ticks")
    assert_same_market(market, catalog.read)
    assert summary.instruments == ("AAPL", "MSFT", "PENNY")
    assert summary.rows == sum(1 + len(events) for events in whole.values())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([1, 3, 64, 2**61]))
def test_the_order_table_is_a_dictionary(seed, stride):
    """Invariant: after any puts and removes, `find` answers as a dictionary does, whatever the references."""
    draw = random.Random(seed)
    cells, known = orders.empty()[:64], {}
    for _ in range(400):
        reference = np.uint64(draw.randrange(1, 60) * stride % 2**64)
        place = orders.find(cells, reference)
        assert bool(cells[place]["shares"]) == (int(reference) in known)
        if int(reference) in known:
            assert int(cells[place]["price"]) == known[int(reference)]
            if draw.random() < 0.7:
                orders.remove(cells, place)
                del known[int(reference)]
        elif len(known) < 32:
            known[int(reference)] = price = draw.randrange(2**32)
            orders.put(cells, place, reference, 1, 66, price, 9)
        if len(known) == 32:
            larger = orders.grown(cells)
            assert int((larger["shares"] > 0).sum()) == 32
            for number, price in known.items():
                assert int(larger[orders.find(larger, np.uint64(number))]["price"]) == price


# -- files -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("01302019.NASDAQ_ITCH50.gz", dt.date(2019, 1, 30)),
        ("20190130.BX_ITCH_50.gz", dt.date(2019, 1, 30)),
        ("S020119-v50.txt.gz", dt.date(2019, 2, 1)),
        ("itch-2019-01-30.bin", dt.date(2019, 1, 30)),
        ("12202012.NASDAQ_ITCH50", dt.date(2012, 12, 20)),
    ],
)
def test_the_day_is_in_the_name(tmp_path, name, date):
    assert files.date_of(tmp_path / name) == date


@pytest.mark.parametrize("name", ["itch.gz", "99999999.gz", "20190130-01312019.gz", "S991399.gz", "120190130.gz"])
def test_a_name_without_one_day_asks_for_it(tmp_path, name):
    with pytest.raises(ConfigError, match="pass --date"):
        files.date_of(tmp_path / name)


def test_ingest_says_what_it_did_and_knows_the_file_again(tmp_path):
    market = itch.Market(5).run(500)
    path = itch.write(tmp_path / itch.NAME, market.messages)
    summary = ingest_itch(path, tmp_path / "ticks")
    assert summary.notes[0] == f"2019-01-30: {len(market.messages):,} messages, tick 0.0001"
    assert any(
        n == "directory: 3 stocks; 1 exchange-traded products; 0 with a round lot other than 100" for n in summary.notes
    )
    assert ingest_itch(path, tmp_path / "ticks").already
    with pytest.raises(CatalogError, match="pass --replace"):
        ingest_itch(path, tmp_path / "ticks", symbols=["AAPL"])
    only = ingest_itch(path, tmp_path / "ticks", symbols=["AAPL"], replace=True)
    assert not only.already
    assert only.instruments == ("AAPL",)
    later = ingest_itch(path, tmp_path / "ticks", date="2019-01-31")
    assert later.days == ("2019-01-31",)
    assert {i.symbol: str(i.tick_size) for i in Catalog.open(tmp_path / "ticks").instruments()} == dict.fromkeys(
        ("AAPL", "MSFT", "PENNY"), "0.0001"
    )


def test_a_catalog_s_tick_size_is_followed_and_not_contradicted(tmp_path):
    path = itch.write(tmp_path / itch.NAME, [*SETUP, itch.add(3, T, 1, "B", 10, "AAPL", 1500)])
    ingest_itch(path, tmp_path / "ticks", tick_size="0.01")
    later = ingest_itch(path, tmp_path / "ticks", date="2019-01-31")
    assert "tick 0.01" in later.notes[0]
    with pytest.raises(CatalogError, match="one symbol has one definition"):
        ingest_itch(path, tmp_path / "ticks", date="2019-02-01", tick_size="0.0001")
    with pytest.raises(ConfigError, match="a positive decimal"):
        ingest_itch(path, tmp_path / "ticks", tick_size="none")


def test_prices_that_no_book_holds_are_said(tmp_path):
    path = itch.write(tmp_path / itch.NAME, [*SETUP, itch.add(3, T, 1, "B", 10, "AAPL", 3_000_000_000)])
    assert any("AAPL: 1 orders at more than 2,147,483,646 ticks" in n for n in ingest_itch(path, tmp_path / "a").notes)
    assert not any("no book holds" in n for n in ingest_itch(path, tmp_path / "b", tick_size="0.01").notes)


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(a) for a in arguments])
    return ended.value.code


def test_the_command_line(tmp_path, capsys):
    path = itch.write(tmp_path / "day.gz", itch.Market(6).run(300).messages)
    catalog = str(tmp_path / "ticks")
    assert run("ingest", "itch", path, "--catalog", catalog) == 2
    assert "pass --date" in capsys.readouterr().err
    assert run("ingest", "itch", path, "--catalog", catalog, "--date", "2019-01-30", "--symbol", "NONE") == 2
    assert "expected a stock of day.gz, which names AAPL, MSFT, PENNY" in capsys.readouterr().err
    options = ["--date", "2019-01-30", "--symbol", "AAPL", "--symbol", "MSFT"]
    assert run("ingest", "itch", path, "--catalog", catalog, *options) == 0
    out = capsys.readouterr().out
    assert out.startswith("AAPL, MSFT 2019-01-30: ")
    assert "records of type other stocks were passed over" in out
    assert run("data", "verify-book", "--catalog", catalog, "--instrument", "AAPL", "--date", "2019-01-30") == 0


# -- damaged files -----------------------------------------------------------------------------------------------------

GOOD = itch.add(3, T, 1, "B", 100, "AAPL", 1000)


def changed(message, at, raw):
    return message[:at] + raw + message[at + len(raw) :]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"Z" + GOOD[1:], "message 3, byte 82: found type 'Z', expected one of S, R, H"),
        (GOOD[:-1], "message 3, byte 82: found 35 bytes for type A (add order), expected 36 bytes"),
        (GOOD + b"\0", "found 37 bytes for type A (add order), expected 36 bytes"),
        (b"A" * 65_535, "found 65535 bytes for type A"),
        (changed(GOOD, 5, b"\xff"), "found a time of a day or more in add order (locate 3, time 28"),
        (changed(GOOD, 19, b"X"), "found a side in add order (locate 3"),
        (changed(GOOD, 20, b"\0\0\0\0"), "found shares in add order"),
        (changed(GOOD, 20, b"\x80\0\0\0"), "expected 1 to 2147483647 shares"),
        (changed(GOOD, 32, b"\0\0\0\0"), "found a price of 0 in add order"),
        (changed(GOOD, 24, b"AAPM"), "found stock 'AAPM' at locate 3, expected 'AAPL'"),
        (changed(GOOD, 1, b"\0\x09"), "message 3: found AAPL at locate 9, expected one locate for a stock"),
        (itch.add(9, T, 1, "B", 100, "", 1000), "message 3: found stock b'        ', expected a name"),
        (itch.add(9, T, 1, "B", 100, "A\x01", 1000), "message 3: found stock b'A\\x01"),
        (itch.delete(9, T, 1), "found order delete at locate 9, which no message has named"),
        (itch.executed_at(3, T, 1, 1, 1, "?", 1), "found a printable flag in order executed with price"),
        (itch.action(3, T, "AAPL", "Z"), "found a trading state in stock trading action"),
        (itch.operational_halt(3, T, "AAPL", "Q", "Q"), "found a trading state in operational halt"),
        (itch.cross(3, T, 2**63, "AAPL", 1, 1), "found shares in cross trade"),
        (itch.replace(3, T, 1, 2, 0, 5), "found shares in order replace"),
    ],
)
def test_a_message_that_cannot_be_is_named(tmp_path, message, expected):
    path = itch.write(tmp_path / itch.NAME, [*SETUP, message, GOOD])
    with pytest.raises(FileFormatError) as caught:
        ingest_itch(path, tmp_path / "ticks")
    assert expected in str(caught.value)
    assert str(path) in str(caught.value)
    assert not (tmp_path / "ticks").exists()


def test_nothing_stands_behind_the_end_of_the_session(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(itch.framed([*SETUP, GOOD]) + b"\0")
    with pytest.raises(FileFormatError, match="message 4, byte 122: found 1 bytes, expected nothing after"):
        read(path)


@pytest.mark.parametrize("behind", [b"\0", b"\0\0", b"\0\0\0", b"\0\1S"])
def test_nothing_stands_behind_the_end_where_a_block_ends(tmp_path, monkeypatch, behind):
    """Invariant: it is refused wherever blocks are cut, the session's end being the last of one included."""
    path = tmp_path / "x"
    body = itch.framed([*SETUP, GOOD])
    path.write_bytes(body + behind)
    for block in range(len(body) - 3, len(body) + 4):
        monkeypatch.setattr(unpack, "BLOCK", block)
        with pytest.raises(FileFormatError, match=r"message 4, byte 122: found [123] bytes, expected nothing after"):
            read(path)


def test_a_file_without_its_end_is_told(tmp_path):
    cut, _ = read(itch.write(tmp_path / "x", [*SETUP, GOOD], end=False))
    assert cut.journal.notes()[-1] == "the file ends without the event 'end of messages': it may be cut"
    for messages, end in (([*SETUP, GOOD], True), ([*SETUP, GOOD, itch.system(T, "C")], False)):
        whole, _ = read(itch.write(tmp_path / "x", messages, end))
        assert not any("may be cut" in note for note in whole.journal.notes())


def test_what_is_told_is_bounded(tmp_path):
    """Invariant: of any number of broken trades and halts the first twenty are kept, and all counted."""
    messages = [m for k in range(300) for m in (itch.broken(3, T, k), itch.action(3, T, "AAPL", "H", "T1"))]
    source, events = read_messages(tmp_path, *messages)
    notes = source.journal.notes()
    assert [n.count(";") for n in notes if n.startswith(("halts", "broken"))] == [20, 20]
    assert [n for n in notes if n.endswith("and 280 more")] == notes[:2]
    assert len(source.journal.halts.lines) == len(source.journal.broken.lines) == 20
    assert len(events["AAPL"]) == 300


def test_references_are_used_again_and_replaced_along_a_chain(tmp_path):
    """A reference that ended may begin anew; a replace may keep its reference; a chain keeps the side."""
    source, events = read_messages(
        tmp_path,
        itch.add(3, T, 1, "B", 10, "AAPL", 1000),
        itch.delete(3, T, 1),
        itch.add(3, T, 1, "S", 5, "AAPL", 1100),
        itch.replace(3, T, 1, 1, 6, 1200),
        itch.replace(3, T, 1, 2, 7, 1300),
        itch.replace(3, T, 2, 3, 8, 1400),
        itch.executed(3, T, 3, 8, 1),
        itch.add(3, T, 4, "B", 10, "AAPL", 1000),
        itch.replace(3, T, 4, 3, 9, 900),  # a reference that was executed whole
        itch.delete(3, T, 3),
    )
    assert [e[:5] for e in brief(events["AAPL"])] == [
        ("A", 1, "B", 1000, 10), ("C", 1, "B", 1000, 10), ("A", 1, "A", 1100, 5),
        ("C", 1, "A", 1100, 5), ("A", 1, "A", 1200, 6), ("C", 1, "A", 1200, 6), ("A", 2, "A", 1300, 7),
        ("C", 2, "A", 1300, 7), ("A", 3, "A", 1400, 8), ("E", 3, "A", 1400, 8),
        ("A", 4, "B", 1000, 10), ("C", 4, "B", 1000, 10), ("A", 3, "B", 900, 9), ("C", 3, "B", 900, 9),
    ]  # fmt: skip
    assert not source.journal.faults
    counts = compile_tape(events["AAPL"]).counts
    assert (counts.unknown, counts.over_reduced, counts.duplicates, counts.live) == (0, 0, 0, 0)


def test_the_order_table_is_bounded_by_live_orders(tmp_path):
    """Invariant: orders that come and go leave the table as small as it was."""
    messages = []
    for k in range(1, 30_001):
        messages += [itch.add(3, T, k, "B", 1, "AAPL", 1000), itch.delete(3, T, k)]
    source, _ = read_messages(tmp_path, *messages)
    assert len(source._cells) == orders.FIRST_SIZE
    assert not source._cells["shares"].any()


def test_times_that_go_back_are_told(tmp_path):
    source, _ = read_messages(tmp_path, itch.add(3, T + 5, 1, "B", 1, "AAPL", 1), itch.delete(3, T + 4, 1))
    assert "1 messages have a time before the message before them" in source.journal.notes()


def test_a_file_without_market_data_is_refused(tmp_path):
    for body in (b"", b"\0\0", itch.framed([itch.system(T, "O")])):
        (tmp_path / itch.NAME).write_bytes(body)
        with pytest.raises(FileFormatError, match="no market data"):
            ingest_itch(tmp_path / itch.NAME, tmp_path / "ticks")


@pytest.fixture
def catalog_beside(tmp_path):
    """A catalog that must stay as it is, and what it holds."""
    path = itch.write(tmp_path / "20190102.itch", itch.Market(1, ["KEEP"]).run(40).messages)
    ingest_itch(path, tmp_path / "ticks")
    return tmp_path / "ticks", lambda: {
        str(p.relative_to(tmp_path)): p.read_bytes() for p in sorted((tmp_path / "ticks").rglob("*")) if p.is_file()
    }


def small_file():
    return itch.framed([m for m, _ in [*((m, 0) for m in SETUP), *EVERY] if m[0] not in b"RHFKO"] + [GOOD])


def test_truncated_at_every_byte(tmp_path, catalog_beside):
    """Invariant: a cut file is refused, or ends between two messages and says that it may be cut."""
    catalog, content = catalog_beside
    before = content()
    body = itch.framed([*SETUP, GOOD, itch.trade(3, T, "B", 1, "AAPL", 5, 6), itch.delete(3, T, 1)])
    ends, at = {0}, 0
    while at < len(body):
        at += 2 + int.from_bytes(body[at : at + 2], "big")
        ends.add(at)
    path = tmp_path / itch.NAME
    for cut in range(len(body)):
        path.write_bytes(body[:cut])
        if cut in ends:
            source, _ = read(path)
            assert any("may be cut" in note for note in source.journal.notes())
        else:
            with pytest.raises(FileFormatError, match="truncated"):
                ingest_itch(path, catalog)
    assert content() == before


def test_a_gzip_file_truncated_at_every_byte(tmp_path):
    whole = itch.write(tmp_path / "x.gz", [*SETUP, GOOD]).read_bytes()
    for cut in range(2, len(whole)):
        (tmp_path / "y.gz").write_bytes(whole[:cut])
        with pytest.raises(FileFormatError, match=r"gzip stream.*truncated"):
            read(tmp_path / "y.gz")


def test_gzip_of_several_members_and_padding(tmp_path):
    import gzip

    body = itch.framed([*SETUP, GOOD])
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(body[:50]) + gzip.compress(body[50:]) + b"\0" * 512)
    assert len(read(path)[1]["AAPL"]) == 1
    path.write_bytes(gzip.compress(body) + b"garbage")
    with pytest.raises(FileFormatError, match="gzip stream"):
        read(path)


def test_random_damage(tmp_path, catalog_beside):
    """Invariant: whatever happens to bytes, a file is read or refused by name, and the catalog is unharmed."""
    catalog, content = catalog_beside
    before = content()
    body = itch.framed(itch.Market(3).run(120).messages)
    refused = 0
    for seed in range(400):
        draw = random.Random(seed)
        damaged = bytearray(body)
        for _ in range(draw.randrange(1, 4)):
            at = draw.randrange(len(damaged))
            kind = draw.random()
            if kind < 0.5:
                damaged[at] ^= 1 << draw.randrange(8)
            elif kind < 0.7:
                damaged[at : at + 2] = struct.pack(">H", draw.choice([0, 1, 11, 12, 255, 65_535]))
            elif kind < 0.85:
                del damaged[at : at + draw.randrange(1, 30)]
            else:
                damaged[at:at] = draw.randbytes(draw.randrange(1, 30))
        path = tmp_path / itch.NAME
        path.write_bytes(damaged)
        said = ""
        try:
            source, events = read(path)
        except TickwrightError as error:
            said = str(error)
        if said:
            refused += 1
            assert str(path) in said, f"seed {seed}"
            if seed % 20 == 0:
                with pytest.raises(TickwrightError):
                    ingest_itch(path, catalog)
        else:
            for rows in events.values():
                compile_tape(rows[rows["price"] < 2**31 - 1], on_unknown="count")
            assert source.messages <= len(body)
    assert refused > 200
    assert content() == before


def test_no_fault_is_left_untold():
    """Invariant: the columns of the kernel's faults are the fields of what is told."""
    from dataclasses import fields

    from tickwright.data.itch.journal import StockFaults

    assert [f.name for f in fields(StockFaults)] == ["unknown", "over", "duplicates", "orphans", "unpriced"]
    assert len(fields(StockFaults)) == N_FAULTS
