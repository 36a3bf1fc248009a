"""The episodes as Gymnasium environments: one at a time, and many."""

from __future__ import annotations

from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.learn.batch import ExecutionBatch
from tickwright.learn.config import EpisodeConfig
from tickwright.learn.layout import End
from tickwright.learn.outcome import outcome_info
from tickwright.strategy.learned.observation import BOUND

try:
    import gymnasium as gym
    from gymnasium.vector import AutoresetMode
    from gymnasium.vector.utils import batch_space
except ImportError as error:  # pragma: no cover - the extra is in the test install
    raise ConfigError("gymnasium", "not installed", "pip install 'tickwright[rl]'") from error


def spaces(config: EpisodeConfig) -> tuple[gym.spaces.Box, gym.spaces.Discrete]:
    """(observation, action) of one episode."""
    return gym.spaces.Box(-BOUND, BOUND, (config.observed,), np.float32), gym.spaces.Discrete(config.actions)


class ExecutionEnv(gym.Env[np.ndarray, np.int64]):
    """One episode at a time. `reset(seed=...)` begins the first of the seed; `info["action_mask"]` says what is legal.

    An episode terminates when the order is done, at the deadline, or with the market's fault (then `truncated`).
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - Gymnasium declares it so

    def __init__(self, config: EpisodeConfig | None = None, seed: int = 0) -> None:
        self._batch = ExecutionBatch(config or EpisodeConfig(), 1, seed, restart=False)
        self.observation_space, self.action_space = spaces(self._batch.config)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        """Begin an episode."""
        super().reset(seed=seed)
        if seed is not None:
            self._batch.reseed(seed)
        observations, masks = self._batch.reset()
        return observations[0].copy(), {"action_mask": masks[0].copy()}

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict]:
        """(observation, reward, terminated, truncated, info)."""
        got = self._batch.step(np.array([action], np.int64))
        end = End(int(got.ends[0]))
        info: dict[str, Any] = {"action_mask": got.masks[0].copy()}
        if end is not End.RUNNING:
            info |= outcome_info(self._batch.episodes["last"][0])
        done = end in (End.FILLED, End.DEADLINE)
        return got.observations[0].copy(), float(got.rewards[0]), done, end is End.FAULT, info

    def action_masks(self) -> np.ndarray:
        """Which actions are legal now: what MaskablePPO asks for."""
        return np.array(self._batch.masks[0])


class ExecutionVectorEnv(gym.vector.VectorEnv[np.ndarray, np.ndarray, np.ndarray]):
    """K episodes in one compiled call a step. An ended episode is followed by the next one in the same step; its last
    observation is `info["final_obs"]`, its outcome `info["final_info"]`."""

    metadata: dict[str, Any] = {"autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012

    def __init__(self, config: EpisodeConfig | None = None, count: int = 64, seed: int = 0, threads: int = 1) -> None:
        self._batch = ExecutionBatch(config or EpisodeConfig(), count, seed, threads=threads)
        self.num_envs = count
        self.single_observation_space, self.single_action_space = spaces(self._batch.config)
        self.observation_space = batch_space(self.single_observation_space, count)
        self.action_space = batch_space(self.single_action_space, count)

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode in each row; `seed` is one number for all."""
        if seed is not None:
            if not isinstance(seed, int):
                raise ConfigError("seed", seed, "one number: rows have seeds of their own that follow from it")
            self._batch.reseed(seed)
        observations, masks = self._batch.reset()
        return observations.copy(), {"action_mask": masks.copy()}

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """(observations, rewards, terminations, truncations, info)."""
        got = self._batch.step(actions)
        over, fault = got.ends != End.RUNNING, got.ends == End.FAULT
        info: dict[str, Any] = {"action_mask": got.masks.copy()}
        if over.any():
            info["final_obs"], info["_final_obs"] = got.finals.copy(), over.copy()
            info["final_info"] = outcome_info(self._batch.episodes["last"])
            info["_final_info"] = over.copy()
        return got.observations.copy(), got.rewards.copy(), over & ~fault, fault, info

    def close_extras(self, **_: Any) -> None:
        """End the threads."""
        self._batch.close()
