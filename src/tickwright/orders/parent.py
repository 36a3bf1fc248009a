"""A parent and its children: filled, open and free lots, with more than was ordered made impossible."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tickwright.core.errors import InternalError, OrderReportError
from tickwright.core.records import Command, CommandKind, OrderEvent
from tickwright.core.units import Lots
from tickwright.orders.child import ChildOrder, send, step, submit


@dataclass(frozen=True, slots=True)
class Parent:
    """A parent of `quantity` lots and its children in the order in which they were sent."""

    parent_id: int
    quantity: Lots
    children: tuple[ChildOrder, ...] = ()

    @property
    def filled(self) -> Lots:
        """Lots known to be filled."""
        return sum(child.filled for child in self.children)

    @property
    def open(self) -> Lots:
        """Lots that may still fill, whichever way the replaces under way end."""
        return sum(child.exposure for child in self.children)

    @property
    def free(self) -> Lots:
        """Lots neither filled nor open: what a new child may ask for at most."""
        return self.quantity - self.filled - self.open

    def child(self, order_id: int) -> ChildOrder | None:
        """The child with that id, if there is one."""
        return next((child for child in self.children if child.order_id == order_id), None)


def sent(parent: Parent, command: Command) -> Parent:
    """The parent after a command left.

    Raises InternalError when filled and open lots together would exceed the parent, when an id is used twice, and as
    `child.send`.
    """
    known = parent.child(command.order_id)
    if (command.kind == CommandKind.NEW) == (known is not None):
        raise InternalError(f"parent {parent.parent_id}: order {command.order_id}, command kind {command.kind}")
    changed = _with(parent, submit(command) if known is None else send(known, command))
    if changed.free < 0:
        raise InternalError(
            f"parent {parent.parent_id}: order {command.order_id} brings filled {changed.filled} and open "
            f"{changed.open} lots to more than {parent.quantity}"
        )
    return changed


def heard(parent: Parent, event: OrderEvent) -> Parent:
    """The parent after a report. Raises OrderReportError for an order that it does not have, and as `child.step`."""
    known = parent.child(event.order_id)
    if known is None:
        raise OrderReportError(f"parent {parent.parent_id} has no order {event.order_id}")
    return _with(parent, step(known, event))


def _with(parent: Parent, child: ChildOrder) -> Parent:
    if parent.child(child.order_id) is None:
        return replace(parent, children=(*parent.children, child))
    children = tuple(child if c.order_id == child.order_id else c for c in parent.children)
    return replace(parent, children=children)
