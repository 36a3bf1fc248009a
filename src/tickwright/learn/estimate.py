"""A mean and how sure it is, from samples that are independent, or that are in groups which are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

Z = 1.96
"""Intervals are of 95 %: the estimate, give or take Z standard errors."""


_STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}
"""97.5 % quantiles of Student's t with n - 1 degrees of freedom, by n."""


def few(n: int) -> float:
    """How much wider than Z standard errors an interval from n samples is (Student); above ten, as from ten."""
    return _STUDENT.get(n, _STUDENT[10]) / Z


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and its standard error."""

    value: float
    error: float

    @property
    def interval(self) -> tuple[float, float]:
        """Of 95 %."""
        return self.value - Z * self.error, self.value + Z * self.error


def mean_of(samples: np.ndarray) -> Estimate:
    """The mean of independent samples; without at least two the error is not known, and infinite."""
    if len(samples) < 2:
        return Estimate(float(samples.mean()) if len(samples) else math.nan, math.inf)
    return Estimate(float(samples.mean()), float(samples.std(ddof=1) / math.sqrt(len(samples))))


def grouped_mean(samples: np.ndarray, groups: np.ndarray) -> Estimate:
    """The mean of samples of which those of one group may depend on each other, whatever the sizes of the groups: its
    error is of the sums of residuals by group (Liang and Zeger, Biometrika, 1986). Where each is a group of its own
    that is `mean_of`."""
    found = np.unique(groups, return_inverse=True)[1]
    count = int(found.max()) + 1 if len(found) else 0
    if count < 2:
        return Estimate(float(samples.mean()) if len(samples) else math.nan, math.inf)
    mean = float(samples.mean())
    sums = np.bincount(found, samples - mean, count)
    return Estimate(mean, math.sqrt(count / (count - 1) * float(sums @ sums)) / len(samples))


def ratio_of(above: np.ndarray, below: np.ndarray, groups: np.ndarray | None = None) -> Estimate:
    """A ratio of means of paired samples, its error by the delta method."""
    ratio = float(above.mean() / below.mean())
    apart = (above - ratio * below) / below.mean()
    return Estimate(ratio, (mean_of(apart) if groups is None else grouped_mean(apart, groups)).error)
