"""Options of a trained tick policy, as text names them: `rl:FILE(lead=2s)`."""

from __future__ import annotations

from dataclasses import dataclass

from tickwright.core.units import MILLISECOND, SECOND, Nanos
from tickwright.strategy.options import require_not_negative, require_positive


@dataclass(frozen=True, slots=True)
class Learned:
    """Options of `rl:FILE`; `file` stands before the brackets."""

    file: str
    interval: Nanos = 0
    """Time between two decisions; 0: that of its training."""
    risk_aversion: float = 0.0
    """λ in 1/bps; 0: the middle of those that it was trained with (`TrainedPolicy.risk_aversion`)."""
    lead: Nanos = SECOND
    """How long before the final deadline crossing begins."""
    retry: Nanos = 500 * MILLISECOND
    """Time between two takes of the final crossing."""
    through: float = 3.0
    """How far beyond the opposite touch a take of the final crossing may go, in spreads."""
    cross_final: bool = True
    """Whether what is left is taken before the final deadline."""

    def __post_init__(self) -> None:
        require_positive("rl", self, "retry")
        require_not_negative("rl", self, "interval", "risk_aversion", "lead", "through")
