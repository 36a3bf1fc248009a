"""A book of price levels (schema `depth`): what it cannot take is marked and left out."""

from __future__ import annotations

import numpy as np

from tickwright.book.l2 import set_level
from tickwright.book.ladder import width, wipe
from tickwright.book.layout import ASK, BID, LADDER, NO_SIDE, PRICE_LIMIT, SIZE_LIMIT, Int, check_code
from tickwright.core.events import Action, Side
from tickwright.core.kernel import kernel
from tickwright.run.quality.orders import BAD, top_into

_MODIFY, _CLEAR = int(Action.MODIFY), int(Action.CLEAR)
_LETTER_BID, _LETTER_ASK = int(Side.BID), int(Side.ASK)
_PASSIVE = np.zeros(256, bool)
_PASSIVE[[Action.TRADE, Action.HIDDEN, Action.CROSS, Action.HALT, Action.NONE, Action.FILL]] = True


@kernel
def walk_levels(
    events: np.ndarray, tops: np.ndarray, marks: np.ndarray, ladders: np.ndarray, passive: np.ndarray
) -> tuple[Int, Int]:
    """Apply rows of `depth`: (rows applied, 0 or a BookCode)."""
    ladder = ladders[0]
    for i in range(events.shape[0]):
        event = events[i]
        code = np.int64(0)
        if event.action == _MODIFY:
            side = BID if event.side == _LETTER_BID else (ASK if event.side == _LETTER_ASK else NO_SIDE)
            price, size = event.price, event.size
            if side == NO_SIDE or not -PRICE_LIMIT <= price <= PRICE_LIMIT or size > SIZE_LIMIT:
                marks[i] = BAD
            elif size >= 0:
                code = np.int64(set_level(ladder, side, price, size))
        elif event.action == _CLEAR:
            wipe(ladder, ladder.base + width(ladder) // 2)
        elif not passive[event.action]:
            marks[i] = BAD
        if code < 0:
            return np.int64(i), code
        top_into(ladder, tops[i])
    return np.int64(events.shape[0]), np.int64(0)


class LevelBook:
    """`feed` rows in order from an empty book on."""

    def __init__(self) -> None:
        self._ladder = np.zeros(1, LADDER)

    def feed(self, events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows of `depth` → best levels after each, and marks. Raises CapacityError."""
        tops, marks = np.zeros((len(events), 4), np.int64), np.zeros(len(events), np.uint8)
        at, code = walk_levels(events, tops, marks, self._ladder, _PASSIVE)
        check_code(code, f"row {at} of a chunk")
        return tops, marks
