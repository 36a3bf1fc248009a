"""The reward of the environment: the three tests that domain/execution asks of one.

1. Mirror. Random states of buyers, and what the mirror shows of them (`mirror`): one action each, no event after it, a
   mid at the start of the step that has moved meanwhile. Rewards, observations and masks must agree bit for bit.
2. Perfect execution. Every sequence of two actions in one future: the one of least shortfall, by Perold's formula on
   the account alone, must have the highest reward.
3. Truncation. Two episodes share a past up to a decision and nothing after it: what was seen, allowed, decided and paid
   until then must be the same, and after it must not be.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tickwright.core.rng import derive
from tickwright.learn.batch import ExecutionBatch
from tickwright.learn.config import EpisodeConfig
from tickwright.learn.episode import step_rows
from tickwright.learn.gate.check import Check, exactly
from tickwright.learn.gate.mirror import reflected
from tickwright.learn.layout import ACCOUNT, End
from tickwright.venue.sim.reactive.driver import NO_ROWS
from tickwright.venue.sim.reactive.parameters import Parameters
from tickwright.venue.sim.reactive.prepare import prepare

CONFIG = EpisodeConfig(steps=10, messages=40, templates=4, warmup=5_000, maker_fee=-0.1, taker_fee=0.2)
_SMALL = 1e-9
"""Basis points: rewards and shortfalls are sums of the same terms in another order."""


def any_legal(rng: np.random.Generator, masks: np.ndarray) -> np.ndarray:
    """A legal action of each row, drawn evenly."""
    actions: np.ndarray = np.where(masks, rng.random(masks.shape), -1.0).argmax(axis=1)
    return actions


class _Still:
    """Steps without events: what an action does at once, on rows that are given."""

    def __init__(self, config: EpisodeConfig, batch: ExecutionBatch) -> None:
        self.params = prepare(config.markets[0])
        self.settings = config.settings(0)
        self.settings["messages"] = 0
        self.references = batch.references
        self.sizes = config.observed, config.actions

    def step(
        self, markets: np.ndarray, episodes: np.ndarray, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(rewards, observations, masks); the rows are changed."""
        count, (numbers, choices) = len(markets), self.sizes
        seen, finals = np.zeros((count, numbers), np.float32), np.zeros((count, numbers), np.float32)
        masks, rewards, ends = np.zeros((count, choices), np.bool_), np.zeros(count), np.zeros(count, np.int64)
        step_rows(
            markets, episodes, 0, count, self.params, self.settings, markets[:1], np.zeros(1, np.int64),
            self.references, actions.astype(np.int64), seen, masks, rewards, ends, finals, 0, NO_ROWS,
        )  # fmt: skip
        return rewards, seen, masks


def mirror_check(given: Parameters, books: int, seed: int) -> Check:
    """Mirrored states and actions give the same rewards, observations and masks, bit for bit."""
    config = replace(CONFIG, markets=(given,), side="buy")
    batch = ExecutionBatch(config, books, derive(seed, "mirror"), restart=False)
    still = _Still(config, batch)
    rng = np.random.default_rng(derive(seed, "mirror/actions"))
    batch.reset()
    differ = {"rewards": 0, "observations": 0, "masks": 0}
    tried = paid = 0
    for _ in range(config.steps):
        running = np.flatnonzero(batch.episodes["outcome"]["end"] == End.RUNNING)
        if not len(running):
            break
        markets, episodes = batch.markets[running].copy(), batch.episodes[running].copy()
        episodes["mid"] += rng.integers(-4, 5, len(running)) / 2.0
        others = reflected(markets, episodes, still.params)
        actions = any_legal(rng, batch.masks[running])
        one, two = still.step(markets, episodes, actions), still.step(*others, actions)
        for name, a, b in zip(differ, one, two, strict=True):
            # plus zero, for a reward of nothing may be minus zero
            differ[name] += sum(x.tobytes() != y.tobytes() for x, y in zip(a + 0, b + 0, strict=True))
        tried, paid = tried + len(running), paid + int((one[0] != 0.0).sum())
        batch.step(any_legal(rng, batch.masks))
    told = {"states": tried, "with_reward": paid, "differ": differ}
    return exactly("mirror: states whose rewards differ", sum(differ.values()) + (paid == 0), told)


def perold(batch: ExecutionBatch) -> np.ndarray:
    """Shortfall of each row's ended episode, bps: by cash and shares of the account, fees by what it made and took."""
    last, account = batch.episodes["last"], batch.markets["accounts"][:, ACCOUNT]
    ledger, config = batch.markets["ledger"][:, ACCOUNT], batch.config
    side, filled = last["side"], last["side"] * account["shares"]
    cost = -account["cash"] - ledger["dark_cash"] / 2 - side * filled * last["arrival"]
    cost = cost + side * (last["quantity"] - filled) * (last["end_mid"] - last["arrival"])
    fees = config.taker_fee * account["taken"] + config.maker_fee * account["made"]
    flow = config.markets[0].flow
    for v, venue in enumerate(flow.venues):
        taken, made = (ledger["taken_at"][:, v], ledger["made_at"][:, v]) if config.venues > 1 else (
            account["taken"], account["made"]
        )  # fmt: skip
        fees = fees + venue.taker_fee * taken + venue.maker_fee * made
    if flow.pool is not None:
        fees = fees + flow.pool.fee * (ledger["dark_made"] + ledger["dark_taken"])
    shortfall: np.ndarray = 1e4 * (cost + fees) / (last["quantity"] * last["arrival"])
    return shortfall


def perfect_check(given: Parameters, episodes: int, seed: int) -> Check:
    """Of all sequences of two actions in the same future the cheapest has the highest reward, and no other order is
    wrong either: reward is minus the shortfall."""
    config = replace(CONFIG, markets=(given,), steps=2, messages=100)
    sequences = config.actions**2
    batch = ExecutionBatch(config, sequences, derive(seed, "perfect"), restart=False)
    first, second = np.divmod(np.arange(sequences), config.actions)
    wrong, spread = 0, []
    for _ in range(episodes):
        batch.reset()
        for rows in (batch.markets, batch.episodes, batch.masks):
            rows[:] = rows[0].copy()
        rewards = batch.step(first).rewards.copy()
        running = batch.episodes["outcome"]["end"] == End.RUNNING
        rewards += np.where(running, batch.step(second).rewards, 0.0)
        shortfall = perold(batch)
        wrong += int(shortfall[rewards.argmax()] > shortfall.min() + _SMALL)
        wrong += int((np.abs(rewards + shortfall) > _SMALL).sum())
        spread.append(float(np.ptp(shortfall)))
    told = {"episodes": episodes, "sequences": sequences, "spread_bps": round(float(np.median(spread)), 3)}
    return exactly("perfect execution: rewards out of order", wrong + (max(spread) == 0.0), told)


def truncation_check(given: Parameters, books: int, seed: int) -> Check:
    """What follows a decision changes nothing up to it: the second half of the rows gets another future at `cut`."""
    config = replace(CONFIG, markets=(given,))
    wrong = parted = 0
    for cut in range(1, config.steps):
        batch = ExecutionBatch(config, 2 * books, derive(seed, "truncation"), restart=False)
        batch.reset()
        for rows in (batch.markets, batch.episodes, batch.masks):
            rows[books:] = rows[:books].copy()
        seen = np.zeros((2 * books, config.observed), np.float32)
        for t in range(config.steps):
            # a fixed policy of what is seen: a function of the observation's bits and of nothing else
            scores = np.array([_scores(row, config.actions) for row in seen])
            actions = np.where(batch.masks, scores, -1.0).argmax(axis=1)
            if t <= cut:
                wrong += int((actions[:books] != actions[books:]).sum())
                wrong += int((batch.masks[:books] != batch.masks[books:]).any(axis=1).sum())
            if t == cut:
                batch.markets["seed"][books:] ^= np.uint64(0x5DEECE66D)
            running = batch.episodes["outcome"]["end"][:books] == End.RUNNING
            got = batch.step(actions)
            seen = got.observations.copy()
            if t < cut:
                wrong += int((got.rewards[:books] != got.rewards[books:]).sum())
                wrong += int((seen[:books] != seen[books:]).any(axis=1).sum())
            elif t == cut:
                parted += int((running & (seen[:books] != seen[books:]).any(axis=1)).sum())
    told = {"episodes": books, "cuts": config.steps - 1, "futures_that_differed": parted}
    # futures that do not differ would show nothing
    return exactly("truncation: decisions that knew the future", wrong + (parted == 0), told)


def _scores(row: np.ndarray, actions: int) -> np.ndarray:
    return np.random.default_rng(int.from_bytes(row.tobytes()[:64], "little")).random(actions)


def reward_checks(given: Parameters, books: int, seed: int) -> list[Check]:
    """All three."""
    return [
        mirror_check(given, books, seed),
        perfect_check(given, max(8, books // 8), seed),
        truncation_check(given, books, seed),
    ]
