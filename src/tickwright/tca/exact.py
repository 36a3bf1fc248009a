"""Exact sums and ratios: integers to the last, division once at the end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np

BPS = 10_000
_SAFE = float(2**62)


def exact_sum(values: np.ndarray) -> int:
    """Σ of an int64 array as a Python integer; never wraps."""
    if float(np.abs(values.astype(np.float64)).sum()) < _SAFE:
        return int(values.sum(dtype=np.int64))
    return sum(values.tolist())


def exact_dot(a: np.ndarray, b: np.ndarray) -> int:
    """Σ aᵢbᵢ of two int64 arrays as a Python integer; never wraps.

    Runs in int64 when `max|a| · Σ|b|` shows that no partial sum can overflow, otherwise in Python integers.
    """
    if len(a) == 0:
        return 0
    bound = float(np.abs(a.astype(np.float64)).max()) * float(np.abs(b.astype(np.float64)).sum())
    if bound < _SAFE:
        return int(np.dot(a.astype(np.int64), b.astype(np.int64)))
    return sum(x * y for x, y in zip(a.tolist(), b.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Ratio:
    """A numerator and a positive denominator, both exact, kept apart so that a group can be a ratio of sums."""

    numerator: Fraction | int
    denominator: Fraction | int

    @property
    def exact(self) -> Fraction:
        """The ratio as a fraction."""
        return Fraction(self.numerator) / Fraction(self.denominator)

    @property
    def value(self) -> float:
        """The nearest float64."""
        return float(self.exact)

    @property
    def bps(self) -> float:
        """The nearest float64 of the ratio in basis points."""
        return float(self.exact * BPS)

    def times(self, unit: int) -> Ratio:
        """The same ratio with both terms in another unit, as money, so that instruments can be summed."""
        return Ratio(self.numerator * unit, self.denominator * unit)


@dataclass(frozen=True, slots=True)
class Missing:
    """A figure that the data cannot give, and why."""

    reason: str


Measure: TypeAlias = Ratio | Missing


def ratio(numerator: Fraction | int, denominator: Fraction | int, reason: str) -> Measure:
    """A Ratio, or Missing for `reason` when the denominator is not positive."""
    return Ratio(numerator, denominator) if denominator > 0 else Missing(reason)


def in_units(measure: Measure, unit: int) -> Measure:
    """A measure with both terms multiplied by `unit` if it is a ratio."""
    return measure.times(unit) if isinstance(measure, Ratio) else measure


def pooled(measures: Iterable[Measure]) -> Measure:
    """Σ numerators over Σ denominators of the members that have a value; Missing when none has.

    A group is a ratio of sums, never a mean of ratios.
    """
    found = list(measures)
    ratios = [m for m in found if isinstance(m, Ratio)]
    if not ratios:
        reasons = {m.reason for m in found if isinstance(m, Missing)}
        return Missing(reasons.pop() if len(reasons) == 1 else "no order has this figure")
    return Ratio(sum(r.numerator for r in ratios), sum(r.denominator for r in ratios))
