"""The state table: lawful lives, races, and what is illegal."""

import random

import numba
import pytest

from tickwright.core.records import OrderEventKind
from tickwright.orders.state import (
    ILLEGAL,
    TABLE,
    TRANSITIONS,
    OrderInput,
    OrderState,
    is_open,
    is_pending,
    next_state,
)

S, I = OrderState, OrderInput  # noqa: E741
OVER = (S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED)

LIVES = {
    "a take that fills": ([I.SUBMIT, I.FILLED], S.FILLED),
    "a take that fills in part": ([I.SUBMIT, I.PARTIALLY_FILLED, I.EXPIRED], S.EXPIRED),
    "a take that finds nothing": ([I.SUBMIT, I.EXPIRED], S.EXPIRED),
    "a post-only order that would cross": ([I.SUBMIT, I.REJECTED], S.REJECTED),
    "posted, filled in two": ([I.SUBMIT, I.ACKNOWLEDGED, I.PARTIALLY_FILLED, I.FILLED], S.FILLED),
    "posted, cancelled": ([I.SUBMIT, I.ACKNOWLEDGED, I.SEND_CANCEL, I.CANCELLED], S.CANCELLED),
    "filled while the cancel was on its way": (
        [I.SUBMIT, I.ACKNOWLEDGED, I.SEND_CANCEL, I.FILLED, I.CANCEL_REJECTED],
        S.FILLED,
    ),
    "filled in part while the cancel was on its way": (
        [I.SUBMIT, I.ACKNOWLEDGED, I.SEND_CANCEL, I.PARTIALLY_FILLED, I.CANCELLED],
        S.CANCELLED,
    ),
    "cancel refused, order stands": ([I.SUBMIT, I.ACKNOWLEDGED, I.SEND_CANCEL, I.CANCEL_REJECTED], S.LIVE),
    "replaced, then filled": ([I.SUBMIT, I.ACKNOWLEDGED, I.SEND_REPLACE, I.REPLACED, I.FILLED], S.FILLED),
    "filled in part while the replace was on its way": (
        [I.SUBMIT, I.ACKNOWLEDGED, I.SEND_REPLACE, I.PARTIALLY_FILLED, I.REPLACED],
        S.LIVE,
    ),
    "filled while the replace was on its way": (
        [I.SUBMIT, I.ACKNOWLEDGED, I.SEND_REPLACE, I.FILLED, I.REPLACE_REJECTED],
        S.FILLED,
    ),
    "replace refused, order stands": ([I.SUBMIT, I.ACKNOWLEDGED, I.SEND_REPLACE, I.REPLACE_REJECTED], S.LIVE),
    "killed before it was acknowledged": ([I.SUBMIT, I.SEND_CANCEL, I.ACKNOWLEDGED, I.CANCELLED], S.CANCELLED),
    "killed while a replace was on its way": (
        [I.SUBMIT, I.ACKNOWLEDGED, I.SEND_REPLACE, I.SEND_CANCEL, I.REPLACED, I.CANCELLED],
        S.CANCELLED,
    ),
    "ended by the venue at the close": ([I.SUBMIT, I.ACKNOWLEDGED, I.EXPIRED], S.EXPIRED),
}


@pytest.mark.parametrize("name", LIVES)
def test_lives_of_an_order(name):
    inputs, end = LIVES[name]
    state = S.NONE
    for received in inputs:
        state = TRANSITIONS[state][received]
    assert state == end


@pytest.mark.parametrize(
    ("state", "received"),
    [
        (S.NONE, I.FILLED),
        (S.LIVE, I.SUBMIT),
        (S.LIVE, I.REPLACED),
        (S.LIVE, I.CANCEL_REJECTED),
        (S.PENDING_NEW, I.SEND_REPLACE),
        (S.PENDING_CANCEL, I.SEND_REPLACE),
        (S.FILLED, I.PARTIALLY_FILLED),
        (S.CANCELLED, I.FILLED),
        (S.REJECTED, I.ACKNOWLEDGED),
        (S.EXPIRED, I.SEND_CANCEL),
    ],
)
def test_what_is_illegal(state, received):
    assert received not in TRANSITIONS[state]
    assert TABLE[state, received] == ILLEGAL


def test_inputs_that_are_reports_have_the_numbers_of_the_reports():
    assert {kind.name: kind.value for kind in OrderEventKind} == {
        i.name: i.value for i in OrderInput if not i.name.startswith(("SUBMIT", "SEND"))
    }


def test_the_compiled_table_is_the_written_one():
    @numba.njit
    def move(state, received):
        return next_state(state, received), is_open(state), is_pending(state)

    for state in S:
        for received in I:
            expected = TRANSITIONS[state].get(received, ILLEGAL)
            open_states = (S.PENDING_NEW, S.LIVE, S.PENDING_CANCEL, S.PENDING_REPLACE)
            assert move(int(state), int(received)) == (
                expected,
                state in open_states,
                state in open_states and state != S.LIVE,
            )


def test_an_order_that_is_over_stays_over():
    """Invariant: no input leads from FILLED, CANCELLED, REJECTED or EXPIRED to any other state."""
    for state in OVER:
        assert set(TRANSITIONS[state].values()) == {state}


def test_every_state_is_reached_and_every_open_one_can_end():
    """Invariant: by lawful inputs every state is reached from NONE, and from each open state every fill, cancel and
    expiry ends the order."""
    reached, waiting = {S.NONE}, [S.NONE]
    while waiting:
        for state in TRANSITIONS[waiting.pop()].values():
            if state not in reached:
                reached.add(state)
                waiting.append(state)
    assert reached == set(S)
    for state in (S.PENDING_NEW, S.LIVE, S.PENDING_CANCEL, S.PENDING_REPLACE):
        assert TRANSITIONS[state][I.FILLED] == S.FILLED
        assert TRANSITIONS[state][I.CANCELLED] == S.CANCELLED
        assert TRANSITIONS[state][I.EXPIRED] == S.EXPIRED


def test_random_inputs_never_reach_an_undefined_state():
    """Invariant: any sequence of inputs, the illegal ones refused, stays within the states."""
    for seed in range(200):
        rng, state = random.Random(seed), int(S.NONE)
        for _ in range(50):
            after = int(TABLE[state, rng.choice(list(I))])
            state = state if after == ILLEGAL else after
            assert state in set(S), f"seed {seed}"
