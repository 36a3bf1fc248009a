"""One pass over a Bitstamp file for what a row alone does not say: orders deleted before they were created, and which
of the two orders of a trade was the aggressor.

Bitstamp lists every order, that of the aggressor too, and a trade shows as two fills, one of either order, a few rows
and milliseconds apart. The younger order (of the larger id) is the aggressor's: in the shared recording its price is at
or through that of the older one in every pair. Two fills are a pair when they are neighbours among the fills, of
opposite sides, received within a second, and of the same amount to within two units of 10^-8, for the exchange rounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tickwright.data.bitstamp.rows import OrderRow, order_rows

PAIR_MS = 1_000
PAIR_VOLUME = 2
KEPT_IDS = 65_536
"""How many of the orders that are gone last are known by their id."""


class Gone:
    """The ids of the orders that are gone, the latest KEPT_IDS of them."""

    def __init__(self) -> None:
        self._ids: dict[int, None] = {}

    def __contains__(self, number: int) -> bool:
        return number in self._ids

    def add(self, number: int) -> None:
        """Remember an id, and forget the oldest when there are too many."""
        self._ids.pop(number, None)
        self._ids[number] = None
        if len(self._ids) > KEPT_IDS:
            del self._ids[next(iter(self._ids))]


@dataclass(frozen=True, slots=True)
class Survey:
    """What the first pass found."""

    late: frozenset[int]
    """Orders that the file creates after it deletes them."""
    aggressors: frozenset[int]
    """Lines that are the fill of an aggressor."""
    single_fills: int
    """Fills without a second one."""


@dataclass(frozen=True, slots=True)
class _Fill:
    row: OrderRow
    volume: int


def survey(path: Path) -> Survey:
    """Read a file once. Memory is bounded by the orders that live, and by what is found. Raises FileFormatError."""
    live: dict[int, tuple[str, int]] = {}
    deleted, late, aggressors = set[int](), set[int](), set[int]()
    gone = Gone()
    waiting: _Fill | None = None
    fills = 0
    for row in order_rows(path):
        left = live.get(row.id)
        if row.action == "created":
            if row.id in deleted:
                late.add(row.id)
            elif left is None and row.volume:
                live[row.id] = (row.price, row.volume)
            continue
        if left is None and row.action == "deleted" and row.id not in gone:
            deleted.add(row.id)
        if row.action == "deleted" or not row.volume:
            live.pop(row.id, None)
            gone.add(row.id)
        elif left is not None or row.id not in gone:
            live[row.id] = (row.price, row.volume)
        if (traded := _traded(row, left)) > 0:
            fills += 1
            fill = _Fill(row, traded)
            if waiting is not None and _pair(waiting, fill):
                aggressors.add(max(waiting, fill, key=lambda f: f.row.id).row.line)
                waiting = None
            else:
                waiting = fill
    return Survey(frozenset(late), frozenset(aggressors), fills - 2 * len(aggressors))


def _traded(row: OrderRow, left: tuple[str, int] | None) -> int:
    """The volume that a row says was traded, of an order that had `left`: price, volume."""
    if left is None or (row.action == "deleted" and row.volume):
        return 0
    # A market order for an amount of money buys less at the next price: both change, and no trade.
    if row.action == "changed" and row.volume and row.price != left[0]:
        return 0
    return left[1] - row.volume


def _pair(one: _Fill, two: _Fill) -> bool:
    return (
        one.row.bid != two.row.bid
        and one.row.id != two.row.id
        and abs(one.volume - two.volume) <= PAIR_VOLUME
        and abs(two.row.received - one.row.received) <= PAIR_MS
    )
