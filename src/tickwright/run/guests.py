"""Tick levels that no text names: compiled elsewhere, and worked in a run beside the policies that have names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tickwright.core.records import ParentOrder
from tickwright.run.market import MarketDay
from tickwright.strategy.policies import PolicySpec, TickSpec
from tickwright.strategy.tick.custom import CUSTOM
from tickwright.venue.sim.profile import Profile


class Seated(Protocol):
    """A guest at one order; what its memory points to lives as long as it does."""

    @property
    def memory(self) -> Sequence[int]:
        """Eight integers that the slot's memory begins with."""


class Guest(Protocol):
    """A tick level, its name, and how it sits down to an order."""

    @property
    def name(self) -> str:
        """That its results have."""

    @property
    def kernel(self) -> Any:
        """As `strategy.tick.custom.tick_kernel` compiles it; it sets its own wakes and is not asked on quotes."""

    def seat(self, order: ParentOrder, day: MarketDay, profile: Profile) -> Seated:
        """For an order. Raises ConfigError."""


@dataclass(frozen=True)
class GuestSpec(PolicySpec):
    """A guest where a policy stands: no levels above, and a tick level that is compiled already."""

    guest: Guest

    @classmethod
    def of(cls, guest: Guest) -> GuestSpec:
        """A guest's."""
        return cls((), guest.name, None, guest)

    @property
    def name(self) -> str:
        """That of the guest."""
        return self.tick_name

    @property
    def by_registry(self) -> bool:
        """It is in none."""
        return False

    @property
    def tick(self) -> TickSpec:
        """The world's own kernel, without parameters."""
        return TickSpec(CUSTOM, (0.0,) * 8)
