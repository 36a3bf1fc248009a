"""What every tick policy shares: its clock, prices within the limit, crossing and pegging.

A policy is `decide(params, memory, obs) -> (kind, price, size, post_only, wake)`: eight float64 parameters, eight int64
of memory that it may change, one row of OBSERVATION with its fields as attributes (in Python an `Observation`). The
intent is `core.records.Intent` as five integers.

Laws that hold for all of them: nothing is asked beyond `remaining` or worse than the limit; a post-only price is
strictly on our side of the opposite touch; while lots remain, `wake` lies ahead of `now`.
"""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from typing import TypeAlias

from tickwright.core.kernel import inline
from tickwright.core.records import IntentKind, Observation
from tickwright.core.units import SECOND

KEEP = int(IntentKind.KEEP)
REST = int(IntentKind.REST)
TAKE = int(IntentKind.TAKE)
PULL = int(IntentKind.PULL)

# Places in `memory`.
START = 0
"""`start` and `deadline` of the mandate seen last: a change of either begins anew."""
DEADLINE = 1
NEXT = 2
"""No new take (or, where a policy says so, no new look) before this time."""
AWAY = 3
"""1 while the child is not where the policy would post it now."""
SINCE = 4
"""When AWAY became 1."""

NEVER = 2**62
"""A patience that does not end: with it a child is not moved for being away."""

IDLE = SECOND
"""How long to wait where nothing but the passing of time could change the decision."""

Tick: TypeAlias = tuple[int, int, int, int, int]
Params: TypeAlias = Sequence[float]
Memory: TypeAlias = MutableSequence[int]
Obs: TypeAlias = Observation


@inline(borrow=True)
def keep_until(obs: Obs, when: int) -> Tick:
    """KEEP, and ask again at `when`, or at the deadline if that is earlier; always after now."""
    return KEEP, 0, 0, 0, wake_at(obs, when)


@inline(borrow=True)
def wake_at(obs: Obs, when: int) -> int:
    """The wake time for a wish: no later than a deadline still ahead, and after now."""
    if obs.now < obs.deadline:
        when = min(when, obs.deadline)
    elif when <= obs.now:
        when = obs.now + IDLE
    return max(when, obs.now + 1)


@inline(borrow=True)
def idle(obs: Obs) -> bool:
    """Whether there is nothing to place: no lots left, an answer outstanding, no quote, not its time."""
    outside = obs.now < obs.start or obs.now >= obs.deadline
    return outside or obs.remaining <= 0 or obs.pending == 1 or obs.quoted == 0


@inline(borrow=True)
def waiting(obs: Obs) -> Tick:
    """The intent while `idle`.

    With nothing left, and after a final deadline, no child may stand. After another deadline the child stays, for a
    new mandate is about to come and its place in the queue is worth keeping. Without a quote the child stays unless it
    is larger than what is left.
    """
    over = obs.now >= obs.deadline and obs.final == 1
    if obs.live == 1 and obs.pending == 0 and (over or obs.live_size > obs.remaining):
        return PULL, 0, 0, 0, wake_at(obs, obs.now + IDLE)
    if obs.remaining <= 0:
        return KEEP, 0, 0, 0, 0
    return keep_until(obs, max(obs.start, obs.now + IDLE))


@inline(borrow=True)
def renew(memory: Memory, obs: Obs) -> None:
    """Begin anew when the mandate changed: takes are allowed at once, no child counts as away."""
    if memory[START] != obs.start or memory[DEADLINE] != obs.deadline:
        memory[START] = obs.start
        memory[DEADLINE] = obs.deadline
        memory[NEXT] = obs.now
        memory[AWAY] = 0


@inline(borrow=True)
def near(obs: Obs) -> int:
    """The touch on our side."""
    return obs.bid if obs.side > 0 else obs.ask


@inline(borrow=True)
def far(obs: Obs) -> int:
    """The touch on the opposite side."""
    return obs.ask if obs.side > 0 else obs.bid


@inline(borrow=True)
def within(obs: Obs, price: int) -> int:
    """The price, or the limit where the price is worse than that."""
    if obs.limited == 1 and obs.side * (price - obs.limit) > 0:
        return obs.limit
    return price


@inline(borrow=True)
def can_cross(obs: Obs) -> bool:
    """Whether the limit lets us trade at the opposite touch."""
    return obs.limited == 0 or obs.side * (far(obs) - obs.limit) <= 0


@inline(borrow=True)
def cross(memory: Memory, obs: Obs, size: int, through: float, retry: int) -> Tick:
    """Take up to `size` lots, `through` spreads beyond the opposite touch at most, not before `retry` after the last.

    Call only when `can_cross`. A live child has to be cancelled first, which the engine does on TAKE; the attempt
    counts only once it is sent.
    """
    if obs.live == 0:
        if obs.now < memory[NEXT]:
            return keep_until(obs, memory[NEXT])
        memory[NEXT] = obs.now + retry
    memory[AWAY] = 0
    reach = int(through * (obs.ask - obs.bid))
    return TAKE, within(obs, far(obs) + obs.side * reach), size, 0, wake_at(obs, obs.now + retry)


@inline(borrow=True)
def crossing_due(obs: Obs, wanted: bool, lead: int) -> bool:
    """Whether the last `lead` ns of a mandate have come, in which what is left is crossed, and the limit allows it."""
    return wanted and obs.now >= obs.deadline - lead and can_cross(obs)


@inline(borrow=True)
def crossing_wake(obs: Obs, wanted: bool, lead: int, retry: int) -> int:
    """When to ask again for the crossing: as it begins, `retry` ns later while it lasts; the deadline without one."""
    if not wanted:
        return obs.deadline
    return obs.deadline - lead if obs.now < obs.deadline - lead else obs.now + retry


@inline(borrow=True)
def peg(memory: Memory, obs: Obs, target: int, patience: int, both_ways: int, wake: int) -> Tick:
    """Have all that remains rest at `target`, post-only, moved only after the child was away for `patience` ns.

    The child is away when its price is worse than the target for getting filled, or, with `both_ways`, when it differs.
    A child that is too large or beyond the limit is put right at once. One that is too small is enlarged, which costs
    its place in the queue, when it moves anyway or holds less than half of what remains.
    """
    target = within(obs, target)
    if obs.live == 0:
        memory[AWAY] = 0
        return REST, target, obs.remaining, 1, wake_at(obs, wake)
    behind = obs.side * (target - obs.live_price)
    beyond = obs.limited == 1 and obs.side * (obs.live_price - obs.limit) > 0
    away = behind > 0 or (behind < 0 and both_ways == 1)
    if away and memory[AWAY] == 0:
        memory[AWAY] = 1
        memory[SINCE] = obs.now
    elif not away:
        memory[AWAY] = 0
    if beyond or (away and obs.now - memory[SINCE] >= patience):
        memory[AWAY] = 0
        return REST, target, obs.remaining, 1, wake_at(obs, wake)
    if away:
        wake = min(wake, memory[SINCE] + patience)
    if obs.live_size > obs.remaining or 2 * obs.live_size < obs.remaining:
        # A quote seen late may stand at or through our own price; then the target is the place that cannot cross.
        stands = obs.side * (far(obs) - obs.live_price) > 0
        return REST, (obs.live_price if stands else target), obs.remaining, 1, wake_at(obs, wake)
    return keep_until(obs, wake)
