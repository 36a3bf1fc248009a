"""Episodes taken apart, for what a policy is asked beyond its cost: the same steps, with the books held still between.

1. `still`: a step carries out an action and nothing else, neither events nor a deadline.
2. `turn`: whoever has bought sells again, as a new order in the same book, with all that market and account remember.
3. `audited`: an episode with every change of its book emitted, ours apart from the background's, through an `Audit`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from tickwright.core.events import MARKET_EVENT
from tickwright.learn.batch import ExecutionBatch
from tickwright.learn.gate.audit import Audit
from tickwright.learn.layout import ACCOUNT, End
from tickwright.learn.policies.port import Policy
from tickwright.strategy.learned.actions import KEEP
from tickwright.venue.sim.reactive.layout import BACKGROUND

_NEVER = 1 << 40
_ROOM = 1 << 16


@contextmanager
def still(batch: ExecutionBatch, *, messages: int = 0, steps: int = _NEVER) -> Iterator[None]:
    """Steps of so many messages, and so many of them, until the block ends; an action arrives at once."""
    settings = batch.settings
    before = settings.copy()
    settings["messages"], settings["latency"], settings["steps"] = messages, 0, steps
    try:
        yield
    finally:
        settings[:] = before


def turn(batch: ExecutionBatch) -> None:
    """Of every ended row the order again the other way round, for what was filled, in the same book. A row that holds
    nothing stays as it ended."""
    episodes, accounts = batch.episodes, batch.markets["accounts"][:, ACCOUNT]
    held = accounts["shares"] != 0
    rows = episodes[held]
    task, progress, outcome = rows["task"], rows["progress"], rows["outcome"]
    task["side"] *= -1
    task["quantity"] = np.abs(accounts["shares"][held])
    task["arrival"] = rows["mid"]
    progress["remaining"], progress["paid"], progress["live"] = task["quantity"], 0, 0
    rows["recall"] = np.zeros((), rows["recall"].dtype)
    rows["cash"], rows["shares"], rows["step"] = 0, 0, 0
    for name in ("shortfall", "reward", "fees", "forced", "unfilled", "refused", "steps"):
        outcome[name] = 0
    outcome["end"], outcome["side"], outcome["quantity"] = End.RUNNING, task["side"], task["quantity"]
    outcome["arrival"], outcome["end_mid"] = task["arrival"], task["arrival"]
    episodes[held] = rows
    accounts["cash"], accounts["shares"] = 0, 0
    with still(batch):  # looks, and shows what is seen
        batch.step(np.full(batch.count, KEEP))
    episodes["step"] = 0


def audited(batch: ExecutionBatch, policy: Policy) -> list[Audit]:
    """An audit of each row's next episode, played as ever (the config has no latency): within a step our action first,
    then the background. What an account ends with must be what it ends with where nobody looks, unless its last cross
    had to wait for somebody to trade with: a held book brings nobody."""
    batch.reset()
    begun = [array.copy() for array in _arrays(batch)]
    audits = [Audit(market) for market in batch.markets]
    rows = np.zeros(_ROOM, MARKET_EVENT)
    for _ in range(batch.config.steps):
        actions = policy.decide(batch)
        remembered = batch.episodes["recall"].copy()
        for k, audit in enumerate(audits):
            with still(batch):
                _apply_own(audit, batch, k, int(actions[k]), rows)
        running = batch.episodes["outcome"]["end"] == End.RUNNING
        batch.episodes["step"][running] -= 1
        batch.episodes["recall"] = remembered
        for k, audit in enumerate(audits):
            with still(batch, messages=batch.config.messages):
                audit.apply(batch.step_row(k, KEEP, rows), BACKGROUND)
    for k, audit in enumerate(audits):
        with still(batch, steps=0):
            _apply_own(audit, batch, k, KEEP, rows)
        audit.close(batch.markets[k])
    _compare(audits, batch, policy, begun)
    return audits


def _arrays(batch: ExecutionBatch) -> tuple[np.ndarray, ...]:
    """All that a policy may look at."""
    return batch.markets, batch.episodes, batch.observations, batch.masks


def _apply_own(audit: Audit, batch: ExecutionBatch, k: int, action: int, rows: np.ndarray) -> None:
    if batch.episodes["outcome"]["end"][k] != End.RUNNING:
        return
    emitted = batch.step_row(k, action, rows)
    account = batch.markets["accounts"][k, ACCOUNT]
    slot = account["slots"][0] if account["live"] else -1
    child = int(batch.markets["book"]["orders"]["born"][k, slot]) + 1 if slot >= 0 else None
    audit.apply(emitted, ACCOUNT, child)


def _compare(audits: list[Audit], batch: ExecutionBatch, policy: Policy, begun: list[np.ndarray]) -> None:
    """The same episodes again in whole steps: cash and shares of the account must be the same."""
    seen = batch.markets["accounts"][:, ACCOUNT].copy()
    for array, before in zip(_arrays(batch), begun, strict=True):
        array[:] = before
    for _ in range(batch.config.steps):
        batch.step(policy.decide(batch))
    whole = batch.markets["accounts"][:, ACCOUNT]
    waited = batch.markets["events"] > batch.config.steps * batch.config.messages
    for k, audit in enumerate(audits):
        if not waited[k] and batch.episodes["last"]["unfilled"][k] == 0:
            audit.wrong["an episode that went otherwise when it was watched"] += int(
                any(seen[name][k] != whole[name][k] for name in ("cash", "shares", "made", "taken"))
            )
