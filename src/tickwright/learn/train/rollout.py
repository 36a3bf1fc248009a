"""Steps of many episodes under one policy, and what they were worth.

An ended episode is followed by the next one in its row, so the value of what comes after an end is 0; where the market
stopped (`End.FAULT`) the episode was cut and not over, and its last observation's value stands for the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tickwright.learn.layout import End
from tickwright.learn.train.config import PpoConfig
from tickwright.learn.train.problem import Episodes, Problem, Taken, learned_from, require_finite

Act = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""(observations, masks) → (actions, log probabilities, values)."""


@dataclass(frozen=True, eq=False)
class Rollout:
    """T steps of K rows, flat: row t K + k is row k at step t."""

    observations: np.ndarray
    """float32 (T K, observed), as the episodes gave them."""
    masks: np.ndarray
    actions: np.ndarray
    """int64 (T K,)."""
    log_probs: np.ndarray
    """float32, of the action when it was drawn."""
    values: np.ndarray
    returns: np.ndarray
    """float32: what the value should have been."""
    advantages: np.ndarray
    taught: np.ndarray
    """int64: what the teacher would have done; -1 without one."""


@dataclass(eq=False)
class Running:
    """Sums of the episodes under way, and of those that ended since the log was last written."""

    reward: np.ndarray
    """float64 (K,), of the episode under way."""
    ended: dict[str, float] = field(default_factory=dict)

    def take(self, problem: Problem, episodes: Episodes, got: Taken) -> None:
        """Take a step in."""
        ended, fault = got.ends != End.RUNNING, got.ends == End.FAULT
        over, facts = ended & ~fault, problem.facts(episodes, ended) if ended.any() else {}
        self.reward += got.rewards
        told = {"episodes": float(over.sum()), "faults": float(fault.sum())}
        told |= {"reward": float(self.reward[over].sum()), **facts}
        for name, value in told.items():
            self.ended[name] = self.ended.get(name, 0.0) + value
        self.reward[ended] = 0.0

    def means(self) -> dict[str, float]:
        """Per ended episode, and begin to count anew."""
        told, self.ended = self.ended, {}
        count = told.pop("episodes", 0.0)
        faults = told.pop("faults", 0.0)
        return {"episodes": count, "faults": faults} | {n: v / count for n, v in told.items() if count > 0}


def collect(
    problem: Problem, episodes: Episodes, act: Act, config: PpoConfig, running: Running, teacher: Any = None
) -> Rollout:
    """Go on for `config.rollout` steps. `teacher` is asked what it would do (`decide(episodes)`) and not obeyed.

    Raises TrainingError where an observation or a reward is not a finite number.
    """
    steps, gamma = config.rollout, config.gamma
    count, observed, actions = len(episodes.masks), episodes.observations.shape[1], episodes.masks.shape[1]
    seen, masks = np.zeros((steps, count, observed), np.float32), np.zeros((steps, count, actions), np.bool_)
    done, taught = np.zeros((steps, count), np.int64), np.full((steps, count), -1, np.int64)
    log_probs, values = (np.zeros((steps, count), np.float32) for _ in range(2))
    rewards, over, cut = np.zeros((steps, count)), np.zeros((steps, count), np.bool_), np.zeros((steps, count))
    for t in range(steps):
        seen[t], masks[t] = episodes.observations, episodes.masks
        if teacher is not None:
            taught[t] = teacher.decide(episodes)
        done[t], log_probs[t], values[t] = act(seen[t], masks[t])
        got = episodes.step(done[t])
        require_finite("reward", got.rewards)
        rewards[t] = learned_from(got, config.without_news) * config.reward_scale
        over[t] = got.ends != End.RUNNING
        fault = got.ends == End.FAULT
        if fault.any():
            cut[t, fault] = gamma * act(got.finals[fault], np.ones((int(fault.sum()), actions), np.bool_))[2]
        running.take(problem, episodes, got)
    after = act(episodes.observations, episodes.masks)[2]
    advantages = advantages_of(rewards + cut, values, over, after, gamma, config.gae_lambda)
    returns = (advantages + values).astype(np.float32)
    return Rollout(
        seen.reshape(-1, observed), masks.reshape(-1, actions), done.ravel(), log_probs.ravel(), values.ravel(),
        returns.ravel(), advantages.astype(np.float32).ravel(), taught.ravel(),
    )  # fmt: skip


def advantages_of(
    rewards: np.ndarray, values: np.ndarray, over: np.ndarray, after: np.ndarray, gamma: float, gae_lambda: float
) -> np.ndarray:
    """Generalised advantage estimation (Schulman and others, 2016), float64 (T, K). `over[t]` says that step t ended
    its episode, `after` is the value of what comes after the last step."""
    advantages = np.zeros(rewards.shape)
    advantage_t1, value_t1 = np.zeros(rewards.shape[1]), after.astype(np.float64)
    for t in reversed(range(len(rewards))):
        going = ~over[t]
        delta = rewards[t] + gamma * value_t1 * going - values[t]
        advantage_t1 = delta + gamma * gae_lambda * advantage_t1 * going
        advantages[t], value_t1 = advantage_t1, values[t].astype(np.float64)
    return advantages
