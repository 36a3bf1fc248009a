"""Features of the book against the recorded book of a LOBSTER day, hand-made books, and the formulas of others."""

import io
import itertools
import zipfile
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from tickwright.book.depth_tape import compile_depth
from tickwright.book.quotes import trades_of
from tickwright.book.tape import TapeCompiler, compile_tape
from tickwright.book.windowed import complete
from tickwright.core.errors import BookError, ConfigError, FileFormatError
from tickwright.core.events import MARKET_EVENT, Action, Flag
from tickwright.core.tables import TOP_OF_BOOK
from tickwright.data.lobster.files import open_pairs
from tickwright.data.lobster.messages import chunks
from tickwright.factors.features.book import BookFeatures, joined
from tickwright.factors.features.cases import made_feed
from tickwright.factors.features.columns import TWENTY, BookFeature, Kind, names
from tickwright.factors.features.formulas import gain_of, imbalance_of, micro_of, mid_of
from tickwright.factors.grid import Grid
from tickwright.factors.records import Status
from tickwright.factors.sources.prices import prices_of
from tickwright.strategy.learned import observation

OK, WARMUP, EMPTY, CROSSED = int(Status.OK), int(Status.WARMUP), int(Status.EMPTY_SIDE), int(Status.CROSSED)
EVERY = tuple(kind.name.lower() for kind in Kind)
GOOG = "LOBSTER_SampleFile_GOOG_2012-06-21_10.zip"
SECOND = 10**9


def rows_of(made, name):
    k = made.names.index(BookFeature.parse(name).name)
    return made.values[k], made.statuses[k]


def same_bits(a, b):
    return a.values.tobytes() == b.values.tobytes() and a.statuses.tobytes() == b.statuses.tobytes()


# ── a recorded day ───────────────────────────────────────────────────────────────────────────────────────────────────


def vendor_day(shared, count):
    """(messages, book) as the vendor's files have them, read by Polars alone: dollars and shares."""
    with zipfile.ZipFile(shared / "lobster" / GOOG) as archive:
        found = {"message": None, "orderbook": None}
        for kind, name in itertools.product(found, archive.namelist()):
            if kind in name:
                found[kind] = pl.read_csv(io.BytesIO(archive.read(name)), has_header=False, n_rows=count)
    return found["message"], found["orderbook"].to_numpy()


def our_day(shared, count):
    pair = next(iter(open_pairs(shared / "lobster" / GOOG)))
    events, rows = zip(*itertools.islice(chunks(pair, rows=count), 1), strict=True)
    return compile_tape(complete(events[0], rows[0])[0], "count").rows


def twin(messages, book):
    """Every feature of the twenty by NumPy, from the vendor's rows: a dictionary of arrays, NaN in the warm-up."""
    ask, ask_size, bid, bid_size = (book[:, k::4].astype(float) for k in range(4))
    ask, bid = ask / 100, bid / 100
    ts = np.rint(messages.to_series(0).to_numpy() * SECOND).astype(np.int64)
    kind, size, side = (messages.to_series(k).to_numpy() for k in (1, 3, 5))
    b, a, bs, as_ = bid[:, 0], ask[:, 0], bid_size[:, 0], ask_size[:, 0]
    mid = (a + b) / 2
    traded = np.where(np.isin(kind, (4, 5)), size, 0)
    signed = -side * traded  # the side is that of the resting order
    gain_bid = np.where(b[1:] >= b[:-1], bs[1:], 0) - np.where(b[1:] <= b[:-1], bs[:-1], 0)
    gain_ask = np.where(a[1:] <= a[:-1], as_[1:], 0) - np.where(a[1:] >= a[:-1], as_[:-1], 0)

    def lately(amounts):
        total = np.concatenate([[0.0], np.cumsum(amounts)])
        first = np.searchsorted(ts, ts - SECOND, side="right")
        found = total[1:] - total[first]
        found[ts - SECOND < ts[0]] = np.nan
        return found

    gain_bid, gain_ask = np.concatenate([[0], gain_bid]), np.concatenate([[0], gain_ask])
    gone = np.where(np.isin(kind, (2, 3)), size, 0)
    near_bid = np.abs(bid - mid[:, None]) * 1e4 <= 10 * mid[:, None] * (1 + 1e-15)
    near_ask = np.abs(ask - mid[:, None]) * 1e4 <= 10 * mid[:, None] * (1 + 1e-15)
    five_bid, five_ask = bid_size[:, :5].sum(1), ask_size[:, :5].sum(1)
    return {
        "bid": b, "ask": a, "mid": mid, "micro": (b * as_ + a * bs) / (bs + as_), "spread": a - b,
        "spread_bps": 1e4 * (a - b) / mid, "order_imbalance": (bs - as_) / (bs + as_),
        "imbalance:5": (five_bid - five_ask) / (five_bid + five_ask), "bid_depth:5": five_bid, "ask_depth:5": five_ask,
        "bid_depth_bps:10": (bid_size * near_bid).sum(1), "ask_depth_bps:10": (ask_size * near_ask).sum(1),
        "trade_sign": np.sign(signed), "ofi:1s": lately(gain_bid - gain_ask), "signed_volume:1s": lately(signed),
        "traded:1s": lately(traded), "bid_queue_rate:1s": lately(gain_bid), "ask_queue_rate:1s": lately(gain_ask),
        "bid_cancel_rate:1s": lately(np.where(side == 1, gone, 0)),
        "ask_cancel_rate:1s": lately(np.where(side == -1, gone, 0)),
    }  # fmt: skip


def agree(shared, count):
    expected = twin(*vendor_day(shared, count))
    made = BookFeatures(TWENTY).feed(our_day(shared, count))
    assert set(expected) == set(TWENTY)
    assert len(made) == 1 + count  # the first row is the book that the file begins with
    for name, numbers in expected.items():
        values, statuses = (row[1:] for row in rows_of(made, name))
        there = np.isfinite(numbers)
        np.testing.assert_array_equal(statuses, np.where(there, OK, WARMUP), name)
        np.testing.assert_allclose(values[there], numbers[there], rtol=1e-12, atol=1e-12, err_msg=name)
        assert there.sum() > count // 2


def test_twenty_features_are_those_of_the_vendors_own_book(shared_data):
    agree(shared_data, 1_000)


@pytest.mark.slow
def test_twenty_features_are_those_of_the_vendors_own_book_all_day(shared_data):
    agree(shared_data, 147_916)


# ── hand-made books ──────────────────────────────────────────────────────────────────────────────────────────────────


def feed(*rows):
    """(ts, action, side, order, price, size) → MARKET_EVENT rows, an event each."""
    events = np.zeros(len(rows), MARKET_EVENT)
    for event, (ts, action, side, order, price, size) in zip(events, rows, strict=True):
        event["ts_event"] = event["ts_recv"] = ts
        event["action"], event["side"], event["order_id"] = ord(action), ord(side), order
        event["price"], event["size"], event["flags"], event["instrument_id"] = price, size, Flag.LAST, 1
    return events


SMALL = feed(
    (1, "A", "B", 1, 100, 30), (2, "A", "A", 2, 104, 10), (3, "A", "B", 3, 99, 20), (4, "A", "A", 4, 110, 50),
    (5, "A", "B", 5, 100, 10), (6, "E", "A", 2, 104, 4), (7, "C", "B", 1, 100, 12), (8, "E", "A", 2, 104, 6),
)  # fmt: skip


def test_closed_forms_of_a_small_book():
    made = BookFeatures(
        (
            "mid", "micro", "spread", "skew", "order_imbalance", "imbalance:2", "bid_depth:2", "ask_depth:2",
            "ask_depth_bps:300", "bid_orders", "count_imbalance", "trade_sign",
        )
    ).feed(compile_tape(SMALL).rows)  # fmt: skip
    # After the fifth row: bids 40 at 100 (two orders), 20 at 99; asks 10 at 104, 50 at 110; 300 bps of 102 are 3.06.
    at = {name: values[4] for name, values in zip(made.names, made.values, strict=True)}
    assert (at["mid"], at["spread"], at["bid_orders"]) == (102, 4, 2)
    assert at["micro"] == (100 * 10 + 104 * 40) / 50
    assert at["skew"] == at["order_imbalance"] == (40 - 10) / (40 + 10)
    assert at["imbalance:2"] == (60 - 60) / 120
    assert (at["bid_depth:2"], at["ask_depth:2"], at["ask_depth_bps:300"]) == (60, 60, 10)
    assert at["count_imbalance"] == (2 - 1) / 3
    assert rows_of(made, "trade_sign")[0].tolist() == [0, 0, 0, 0, 0, 1, 0, 1]


def test_an_empty_or_crossed_book_has_a_status_and_no_number():
    events = feed(
        (1, "A", "B", 1, 100, 30), (2, "A", "A", 2, 104, 10), (3, "A", "A", 3, 98, 5), (4, "C", "A", 3, 98, 5),
        (5, "C", "B", 1, 100, 30), (6, "C", "A", 2, 104, 10),
    )  # fmt: skip
    made = BookFeatures(("bid", "ask", "mid", "micro", "spread", "order_imbalance", "bid_depth:3")).feed(
        compile_tape(events).rows
    )
    assert rows_of(made, "mid")[1].tolist() == [EMPTY, OK, CROSSED, OK, EMPTY, EMPTY]
    assert rows_of(made, "micro")[1].tolist() == [EMPTY, OK, CROSSED, OK, EMPTY, EMPTY]
    assert rows_of(made, "spread")[0].tolist() == [0, 4, -2, 4, 0, 0]
    assert rows_of(made, "bid")[1].tolist() == [OK, OK, OK, OK, EMPTY, EMPTY]
    assert rows_of(made, "order_imbalance")[1].tolist() == [EMPTY, OK, OK, OK, EMPTY, EMPTY]
    assert rows_of(made, "bid_depth:3")[0].tolist() == [30, 30, 30, 30, 0, 0]
    frame = made.frame()
    assert frame["mid"].to_list() == [None, 102, None, 102, None, None]
    assert frame["mid.status"].to_list() == ["empty_side", "ok", "crossed", "ok", "empty_side", "empty_side"]
    assert np.isfinite(made.values).all()


# (bid, ask before; bid, ask now; what the event adds), each side a price and lots: the six cases of (2) of the paper.
PAPER = [
    ((100, 10), (102, 10), (101, 4), (102, 10), 4),  # a better bid: all of it
    ((100, 10), (102, 10), (99, 7), (102, 10), -10),  # the best bid is gone: all that was
    ((100, 10), (102, 10), (100, 15), (102, 10), 5),  # the queue grew
    ((100, 10), (102, 10), (100, 10), (101, 3), -3),  # a better ask is supply
    ((100, 10), (102, 10), (100, 10), (103, 8), 10),
    ((100, 10), (102, 10), (100, 10), (102, 4), 6),
]


@pytest.mark.parametrize(("bid_before", "ask_before", "bid", "ask", "expected"), PAPER)
def test_order_flow_imbalance_is_that_of_the_paper_and_of_the_learned_level(bid_before, ask_before, bid, ask, expected):
    events = []
    for ts, quotes in ((0, (bid_before, ask_before)), (5, (bid, ask))):
        before = [] if ts == 0 else [("B", *bid_before), ("A", *ask_before)]
        events += [(ts, "M", side, 0, price, 0) for side, price, _ in before]
        events += [(ts, "M", side, 0, price, size) for side, (price, size) in zip("BA", quotes, strict=True)]
    rows = feed(*events)
    rows["flags"] = Flag.AGGREGATED
    rows["flags"][[1, 5]] |= int(Flag.LAST)
    made = BookFeatures(("ofi:5ns",), depth=True).feed(compile_depth(rows).rows)
    assert made.values[0].tolist() == [0, expected]
    assert made.statuses[0].tolist() == [WARMUP, OK]
    recall = SimpleNamespace(bid=bid_before[0], bid_size=bid_before[1], ask=ask_before[0], ask_size=ask_before[1])
    sight = SimpleNamespace(bid=bid[0], bid_sizes=[bid[1]], ask=ask[0], ask_sizes=[ask[1]])
    assert observation._order_flow.py_func(recall, sight) == expected


def test_a_window_holds_what_is_younger_than_its_length():
    events = feed(
        (0, "A", "B", 1, 100, 99), (0, "A", "A", 2, 104, 99), (10, "E", "A", 2, 104, 1), (13, "E", "B", 1, 100, 5),
        (20, "E", "A", 2, 104, 10), (22, "A", "B", 3, 90, 7), (23, "C", "B", 3, 90, 7),
    )  # fmt: skip
    made = BookFeatures(("signed_volume:10ns", "traded:10ns", "bid_cancel_rate:10ns", "bid_add_rate:10ns")).feed(
        compile_tape(events).rows
    )
    # (10, 20] has not the print of 10, (13, 23] not that of 13.
    assert rows_of(made, "signed_volume:10ns")[1].tolist() == [WARMUP] * 2 + [OK] * 5
    assert rows_of(made, "signed_volume:10ns")[0].tolist() == [0, 0, 1, -4, 5, 5, 10]
    assert rows_of(made, "traded:10ns")[0].tolist() == [0, 0, 1, 6, 15, 15, 10]
    assert rows_of(made, "bid_cancel_rate:10ns")[0].tolist() == [0] * 6 + [7 / 1e-8]
    assert rows_of(made, "bid_add_rate:10ns")[0].tolist() == [0] * 5 + [7 / 1e-8] * 2


def test_a_cancel_that_a_fill_announced_is_a_trade():
    rows = feed(
        (0, "A", "B", 1, 100, 9), (5, "T", "A", 0, 100, 4), (5, "F", "B", 1, 100, 4), (5, "C", "B", 1, 100, 6),
        (9, "C", "B", 1, 100, 3),
    )  # fmt: skip
    rows["flags"][1:3] = 0
    made = BookFeatures(("traded:20s", "bid_cancel_rate:5ns", "signed_volume:5ns")).feed(compile_tape(rows).rows)
    assert rows_of(made, "bid_cancel_rate:5ns")[0].tolist() == [0, 2 / 5e-9, (2 + 3) / 5e-9]  # two of six beyond
    assert rows_of(made, "signed_volume:5ns")[0].tolist() == [0, -4, -4]


def test_a_book_that_is_given_anew_is_no_flow():
    rows = feed((0, "A", "B", 1, 100, 9), (0, "A", "A", 2, 103, 9), (8, "R", "N", 0, 0, 0), (9, "A", "B", 3, 100, 4))
    made = BookFeatures(("ofi:5ns", "event_rate:5ns", "bid_add_rate:5ns")).feed(compile_tape(rows).rows)
    assert rows_of(made, "ofi:5ns")[0].tolist() == [0, 0, 0, 4]
    rows["flags"][3] |= int(Flag.SNAPSHOT)
    made = BookFeatures(("ofi:5ns", "bid_add_rate:5ns")).feed(compile_tape(rows).rows)
    assert rows_of(made, "ofi:5ns")[0].tolist() == [0, 0, 0, 0]
    assert rows_of(made, "bid_add_rate:5ns")[0].tolist() == [0, 0, 0, 0]


def test_a_feed_of_levels_tells_no_orders():
    with pytest.raises(ConfigError, match="bid_cancel_rate:1s"):
        BookFeatures(("mid", "bid_cancel_rate"), depth=True)
    rows = feed((0, "M", "B", 0, 100, 9), (1, "M", "A", 0, 103, 7), (2, "T", "B", 0, 103, 2), (3, "T", "N", 0, 103, 1))
    rows["flags"] |= int(Flag.AGGREGATED)
    made = BookFeatures(("mid", "trade_sign", "traded:2ns", "signed_volume:2ns"), depth=True).feed(
        compile_depth(rows).rows
    )
    assert rows_of(made, "trade_sign")[0].tolist() == [0, 0, 1, 0]
    assert rows_of(made, "traded:2ns")[0].tolist() == [0, 0, 2, 3]  # a print without a side is volume alone
    assert rows_of(made, "signed_volume:2ns")[0].tolist() == [0, 0, 2, 2]


# ── one definition ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_prices_of_the_factors_are_the_same_to_the_bit():
    tape, _ = made_feed(5)
    made = BookFeatures(("bid", "ask", "bid_size", "ask_size", "mid", "micro")).feed(tape)
    quotes = np.zeros(len(made), TOP_OF_BOOK)
    for name in ("bid", "ask", "bid_size", "ask_size"):
        quotes[name] = rows_of(made, name)[0]
    for name in ("mid", "micro"):
        values, statuses = rows_of(made, name)
        prices = prices_of(quotes, name, Grid(0))["price"]
        np.testing.assert_array_equal(statuses == OK, np.isfinite(prices))
        assert values[statuses == OK].tobytes() == prices[statuses == OK].tobytes()
        assert (statuses == OK).sum() > 500
        assert {int(EMPTY), int(CROSSED)} <= set(statuses.tolist())


def test_formulas_of_numbers():
    assert mid_of(3, 4) == 3.5
    assert micro_of(10.0, 11.0, 3.0, 1.0) == 10.75  # three quarters of the way to the ask: the bid is heavier
    assert imbalance_of(3.0, 1.0) == 0.5
    assert [gain_of(*case) for case in ((True, False, 4, 9), (False, True, 4, 9), (False, False, 4, 9))] == [4, -9, -5]


# ── parts, restarts, refusals ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_parts_and_a_restart_give_the_same_bits(seed):
    """However a tape is cut, and wherever a process stops and another goes on, the rows are those of the whole."""
    rng = np.random.default_rng(seed)
    tape, _ = made_feed(seed)
    whole = BookFeatures(EVERY).feed(tape)
    cuts = np.sort(rng.integers(0, len(tape), 12))
    stream, parts = BookFeatures(EVERY), []
    for k, part in enumerate(np.split(tape, cuts)):
        if k % 4 == 3:
            snapshot = stream.snapshot()
            stream = BookFeatures(EVERY)
            stream.restore(snapshot)
        parts.append(stream.feed(part))
    assert same_bits(joined(parts), whole)


def test_a_log_that_is_full_grows():
    """Windows that hold more events than the log has room for at first."""
    tape, _ = made_feed(1)
    many = np.concatenate([tape] + [tape[tape["action"] == Action.HIDDEN]] * 400)
    many["ts_event"][len(tape) :] = tape["ts_event"][-1]
    made = BookFeatures(("traded:24h", "traded:1s")).feed(many)
    assert len(made) > 2 * 4096
    late = many["ts_event"] > many["ts_event"][-1] - SECOND
    prints = trades_in(many)
    assert rows_of(made, "traded:1s")[0][-1] == prints[late].sum()


def trades_in(tape):
    """Lots of prints, by row."""
    print_rows = np.isin(tape["action"], (Action.EXECUTE, Action.TRADE, Action.HIDDEN))
    return np.where(print_rows, tape["size"], 0)


def test_snapshots_of_others_are_refused():
    made = BookFeatures(("mid",)).snapshot()
    for other, snapshot in ((BookFeatures(("micro",)), made), (BookFeatures(("mid",)), made[:-9] + b"damaged!!")):
        with pytest.raises(FileFormatError):
            other.restore(snapshot)


@pytest.mark.parametrize(
    "text", ["middle", "mid:5", "imbalance:0", "imbalance:x", "ofi:5", "bid_depth_bps:-1", "ofi:2d"]
)
def test_a_name_that_is_none_is_refused(text):
    with pytest.raises(ConfigError):
        BookFeature.parse(text)


def test_what_a_book_refuses():
    with pytest.raises(ConfigError, match="each once"):
        BookFeatures(("mid", "mid"))
    with pytest.raises(ConfigError, match="TAPE"):
        BookFeatures(("mid",)).feed(SMALL)
    rows = TapeCompiler().feed(SMALL)
    rows["size"][5] = 500
    with pytest.raises(BookError, match="tape row 5"):
        BookFeatures(("mid",)).feed(rows)
    assert len(names()) == len(Kind) + 1
    assert trades_of(SMALL)["side"].tolist() == [1, 1]
