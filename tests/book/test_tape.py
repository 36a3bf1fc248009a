"""What the tape compiler makes of events, worked by hand."""

import numpy as np
import pytest
from book_twin import RandomFlow, to_events

from tickwright.book.layout import ASK, BID, NO_SIDE
from tickwright.book.tape import TapeCompiler, compile_tape
from tickwright.core.errors import BookError, CapacityError, ConfigError
from tickwright.core.events import MARKET_EVENT, Flag

ADD_7 = ("A", 7, "B", 100, 5)


def rows_of(*events, **options):
    tape = compile_tape(to_events(list(events)), **options)
    names = ("action", "slot", "side", "price", "size", "born", "flags")
    return [(chr(r["action"]), *(int(r[n]) for n in names[1:])) for r in tape.rows], tape.counts


def test_modify_is_resolved_into_what_it_does_to_priority():
    rows, counts = rows_of(
        ADD_7,
        ("M", 7, "B", 100, 3),  # fewer lots: keeps its place
        ("M", 7, "B", 100, 3),  # nothing changes
        ("M", 7, "B", 100, 4),  # more lots: to the back
        ("M", 7, "B", 99, 4),  # another price
        ("M", 7, "B", 99, 0),  # gone
    )
    assert rows == [
        ("A", 0, BID, 100, 5, 0, 128),
        ("C", 0, BID, 100, 2, 0, 128),
        ("N", -1, NO_SIDE, 0, 0, -1, 128),
        ("C", 0, BID, 100, 3, 0, 0),
        ("A", 0, BID, 100, 4, 4, 128),
        ("C", 0, BID, 100, 4, 4, 0),
        ("A", 0, BID, 99, 4, 6, 128),
        ("C", 0, BID, 99, 4, 6, 128),
    ]
    assert (counts.modifies_kept, counts.modifies_moved, counts.live, counts.max_live) == (2, 3, 0, 1)


def test_slots_are_used_again_last_freed_first():
    rows, counts = rows_of(
        ADD_7, ("A", 8, "A", 103, 1), ("A", 9, "A", 104, 1), ("C", 8, "A", 103, 1), ("E", 7, "B", 100, 5),
        ("A", 20, "B", 90, 1), ("A", 21, "B", 90, 1), ("A", 22, "B", 90, 1),
    )  # fmt: skip
    assert [r[1] for r in rows] == [0, 1, 2, 1, 0, 0, 1, 3]
    assert counts.max_live == 4


def test_prints_have_the_resting_side_and_no_slot():
    events = to_events([("T", 0, "B", 100, 5), ("P", 0, "A", 99, 1), ("T", 0, "N", 98, 1), ("Q", 0, "N", 97, 0)])
    events["subtick"] = [0, 5_000, 0, 0]
    rows = compile_tape(events).rows
    assert rows["side"].tolist() == [ASK, BID, NO_SIDE, NO_SIDE]
    assert rows["off_grid"].tolist() == [0, 1, 0, 0]
    assert rows["price"].tolist() == [100, 99, 98, 97]
    assert (rows["slot"] == -1).all()
    assert (rows["born"] == -1).all()


def test_a_fill_names_its_order_and_changes_nothing():
    rows, counts = rows_of(ADD_7, ("F", 7, "N", 100, 9), ("F", 8, "A", 101, 2), ("E", 7, "B", 100, 5))
    assert rows[1] == ("F", 0, BID, 100, 9, 0, 128)
    assert rows[2] == ("F", -1, ASK, 101, 2, -1, 128)
    assert (counts.large_fills, counts.unseen_fills, counts.unknown, counts.over_reduced) == (1, 1, 0, 0)


def test_clear_and_halt():
    rows, counts = rows_of(ADD_7, ("R", 0, "N", 0, 0), ADD_7, ("H", 0, "N", 0, 2))
    assert [(r[0], r[1], r[4]) for r in rows] == [("A", 0, 5), ("R", -1, 0), ("A", 0, 5), ("H", -1, 2)]
    assert counts.live == 1


BROKEN = {
    "unknown": (("C", 8, "B", 100, 1), "not in the book"),
    "over_reduced": (("E", 7, "B", 100, 6), "fewer lots left"),
    "duplicates": (ADD_7, "still lives"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_references_are_refused_or_counted(what):
    event, words = BROKEN[what]
    with pytest.raises(BookError, match=rf"event 1: .*{words}"):
        compile_tape(to_events([ADD_7, event]))
    rows, counts = rows_of(ADD_7, event, on_unknown="count")
    assert getattr(counts, what) == 1
    assert rows[1] == (("E", 0, BID, 100, 5, 0, 128) if what == "over_reduced" else ("N", -1, NO_SIDE, 0, 0, -1, 128))


@pytest.mark.parametrize(
    "event",
    [
        ("A", 8, "N", 100, 1), ("A", 8, "B", 2**31, 1), ("A", 8, "B", -(2**31), 1), ("A", 8, "B", 100, 0),
        ("A", 8, "B", 100, 2**31), ("C", 7, "B", 100, 0), ("C", 7, "B", 100, -1), ("M", 7, "A", 100, 3),
        ("M", 7, "B", 2**40, 3), ("X", 7, "B", 100, 1), ("T", 0, "B", 100, 0),
    ],
)  # fmt: skip
def test_what_no_book_could_apply_is_refused_in_either_mode(event):
    for mode in ("raise", "count"):
        with pytest.raises(BookError, match="event 1: "):
            compile_tape(to_events([ADD_7, event]), on_unknown=mode)


def test_times_never_run_back():
    events = to_events([ADD_7, ("C", 7, "B", 100, 1), ("C", 7, "B", 100, 1)])
    events["ts_event"], events["ts_recv"] = [5, 3, 9], [20, 30, 10]
    rows = compile_tape(events).rows
    assert rows["ts_event"].tolist() == [5, 5, 9]
    assert rows["ts_recv"].tolist() == [20, 30, 30]


def test_chunks_make_the_same_tape_as_the_whole():
    """Invariant: where a feed is cut does not matter."""
    flow = RandomFlow(3)
    events = to_events([row for _ in range(3_000) for row in flow.step()])
    whole = compile_tape(events)
    compiler = TapeCompiler()
    parts = [compiler.feed(events[i : i + 61]) for i in range(0, len(events), 61)]
    assert np.concatenate(parts).tobytes() == whole.rows.tobytes()
    assert compiler.counts() == whole.counts


def test_many_live_orders_grow_the_tables_up_to_the_limit():
    events = to_events([("A", 11 * i, "B", i % 90, 1) for i in range(5_000)])
    tape = compile_tape(events)
    assert tape.rows["slot"].tolist() == list(range(5_000))
    assert tape.orders == 5_000
    with pytest.raises(CapacityError, match="4999"):
        compile_tape(events, orders=4_999)


def test_input_is_one_instrument_of_the_right_layout():
    events = to_events([ADD_7, ("A", 8, "B", 100, 1)])
    events["instrument_id"] = [4, 5]
    with pytest.raises(BookError, match="instrument 5 in a tape of 4"):
        compile_tape(events)
    with pytest.raises(BookError, match="MARKET_EVENT"):
        compile_tape(np.zeros(3))
    with pytest.raises(ConfigError, match="on_unknown"):
        compile_tape(events, on_unknown="ignore")
    assert len(compile_tape(np.zeros(0, MARKET_EVENT)).rows) == 0


def test_flags_pass_through():
    events = to_events([ADD_7])
    events["flags"] = Flag.SNAPSHOT | Flag.SYNTHETIC
    assert compile_tape(events).rows["flags"][0] == Flag.SNAPSHOT | Flag.SYNTHETIC
