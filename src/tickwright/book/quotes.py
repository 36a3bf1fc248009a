"""The quotes and the trades of a recorded market."""

from __future__ import annotations

import numpy as np

from tickwright.book.l3 import apply
from tickwright.book.ladder import best, has, level_size
from tickwright.book.layout import ASK, BID, BOOK, TAPE, Int, Rows, check_code
from tickwright.book.replay import reset_book
from tickwright.book.tape import Tape, centre_of
from tickwright.core.events import QUOTE, TRADE, Action, Side
from tickwright.core.kernel import kernel
from tickwright.core.units import Nanos

_EARLIEST = int(np.iinfo(np.int64).min)


def quotes_of(tape: Tape) -> np.ndarray:
    """One QUOTE row per change of a best price or of the size there.

    Rows of one `ts_event` are one change: the state after the last of them counts, so that no quote shows a book half
    way through an event, and a change undone within the same nanosecond leaves no row. Raises BookError.
    """
    stream = QuoteStream()
    return np.concatenate([stream.feed(tape.rows), stream.close()])


class QuoteStream:
    """`quotes_of` of a tape that comes in pieces; the rows of its last `ts_event` wait for the next piece."""

    def __init__(self) -> None:
        self._books = np.zeros(1, BOOK)
        self._waiting: np.ndarray = np.zeros(0, TAPE)
        self._last: np.ndarray = np.zeros(0, QUOTE)
        self._done = 0

    def feed(self, rows: np.ndarray) -> np.ndarray:
        """The next TAPE rows → the QUOTE rows that are certain by now. Raises BookError."""
        if not len(rows):
            return np.zeros(0, QUOTE)
        if len(self._waiting):
            rows = np.concatenate([self._waiting, rows])
        cut = int(np.searchsorted(rows["ts_event"], rows["ts_event"][-1]))
        self._waiting = rows[cut:].copy()
        return self._quotes(rows[:cut])

    def close(self) -> np.ndarray:
        """The QUOTE rows of what waited. Raises BookError."""
        rows, self._waiting = self._waiting, np.zeros(0, TAPE)
        return self._quotes(rows)

    def _quotes(self, rows: np.ndarray) -> np.ndarray:
        if len(rows) and not self._done:
            reset_book(self._books, 0, centre_of(rows))
        known = len(self._last)
        out = np.zeros(known + len(rows), QUOTE)
        out[:known] = self._last
        at, code, n = quote_rows(self._books, 0, rows, out, known)
        check_code(code, f"tape row {self._done + at}")
        self._done += len(rows)
        self._last = out[max(0, n - 1) : n].copy()
        return out[known:n].copy()


def trades_of(events: np.ndarray, since: Nanos = _EARLIEST) -> np.ndarray:
    """TRADE rows of MARKET_EVENTs: EXECUTE, HIDDEN, TRADE and CROSS. FILLs are left out: their TRADE covers them.

    `side` is the aggressor's: +1 bought, -1 sold, 0 in a cross or where the venue does not say. `since` is the latest
    `ts_event` of the rows before these, where they are a later part of a feed.
    """
    action = events["action"]
    is_print = np.isin(action, [Action.EXECUTE, Action.HIDDEN, Action.TRADE, Action.CROSS])
    prints = events[is_print]
    out = np.zeros(len(prints), TRADE)
    for name in ("price", "subtick", "size"):
        out[name] = prints[name]
    # A tape's times are running maxima; so are these, or prints and quotes would not meet.
    if len(events):
        out["ts_event"] = np.maximum(np.maximum.accumulate(events["ts_event"])[is_print], since)
    named = np.where(prints["side"] == Side.BID, 1, np.where(prints["side"] == Side.ASK, -1, 0))
    resting = prints["action"] == Action.EXECUTE
    out["side"] = np.where(resting, -named, np.where(prints["action"] == Action.CROSS, 0, named))
    return out


@kernel
def quote_rows(books: Rows, k: Int, rows: Rows, out: Rows, known: Int) -> tuple[Int, Int, Int]:
    """Replay TAPE rows through `books[k]` writing QUOTE rows behind the `known` ones: (rows applied, code, quotes)."""
    book = books[k]
    ladder = book.ladder
    n = np.int64(known)
    for i in range(rows.shape[0]):
        code = apply(book, rows[i])
        if code < 0:
            return np.int64(i), np.int64(code), n
        now = rows[i].ts_event
        if i + 1 < rows.shape[0] and rows[i + 1].ts_event == now:
            continue
        bid, ask, bid_size, ask_size = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
        if has(ladder, BID):
            bid = best(ladder, BID)
            bid_size = level_size(ladder, BID, bid)
        if has(ladder, ASK):
            ask = best(ladder, ASK)
            ask_size = level_size(ladder, ASK, ask)
        if n > 0:
            last = out[n - 1]
            if last.bid == bid and last.ask == ask and last.bid_size == bid_size and last.ask_size == ask_size:
                continue
        elif bid_size == 0 and ask_size == 0:
            continue
        quote = out[n]
        quote.ts_event = now
        quote.bid = bid
        quote.ask = ask
        quote.bid_size = bid_size
        quote.ask_size = ask_size
        n += 1
    return np.int64(rows.shape[0]), np.int64(0), n
