"""Q-learning on buckets, backward in time: Nevmyvaka, Feng and Kearns, "Reinforcement learning for optimized trade
execution", ICML 2006.

A state is (time, quantity left, buckets of some numbers of the observation). What an action is worth depends on what
comes later alone, so each round goes over its steps from the last time to the first, and one pass brings what the end
costs all the way to the start. The paper tries every action from every state of recorded data, in which orders have no
impact; here they have, so the states are those that play comes to, with a share of the actions drawn evenly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tickwright.data.store.disk import whole_file
from tickwright.learn.layout import End
from tickwright.learn.train.config import TabularConfig
from tickwright.learn.train.problem import Episodes, Taken, learned_from, require_finite

TIME_LEFT, QUANTITY_LEFT = 0, 1
"""Columns of an observation, of every problem."""
_ROWS = 256
TABLE = "table.npz"
Watch = Callable[[Taken], None]
"""Called with each step that is played."""


class Table:
    """What each action is worth in each state, as far as it was tried."""

    def __init__(self, config: TabularConfig, actions: int) -> None:
        self.config = config
        self.shape = (config.times, config.lots + 1, *(len(config.edges) + 1 for _ in config.columns))
        self.worth = np.zeros((int(np.prod(self.shape)), actions))
        self.tried = np.zeros(self.worth.shape, np.int64)

    def states(self, observations: np.ndarray) -> np.ndarray:
        """int64 (K,): the state of each observation."""
        config = self.config
        passed = np.floor((1.0 - observations[:, TIME_LEFT]) * config.times + 1e-4).astype(np.int64)
        lots = np.ceil(observations[:, QUANTITY_LEFT] * config.lots - 1e-4).astype(np.int64)
        places = [np.clip(passed, 0, config.times - 1), np.clip(lots, 0, config.lots)]
        places += [np.searchsorted(config.edges, observations[:, column]) for column in config.columns]
        return np.asarray(np.ravel_multi_index(places, self.shape))

    def best(self, states: np.ndarray, masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(actions, what they are worth): the best legal one that was tried; the first legal one, worth 0, without."""
        known = np.where(masks & (self.tried[states] > 0), self.worth[states], -np.inf)
        actions = np.where(np.isfinite(known).any(axis=1), known.argmax(axis=1), masks.argmax(axis=1))
        worth = known.max(axis=1)
        return actions, np.where(np.isfinite(worth), worth, 0.0)

    def decide(self, batch: Any) -> np.ndarray:
        """int64 (K,): actions for a batch."""
        return self.best(self.states(batch.observations), batch.masks)[0]

    def learn(self, seen: Seen) -> None:
        """Take steps in, the last times first."""
        times = np.unravel_index(seen.states, self.shape)[0]
        for time in range(self.config.times - 1, -1, -1):
            part = np.flatnonzero(times == time)
            if not len(part):
                continue
            after = self.best(seen.after[part], seen.masks[part])[1]
            target = seen.rewards[part] + np.where(seen.over[part], 0.0, after)
            place = np.ravel_multi_index((seen.states[part], seen.actions[part]), self.worth.shape)
            count = np.bincount(place, minlength=self.worth.size).reshape(self.worth.shape)
            total = np.bincount(place, target, minlength=self.worth.size).reshape(self.worth.shape)
            self.tried += count
            new = count > 0
            self.worth[new] += (total[new] - count[new] * self.worth[new]) / self.tried[new]

    def save(self, folder: Path) -> None:
        """Write the table whole. Raises StorageError."""
        with whole_file(folder / TABLE) as draft, draft.open("wb") as file:
            np.savez_compressed(file, worth=self.worth, tried=self.tried, shape=np.array(self.shape))


@dataclass(frozen=True, eq=False)
class Seen:
    """Steps that were taken: the state before and after, the action, and what is legal after."""

    states: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray
    after: np.ndarray
    masks: np.ndarray
    over: np.ndarray


def train_table(
    episodes: Episodes, config: TabularConfig, steps: int, seed: int, progress: Any, without_news: bool = True,
    watch: Watch = lambda got: None,
) -> Table:  # fmt: skip
    """Play `steps` steps in rounds, and learn from each; from rewards less the news where that is asked for.

    `watch` is called with each step. Raises TrainingError where an observation or a reward is not a finite number.
    """
    rng = np.random.default_rng(seed)
    table = Table(config, episodes.masks.shape[1])
    each = max(steps // config.rounds, 1)
    for done in range(config.rounds):
        progress("training", done * each, steps)
        explore = 1.0 if done == 0 else config.explore
        table.learn(play(episodes, table, max(each // len(episodes.masks), 1), explore, rng, without_news, watch))
    return table


def play(
    episodes: Episodes, table: Table, steps: int, explore: float, rng: np.random.Generator, without_news: bool,
    watch: Watch,
) -> Seen:  # fmt: skip
    """Go on with the best actions, and a share of drawn ones."""
    columns: list[tuple[np.ndarray, ...]] = []
    for _ in range(steps):
        masks, states = episodes.masks.copy(), table.states(require_finite("observation", episodes.observations))
        drawn = np.where(masks, rng.random(masks.shape), -1.0).argmax(axis=1)
        actions = np.where(rng.random(len(masks)) < explore, drawn, table.best(states, masks)[0])
        got = episodes.step(actions)
        require_finite("observation", got.observations)
        require_finite("reward", got.rewards)
        watch(got)
        over = got.ends != End.RUNNING
        rewards = learned_from(got, without_news).copy()
        columns.append((states, actions, rewards, table.states(got.observations), got.masks.copy(), over))
    return Seen(*(np.concatenate(column) for column in zip(*columns, strict=True)))
