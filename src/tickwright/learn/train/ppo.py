"""The learner: draws actions, and makes the policy better by what came of them.

Everything is drawn from one NumPy generator and torch runs on one thread, so that a training is a function of its
configuration and seed. On a GPU that holds as far as its own sums go.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from tickwright.core.errors import ConfigError, TrainingError
from tickwright.learn.train.config import PpoConfig
from tickwright.learn.train.model import ActorCritic, normalised
from tickwright.learn.train.normaliser import Normaliser
from tickwright.learn.train.problem import require_finite
from tickwright.learn.train.rollout import Rollout
from tickwright.strategy.learned.network import Network


class Learner:
    """Networks, optimiser, normalisation and chance of a training."""

    def __init__(self, config: PpoConfig, observed: int, actions: int, seed: int, device: str = "cpu") -> None:
        torch.set_num_threads(1)
        self.config, self.device = config, device
        self.rng = np.random.default_rng(seed)
        self.model = ActorCritic(observed, actions, config.hidden, torch.Generator().manual_seed(seed % 2**63))
        self.model.to(device)
        self.optimiser = torch.optim.Adam(self.model.parameters(), config.learning_rate, eps=1e-5)
        self.normaliser = Normaliser(observed)
        self.mean, self.scale = self.normaliser.frozen()

    def act(self, observations: np.ndarray, masks: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw an action a row: (actions, their log probabilities, values).

        Raises TrainingError where an observation is not finite.
        """
        require_finite("observation", observations)
        with torch.no_grad():
            log_probs, values = (told.cpu() for told in self.model(self._seen(observations), self._tensor(masks)))
        heights = np.cumsum(np.exp(log_probs.numpy().astype(np.float64)), axis=1)
        drawn = self.rng.random(len(heights)) * heights[:, -1]
        actions = (heights <= drawn[:, None]).sum(axis=1)
        return actions, np.take_along_axis(log_probs.numpy(), actions[:, None], 1)[:, 0], values.numpy()

    def update(self, rollout: Rollout, left: float, leash: float) -> dict[str, float]:
        """Learn from a rollout. `left` is the share of the steps still to come, `leash` the teacher's weight.

        Raises TrainingError where a number is not finite, or the policy leaps.
        """
        config, model = self.config, self.model
        for group in self.optimiser.param_groups:
            group["lr"] = config.learning_rate * (config.learning_rate_end + (1 - config.learning_rate_end) * left)
        seen = self._seen(rollout.observations)
        masks, actions = self._tensor(rollout.masks), self._tensor(rollout.actions)
        old, returns = self._tensor(rollout.log_probs), self._tensor(rollout.returns)
        advantages, taught = self._tensor(rollout.advantages), self._tensor(rollout.taught)
        told: list[dict[str, float]] = []
        for _ in range(config.epochs):
            order = self._tensor(self.rng.permutation(len(seen)))
            for part in torch.split(order, config.minibatch):
                log_probs, values = model(seen[part], masks[part])
                chosen = log_probs.gather(1, actions[part, None]).squeeze(1)
                ratio = torch.exp(chosen - old[part])
                gain = advantages[part]
                gain = (gain - gain.mean()) / (gain.std() + 1e-8)
                clipped = torch.clamp(ratio, 1 - config.clip, 1 + config.clip)
                policy_loss = -torch.min(ratio * gain, clipped * gain).mean()
                value_loss = (returns[part] - values).pow(2).mean()
                entropy = -(log_probs.exp() * log_probs).sum(dim=1).mean()
                loss = policy_loss + config.value_weight * value_loss - config.entropy * left * entropy
                away = torch.zeros((), device=self.device)
                if leash > 0.0:
                    away = from_teacher(log_probs, taught[part])
                    loss = loss + leash * away
                norm = self._descend(loss)
                with torch.no_grad():
                    divergence = (ratio - 1 - (chosen - old[part])).mean()
                told.append(_numbers(
                    policy_loss=policy_loss, value_loss=value_loss, entropy=entropy, divergence=divergence,
                    from_teacher=away, clipped=((ratio - 1).abs() > config.clip).float().mean(),
                ) | {"gradient": norm})  # fmt: skip
        means = {name: float(np.mean([row[name] for row in told])) for name in told[0]}
        last = told[-1]["divergence"]
        if not all(math.isfinite(value) for value in means.values()):
            raise TrainingError(f"not a number in {', '.join(n for n, v in means.items() if not math.isfinite(v))}")
        if abs(last) > config.largest_divergence:
            raise TrainingError(
                f"divergence: got {last:.3g} in one update, expected {config.largest_divergence:g} at most"
            )
        spread = float(np.var(rollout.returns))
        explained = 1.0 - float(np.var(rollout.returns - rollout.values)) / spread if spread > 0 else 0.0
        return means | {"explained": explained, "learning_rate": float(self.optimiser.param_groups[0]["lr"])}

    def freeze(self, observations: np.ndarray) -> None:
        """Take observations into the normalisation, and use it as of now."""
        self.normaliser.add(observations)
        self.mean, self.scale = self.normaliser.frozen()

    def imitate(self, rollout: Rollout) -> float:
        """One pass over what a teacher did and earned: the mean negative log probability of its actions."""
        seen, returns = self._seen(rollout.observations), self._tensor(rollout.returns)
        masks, taught = self._tensor(rollout.masks), self._tensor(rollout.taught)
        losses = []
        for part in torch.split(self._tensor(self.rng.permutation(len(seen))), self.config.minibatch):
            log_probs, values = self.model(seen[part], masks[part])
            away = from_teacher(log_probs, taught[part])
            self._descend(away + self.config.value_weight * (returns[part] - values).pow(2).mean())
            losses.append(float(away.detach()))
        return float(np.mean(losses))

    def value(self, rollout: Rollout) -> float:
        """One pass over what was earned, for the value alone: its mean squared error."""
        seen = self._seen(rollout.observations)
        masks, returns = self._tensor(rollout.masks), self._tensor(rollout.returns)
        losses = []
        for part in torch.split(self._tensor(self.rng.permutation(len(seen))), self.config.minibatch):
            loss = (returns[part] - self.model(seen[part], masks[part])[1]).pow(2).mean()
            self._descend(loss)
            losses.append(float(loss.detach()))
        return float(np.mean(losses))

    def begin_from(self, network: Network) -> None:
        """Take over a policy, with the normalisation that it was trained on. Raises ConfigError where it is of another
        shape."""
        linear = [layer for layer in self.model.actor if isinstance(layer, torch.nn.Linear)]
        shapes = [tuple(layer.weight.shape[::-1]) for layer in linear]
        given = [weights.shape for weights, _ in network.layers]
        if shapes != given:
            raise ConfigError("network", given, f"layers of {shapes}")
        with torch.no_grad():
            for layer, (weights, bias) in zip(linear, network.layers, strict=True):
                layer.weight.copy_(torch.from_numpy(weights.T.copy()))
                layer.bias.copy_(torch.from_numpy(bias.copy()))
        self.mean, self.scale = network.mean.copy(), network.scale.copy()

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        """An array where the model is."""
        return torch.from_numpy(array).to(self.device)

    def _seen(self, observations: np.ndarray) -> torch.Tensor:
        """Observations as the model gets them."""
        return normalised(observations, self.mean, self.scale).to(self.device)

    def _descend(self, loss: torch.Tensor) -> float:
        """One step of the optimiser: the norm of the gradient."""
        self.optimiser.zero_grad()
        loss.backward()
        norm = float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.gradient_clip))
        if not math.isfinite(norm):
            raise TrainingError(f"gradient: got {norm}, expected a finite norm")
        self.optimiser.step()
        return norm

    # -- what a checkpoint holds ---------------------------------------------------------------------------------------

    def arrays(self) -> dict[str, np.ndarray]:
        """All numbers of the learner, by name."""
        named = {f"model.{name}": value.cpu().numpy() for name, value in self.model.state_dict().items()}
        for i, state in self.optimiser.state_dict()["state"].items():
            named |= {f"adam.{i}.{name}": np.asarray(value.cpu()) for name, value in state.items()}
        normaliser = self.normaliser
        named |= {"normaliser.mean": normaliser.mean, "normaliser.squares": normaliser.squares}
        return named | {"normaliser.count": np.array(normaliser.count)}

    def chance(self) -> dict[str, Any]:
        """Where the generator stands."""
        return dict(self.rng.bit_generator.state)

    def restore(self, arrays: dict[str, np.ndarray], chance: dict[str, Any]) -> None:
        """Go on from the numbers of a checkpoint."""
        model = {name: torch.from_numpy(arrays[f"model.{name}"].copy()) for name in self.model.state_dict()}
        self.model.load_state_dict(model)
        state: dict[int, dict[str, torch.Tensor]] = {}
        for name, array in arrays.items():
            kind, _, rest = name.partition(".")
            if kind == "adam":
                place, _, part = rest.partition(".")
                state.setdefault(int(place), {})[part] = torch.from_numpy(np.array(array))
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": state})
        normaliser = self.normaliser
        normaliser.mean, normaliser.squares = arrays["normaliser.mean"].copy(), arrays["normaliser.squares"].copy()
        normaliser.count = float(arrays["normaliser.count"])
        self.mean, self.scale = normaliser.frozen()
        self.rng.bit_generator.state = chance


def _numbers(**tensors: torch.Tensor) -> dict[str, float]:
    return {name: float(tensor.detach()) for name, tensor in tensors.items()}


def from_teacher(log_probs: torch.Tensor, taught: torch.Tensor) -> torch.Tensor:
    """Kullback-Leibler divergence of the policy from a teacher that is sure of itself: minus the log probability of
    what it does, where that is legal."""
    chosen = log_probs.gather(1, taught.clamp(min=0)[:, None]).squeeze(1)
    counts = (taught >= 0) & (chosen > -1e6)
    return -(chosen * counts).sum() / counts.sum().clamp(min=1)
