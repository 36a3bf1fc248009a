"""The quotes and the trades of a recorded market."""

from __future__ import annotations

import numpy as np

from tickwright.book.l3 import apply
from tickwright.book.ladder import best, has, level_size
from tickwright.book.layout import ASK, BID, BOOK, Int, Rows, check_code
from tickwright.book.replay import reset_book
from tickwright.book.tape import Tape, centre_of
from tickwright.core.events import QUOTE, TRADE, Action, Side
from tickwright.core.kernel import kernel


def quotes_of(tape: Tape) -> np.ndarray:
    """One QUOTE row per change of a best price or of the size there.

    Rows of one `ts_event` are one change: the state after the last of them counts, so that no quote shows a book half
    way through an event, and a change undone within the same nanosecond leaves no row. Raises BookError.
    """
    books = np.zeros(1, BOOK)
    reset_book(books, 0, centre_of(tape.rows))
    out = np.zeros(len(tape.rows), QUOTE)
    at, code, n = quote_rows(books, 0, tape.rows, out)
    check_code(code, f"tape row {at}")
    return out[:n].copy()


def trades_of(events: np.ndarray) -> np.ndarray:
    """TRADE rows of MARKET_EVENTs: EXECUTE, HIDDEN, TRADE and CROSS. FILLs are left out: their TRADE covers them.

    `side` is the aggressor's: +1 bought, -1 sold, 0 in a cross or where the venue does not say.
    """
    action = events["action"]
    is_print = np.isin(action, [Action.EXECUTE, Action.HIDDEN, Action.TRADE, Action.CROSS])
    prints = events[is_print]
    out = np.zeros(len(prints), TRADE)
    for name in ("price", "subtick", "size"):
        out[name] = prints[name]
    # A tape's times are running maxima; so are these, or prints and quotes would not meet.
    out["ts_event"] = np.maximum.accumulate(events["ts_event"])[is_print] if len(events) else 0
    named = np.where(prints["side"] == Side.BID, 1, np.where(prints["side"] == Side.ASK, -1, 0))
    resting = prints["action"] == Action.EXECUTE
    out["side"] = np.where(resting, -named, np.where(prints["action"] == Action.CROSS, 0, named))
    return out


@kernel
def quote_rows(books: Rows, k: Int, rows: Rows, out: Rows) -> tuple[Int, Int, Int]:
    """Replay TAPE rows through `books[k]` writing QUOTE rows: (rows applied, code, quotes written)."""
    book = books[k]
    ladder = book.ladder
    n = np.int64(0)
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
