"""The compiled depth book against the obvious one of l2_twin.py, and what its tape refuses, counts and shows."""

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from l2_twin import AGGREGATED, LAST, MAYBE_BAD, SNAPSHOT, DepthFlow, TwinLevels, to_events

from tickwright.book.depth import depth_grid
from tickwright.book.depth_tape import DepthTapeCompiler, compile_depth
from tickwright.book.l3 import apply
from tickwright.book.layout import ASK, BID, BOOK_S, SIZE_LIMIT, book_dtype
from tickwright.book.quotes import quotes_of, trades_of
from tickwright.book.replay import replay, reset_book
from tickwright.book.snapshot import top
from tickwright.book.tape import compile_tape
from tickwright.book.views import L2Book
from tickwright.core.errors import BookError, CapacityError
from tickwright.core.kernel import kernel

# 64 dense ticks: most flows leave the window, so far levels and re-centring are the rule here.
SMALL = book_dtype(1, 64, 4096)
N = 10
SET = AGGREGATED | LAST


@kernel
def trace(books, rows, levels):
    """Ten levels a side (price, lots) after each row."""
    counts = np.zeros(levels.shape[3], np.int64)
    for i in range(rows.shape[0]):
        code = apply(books[0], rows[i])
        if code < 0:
            return i, code
        for side in range(2):
            top(books[0].ladder, side, levels[i, side, 0], levels[i, side, 1], counts)
    return rows.shape[0], 0


def run_flow(seed, count, **options):
    """One random feed through both books; all ten levels of both sides are compared after every row."""
    rows = DepthFlow(seed, **options).rows(count)
    events = to_events(rows)
    # In chunks of odd length, so that the compiler's state crosses their borders.
    compiler = DepthTapeCompiler()
    tape = np.concatenate([compiler.feed(events[i : i + 397]) for i in range(0, len(events), 397)])
    books = np.zeros(1, SMALL)
    reset_book(books, 0, 50)
    levels = np.zeros((len(tape), 2, 2, N), np.int64)
    assert trace(books, tape, levels) == (len(tape), 0), f"seed {seed}"
    twin, removed = TwinLevels(), 0
    for k, (action, side, price, size, flags) in enumerate(rows):
        removed += action == "M" and size == 0 and price in twin.sides[side]
        twin.apply(action, side, price, size, flags)
        for index, letter in ((BID, "B"), (ASK, "A")):
            want = np.zeros((2, N), np.int64)
            shown = twin.levels(letter, N)
            if shown:
                want[:, : len(shown)] = np.array(shown).T
            assert np.array_equal(levels[k, index], want), f"seed {seed}, row {k} {rows[k]}"
    counts = asdict(compiler.counts())
    assert counts["live"] == sum(len(side) for side in twin.sides.values())
    assert (counts["removed_absent"], counts["levels_removed"]) == (twin.absent, removed)
    assert (counts["crossed"], counts["locked"]) == (twin.crossed, twin.locked)
    assert counts["levels_set"] == sum(r[0] == "M" and r[3] > 0 for r in rows)
    assert counts["snapshot_rows"] == sum(r[0] == "M" and bool(r[4] & SNAPSHOT) for r in rows)
    assert counts["maybe_bad"] == sum(bool(r[4] & MAYBE_BAD) for r in rows)
    assert counts["trades"] == sum(r[0] == "T" for r in rows)
    assert counts["trades_without_side"] == sum(r[:2] == ("T", "N") for r in rows)
    assert counts["clears"] == sum(r[0] == "R" for r in rows)
    return len(rows), removed, twin.crossed, int(books[0]["ladder"]["moves"])


def test_random_feed_equals_the_twin():
    """Invariant: ten levels agree after each row, and every count at the end, over 30 seeds."""
    done = [run_flow(seed, 1_500) for seed in range(30)]
    rows, removed, crossed, moves = (sum(x) for x in zip(*done, strict=True))
    assert rows >= 45_000
    assert min(removed, crossed, moves) > 300, "too few removals, crossed books or moves of the window to show much"


@given(st.lists(st.tuples(st.sampled_from("BA"), st.integers(-70, 70), st.integers(0, 3)), max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_sequence_of_sets_equals_the_twin(sets):
    """Invariant: after any sets and removals around a window of 64 ticks, the book is the twin's."""
    rows = [("M", side, price, size, SET) for side, price, size in sets]
    twin, books = TwinLevels(), np.zeros(1, SMALL)
    for row in rows:
        twin.apply(*row)
    reset_book(books, 0, 0)
    if rows:
        tape = compile_depth(to_events(rows)).rows
        assert replay(books, 0, tape) == (len(rows), 0)
    shown, counts = np.zeros((2, 2, 200), np.int64), np.zeros(200, np.int64)
    for index, letter in ((BID, "B"), (ASK, "A")):
        top_of(books, index, shown[index], counts)
        got = [(int(p), int(s)) for p, s in shown[index].T if s]
        assert got == twin.levels(letter, 200)


@kernel
def top_of(books, side, out, counts):
    top(books[0].ladder, side, out[0], out[1], counts)


def test_every_event_is_one_row_of_the_tape():
    rows = [
        ("R", "N", 0, 0, 0), ("M", "B", 100, 5, AGGREGATED | SNAPSHOT), ("M", "A", 102, 6, SET), ("T", "A", 100, 2, 0),
        ("T", "N", 101, 3, LAST), ("M", "B", 100, 0, SET), ("H", "N", 0, 1, 0), ("N", "N", 0, 0, LAST),
    ]  # fmt: skip
    tape = compile_depth(to_events(rows)).rows
    assert [(chr(r["action"]), int(r["side"]), int(r["price"]), int(r["size"]), int(r["flags"])) for r in tape] == [
        ("R", 2, 0, 0, 0), ("M", 0, 100, 5, 48), ("M", 1, 102, 6, 144), ("F", 0, 100, 2, 16), ("T", 2, 101, 3, 128),
        ("M", 0, 100, 0, 144), ("H", 2, 0, 1, 0), ("N", 2, 0, 0, 128),
    ]  # fmt: skip
    assert set(tape["slot"]) == set(tape["born"]) == {-1}


def test_times_run_forward_and_nothing_is_received_before_it_happened():
    events = to_events([("M", "B", 100, 5, SET)] * 4)
    events["ts_event"], events["ts_recv"] = [50, 40, 60, 55], [45, 70, 65, 80]
    tape = compile_depth(events).rows
    assert tape["ts_event"].tolist() == [50, 50, 60, 60]
    assert tape["ts_recv"].tolist() == [50, 70, 70, 80]


@pytest.mark.parametrize("last", ["M", "T", "Q", "H", "N"])
@pytest.mark.parametrize(("bid", "found"), [(102, (1, 0)), (101, (0, 1)), (100, (0, 0))])
def test_a_packet_is_whole_after_its_last_row_whatever_that_is(last, bid, found):
    rows = [("M", "B", bid, 5, AGGREGATED), ("M", "A", 101, 5, AGGREGATED)]
    ends = {"M": ("M", "A", 130, 5), "T": ("T", "B", 101, 2), "Q": ("Q", "N", 101, 2), "H": ("H", "N", 0, 1)}
    rows.append((*ends.get(last, ("N", "N", 0, 0)), SET))
    counts = compile_depth(to_events(rows)).depth
    assert (counts.crossed, counts.locked) == found


def test_a_packet_that_ends_with_a_clear_crosses_nothing():
    rows = [("M", "B", 102, 5, AGGREGATED), ("M", "A", 101, 5, AGGREGATED), ("R", "N", 0, 0, LAST)]
    counts = compile_depth(to_events(rows)).depth
    assert (counts.crossed, counts.locked, counts.live) == (0, 0, 0)


@pytest.mark.parametrize(
    ("row", "error", "words"),
    [
        (("M", "B", 100, SIZE_LIMIT + 1, SET), CapacityError, "larger lot size"),
        (("T", "B", 100, SIZE_LIMIT + 1, SET), CapacityError, "larger lot size"),
        (("M", "B", 100, -1, SET), BookError, "0 lots or more"),
        (("T", "B", 100, 0, SET), BookError, "a trade of 1 or more"),
        (("M", "B", 2**31, 1, SET), BookError, "ticks"),
        (("M", "N", 100, 1, SET), BookError, "side of the level"),
        (("M", "B", 100, 1, LAST), BookError, "AGGREGATED"),
        (("A", "B", 100, 1, LAST), BookError, "action of a depth feed"),
        (("C", "B", 100, 1, LAST), BookError, "action of a depth feed"),
        (("F", "B", 100, 1, SET), BookError, "action of a depth feed"),
    ],
)
def test_what_no_depth_book_can_apply_is_refused_with_its_place(row, error, words):
    with pytest.raises(error, match=f"event 1: .*{words}"):
        compile_depth(to_events([("M", "B", 99, 1, SET), row]))


def test_two_instruments_in_one_tape_are_refused():
    events = to_events([("M", "B", 99, 1, SET)] * 2)
    events["instrument_id"] = [1, 2]
    with pytest.raises(BookError, match="event 1: instrument 2"):
        compile_depth(events)


def test_more_levels_than_the_ladder_holds_are_a_capacity_error():
    # Three quarters of 32 768 places outside the window may be used.
    scattered = [("M", "B", -80_000 * i, 1, SET) for i in range(26_000)]
    with pytest.raises(CapacityError, match=r"event 245\d\d: M on side B.*more price levels"):
        compile_depth(to_events(scattered))


def test_a_depth_feed_is_no_feed_of_orders():
    with pytest.raises(BookError, match="not in the book"):
        compile_tape(to_events([("M", "B", 100, 5, SET)]))


# bid 100 × 5, ask 103 × 4; the bid is hit for 2, then shown as 3; a better bid comes and goes; the ask goes.
BY_HAND = [
    ("M", "B", 100, 5, AGGREGATED), ("M", "A", 103, 4, SET), ("T", "A", 100, 2, LAST | AGGREGATED),
    ("M", "B", 100, 3, SET), ("M", "B", 101, 1, SET), ("M", "B", 101, 0, SET), ("M", "A", 103, 0, SET),
]  # fmt: skip


def test_quotes_by_hand():
    assert quotes_of(compile_depth(to_events(BY_HAND))).tolist() == [
        (1000, 100, 0, 5, 0), (1010, 100, 103, 5, 4), (1030, 100, 103, 3, 4), (1040, 101, 103, 1, 4),
        (1050, 100, 103, 3, 4), (1060, 100, 0, 3, 0),
    ]  # fmt: skip


def test_a_trade_is_one_print_by_its_aggressor():
    rows = [*BY_HAND, ("T", "B", 103, 7, LAST | AGGREGATED), ("T", "N", 103, 1, LAST | AGGREGATED)]
    assert [row[1:] for row in trades_of(to_events(rows)).tolist()] == [
        (100, 0, 2, -1), (103, 0, 7, 1), (103, 0, 1, 0),
    ]  # fmt: skip


def test_depth_grid_by_hand():
    # Bins of two ticks from 98 to 104: {98, 99}, {100, 101}, {102, 103}.
    grid = depth_grid(compile_depth(to_events(BY_HAND)), np.array([5, 1010, 1045, 2000]), 98, 104, 3)
    assert grid.tolist() == [[0, 0, 0], [0, 5, -4], [0, 4, -4], [0, 3, 0]]


def test_the_view_shows_the_levels_chunk_by_chunk():
    """Invariant: L2Book shows the twin's levels after every chunk."""
    for seed in (7, 8):
        flow, twin, book = DepthFlow(seed), TwinLevels(), L2Book()
        for _ in range(6):
            rows = flow.rows(200)
            book.apply(to_events(rows))
            for row in rows:
                twin.apply(*row)
            shown = book.snapshot(N)
            assert not shown.counts.any()
            for k, (side, letter) in enumerate(((+1, "B"), (-1, "A"))):
                got = [(int(p), int(s)) for p, s in zip(shown.prices[k], shown.sizes[k], strict=True) if s]
                assert got == twin.levels(letter, N), f"seed {seed}"
                assert book.best(side) == twin.best(letter)


def test_a_feed_of_one_book_replayed_twice_is_the_same_bytes():
    """Invariant: a replay is a function of the tape, and setting a level again to what it holds changes nothing."""
    rows = [r for r in DepthFlow(3, far=0, clears=0).rows(400) if r[0] == "M"]
    tape = compile_depth(to_events([r for row in rows for r in (row, row)])).rows
    once = compile_depth(to_events(rows)).rows
    twice, single = np.zeros(1, BOOK_S), np.zeros(1, BOOK_S)
    for books, t in ((twice, tape), (single, once)):
        reset_book(books, 0, int(t["price"][0]))
        done, code = replay(books, 0, t)
        assert (done, code) == (len(t), 0)
    assert twice.tobytes() == single.tobytes()
