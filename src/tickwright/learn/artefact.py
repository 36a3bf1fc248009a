"""The trained policy as others use it: load it, let it decide in a batch of episodes, measure how fast it is.

The file itself (`policy.twp`) and the compiled forward pass are in `strategy.learned`, which a replay and a live desk
reach without this package; nothing here needs a network library.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import numpy as np

from tickwright.data.store.disk import whole_file
from tickwright.strategy.learned.container import TrainedPolicy, from_bytes, load
from tickwright.strategy.learned.network import Network, choose, choose_rows
from tickwright.strategy.learned.observation import tell_risk

__all__ = ["Latency", "NetworkPolicy", "TrainedPolicy", "from_bytes", "latency", "load", "save"]


class Seen(Protocol):
    """What a policy looks at: a batch of episodes."""

    @property
    def observations(self) -> np.ndarray:
        """float32 (K, observed)."""

    @property
    def masks(self) -> np.ndarray:
        """bool (K, actions): which are legal."""


class Ordered(Seen, Protocol):
    """And whose orders are known: execution episodes."""

    @property
    def episodes(self) -> np.ndarray:
        """EPISODE rows (K,)."""


class NetworkPolicy:
    """A network that decides for every row of a batch, the best legal action of each.

    With a `risk_aversion`, in 1/bps, it goes by that one in episodes (`Ordered`) that have none of their own, as a
    trained policy at work does; what an episode is judged by does not change.
    """

    def __init__(self, network: Network, name: str = "network", risk_aversion: float = 0.0) -> None:
        self.name, self._risk = name, risk_aversion
        self._widths, self._weights, self._scratch = network.widths, network.packed(), network.scratch()

    @classmethod
    def of(cls, path: Path | str) -> NetworkPolicy:
        """From the file of a trained policy. Raises FileFormatError."""
        trained = load(path)
        return cls(trained.network, f"rl:{path}", trained.risk_aversion)

    def decide(self, batch: Seen) -> np.ndarray:
        """int64 (K,): actions."""
        actions = np.zeros(len(batch.observations), np.int64)
        choose_rows(self._widths, self._weights, self._told(batch), batch.masks, self._scratch, actions)
        return actions

    def _told(self, batch: Seen) -> np.ndarray:
        """What it sees, its own risk aversion in it."""
        if self._risk == 0.0:
            return batch.observations
        seen = batch.observations.copy()
        tell_risk(cast(Ordered, batch).episodes["task"], self._risk, seen)
        return seen


def save(policy: TrainedPolicy, path: Path | str) -> None:
    """Write the file whole, or not at all. Raises StorageError."""
    with whole_file(Path(path)) as draft:
        draft.write_bytes(policy.to_bytes())


@dataclass(frozen=True, slots=True)
class Latency:
    """Nanoseconds of one decision, as Python calls it: the median and the 99th percentile of `calls`."""

    p50: float
    p99: float
    calls: int


def latency(network: Network, calls: int = 20_000, seed: int = 0) -> Latency:
    """How long a decision takes on this machine, the call from Python included."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(256, int(network.widths[0]))).astype(np.float32)
    mask = np.ones(int(network.widths[-1]), np.bool_)
    widths, weights, scratch = network.widths, network.packed(), network.scratch()
    choose(widths, weights, rows[0], mask, scratch)
    took = np.zeros(calls)
    for i in range(calls):
        began = time.perf_counter_ns()
        choose(widths, weights, rows[i & 255], mask, scratch)
        took[i] = time.perf_counter_ns() - began
    return Latency(float(np.percentile(took, 50)), float(np.percentile(took, 99)), calls)
