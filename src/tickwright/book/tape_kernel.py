"""The tape compiler's kernel: MARKET_EVENT rows to TAPE rows. `tape.py` is its Python face.

State between calls, all arrays: `state` (int64, the indices below), the id table (`ids.py`), `live` (SLOT rows, one per
arena slot) and `free` (int32 stack of slots to use again, last freed first, so that the arena stays small and warm).
"""

from __future__ import annotations

import numpy as np

from tickwright.book import ids
from tickwright.book.layout import NIL, NO_SIDE, PRICE_LIMIT, SIZE_LIMIT, Bool, Int, Record, Rows
from tickwright.book.side import side_of
from tickwright.core.events import Action
from tickwright.core.kernel import inline, kernel

SLOT = np.dtype([("id", "<u8"), ("born", "<i8"), ("price", "<i4"), ("size", "<i4"), ("side", "<i4"), ("_pad", "<i4")])

# Indices of `state`.
USED, FREE, LIVE, TS_EVENT, TS_RECV, ROWS = 0, 1, 2, 3, 4, 5
# Indices of `counts`.
UNKNOWN, OVER, DUPLICATE, UNSEEN_FILL, LARGE_FILL, KEPT, MOVED, MAX_LIVE = range(8)
N_COUNTS = 8
# Why the kernel stopped.
DONE, GROW, UNKNOWN_ORDER, OVER_REDUCED, DUPLICATE_ORDER, BAD_SIZE, BAD_PRICE, BAD_SIDE, BAD_ACTION = range(9)

_ADD, _CANCEL, _MODIFY, _EXECUTE = int(Action.ADD), int(Action.CANCEL), int(Action.MODIFY), int(Action.EXECUTE)
_CLEAR, _FILL, _TRADE, _HIDDEN = int(Action.CLEAR), int(Action.FILL), int(Action.TRADE), int(Action.HIDDEN)
_CROSS, _HALT, _NONE = int(Action.CROSS), int(Action.HALT), int(Action.NONE)
_LAST = np.uint8(128)
_ALL_BUT_LAST = np.uint8(127)


@inline
def _emit(
    out: Rows,
    k: Int,
    state: np.ndarray,
    born: Int,
    slot: Int,
    price: Int,
    size: Int,
    action: Int,
    side: Int,
    flags: Int,
) -> Int:
    row = out[k]
    row.ts_event = state[TS_EVENT]
    row.ts_recv = state[TS_RECV]
    row.born = born
    row.slot = slot
    row.price = price
    row.size = size
    row.action = action
    row.side = side
    row.flags = flags
    return k + 1


@inline
def _join(
    state: np.ndarray,
    keys: np.ndarray,
    slots: np.ndarray,
    live: Rows,
    free: np.ndarray,
    place: Int,
    order_id: Int,
    side: Int,
    price: Int,
    size: Int,
    born: Int,
) -> Int:
    if state[FREE] > 0:
        state[FREE] -= 1
        slot = np.int64(free[state[FREE]])
    else:
        slot = state[USED]
        state[USED] += 1
    keys[place] = order_id
    slots[place] = slot
    state[LIVE] += 1
    order = live[slot]
    order.id = order_id
    order.born = born
    order.price = price
    order.size = size
    order.side = side
    return slot


@inline
def _leave(state: np.ndarray, keys: np.ndarray, slots: np.ndarray, live: Rows, free: np.ndarray, place: Int) -> None:
    slot = slots[place]
    live[slot].size = 0
    ids.delete(keys, slots, place)
    free[state[FREE]] = slot
    state[FREE] += 1
    state[LIVE] -= 1


@inline
def _fault(event: Record, action: Int) -> Int:
    """What no book could apply, whatever it holds: a stop reason, or DONE."""
    if action in (_ADD, _MODIFY, _FILL, _TRADE, _HIDDEN, _CROSS) and not -PRICE_LIMIT <= event.price <= PRICE_LIMIT:
        return BAD_PRICE
    if action == _ADD and side_of(event.side) == NO_SIDE:
        return BAD_SIDE
    if action == _MODIFY:
        return DONE if 0 <= event.size <= SIZE_LIMIT else BAD_SIZE
    if action in (_CLEAR, _NONE):
        return DONE
    if action in (_HALT, _CROSS):
        return DONE if 0 <= event.size <= SIZE_LIMIT else BAD_SIZE
    if action in (_ADD, _CANCEL, _EXECUTE, _FILL, _TRADE, _HIDDEN):
        return DONE if 0 < event.size <= SIZE_LIMIT else BAD_SIZE
    return BAD_ACTION


@kernel
def rehash(old_keys: np.ndarray, old_slots: np.ndarray, keys: np.ndarray, slots: np.ndarray) -> None:
    """Copy an id table into a larger one whose cells are all free."""
    for i in range(old_keys.shape[0]):
        if old_slots[i] != NIL:
            place = ids.find(keys, slots, old_keys[i])
            keys[place] = old_keys[i]
            slots[place] = old_slots[i]


@kernel
def lookup(keys: np.ndarray, slots: np.ndarray, order_id: Int) -> Int:
    """The slot of a live order, or NIL."""
    return np.int64(slots[ids.find(keys, slots, order_id)])


@kernel
def compile_rows(
    events: Rows,
    start: Int,
    out: Rows,
    written: Int,
    state: np.ndarray,
    keys: np.ndarray,
    slots: np.ndarray,
    live: Rows,
    free: np.ndarray,
    counts: np.ndarray,
    strict: Bool,
) -> tuple[Int, Int, Int]:
    """Compile events from `start` on: (index of the next event, rows written, why it stopped).

    GROW: the id table or the arena is full, call again with larger ones. Any other reason but DONE: the event at the
    index cannot be applied. With `strict` that includes unknown orders, over-reductions and duplicates; otherwise
    these are counted, an over-reduction takes what is left, the others become NONE rows that keep the flags.
    """
    for i in range(start, events.shape[0]):
        event = events[i]
        action, flags, size = event.action, event.flags, event.size
        fault = _fault(event, action)
        if fault != DONE:
            return i, written, fault
        if action == _ADD and (2 * (state[LIVE] + 1) > keys.shape[0] or state[LIVE] >= live.shape[0]):
            return i, written, GROW
        state[TS_EVENT] = max(state[TS_EVENT], event.ts_event)
        # Nothing is received before it happened, whatever a feed's clocks say: that would be a look ahead.
        state[TS_RECV] = max(state[TS_RECV], event.ts_recv, state[TS_EVENT])
        row = state[ROWS] + written
        side = side_of(event.side)
        if action == _CLEAR:
            slots[:] = NIL
            live["size"][: state[USED]] = 0
            state[USED], state[FREE], state[LIVE] = 0, 0, 0
            written = _emit(out, written, state, -1, NIL, 0, 0, action, NO_SIDE, flags)
            continue
        if action in (_HALT, _NONE):
            written = _emit(out, written, state, -1, NIL, 0, size, action, NO_SIDE, flags)
            continue
        if action in (_TRADE, _HIDDEN, _CROSS):
            resting = NO_SIDE if side == NO_SIDE or action == _CROSS else 1 - side
            out[written].off_grid = event.subtick != 0
            written = _emit(out, written, state, -1, NIL, event.price, size, action, resting, flags)
            continue
        place = ids.find(keys, slots, event.order_id)
        slot = np.int64(slots[place])
        if action == _FILL:
            # A FILL reports and changes nothing: it may name an order that never showed, or more than showed of one.
            if slot == NIL:
                counts[UNSEEN_FILL] += 1
                written = _emit(out, written, state, -1, NIL, event.price, size, action, side, flags)
            else:
                order = live[slot]
                counts[LARGE_FILL] += size > order.size
                written = _emit(out, written, state, order.born, slot, order.price, size, action, order.side, flags)
            continue
        if (slot == NIL) != (action == _ADD):
            if strict:
                return i, written, DUPLICATE_ORDER if action == _ADD else UNKNOWN_ORDER
            counts[DUPLICATE if action == _ADD else UNKNOWN] += 1
            written = _emit(out, written, state, -1, NIL, 0, 0, _NONE, NO_SIDE, flags)
            continue
        if action == _ADD:
            slot = _join(state, keys, slots, live, free, place, event.order_id, side, event.price, size, row)
            counts[MAX_LIVE] = max(counts[MAX_LIVE], state[LIVE])
            written = _emit(out, written, state, row, slot, event.price, size, action, side, flags)
            continue
        order = live[slot]
        born, price, has, rests = order.born, np.int64(order.price), np.int64(order.size), order.side
        if action == _MODIFY:
            if side != rests and side != NO_SIDE:
                return i, written, BAD_SIDE
            if event.price == price and 0 < size <= has:
                counts[KEPT] += 1
                order.size = size
                if size == has:
                    written = _emit(out, written, state, -1, NIL, 0, 0, _NONE, NO_SIDE, flags)
                else:
                    written = _emit(out, written, state, born, slot, price, has - size, _CANCEL, rests, flags)
                continue
            counts[MOVED] += 1
            moves = size > 0
            gone = flags & _ALL_BUT_LAST if moves else flags
            written = _emit(out, written, state, born, slot, price, has, _CANCEL, rests, gone)
            if moves:
                row = state[ROWS] + written
                order.born, order.price, order.size = row, event.price, size
                written = _emit(out, written, state, row, slot, event.price, size, _ADD, rests, flags)
            else:
                _leave(state, keys, slots, live, free, place)
            continue
        if size > has:
            if strict:
                return i, written, OVER_REDUCED
            counts[OVER] += 1
            size = has
        written = _emit(out, written, state, born, slot, price, size, action, rests, flags)
        if size == has:
            _leave(state, keys, slots, live, free, place)
        else:
            order.size = has - size
    return events.shape[0], written, DONE
