"""Pre-trade cost: the square-root law."""

from __future__ import annotations

from tickwright.core.errors import ConfigError


def square_root_impact(
    volatility: float, quantity: float, volume: float, prefactor: float = 1.0, exponent: float = 0.5
) -> float:
    """Peak impact `I = Y σ (Q/V)^δ`, in the unit of `volatility` (bps of the period in which `volume` trades).

    Source: Tóth et al., "Anomalous price impact and the critical nature of liquidity", Physical Review X 2011; Y is of
    order one, δ about ½. Unrealistic where: Q/V above about a tenth, or executions too short for the book to react.
    Raises ConfigError for a negative volatility or quantity, or a volume, prefactor or exponent that is not positive.
    """
    for name, value in (("volatility", volatility), ("quantity", quantity)):
        if value < 0:
            raise ConfigError(name, value, "zero or more")
    for name, value in (("volume", volume), ("prefactor", prefactor), ("exponent", exponent)):
        if value <= 0:
            raise ConfigError(name, value, "a positive number")
    return float(prefactor * volatility * (quantity / volume) ** exponent)


def constant_rate_cost(impact: float, exponent: float = 0.5) -> float:
    """What an order traded at a constant rate pays on average: `I/(1 + δ)`, the mean of `I u^δ` over u in [0, 1]."""
    if exponent <= 0:
        raise ConfigError("exponent", exponent, "a positive number")
    return impact / (1 + exponent)
