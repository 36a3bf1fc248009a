"""A policy as a small network: numbers, and a compiled forward pass over them.

    x   = clip((observation - mean) * scale, ±CLIP)         normalisation, frozen with the policy
    x   = tanh(x W + b)                                     for every layer but the last
    logits = x W + b;  action = the first legal one of the largest logit

All in float32. Sums run over the inputs one after the other, so that the same numbers give the same bits on a machine;
a network library adds in another order, and differs in the last digits of a logit and hardly ever in a decision.
A number that never varied in training has scale 0: the policy does not know what it means.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.kernel import inline, kernel
from tickwright.strategy.learned.layout import Int

CLIP = 5.0
"""Of a normalised number."""
MOST_LAYERS, WIDEST = 8, 4096
_SATURATED = np.float32(7.9988117)
_ABOVE = np.array(
    [
        -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08, 1.48572235717979e-05,
        6.37261928875436e-04, 4.89352455891786e-03,
    ],
    np.float32,
)  # fmt: skip
_BELOW = np.array([1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03], np.float32)


@dataclass(frozen=True, eq=False)
class Network:
    """A multi-layer perceptron with frozen normalisation.

    Parameters
    ----------
    mean, scale
        float32 (inputs,).
    layers
        (weights, bias) of each layer: float32 (inputs, outputs) and (outputs,).

    Raises ConfigError where shapes do not fit together or a number is not finite.
    """

    mean: np.ndarray
    scale: np.ndarray
    layers: tuple[tuple[np.ndarray, np.ndarray], ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.layers) <= MOST_LAYERS:
            raise ConfigError("layers", len(self.layers), f"1 to {MOST_LAYERS}")
        wanted = len(self.mean)
        if self.scale.shape != (wanted,):
            raise ConfigError("scale", self.scale.shape, f"({wanted},), as the mean")
        for i, (weights, bias) in enumerate(self.layers):
            if weights.ndim != 2 or weights.shape[0] != wanted or not 1 <= weights.shape[1] <= WIDEST:
                raise ConfigError(f"layer {i} weights", weights.shape, f"({wanted}, 1 to {WIDEST})")
            wanted = weights.shape[1]
            if bias.shape != (wanted,):
                raise ConfigError(f"layer {i} bias", bias.shape, f"({wanted},)")
        for name, array in self.arrays().items():
            if array.dtype != np.float32 or not np.isfinite(array).all():
                raise ConfigError(name, array.dtype.name, "finite numbers of float32")

    def arrays(self) -> dict[str, np.ndarray]:
        """Every array by its name, in the order in which a file holds them."""
        named = {"observation.mean": self.mean, "observation.scale": self.scale}
        for i, (weights, bias) in enumerate(self.layers):
            named |= {f"layer{i}.weights": weights, f"layer{i}.bias": bias}
        return named

    @property
    def widths(self) -> np.ndarray:
        """int64: numbers of an observation, of each hidden layer, of the logits."""
        return np.array([len(self.mean), *(len(bias) for _, bias in self.layers)], np.int64)

    def packed(self) -> np.ndarray:
        """All numbers in one float32 array, as the kernels read them."""
        return np.concatenate([array.ravel() for array in self.arrays().values()])

    def scratch(self) -> np.ndarray:
        """Room that the kernels work in: float32 (2, widest)."""
        return np.zeros((2, int(self.widths.max())), np.float32)


@inline
def forward(widths: np.ndarray, weights: np.ndarray, observation: np.ndarray, scratch: np.ndarray) -> Int:
    """Write the logits of an observation into a row of `scratch`, and say which."""
    inputs = widths[0]
    for i in range(inputs):
        x = (np.float32(observation[i]) - weights[i]) * weights[inputs + i]
        scratch[0, i] = min(max(x, np.float32(-CLIP)), np.float32(CLIP))
    row, at, last = 0, 2 * inputs, widths.shape[0] - 2
    for layer in range(last + 1):
        outputs = widths[layer + 1]
        bias = at + inputs * outputs
        add_products(
            scratch[row, :inputs], weights[at:bias], weights[bias : bias + outputs], scratch[1 - row, :outputs]
        )
        row = 1 - row
        if layer < last:
            tanh(scratch[row, :outputs])
        at, inputs = bias + outputs, outputs
    return row


@inline
def add_products(x: np.ndarray, weights: np.ndarray, bias: np.ndarray, out: np.ndarray) -> None:
    """`out = x W + b`, the sums over the inputs one after the other, the outputs side by side."""
    outputs = out.shape[0]
    for j in range(outputs):
        out[j] = bias[j]
    for i in range(x.shape[0]):
        x_i, at = x[i], i * outputs
        for j in range(outputs):
            out[j] += x_i * weights[at + j]


@inline
def tanh(x: np.ndarray) -> None:
    """tanh in place, within 4e-7: the ratio of polynomials that Eigen uses for float32. Products and sums alone, so its
    bits do not depend on a mathematical library, and it is an eighth of the time of one."""
    for j in range(x.shape[0]):
        v = min(max(x[j], -_SATURATED), _SATURATED)
        square = v * v
        above, below = _ABOVE[0], _BELOW[0]
        for k in range(1, _ABOVE.shape[0]):
            above = above * square + _ABOVE[k]
        for k in range(1, _BELOW.shape[0]):
            below = below * square + _BELOW[k]
        x[j] = v * above / below


@inline
def best_legal(logits: np.ndarray, mask: np.ndarray) -> Int:
    """The first legal action of the largest logit; 0 where none is legal."""
    chosen = np.int64(-1)
    for action in range(mask.shape[0]):
        if mask[action] and (chosen < 0 or logits[action] > logits[chosen]):
            chosen = np.int64(action)
    return max(chosen, np.int64(0))


@kernel
def choose(
    widths: np.ndarray, weights: np.ndarray, observation: np.ndarray, mask: np.ndarray, scratch: np.ndarray
) -> Int:
    """The action for one observation (float32) and what is legal (bool)."""
    return best_legal(scratch[forward(widths, weights, observation, scratch)], mask)


@kernel
def choose_rows(
    widths: np.ndarray, weights: np.ndarray, observations: np.ndarray, masks: np.ndarray, scratch: np.ndarray,
    actions: np.ndarray,
) -> None:  # fmt: skip
    """The same for many rows, into `actions` (int64)."""
    for k in range(observations.shape[0]):
        actions[k] = best_legal(scratch[forward(widths, weights, observations[k], scratch)], masks[k])
