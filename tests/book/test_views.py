"""The book from Python: snapshots, queue positions and ages, worked by hand."""

import pytest
from book_twin import to_events

from tickwright.book.views import L3Book, QueuePosition
from tickwright.core.errors import BookError, ConfigError

EVENTS = [
    ("A", 1, "B", 100, 5),
    ("A", 2, "B", 100, 7),
    ("A", 3, "B", 100, 2),
    ("A", 4, "A", 103, 4),
    ("A", 5, "B", 98, 1),
    ("C", 1, "B", 100, 2),  # 3 left, still first
    ("M", 2, "B", 100, 8),  # grows: last
]


def test_queue_position_size_and_age():
    book = L3Book()
    assert book.apply(to_events(EVENTS[:4])) == 4
    book.apply(to_events(EVENTS[4:]))
    assert book.queue_position(1) == QueuePosition(side=1, price=100, size=3, lots_ahead=0, orders_ahead=0)
    assert book.queue_position(3) == QueuePosition(side=1, price=100, size=2, lots_ahead=3, orders_ahead=1)
    assert book.queue_position(2) == QueuePosition(side=1, price=100, size=8, lots_ahead=5, orders_ahead=2)
    assert book.queue_position(4).side == -1
    # Each chunk starts at 1000 ns. Order 1 joined first; order 2 joined anew with the third event of the second chunk.
    assert book.order_age(1, 5_000) == 4_000
    assert book.order_age(2, 5_000) == 5_000 - 1_003


def test_snapshot_best_first_and_zero_past_the_last_level():
    book = L3Book()
    book.apply(to_events(EVENTS))
    shown = book.snapshot(3)
    assert shown.prices.tolist() == [[100, 98, 0], [103, 0, 0]]
    assert shown.sizes.tolist() == [[13, 1, 0], [4, 0, 0]]
    assert shown.counts.tolist() == [[3, 1, 0], [1, 0, 0]]
    assert (book.best(+1), book.best(-1)) == (100, 103)
    assert book.counts.modifies_moved == 1


def test_what_is_not_there_is_an_error():
    book = L3Book()
    assert book.best(+1) is None
    book.apply(to_events([*EVENTS, ("E", 1, "B", 100, 3)]))
    with pytest.raises(BookError, match="order 1 is not in the book"):
        book.queue_position(1)
    with pytest.raises(BookError, match="order 99"):
        book.order_age(99, 0)
    with pytest.raises(ConfigError, match="n: got 0"):
        book.snapshot(0)
