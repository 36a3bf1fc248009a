"""Does a recorded ten-level book (MBP-10) follow from the recorded orders (MBO) of the same instrument?

The exact L3 book is built from the orders. Records belong together that have the same `ts_recv` and `sequence`: those
of one packet of the venue. Databento writes a MBP-10 record for each trade and each change inside the top ten levels,
with the levels after it; a trade shows the book as it met it. So, packet by packet:

1. The trades of a packet have their records in order, and each shows the book before its trade.
2. Any other record shows the book after an MBO record that changed the ten levels (or after a clear, of which it is the
   record), in order, one record for one change, none twice. Prices, sizes and numbers of orders are all compared.
3. The last record of a packet shows the book after it, unless it is a trade.
4. A packet (up to Flag.LAST) that changed the ten levels has a record that shows them. Snapshots are exempt, and what
   comes before the first MBP-10 record.
5. A MBP-10 record has MBO records of its packet.

What is not found: a feed may leave out states inside a packet, and Databento's does, so a packet with fewer records
than changes may show any of its states, but for the last one and those of trades. Of a record only the levels,
`ts_recv`, `sequence` and whether it is a trade or a clear are looked at: its own price, size, side, depth, flags and
other times are not, since Databento's older files state them otherwise than their MBO records do.

Both files are read as streams, in order of `ts_recv`. Source: Databento's "MBP-10" schema reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from tickwright.book import verify_depth_kernel as kernel
from tickwright.book.layout import BOOK, check_code
from tickwright.book.replay import reset_book
from tickwright.book.tape import TapeCompiler, centre_of
from tickwright.book.verify_depth_kernel import LEVELS, SHOWN
from tickwright.core.errors import BookError
from tickwright.core.events import MARKET_EVENT, Action, Flag

UNDEF_PRICE = 2**63 - 1
UNDEF_SIZE = 2**32 - 1
_NOWHERE = -(2**62)  # a price that no level has


@dataclass(frozen=True, slots=True)
class DepthComparison:
    """What was compared. `mismatches` is the sum of the three kinds below it."""

    rows: int
    """MBP-10 records."""
    mismatches: int
    differing: int
    """Records whose levels are not the book's; those behind one in its packet, up to the next trade, are among them."""
    unmatched: int
    """Records without an MBO record of the same packet."""
    missing: int
    """Packets that changed the ten levels, and trades, without a record that says so."""
    events: int
    """MBO records."""
    unknown_orders: int
    """MBO records about orders that are not in the book: the file does not start from an empty one."""
    first_row: int | None
    """The first differing or unmatched record, from 0."""
    first_event: int | None
    """The MBO record, from 0, at which the first mismatch of any kind was seen."""
    first_difference: str | None
    """The first level that differs, in words."""


def common_price_unit(mbo: Iterable[np.ndarray]) -> int:
    """The greatest common divisor of the prices of orders in MBO records, in their own billionths; 1 without any.

    Trades do not count, they may print between ticks; nor does an MBP-10 file: a level off this grid is no order's.
    """
    unit = 0
    for raw in mbo:
        placed = (raw["action"] == Action.ADD) | (raw["action"] == Action.MODIFY)
        prices = raw["price"][placed & (raw["price"] != UNDEF_PRICE)]
        unit = int(np.gcd.reduce(np.abs(np.unique(prices)), initial=unit))
    return unit or 1


def verify_depth(mbo: Iterable[np.ndarray], mbp10: Iterable[np.ndarray], unit: int) -> DepthComparison:
    """Compare MBP-10 records with the book of MBO records of the same instrument, from an empty book on.

    Both are blocks of records with the field names that Databento publishes; prices of orders are whole multiples of
    `unit`, of which they become ticks. Raises BookError for several instruments or for an order that no book could
    apply, CapacityError beyond the capacities of `layout.BOOK`.
    """
    same = _SameInstrument()
    feed = _Shown(_shown(raw, unit) for raw in same.only(mbp10, "MBP-10"))
    compiler = TapeCompiler("count")
    books, state = np.zeros(1, BOOK), kernel.begin()
    levels = np.zeros((5, 2, 3, LEVELS), np.int64)
    done, centred = 0, False
    for raw in same.only(mbo, "MBO"):
        events = _events(raw, unit)
        # Copies in one piece: a column of one row is laid out otherwise than one of several, another kernel to compile.
        ts_recv, sequence = events["ts_recv"].copy(), events["sequence"].astype(np.int64)
        flags, actions = events["flags"].copy(), events["action"].copy()
        events["flags"] = Flag.LAST  # the tape's last row of each event, whatever the feed said
        rows = compiler.feed(events)
        if not centred:
            reset_book(books, 0, centre_of(rows))
            centred = True
        at, stop = 0, kernel.MORE
        state[kernel.EVENT] = 0
        while stop == kernel.MORE:
            at, stop = kernel.compare(
                books, 0, rows, at, ts_recv, sequence, flags, actions, done, feed.rows, feed.ended, state, levels,
            )  # fmt: skip
            if stop == kernel.MORE:
                feed.more(state)
        check_code(stop, f"MBO record {done + int(state[kernel.EVENT])}")
        done += len(events)
    kernel.close(feed.rows, done, state, levels)
    while not feed.ended:  # records without a packet: only counted
        if state[kernel.FIRST_ROW] < 0 and state[kernel.NEXT] < len(feed.rows):
            state[kernel.FIRST_ROW] = state[kernel.BASE] + state[kernel.NEXT]
        state[kernel.NEXT] = len(feed.rows)
        feed.more(state)
    return _counts(state, feed.taken, done, compiler.counts().unknown, _words(state, levels, unit))


class _SameInstrument:
    """One instrument throughout both files."""

    def __init__(self) -> None:
        self._known: tuple[int, str] | None = None

    def only(self, blocks: Iterable[np.ndarray], name: str) -> Iterator[np.ndarray]:
        for raw in blocks:
            for number in np.unique(raw["instrument_id"]).tolist():
                self._known = self._known or (number, name)
                if number != self._known[0]:
                    raise BookError(
                        f"the {name} file holds instrument {number}, the {self._known[1]} file {self._known[0]}; "
                        "one book is of one instrument"
                    )
            yield raw


class _Shown:
    """MBP-10 records in a buffer that is refilled from behind: `state` says up to where they are done with."""

    def __init__(self, blocks: Iterator[np.ndarray]) -> None:
        self._blocks = blocks
        self.rows: np.ndarray = np.zeros(0, SHOWN)
        self.ended = False
        self.taken = 0

    def more(self, state: np.ndarray) -> None:
        done = int(state[kernel.NEXT])
        fresh = next(self._blocks, None)
        self.ended = fresh is None
        if fresh is not None:
            self.rows = np.concatenate([self.rows[done:], fresh])
            state[kernel.BASE] += done
            state[kernel.NEXT] = 0
            self.taken += len(fresh)


def _events(raw: np.ndarray, unit: int) -> np.ndarray:
    """MBO records as MARKET_EVENT with prices in units."""
    bare = (raw["action"] == Action.CLEAR) | (raw["action"] == Action.NONE)
    events = np.zeros(len(raw), MARKET_EVENT)
    for name in ("ts_event", "ts_recv", "order_id", "sequence", "action", "side", "flags"):
        events[name] = raw[name]
    events["size"] = np.where(bare, 0, raw["size"])
    prices = np.where(bare | (raw["price"] == UNDEF_PRICE), 0, raw["price"])
    events["price"] = prices // unit
    return events


def _shown(raw: np.ndarray, unit: int) -> np.ndarray:
    """MBP-10 records as SHOWN: an empty level is zeros, a price off the unit is nowhere."""
    rows = np.zeros(len(raw), SHOWN)
    for name in ("ts_recv", "sequence", "action"):
        rows[name] = raw[name]
    for k, side in enumerate(("bid", "ask")):
        prices, sizes, counts = (raw["levels"][f"{side}_{field}"] for field in ("px", "sz", "ct"))
        empty = (prices == UNDEF_PRICE) & (sizes == 0)
        off = (prices % unit != 0) | (empty != (sizes == 0))
        rows["levels"][:, k, 0] = np.where(empty, 0, np.where(off, _NOWHERE, prices // unit))
        rows["levels"][:, k, 1] = sizes
        rows["levels"][:, k, 2] = counts
    return rows


def _words(state: np.ndarray, levels: np.ndarray, unit: int) -> str | None:
    """The first level that differs, best first."""
    if not state[kernel.DIFFERING]:
        return None
    expected, found = levels[kernel.EXPECTED], levels[kernel.FOUND]
    for i in range(LEVELS):
        for k, side in enumerate(("bid", "ask")):
            if (expected[k, :, i] != found[k, :, i]).any():
                return (
                    f"{side} level {i}: {_level(found[k, :, i], unit)}, the book has {_level(expected[k, :, i], unit)}"
                )
    return "an earlier state of its packet, or a later one"


def _level(level: np.ndarray, unit: int) -> str:
    price, size, count = level.tolist()
    if not (price or size or count):
        return "nothing"
    shown = "a price off the grid" if price == _NOWHERE else str(Decimal(price * unit) / 10**9)
    return f"{size} at {shown} in {count} orders"


def _counts(state: np.ndarray, rows: int, events: int, unknown: int, words: str | None) -> DepthComparison:
    differing, missing = int(state[kernel.DIFFERING]), int(state[kernel.MISSING])
    unmatched = rows - int(state[kernel.MATCHED])
    first_row, first_event = int(state[kernel.FIRST_ROW]), int(state[kernel.FIRST_EVENT])
    return DepthComparison(
        rows=rows, mismatches=differing + unmatched + missing, differing=differing, unmatched=unmatched,
        missing=missing, events=events, unknown_orders=unknown, first_row=None if first_row < 0 else first_row,
        first_event=None if first_event < 0 else first_event, first_difference=words,
    )  # fmt: skip
