"""Intent → command: what to send so that the one child order becomes what the tick level wants."""

from __future__ import annotations

from typing import TypeAlias

from tickwright.core.kernel import inline
from tickwright.core.records import CommandKind, IntentKind, OrderType, TimeInForce
from tickwright.orders.state import LIVE as _LIVE
from tickwright.orders.state import is_pending

NO_COMMAND = 0
_NEW, _CANCEL, _REPLACE = int(CommandKind.NEW), int(CommandKind.CANCEL), int(CommandKind.REPLACE)
_KEEP, _REST, _TAKE = int(IntentKind.KEEP), int(IntentKind.REST), int(IntentKind.TAKE)
_LIMIT, _DAY, _IOC = int(OrderType.LIMIT), int(TimeInForce.DAY), int(TimeInForce.IOC)

Order: TypeAlias = tuple[int, int, int, int, int, int]


@inline(borrow=True)
def command_of(
    intent_kind: int, price: int, size: int, post_only: int, state: int, live_price: int, live_leaves: int,
    elsewhere: bool = False,
) -> Order:  # fmt: skip
    """The command that brings the child from where it stands to what is wanted.

    Parameters are an intent (`IntentKind`, ticks, lots, 0 or 1), the child's `OrderState`, price and open lots, and
    whether it is at another venue than the intent names: it is cancelled then, and a REST is asked for again.
    Returns `(command_kind, order_type, tif, post_only, price, size)`; kind 0 means that nothing is to be sent. While
    an answer is outstanding nothing is: the tick level is asked again when it comes. A TAKE with a live child cancels
    that first, so that at most one child is ever open. REST of no lots means PULL. The size of a REPLACE is the open
    size that is wanted; the message carries that plus what the child has filled (`core.records.Command`).
    """
    live = state == _LIVE
    if intent_kind == _KEEP or is_pending(state):
        return NO_COMMAND, 0, 0, 0, 0, 0
    if intent_kind == _REST and size > 0:
        if not live:
            return _NEW, _LIMIT, _DAY, post_only, price, size
        if elsewhere:
            return _CANCEL, _LIMIT, _DAY, 0, live_price, live_leaves
        if live_price == price and live_leaves == size:
            return NO_COMMAND, 0, 0, 0, 0, 0
        return _REPLACE, _LIMIT, _DAY, post_only, price, size
    if live:
        return _CANCEL, _LIMIT, _DAY, 0, live_price, live_leaves
    if intent_kind == _TAKE and size > 0:
        return _NEW, _LIMIT, _IOC, 0, price, size
    return NO_COMMAND, 0, 0, 0, 0, 0
