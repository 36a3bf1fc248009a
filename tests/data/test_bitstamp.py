"""Bitstamp order events: against counts made by csv and dictionaries, and rows written by hand."""

import csv
import gzip
import io
import itertools
import lzma
import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_events import state

from tickwright.book.tape import compile_tape
from tickwright.core.errors import ConfigError, FileFormatError, OffGridError, TickwrightError
from tickwright.data.bitstamp import survey as look_ahead
from tickwright.data.catalog import Catalog
from tickwright.data.ingest import ingest_bitstamp

HEADER = "id,timestamp,exchange.timestamp,price,volume,action,direction"
T0 = 1_430_438_404_518
MS = 1_000_000
LOT = 100
"""Units of 10^-8 in a lot of 0.000001."""


def write(path: Path, rows) -> Path:
    content = "\n".join([HEADER, *rows, ""]).encode()
    pack = {".gz": lambda b: gzip.compress(b, 1), ".xz": lzma.compress}.get(path.suffix, bytes)
    path.write_bytes(pack(content))
    return path


def events_of(root):
    return Catalog.open(root).read("BTCUSD")


def tuples(events):
    names = ("ts_event", "ts_recv", "order_id", "price", "size", "sequence", "flags")
    columns = [events[name].tolist() for name in names]
    letters = [[chr(c) for c in events[name].tolist()] for name in ("action", "side")]
    return list(zip(*columns[:3], *letters, *columns[3:], strict=True))


# ── the shared file ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def shared(shared_data, tmp_path_factory):
    file = shared_data / "crypto_bitstamp_l3" / "orders.csv.xz"
    root = tmp_path_factory.mktemp("bitstamp") / "cat"
    summary = ingest_bitstamp(file, root)
    with lzma.open(file, "rt") as text:
        return summary, events_of(root), list(csv.DictReader(text))


def test_the_shared_file_is_whole_and_its_defects_are_counted(shared):
    """Every count is made again from the rows of each order alone: the pattern of its actions in the file."""
    summary, events, rows = shared
    assert summary.rows == len(events) == len(rows) == 50_414
    by_order: dict[str, list[str]] = {}
    for row in rows:
        by_order.setdefault(row["id"], []).append(row["action"])
    patterns = Counter(" ".join(actions) for actions in by_order.values())
    alone = patterns["deleted"]
    assert alone == 179
    late = patterns["deleted created"]
    again = sum(n for p, n in patterns.items() if p.count("deleted") > 1)
    rested = sum(n for p, n in patterns.items() if p.startswith("changed"))
    after = patterns["created deleted changed"]
    assert {
        f"{alone} orders deleted that were never created", f"{late} orders deleted before they were created",
        f"{again} orders deleted again", f"{rested} orders changed that were never created: they rested before",
        f"{after} orders changed when they were gone",
    } <= set(summary.notes)  # fmt: skip
    assert (late, again, rested, after) == (5, 21, 3, 1)


def test_a_book_of_the_shared_file_meets_the_unknown_orders_alone(shared):
    _, events, rows = shared
    counts = compile_tape(events, on_unknown="count").counts
    assert (counts.unknown, counts.over_reduced, counts.duplicates) == (179, 0, 0)
    # what lives at the end, by the rows alone: created or changed, and not deleted in the whole file
    gone = {row["id"] for row in rows if row["action"] == "deleted"}
    assert counts.live == len({row["id"] for row in rows} - gone)


def test_what_is_left_of_each_order_of_the_shared_file(shared):
    """After each row the order has the volume that the row states, rounded up to lots, and the price."""
    _, events, rows = shared
    left, price_of, unchecked = {}, {}, 0
    by_line = {}
    for event in events:
        number, action, size = int(event["order_id"]), chr(event["action"]), int(event["size"])
        if action == "A" or (action == "M" and number in left):
            left[number], price_of[number] = size, int(event["price"])
        elif action in "CE" and number in left:
            left[number] -= size
        by_line[int(event["sequence"])] = (left.get(number), price_of.get(number))
    for k, row in enumerate(rows, 1):
        have, price = by_line[k]
        lots = -(-int(row["volume"]) // LOT)
        if row["action"] == "deleted" or have == 0 or have is None:
            unchecked += 1
            assert not have
            continue
        assert (have, price) == (lots, round(float(row["price"]) * 100))
    assert unchecked == sum(row["action"] == "deleted" for row in rows) + 1  # a change of an order that was gone


def test_each_trade_of_the_shared_file_executes_once(shared):
    """Of a pair of fills the older order executes; the younger is at or through its price, so it was the aggressor."""
    summary, events, _ = shared
    executes = events[events["action"] == ord("E")]
    aggressors = events[(events["flags"] & 2) > 0]
    assert (len(executes), len(aggressors)) == (576, 544)
    assert "544 trades with both orders listed, 32 fills with one" in summary.notes
    assert {chr(a) for a in aggressors["action"]} == {"C"}
    fills = events[(events["action"] == ord("E")) | ((events["flags"] & 2) > 0)]
    pairs = 0
    for one, two in itertools.pairwise(fills):
        if {chr(one["action"]), chr(two["action"])} != {"E", "C"} or one["side"] == two["side"]:
            continue
        maker, taker = (one, two) if chr(one["action"]) == "E" else (two, one)
        if abs(int(one["size"]) - int(two["size"])) > 1 or maker["order_id"] > taker["order_id"]:
            continue
        pairs += 1
        through = int(taker["price"]) - int(maker["price"])
        assert through >= 0 if chr(taker["side"]) == "B" else through <= 0
    assert pairs >= 544


# ── rows written by hand ──────────────────────────────────────────────────────────────────────────────────────────────

BY_HAND = [
    f"1,{T0},{T0 - 518},236.47,200000000,created,bid",
    f"2,{T0 + 10},{T0 - 518},236.50,100,created,ask",
    f"3,{T0 + 20},{T0 - 518},236.40,50000000,created,ask",  # crosses order 1
    f"3,{T0 + 120},{T0 - 518},236.40,0,deleted,ask",  # the younger: the aggressor, filled
    f"1,{T0 + 122},{T0 - 518},236.47,150000001,changed,bid",  # the older, one unit of 10^-8 apart
    f"9,{T0 + 130},{T0 - 9000},230.00,70000000,deleted,bid",  # never created
    f"8,{T0 + 131},{T0 - 9000},230.00,0,deleted,bid",  # never created, filled
    f"7,{T0 + 132},{T0 - 9000},230.01,6000,changed,bid",  # never created, but rests
    f"7,{T0 + 133},{T0 - 9000},230.01,6000,deleted,bid",
    f"7,{T0 + 134},{T0 - 9000},230.01,6000,deleted,bid",  # again
    f"6,{T0 + 140},{T0 - 518},239.00,5000,deleted,ask",  # before it is created
    f"6,{T0 + 150},{T0 - 518},239.00,5000,created,ask",
    f"1,{T0 + 160},{T0 - 518},236.48,140000000,changed,bid",  # another price: no trade
    f"1,{T0 + 170},{T0 - 518},236.48,139999999,changed,bid",  # less than a lot
    f"1,{T0 + 180},{T0 - 518},236.48,139999999,deleted,bid",
]


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.csv.xz"])
def test_rows_by_hand(tmp_path, name):
    summary = ingest_bitstamp(write(tmp_path / name, BY_HAND), tmp_path / "cat")
    recv = [(T0 + d) * MS for d in (0, 10, 20, 120, 122, 130, 131, 132, 133, 134, 150, 150, 160, 170, 180)]
    made = (T0 - 518) * MS
    assert tuples(events_of(tmp_path / "cat")) == [
        (made, recv[0], 1, "A", "B", 23_647, 2_000_000, 1, 128),
        (made, recv[1], 2, "A", "A", 23_650, 1, 2, 128),
        (made, recv[2], 3, "A", "A", 23_640, 500_000, 3, 128),
        (recv[3], recv[3], 3, "C", "A", 23_640, 500_000, 4, 128 | 2),
        (recv[4], recv[4], 1, "E", "B", 23_647, 499_999, 5, 128),
        (recv[5], recv[5], 9, "C", "B", 23_000, 700_000, 6, 128),
        (recv[6], recv[6], 8, "M", "B", 23_000, 0, 7, 128),
        (recv[7], recv[7], 7, "A", "B", 23_001, 60, 8, 128 | 1),
        (recv[8], recv[8], 7, "C", "B", 23_001, 60, 9, 128),
        (recv[9], recv[9], 7, "N", "B", 23_001, 0, 10, 128),
        (made, recv[10], 6, "A", "A", 23_900, 50, 12, 128),
        ((T0 + 140) * MS, recv[11], 6, "C", "A", 23_900, 50, 11, 128),
        (recv[12], recv[12], 1, "M", "B", 23_648, 1_400_000, 13, 128),
        (recv[13], recv[13], 1, "N", "B", 23_648, 0, 14, 128),
        (recv[14], recv[14], 1, "C", "B", 23_648, 1_400_000, 15, 128),
    ]
    assert set(summary.notes) == {
        "2 orders deleted that were never created", "1 orders changed that were never created: they rested before",
        "1 orders deleted again", "1 orders deleted before they were created", "1 changes of less than a lot",
        "1 changes of price, as of market orders that walk through the book",
        "1 trades with both orders listed, 1 fills with one", "3 volumes rounded up to whole lots of 0.000001",
    }  # fmt: skip
    counts = compile_tape(events_of(tmp_path / "cat"), on_unknown="count").counts
    assert (counts.unknown, counts.duplicates, counts.live) == (2, 0, 1)


def test_odd_creations_and_changes(tmp_path):
    rows = [
        f"1,{T0},{T0},10.00,0,created,bid",
        f"2,{T0},{T0},10.00,500,created,bid",
        f"2,{T0},{T0},10.00,500,created,bid",
        f"2,{T0},{T0},10.00,0,changed,bid",  # all filled without a delete
        f"2,{T0},{T0},10.00,0,deleted,bid",
        f"3,{T0},{T0},10.00,0,changed,ask",  # nothing left of what was never created
        f"4,{T0},{T0},10.00,500,created,ask",
        f"4,{T0},{T0},10.00,900,changed,ask",  # grows
    ]
    summary = ingest_bitstamp(write(tmp_path / "x", rows), tmp_path / "cat")
    actions = "".join(chr(a) for a in events_of(tmp_path / "cat")["action"])
    assert actions == "NAAENMAM"
    assert "1 orders created without a volume" in summary.notes
    assert {"1 orders created twice", "1 orders that grew"} <= set(summary.notes)
    counts = compile_tape(events_of(tmp_path / "cat"), on_unknown="count").counts
    assert (counts.duplicates, counts.unknown, counts.live) == (1, 1, 1)


def test_how_long_an_order_that_is_gone_is_known(tmp_path, monkeypatch):
    monkeypatch.setattr(look_ahead, "KEPT_IDS", 2)
    rows = [f"{k},{T0 + k},{T0},10.00,500,{what},bid" for k in (1, 2, 3) for what in ("created", "deleted")]
    rows += [f"{k},{T0 + 9},{T0},10.00,500,deleted,bid" for k in (3, 1)]
    summary = ingest_bitstamp(write(tmp_path / "x", rows), tmp_path / "cat")
    assert {"1 orders deleted again", "1 orders deleted that were never created"} <= set(summary.notes)


# ── made-up orders ────────────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def _files(draw):
    """Lives of orders, interleaved: created, changed a few times, deleted; some rows lost, some swapped."""
    rng = random.Random(draw(st.integers(0, 10**6)))
    rows, live = [], {}
    time = T0
    for number in range(1, draw(st.integers(2, 60))):
        time += rng.randrange(0, 300)
        side = rng.choice(["bid", "ask"])
        live[number] = [f"{rng.randrange(22_000, 24_000) / 100:.2f}", rng.randrange(1, 5 * 10**8), side]
        rows.append((number, time, *live[number][:2], "created", side))
        for other in rng.sample(sorted(live), min(len(live), rng.randrange(3))):
            price, volume, side = live[other]
            what = rng.random()
            if what < 0.4 and volume > 1:
                live[other][1] = rng.randrange(1, volume)
                rows.append((other, time, *live[other][:2], "changed", side))
            elif what < 0.5:
                live[other][0] = f"{rng.randrange(22_000, 24_000) / 100:.2f}"
                rows.append((other, time, *live[other][:2], "changed", side))
            else:
                del live[other]
                rows.append((other, time, price, rng.choice([0, volume]), "deleted", side))
    rows = [row for row in rows if rng.random() > draw(st.sampled_from([0.0, 0.1]))]
    return [f"{n},{t},{T0 - 518},{p},{v},{a},{s}" for n, t, p, v, a, s in rows]


@settings(max_examples=80, deadline=None)
@given(rows=_files())
def test_any_file_keeps_its_rows_and_its_book(tmp_path_factory, rows):
    """Invariant: one event a row; the orders that rest at the end, with price and lots, are those that the rows leave;
    a book meets no error but the unknown orders that are told."""
    folder = tmp_path_factory.mktemp("b")
    if not rows:
        return
    summary = ingest_bitstamp(write(folder / "x", rows), folder / "cat")
    events = events_of(folder / "cat")
    assert sorted(events["sequence"].tolist()) == list(range(1, len(rows) + 1))
    expected = {}
    for number, _, _, price, volume, action, _ in csv.reader(io.StringIO("\n".join(rows))):
        if action == "deleted":
            expected.pop(int(number), None)
        else:
            expected[int(number)] = (round(float(price) * 100), -(-int(volume) // LOT))
    ours = {}
    for event in events:
        number, action = int(event["order_id"]), chr(event["action"])
        if action == "A" or (action == "M" and number in ours):
            ours[number] = (int(event["price"]), int(event["size"]))
        elif action in "CE" and number in ours:
            price, size = ours[number]
            ours[number] = (price, size - int(event["size"]))
            if ours[number][1] == 0:
                del ours[number]
    assert ours == expected
    counts = compile_tape(events, on_unknown="count").counts
    told = sum(int(n.split()[0]) for n in summary.notes if n.endswith("orders deleted that were never created"))
    assert (counts.unknown, counts.over_reduced, counts.duplicates, counts.live) == (told, 0, 0, len(expected))


# ── what is refused ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "bad",
    [
        "", "1", "1,2,3,4,5,created", "x,1,1,1.00,1,created,bid", "1,-1,1,1.00,1,created,bid",
        "1,1,1,1e5,1,created,bid", "1,1,1,1.00,1.5,created,bid", "1,1,1,1.00,1,made,bid", "1,1,1,1.00,1,created,buy",
        "1,1,1,-1.00,1,created,bid", "1,9999999999999,1,1.00,1,created,bid", "0,1,1,1.00,1,created,bid",
        f"{'9' * 19},1,1,1.00,1,created,bid",
    ],
)  # fmt: skip
def test_a_row_that_is_none_is_named(tmp_path, bad):
    with pytest.raises(FileFormatError, match="x: line 3: found "):
        ingest_bitstamp(write(tmp_path / "x", [BY_HAND[0], bad, BY_HAND[1]]), tmp_path / "cat")
    assert not (tmp_path / "cat").exists()


def test_files_and_options_that_are_refused(tmp_path):
    (tmp_path / "x").write_text("a,b\n1,2\n")
    with pytest.raises(FileFormatError, match=r"line 1: found 'a,b', expected the header id,"):
        ingest_bitstamp(tmp_path / "x", tmp_path / "cat")
    (tmp_path / "x").write_text("")
    with pytest.raises(FileFormatError, match="line 1: found nothing"):
        ingest_bitstamp(tmp_path / "x", tmp_path / "cat")
    with pytest.raises(FileFormatError, match="no market data"):
        ingest_bitstamp(write(tmp_path / "x", []), tmp_path / "cat")
    with pytest.raises(OffGridError, match=r"line 2: price 236\.475 is not a whole multiple of 0\.01"):
        ingest_bitstamp(write(tmp_path / "x", [BY_HAND[0].replace("236.47", "236.475")]), tmp_path / "cat")
    good = write(tmp_path / "x", BY_HAND)
    for options in ({"symbol": "X"}, {"tick_size": "0"}, {"lot_size": "x"}, {"lot_size": "0.000000015"},
                    {"lot_size": "0.00000001"}):  # fmt: skip
        with pytest.raises(ConfigError):
            ingest_bitstamp(good, tmp_path / "cat", **options)
    assert not (tmp_path / "cat").exists()
    assert ingest_bitstamp(good, tmp_path / "cat").rows == 15
    assert ingest_bitstamp(good, tmp_path / "cat").already


@pytest.mark.parametrize("name", ["cut.csv", "cut.csv.gz", "cut.csv.xz"])
def test_truncated_at_every_byte(tmp_path, name):
    """Invariant: a cut file is refused by name, or holds whole rows; the catalog is unharmed."""
    root = tmp_path / "cat"
    ingest_bitstamp(write(tmp_path / "good", BY_HAND), root)
    before = state(Catalog.open(root))
    rows = [row.replace(f"{T0 - 518}", f"{T0 - 519}") for row in BY_HAND[:6]]
    whole = write(tmp_path / name, rows).read_bytes()
    for cut in range(len(whole)):
        (tmp_path / name).write_bytes(whole[:cut])
        try:
            look_ahead.survey(tmp_path / name)
            assert name == "cut.csv"
            assert whole[cut - 3 : cut] in (b"bid", b"ask", b"id\n", b"sk\n", b"ion", b"on\n")
        except FileFormatError as error:
            assert name in str(error)  # noqa: PT017
        if cut % 40 == 0:
            with pytest.raises(TickwrightError):
                ingest_bitstamp(tmp_path / name, root)
    assert state(Catalog.open(root)) == before


def test_random_damage(tmp_path):
    """Invariant: whatever happens to bytes, a file is read or refused by name; no other error."""
    refused = 0
    for seed in range(300):
        draw = random.Random(seed)
        suffix = draw.choice(["", ".gz", ".xz"])
        path = write(tmp_path / f"x{suffix}", BY_HAND)
        damaged = bytearray(path.read_bytes())
        for _ in range(draw.randrange(1, 4)):
            damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        try:
            ingest_bitstamp(path, tmp_path / f"cat{seed}")
        except TickwrightError:
            refused += 1
            assert not (tmp_path / f"cat{seed}").exists()
    assert 150 < refused < 300
