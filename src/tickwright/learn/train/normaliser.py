"""Mean and scale of the observations, as they come: frozen with the policy that was trained on them."""

from __future__ import annotations

import numpy as np

_LEAST = 1e-3
"""Standard deviation below which a number counts as one that never varies, and is ignored."""


class Normaliser:
    """Running mean and variance of rows (Chan, Golub and LeVeque, 1979), in float64."""

    def __init__(self, size: int) -> None:
        self.count = 0.0
        self.mean = np.zeros(size)
        self.squares = np.zeros(size)
        """Sum of the squared distances from the mean."""

    def add(self, rows: np.ndarray) -> None:
        """Take rows (n, size) in."""
        given = rows.astype(np.float64)
        mean, squares = given.mean(axis=0), ((given - given.mean(axis=0)) ** 2).sum(axis=0)
        total = self.count + len(given)
        away = mean - self.mean
        self.squares += squares + away**2 * self.count * len(given) / total
        self.mean += away * len(given) / total
        self.count = total

    def frozen(self) -> tuple[np.ndarray, np.ndarray]:
        """(mean, scale), float32: as of now. Before any row it changes nothing."""
        if self.count == 0.0:
            return np.zeros(len(self.mean), np.float32), np.ones(len(self.mean), np.float32)
        deviation = np.sqrt(self.squares / self.count)
        scale = np.where(deviation < _LEAST, 0.0, 1.0 / np.maximum(deviation, _LEAST))
        return self.mean.astype(np.float32), scale.astype(np.float32)
