"""The compiled L3 book against the obvious one of book_twin.py, on random order flow."""

import numpy as np
import pytest
from book_twin import RandomFlow, to_events

from tickwright.book.l3 import ahead_of, apply
from tickwright.book.ladder import best, has, live_level
from tickwright.book.layout import ASK, BID, NIL, book_dtype
from tickwright.book.replay import reset_book
from tickwright.book.snapshot import top
from tickwright.book.tape import TapeCompiler
from tickwright.book.views import L3Book
from tickwright.core.events import Action
from tickwright.core.kernel import kernel

# 64 dense ticks: most flows leave the window, so far levels and re-centring are the rule here.
SMALL = book_dtype(4096, 64, 1024)
N = 10
EXECUTE = int(Action.EXECUTE)


@kernel
def trace(books, rows, levels, heads, ahead):
    """After each row: ten levels a side (price, lots, orders) and what is ahead of the row's order. Before each
    EXECUTE: the first order at the best price of its side."""
    book = books[0]
    for i in range(rows.shape[0]):
        row = rows[i]
        heads[i] = NIL
        if row.action == EXECUTE and has(book.ladder, row.side):
            level = book.ladder.levels[live_level(book.ladder, np.int64(row.side), best(book.ladder, row.side))]
            heads[i] = level.head
        code = apply(book, row)
        if code < 0:
            return i, code
        for side in range(2):
            top(book.ladder, side, levels[i, side, 0], levels[i, side, 1], levels[i, side, 2])
        ahead[i] = -1
        if row.slot >= 0 and book.orders[row.slot].qty > 0:
            ahead[i, 0], ahead[i, 1] = ahead_of(book, row.slot)
    return rows.shape[0], 0


def run_flow(seed, steps, dtype=SMALL, **flow_options):
    """Feed one random flow to both books; the twin's answers are noted after each operation, the kernel's after each
    row, and the two are compared."""
    flow = RandomFlow(seed, **flow_options)
    rows, ends, expected, expected_ahead = [], [], [], []
    for _ in range(steps):
        done = flow.step()
        if not done:
            continue
        rows += done
        ends.append(len(rows) - 1)
        expected.append([flow.book.levels(side, N) for side in (+1, -1)])
        oid = done[-1][1]
        expected_ahead.append(flow.book.ahead(oid) if oid in flow.book.orders else (-1, -1))
    events = to_events(rows)
    # In chunks of odd length, so that the compiler's state crosses their borders.
    compiler = TapeCompiler()
    tape = np.concatenate([compiler.feed(events[i : i + 997]) for i in range(0, len(events), 997)])
    books = np.zeros(1, dtype)
    reset_book(books, 0, 50)
    levels = np.zeros((len(tape), 2, 3, N), np.int64)
    heads, ahead = np.zeros(len(tape), np.int64), np.zeros((len(tape), 2), np.int64)
    assert trace(books, tape, levels, heads, ahead) == (len(tape), 0), f"seed {seed}"
    last = np.flatnonzero(tape["flags"] & 128)  # one for each event: a MODIFY that moves has two rows
    assert len(last) == len(events)
    for k, end in enumerate(ends):
        i = last[end]
        for side in (BID, ASK):
            want = np.zeros((3, N), np.int64)
            if expected[k][side]:
                want[:, : len(expected[k][side])] = np.array(expected[k][side]).T
            assert np.array_equal(levels[i, side], want), f"seed {seed}, operation {k}, side {side}"
        if tape["action"][i] != Action.NONE:  # a MODIFY that changes nothing names no order in the tape
            assert tuple(ahead[i]) == expected_ahead[k], f"seed {seed}, operation {k}"
    executes = tape["action"] == EXECUTE
    assert np.array_equal(heads[executes], tape["slot"][executes]), f"seed {seed}: a fill out of price-time order"
    counts = compiler.counts()
    assert counts.live == len(flow.book.orders)
    assert (counts.unknown, counts.over_reduced, counts.duplicates) == (0, 0, 0)
    return len(ends), int(executes.sum()), int(books[0]["ladder"]["moves"])


@pytest.mark.parametrize("seeds", [range(10), pytest.param(range(10, 60), marks=pytest.mark.slow)])
def test_random_flow_equals_the_twin(seeds):
    """Invariant: ten levels, queue positions and every fill agree after each of 2 000 operations a seed."""
    done = [run_flow(seed, 2_010) for seed in seeds]
    operations, fills, moves = (sum(x) for x in zip(*done, strict=True))
    assert operations >= 2_000 * len(seeds)
    assert fills > 200 * len(seeds)
    assert moves > 10 * len(seeds), "the dense window hardly moved: the test does not test re-centring"


@pytest.mark.parametrize("seed", [101, 102, 103])
def test_flow_full_of_far_prices(seed):
    """Invariant: the same with a third of all prices outside the window and a middle that jumps."""
    run_flow(seed, 2_000, far=0.3, drift=0.6)


def test_the_large_book_agrees_chunk_by_chunk():
    """Invariant: L3Book with the default capacities shows the twin's levels after every chunk of 250 operations."""
    for seed in (7, 8):
        flow, book = RandomFlow(seed), L3Book()
        for _ in range(8):
            book.apply(to_events([row for _ in range(250) for row in flow.step()]))
            shown = book.snapshot(N)
            for k, side in enumerate((+1, -1)):
                want = flow.book.levels(side, N)
                got = [
                    (int(p), int(s), int(c))
                    for p, s, c in zip(shown.prices[k], shown.sizes[k], shown.counts[k], strict=True)
                    if s
                ]
                assert got == want, f"seed {seed}"
                assert book.best(side) == (want[0][0] if want else None)
