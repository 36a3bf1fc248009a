"""The side of an event, a letter, as the index that book kernels know."""

from __future__ import annotations

from tickwright.book.layout import ASK, BID, NO_SIDE, Int
from tickwright.core.events import Side
from tickwright.core.kernel import inline

_LETTER_BID, _LETTER_ASK = int(Side.BID), int(Side.ASK)


@inline(borrow=True)
def side_of(letter: Int) -> Int:
    """BID, ASK or NO_SIDE."""
    return BID if letter == _LETTER_BID else (ASK if letter == _LETTER_ASK else NO_SIDE)
