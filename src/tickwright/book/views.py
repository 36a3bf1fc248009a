"""The book as Python sees it: feed it events in chunks, ask what stands in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tickwright.book.depth_tape import DepthTapeCompiler
from tickwright.book.layout import ASK, BID, BOOK, check_code
from tickwright.book.replay import replay, reset_book
from tickwright.book.snapshot import queue_ahead, snapshot_levels
from tickwright.book.tape import DepthCounts, OnUnknown, TapeCompiler, TapeCounts, centre_of
from tickwright.core.errors import BookError, ConfigError
from tickwright.core.events import Action
from tickwright.core.units import Lots, Nanos, Ticks


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The best n levels: int64 arrays (2, n), bids in row 0, asks in row 1, best first, zeros past the last.

    `counts` are orders."""

    prices: np.ndarray
    sizes: np.ndarray
    counts: np.ndarray


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """Where an order stands: `side` +1 buy or -1 sell, `size` its open lots, what is ahead of it at its price."""

    side: int
    price: Ticks
    size: Lots
    lots_ahead: Lots
    orders_ahead: int


class L3Book:
    """An exact order book of one instrument, from an empty start.

    Parameters
    ----------
    on_unknown
        As of `tape.compile_tape`.
    dtype
        Capacities: BOOK_S, BOOK_M, BOOK_L or a `layout.book_dtype`.
    """

    def __init__(self, on_unknown: OnUnknown = "raise", dtype: np.dtype[Any] = BOOK) -> None:
        self._books = np.zeros(1, dtype)
        orders = dtype["orders"].shape[0]
        self._compiler = TapeCompiler(on_unknown, orders)
        self._joined = np.zeros(orders, np.int64)
        self._centred = False

    def apply(self, events: np.ndarray) -> int:
        """Apply MARKET_EVENT rows in order; returns how many tape rows they made. BookError and CapacityError."""
        rows = self._compiler.feed(events)
        if not self._centred and len(rows):
            reset_book(self._books, 0, centre_of(rows))
            self._centred = True
        done, code = replay(self._books, 0, rows)
        check_code(code, f"tape row {self._compiler.counts().rows - len(rows) + done}")
        adds = rows[rows["action"] == Action.ADD]
        self._joined[adds["slot"]] = adds["ts_event"]  # a slot used twice in the chunk keeps its last order's time
        return len(rows)

    @property
    def counts(self) -> TapeCounts:
        """What was applied so far."""
        return self._compiler.counts()

    def best(self, side: int) -> Ticks | None:
        """The best price of a side (+1 bids, -1 asks), or None when it is empty."""
        return best_of(self._books, side)

    def snapshot(self, n: int) -> Snapshot:
        """The best `n` levels of both sides now. Raises ConfigError unless n is positive."""
        return snapshot_of(self._books, n)

    def queue_position(self, order_id: int) -> QueuePosition:
        """Where a live order stands. Raises BookError for an id that is not in the book."""
        slot = self._slot(order_id)
        order = self._books[0]["orders"][slot]
        lots, orders = (int(x) for x in queue_ahead(self._books, 0, slot))
        check_code(min(orders, 0), f"order {order_id}")
        return QueuePosition(1 if order["side"] == BID else -1, int(order["price"]), int(order["qty"]), lots, orders)

    def order_age(self, order_id: int, now: Nanos) -> Nanos:
        """Time since a live order joined the queue it stands in. Raises BookError for an id not in the book."""
        return now - int(self._joined[self._slot(order_id)])

    def _slot(self, order_id: int) -> int:
        slot = self._compiler.slot_of(order_id)
        if slot is None:
            raise BookError(f"order {order_id} is not in the book")
        return slot


class L2Book:
    """The book of one instrument's depth feed (schema `depth`), from an empty start.

    `dtype` is as of `L3Book`; its room for orders stays empty. Counts of orders in a snapshot are 0: nobody knows them.
    """

    def __init__(self, dtype: np.dtype[Any] = BOOK) -> None:
        self._books = np.zeros(1, dtype)
        self._compiler = DepthTapeCompiler()
        self._rows = 0

    def apply(self, events: np.ndarray) -> int:
        """Apply MARKET_EVENT rows in order; returns how many tape rows they made. BookError and CapacityError."""
        rows = self._compiler.feed(events)
        if self._rows == 0:
            reset_book(self._books, 0, centre_of(rows))
        done, code = replay(self._books, 0, rows)
        check_code(code, f"tape row {self._rows + done}")
        self._rows += len(rows)
        return len(rows)

    @property
    def counts(self) -> DepthCounts:
        """What was applied so far."""
        return self._compiler.counts()

    def best(self, side: int) -> Ticks | None:
        """The best price of a side (+1 bids, -1 asks), or None when it is empty."""
        return best_of(self._books, side)

    def snapshot(self, n: int) -> Snapshot:
        """The best `n` levels of both sides now. Raises ConfigError unless n is positive."""
        return snapshot_of(self._books, n)


def best_of(books: np.ndarray, side: int) -> Ticks | None:
    """The best price of a side (+1 bids, -1 asks) of the first of `books`, or None when it is empty."""
    k = BID if side > 0 else ASK
    ladder = books[0]["ladder"]
    return int(ladder["best"][k]) if ladder["live"][k] > 0 else None


def snapshot_of(books: np.ndarray, n: int) -> Snapshot:
    """The best `n` levels of both sides of the first of `books`. Raises ConfigError unless n is positive."""
    if n < 1:
        raise ConfigError("n", n, "at least one level")
    prices, sizes, counts = (np.zeros((2, n), np.int64) for _ in range(3))
    snapshot_levels(books, 0, prices, sizes, counts)
    return Snapshot(prices, sizes, counts)
