"""What a check came to: a number, how sure it is, the band it shall lie in, and whether it does.

Four ways to judge, and each check says which is its own:
1. `within`: the estimate lies in the band. For facts whose band is wide against their error.
2. `surely`: the whole interval lies in the band. For claims such as "it loses money", where luck is no proof.
3. `not_above`: nothing shows that it is larger than the limit, though the interval is narrow enough to show it, or is
   wholly below. For searches that shall find nothing.
4. `exactly`: a count of what must not happen is zero. No error is allowed, and the interval is the count itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tickwright.learn.estimate import Estimate, Z, mean_of, ratio_of

__all__ = ["Check", "Estimate", "exactly", "mean_of", "not_above", "ratio_of", "surely", "within"]


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the verdict. A side of `band` that is None has no bound; the bounds themselves are within."""

    name: str
    passed: bool
    value: float
    interval: tuple[float, float]
    band: tuple[float | None, float | None]
    rule: str
    detail: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Plain values; a number that is not finite becomes null, as in an estimate from nothing."""
        return {
            "name": self.name,
            "passed": self.passed,
            "value": _finite(self.value),
            "interval": [_finite(x) for x in self.interval],
            "band": list(self.band),
            "rule": self.rule,
            "detail": _plain(self.detail),
        }


def within(
    name: str, estimate: Estimate, low: float | None, high: float | None, detail: dict[str, Any] | None = None
) -> Check:
    """Passed where the estimate lies in the band."""
    good = math.isfinite(estimate.error) and _in(estimate.value, low, high)
    return Check(name, good, estimate.value, estimate.interval, (low, high), "within", detail or {})


def surely(
    name: str, estimate: Estimate, low: float | None, high: float | None, detail: dict[str, Any] | None = None
) -> Check:
    """Passed where the whole interval lies in the band and touches no bound, as it would if nothing happened."""
    good = all(_in(x, low, high) and x not in (low, high) for x in estimate.interval)
    return Check(name, good, estimate.value, estimate.interval, (low, high), "surely", detail or {})


def not_above(
    name: str, estimate: Estimate, limit: float, resolution: float, detail: dict[str, Any] | None = None
) -> Check:
    """Passed where the interval reaches down to the limit, and is at most `resolution` wide on either side; one that
    does not reach up to the limit may be wider."""
    low, high = estimate.interval
    good = high < limit or (low <= limit and Z * estimate.error <= resolution)
    told = {"resolution": resolution, **(detail or {})}
    return Check(name, good, estimate.value, estimate.interval, (None, limit), "not_above", told)


def exactly(name: str, count: float, detail: dict[str, Any] | None = None) -> Check:
    """Passed where nothing was counted."""
    return Check(name, count == 0, float(count), (float(count), float(count)), (0.0, 0.0), "exactly", detail or {})


def _in(value: float, low: float | None, high: float | None) -> bool:
    return math.isfinite(value) and (low is None or value >= low) and (high is None or value <= high)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    return _finite(value) if isinstance(value, float) else value
