"""A trained policy as a tick level: `decide(params, memory, obs)`, compiled, run inside the loop like any other.

1. A mandate begins: the order that the policy knows is the mandate, its slice and its forecasts come from LEVEL.
2. Every `interval` it looks, with the very functions that its training looked with, and takes its best legal action.
   On an observation that is not all finite numbers it keeps what it has, and that is counted.
3. The action becomes intents for the one child order: a take first, then what shall rest. They are given one after the
   other, as answers come.
4. The final mandate's rest is taken from `lead` before its deadline, as the other placements do it.

It differs from training where an engine differs from a market of its own: a take cancels the child first, and the child
that shall stay is posted anew behind the queue; a mandate that is not the last one hands its rest to the next; trades
against our own resting orders are not in the volume; posts are post-only; a child that shall rest at another venue is
cancelled first and posted there when the answer is known.

The eight integers of a slot's memory are too few: `memory[PLACE]` is the address of a LEVEL row, which whoever adds the
slot keeps alive (`at_work.Trained`).
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numba
import numpy as np
from numba.core import cgutils
from numba.extending import intrinsic

from tickwright.core.kernel import inline, kernel
from tickwright.core.units import SECOND
from tickwright.strategy.learned.actions import KEEP, wish
from tickwright.strategy.learned.at_work import LEVEL, NOTHING, NOWHERE, PLACE
from tickwright.strategy.learned.layout import Int, Record
from tickwright.strategy.learned.network import best_legal, forward
from tickwright.strategy.learned.observation import observe, remember, weigh
from tickwright.strategy.learned.venues import (
    DARK_ACTIONS,
    DARK_REST,
    dark_lots,
    decode,
    legal_at,
    observe_places,
    remember_places,
)
from tickwright.strategy.tick.common import (
    DEADLINE,
    PULL,
    REST,
    START,
    TAKE,
    Memory,
    Params,
    can_cross,
    cross,
    crossing_due,
    crossing_wake,
    far,
    idle,
    keep_until,
    renew,
    waiting,
    wake_at,
    within,
)

Tick: TypeAlias = tuple[int, int, int, int, int, int]
"""With the venue."""
_types: Any = numba.types


def _pointer(typingctx: Any, number: Any) -> Any:

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return _types.voidptr(_types.int64), code


address: Any = intrinsic(_pointer)
"""An integer as a pointer, in kernels."""
array_at: Any = getattr(numba, "carray")  # noqa: B009 - which numba does not declare as its own


@inline
def begin(level: Record, obs: Record) -> None:
    """A mandate begins: the order as the policy knows it."""
    task = level.task
    seconds = max(np.float64(obs.deadline - obs.start) / SECOND, 1e-3)
    task.side, task.quantity = obs.side, obs.remaining
    task.start, task.deadline = obs.start, obs.deadline
    task.slice = max(np.int64(math.ceil(obs.remaining / level.slices)), np.int64(level.typical), 1)
    task.tick = 1.0
    task.typical_spread, task.typical_depth = level.spread, level.depth
    task.volatility, task.volume, task.slope = level.volatility, level.rate * seconds, 0.0
    task.latency, task.fee_edge = level.latency, level.fee_edge
    task.arrival = 0.5 * (obs.bid + obs.ask)
    task.risk_aversion = weigh(task, level.risk)
    level.recall.begun = 0
    level.paid_before, level.made_before, level.dark_before = obs.paid, obs.made, obs.dark
    level.due, level.crossing, level.rest = obs.now, 0, NOTHING
    places = level.places
    places.child, places.dark, places.dark_filled, places.now, places.recalled, places.recent = -1, 0, 0, 0, 0, 0.0


@inline
def look(level: Record, obs: Record) -> None:
    """What the desk knows, as the policy's records."""
    progress, sight = level.progress, level.sight
    level.task.quantity = max(level.task.quantity, obs.remaining)
    progress.remaining = obs.remaining
    progress.paid, progress.made = obs.paid - level.paid_before, obs.made - level.made_before
    progress.live = obs.live_size if obs.live == 1 else 0
    progress.live_price, progress.ahead = obs.live_price, obs.queue_ahead
    sight.now, sight.quoted, sight.bid, sight.ask = obs.now, obs.quoted, obs.bid, obs.ask
    sight.traded, sight.signed = obs.volume - obs.dark_volume, obs.signed - obs.dark_signed
    sight.bid_sizes[0], sight.ask_sizes[0] = obs.bid_size, obs.ask_size
    sight.bid_sizes[1], sight.bid_sizes[2] = obs.bid_size_1, obs.bid_size_2
    sight.bid_sizes[3], sight.bid_sizes[4] = obs.bid_size_3, obs.bid_size_4
    sight.ask_sizes[1], sight.ask_sizes[2] = obs.ask_size_1, obs.ask_size_2
    sight.ask_sizes[3], sight.ask_sizes[4] = obs.ask_size_3, obs.ask_size_4
    places = level.places
    if places.pool != 0:
        hidden = obs.live == 1 and obs.live_venue == in_pool(places)
        places.dark, places.dark_filled = obs.live_size if hidden else 0, obs.dark - level.dark_before
        if hidden:
            progress.live = 0
    if places.venues > 1:
        places.child = obs.live_venue - 1 if progress.live > 0 else -1
        places.bid_sizes[0], places.bid_sizes[1] = obs.bid_venue_1, obs.bid_venue_2
        places.bid_sizes[2], places.bid_sizes[3] = obs.bid_venue_3, obs.bid_venue_4
        places.ask_sizes[0], places.ask_sizes[1] = obs.ask_venue_1, obs.ask_venue_2
        places.ask_sizes[2], places.ask_sizes[3] = obs.ask_venue_3, obs.ask_venue_4


@inline
def in_pool(places: Record) -> Int:
    """What a command calls the pool."""
    return max(places.venues, 1) + 1


@inline
def finite(observation: np.ndarray) -> bool:
    """Whether every number of an observation is one."""
    found = True
    for i in range(observation.shape[0]):
        found = found and math.isfinite(observation[i])
    return found


@inline
def settle(level: Record, obs: Record) -> None:
    """Look, choose an action by the network, and write down what it asks for."""
    task, progress, sight, places = level.task, level.progress, level.sight, level.places
    seen, mask = level.observation[: level.observed], level.mask[: level.actions]
    look(level, obs)
    remember(task, progress, sight, level.recall)
    observe(task, progress, sight, level.recall, seen)
    remember_places(task, sight, places)
    observe_places(task, progress, sight, places, seen)
    for action in range(level.actions):
        mask[action] = legal_at(action, task, progress, sight, places)
    if places.pool != 0 and obs.limited == 1:  # the pool knows no limit
        mask[level.actions - DARK_ACTIONS :] = 0
    widths = array_at(address(level.widths), (level.depths,), np.int64)
    weights = array_at(address(level.weights), (level.numbers,), np.float32)
    scratch = array_at(address(level.scratch), (2, level.widest), np.float32)
    level.decisions += 1
    if finite(seen):
        level.action = best_legal(scratch[forward(widths, weights, seen, scratch)], mask)
    else:  # the network's answer would be undefined
        level.action = KEEP
        level.blind += 1
    ask(level, obs)


@inline
def ask(level: Record, obs: Record) -> None:
    """Write down what the action asks for."""
    task, progress, sight, places = level.task, level.progress, level.sight, level.places
    base, venue, dark = decode(level.action, places)
    level.crossing, level.rest_price, level.rest = wish(base, task, progress, sight)
    level.crossing_venue = level.rest_venue = venue + 1 if places.venues > 1 or places.pool != 0 else np.int64(NOWHERE)
    level.limit = far(obs) + obs.side * level.reach
    if dark >= 0:
        level.crossing_venue = level.rest_venue = in_pool(places)
        if dark != DARK_REST:
            level.crossing = dark_lots(dark, task, progress)
        elif places.dark < progress.remaining:  # else it is where it shall be
            level.rest, level.rest_price = progress.remaining, far(obs)
    if level.crossing > 0 and level.rest < 0 and obs.live == 1:  # the child that a take cancels comes back
        level.rest, level.rest_price = min(obs.live_size, obs.remaining - level.crossing), obs.live_price
        level.rest_venue = obs.live_venue
    level.due = max(level.due + level.interval, obs.now + 1)


@inline
def carry_out(level: Record, obs: Record, wake: Int) -> Tick:
    """The next intent of the last decision: the take, then what shall rest, then nothing."""
    if level.crossing > 0:
        lots = min(level.crossing, obs.remaining)
        if not can_cross(obs):
            level.crossing = 0
        else:
            if obs.live == 0:  # else the engine cancels the child, and asks again
                level.crossing = 0
            return TAKE, within(obs, level.limit), lots, 0, wake_at(obs, wake), level.crossing_venue
    if level.rest >= 0:
        lots, price, venue = min(level.rest, obs.remaining), within(obs, level.rest_price), level.rest_venue
        away = obs.live == 1 and venue != NOWHERE and obs.live_venue != venue
        if lots == 0 or not away:  # else the engine cancels the child, and asks again
            level.rest = NOTHING
        if lots == 0 and obs.live == 1:
            return PULL, 0, 0, 0, wake_at(obs, wake), NOWHERE
        stands = obs.live == 1 and obs.live_price == price and obs.live_size == lots and not away
        if lots > 0 and not stands:
            return REST, price, lots, 1, wake_at(obs, wake), venue
    return anywhere(keep_until(obs, wake))


@inline
def anywhere(tick: tuple[int, int, int, int, int]) -> Tick:
    """An intent that names no venue."""
    kind, price, size, post_only, wake = tick
    return kind, price, size, post_only, wake, NOWHERE


@inline
def level_at(place: Int) -> Record:
    """The LEVEL row at an address."""
    return array_at(address(place), (1,), LEVEL)[0]


@kernel
def decide(params: Params, memory: Memory, obs: Record) -> Tick:
    """The intent of a trained policy; `params` are not used, `memory[PLACE]` is the address of its LEVEL row."""
    level = level_at(memory[PLACE])
    if idle(obs):
        return anywhere(waiting(obs))
    if memory[START] != obs.start or memory[DEADLINE] != obs.deadline:
        begin(level, obs)
    renew(memory, obs)
    last = obs.final == 1 and level.cross_final != 0
    if crossing_due(obs, last, level.lead):
        return anywhere(cross(memory, obs, obs.remaining, level.through, level.retry))
    wake = crossing_wake(obs, last, level.lead, level.retry)
    if obs.now >= level.due:
        settle(level, obs)
    return carry_out(level, obs, min(wake, level.due))


def tick(params: Any, memory: Any, obs: Any) -> Any:
    """`decide` as `strategy.tick.custom.tick_kernel` takes it: what is kept on disk is called, not compiled anew."""
    return decide(params, memory, obs)
