"""Rows that are the same in every field as an earlier one, found with bounded memory.

1. Rows are kept by the time of receipt. While it rises, the same row twice stands in one run of rows of equal time: the
   hashes of the rows of the latest time are remembered, and forgotten when time moves on.
2. A row of an earlier time than one before it (a late row) may repeat any row so far. Its hash is kept, and a second
   pass over the unit finds the first of each: `late` says whether there is one to be made.

Where different rows share a sequence number, the numbers count packets or messages, and two rows alike may be two true
things, as two fills of one lot each; they are then told as `alike_rows`, which is no fault.

`LATE_ROWS` late rows are kept; what goes beyond is not compared, and a note says so. Hashes have 64 bits.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from tickwright.core.kernel import inline, kernel
from tickwright.data.quality.tally import Tally
from tickwright.data.store.schema import moments_of

Int: TypeAlias = Any
"""In kernels, an integer of the machine; the type checker has no word for it."""

LATE_ROWS = 1 << 22
_FREE = np.uint64(0)
_MIX_1 = np.uint64(0x9E3779B97F4A7C15)
_MIX_2 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_3 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)


def row_hashes(rows: np.ndarray) -> np.ndarray:
    """A 64-bit hash of every field of each row, never 0."""
    words = np.ascontiguousarray(rows).view(np.uint64).reshape(len(rows), -1)
    out = np.zeros(len(rows), np.uint64)
    hash_rows(words, out)
    return out


@kernel
def hash_rows(words: np.ndarray, out: np.ndarray) -> None:
    """SplitMix64 over the words of each row (Steele, Lea and Flood, 2014)."""
    for i in range(words.shape[0]):
        h = np.uint64(0)
        for j in range(words.shape[1]):
            z = (h ^ words[i, j]) + _MIX_1
            z = (z ^ (z >> _S30)) * _MIX_2
            z = (z ^ (z >> _S27)) * _MIX_3
            h = z ^ (z >> _S31)
        out[i] = h | np.uint64(1)


@inline
def _place(keys: np.ndarray, key: Int) -> Int:
    """The place of a key in a table that is not full, or the free place where it would go."""
    mask = keys.shape[0] - 1
    at = np.int64(key >> np.uint64(20)) & mask
    while keys[at] != _FREE and keys[at] != key:
        at = (at + 1) & mask
    return at


@kernel
def mark_repeats(
    hashes: np.ndarray, moments: np.ndarray, start: Int, state: np.ndarray, keys: np.ndarray, used: np.ndarray,
    marks: np.ndarray,
) -> Int:  # fmt: skip
    """Mark rows 1 (the same as an earlier one of the latest time) or 2 (late). `state`: latest time, keys in use.

    `used` holds the places of the keys, so that forgetting them costs what they are, whatever the size of the table.
    Returns the row at which the table is half full, or the number of rows.
    """
    for i in range(start, hashes.shape[0]):
        if moments[i] < state[0]:
            marks[i] = 2
            continue
        if moments[i] > state[0]:
            state[0] = moments[i]
            for j in range(state[1]):
                keys[used[j]] = _FREE
            state[1] = 0
        elif 2 * (state[1] + 1) > keys.shape[0]:
            return i
        at = _place(keys, hashes[i])
        if keys[at] == hashes[i]:
            marks[i] = 1
        else:
            keys[at] = hashes[i]
            used[state[1]] = at
            state[1] += 1
    return hashes.shape[0]


@kernel
def insert_all(keys: np.ndarray, hashes: np.ndarray) -> None:
    """Put hashes into a table that has room for them."""
    for i in range(hashes.shape[0]):
        if hashes[i] != _FREE:
            keys[_place(keys, hashes[i])] = hashes[i]


@kernel
def mark_late(hashes: np.ndarray, late: np.ndarray, keys: np.ndarray, seen: np.ndarray, marks: np.ndarray) -> None:
    """Second pass: mark late rows whose like was seen before."""
    for i in range(hashes.shape[0]):
        at = _place(keys, hashes[i])
        if keys[at] == hashes[i]:
            if late[i] and seen[at]:
                marks[i] = 1
            seen[at] = True


class Repeats:
    """Marks rows, chunk after chunk: 1 the same as an earlier one of the latest time, 2 late, 0 neither."""

    def __init__(self) -> None:
        self.shared = False
        """Whether different rows share a sequence number."""
        self.hashes: np.ndarray = np.zeros(0, np.uint64)
        """Of the rows of the last chunk."""
        self._state = np.array([np.iinfo(np.int64).min, 0], np.int64)
        self._keys: np.ndarray = np.zeros(64, np.uint64)
        self._used: np.ndarray = np.zeros(32, np.int64)
        self._last: np.ndarray = np.zeros(2, np.uint64)  # sequence number and hash of the last row

    def feed(self, rows: np.ndarray) -> np.ndarray:
        """The next rows → their marks."""
        self.hashes = row_hashes(rows)
        moments = np.ascontiguousarray(moments_of(rows))
        self._compare_numbers(rows)
        marks = np.zeros(len(rows), np.uint8)
        done = 0
        while (done := self._mark(moments, done, marks)) < len(rows):
            larger: np.ndarray = np.zeros(2 * self._keys.size, np.uint64)
            insert_all(larger, self._keys)
            self._keys, self._used = larger, np.zeros(self._keys.size, np.int64)
            places = np.flatnonzero(larger)
            self._used[: places.size] = places
        return marks

    def _mark(self, moments: np.ndarray, start: int, marks: np.ndarray) -> int:
        return int(mark_repeats(self.hashes, moments, start, self._state, self._keys, self._used, marks))

    def _compare_numbers(self, rows: np.ndarray) -> None:
        if "sequence" not in (rows.dtype.names or ()):
            return
        numbers = np.concatenate((self._last[:1], rows["sequence"]))
        whole = np.concatenate((self._last[1:], self.hashes))
        same_number = (numbers[1:] == numbers[:-1]) & (numbers[1:] != 0)
        self.shared = self.shared or bool((same_number & (whole[1:] != whole[:-1])).any())
        self._last = np.array([numbers[-1], whole[-1]], np.uint64)


class Duplicates:
    """The first pass is `feed`; where `late` is true after it, the second is `look_again` over the same rows."""

    def __init__(self, tally: Tally, *, alike: bool = False) -> None:
        self._tally = tally
        self._alike = alike
        self._repeats = Repeats()
        self._late: list[np.ndarray] = []
        self._late_rows = 0
        self._passed_over = 0
        self._highest = np.iinfo(np.int64).min
        self._keys: np.ndarray = np.zeros(0, np.uint64)
        self._seen: np.ndarray = np.zeros(0, bool)

    @property
    def late(self) -> bool:
        """Whether rows stand behind later ones, so that a second pass is needed."""
        return self._late_rows > 0

    def feed(self, rows: np.ndarray, at: int) -> None:
        """The next rows of the first pass."""
        marks = self._repeats.feed(rows)
        self._tally.add_rows("duplicate_rows", marks == 1, rows, at)
        late = self._repeats.hashes[marks == 2]
        room = LATE_ROWS - self._late_rows
        self._passed_over += max(0, late.size - room)
        if late.size and room > 0:
            self._late.append(late[:room])
            self._late_rows += min(room, late.size)

    def look_again(self, rows: np.ndarray, at: int) -> None:
        """The next rows of the second pass."""
        if not self._seen.size:
            size = 1 << (2 * self._late_rows).bit_length()
            self._keys, self._seen = np.zeros(size, np.uint64), np.zeros(size, bool)
            insert_all(self._keys, np.concatenate(self._late))
            self._late = []
        moments = moments_of(rows)
        highest = np.maximum.accumulate(np.concatenate(([self._highest], moments)))
        self._highest = int(highest[-1])
        marks = np.zeros(len(rows), np.uint8)
        mark_late(row_hashes(rows), moments < highest[:-1], self._keys, self._seen, marks)
        self._tally.add_rows("duplicate_rows", marks == 1, rows, at)

    def end(self) -> str | None:
        """After the last row of the last pass: say what rows alike are, and what was not compared."""
        if self._alike or self._repeats.shared:
            self._tally.rename("duplicate_rows", "alike_rows")
        if not self._passed_over:
            return None
        return f"{self._passed_over:,} rows that stand behind later ones were not compared for duplicates"
