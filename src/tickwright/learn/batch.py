"""K episodes at a time, as arrays: the interface that every other one is made of.

1. Each set of market parameters is measured (`reference`) and warmed up into templates.
2. `reset` begins an episode in each row: a template, draws of its own, an order.
3. `step` takes K actions and returns what came of them; an ended episode is followed by the next one in its row.

An episode is a function of (config, seed, row, number of the episode in the row): neither K, nor threads, nor what
other rows do changes a bit of it, and the draws of its market do not depend on the actions.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.parts import in_parts
from tickwright.core.rng import derive
from tickwright.learn.config import EpisodeConfig
from tickwright.learn.episode import begin_rows, step_rows
from tickwright.learn.layout import EPISODE
from tickwright.learn.reference import measure
from tickwright.venue.sim.reactive.driver import NO_ROWS, open_market, reseed, step
from tickwright.venue.sim.reactive.layout import MARKET, REQUEST
from tickwright.venue.sim.reactive.prepare import layout_for, prepare


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What a step gave, an entry a row. The arrays are the batch's own: copy what shall outlive the next step."""

    observations: np.ndarray
    """float32 (K, numbers of an observation); of the next episode where one ended."""
    masks: np.ndarray
    """bool (K, actions): which actions are legal."""
    rewards: np.ndarray
    """float64 (K,), basis points."""
    ends: np.ndarray
    """int64 (K,): an `End`, 0 while the episode goes on."""
    finals: np.ndarray
    """float32 (K, numbers of an observation): the last observation of an ended episode, where `ends` is not 0."""
    news: np.ndarray
    """float64 (K,), basis points: a cost within the reward that has mean zero whatever is done (`episode`)."""


class ExecutionBatch:
    """K independent execution episodes in the reactive market.

    Parameters
    ----------
    config
        What episodes are drawn from.
    count
        K.
    seed
        Of everything.
    threads
        Over which the rows are split; results do not depend on it.
    restart
        Whether an ended episode is followed by another one; without, its row stands still until `reset`.

    Raises ConfigError.
    """

    def __init__(
        self, config: EpisodeConfig, count: int, seed: int = 0, *, threads: int = 1, restart: bool = True
    ) -> None:
        if count < 1:
            raise ConfigError("count", count, "at least one episode")
        if not 1 <= threads <= 256:
            raise ConfigError("threads", threads, "1 to 256")
        self.config, self.count, self.threads = config, count, min(threads, count)
        self._restart = int(restart)
        self._pool = ThreadPoolExecutor(self.threads - 1) if self.threads > 1 else None
        for market in config.markets:
            if layout_for(market) is not MARKET:
                raise ConfigError("markets", market.name, "a market whose book fits the default layout")
        self._params = np.concatenate([prepare(market) for market in config.markets])
        typical = [market.flow.typical for market in config.markets]
        self.references = measure(self._params, typical, config.mid_price)
        _check_latency(config, self.references)
        self._templates, self._kinds = _templates(config, self._params, seed)
        self._markets = np.zeros(count, MARKET)
        self.episodes = np.zeros(count, EPISODE)
        self._observations, self._finals = (np.zeros((count, config.observed), np.float32) for _ in range(2))
        self._masks = np.zeros((count, config.actions), np.bool_)
        self._rewards, self._ends = np.zeros(count), np.zeros(count, np.int64)
        self.reseed(seed)

    @property
    def markets(self) -> np.ndarray:
        """The books (MARKET rows)."""
        return self._markets

    @property
    def masks(self) -> np.ndarray:
        """bool (K, actions): which actions are legal now."""
        return self._masks

    @property
    def observations(self) -> np.ndarray:
        """float32 (K, OBSERVED): what is seen now."""
        return self._observations

    @property
    def begun(self) -> np.ndarray:
        """bool (K,): in which rows an episode has just begun, and nothing was done in it yet."""
        found: np.ndarray = self.episodes["step"] == 0
        return found

    @property
    def settings(self) -> np.ndarray:
        """The SETTINGS row, which the next step reads: whoever changes it puts it back."""
        return self._settings

    def snapshot(self) -> dict[str, np.ndarray]:
        """Copies of all that its rows are; a batch of the same configuration, seed and K goes on from them."""
        return {name: array.copy() for name, array in self._rows().items()}

    def restore(self, rows: Mapping[str, np.ndarray]) -> None:
        """Go on from a snapshot. Raises ConfigError for one of other rows."""
        for name, array in self._rows().items():
            given = rows.get(name)
            if given is None or given.shape != array.shape or given.dtype != array.dtype:
                found = "nothing" if given is None else f"{given.dtype.name} {given.shape}"
                raise ConfigError(f"snapshot {name}", found, f"{array.dtype.name} {array.shape}")
            array[...] = given

    def _rows(self) -> dict[str, np.ndarray]:
        return {
            "markets": self._markets, "episodes": self.episodes, "observations": self._observations,
            "masks": self._masks,
        }  # fmt: skip

    def reseed(self, seed: int) -> None:
        """Episodes from the next `reset` on follow from this seed."""
        self._settings = self.config.settings(derive(seed, "episodes"))
        self.episodes["serial"] = 0

    def reset(self) -> tuple[np.ndarray, np.ndarray]:
        """The next episode in each row: (observations, masks)."""
        begin_rows(
            self._markets, self.episodes, 0, self.count, self._settings, self._templates, self._kinds, self.references,
            self._observations, self._masks,
        )  # fmt: skip
        return self._observations, self._masks

    def step(self, actions: np.ndarray) -> Step:
        """One action a row (integers below `config.actions`; one that is not legal counts as keep and is reported).
        Raises ConfigError for arrays that are not K integers."""
        asked = np.asarray(actions)
        if asked.shape != (self.count,) or asked.dtype.kind not in "iu":
            raise ConfigError("actions", f"{asked.dtype} {asked.shape}", f"integers of shape ({self.count},)")
        asked = np.ascontiguousarray(asked, np.int64)
        in_parts(self.count, partial(self._step_rows, asked), self._pool, self.threads)
        return Step(self._observations, self._masks, self._rewards, self._ends, self._finals, self.episodes["news"])

    def step_row(self, k: int, action: int, rows: np.ndarray) -> np.ndarray:
        """Step row k alone: the changes of its book, in `rows` (MARKET_EVENT, with room for them)."""
        actions = np.full(self.count, action, np.int64)
        self._markets["written"][k] = 0
        self._step_rows(actions, k, k + 1, rows)
        return rows[: int(self._markets["written"][k])]

    def _step_rows(self, actions: np.ndarray, first: int, last: int, rows: np.ndarray = NO_ROWS) -> None:
        step_rows(
            self._markets, self.episodes, first, last, self._params, self._settings, self._templates, self._kinds,
            self.references, actions, self._observations, self._masks, self._rewards, self._ends, self._finals,
            self._restart, rows,
        )  # fmt: skip

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()


def _check_latency(config: EpisodeConfig, references: np.ndarray) -> None:
    """Raises ConfigError where a venue is farther than a step."""
    farthest = config.latency + max(int(references[name].max()) for name in ("latency", "pool_latency"))
    if farthest > config.messages:
        raise ConfigError(
            "markets", f"a venue {farthest} messages away", f"at most a step: {config.messages} messages, of "
            f"{float(references['seconds'].min()):.3g} s each",
        )  # fmt: skip


def _templates(config: EpisodeConfig, params: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Warmed-up markets, and of each the row of its parameters."""
    kinds = np.repeat(np.arange(len(params)), config.templates)
    markets = np.zeros(len(kinds), MARKET)
    for k, p in enumerate(kinds):
        open_market(markets, k, params, p, np.uint64(derive(seed, f"template/{k}")), config.mid_price, NO_ROWS)
    step(markets, params[kinds], np.zeros(0, REQUEST), config.warmup)
    for k in range(len(kinds)):
        reseed(markets, k, np.uint64(derive(seed, f"template/{k}/from")))
    return markets, kinds
