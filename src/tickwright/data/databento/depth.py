"""Ten-level books → the schema `depth`: what each record changed, so that a replay holds the recorded levels.

1. Levels become ticks and lots; a side is refused that is not sorted.
2. `depth_kernel.changes` compares each book with the one before: a level that is new or has another size, a level that
   is gone or has left the window of ten (size 0).
3. The rows take the times, sequence and flags of their record; the last has Flag.LAST where the record has it.

After every row with Flag.LAST the replayed book is the recorded one. A book opens with a CLEAR and all its levels, with
Flag.SNAPSHOT: the first of a file and of each UTC day (days are read alone), and where the venue says it is a snapshot.
CLEAR records empty the book likewise. Databento states a trade with the book that it met, so that a TRADE row stands
behind the changes of its record. A record that changes no level is a NONE row where it ends a message that others
began, else no row. Order counts a level, and the order that changed the book, are left behind.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from tickwright.core.events import MARKET_EVENT, Action, Flag
from tickwright.core.instrument import Instrument
from tickwright.core.units import DAY
from tickwright.data.databento.depth_kernel import changes
from tickwright.data.databento.fields import prints, sizes, ticks_of, times
from tickwright.data.databento.layouts import UNDEF_PRICE
from tickwright.data.databento.quotes import check_letters, level_sizes
from tickwright.data.places import Places
from tickwright.data.store.schema import DEPTH

_MOST_ROWS = 1 + 4 * 10 + 1
"""A record can give: CLEAR, every level of both sides gone and new, TRADE."""
_SLICE = 8_192


class DepthMapper:
    """MBP_10 records of one instrument, in order. Raises FileFormatError, OffGridError."""

    def __init__(self) -> None:
        self._book = np.zeros((2, 2, 10), np.int64)  # side, (price, size), level
        self._day = -1
        self._open = np.zeros(1, np.bool_)  # whether the last row lacked Flag.LAST

    def __call__(
        self, raw: np.ndarray, instrument: Instrument, places: Places, told: Counter[str]
    ) -> list[tuple[str, np.ndarray]]:
        """Rows of `depth`; empty when nothing changed."""
        parts = []
        for begin in range(0, len(raw), _SLICE):
            picks = np.arange(begin, min(begin + _SLICE, len(raw)))
            at = picks if places.picks is None else places.picks[picks]
            inner = Places(places.file, places.unit, places.base, at)
            parts.append(self._slice(raw[begin : begin + _SLICE], instrument, inner, told))
        return [(DEPTH, rows) for rows in parts if rows.size]

    def _slice(self, raw: np.ndarray, instrument: Instrument, places: Places, told: Counter[str]) -> np.ndarray:
        check_letters(raw, places)
        action = np.ascontiguousarray(raw["action"])
        bare = (action == Action.CLEAR) | (action == Action.NONE)
        event, received = times(raw, bare, places)
        trade = action == Action.TRADE
        price, subtick = prints(_trade_prices(raw, trade, places), None, instrument, places)
        size = np.where(trade, sizes(raw, ~trade, places), 0)
        flags = raw["flags"]
        openings = (flags & Flag.SNAPSHOT != 0) | self._days(received)
        levels = np.zeros((len(raw), 2, 2, 10), np.int64)
        for i, side in enumerate(("bid", "ask")):
            levels[:, i, 1] = level_sizes(raw, side, places, told)
            levels[:, i, 0] = ticks_of(raw["levels"][f"{side}_px"], instrument, places)
        out = np.zeros((_MOST_ROWS * len(raw), 5), np.int64)
        last = flags & Flag.LAST != 0
        rows, bad, quiet = changes(self._book, levels, openings, action, last, self._open, price, size, out)
        if bad >= 0:
            found = f"levels {raw['levels'][['bid_px', 'ask_px']][bad].tolist()}"
            places.refuse(
                np.arange(len(raw)) == bad, lambda k: found, "bids falling and asks rising from level to level"
            )
        if quiet:
            told["mbp-10 records changed no price or size of the ten levels, and gave no row"] += int(quiet)
        return self._events(raw, out[:rows], event, received, openings, subtick, instrument)

    def _days(self, received: np.ndarray) -> np.ndarray:
        days = received // DAY
        fresh: np.ndarray = np.diff(days, prepend=self._day) != 0
        self._day = int(days[-1])
        return fresh

    def _events(
        self, raw: np.ndarray, out: np.ndarray, event: np.ndarray, received: np.ndarray, openings: np.ndarray,
        subtick: np.ndarray | int, instrument: Instrument,
    ) -> np.ndarray:  # fmt: skip
        of, action, side, price, size = out.T
        rows = np.zeros(len(out), MARKET_EVENT)
        rows["ts_event"], rows["ts_recv"] = event[of], received[of]
        rows["price"], rows["size"], rows["action"], rows["side"] = price, size, action, side
        traded = action == Action.TRADE
        rows["side"][traded] = raw["side"][of[traded]]
        if not isinstance(subtick, int):
            rows["subtick"] = np.where(traded, subtick[of], 0)
        flags = raw["flags"][of] | np.uint8(Flag.AGGREGATED)
        ends = np.append(of[1:] != of[:-1], True) if of.size else np.zeros(0, bool)
        rows["flags"] = np.where(ends, flags, flags & ~np.uint8(Flag.LAST))
        # The vendor's own flag may stand on a record that we open a book with or not: ours says what the row is.
        shown = openings[of] & ~traded
        rows["flags"] = np.where(shown, rows["flags"] | Flag.SNAPSHOT, rows["flags"] & ~np.uint8(Flag.SNAPSHOT))
        rows["sequence"], rows["venue_id"] = raw["sequence"][of], raw["publisher_id"][of]
        rows["instrument_id"] = instrument.id
        return rows


def _trade_prices(raw: np.ndarray, trade: np.ndarray, places: Places) -> np.ndarray:
    price = raw["price"]
    places.refuse(trade & (price == UNDEF_PRICE), lambda k: "T without a price", "a price")
    return np.where(trade, price, 0)
