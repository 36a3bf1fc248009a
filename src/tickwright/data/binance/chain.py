"""The exchange's rule of sequence: which depth updates make the book, and from where on it may be wrong.

A snapshot holds the book up to its `lastUpdateId`. An update holds all changes after `U` − 1 (spot) or `pu` (USD-M)
up to `u`. So, with `last` the id that the book is at:

| update | then |
|---|---|
| `u` <= `last` | it is in the book already: dropped |
| `U` − 1 or `pu` <= `last` < `u` | it is applied, and the book is at `u` |
| `U` − 1 or `pu` > `last` | updates are missing: a gap; it is applied, and the book may be wrong until a snapshot |

That is Binance's procedure, spot (`U` <= `lastUpdateId` + 1 <= `u`, then `U` = the previous `u` + 1) and USD-M
(`U` <= `lastUpdateId` <= `u`, then `pu` = the previous `u`), in one form, with two liberties that lose nothing: an
update that overlaps the one before it is applied, for sizes are absolute; and so is a first USD-M update that begins
behind the snapshot but names as its predecessor one that the snapshot holds.

The reply to a request for a snapshot comes late, so updates that were received before it may have to follow it: those
of the batch at hand and the one before it are kept for that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from tickwright.data.binance.message import DEPTH, SNAPSHOT

_GAPS_TOLD = 5


@dataclass(frozen=True, slots=True)
class Rows:
    """Messages with their levels in whole ticks and lots."""

    messages: np.ndarray
    price: np.ndarray
    size: np.ndarray


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of messages to write as it stands: `take` says which, `bad` where the book may be wrong."""

    rows: Rows
    take: np.ndarray
    bad: np.ndarray


@dataclass(slots=True)
class Chain:
    """The state of one book."""

    usdm: bool
    last: int | None = None
    """Update id that the book is at; None before the first snapshot."""
    broken: bool = False
    snapshots: int = 0
    gaps: int = 0
    waiting: int = 0
    """Updates before the first snapshot that no snapshot took up."""
    stale: int = 0
    """Updates that were in the book already."""
    overlaps: int = 0
    told: list[str] = field(default_factory=list)
    _before: Rows | None = None
    _fresh: bool = False
    """No update has been applied since the snapshot."""

    def follow(self, rows: Rows) -> Iterator[Piece]:
        """The next batch, in the order in which a desk could have applied it."""
        messages = rows.messages
        kind = messages["kind"].copy()  # together, for two looks
        books = np.flatnonzero((kind == DEPTH) | (kind == SNAPSHOT))
        take, bad = np.ones(messages.size, bool), np.full(messages.size, self.broken)
        begin = 0
        if self._goes_on(kind[books], messages[books]):
            books = books[:0]
        for k, ids in zip(books.tolist(), _ids(messages[books]), strict=True):
            if kind[k] == DEPTH:
                sound = not self.broken
                take[k] = self._live(*ids)
                if sound and self.broken:
                    bad[k:] = True
                continue
            yield _piece(rows, take, bad, begin, k)
            first = self.last is None
            self.last, self.broken, self._fresh = ids[1], False, True
            self.snapshots += 1
            yield Piece(_part(rows, k, k + 1), np.ones(1, bool), np.zeros(1, bool))
            for kept in (self._before, _part(rows, 0, k)):
                yield from self._caught_up(kept, int(messages["ts_recv"][k]), first)
            bad[k:] = self.broken
            begin = k + 1
        yield _piece(rows, take, bad, begin, messages.size)
        self._before = rows

    def notes(self) -> list[str]:
        """What a reader of the file should know."""
        if not self.snapshots:
            return ["no snapshot, so no book: depth holds the trades alone"] if self.waiting else []
        gaps = f"{f'{self.gaps:,}' if self.gaps else 'no'} {'gap' if self.gaps == 1 else 'gaps'}"
        snapshots = f"{self.snapshots:,} {'snapshot' if self.snapshots == 1 else 'snapshots'}"
        notes = [f"{gaps} in the update ids, {snapshots}", *self.told]
        if self.gaps > _GAPS_TOLD:
            notes.append(f"and {self.gaps - _GAPS_TOLD:,} gaps more")
        if self.overlaps:
            notes.append(f"{self.overlaps:,} updates overlap the one before them: applied, sizes are absolute")
        return notes

    def _goes_on(self, kind: np.ndarray, books: np.ndarray) -> bool:
        """Whether all of these are updates, each of which follows the one before it: the rule, and then it is done."""
        if self.last is None or not books.size or (kind != DEPTH).any():
            return False
        since = books["previous"] if self.usdm else books["first"] - 1
        at = np.concatenate([[self.last], books["last"][:-1]])
        if (since != at).any() or (books["last"] <= at).any():
            return False
        self.last, self._fresh = int(books["last"][-1]), False
        return True

    def _live(self, first: int, last: int, previous: int, line: int) -> bool:
        """Whether an update is to be written where it stands."""
        if self.last is None:
            self.waiting += 1
            return False
        if last <= self.last:
            self.stale += 1
            return False
        self._apply(first, last, previous, line)
        return True

    def _caught_up(self, kept: Rows | None, ts_recv: int, first: bool) -> Iterator[Piece]:
        """The kept updates that a snapshot does not hold, as if received with it: nobody could apply them before."""
        if kept is None:
            return
        updates = kept.messages[kept.messages["kind"] == DEPTH]
        take, bad = np.zeros(updates.size, bool), np.zeros(updates.size, bool)
        for k, ids in enumerate(_ids(updates)):
            if self.last is not None and ids[1] > self.last:
                self._apply(*ids)
                self.waiting -= first
                take[k], bad[k] = True, self.broken
        updates["ts_recv"] = ts_recv
        yield Piece(Rows(updates, kept.price, kept.size), take, bad)

    def _apply(self, first: int, last: int, previous: int, line: int) -> None:
        since = previous if self.usdm else first - 1
        at = self.last or 0
        if since > at:
            self.broken = True
            self.gaps += 1
            if self.gaps <= _GAPS_TOLD:
                self.told.append(
                    f"gap at line {line:,}: its update follows id {since}, the book is at {at}; rows from there to the "
                    "next snapshot are marked MAYBE_BAD_BOOK"
                )
        self.overlaps += since < at and not self._fresh
        self.last, self._fresh = last, False


def _ids(messages: np.ndarray) -> Iterator[tuple[int, int, int, int]]:
    """(first, last, previous, line) of each."""
    return zip(*(messages[name].tolist() for name in ("first", "last", "previous", "line")), strict=True)


def _part(rows: Rows, begin: int, end: int) -> Rows:
    return Rows(rows.messages[begin:end], rows.price, rows.size)


def _piece(rows: Rows, take: np.ndarray, bad: np.ndarray, begin: int, end: int) -> Piece:
    return Piece(_part(rows, begin, end), take[begin:end], bad[begin:end].copy())
