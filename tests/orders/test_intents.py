"""What is sent for an intent, by where the child stands."""

import itertools

import numba
import pytest

from tickwright.core.records import CommandKind, IntentKind, OrderType, TimeInForce
from tickwright.orders.intents import command_of
from tickwright.orders.state import OrderState

KEEP, REST, TAKE, PULL = (int(kind) for kind in IntentKind)
NONE, LIVE = int(OrderState.NONE), int(OrderState.LIVE)
NOTHING = (0, 0, 0, 0, 0, 0)
NEW, CANCEL, REPLACE = (int(kind) for kind in CommandKind)
LIMIT, DAY, IOC = int(OrderType.LIMIT), int(TimeInForce.DAY), int(TimeInForce.IOC)
OVER = [int(s) for s in (OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED)]
PENDING = [int(s) for s in (OrderState.PENDING_NEW, OrderState.PENDING_CANCEL, OrderState.PENDING_REPLACE)]

command = command_of.py_func


@pytest.mark.parametrize("state", [NONE, *OVER])
def test_without_a_child(state):
    assert command(REST, 99, 5, 1, state, 0, 0) == (NEW, LIMIT, DAY, 1, 99, 5)
    assert command(TAKE, 101, 5, 0, state, 0, 0) == (NEW, LIMIT, IOC, 0, 101, 5)
    assert command(PULL, 0, 0, 0, state, 0, 0) == NOTHING
    assert command(KEEP, 0, 0, 0, state, 0, 0) == NOTHING


def test_with_a_live_child():
    assert command(REST, 99, 5, 1, LIVE, 99, 5) == NOTHING
    assert command(REST, 98, 5, 1, LIVE, 99, 5) == (REPLACE, LIMIT, DAY, 1, 98, 5)
    assert command(REST, 99, 4, 1, LIVE, 99, 5) == (REPLACE, LIMIT, DAY, 1, 99, 4)
    assert command(TAKE, 101, 5, 0, LIVE, 99, 5) == (CANCEL, LIMIT, DAY, 0, 99, 5)
    assert command(PULL, 0, 0, 0, LIVE, 99, 5) == (CANCEL, LIMIT, DAY, 0, 99, 5)
    assert command(REST, 99, 0, 1, LIVE, 99, 5) == (CANCEL, LIMIT, DAY, 0, 99, 5)
    assert command(KEEP, 0, 0, 0, LIVE, 99, 5) == NOTHING


@pytest.mark.parametrize("state", PENDING)
@pytest.mark.parametrize("kind", [KEEP, REST, TAKE, PULL])
def test_while_an_answer_is_outstanding_nothing_is_sent(state, kind):
    assert command(kind, 99, 5, 1, state, 98, 5) == NOTHING


def test_nothing_is_sent_for_no_lots():
    assert command(REST, 99, 0, 1, NONE, 0, 0) == NOTHING
    assert command(TAKE, 99, 0, 0, NONE, 0, 0) == NOTHING


def test_compiled_equals_plain_python():
    """Invariant: for every intent, size and state the compiled function gives what its source gives."""

    @numba.njit
    def compiled(kind, price, size, post_only, state, live_price, live_leaves):
        return command_of(kind, price, size, post_only, state, live_price, live_leaves)

    for kind, price, size, state in itertools.product(IntentKind, (98, 99), (0, 4, 5), OrderState):
        arguments = (int(kind), price, size, 1, int(state), 99, 5)
        assert compiled(*arguments) == command(*arguments), arguments
