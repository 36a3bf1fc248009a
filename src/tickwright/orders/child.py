"""One child order as a frozen record: stepped by what is sent and by what the venue reports.

The loop keeps the same facts in arrays; this is the form for everything outside of it: a journal that is read again, a
live desk, the tests. Quantities are totals with the filled part included (FIX OrderQty), as in a REPLACE command.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tickwright.core.errors import InternalError, OrderReportError
from tickwright.core.records import Command, CommandKind, OrderEvent, OrderEventKind
from tickwright.core.units import Lots, Ticks
from tickwright.orders.state import TRANSITIONS, OrderInput, OrderState

_FILLS = (OrderEventKind.PARTIALLY_FILLED, OrderEventKind.FILLED)
_OPEN = (OrderState.PENDING_NEW, OrderState.LIVE, OrderState.PENDING_CANCEL, OrderState.PENDING_REPLACE)
_SENT = {
    CommandKind.NEW: OrderInput.SUBMIT,
    CommandKind.CANCEL: OrderInput.SEND_CANCEL,
    CommandKind.REPLACE: OrderInput.SEND_REPLACE,
}


@dataclass(frozen=True, slots=True)
class ChildOrder:
    """A child order as the desk knows it; `wanted_*` is what a replace under way asks for, else what is."""

    order_id: int
    parent: int
    side: int
    price: Ticks
    quantity: Lots
    wanted_price: Ticks
    wanted_quantity: Lots
    filled: Lots = 0
    state: OrderState = OrderState.NONE

    @property
    def leaves(self) -> Lots:
        """Lots that are open as far as the desk knows; 0 once the order is over."""
        return self.quantity - self.filled if self.state in _OPEN else 0

    @property
    def exposure(self) -> Lots:
        """Lots that may still fill, whichever way a replace under way ends."""
        return max(self.quantity, self.wanted_quantity) - self.filled if self.leaves > 0 else 0

    def _moved(self, received: OrderInput) -> OrderState | None:
        return TRANSITIONS[self.state].get(received)


def submit(command: Command) -> ChildOrder:
    """The order that a NEW command begins. Raises InternalError for another command, or one without lots."""
    if command.kind != CommandKind.NEW or command.size <= 0:
        raise InternalError(f"order {command.order_id} cannot begin with command kind {command.kind}, {command.size}")
    return ChildOrder(
        order_id=command.order_id,
        parent=command.parent,
        side=command.side,
        price=command.price,
        quantity=command.size,
        wanted_price=command.price,
        wanted_quantity=command.size,
        state=OrderState.PENDING_NEW,
    )


def send(order: ChildOrder, command: Command) -> ChildOrder:
    """The order after a CANCEL or REPLACE was sent. Raises InternalError where its state forbids that: our fault."""
    state = order._moved(_SENT[CommandKind(command.kind)])
    if state is None or command.order_id != order.order_id:
        raise InternalError(
            f"order {order.order_id} is {order.state.name}: {CommandKind(command.kind).name} "
            f"of order {command.order_id} must not be sent"
        )
    if command.kind == CommandKind.REPLACE:
        return replace(order, state=state, wanted_price=command.price, wanted_quantity=command.size)
    return replace(order, state=state)


def step(order: ChildOrder, event: OrderEvent) -> ChildOrder:
    """The order after a report.

    Raises OrderReportError when the report cannot be: not allowed in the order's state, a fill of more than is open, or
    open lots other than the desk's own arithmetic gives: the venue's fault.
    """
    kind = OrderEventKind(event.kind)
    state = order._moved(OrderInput(event.kind))
    if state is None or event.order_id != order.order_id:
        raise OrderReportError(f"order {order.order_id} is {order.state.name}: {kind.name} of order {event.order_id}")
    if kind in _FILLS:
        order = _fill(order, event)
    elif kind == OrderEventKind.REPLACED:
        order = replace(order, price=order.wanted_price, quantity=order.wanted_quantity)
        _expect(order, event, order.quantity - order.filled)
        if order.quantity <= order.filled:
            raise OrderReportError(f"order {order.order_id}: replaced by {order.quantity} lots, {order.filled} filled")
    elif kind == OrderEventKind.REPLACE_REJECTED:
        order = replace(order, wanted_price=order.price, wanted_quantity=order.quantity)
    return replace(order, state=state)


def _fill(order: ChildOrder, event: OrderEvent) -> ChildOrder:
    filled = order.filled + event.last_size
    if event.last_size <= 0 or filled > order.quantity:
        raise OrderReportError(f"order {order.order_id}: {event.last_size} lots filled, {order.leaves} were open")
    _expect(order, event, order.quantity - filled)
    if (event.kind == OrderEventKind.FILLED) != (filled == order.quantity):
        kind = OrderEventKind(event.kind).name
        raise OrderReportError(f"order {order.order_id}: {kind} with {order.quantity - filled} lots left")
    return replace(order, filled=filled)


def _expect(order: ChildOrder, event: OrderEvent, leaves: Lots) -> None:
    if event.leaves != leaves:
        kind = OrderEventKind(event.kind).name
        raise OrderReportError(f"order {order.order_id}: {kind} leaves {event.leaves} lots, expected {leaves}")
