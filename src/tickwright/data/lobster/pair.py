"""Is an orderbook file the one of a message file? Names and lengths may agree where the content does not.

Message k tells what happens to the level at its own price, so row k must be row k - 1 with that done: a submission
adds its size there, a cancellation, deletion or execution takes its size away, and a level that is not shown holds 0.
This costs little and finds rows of another stock, or rows that are shifted by one. What the other levels do is left to
`book.verify`, as are messages without an effect on the book that is shown (hidden executions, crosses, halts).
Recorded days of 1, 5 and 10 levels need no tolerance: a file lists only messages at a level that is in view.
"""

from __future__ import annotations

import numpy as np

from tickwright.core.events import Action, Side
from tickwright.core.instrument import Instrument
from tickwright.data.places import Places

_WORDS = {Action.ADD: "a submission", Action.CANCEL: "a cancellation", Action.EXECUTE: "an execution"}
_WHY = "the orderbook row does not follow from the message and the row before: not a pair"


def refuse_other_rows(
    events: np.ndarray, rows: np.ndarray, before: np.ndarray | None, instrument: Instrument, places: Places
) -> None:
    """Raise FileFormatError for the first message that its orderbook row does not show.

    `events`: MARKET_EVENT of LOBSTER messages; `rows`: int64 (len(events), 4 N) in ticks and lots, the row after each;
    `before`: the row before the first of them, None where the file begins, which a submission alone can contradict.
    """
    action, size = events["action"], events["size"]
    previous = np.concatenate((rows[:1] if before is None else before[None], rows[:-1]))
    was, now = _shown(previous, events), _shown(rows, events)
    adds = action == Action.ADD
    due = was + np.where(adds, size, -size)
    wrong = (adds | (action == Action.CANCEL) | (action == Action.EXECUTE)) & (now != due)
    if before is None:
        due[0] = size[0]
        wrong[0] = adds[0] and now[0] < size[0]

    def told(k: int) -> str:
        side = "bid" if events["side"][k] == Side.BID else "ask"
        level = f"{instrument.to_price(int(events['price'][k]))} on the {side}"
        row = f"{now[k]} lots shown there"
        if before is not None or k:
            row = f"{was[k]} lots shown there in the row before and {now[k]} in its own"
        return f"{_WORDS[Action(int(action[k]))]} of {size[k]} lots at {level} with {row}"

    if wrong.any():
        first = int(wrong.argmax())
        expected = f"{due[first]} lots" if due[first] >= 0 else f"at least {size[first]} lots in the row before"
        places.refuse(wrong, told, f"{expected}: {_WHY}")


def _shown(rows: np.ndarray, events: np.ndarray) -> np.ndarray:
    """Lots that row k shows at the side and price of event k; 0 where the level is not in view."""
    bid = (events["side"] == Side.BID)[:, None]
    prices, sizes = (np.where(bid, rows[:, i + 2 :: 4], rows[:, i::4]) for i in (0, 1))
    lots: np.ndarray = np.where(prices == events["price"][:, None], sizes, 0).sum(axis=1)
    return lots
