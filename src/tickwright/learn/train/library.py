"""Algorithms of Stable-Baselines3 and sb3-contrib on the same problems, and their networks in our form.

An action that is not legal counts as keep while such an algorithm learns; the exported policy takes the best legal one.
Observations are clipped as the compiled forward pass clips them, and not normalised.

`DoubleDQN` is not in the library: van Hasselt, Guez and Silver, "Deep reinforcement learning with double Q-learning",
AAAI 2016.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError, TrainingError
from tickwright.data.store.disk import whole_file
from tickwright.learn.layout import End
from tickwright.learn.train.config import PpoConfig, TrainConfig
from tickwright.learn.train.model import network_of
from tickwright.learn.train.problem import Episodes, Taken, learned_from, require_finite
from tickwright.strategy.learned.network import CLIP, Network

try:
    import gymnasium as gym
    import torch
    from stable_baselines3 import DQN
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.utils import LinearSchedule
    from stable_baselines3.common.vec_env import VecEnv
except ImportError as error:  # pragma: no cover - the extra is in the test install
    raise ConfigError("stable-baselines3", "not installed", "pip install 'tickwright[rl]'") from error

NAMES = {
    "sb3-ppo": ("stable_baselines3", "PPO"),
    "sb3-dqn": ("stable_baselines3", "DQN"),
    "sb3-double-dqn": (__name__, "DoubleDQN"),
    "sb3-qrdqn": ("sb3_contrib", "QRDQN"),
    "sb3-maskable-ppo": ("sb3_contrib", "MaskablePPO"),
    "sb3-recurrent-ppo": ("sb3_contrib", "RecurrentPPO"),
}
MODEL = "model.zip"
Watch = Callable[[Taken], None]
"""Called with each step of the episodes that are learned from."""
Between = Callable[[int, dict[str, float]], bool]
"""Called between two rollouts with the steps so far and what the last update told: whether to go on."""


class EpisodesVecEnv(VecEnv):
    """Episodes of any problem as the library wants them; with the market's outcomes: `learn.ExecutionVecEnv`."""

    def __init__(
        self, episodes: Episodes, reward_scale: float, without_news: bool, watch: Watch = lambda got: None
    ) -> None:
        self._episodes, self._scale, self._without_news, self._watch = episodes, reward_scale, without_news, watch
        self._actions: np.ndarray = np.zeros(len(episodes.masks), np.int64)
        box = gym.spaces.Box(-CLIP, CLIP, episodes.observations.shape[1:], np.float32)
        super().__init__(len(episodes.masks), box, gym.spaces.Discrete(episodes.masks.shape[1]))

    def reset(self) -> np.ndarray:
        """Begin an episode in each row."""
        return _clipped(require_finite("observation", self._episodes.reset()[0]))

    def step_async(self, actions: np.ndarray) -> None:
        """Take the actions."""
        self._actions = np.asarray(actions, np.int64)

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """(observations, rewards, dones, infos). Raises TrainingError where one of these is not finite."""
        got = self._episodes.step(self._actions)
        require_finite("observation", got.observations)
        require_finite("reward", got.rewards)
        over = got.ends != End.RUNNING
        require_finite("last observation", np.where(over[:, None], got.finals, np.float32(0.0)))
        self._watch(got)
        rewards = learned_from(got, self._without_news) * self._scale
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for k in np.flatnonzero(over):
            cut = bool(got.ends[k] == End.FAULT)
            infos[k] = {"terminal_observation": _clipped(got.finals[k]), "TimeLimit.truncated": cut}
        return _clipped(got.observations), rewards.astype(np.float32), over, infos

    def action_masks(self) -> np.ndarray:
        """Which actions are legal now."""
        return np.array(self._episodes.masks)

    def close(self) -> None:
        """End the threads."""
        self._episodes.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """An attribute, the same for every row. `render_mode` is None."""
        value = None if attr_name == "render_mode" else getattr(self, attr_name)
        return [value for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Rows have no attributes of their own."""
        raise ConfigError(attr_name, value, "no attribute")

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """`action_masks`, row by row; other methods do not exist."""
        if method_name != "action_masks":
            raise ConfigError("method", method_name, "action_masks")
        masks = self.action_masks()
        return [masks[k] for k in self._get_indices(indices)]

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        """Never."""
        return [False for _ in self._get_indices(indices)]


class _Course(BaseCallback):
    """Between a rollout and the next: whether the numbers are sound, and what `between` wants to do."""

    def __init__(self, config: PpoConfig, steps: int, between: Between) -> None:
        super().__init__()
        self._config, self._steps, self._between, self._on = config, steps, between, True

    def _on_rollout_start(self) -> None:
        if self.num_timesteps > 0:
            self._on = self._between(self.num_timesteps, self.sound())
        if hasattr(self.model, "ent_coef"):
            self.model.ent_coef = self._config.entropy * max(1.0 - self.num_timesteps / self._steps, 0.0)

    def _on_step(self) -> bool:
        return self._on

    def sound(self) -> dict[str, float]:
        """What the last update told of itself. Raises TrainingError where a number is not finite, or it leaped."""
        known = self.model.logger.name_to_value
        told = {name.removeprefix("train/"): float(value) for name, value in known.items() if name.startswith("train/")}
        if not math.isfinite(told.get("explained_variance", 0.0)):
            told.pop("explained_variance")  # of returns that are all alike there is none
        bad = [name for name, value in told.items() if not math.isfinite(value)]
        if bad or not are_finite(self.model):
            raise TrainingError(f"not a number in {', '.join(bad) or 'the weights'}")
        divergence, most = told.get("approx_kl", 0.0), self._config.largest_divergence
        if abs(divergence) > most:
            raise TrainingError(f"divergence: got {divergence:.3g} in one update, expected {most:g} at most")
        return told


def are_finite(model: Any) -> bool:
    """Whether all weights of a model are finite numbers."""
    return all(bool(torch.isfinite(weights).all()) for weights in model.policy.parameters())


class _ChosenOnline:
    """What a target network says of the action that the online one likes best; of every other, nothing."""

    def __init__(self, online: Any, target: Any) -> None:
        self._online, self._target = online, target

    def __call__(self, observations: Any) -> torch.Tensor:
        values: torch.Tensor = self._target(observations)
        best = self._online(observations).argmax(dim=1, keepdim=True)
        return torch.full_like(values, -torch.inf).scatter(1, best, values.gather(1, best))


class DoubleDQN(DQN):
    """DQN whose target is the target network's value of the online network's choice: r + γ Q'(s', argmax Q(s', ·))."""

    def train(self, gradient_steps: int, batch_size: int = 100) -> None:
        """The library's own updates; what they take the largest value of is that of the choice alone."""
        target: Any = self.policy.q_net_target
        chosen: Any = _ChosenOnline(self.q_net, target)
        self.q_net_target = chosen
        try:
            super().train(gradient_steps, batch_size)
        finally:
            self.q_net_target = target


class Model:
    """A model of the library, trained or not."""

    def __init__(self, config: TrainConfig, episodes: Episodes, watch: Watch = lambda got: None) -> None:
        torch.set_num_threads(1)
        package, name = NAMES[config.algorithm]
        try:
            algorithm = getattr(import_module(package), name)
        except ImportError as error:
            missing = package.replace("_", "-")
            raise ConfigError("algorithm", config.algorithm, f"{missing}: pip install {missing}") from error
        given, ppo = config.library, config.ppo
        self._name, self._ppo = config.algorithm, ppo
        settings: dict[str, Any] = {
            "learning_rate": LinearSchedule(given.learning_rate, given.learning_rate * given.learning_rate_end, 1.0),
            "gamma": ppo.gamma,
            "seed": config.seed % 2**32,
        }
        settings["policy_kwargs"] = {"net_arch": list(given.hidden), "activation_fn": torch.nn.Tanh}
        if "ppo" in self._name:
            settings |= {"n_steps": ppo.rollout, "n_epochs": ppo.epochs, "gae_lambda": ppo.gae_lambda}
            settings |= {"clip_range": ppo.clip, "ent_coef": ppo.entropy, "max_grad_norm": ppo.gradient_clip}
            settings["batch_size"] = min(ppo.minibatch, ppo.rollout * given.environments)
        else:
            settings |= {"buffer_size": given.buffer, "exploration_fraction": given.exploration}
            settings |= {"learning_starts": min(given.buffer, config.steps) // 20, "batch_size": 256}
            settings |= {"train_freq": 4, "gradient_steps": 4, "target_update_interval": 1000}
        kind = "MlpLstmPolicy" if self.has_memory else "MlpPolicy"
        if self.has_memory:
            settings["policy_kwargs"]["lstm_hidden_size"] = given.hidden[0]
        if self._name == "sb3-qrdqn":
            settings["policy_kwargs"]["n_quantiles"] = given.quantiles
        env = EpisodesVecEnv(episodes, ppo.reward_scale, ppo.without_news, watch)
        self._model = algorithm(kind, env, device=config.device, **settings)

    @property
    def has_memory(self) -> bool:
        """Whether its network is recurrent, which a `policy.twp` cannot hold."""
        return self._name == "sb3-recurrent-ppo"

    def learn(self, steps: int, between: Between = lambda steps, told: True) -> tuple[int, dict[str, float]]:
        """Train: the steps that were taken, and what the last update told.

        Raises TrainingError where an observation, a reward, a loss or a weight is not finite, or the policy leaps.
        """
        course = _Course(self._ppo, steps, between)
        try:
            self._model.learn(steps, callback=course)
        except ValueError as error:  # torch draws from no distribution of such weights
            if are_finite(self._model):
                raise
            raise TrainingError("not a number in the weights") from error
        return int(self._model.num_timesteps), course.sound()

    def network(self) -> Network:
        """What it has learned, as numbers: logits, values of actions, or their mean over quantiles."""
        policy = self._model.policy
        if self._name in ("sb3-ppo", "sb3-maskable-ppo"):
            layers = torch.nn.Sequential(*policy.mlp_extractor.policy_net, policy.action_net)
        else:
            inner = policy.quantile_net.quantile_net if self._name == "sb3-qrdqn" else policy.q_net.q_net
            layers = torch.nn.Sequential(*inner)
        size = int(policy.observation_space.shape[0])
        made = network_of(layers, np.zeros(size, np.float32), np.ones(size, np.float32))
        if self._name != "sb3-qrdqn":
            return made
        (weights, bias), actions = made.layers[-1], int(policy.action_space.n)
        mean = weights.reshape(len(weights), -1, actions).mean(axis=1), bias.reshape(-1, actions).mean(axis=0)
        return Network(made.mean, made.scale, (*made.layers[:-1], mean))

    def remembering(self) -> Any:
        """`decide(batch)` of a recurrent model: a row whose episode has just begun remembers nothing."""
        state: list[Any] = [None]

        def decide(batch: Episodes) -> np.ndarray:
            actions, state[0] = self._model.predict(
                _clipped(batch.observations), state=state[0], episode_start=batch.begun, deterministic=True
            )
            return np.asarray(actions, np.int64)

        return decide

    def save(self, folder: Path) -> None:
        """Write the library's own file whole. Raises StorageError."""
        with whole_file(folder / MODEL) as draft, draft.open("wb") as file:
            self._model.save(file)


def _clipped(observations: np.ndarray) -> np.ndarray:
    clipped: np.ndarray = np.clip(observations, -np.float32(CLIP), np.float32(CLIP))
    return clipped
