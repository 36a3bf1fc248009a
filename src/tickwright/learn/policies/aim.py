"""Resting where no action says: behind the best, or further inside the spread than by a tick.

The actions of a learned level rest at the best, a tick inside, or at the mid, and mean the touch that was seen when
they were decided. A policy that `aim`s says how many ticks nearer to the other side its child shall rest than its
action says; while the action is carried out, the touch of our side counts as moved by them. The next look replaces it;
where a side is empty by then and it does not, it is put back here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

import numpy as np

from tickwright.learn.batch import ExecutionBatch


@runtime_checkable
class Aiming(Protocol):
    """A policy whose children may rest anywhere."""

    def aim(self, batch: ExecutionBatch, actions: np.ndarray) -> np.ndarray | None:
        """Ticks, int64 (K,), for actions just decided, positive towards the other side; None for none at all. A
        price may not reach the other side's best."""


@contextmanager
def aimed(batch: ExecutionBatch, policy: object, actions: np.ndarray) -> Iterator[None]:
    """Carry out the actions, with the policy's aim, in the body."""
    ticks = policy.aim(batch, actions) if isinstance(policy, Aiming) else None
    if ticks is None:
        yield
        return
    side = batch.episodes["task"]["side"].copy()
    _move(batch, side, ticks)
    try:
        yield
    finally:
        unseen = batch.episodes["sight"]["quoted"] == 0
        _move(batch, side, np.where(unseen, -ticks, 0))


def _move(batch: ExecutionBatch, side: np.ndarray, ticks: np.ndarray) -> None:
    sight = batch.episodes["sight"]
    sight["bid"] += np.where(side > 0, ticks, 0)
    sight["ask"] -= np.where(side < 0, ticks, 0)
