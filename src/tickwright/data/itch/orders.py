"""What each live order reference stands for: an open-addressing table with the order in the cell itself.

The idea is that of `book.ids`, but there a key leads to a slot of an arena, here one cache line answers. A cell is free
when it has no shares. At most half of the cells are in use, so every probe ends; deletion shifts back what follows, so
there are no tombstones and the table is bounded by the live orders.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from tickwright.core.kernel import inline, kernel
from tickwright.data.itch.words import prefetch

Int: TypeAlias = Any
Rows: TypeAlias = Any

CELL = np.dtype(
    [
        ("reference", "<u8"),
        ("price", "<u4"),  # ten-thousandths of a dollar
        ("shares", "<u4"),  # left of the order; 0 when the cell is free
        ("locate", "<u2"),
        ("side", "u1"),  # core.events.Side
        ("_pad", "u1", (5,)),
    ]
)
FIRST_SIZE = 1 << 12

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_HIGH = np.uint64(32)


@inline(borrow=True)
def _home(cells: Rows, reference: Int) -> Int:
    return np.int64((reference * _GOLDEN) >> _HIGH) & (cells.shape[0] - 1)


@inline(borrow=True)
def announce(cells: Rows, reference: Int) -> None:
    """The cell of this reference is looked at next."""
    prefetch(cells, _home(cells, reference))


@inline(borrow=True)
def find(cells: Rows, reference: Int) -> Int:
    """The cell of a reference, or the free one where it would go: test `shares`."""
    place = _home(cells, reference)
    while cells[place].shares != 0 and cells[place].reference != reference:
        place = (place + 1) & (cells.shape[0] - 1)
    return place


@inline(borrow=True)
def put(cells: Rows, place: Int, reference: Int, locate: Int, side: Int, price: Int, shares: Int) -> None:
    """Fill a free cell that `find` gave."""
    cell = cells[place]
    cell.reference = reference
    cell.price = price
    cell.shares = shares
    cell.locate = locate
    cell.side = side


@inline(borrow=True)
def _move(cells: Rows, source: Int, target: Int) -> None:
    cell = cells[source]
    put(cells, target, cell.reference, cell.locate, cell.side, cell.price, cell.shares)


@inline(borrow=True)
def remove(cells: Rows, place: Int) -> None:
    """Free a cell; others may move up."""
    mask = cells.shape[0] - 1
    hole = place
    probe = (place + 1) & mask
    while cells[probe].shares != 0:
        # An order may fill the hole when its home does not lie cyclically in (hole, probe].
        if (probe - _home(cells, cells[probe].reference)) & mask >= (probe - hole) & mask:
            _move(cells, probe, hole)
            hole = probe
        probe = (probe + 1) & mask
    cells[hole].shares = 0


@kernel(borrow=True)
def _copy(old: Rows, new: Rows) -> None:
    for i in range(old.shape[0]):
        cell = old[i]
        if cell.shares != 0:
            place = find(new, cell.reference)
            put(new, place, cell.reference, cell.locate, cell.side, cell.price, cell.shares)


def empty() -> np.ndarray:
    """A table without orders."""
    return np.zeros(FIRST_SIZE, CELL)


def grown(cells: np.ndarray) -> np.ndarray:
    """The same orders in a table of twice the size."""
    larger: np.ndarray = np.zeros(2 * len(cells), CELL)
    _copy(cells, larger)
    return larger
