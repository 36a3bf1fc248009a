"""Market-by-order records → market events.

Prices become ticks, fields that a venue may leave undefined are settled or refused, and the rest is copied. Actions,
sides and flags have the same codes in DBN and in MARKET_EVENT. `venue_id` is the publisher, `instrument_id`
Tickwright's own. `channel_id` and `ts_in_delta` have no place in the layout and are left behind.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from tickwright.core.events import MARKET_EVENT, Action, Side
from tickwright.core.instrument import Instrument
from tickwright.data.databento.fields import grid_of, prints, sizes, times
from tickwright.data.databento.layouts import UNDEF_PRICE
from tickwright.data.places import Places
from tickwright.data.store.schema import EVENTS

# ADD and MODIFY say which side an order rests on; the others may not know one.
_SIDED = (Action.ADD, Action.MODIFY)
_UNSIDED = (Action.CANCEL, Action.CLEAR, Action.FILL, Action.TRADE, Action.NONE)
_ALLOWED = np.zeros((256, 256), bool)
for _action in (*_SIDED, *_UNSIDED):
    for _side in (Side.BID, Side.ASK):
        _ALLOWED[_action, _side] = True
_ALLOWED[_UNSIDED, Side.NONE] = True


# From here on the compiled pass is worth its half second of import.
COMPILED_FROM = 8192
"""Records in a batch."""


def map_events(
    raw: np.ndarray, instrument: Instrument, places: Places, told: Counter[str]
) -> list[tuple[str, np.ndarray]]:
    """MBO records as MARKET_EVENT of the schema `events`. Raises FileFormatError, OffGridError."""
    if raw.size >= COMPILED_FROM and (events := _copied(raw, instrument)) is not None:
        return [(EVENTS, events)]
    return [(EVENTS, mapped(raw, instrument, places))]


def _copied(raw: np.ndarray, instrument: Instrument) -> np.ndarray | None:
    """The records as events, where nothing about them is odd."""
    from tickwright.data.databento.events_kernel import copy_plain  # compiled: a small file should not wait for it

    records = np.ascontiguousarray(raw).view()  # of a `ts_out` file they stand apart
    records.flags.writeable = False  # as those viewed in the file's bytes: one compilation for both
    events = np.zeros(raw.size, MARKET_EVENT)
    whole = copy_plain(records, _ALLOWED, grid_of(instrument), instrument.id, events) == raw.size
    return events if whole else None


def mapped(raw: np.ndarray, instrument: Instrument, places: Places) -> np.ndarray:
    """The records as events, column by column: what is undefined is settled, what makes no sense refused."""
    action = raw["action"]
    places.refuse(
        ~_ALLOWED[action, raw["side"]],
        lambda k: f"action {chr(action[k])!r} on side {chr(raw['side'][k])!r}",
        "an action of A, C, M, R, T, F, N with a side of B or A, or N where no order is placed",
    )
    bare = (action == Action.CLEAR) | (action == Action.NONE)
    events = np.zeros(raw.size, MARKET_EVENT)
    events["ts_event"], events["ts_recv"] = times(raw, bare, places)
    price = stated_price(raw, bare, places)
    events["price"], events["subtick"] = prints(price, action == Action.TRADE, instrument, places)
    events["size"] = sizes(raw, bare, places)
    for name in ("order_id", "sequence", "action", "side", "flags"):
        events[name] = raw[name]
    events["instrument_id"] = instrument.id
    events["venue_id"] = raw["publisher_id"]
    return events


def stated_price(raw: np.ndarray, bare: np.ndarray, places: Places) -> np.ndarray:
    """The field `price`; one that is undefined is 0 where `bare` is true, and refused elsewhere."""
    undefined = raw["price"] == UNDEF_PRICE
    if not undefined.any():
        return np.asarray(raw["price"])
    places.refuse(undefined & ~bare, lambda k: f"{chr(raw['action'][k])} without a price", "a price")
    return np.where(undefined, 0, raw["price"])
