"""A shadow policy: it decides on what the policy that trades decided on, and does nothing.

The policy at work is asked by the shell instead of the loop (the same compiled level, so the same journal), and
whenever it has decided, the shadow's network is asked for the same observation and the same legal actions. The risk
aversion and the resting order in that observation are those of the policy at work: what would have come of the shadow's
own decisions is another question, which only a canary answers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.layout import to_rows
from tickwright.core.records import Observation
from tickwright.run.roster import Artefact
from tickwright.strategy.learned.actions import KEEP
from tickwright.strategy.learned.at_work import Trained
from tickwright.strategy.learned.container import TrainedPolicy
from tickwright.strategy.learned.level import decide
from tickwright.strategy.learned.network import choose

DECISION = np.dtype(
    [
        ("ts", "<i8"),  # when, ns
        ("observation", "S16"),  # hex digits of what both saw
        ("action", "<i8"),  # of the policy at work
        ("shadow", "<i8"),
    ]
)
_decide: Any = decide


@dataclass(frozen=True, eq=False)
class Watched:
    """What two policies decided on one order. `decisions` are rows of DECISION, in order of time."""

    shadow: str
    """SHA-256 of its file."""
    decisions: np.ndarray

    @property
    def agreed(self) -> int:
        """Decisions in which both chose the same action."""
        return int((self.decisions["action"] == self.decisions["shadow"]).sum())

    @property
    def note(self) -> str:
        """For the report of the order."""
        count, agreed = len(self.decisions), self.agreed
        share = f" ({100 * agreed / count:.1f} %)" if count else ""
        return f"shadow {self.shadow[:16]} decided as it in {agreed:,} of {count:,} decisions{share}, and sent nothing"


def _choice(policy: TrainedPolicy) -> str:
    return f"a choice of {policy.venues} lit venues and {'a' if policy.pool else 'no'} pool"


class Watch:
    """A policy at work as an uncompiled tick level (`run.engine.PythonTick`), beside a shadow. Raises ConfigError for
    one that has other venues to choose from."""

    def __init__(self, working: Trained, acting: Artefact, shadow: Artefact) -> None:
        acts, other = acting.policy, shadow.policy
        if (acts.venues, acts.pool) != (other.venues, other.pool):
            raise ConfigError("shadow", _choice(other), f"{_choice(acts)}, as the policy at work")
        self._rows, self._hash = working.rows, shadow.hash
        network = shadow.policy.network
        self._network = network.widths, network.packed()
        self._scratch = network.scratch()
        self._found: list[tuple[int, bytes, int, int]] = []

    def __call__(self, params: Sequence[float], memory: np.ndarray, obs: Observation) -> tuple[int, ...]:
        """What the policy at work wants."""
        decisions, blind = int(self._rows["decisions"][0]), int(self._rows["blind"][0])
        intent = _decide(np.array(params), memory, to_rows(Observation, [obs])[0])
        if self._rows["decisions"][0] > decisions:
            self._note(obs.now, bool(self._rows["blind"][0] > blind))
        return tuple(int(field) for field in intent)

    @property
    def watched(self) -> Watched:
        """So far."""
        return Watched(self._hash, np.array(self._found, DECISION))

    def _note(self, now: int, blind: bool) -> None:
        seen, mask = self._rows["observation"][0], self._rows["mask"][0]
        other = KEEP if blind else int(choose(*self._network, seen, mask.astype(np.bool_), self._scratch))
        self._found.append((now, fingerprint_of(seen, mask), int(self._rows["action"][0]), other))


def fingerprint_of(observation: np.ndarray, mask: np.ndarray) -> bytes:
    """Sixteen hex digits of an observation (float32) and of what was legal (bytes of 0 and 1): BLAKE2b of both."""
    return hashlib.blake2b(observation.tobytes() + mask.tobytes(), digest_size=8).hexdigest().encode()
