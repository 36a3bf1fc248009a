"""Baseline policies by name: a schedule, a placement, and their numbers, as one compiled decision."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.rng import derive
from tickwright.learn.batch import ExecutionBatch
from tickwright.learn.policies.kernel import decide_rows
from tickwright.learn.policies.layout import POLICY, Placement, Schedule
from tickwright.learn.policies.schedules import curve
from tickwright.strategy.learned.actions import INSIDE, MID, POST


def _word(member: Schedule | Placement) -> str:
    return member.name.lower().replace("_", "-")


SCHEDULES = {_word(s): s for s in Schedule}
PLACEMENTS = {_word(p): p for p in Placement if p is not Placement.RANDOM}
HEURISTIC, RANDOM = "heuristic", "random"
"""`heuristic` alone follows twap; `random` follows nothing."""
NAMES = (*(f"{schedule}/{placement}" for schedule in SCHEDULES for placement in PLACEMENTS), HEURISTIC, RANDOM)


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a baseline may be tuned by. Raises ConfigError."""

    rate: float = 0.0
    """pov: own share of all volume, below 1; 0 is the rate that ends with the forecast volume."""
    urgency: float = 2.0
    """ac: κT."""
    half_life: float = 0.2
    """ow: of impact, as a share of the horizon."""
    slack: float = 1.0
    """peg, mid-peg: slices overdue beyond which they are crossed."""
    offset: int = 0
    """leave: ticks from the best where it rests: above 0 inside the spread, as far as there is room; below 0 behind."""
    behind: float = 2.0
    """heuristic: slices overdue beyond which they are crossed."""
    cross_at: float = 0.8
    """heuristic: imbalance against us, -1 to 1, from which on what is due is crossed, ..."""
    cross_spread: float = 1.0
    """heuristic: ... in a spread of at most so many typical ones."""
    improve_spread: float = 2.0
    """heuristic: typical spreads from which on it rests one tick inside."""
    pull_below: float = -0.9
    """heuristic: imbalance up to which it waits for a better price, with nothing at rest, unless it is late."""
    ahead: float = 1.0
    """heuristic: slices that it has rest though fewer are due."""
    deep: float = 0.0
    """heuristic: weight of five levels in the imbalance, against the best alone."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            low, high = _RANGES.get(field.name, (0.0, math.inf))
            if not low <= value <= high:
                raise ConfigError(f"policy {field.name}", value, f"from {low:g} to {high:g}")
        if self.offset != int(self.offset):
            raise ConfigError("policy offset", self.offset, "whole ticks")


_RANGES = {
    "offset": (-1_000, 1_000),
    "rate": (0.0, 0.99),
    "urgency": (0.0, 1e3),
    "half_life": (1e-6, 1e6),
    "cross_at": (-1.0, 2.0),  # beyond 1 is never
    "pull_below": (-2.0, 1.0),
    "deep": (0.0, 1.0),
}


class Baseline:
    """A policy of a fixed rule. Its decisions are compiled, and alike for a buyer and a seller in a mirror."""

    def __init__(self, name: str, numbers: Numbers | None = None, seed: int = 0) -> None:
        """`name` is one of `NAMES`; `seed` that of `random`'s draws, which are not the market's. Raises ConfigError."""
        if name not in NAMES:
            raise ConfigError("policy", name, f"one of {', '.join(NAMES)}")
        self.name, self.numbers = name, numbers or Numbers()
        schedule, _, placement = f"twap/{name}".rpartition("/") if "/" not in name else name.partition("/")
        self.schedule = SCHEDULES[schedule]
        self.placement = PLACEMENTS.get(placement, Placement.RANDOM)
        self._row = np.zeros(1, POLICY)
        self._row["schedule"], self._row["placement"] = self.schedule, self.placement
        self._row["seed"] = derive(seed, "policy/random")
        for field in fields(Numbers):
            if field.name in (POLICY.names or ()):
                self._row[field.name] = getattr(self.numbers, field.name)

    @property
    def row(self) -> np.ndarray:
        """Its POLICY row."""
        return self._row

    def decide(self, batch: ExecutionBatch) -> np.ndarray:
        """int64 (K,): the action of each row."""
        actions = np.empty(batch.count, np.int64)
        decide_rows(self._row, self.curve(batch.config.steps), batch.settings, batch.episodes, actions)
        return actions

    def aim(self, batch: ExecutionBatch, actions: np.ndarray) -> np.ndarray | None:
        """Where submit-and-leave rests what its actions post: see `aim`."""
        offset = self.numbers.offset
        if self.placement is not Placement.LEAVE or offset in (0, 1):  # the actions say these
            return None
        sight = batch.episodes["sight"]
        if offset < 0:
            return np.where((actions >= POST) & (actions < INSIDE), offset, 0)
        beyond = np.minimum(offset, sight["ask"] - sight["bid"] - 1) - 1
        return np.where((actions >= INSIDE) & (actions < MID), beyond, 0)

    def curve(self, steps: int) -> np.ndarray:
        """Share of an order that is due at the edges of so many steps: see `schedules`."""
        return curve(self.schedule, steps, self.numbers.urgency, self.numbers.half_life)
