"""The episodes as a vector environment of Stable-Baselines3."""

from __future__ import annotations

from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.learn.batch import ExecutionBatch
from tickwright.learn.config import EpisodeConfig
from tickwright.learn.gymnasium_env import spaces
from tickwright.learn.layout import End
from tickwright.learn.outcome import outcome_info

try:
    from stable_baselines3.common.vec_env import VecEnv
except ImportError as error:  # pragma: no cover - the extra is in the test install
    raise ConfigError("stable-baselines3", "not installed", "pip install 'tickwright[rl]'") from error


class ExecutionVecEnv(VecEnv):
    """K episodes in one compiled call a step, restarting by themselves as Stable-Baselines3 wants.

    An ended episode's info holds its outcome, `terminal_observation`, and `episode` with `r` (reward) and `l` (steps).
    """

    def __init__(self, config: EpisodeConfig | None = None, count: int = 64, seed: int = 0, threads: int = 1) -> None:
        self._batch = ExecutionBatch(config or EpisodeConfig(), count, seed, threads=threads)
        self._actions = np.zeros(count, np.int64)
        super().__init__(count, *spaces(self._batch.config))

    def reset(self) -> np.ndarray:
        """Begin an episode in each row; the seed given to `seed` comes into force here."""
        seed = self._seeds[0]
        if seed is not None:
            self._batch.reseed(seed)
        observations, _ = self._batch.reset()
        self._reset_seeds()
        self._reset_options()
        return observations.copy()

    def step_async(self, actions: np.ndarray) -> None:
        """Take the actions."""
        self._actions = np.asarray(actions)

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """(observations, rewards, dones, infos)."""
        got = self._batch.step(self._actions)
        over = got.ends != End.RUNNING
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for k in np.flatnonzero(over):
            outcome = outcome_info(self._batch.episodes["last"][k])
            infos[k] = outcome | {
                "terminal_observation": got.finals[k].copy(),
                "TimeLimit.truncated": outcome["end"] == End.FAULT,
                "episode": {"r": outcome["reward"], "l": outcome["steps"], "t": 0.0},
            }
        return got.observations.copy(), got.rewards.astype(np.float32), over, infos

    def action_masks(self) -> np.ndarray:
        """Which actions are legal now: what MaskablePPO asks for."""
        return self._batch.masks.copy()

    def close(self) -> None:
        """End the threads."""
        self._batch.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """An attribute, the same for every row. `render_mode` is None."""
        value = None if attr_name == "render_mode" else getattr(self, attr_name)
        return [value for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Rows have no attributes of their own."""
        raise ConfigError(attr_name, value, "no attribute: an ExecutionVecEnv is configured once, by its EpisodeConfig")

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """`action_masks`, row by row; other methods do not exist."""
        if method_name != "action_masks":
            raise ConfigError("method", method_name, "action_masks")
        return [self._batch.masks[k].copy() for k in self._get_indices(indices)]

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        """Never: outcomes are in the infos, as a Monitor would put them."""
        return [False for _ in self._get_indices(indices)]
