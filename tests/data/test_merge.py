"""The k-way merge: one order, whatever the chunks; the oracle is a sort of everything at once."""

import heapq
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickwright.core.errors import ConfigError
from tickwright.core.events import MARKET_EVENT
from tickwright.core.tables import BAR, TOP_OF_BOOK
from tickwright.data.merge import merge, merge_runs

STREAMS = st.lists(
    st.lists(st.lists(st.integers(0, 12), max_size=6), max_size=5), min_size=1, max_size=5
)  # streams of chunks of times, not sorted: a feed may step back


def chunk(times, rank, first):
    rows = np.zeros(len(times), MARKET_EVENT)
    rows["ts_event"], rows["order_id"], rows["venue_id"] = times, np.arange(first, first + len(times)), rank
    return rows


def streams_of(times):
    result = []
    for rank, chunks in enumerate(times):
        starts = np.cumsum([0, *map(len, chunks)])
        result.append([chunk(part, rank, first) for part, first in zip(chunks, starts, strict=False)])
    return result


def expected(times):
    """(rank, place in the stream) in order, by a heap over the whole streams."""
    keyed = []
    for rank, chunks in enumerate(times):
        flat = [t for part in chunks for t in part]
        keyed.append([(max(flat[: i + 1]), rank, i) for i in range(len(flat))])
    return [(rank, i) for _, rank, i in heapq.merge(*keyed)]


@given(STREAMS)
def test_the_order_is_that_of_a_heap_over_whole_streams(times):
    """Invariant: merged rows are sorted by (running maximum of time, rank, place), and none is lost."""
    batches = list(merge(streams_of(times)))
    found = [(int(r["venue_id"]), int(r["order_id"])) for batch in batches for r in batch.rows]
    assert found == expected(times)
    assert [int(rank) for batch in batches for rank in batch.rank] == [rank for rank, _ in found]


@given(STREAMS)
def test_runs_give_the_same_order(times):
    """Invariant: merge_runs hands out the rows of merge, run by run, each run of one stream."""
    found = []
    for rank, rows in merge_runs(streams_of(times)):
        assert len(rows) > 0
        assert set(rows["venue_id"].tolist()) == {rank}
        found += [(rank, int(i)) for i in rows["order_id"]]
    assert found == expected(times)


def test_streams_of_several_layouts_and_both_clocks():
    quotes, events = np.zeros(2, TOP_OF_BOOK), np.zeros(2, MARKET_EVENT)
    quotes["ts_event"], quotes["ts_recv"] = [1, 4], [9, 10]
    events["ts_event"], events["ts_recv"] = [2, 5], [3, 9]
    assert [rank for rank, _ in merge_runs([[quotes], [events]])] == [0, 1, 0, 1]
    by_desk = [(rank, len(rows)) for rank, rows in merge_runs([[quotes], [events]], "ts_recv")]
    assert by_desk == [(1, 1), (0, 1), (1, 1), (0, 1)]  # at 9 the first stream goes first
    with pytest.raises(ConfigError, match="one layout"):
        list(merge([[quotes], [events]]))
    with pytest.raises(ConfigError, match="clock: got 'ts_recv'"):
        list(merge([[np.ones(1, BAR)]], "ts_recv"))


@pytest.mark.slow
def test_memory_is_that_of_a_chunk_of_each_stream():
    rows, chunks, streams = 1000, 200, 8
    per_stream = rows * MARKET_EVENT.itemsize

    def stream(rank):
        for k in range(chunks):
            yield chunk(np.arange(rows) * 10 + k * rows * 10, rank, k * rows)

    tracemalloc.start()
    total = sum(len(batch.rows) for batch in merge([stream(rank) for rank in range(streams)]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == rows * chunks * streams
    assert peak < 6 * streams * per_stream  # all at once would be 200
