"""Ten-level books as depth: replayed into a dictionary they are the recorded levels at the end of each message."""

import csv
import gzip
from decimal import Decimal

import databento_dbn as dbn
import make_dbn
import make_dbn_rows as make
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_dbn_rows import TICK

from tickwright.core.errors import FileFormatError, OffGridError
from tickwright.core.events import Action, Flag, Side
from tickwright.core.instrument import Instrument
from tickwright.core.units import DAY
from tickwright.data.catalog import Catalog
from tickwright.data.databento.batches import dbn_batches
from tickwright.data.databento.convert import Converter
from tickwright.data.databento.stream import RecordStream
from tickwright.data.ingest import ingest_databento_csv

ES = Instrument("ESH4", "XCME", "USD", Decimal("0.25"))


def depth_of(tmp_path, made, name="x.dbn"):
    """Rows of `depth`, and what was told of the file."""
    path = make.write(tmp_path / name, "mbp-10", made)
    converter = Converter("mbp-10", lambda symbol: ES)
    parts = [rows for _, table, rows in converter.tables(dbn_batches(RecordStream(path)))]
    return np.concatenate(parts), converter.told


def replayed(rows):
    """(the row, the book) after every row with Flag.LAST: {price: size} a side; written from the layout's own words."""
    books = {Side.BID: {}, Side.ASK: {}}
    for row in rows:
        assert row["flags"] & Flag.AGGREGATED
        if row["action"] == Action.CLEAR:
            books = {Side.BID: {}, Side.ASK: {}}
        elif row["action"] == Action.MODIFY:
            side = books[Side(row["side"])]
            if row["size"] == 0:
                del side[int(row["price"])]  # what goes must have been there
            else:
                assert side.get(int(row["price"])) != row["size"]  # what is said must be news
                side[int(row["price"])] = int(row["size"])
        else:
            assert row["action"] in (Action.TRADE, Action.NONE)
        if row["flags"] & Flag.LAST:
            yield row, {side: dict(book) for side, book in books.items()}


def recorded(made):
    """(ticks, size) of the levels of each record, by side, read from Databento's own columns."""
    for record in made:
        yield {
            side: {
                int(record[f"{s}_px_{k:02d}"]) // TICK: int(record[f"{s}_sz_{k:02d}"])
                for k in range(10)
                if record[f"{s}_px_{k:02d}"] != dbn.UNDEF_PRICE and record[f"{s}_sz_{k:02d}"]
            }
            for side, s in ((Side.BID, "bid"), (Side.ASK, "ask"))
        }


def check(rows, made):
    """`sequence` numbers the records: at its Flag.LAST the book is its own; one without rows changed nothing."""
    told = list(recorded(made))
    states = {int(row["sequence"]): state for row, state in replayed(rows)}
    book = None
    for k, (record, expected) in enumerate(zip(made, told, strict=True)):
        if record["flags"] & Flag.LAST:
            book = states.pop(k, book)
            assert book == expected, k
    assert not states  # no message ends where none was recorded to end


prices = st.integers(-30, 29)
books = st.lists(
    st.tuples(
        st.lists(prices, max_size=10, unique=True),
        st.lists(prices.map(lambda price: price + 60), max_size=10, unique=True),
        st.integers(0, 3),
        st.sampled_from([b"A", b"C", b"M", b"T", b"R", b"N"]),
        st.sampled_from([0, 128, 128, 130, 128 | 32, 4]),
    ),
    min_size=1,
    max_size=30,
)


def made_of(drawn, seed):
    """MBP_10 records with the books drawn; few sizes change from one to the next."""
    rng = np.random.default_rng(seed)
    made = make.rows("mbp-10", len(drawn), price=100 * TICK, side=b"A", sequence=np.arange(len(drawn)))
    size_of = {}
    for record, (bids, asks, changes, action, flags) in zip(made, drawn, strict=True):
        for _ in range(changes):
            size_of[int(rng.integers(-30, 91))] = int(rng.integers(0, 50))
        record["action"], record["flags"] = action, flags
        for name, levels in (("bid", sorted(bids, reverse=True)), ("ask", sorted(asks))):
            for k in range(10):
                record[f"{name}_px_{k:02d}"] = levels[k] * TICK if k < len(levels) else dbn.UNDEF_PRICE
                record[f"{name}_sz_{k:02d}"] = size_of.get(levels[k], 7) if k < len(levels) else 0
    return made


@settings(max_examples=80, deadline=None)
@given(drawn=books, seed=st.integers(0, 2**32 - 1))
def test_any_books_come_back(tmp_path_factory, drawn, seed):
    """At every Flag.LAST the replayed book is the recorded one, whatever the books, actions and flags."""
    made = made_of(drawn, seed)
    rows, _ = depth_of(tmp_path_factory.getbasetemp(), made, "drawn.dbn")
    check(rows, made)
    trades = rows[rows["action"] == Action.TRADE]
    assert trades["sequence"].tolist() == made["sequence"][made["action"] == b"T"].tolist()
    assert (trades["side"] == Side.ASK).all()


def test_a_book_opens_with_a_snapshot_each_day_and_where_the_venue_says_so(tmp_path):
    made = make.rows("mbp-10", 6, flags=[128, 128, 128 | 32, 128, 128, 128])
    made["ts_recv"][4:] += np.uint64(DAY)
    symbols = {"ESH4": [(17077, make_dbn.DAY, make_dbn.DAY.replace(day=31))]}
    path = make.write(tmp_path / "x.dbn", "mbp-10", made, symbols=symbols)
    converter = Converter("mbp-10", lambda symbol: ES)
    rows = np.concatenate([rows for _, _, rows in converter.tables(dbn_batches(RecordStream(path)))])
    assert [chr(a) for a in rows["action"]] == ["R", *"MMMM"] * 3
    assert (rows["flags"] & Flag.SNAPSHOT != 0).all()
    assert (rows["flags"] & Flag.LAST != 0).tolist() == ([False] * 4 + [True]) * 3
    assert converter.told["mbp-10 records changed no price or size of the ten levels, and gave no row"] == 3
    day = rows[10:]
    assert (day["ts_recv"] >= make_dbn.START + DAY).all()
    assert sum(len(side) for _, book in replayed(day) for side in book.values()) == 4


def test_a_level_that_leaves_the_window_goes_and_a_trade_stands_behind_the_changes(tmp_path):
    made = make.rows("mbp-10", 2, price=TICK * 3 // 2 - TICK // 2, sequence=[5, 6])
    for k in range(10):
        made[f"bid_px_{k:02d}"] = -TICK * (k + np.array([1, 0]))  # a new best bid pushes the tenth out
        made[f"bid_sz_{k:02d}"] = 10
    made["action"][1], made["side"][1], made["size"][1] = b"T", b"A", 4
    rows, _ = depth_of(tmp_path, made)
    last = rows[rows["sequence"] == 6]
    told = [(chr(r["action"]), chr(r["side"]), int(r["price"]), int(r["size"]), bool(r["flags"] & 128)) for r in last]
    assert told == [("M", "B", 0, 10, False), ("M", "B", -10, 0, False), ("T", "A", 1, 4, True)]
    assert (last["venue_id"] == 1).all()
    assert (last["instrument_id"] == ES.id).all()


def test_the_end_of_a_message_is_said_even_when_its_last_record_changes_nothing(tmp_path):
    made = make.rows("mbp-10", 4, flags=[0, 130, 130, 0])
    rows, told = depth_of(tmp_path, made)
    assert [chr(a) for a in rows["action"]] == ["R", *"MMMM", "N"]
    assert rows["flags"][-1] == 130 | Flag.AGGREGATED
    assert sum(told.values()) == 2


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_levels_that_are_not_sorted_are_refused(tmp_path, side):
    made = make.rows("mbp-10", 5)
    made[f"{side}_px_01"][3] = made[f"{side}_px_00"][3]
    with pytest.raises(
        FileFormatError, match=r"mbp-10 record 4: found levels .*, expected bids falling and asks rising"
    ):
        depth_of(tmp_path, made)
    made = make.rows("mbp-10", 5)
    made[f"{side}_px_01"][2] -= 1
    with pytest.raises(OffGridError, match="mbp-10 record 3"):
        depth_of(tmp_path, made)


def test_the_shared_aapl_books(shared_data, tmp_path):
    """Each of the 5 000 recorded ten-level books, read here by the csv module and Decimal, comes out of the replay."""
    path = shared_data / "databento" / "aapl_xnas_mbp10_20241021_5000rows.csv.gz"
    with gzip.open(path, "rt") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 5_000
    cents = Decimal(100)
    ends = [
        {
            side: {
                int(Decimal(line[f"{s}_px_{k:02d}"]) * cents): int(line[f"{s}_sz_{k:02d}"])
                for k in range(10)
                if line[f"{s}_px_{k:02d}"]
            }
            for side, s in ((Side.BID, "bid"), (Side.ASK, "ask"))
        }
        for line in lines
    ]
    summary = ingest_databento_csv(path, tmp_path / "cat")
    rows = Catalog.open(tmp_path / "cat").read("AAPL", "depth")
    book = {Side.BID: {}, Side.ASK: {}}
    by_sequence = np.split(rows, np.flatnonzero(np.diff(rows["sequence"].astype(np.int64))) + 1)
    groups = iter([(int(group["sequence"][0]), group) for group in by_sequence])
    states = {}
    for sequence, group in groups:
        for row in group:
            if row["action"] == Action.CLEAR:
                book = {Side.BID: {}, Side.ASK: {}}
            elif row["action"] == Action.MODIFY:
                book[Side(row["side"])].pop(int(row["price"]), None)
                if row["size"]:
                    book[Side(row["side"])][int(row["price"])] = int(row["size"])
        states[sequence] = {side: dict(levels) for side, levels in book.items()}
    last_of = {int(line["sequence"]): k for k, line in enumerate(lines)}
    state = None
    for k, line in enumerate(lines):
        sequence = int(line["sequence"])
        if last_of[sequence] == k:
            state = states.get(sequence, state)
            assert state == ends[k], k
    trades = rows[rows["action"] == Action.TRADE]
    traded = [line for line in lines if line["action"] == "T"]
    assert [int(t["size"]) for t in trades] == [int(line["size"]) for line in traded]
    assert [Decimal(int(t["price"])) / 100 for t in trades] == [Decimal(line["price"]) for line in traded]
    assert summary.actions["trade"] == 286
