"""A book of orders that goes on where a replay would stop: what it cannot apply is marked and left out.

The rules are those of `book.tape`: an unknown order changes nothing, a second ADD of a living id is left out, a
reduction beyond an order's size takes what is left. Only levels are kept beside the orders, since no check here looks
at a queue; so a chunk costs one table look-up and one level a row.
"""

from __future__ import annotations

import numpy as np

from tickwright.book import ids
from tickwright.book.ladder import best, change, has, level_size, width, wipe
from tickwright.book.layout import ASK, BID, LADDER, NIL, NO_SIDE, PRICE_LIMIT, SIZE_LIMIT, Int, Record, check_code
from tickwright.core.errors import CapacityError
from tickwright.core.events import Action, Side
from tickwright.core.kernel import inline, kernel

UNKNOWN, DUPLICATE, OVER, BAD = 1, 2, 4, 8
"""Bits of a row's mark."""
CODES = {UNKNOWN: "unknown_order", DUPLICATE: "duplicate_order", OVER: "over_reduction", BAD: "bad_row"}
ORDER_LIMIT = 1 << 24
"""Orders that may live at once."""

SLOT = np.dtype([("price", "<i8"), ("size", "<i8"), ("side", "<i8")])
_USED, _FREE, _LIVE = 0, 1, 2
_DONE, _GROW = 0, 1

_ADD, _CANCEL, _MODIFY, _EXECUTE = int(Action.ADD), int(Action.CANCEL), int(Action.MODIFY), int(Action.EXECUTE)
_CLEAR = int(Action.CLEAR)
_PASSIVE = np.zeros(256, bool)
_PASSIVE[[Action.FILL, Action.TRADE, Action.HIDDEN, Action.CROSS, Action.HALT, Action.NONE]] = True
_LETTER_BID, _LETTER_ASK = int(Side.BID), int(Side.ASK)


@inline
def _side_of(letter: Int) -> Int:
    return BID if letter == _LETTER_BID else (ASK if letter == _LETTER_ASK else NO_SIDE)


@inline
def top_into(ladder: Record, top: np.ndarray) -> None:
    """The best levels as ask price, ask size, bid price, bid size; an empty side has zeros."""
    for side, column in ((ASK, 0), (BID, 2)):
        top[column] = 0
        top[column + 1] = 0
        if has(ladder, side):
            price = best(ladder, side)
            top[column] = price
            top[column + 1] = level_size(ladder, side, price)


@kernel
def walk(
    events: np.ndarray, start: Int, tops: np.ndarray, marks: np.ndarray, state: np.ndarray, keys: np.ndarray,
    slots: np.ndarray, live: np.ndarray, free: np.ndarray, ladders: np.ndarray, passive: np.ndarray,
) -> tuple[Int, Int]:  # fmt: skip
    """Apply MARKET_EVENT rows from `start` on: (index of the next row, 0 done, 1 larger tables needed, or a BookCode).

    `tops` (rows, 4) gets the best levels after each row, `marks` what could not be applied.
    """
    ladder = ladders[0]
    for i in range(start, events.shape[0]):
        event = events[i]
        action, size, price = event.action, event.size, event.price
        side = _side_of(event.side)
        code = np.int64(0)
        if action == _ADD:
            if 2 * (state[_LIVE] + 1) > keys.shape[0] or state[_LIVE] >= live.shape[0]:
                return np.int64(i), np.int64(_GROW)
            place = ids.find(keys, slots, event.order_id)
            if slots[place] != NIL:
                marks[i] = DUPLICATE
            elif side == NO_SIDE or not -PRICE_LIMIT <= price <= PRICE_LIMIT:
                marks[i] = BAD
            elif 0 < size <= SIZE_LIMIT:
                if state[_FREE] > 0:
                    state[_FREE] -= 1
                    slot = np.int64(free[state[_FREE]])
                else:
                    slot = state[_USED]
                    state[_USED] += 1
                keys[place] = event.order_id
                slots[place] = slot
                state[_LIVE] += 1
                live[slot].price = price
                live[slot].size = size
                live[slot].side = side
                code = change(ladder, side, price, size)
        elif action in (_CANCEL, _EXECUTE, _MODIFY):
            place = ids.find(keys, slots, event.order_id)
            slot = np.int64(slots[place])
            if slot == NIL:
                marks[i] = UNKNOWN
            elif action == _MODIFY:
                order = live[slot]
                wrong_side = side != NO_SIDE and side != order.side
                if wrong_side or not -PRICE_LIMIT <= price <= PRICE_LIMIT:
                    marks[i] = BAD
                elif 0 <= size <= SIZE_LIMIT:
                    code = change(ladder, order.side, order.price, -order.size)
                    order.price = price
                    order.size = size
                    if code == 0 and size > 0:
                        code = change(ladder, order.side, price, size)
            elif size > 0:
                order = live[slot]
                taken = min(size, order.size)
                if size > order.size:
                    marks[i] = OVER
                order.size -= taken
                code = change(ladder, order.side, order.price, -taken)
            if slot != NIL and live[slot].size == 0:
                ids.delete(keys, slots, place)
                free[state[_FREE]] = slot
                state[_FREE] += 1
                state[_LIVE] -= 1
        elif action == _CLEAR:
            slots[:] = NIL
            state[:] = 0
            wipe(ladder, ladder.base + width(ladder) // 2)
        elif not passive[action]:
            marks[i] = BAD
        if code < 0:
            return np.int64(i), code
        top_into(ladder, tops[i])
    return np.int64(events.shape[0]), np.int64(_DONE)


@kernel
def move_ids(old_keys: np.ndarray, old_slots: np.ndarray, keys: np.ndarray, slots: np.ndarray) -> None:
    """Copy an id table into a larger one."""
    for i in range(old_keys.shape[0]):
        if old_slots[i] != NIL:
            place = ids.find(keys, slots, old_keys[i])
            keys[place] = old_keys[i]
            slots[place] = old_slots[i]


class OrderBook:
    """`feed` rows in order from an empty book on."""

    def __init__(self) -> None:
        self._keys, self._slots = ids.empty_table(1 << 12)
        self._live: np.ndarray = np.zeros(1 << 11, SLOT)
        self._free: np.ndarray = np.zeros(1 << 11, np.int32)
        self._state = np.zeros(3, np.int64)
        self._ladder = np.zeros(1, LADDER)

    def feed(self, events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """MARKET_EVENT rows → best levels after each (`tops`), and marks. Raises CapacityError."""
        tops, marks = np.zeros((len(events), 4), np.int64), np.zeros(len(events), np.uint8)
        at, code = 0, _GROW
        while code == _GROW:
            at, code = walk(
                events, at, tops, marks, self._state, self._keys, self._slots, self._live, self._free, self._ladder,
                _PASSIVE,
            )  # fmt: skip
            if code == _GROW:
                self._grow()
        check_code(code, f"row {at} of a chunk")
        return tops, marks

    def _grow(self) -> None:
        size = 2 * len(self._live)
        if size > ORDER_LIMIT:
            raise CapacityError(f"more than {ORDER_LIMIT} orders live at once")
        self._live = np.concatenate([self._live, np.zeros(len(self._live), SLOT)])
        self._free = np.concatenate([self._free, np.zeros(len(self._free), np.int32)])
        keys, slots = ids.empty_table(2 * len(self._keys))
        move_ids(self._keys, self._slots, keys, slots)
        self._keys, self._slots = keys, slots
