"""The table of checks: what each code means, how bad it is, and what the fault would do to fills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]
"""`error`: a replay of these rows is wrong. `warning`: it may be. `info`: worth knowing, and seen on good days too."""


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of fault."""

    severity: Severity
    meaning: str
    effect: str
    """What it would do to simulated fills."""


CODES: dict[str, Code] = {
    # the book
    "crossed_book": Code(
        "error", "best bid above best ask at the end of a message, in continuous trading",
        "orders would fill at prices that nobody offered; spread costs and markouts come out too good",
    ),
    "locked_book": Code(
        "warning", "best bid equal to best ask at the end of a message, in continuous trading",
        "the spread is zero: a take looks free, and a resting order may fill where the venue would have matched",
    ),
    "crossed_book_closed": Code(
        "info", "book crossed or locked while orders are collected: before the open, in an auction or a halt",
        "none, as long as nothing is executed against these quotes",
    ),
    "crossed_carried": Code(
        "info", "best bid at or above best ask, where a row states one side and the other is carried on from earlier "
        "rows: an artefact of the reading, as the two are of different moments",
        "none is proven: the side carried on may have been withdrawn since, so such a quote could not be traded at",
    ),
    "unknown_order": Code(
        "error", "cancel, modify or execution of an order that is not in the book",
        "its lots were never ahead of ours in a queue, and the level shows too little: passive fills come too early",
    ),
    "duplicate_order": Code(
        "error", "an order is added under an id that still lives",
        "the second is left out of the book: the level shows too little, and queues are too short",
    ),
    "over_reduction": Code(
        "error", "more lots leave an order than it has",
        "an earlier message is missing or wrong: displayed size and queue position are off from there on",
    ),
    "bad_row": Code(
        "error", "an action, a side or a price that no book can take",
        "a replay refuses the day, or leaves the row out",
    ),
    "maybe_bad_book": Code(
        "warning", "rows that the reader marked as following an unrepaired gap",
        "the book is not to be trusted until the next snapshot; fills there are guesses",
    ),
    "book_rows_misaligned": Code(
        "error", "a vendor's book rows are not as many as the messages that they belong to",
        "a replay that follows the vendor's book is refused",
    ),
    # trades and quotes
    "trade_outside_quote": Code(
        "warning", "a trade above the ask or below the bid that stand before and after its message",
        "book and prints disagree: slippage against the quote is wrong, and limit orders fill when they should not",
    ),
    "trade_outside_depth": Code(
        "info", "a trade outside the quotes before and after it, where quotes and trades come in separate messages",
        "the book was elsewhere for a moment that the feed does not show; fills by trade-through may differ there",
    ),
    "depth_behind_trades": Code(
        "warning", "more than 5 % of the trades lie outside the quotes before and after them: the feed shows its book "
        "at intervals, and trades as they happen",
        "between two messages the book stands still: takes fill at levels that were gone, for up to an interval, and "
        "resting orders fill by trades at prices that the book never showed",
    ),
    "stale_quote": Code(
        "warning", "best bid and ask stand still for long while trades go on",
        "takes fill against a quote that was gone, at prices of the past",
    ),
    # rows
    "size_not_positive": Code(
        "error", "a size below one lot where lots are added, taken or traded, or a negative one",
        "a replay refuses the day; volume and participation are wrong",
    ),
    "price_not_positive": Code(
        "warning", "a price of zero or less on an order, a quote, a trade or a bar (calendar spreads may have them)",
        "a fill there would be given away; returns and basis points have no meaning",
    ),
    "duplicate_rows": Code(
        "warning", "a row that is the same in every field as an earlier one",
        "trades and volume count twice, so participation is too low and passive fills come too often",
    ),
    "alike_rows": Code(
        "info", "rows alike in every field, in a feed whose sequence numbers count packets, so that both may be true",
        "none if both are true; if not, volume counts twice",
    ),
    # time
    "event_clock_back": Code(
        "warning", "exchange time steps back from one row to the next",
        "the order of events is in doubt; a replay moves the row to the later time",
    ),
    "event_clock_coarse": Code(
        "info", "exchange time cut to the second, so that it lies before finer stamps of earlier rows",
        "the order of rows is that of receipt; exchange time is right to a second alone",
    ),
    "recv_clock_back": Code(
        "warning", "receive time steps back from one row to the next",
        "rows are out of order: a strategy would see some of them too early or too late",
    ),
    "recv_before_event": Code(
        "warning", "received before it happened: the clock of the recorder or of the exchange is off",
        "feed latency comes out negative, and a replay takes it as zero: fills come sooner than they could",
    ),
    "sequence_gap": Code(
        "error", "sequence numbers are missing in a feed that counts one by one: lost, or passed over by the reader",
        "the book keeps orders that are gone and lacks others; prints that are not there add no volume",
    ),
    "sequence_back": Code(
        "warning", "a sequence number below the one before",
        "rows are out of order or repeated: queue positions are in doubt",
    ),
    "session_gap": Code(
        "warning", "no rows for much longer than is usual while the market is open",
        "a recording that stood still: orders would wait in a frozen book and then fill in a jump",
    ),
    "off_hours": Code(
        "info", "rows outside the session hours of the calendar",
        "orders could fill when the main market is closed, in thin books",
    ),
    # bars
    "bar_inconsistent": Code(
        "error", "high below low, or open or close outside of both",
        "a limit order may count as filled at a price that never traded; ranges and volatility are wrong",
    ),
    "bar_missing_field": Code(
        "warning", "a bar without its open, high, low, close or volume",
        "nothing can be filled at the missing price; indicators skip the bar or take a zero for a price",
    ),
    "bar_missing": Code(
        "warning", "no bar where the session should have one, for longer than this market's thin trading explains",
        "a schedule finds no price and no volume there; returns span the hole",
    ),
    "bar_empty": Code(
        "info", "no bar for a few intervals, as often in this market: as a rule nothing was traded",
        "none, as long as a missing bar is taken for no volume and an unchanged price",
    ),
    "bar_repeated": Code(
        "error", "two different bars of the same interval",
        "which one is true cannot be told; volume counts twice",
    ),
    "large_move": Code(
        "warning", "the close moves by more than 40 % from the bar before",
        "if it is no real move, every position across it earns or loses what nobody did",
    ),
    "large_change": Code(
        "info", "a series of closes alone (a rate, an index of volatility) changes by more than 40 %",
        "none: it is not traded; as an input of a model it may need another scale",
    ),
    "split_unadjusted": Code(
        "warning", "open and close both stand at a split ratio to the close before (2:1, 3:2, 1:10 …)",
        "a split that was not adjusted for looks like a return; holdings and limits are off by the ratio",
    ),
}  # fmt: skip
"""Every check, by code."""

_WHY_LEFT: dict[str, str] = {
    "nothing is proven to be wrong": "crossed_book_closed alike_rows event_clock_coarse off_hours bar_empty "
    "large_change",
    "the order is that of the file, and sequence numbers do not prove another": "recv_clock_back sequence_back",
    "rows alike have no number of their own, so both may be true": "duplicate_rows",
    "which message is missing or wrong is not in the data": "crossed_book locked_book unknown_order duplicate_order "
    "over_reduction maybe_bad_book book_rows_misaligned",
    "what was not recorded cannot be made up": "sequence_gap session_gap bar_missing bar_missing_field stale_quote "
    "depth_behind_trades trade_outside_depth crossed_carried",
    "which of the two is right is not in the data": "trade_outside_quote bar_repeated bar_inconsistent",
    "a value that is wrong does not say what is right": "bad_row size_not_positive price_not_positive "
    "event_clock_back recv_before_event",
    "prices are kept as they traded; splits are reference data (ingest reference)": "large_move split_unadjusted",
}
WHY_LEFT: dict[str, str] = {code: reason for reason, codes in _WHY_LEFT.items() for code in codes.split()}
"""Why `data.quality.fix` leaves what is found under a code, where it is left."""

FAILING: tuple[Severity, ...] = ("error", "warning")
"""Severities that make a check of a catalog fail."""
