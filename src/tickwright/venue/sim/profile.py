"""A simulation profile: every assumption of a simulated venue, as one frozen, versioned record that every driver
takes."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.ids import fingerprint
from tickwright.core.units import SECOND, Nanos
from tickwright.venue.sim.fees import Fees
from tickwright.venue.sim.latency import Latency
from tickwright.venue.sim.queue import QueueLaw, law_for

PROFILE_VERSION = 2


@dataclass(frozen=True, slots=True)
class Resilience:
    """Law of `liquidity`: half of what we took has come back after `half_life`. 0: at once; None: never."""

    half_life: Nanos | None = 5 * SECOND

    def __post_init__(self) -> None:
        if self.half_life is not None and self.half_life < 0:
            raise ConfigError("resilience.half_life", self.half_life, "a duration, or none for never")


@dataclass(frozen=True, slots=True)
class TransientImpact:
    """Law of `impact`: ticks per lot taken, and the time in which the displacement decays by e. 0 ticks: off."""

    ticks_per_lot: float = 0.0
    decay: Nanos = 60 * SECOND

    def __post_init__(self) -> None:
        if not (math.isfinite(self.ticks_per_lot) and self.ticks_per_lot >= 0):
            raise ConfigError("impact.ticks_per_lot", self.ticks_per_lot, "zero or a positive number")
        if self.decay <= 0:
            raise ConfigError("impact.decay", self.decay, "a positive duration")


@dataclass(frozen=True, slots=True)
class Profile:
    """Latency, fees, resilience, impact and queue law.

    `queue` None is what the data allow: price–time priority order by order on L3 data (`exact`), `risk-averse` on depth
    data, where only sizes of levels are known.
    """

    latency: Latency = field(default_factory=Latency)
    fees: Fees = field(default_factory=Fees)
    resilience: Resilience = field(default_factory=Resilience)
    impact: TransientImpact = field(default_factory=TransientImpact)
    queue: QueueLaw | None = None
    version: int = PROFILE_VERSION

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that change with any assumption."""
        return fingerprint(asdict(self))

    def load_overlay(self, rows: np.ndarray) -> None:
        """Write resilience and impact into every row of an array with the fields of `OVERLAY`."""
        half_life = self.resilience.half_life
        rows["half_life"] = math.inf if half_life is None else float(half_life)
        rows["impact_per_lot"] = self.impact.ticks_per_lot
        rows["impact_decay"] = float(self.impact.decay)

    def load_queue(self, row: np.ndarray, is_depth: bool, what: str = "profile.queue_law") -> None:
        """Write the queue law into `SIM` rows of an instrument on L3 or depth data. Raises ConfigError as `law_for`."""
        law = law_for(self.queue, is_depth, what)
        row["queue_law"], row["queue_power"] = law.code, 0.0 if law.power is None else law.power
