"""Windowed feeds: transitions proved, feeds completed; by hand, on a hidden random book, and on recorded days."""

from itertools import pairwise

import numpy as np
import pytest
from book_twin import TwinBook, to_events
from window_feed import row_of, windowed

from tickwright.book.layout import BOOK
from tickwright.book.replay import reset_book
from tickwright.book.snapshot import replay_book_rows
from tickwright.book.tape import centre_of, compile_tape
from tickwright.book.verify import verify_transitions
from tickwright.book.windowed import complete
from tickwright.core.errors import BookError
from tickwright.core.events import Action, Flag
from tickwright.data.lobster import messages as lobster
from tickwright.data.lobster.files import open_pairs

SYNTHETIC, LAST = int(Flag.SYNTHETIC), int(Flag.LAST)

# Two levels a side. Message 0 adds to the best bid; 1 adds a better bid, which pushes 98 out of the window; 2 executes
# an order from before the start; 3 cancels the better bid, and 98 comes back with 4 lots more than when it left.
HAND_EVENTS = [("A", 1, "B", 100, 5), ("A", 2, "B", 101, 2), ("E", 77, "A", 103, 6), ("C", 2, "B", 101, 2)]
HAND_ROWS = np.array([
    [103, 9, 100, 8, 104, 1, 98, 7],
    [103, 9, 101, 2, 104, 1, 100, 8],
    [103, 3, 101, 2, 104, 1, 100, 8],
    [103, 3, 100, 8, 104, 1, 98, 11],
])  # fmt: skip


def twin_rows(events, n):
    """The `book-N` row of the obvious book at each Flag.LAST."""
    book, rows = TwinBook(), []
    for event in events:
        action, oid, size = chr(event["action"]), int(event["order_id"]), int(event["size"])
        if action == "A":
            assert oid not in book.orders
            book.add(oid, +1 if chr(event["side"]) == "B" else -1, int(event["price"]), size)
        elif action in "CE":
            _, price, left = book.orders[oid]
            assert price == event["price"]
            assert size <= left
            book.reduce(oid, size)
        if event["flags"] & LAST:
            rows.append(row_of(book, n))
            # The seed may hold one level more: the one that the first message empties.
            depth = n if len(rows) > 1 else n + 1
            assert all(len(book.queues[s]) <= depth for s in (1, -1)), "a level behind the window stayed"
    return np.array(rows)


def test_completion_by_hand():
    events, counts = complete(to_events(HAND_EVENTS), HAND_ROWS)
    short = [
        (chr(e["action"]), int(e["order_id"]) % 2**63, chr(e["side"]), int(e["price"]), int(e["size"]), int(e["flags"]))
        for e in events
    ]
    s, last = SYNTHETIC, LAST
    assert short == [
        # The first row with message 0 undone: 8 - 5 lots at 100.
        ("A", 0, "B", 100, 3, s), ("A", 1, "B", 98, 7, s), ("A", 2, "A", 103, 9, s), ("A", 3, "A", 104, 1, s | last),
        ("A", 1, "B", 100, 5, last),
        ("A", 2, "B", 101, 2, 0), ("C", 1, "B", 98, 7, s | last),
        ("E", 2, "A", 103, 6, last),
        ("C", 2, "B", 101, 2, 0), ("A", 1, "B", 98, 7, s), ("A", 4, "B", 98, 4, s | last),
    ]  # fmt: skip
    anonymous = events["order_id"] >= 2**63
    assert anonymous.tolist() == [True] * 4 + [False, False, True, True, False, True, True]
    assert (counts.rows, counts.rows_equal_all_levels, counts.rows_equal_best) == (4, 3, 4)
    assert (counts.seeded, counts.pruned, counts.revealed, counts.returned) == (4, 1, 1, 0)
    assert (counts.corrected, counts.forgotten, counts.unknown, counts.forced_lots) == (0, 0, 1, 0)


def test_transitions_by_hand():
    found = verify_transitions(to_events(HAND_EVENTS), HAND_ROWS)
    assert (found.transitions, found.mismatches, found.newcomers, found.outside) == (3, 0, 1, 0)


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [(1, 3, 3), (1, 2, 99), (2, 1, 9), (3, 2, 101), (3, 6, 100), (3, 6, 101), (2, 4, 105)],
)
def test_a_wrong_row_is_a_mismatch(row, column, value):
    # (3, 6, ...): what comes into view behind 100 must be worse than 100.
    rows = HAND_ROWS.copy()
    rows[row, column] = value
    found = verify_transitions(to_events(HAND_EVENTS), rows)
    assert found.mismatches >= 1
    assert found.first_mismatch == row


def test_a_window_that_was_not_full_reveals_nothing():
    events = to_events([("C", 9, "B", 100, 1), ("C", 9, "B", 100, 4)])
    rows = np.array([[103, 1, 100, 4, 0, 0, 0, 0], [103, 1, 98, 2, 0, 0, 0, 0]])
    assert verify_transitions(events, rows).mismatches == 1
    rows[1, 2:4] = 0
    assert verify_transitions(events, rows).mismatches == 0


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_completed_feeds_replay_to_the_recorded_rows(n, seed):
    """Invariant: every transition holds, and the obvious book fed the completed events shows each recorded row, no
    more. Recorded events keep their order, times, prices and lots."""
    events, rows = windowed(seed, n, 3_000)
    found = verify_transitions(events, rows)
    assert (found.transitions, found.mismatches, found.outside) == (len(events) - 1, 0, 0), f"seed {seed}"
    completed, counts = complete(events, rows)
    assert counts.corrected == 0
    assert counts.pruned > 50
    assert counts.unknown > 10
    assert np.array_equal(twin_rows(completed, n)[1:], rows), f"seed {seed}"
    recorded = completed[completed["flags"] & SYNTHETIC == 0]
    fields = ["ts_event", "action", "side", "price"]
    kept = recorded[fields].tolist()
    merged = [kept[0]] + [b for a, b in pairwise(kept) if a != b]  # an event split in two counts as one
    assert merged == events[fields].tolist()
    for action in (Action.ADD, Action.CANCEL, Action.EXECUTE):
        assert recorded["size"][recorded["action"] == action].sum() == events["size"][events["action"] == action].sum()


def test_contradictions_are_refused():
    events, rows = to_events(HAND_EVENTS), HAND_ROWS
    with pytest.raises(BookError, match=r"message 2: E of order 77 .*more than the book row before displays"):
        complete(to_events([*HAND_EVENTS[:2], ("E", 77, "A", 103, 10), HAND_EVENTS[3]]), rows)
    with pytest.raises(BookError, match=r"message 1: .*already in the book"):
        complete(to_events([HAND_EVENTS[0], ("A", 1, "B", 101, 2), *HAND_EVENTS[2:]]), rows)
    with pytest.raises(BookError, match="4 messages but 3 book rows"):
        verify_transitions(events, rows[:3])
    with pytest.raises(BookError, match="expected int64"):
        verify_transitions(events, rows[:, :7])
    events["order_id"][0] = 2**63
    with pytest.raises(BookError, match="reserved"):
        complete(events, rows)


def test_rows_of_another_stock_are_counted_not_refused(shared_data):
    """A wrong pair that is stored already: every row is looked at, and the first that does not follow is told."""
    read = []
    for name in ("GOOG_2012-06-21_1", "AAPL_2012-06-21_1"):
        (pair,) = open_pairs(shared_data / "lobster" / f"LOBSTER_SampleFile_{name}.zip")
        read.append([(events.copy(), rows.copy()) for events, rows in lobster.chunks(pair)])
    events = np.concatenate([events for events, _ in read[0]])
    rows = np.concatenate([rows for _, rows in read[1]])[: len(events)]
    found = verify_transitions(events, rows)
    assert (found.transitions, found.first_mismatch) == (49_481, 1)
    assert found.mismatches > 0.9 * found.transitions
    assert found.outside > 0
    with pytest.raises(BookError, match="message 1"):
        complete(events, rows)


@pytest.mark.parametrize("shift", [1, -1])
def test_shifted_rows_are_mismatches(shift):
    """Rows of a feed one late or one early: about every message with an effect fails, none raises."""
    events, rows = windowed(1, 3, 1_000)
    found = verify_transitions(events, np.roll(rows, shift, axis=0))
    assert found.mismatches > 0.5 * found.transitions
    assert found.first_mismatch is not None


RECORDED = {
    # name: levels, transitions, share of rows equal on all levels and at the best in a resynchronised free replay.
    # With few levels more is out of view, so less can be known: every row missed shows a level at a size that no row
    # before it tells (test_a_replay_differs_only_where_the_record_tells_nothing), so no replay can follow better.
    "GOOG_2012-06-21_10": (10, 147_915, 0.95, 0.999),
    "GOOG_2012-06-21_5": (5, 112_672, 0.92, 0.999),
    "GOOG_2012-06-21_1": (1, 49_481, 0.87, 0.87),
    "AAPL_2012-06-21_1": (1, 118_496, 0.85, 0.85),
}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_days(shared_data, name):
    levels, transitions, all_levels, at_best = RECORDED[name]
    (pair,) = open_pairs(shared_data / "lobster" / f"LOBSTER_SampleFile_{name}.zip")
    parts = [(events.copy(), rows.copy()) for events, rows in lobster.chunks(pair)]
    events, rows = (np.concatenate(x) for x in zip(*parts, strict=True))
    assert rows.shape[1] == 4 * levels
    found = verify_transitions(events, rows)
    assert (found.transitions, found.mismatches, found.outside) == (transitions, 0, 0)
    completed, counts = complete(events, rows)
    assert counts.rows_equal_all_levels >= all_levels * counts.rows
    assert counts.rows_equal_best >= at_best * counts.rows
    assert counts.corrected == 0
    assert counts.executions_at_head >= 0.98 * counts.executions_known
    tape = compile_tape(completed)
    books = np.zeros(1, BOOK)
    reset_book(books, 0, centre_of(tape.rows))
    shown = np.zeros((len(tape.rows), 4 * levels), np.int64)
    assert replay_book_rows(books, 0, tape.rows, shown) == (len(tape.rows), 0)
    assert np.array_equal(shown[tape.rows["flags"] & LAST != 0][1:], rows)
    executed = completed["size"][completed["action"] == Action.EXECUTE].sum()
    assert executed == events["size"][events["action"] == Action.EXECUTE].sum()


@pytest.mark.slow
@pytest.mark.parametrize("name", RECORDED)
def test_a_replay_differs_only_where_the_record_tells_nothing(shared_data, name):
    """Invariant: every row that the free replay misses shows a level that came into view otherwise than last seen.

    The twin knows the recorded rows alone: nothing before such a row tells that size, so no replay could have it.
    """
    (pair,) = open_pairs(shared_data / "lobster" / f"LOBSTER_SampleFile_{name}.zip")
    parts = [(events.copy(), rows.copy()) for events, rows in lobster.chunks(pair)]
    events, rows = (np.concatenate(x) for x in zip(*parts, strict=True))
    _, counts = complete(events, rows)
    untold = [untold_rows(events, rows, side) for side in ("A", "B")]
    all_levels, at_best = (len(untold[0][i] | untold[1][i]) for i in range(2))
    assert (counts.rows - counts.rows_equal_all_levels, counts.rows - counts.rows_equal_best) == (all_levels, at_best)


def untold_rows(events, rows, letter):
    """Rows that show on one side what no earlier row tells: (on any level, at the best)."""
    column, better = (0, int.__lt__) if letter == "A" else (2, int.__gt__)
    added = (events["action"] == Action.ADD) & (events["side"] == ord(letter))
    prices = events["price"].tolist()
    seen, before = {}, {}
    anywhere, at_best = set(), set()
    for k, row in enumerate(rows.tolist()):
        shown = {p: q for p, q in zip(row[column::4], row[column + 1 :: 4], strict=True) if q}
        if k and shown != before:
            worst, best = (min, max) if letter == "B" else (max, min)
            limit = worst(shown) if len(shown) == rows.shape[1] // 4 else None
            vanished = [
                p for p in seen
                if p not in shown and p not in before and (limit is None or better(p, limit))
            ]  # fmt: skip
            entered = [p for p in shown if p not in before and not (added[k] and p == prices[k])]
            surprises = vanished + [p for p in entered if seen.get(p) != shown[p]]
            if surprises:
                anywhere.add(k)
                first = best(surprises)
                if not shown or not better(best(shown), first):
                    at_best.add(k)
            gone = [p for p in seen if p not in shown and (limit is None or better(p, limit))]
            for price in gone:
                del seen[price]
        seen |= shown
        before = shown
    return anywhere, at_best
