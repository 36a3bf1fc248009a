"""Which trained policy works an order: that of a file, or by a registry its champion or its canary; and who watches.

A registry is asked once, when a run begins: what is promoted or rolled back meanwhile counts from the next run on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tickwright.core.records import ParentOrder
from tickwright.core.units import side_text
from tickwright.run.registry import CANARY, CHAMPION, SHADOW, Registry, State
from tickwright.strategy.learned.container import TrainedPolicy, from_bytes, load, read
from tickwright.strategy.policies import LEARNED, PolicySpec


@dataclass(frozen=True, eq=False)
class Artefact:
    """A trained policy, and the SHA-256 of its file."""

    policy: TrainedPolicy
    hash: str

    @classmethod
    def of(cls, file: Path | str) -> Artefact:
        """From a file. Raises FileFormatError."""
        content = read(file)
        return cls(from_bytes(content, str(file)), hashlib.sha256(content).hexdigest())


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decided for an order: the SHA-256 of its file, and its stage in a registry; None of a file by itself."""

    artefact: str
    stage: str | None = None

    def __str__(self) -> str:
        return f"{self.stage or 'file'} {self.artefact[:16]}"


@dataclass(frozen=True, eq=False)
class Roster:
    """The policies that a text names. `state` is that of the registry, None where it names a file."""

    first: Artefact
    """The file's, or the champion."""
    challenger: Artefact | None = None
    state: State | None = None

    def works(self, order: ParentOrder) -> tuple[Artefact, Decider]:
        """Who works an order."""
        if self.state is None:
            return self.first, Decider(self.first.hash)
        stage = self.state.works(order_name(order))
        chosen = self.challenger if stage == CANARY and self.challenger else self.first
        return chosen, Decider(chosen.hash, stage)

    @property
    def policies(self) -> list[TrainedPolicy]:
        """Of all that decide, whether they act or not."""
        return [artefact.policy for artefact in (self.first, self.challenger) if artefact is not None]

    @property
    def shadow(self) -> Artefact | None:
        """Who decides beside the champion and does not act."""
        return self.challenger if self.state is not None and self.state.stage == SHADOW else None

    @property
    def canary(self) -> Artefact | None:
        """Who works a share of the orders."""
        return self.challenger if self.state is not None and self.state.stage == CANARY else None

    @property
    def content(self) -> str:
        """What a manifest puts for the place: `rl:` and the fingerprints of those that may trade, joined by `+`."""
        trading = [self.first, *([self.canary] if self.canary else [])]
        return f"{LEARNED}:{'+'.join(artefact.policy.fingerprint for artefact in trading)}"

    @property
    def told(self) -> dict[str, Any]:
        """What a manifest says of a registry: who stood where; nothing of a file."""
        if self.state is None:
            return {}
        told: dict[str, Any] = {CHAMPION: self.first.hash}
        if self.challenger is not None and self.state.stage is not None:
            told[self.state.stage] = self.challenger.hash
        return told | ({"share": self.state.share} if self.canary else {})


def rosters(specs: Iterable[PolicySpec]) -> dict[str, Roster]:
    """Of the trained policies among specs, by the names of their tick levels. Raises FileFormatError, and ConfigError
    for a folder without a registry."""
    found: dict[str, Roster] = {}
    for spec in specs:
        if spec.learned is None or spec.tick_name in found:
            continue
        found[spec.tick_name] = (
            _registered(Path(spec.learned.file)) if spec.by_registry else Roster(Artefact.of(spec.learned.file))
        )
    return found


def _registered(folder: Path) -> Roster:
    registry = Registry(folder)
    state = registry.state
    champion = Artefact(load(registry.file(state.champion)), state.champion)
    if state.challenger is None:
        return Roster(champion, None, state)
    return Roster(champion, Artefact(load(registry.file(state.challenger)), state.challenger), state)


def order_name(order: ParentOrder) -> str:
    """An order's name, by which a canary gets it or not: `SYMBOL/buy/LOTS/START/END`, times in ns UTC. Neither its
    place in a run nor the other orders matter, so the same order goes to the same policy in every run."""
    return f"{order.symbol}/{side_text(order.side)}/{order.quantity}/{order.start}/{order.end}"
