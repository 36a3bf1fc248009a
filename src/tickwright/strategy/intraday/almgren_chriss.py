"""Almgren–Chriss: the least expected cost plus risk aversion times variance, under linear impact.

Source: Almgren and Chriss, "Optimal execution of portfolio transactions", Journal of Risk 3 (2000), 5–39. Naive in that
impact is linear and gone at once or never, volatility and volume are constant, and the path is fixed at the start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.records import Mandate, Schedule
from tickwright.core.units import Lots, Nanos
from tickwright.strategy.intraday.grid import even_grid, schedule_of
from tickwright.strategy.options import require_not_negative, require_positive


@dataclass(frozen=True, slots=True)
class ImpactModel:
    """The model's constants in consistent units of price, quantity and time: `sigma` price per √time (absolute),
    `eta` temporary impact (price · time / quantity), `gamma` permanent impact (price / quantity), `epsilon` the fixed
    cost per unit (half the spread), `risk_aversion` λ per unit of money."""

    sigma: float
    eta: float
    gamma: float = 0.0
    epsilon: float = 0.0
    risk_aversion: float = 0.0

    def __post_init__(self) -> None:
        for name in ("sigma", "eta", "gamma", "epsilon", "risk_aversion"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0.0):
                raise ConfigError(f"almgren-chriss {name}", value, "a finite number, zero or more")

    def eta_tilde(self, tau: float) -> float:
        """η̃ = η − ½γτ for slices of length τ. Raises ConfigError where it is not positive: slices too long."""
        value = self.eta - 0.5 * self.gamma * tau
        if value <= 0.0:
            raise ConfigError("almgren-chriss eta - gamma*tau/2", value, "a positive number; use shorter slices")
        return value


def kappa_of(model: ImpactModel, tau: float) -> float:
    """κ from 2/τ² (cosh κτ − 1) = λσ²/η̃, per unit of time; 0 without risk aversion."""
    rate = model.risk_aversion * model.sigma**2 / model.eta_tilde(tau)
    # cosh κτ − 1 = 2 sinh²(κτ/2), which keeps its digits where κτ is small.
    return 2.0 / tau * math.asinh(0.5 * tau * math.sqrt(rate))


def trajectory(quantity: float, kappa: float, times: np.ndarray) -> np.ndarray:
    """Holdings still to trade x_j = X sinh(κ(T − t_j))/sinh(κT) at each time; `times` runs from 0 to T (float64)."""
    horizon = float(times[-1])
    if kappa * horizon < 1e-9:
        return quantity * (1.0 - times / horizon)
    # sinh(a)/sinh(b) through decaying exponentials: no overflow however great the urgency.
    left = horizon - times
    ratio = np.expm1(-2.0 * kappa * left) / math.expm1(-2.0 * kappa * horizon)
    return quantity * np.exp(-kappa * times) * ratio


def expected_cost(model: ImpactModel, holdings: np.ndarray, tau: float) -> float:
    """½γX² + ε Σ|n_k| + (η̃/τ) Σ n_k² of a path of holdings x_0..x_N at equal distances τ, that ends at 0."""
    trades = -np.diff(holdings)
    fixed = 0.5 * model.gamma * float(holdings[0]) ** 2 + model.epsilon * float(np.abs(trades).sum())
    return fixed + model.eta_tilde(tau) / tau * float((trades**2).sum())


def variance(model: ImpactModel, holdings: np.ndarray, tau: float) -> float:
    """σ²τ Σ x_k² over k = 1..N."""
    return model.sigma**2 * tau * float((holdings[1:] ** 2).sum())


def almgren_chriss(start: Nanos, end: Nanos, slices: int, quantity: Lots, urgency: float) -> Schedule:
    """The optimal path in `slices` equal slices for an urgency κT (no unit; 0 is TWAP), in whole lots.

    Raises ConfigError for an urgency that is negative or not finite, and as `even_grid`.
    """
    if not (math.isfinite(urgency) and urgency >= 0.0):
        raise ConfigError("urgency", urgency, "a finite number, zero or more")
    path = trajectory(1.0, urgency, np.linspace(0.0, 1.0, slices + 1)) if slices >= 1 else np.ones(1)
    return schedule_of(even_grid(start, end, slices), np.maximum(-np.diff(path), 0.0), quantity)


@dataclass(frozen=True, slots=True)
class AlmgrenChriss:
    """Plans a mandate on the Almgren–Chriss path of a given urgency κT."""

    slices: int = 12
    urgency: float = 2.0

    notes: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        require_positive("ac", self, "slices")
        require_not_negative("ac", self, "urgency")

    @classmethod
    def from_model(cls, model: ImpactModel, horizon: float, slices: int) -> AlmgrenChriss:
        """The planner whose urgency is κT of a calibrated model; `horizon` in the model's unit of time."""
        return cls(slices, kappa_of(model, horizon / slices) * horizon)

    def plan(self, mandate: Mandate) -> Schedule:
        """The schedule of a mandate. Raises ScheduleError, ConfigError."""
        return almgren_chriss(mandate.start, mandate.deadline, self.slices, mandate.quantity, self.urgency)
