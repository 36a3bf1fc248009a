"""What is trained on: episodes side by side. The market is one problem; a small one with a known optimum is another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Protocol

import numpy as np

from tickwright.core.errors import TrainingError
from tickwright.core.rng import derive
from tickwright.learn.batch import ExecutionBatch
from tickwright.learn.layout import End
from tickwright.learn.train.config import TrainConfig
from tickwright.strategy.learned.container import TrainedPolicy
from tickwright.strategy.learned.network import Network
from tickwright.venue.sim.reactive.parameters import content_hash


class Taken(Protocol):
    """What a step gave, an entry a row: `learn.batch.Step`."""

    @property
    def observations(self) -> np.ndarray: ...  # noqa: D102
    @property
    def masks(self) -> np.ndarray: ...  # noqa: D102
    @property
    def rewards(self) -> np.ndarray: ...  # noqa: D102
    @property
    def ends(self) -> np.ndarray: ...  # noqa: D102
    @property
    def finals(self) -> np.ndarray: ...  # noqa: D102
    @property
    def news(self) -> np.ndarray: ...  # noqa: D102


def learned_from(got: Taken, without_news: bool) -> np.ndarray:
    """float64 (K,): the rewards of a step, less what the exogenous news did to them where that is asked for."""
    return got.rewards + got.news if without_news else got.rewards


def require_finite(what: str, values: np.ndarray) -> np.ndarray:
    """The same values, a row an episode. Raises TrainingError that names the first that is not a finite number."""
    if not np.isfinite(values).all():
        row, *place = np.argwhere(~np.isfinite(values))[0]
        which = f"{what} {place[0]}" if place else what
        raise TrainingError(f"{which} of row {row}: got {values[row, *place]}, expected a finite number")
    return values


class Episodes(Protocol):
    """K episodes side by side that begin anew by themselves: `learn.batch.ExecutionBatch`."""

    count: int

    @property
    def observations(self) -> np.ndarray:
        """float32 (K, observed)."""

    @property
    def masks(self) -> np.ndarray:
        """bool (K, actions): which are legal."""

    @property
    def begun(self) -> np.ndarray:
        """bool (K,): in which rows an episode has just begun, and nothing was done in it yet."""

    def reset(self) -> tuple[np.ndarray, np.ndarray]:
        """The next episode in each row."""

    def step(self, actions: np.ndarray) -> Taken:
        """One action a row."""

    def snapshot(self) -> dict[str, np.ndarray]:
        """Copies of all that the rows are."""

    def restore(self, rows: Mapping[str, np.ndarray]) -> None:
        """Go on from a snapshot."""

    def close(self) -> None:
        """End the threads."""


class Problem(Protocol):
    """Where episodes come from."""

    def episodes(self, stage: int, count: int, stream: str, *, restart: bool = True) -> Episodes:
        """`count` episodes side by side of a stage of the curriculum, of the seed of a stream by that name."""

    def facts(self, episodes: Episodes, over: np.ndarray) -> dict[str, float]:
        """What a log says of the episodes that have just ended, sums over them by name."""

    def policy(self, network: Network, metrics: dict[str, Any], manifest: dict[str, Any]) -> TrainedPolicy | None:
        """The network as a file holds it; None where there is nothing to keep."""


class MarketProblem:
    """Orders in the reactive market."""

    def __init__(self, config: TrainConfig) -> None:
        self._config = config
        self.hashes = tuple(content_hash(market) for market in config.episode.markets)
        self._seconds = 0.0

    def episodes(self, stage: int, count: int, stream: str, *, restart: bool = True) -> ExecutionBatch:
        """See `Problem`."""
        given, seed = self._config.episodes_of(stage), derive(self._config.seed, stream)
        made = ExecutionBatch(given, count, seed, threads=self._config.threads, restart=restart)
        self._seconds = float(made.references["seconds"].mean())
        return made

    def facts(self, episodes: Episodes, over: np.ndarray) -> dict[str, float]:
        """See `Problem`."""
        assert isinstance(episodes, ExecutionBatch)
        last = episodes.episodes["last"][over]
        last = last[last["end"] != End.FAULT]
        return {
            "shortfall": float(last["shortfall"].sum()),
            "forced": float((last["forced"] / last["quantity"]).sum()),
            "made": float((last["made"] / last["quantity"]).sum()),
            "refused": float(last["refused"].sum()),
        }

    def policy(self, network: Network, metrics: dict[str, Any], manifest: dict[str, Any]) -> TrainedPolicy:
        """See `Problem`. Pace and horizon are those of the last stage."""
        given = self._config.episodes_of(max(len(self._config.stages) - 1, 0))
        episode = asdict(given)
        episode.pop("markets")
        pace = given.messages * self._seconds
        horizon = pace * given.steps
        made = network, self.hashes, pace, horizon, episode, metrics, manifest
        return TrainedPolicy(*made, venues=given.venues, pool=given.pool)
