"""A child and its parent under an honest venue, under random races, and under reports that cannot be."""

import random
from dataclasses import replace

import pytest

from tickwright.core.errors import InternalError, OrderReportError
from tickwright.core.records import Command, CommandKind, OrderEvent, OrderEventKind, OrderType, TimeInForce
from tickwright.orders.child import send, step, submit
from tickwright.orders.parent import Parent, heard, sent
from tickwright.orders.state import OrderState

K = OrderEventKind


def command(kind, order_id=1, price=100, size=10):
    return Command(
        command_id=0, order_id=order_id, parent=7, instrument=0, kind=int(kind), order_type=int(OrderType.LIMIT),
        tif=int(TimeInForce.DAY), post_only=0, side=1, price=price, size=size, ts_decided=0, ts_sent=0, ts_arrives=0,
    )  # fmt: skip


def report(kind, leaves=0, last=0, order_id=1):
    return OrderEvent(
        order_id=order_id, parent=7, instrument=0, kind=int(kind), reason=0, price=100, leaves=leaves, last_price=100,
        last_size=last, liquidity=-1, queue_ahead=0, command_id=0, ts_exchange=0, ts_desk=0,
    )  # fmt: skip


NEW, CANCEL, REPLACE = CommandKind.NEW, CommandKind.CANCEL, CommandKind.REPLACE


def live(size=10):
    return step(submit(command(NEW, size=size)), report(K.ACKNOWLEDGED, leaves=size))


def test_a_life_in_numbers():
    order = live()
    assert (order.state, order.filled, order.leaves) == (OrderState.LIVE, 0, 10)
    order = step(order, report(K.PARTIALLY_FILLED, leaves=7, last=3))
    assert (order.state, order.filled, order.leaves) == (OrderState.LIVE, 3, 7)
    order = step(order, report(K.FILLED, leaves=0, last=7))
    assert (order.state, order.filled, order.leaves) == (OrderState.FILLED, 10, 0)


def test_a_replace_counts_the_filled_part():
    """10 lots, 3 filled; replaced to a total of 8 while 2 more fill: 8 − 5 = 3 are left."""
    order = step(live(), report(K.PARTIALLY_FILLED, leaves=7, last=3))
    order = send(order, command(REPLACE, price=101, size=8))
    assert (order.price, order.exposure) == (100, 7)
    order = step(order, report(K.PARTIALLY_FILLED, leaves=5, last=2))
    order = step(order, report(K.REPLACED, leaves=3))
    assert (order.state, order.price, order.quantity, order.leaves) == (OrderState.LIVE, 101, 8, 3)


def test_a_larger_replace_is_exposed_before_it_is_confirmed():
    order = send(live(), command(REPLACE, size=25))
    assert (order.leaves, order.exposure) == (10, 25)
    order = step(order, report(K.REPLACE_REJECTED, leaves=10))
    assert (order.leaves, order.exposure) == (10, 10)


def test_a_cancelled_order_has_nothing_open():
    order = step(send(live(), command(CANCEL)), report(K.CANCELLED))
    assert (order.leaves, order.exposure, order.state) == (0, 0, OrderState.CANCELLED)


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (report(K.PARTIALLY_FILLED, leaves=0, last=11), "11 lots filled, 10 were open"),
        (report(K.PARTIALLY_FILLED, leaves=6, last=3), "leaves 6 lots, expected 7"),
        (report(K.PARTIALLY_FILLED, leaves=10, last=0), "0 lots filled"),
        (report(K.PARTIALLY_FILLED, leaves=0, last=10), "with 0 lots left"),
        (report(K.FILLED, leaves=7, last=3), "FILLED with 7 lots left"),
        (report(K.REPLACED, leaves=10), "is LIVE: REPLACED"),
        (report(K.ACKNOWLEDGED, leaves=10), "is LIVE: ACKNOWLEDGED"),
        (report(K.FILLED, leaves=0, last=10, order_id=2), "FILLED of order 2"),
    ],
)
def test_a_report_that_cannot_be_is_refused(event, message):
    with pytest.raises(OrderReportError, match=message):
        step(live(), event)


def test_a_command_that_must_not_be_sent_is_our_fault():
    with pytest.raises(InternalError):
        send(send(live(), command(CANCEL)), command(REPLACE))
    with pytest.raises(InternalError):
        submit(command(CANCEL))
    with pytest.raises(InternalError):
        submit(command(NEW, size=0))


def test_a_parent_cannot_be_overfilled():
    parent = sent(Parent(7, 15), command(NEW, size=10))
    assert (parent.filled, parent.open, parent.free) == (0, 10, 5)
    with pytest.raises(InternalError, match="more than 15"):
        sent(parent, command(NEW, order_id=2, size=6))
    parent = sent(parent, command(NEW, order_id=2, size=5))
    parent = heard(parent, report(K.ACKNOWLEDGED, leaves=10))
    with pytest.raises(InternalError, match="more than 15"):
        sent(parent, command(REPLACE, size=11))


def test_a_parent_knows_its_children_alone():
    parent = sent(Parent(7, 15), command(NEW, size=10))
    with pytest.raises(OrderReportError, match="no order 9"):
        heard(parent, report(K.ACKNOWLEDGED, order_id=9))
    with pytest.raises(InternalError):
        sent(parent, command(NEW, size=1))
    with pytest.raises(InternalError):
        sent(parent, command(CANCEL, order_id=3))


class Venue:
    """A plain venue: what it has of each order, commands answered in order, fills whenever it likes."""

    def __init__(self, rng):
        self.rng, self.orders, self.inbox, self.outbox = rng, {}, [], []

    def act(self):
        rng = self.rng
        if self.inbox and rng.random() < 0.5:
            self.answer(self.inbox.pop(0))
        for order_id, (total, filled) in list(self.orders.items()):
            if rng.random() < 0.3:
                lots = rng.randint(1, total - filled)
                over = filled + lots == total
                kind = K.FILLED if over else K.PARTIALLY_FILLED
                self.outbox.append(report(kind, total - filled - lots, lots, order_id))
                self.orders[order_id] = (total, filled + lots)
                if over:
                    del self.orders[order_id]
            elif rng.random() < 0.03:
                self.outbox.append(report(rng.choice((K.CANCELLED, K.EXPIRED)), order_id=order_id))
                del self.orders[order_id]

    def answer(self, asked):
        order_id = asked.order_id
        if asked.kind == NEW:
            if self.rng.random() < 0.1:
                self.outbox.append(report(K.REJECTED, order_id=order_id))
            else:
                self.orders[order_id] = (asked.size, 0)
                self.outbox.append(report(K.ACKNOWLEDGED, asked.size, order_id=order_id))
        elif order_id not in self.orders:
            refused = K.CANCEL_REJECTED if asked.kind == CANCEL else K.REPLACE_REJECTED
            self.outbox.append(report(refused, order_id=order_id))
        elif asked.kind == CANCEL:
            del self.orders[order_id]
            self.outbox.append(report(K.CANCELLED, order_id=order_id))
        elif asked.size <= self.orders[order_id][1]:
            self.outbox.append(report(K.REPLACE_REJECTED, order_id=order_id))
        else:
            filled = self.orders[order_id][1]
            self.orders[order_id] = (asked.size, filled)
            self.outbox.append(report(K.REPLACED, asked.size - filled, order_id=order_id))


def desk_command(rng, parent, serial):
    """Some command that the desk may lawfully send, or None."""
    for child in parent.children:
        if rng.random() < 0.2:
            if child.state == OrderState.LIVE and rng.random() < 0.6:
                most = child.quantity + parent.free
                return command(REPLACE, child.order_id, size=rng.randint(child.filled + 1, most))
            if child.leaves > 0 and child.state != OrderState.PENDING_CANCEL:
                return command(CANCEL, child.order_id)
    return command(NEW, serial, size=rng.randint(1, parent.free)) if parent.free > 0 else None


def test_random_races_conserve_lots_and_never_overfill():
    """Invariant: whatever races between desk and venue, no report is refused, filled + open ≤ the parent at every
    moment, every child has filled + leaves = its quantity while open, and in the end desk and venue agree."""
    fills = 0
    for seed in range(150):
        rng = random.Random(seed)
        parent, venue = Parent(7, 100), Venue(rng)
        for serial in range(1, 120):
            asked = desk_command(rng, parent, serial)
            if asked is not None and serial < 80:
                parent = sent(parent, asked)
                venue.inbox.append(asked)
            venue.act()
            while venue.outbox and rng.random() < 0.6:
                parent = heard(parent, venue.outbox.pop(0))
                assert parent.free >= 0, f"seed {seed}"
                for child in parent.children:
                    assert child.leaves in (0, child.quantity - child.filled), f"seed {seed}"
        while venue.inbox:
            venue.answer(venue.inbox.pop(0))
        for event in venue.outbox:
            parent = heard(parent, event)
        assert 0 <= parent.filled <= 100, f"seed {seed}"
        open_here = {child.order_id: child.leaves for child in parent.children if child.leaves}
        assert open_here == {i: total - filled for i, (total, filled) in venue.orders.items()}, f"seed {seed}"
        assert not any(child.state.name.startswith("PENDING") for child in parent.children), f"seed {seed}"
        fills += parent.filled
    assert fills > 1_000


def test_records_are_not_changed_in_place():
    order = live()
    before = replace(order)
    step(order, report(K.PARTIALLY_FILLED, leaves=7, last=3))
    assert order == before
