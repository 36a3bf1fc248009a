"""Checks of single rows: sizes, prices, marks of the reader, hours. Each looks at one chunk and keeps nothing."""

from __future__ import annotations

import numpy as np

from tickwright.core.events import Action, Flag
from tickwright.core.tables import Missing
from tickwright.data.quality.hours import Hours
from tickwright.data.quality.tally import Tally

# By the code of an action.
_SIZED = np.zeros(256, bool)
_SIZED[[Action.ADD, Action.CANCEL, Action.EXECUTE, Action.FILL, Action.TRADE, Action.HIDDEN]] = True
_PRICED = np.zeros(256, bool)
_PRICED[[Action.ADD, Action.EXECUTE, Action.TRADE, Action.HIDDEN]] = True
_PRICED_WITH_SIZE = np.zeros(256, bool)
_PRICED_WITH_SIZE[[Action.MODIFY, Action.CROSS]] = True


def check_rows(tally: Tally, rows: np.ndarray, at: int, hours: Hours | None) -> None:
    """Every check of single rows that the layout allows."""
    names = rows.dtype.names or ()
    sizes, prices = bad_sizes(rows), bad_prices(rows)
    tally.add_rows("size_not_positive", sizes, rows, at)
    tally.add_rows("price_not_positive", prices, rows, at)
    if "flags" in names:
        tally.add_rows("maybe_bad_book", (rows["flags"] & Flag.MAYBE_BAD_BOOK) != 0, rows, at)
    if hours is not None:
        snapshot = (rows["flags"] & Flag.SNAPSHOT) != 0 if "flags" in names else np.zeros(len(rows), bool)
        outside = ~hours.within(rows["ts_event"]) & ~snapshot
        if "open" in names:
            outside &= ~np.isin(rows["ts_event"], hours.closes)  # the bar that holds a closing auction
        tally.add_rows("off_hours", outside, rows, at)


def bad_sizes(rows: np.ndarray) -> np.ndarray:
    """Where a size is below one lot although lots are added, taken or traded, or is negative."""
    names = rows.dtype.names or ()
    if {"action", "size"} <= set(names):
        return np.asarray(rows["size"] < _SIZED[rows["action"]])
    if "open" in names:
        return np.asarray(rows["volume"] < 0)
    if "bid_size" in names:
        return np.asarray((rows["bid_size"] < 0) | (rows["ask_size"] < 0))
    if not {"price", "size"} <= set(names):
        return np.zeros(len(rows), bool)  # a definition, a statistic, a status, an imbalance
    return np.asarray(rows["size"] <= 0)


def bad_prices(rows: np.ndarray) -> np.ndarray:
    """Where a price of zero or less stands although there is something to be had at it."""
    names = rows.dtype.names or ()
    if {"action", "size"} <= set(names):
        action = rows["action"]
        counts = _PRICED[action] | (_PRICED_WITH_SIZE[action] & (rows["size"] > 0))
        return np.asarray(counts & _none(rows["price"], rows["subtick"]))
    if "open" in names:
        bad = np.zeros(len(rows), bool)
        for name in ("open", "high", "low", "close"):
            bad |= (rows[name] <= 0) & ((rows["missing"] & Missing[name.upper()]) == 0)
        return bad
    if "bid_size" in names:
        bid, ask = rows["bid_size"] > 0, rows["ask_size"] > 0
        return np.asarray((bid & (rows["bid"] <= 0)) | (ask & (rows["ask"] <= 0)))
    if not {"price", "size", "subtick"} <= set(names):
        return np.zeros(len(rows), bool)
    return _none(rows["price"], rows["subtick"])


def _none(price: np.ndarray, subtick: np.ndarray) -> np.ndarray:
    """Below zero, or zero and no part of a tick above it."""
    return np.asarray((price < 0) | ((price == 0) & (subtick == 0)))
