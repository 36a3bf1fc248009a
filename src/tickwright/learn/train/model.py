"""The networks in torch: a policy and a value, apart, tanh between the layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.strategy.learned.network import CLIP, Network

try:
    import torch
except ImportError as error:  # pragma: no cover - the extra is in the test install
    raise ConfigError("torch", "not installed", "pip install 'tickwright[rl]'") from error

_NEVER = -1e9


def device_of(asked: str) -> str:
    """`cpu` or `cuda`: what `device` of a configuration comes to here. Raises ConfigError where there is no GPU."""
    if asked == "cpu" or (asked == "auto" and not torch.cuda.is_available()):
        return "cpu"
    if not torch.cuda.is_available():
        without = f"torch {torch.__version__} finds none"
        if torch.version.cuda is None:
            without += ", being built without CUDA: pip install --force-reinstall torch==2.13.0"
        raise ConfigError("device", asked, f"cpu or auto, or a GPU: {without}")
    return "cuda"


class ActorCritic(torch.nn.Module):
    """Logits of the actions and the value of a state, from normalised observations."""

    def __init__(self, observed: int, actions: int, hidden: Sequence[int], generator: torch.Generator) -> None:
        super().__init__()
        self.actor = _layers((observed, *hidden, actions), 0.01, generator)
        self.critic = _layers((observed, *hidden, 1), 1.0, generator)

    def forward(self, seen: torch.Tensor, masks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(log probabilities, values): those of illegal actions are as good as none."""
        logits = self.actor(seen).masked_fill(~masks, _NEVER)
        return torch.log_softmax(logits, dim=1), self.critic(seen).squeeze(1)

    def network(self, mean: np.ndarray, scale: np.ndarray) -> Network:
        """The policy as numbers, with the normalisation that it was trained on."""
        return network_of(self.actor, mean, scale)


def network_of(layers: torch.nn.Sequential, mean: np.ndarray, scale: np.ndarray) -> Network:
    """Linear layers with tanh in between, as numbers."""
    linear = [layer for layer in layers if isinstance(layer, torch.nn.Linear)]
    pairs = [(np.ascontiguousarray(_numbers(layer.weight).T), _numbers(layer.bias).copy()) for layer in linear]
    return Network(mean, scale, tuple(pairs))


def normalised(observations: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> torch.Tensor:
    """Observations as the networks get them: exactly what the compiled forward pass makes of them."""
    return torch.from_numpy(np.clip((observations - mean) * scale, -np.float32(CLIP), np.float32(CLIP)))


def _layers(widths: Sequence[int], last_gain: float, generator: torch.Generator) -> torch.nn.Sequential:
    layers: list[torch.nn.Module] = []
    for i, (inputs, outputs) in enumerate(pairwise(widths)):
        linear = torch.nn.Linear(inputs, outputs)
        last = i == len(widths) - 2
        torch.nn.init.orthogonal_(linear.weight, last_gain if last else math.sqrt(2.0), generator=generator)
        torch.nn.init.zeros_(linear.bias)
        layers += [linear] if last else [linear, torch.nn.Tanh()]
    return torch.nn.Sequential(*layers)


def _numbers(tensor: torch.Tensor) -> np.ndarray:
    return np.asarray(tensor.detach().cpu().numpy(), np.float32)
