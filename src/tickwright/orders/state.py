"""The life of one child order, as one table.

The table holds every state and every input that is lawful in it; what is absent is illegal. Races are in it: a fill
may come while a cancel or a replace is on its way, and the refusal of that cancel may come after the order is over.
State names follow FIX 4.4 `OrdStatus`. Nothing about the state of an order is decided elsewhere.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from tickwright.core.kernel import inline


class OrderState(IntEnum):
    """Where an order stands, as the desk knows."""

    NONE = 0
    PENDING_NEW = 1
    LIVE = 2
    PENDING_CANCEL = 3
    PENDING_REPLACE = 4
    FILLED = 5
    CANCELLED = 6
    REJECTED = 7
    EXPIRED = 8


class OrderInput(IntEnum):
    """What can happen to an order: three things that we send, then the reports of `core.records.OrderEventKind`."""

    SUBMIT = 0
    ACKNOWLEDGED = 1
    REJECTED = 2
    PARTIALLY_FILLED = 3
    FILLED = 4
    CANCELLED = 5
    REPLACED = 6
    EXPIRED = 7
    CANCEL_REJECTED = 8
    REPLACE_REJECTED = 9
    SEND_CANCEL = 10
    SEND_REPLACE = 11


_S, _I = OrderState, OrderInput

# A late refusal tells us nothing about an order that is over.
_OVER = {_I.CANCEL_REJECTED, _I.REPLACE_REJECTED}

TRANSITIONS: dict[OrderState, dict[OrderInput, OrderState]] = {
    _S.NONE: {_I.SUBMIT: _S.PENDING_NEW},
    _S.PENDING_NEW: {
        _I.ACKNOWLEDGED: _S.LIVE,
        _I.REJECTED: _S.REJECTED,
        _I.PARTIALLY_FILLED: _S.LIVE,  # a take is not acknowledged before its first fill
        _I.FILLED: _S.FILLED,
        _I.CANCELLED: _S.CANCELLED,
        _I.EXPIRED: _S.EXPIRED,
        _I.SEND_CANCEL: _S.PENDING_CANCEL,  # the kill switch does not wait for an answer
    },
    _S.LIVE: {
        _I.PARTIALLY_FILLED: _S.LIVE,
        _I.FILLED: _S.FILLED,
        _I.CANCELLED: _S.CANCELLED,
        _I.EXPIRED: _S.EXPIRED,
        _I.SEND_CANCEL: _S.PENDING_CANCEL,
        _I.SEND_REPLACE: _S.PENDING_REPLACE,
    },
    _S.PENDING_CANCEL: {
        _I.ACKNOWLEDGED: _S.PENDING_CANCEL,
        _I.REJECTED: _S.REJECTED,
        _I.PARTIALLY_FILLED: _S.PENDING_CANCEL,
        _I.FILLED: _S.FILLED,
        _I.CANCELLED: _S.CANCELLED,
        _I.REPLACED: _S.PENDING_CANCEL,
        _I.EXPIRED: _S.EXPIRED,
        _I.CANCEL_REJECTED: _S.LIVE,
        _I.REPLACE_REJECTED: _S.PENDING_CANCEL,
    },
    _S.PENDING_REPLACE: {
        _I.PARTIALLY_FILLED: _S.PENDING_REPLACE,
        _I.FILLED: _S.FILLED,
        _I.CANCELLED: _S.CANCELLED,
        _I.REPLACED: _S.LIVE,
        _I.EXPIRED: _S.EXPIRED,
        _I.REPLACE_REJECTED: _S.LIVE,
        _I.SEND_CANCEL: _S.PENDING_CANCEL,
    },
    _S.FILLED: dict.fromkeys(_OVER, _S.FILLED),
    _S.CANCELLED: dict.fromkeys(_OVER, _S.CANCELLED),
    _S.REJECTED: dict.fromkeys(_OVER, _S.REJECTED),
    _S.EXPIRED: dict.fromkeys(_OVER, _S.EXPIRED),
}

ILLEGAL = -1


def _matrix() -> np.ndarray:
    table = np.full((len(OrderState), len(OrderInput)), ILLEGAL, np.int8)
    for state, row in TRANSITIONS.items():
        for received, target in row.items():
            table[state, received] = target
    table.setflags(write=False)
    return table


TABLE = _matrix()
"""int8 (states, inputs): the next state, or ILLEGAL."""

PENDING_NEW = int(OrderState.PENDING_NEW)
LIVE = int(OrderState.LIVE)
PENDING_CANCEL = int(OrderState.PENDING_CANCEL)
PENDING_REPLACE = int(OrderState.PENDING_REPLACE)


@inline(borrow=True)
def next_state(state: int, received: int) -> int:
    """The state after an input (`OrderInput`; a report's `OrderEventKind` is the same number), or ILLEGAL (-1)."""
    return int(TABLE[state, received])


@inline(borrow=True)
def is_open(state: int) -> bool:
    """Whether lots of the order may still trade, as far as the desk knows."""
    return PENDING_NEW <= state <= PENDING_REPLACE


@inline(borrow=True)
def is_pending(state: int) -> bool:
    """Whether an answer of the venue is outstanding."""
    return state in (PENDING_NEW, PENDING_CANCEL, PENDING_REPLACE)
