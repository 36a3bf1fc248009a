"""A baseline of the episodes at work elsewhere: the same decision, as a tick level of a run.

It looks, waits, crosses at the end and gives its intents one after the other as a trained policy does
(`strategy.learned.level`); only the action is chosen by its rule, on the very records that it sees in an episode. Its
clock is that of the episodes too: as many decisions, evenly over the order's time.

`memory[PLACE]` is the address of a LEVEL row, `memory[RULE_PLACE]` that of a RULE row.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.kernel import inline, kernel
from tickwright.core.records import ParentOrder
from tickwright.core.rng import derive
from tickwright.learn.layout import EPISODE, SETTINGS
from tickwright.learn.policies.baseline import Baseline
from tickwright.learn.policies.kernel import decide
from tickwright.learn.policies.layout import POLICY, Placement
from tickwright.run.learned import at_work
from tickwright.run.market import MarketDay
from tickwright.strategy.learned.actions import ACTIONS, INSIDE, MID, POST
from tickwright.strategy.learned.at_work import PLACE
from tickwright.strategy.learned.container import TrainedPolicy
from tickwright.strategy.learned.layout import OBSERVED, Int, Record
from tickwright.strategy.learned.level import address, anywhere, array_at, ask, begin, carry_out, level_at, look
from tickwright.strategy.learned.network import Network
from tickwright.strategy.learned.observation import remember
from tickwright.strategy.learned.options import Learned
from tickwright.strategy.tick.common import DEADLINE, START, cross, crossing_due, crossing_wake, idle, renew, waiting
from tickwright.strategy.tick.custom import tick_kernel
from tickwright.venue.sim.profile import Profile

RULE_PLACE = PLACE - 1
MOST_STEPS = 512
RULE = np.dtype(
    [
        ("policy", POLICY),
        ("settings", SETTINGS),
        ("episode", EPISODE),
        ("table", "<f8", (MOST_STEPS + 1,)),  # its schedule's, at the edges of the steps
    ]
)
_LEAVE = int(Placement.LEAVE)


@inline
def settle(level: Record, rule: Record, obs: Record) -> None:
    """Look, choose an action by the rule, and write down what it asks for."""
    look(level, obs)
    remember(level.task, level.progress, level.sight, level.recall)
    episode, steps = rule.episode, np.int64(rule.settings.steps)
    episode.task, episode.progress, episode.sight = level.task, level.progress, level.sight
    episode.recall = level.recall
    episode.step = min(np.int64((obs.now - obs.start) // level.interval), steps - 1)
    level.decisions += 1
    level.action = decide(rule.policy, rule.table, rule.settings, episode)
    ask(level, obs)
    if rule.policy.placement == _LEAVE and POST <= level.action < MID:
        level.rest_price += obs.side * aim(rule.policy.offset, level.action, np.int64(obs.ask - obs.bid))


@inline
def aim(offset: Int, action: Int, spread: Int) -> Int:
    """As `Baseline.aim`: ticks that submit-and-leave rests nearer to the other side than its action says."""
    if action < INSIDE:
        return min(offset, np.int64(0))
    return min(offset, spread - 1) - 1


@kernel
def decide_at_work(params: Any, memory: Any, obs: Record) -> tuple[int, int, int, int, int, int]:
    """The intent of a baseline; `params` are not used."""
    level = level_at(memory[PLACE])
    rule = array_at(address(memory[RULE_PLACE]), (1,), RULE)[0]
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
        settle(level, rule, obs)
    return carry_out(level, obs, min(wake, level.due))


def tick(params: Any, memory: Any, obs: Any) -> Any:
    """`decide_at_work` as `tick_kernel` takes it."""
    return decide_at_work(params, memory, obs)


@cache
def _kernel() -> Any:
    return tick_kernel(tick)


class AtWork:
    """A baseline, seated at one order."""

    def __init__(self, baseline: Baseline, order: ParentOrder, day: MarketDay, profile: Profile, steps: int) -> None:
        pace = (order.end - order.start) / steps / 1e9
        self._trained = at_work(_nobody(pace, steps), Learned("rule"), order, day, profile)
        self._rule = np.zeros(1, RULE)
        self._rule["policy"] = baseline.row
        self._rule["settings"]["steps"] = steps
        self._rule["episode"]["outcome"]["seed"] = derive(
            order.parent_id, f"{order.side}/{order.quantity}/{order.start}"
        )
        self._rule["table"][0, : steps + 1] = baseline.curve(steps)

    @property
    def memory(self) -> tuple[int, ...]:
        """What the slot's memory begins with."""
        return (*(0,) * RULE_PLACE, int(self._rule.ctypes.data), *self._trained.memory[PLACE:])


class BaselineGuest:
    """A baseline in a run (`run.guests`), shown under a name, with so many decisions an order."""

    def __init__(self, baseline: Baseline, steps: int, name: str | None = None) -> None:
        if not 1 <= steps <= MOST_STEPS:
            raise ConfigError("steps", steps, f"1 to {MOST_STEPS}")
        self.name, self._baseline, self._steps = name or baseline.name, baseline, steps

    @property
    def kernel(self) -> Any:
        """The compiled level."""
        return _kernel()

    def seat(self, order: ParentOrder, day: MarketDay, profile: Profile) -> AtWork:
        """At an order. Raises ConfigError where too little was seen before it."""
        return AtWork(self._baseline, order, day, profile, self._steps)


def _nobody(pace: float, steps: int) -> TrainedPolicy:
    """A policy without a say: what `run.learned` measures of an instrument, it measures for a policy."""
    layer = np.zeros((OBSERVED, ACTIONS), np.float32), np.zeros(ACTIONS, np.float32)
    network = Network(np.zeros(OBSERVED, np.float32), np.ones(OBSERVED, np.float32), (layer,))
    return TrainedPolicy(network, (), pace, pace * steps, {"steps": steps})
