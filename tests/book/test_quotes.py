"""Quotes, trades and the depth grid, worked by hand."""

import numpy as np
import pytest
from book_twin import RandomFlow, to_events

from tickwright.book.depth import depth_grid
from tickwright.book.quotes import quotes_of, trades_of
from tickwright.book.tape import compile_tape
from tickwright.core.errors import ConfigError

EVENTS = [
    ("A", 1, "B", 100, 5),
    ("A", 2, "A", 103, 4),
    ("A", 3, "B", 98, 9),  # behind the best: no quote
    ("A", 4, "B", 101, 1),
    ("E", 4, "B", 101, 1),
    ("E", 1, "B", 100, 2),
    ("C", 2, "A", 103, 4),  # the ask side is empty
]


def tape_at(times, events=EVENTS):
    rows = to_events(events)
    rows["ts_event"] = rows["ts_recv"] = times
    return compile_tape(rows)


def test_a_quote_for_each_change_of_the_best():
    quotes = quotes_of(tape_at([10, 20, 30, 40, 50, 60, 70]))
    assert quotes.tolist() == [
        (10, 100, 0, 5, 0), (20, 100, 103, 5, 4), (40, 101, 103, 1, 4), (50, 100, 103, 5, 4), (60, 100, 103, 3, 4),
        (70, 100, 0, 3, 0),
    ]  # fmt: skip


def test_one_moment_has_one_quote():
    # The bid at 101 comes and goes within the nanosecond 40 and leaves no trace.
    quotes = quotes_of(tape_at([10, 20, 30, 40, 40, 60, 70]))
    assert quotes["ts_event"].tolist() == [10, 20, 60, 70]
    assert quotes_of(tape_at([10] * 7)).tolist() == [(10, 100, 0, 3, 0)]


def test_quotes_are_the_twins():
    """Invariant: the quote in force after each event is the twin's best level of both sides."""
    flow = RandomFlow(11)
    rows, want = [], []
    for _ in range(2_000):
        done = flow.step()
        rows.append(done)
        best = [flow.book.levels(side, 1) for side in (+1, -1)]
        (bid, bid_size), (ask, ask_size) = (x[0][:2] if x else (0, 0) for x in best)
        want.append((bid, ask, bid_size, ask_size))
    events = to_events([row for done in rows for row in done])
    events["ts_event"] = np.repeat(np.arange(len(rows)) * 10 + 7, [len(done) for done in rows])
    quotes = quotes_of(compile_tape(events))
    assert (np.diff(quotes["ts_event"]) > 0).all()
    in_force = np.searchsorted(quotes["ts_event"], np.arange(len(rows)) * 10 + 7, side="right") - 1
    got = [tuple(quotes[i].item())[1:] if i >= 0 else (0, 0, 0, 0) for i in in_force]
    assert got == want
    changes = sum(a != b for a, b in zip(want, [(0, 0, 0, 0), *want], strict=False))
    assert len(quotes) == changes, "a row without a change, or a change without a row"


def test_trades_name_the_aggressor():
    events = to_events([
        ("E", 1, "B", 100, 2), ("E", 2, "A", 103, 3), ("P", 0, "B", 101, 4), ("T", 0, "A", 100, 5),
        ("F", 1, "B", 100, 5), ("Q", 0, "N", 99, 1_000), ("T", 0, "N", 99, 1), ("A", 9, "B", 1, 1), ("C", 9, "B", 1, 1),
    ])  # fmt: skip
    events["subtick"][2] = 5_000
    assert [row[1:] for row in trades_of(events).tolist()] == [
        (100, 0, 2, -1), (103, 0, 3, 1), (101, 5_000, 4, 1), (100, 0, 5, -1), (99, 0, 1_000, 0), (99, 0, 1, 0),
    ]  # fmt: skip


def test_depth_grid_by_hand():
    tape = tape_at([10, 20, 30, 40, 50, 60, 70])
    # Bins of two ticks from 98 to 104: {98, 99}, {100, 101}, {102, 103}.
    grid = depth_grid(tape, np.array([5, 20, 45, 100]), 98, 104, 3)
    assert grid.tolist() == [[0, 0, 0], [0, 5, -4], [9, 6, -4], [9, 3, 0]]
    # Only what lies in the range counts.
    assert depth_grid(tape, np.array([45]), 99, 103, 4).tolist() == [[0, 5, 1, 0]]


def test_depth_grid_refuses_what_it_cannot_show():
    tape = tape_at([10, 20, 30, 40, 50, 60, 70])
    with pytest.raises(ConfigError, match="bins"):
        depth_grid(tape, np.array([1]), 98, 100, 3)
    with pytest.raises(ConfigError, match="bins"):
        depth_grid(tape, np.array([1]), 98, 98, 1)
    with pytest.raises(ConfigError, match="times"):
        depth_grid(tape, np.array([2, 1]), 98, 100, 2)
