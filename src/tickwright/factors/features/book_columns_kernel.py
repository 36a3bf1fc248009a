"""The number of one column after an event: of the book at that moment, or of flows over a window that ends there."""

from __future__ import annotations

from typing import Any

import numpy as np

from tickwright.book.ladder import best, has, level_count, level_size, next_price
from tickwright.book.layout import ASK, BID
from tickwright.core.kernel import inline, kernel
from tickwright.factors.features.columns import Kind
from tickwright.factors.features.flow_kernel import ADDED, BOUGHT, CANCELLED, EVENTS, GAIN, SOLD, TRADED, TRADES
from tickwright.factors.features.formulas import imbalance, micro, mid
from tickwright.factors.records import Status

_OK, _EMPTY = int(Status.OK), int(Status.EMPTY_SIDE)
_CROSSED, _FEW = int(Status.CROSSED), int(Status.INSUFFICIENT_OBS)
_WARMUP = int(Status.WARMUP)
_SECOND = 1e9

_BID_PRICE, _ASK_PRICE = int(Kind.BID), int(Kind.ASK)
_BID_SIZE, _ASK_SIZE = int(Kind.BID_SIZE), int(Kind.ASK_SIZE)
_BID_ORDERS, _ASK_ORDERS = int(Kind.BID_ORDERS), int(Kind.ASK_ORDERS)
_MID, _MICRO, _SPREAD, _SPREAD_BPS = int(Kind.MID), int(Kind.MICRO), int(Kind.SPREAD), int(Kind.SPREAD_BPS)
_ORDER_IMBALANCE, _COUNT_IMBALANCE = int(Kind.ORDER_IMBALANCE), int(Kind.COUNT_IMBALANCE)
_IMBALANCE, _BID_DEPTH, _ASK_DEPTH = int(Kind.IMBALANCE), int(Kind.BID_DEPTH), int(Kind.ASK_DEPTH)
_BID_DEPTH_BPS, _ASK_DEPTH_BPS = int(Kind.BID_DEPTH_BPS), int(Kind.ASK_DEPTH_BPS)
_TRADE_SIGN, _TIME_OF_DAY = int(Kind.TRADE_SIGN), int(Kind.TIME_OF_DAY)
_OFI, _SIGNED_VOLUME, _TRADED = int(Kind.OFI), int(Kind.SIGNED_VOLUME), int(Kind.TRADED)
_TRADE_IMBALANCE, _EVENT_RATE, _TRADE_RATE = int(Kind.TRADE_IMBALANCE), int(Kind.EVENT_RATE), int(Kind.TRADE_RATE)
_BID_QUEUE_RATE, _ASK_QUEUE_RATE = int(Kind.BID_QUEUE_RATE), int(Kind.ASK_QUEUE_RATE)
_BID_CANCEL_RATE, _ASK_CANCEL_RATE = int(Kind.BID_CANCEL_RATE), int(Kind.ASK_CANCEL_RATE)
_BID_ADD_RATE, _ASK_ADD_RATE = int(Kind.BID_ADD_RATE), int(Kind.ASK_ADD_RATE)


@inline(borrow=True)
def depths_of(ladder: Any, levels: int, depths: Any) -> None:
    """Lots on the best 1, 2, ... levels of each side, into (2, levels)."""
    for side in range(2):
        found, price, total = has(ladder, side), best(ladder, side), np.int64(0)
        for i in range(levels):
            if found:
                total += level_size(ladder, side, price)
                found, price = next_price(ladder, side, price)
            depths[side, i] = total


@inline(borrow=True)
def _near(state: Any, ladder: Any, side: int, basis_points: float) -> float:
    """Lots within some basis points of the mid."""
    total = np.int64(0)
    twice = state.bid + state.ask
    found, price = has(ladder, side), best(ladder, side)
    while found and abs(twice - 2 * price) * 1e4 <= basis_points * abs(twice):
        total += level_size(ladder, side, price)
        found, price = next_price(ladder, side, price)
    return np.float64(total)


@inline(borrow=True)
def state_of_book(kind: int, column: Any, state: Any, ladder: Any, depths: Any, now: int) -> tuple[float, int]:
    """(number, status) of a column that needs the book of this moment alone."""
    both, value, status = state.bids == 1 and state.asks == 1, 0.0, _OK
    if kind == _TRADE_SIGN:
        value = 1.0 if state.traded > 0 else (-1.0 if state.traded < 0 else 0.0)
    elif kind == _TIME_OF_DAY:
        value = (now - state.midnight) / _SECOND
    elif kind == _BID_DEPTH:
        value = np.float64(depths[BID, column.levels - 1])
    elif kind == _ASK_DEPTH:
        value = np.float64(depths[ASK, column.levels - 1])
    elif kind in (_BID_PRICE, _BID_SIZE, _BID_ORDERS):
        status = _OK if state.bids == 1 else _EMPTY
        if kind == _BID_PRICE:
            value = np.float64(state.bid)
        elif kind == _BID_SIZE:
            value = np.float64(state.bid_size)
        elif status == _OK:
            value = np.float64(level_count(ladder, BID, state.bid))
    elif kind in (_ASK_PRICE, _ASK_SIZE, _ASK_ORDERS):
        status = _OK if state.asks == 1 else _EMPTY
        if kind == _ASK_PRICE:
            value = np.float64(state.ask)
        elif kind == _ASK_SIZE:
            value = np.float64(state.ask_size)
        elif status == _OK:
            value = np.float64(level_count(ladder, ASK, state.ask))
    elif not both:
        status = _EMPTY
    elif kind == _SPREAD:
        value = np.float64(state.ask - state.bid)  # below zero where the book is crossed
    elif kind == _ORDER_IMBALANCE:
        value = imbalance(np.float64(state.bid_size), np.float64(state.ask_size))
    elif kind == _COUNT_IMBALANCE:
        bids, asks = level_count(ladder, BID, state.bid), level_count(ladder, ASK, state.ask)
        value = imbalance(np.float64(bids), np.float64(asks))
    elif kind == _IMBALANCE:
        bid, ask = depths[BID, column.levels - 1], depths[ASK, column.levels - 1]
        value = imbalance(np.float64(bid), np.float64(ask))
    elif state.bid > state.ask:
        status = _CROSSED
    elif kind == _MID:
        value = mid(np.float64(state.bid), np.float64(state.ask))
    elif kind == _MICRO:
        value = micro(
            np.float64(state.bid), np.float64(state.ask), np.float64(state.bid_size), np.float64(state.ask_size)
        )
    elif kind == _SPREAD_BPS:
        value = 2e4 * np.float64(state.ask - state.bid) / np.float64(state.bid + state.ask)
    elif kind == _BID_DEPTH_BPS:
        value = _near(state, ladder, BID, column.basis_points)
    elif kind == _ASK_DEPTH_BPS:
        value = _near(state, ladder, ASK, column.basis_points)
    return value, status


@inline(borrow=True)
def _since(totals: Any, before: Any, what: int) -> float:
    return np.float64(totals[what] - before[1 + what])


@inline(borrow=True)
def over_window(kind: int, column: Any, totals: Any, before: Any) -> tuple[float, int]:
    """(number, status) of a flow since the totals `before`."""
    seconds = column.window / _SECOND
    value, status = 0.0, _OK
    if kind == _OFI:
        value = _since(totals, before, GAIN + BID) - _since(totals, before, GAIN + ASK)
    elif kind == _SIGNED_VOLUME:
        value = _since(totals, before, BOUGHT) - _since(totals, before, SOLD)
    elif kind == _TRADED:
        value = _since(totals, before, TRADED)
    elif kind == _TRADE_IMBALANCE:
        bought, sold = _since(totals, before, BOUGHT), _since(totals, before, SOLD)
        if bought + sold > 0.0:
            value = imbalance(bought, sold)
        else:
            status = _FEW
    elif kind == _EVENT_RATE:
        value = _since(totals, before, EVENTS) / seconds
    elif kind == _TRADE_RATE:
        value = _since(totals, before, TRADES) / seconds
    elif kind == _BID_QUEUE_RATE:
        value = _since(totals, before, GAIN + BID) / seconds
    elif kind == _ASK_QUEUE_RATE:
        value = _since(totals, before, GAIN + ASK) / seconds
    elif kind == _BID_CANCEL_RATE:
        value = _since(totals, before, CANCELLED + BID) / seconds
    elif kind == _ASK_CANCEL_RATE:
        value = _since(totals, before, CANCELLED + ASK) / seconds
    elif kind == _BID_ADD_RATE:
        value = _since(totals, before, ADDED + BID) / seconds
    elif kind == _ASK_ADD_RATE:
        value = _since(totals, before, ADDED + ASK) / seconds
    return value, status


@kernel(borrow=True)
def over_windows(
    columns: Any, places: Any, log: Any, first: int, nows: Any, upto: Any, since: Any, values: Any, statuses: Any
) -> None:
    """Flows over the window before each of some moments, whether an event is at it or not.

    `log`: (events, LOG), totals after each; `upto` (moments,), `since` (columns, moments): the last events by the
    moment, below 0 where there is none yet, and before its window; `places`: which of the rows of `values` and
    `statuses` (any, moments) each column is.
    """
    for c in range(columns.shape[0]):
        column, place = columns[c], places[c]
        for k in range(nows.shape[0]):
            if upto[k] < 0:
                continue
            value, status = 0.0, _WARMUP
            if nows[k] - column.window >= first:
                value, status = over_window(column.kind, column, log[upto[k], 1:], log[since[c, k]])
            values[place, k] = value if status == _OK else 0.0
            statuses[place, k] = status
