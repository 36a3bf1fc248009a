"""The port of an execution policy: what the gate, the benchmark and the tuning ask of one."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from tickwright.learn.batch import ExecutionBatch


class Policy(Protocol):
    """Decides for many episodes at a time.

    `decide` is a function of what the rows show (observations and masks, or the episodes' records task, progress,
    sight, recall and step) and of nothing else: it remembers nothing, and a row's action knows of no other row.
    The books themselves (`batch.markets`) hold what no trader sees, the future included; the gate looks for whoever
    reads them.
    """

    @property
    def name(self) -> str:
        """What it is called in a verdict or a table."""

    def decide(self, batch: ExecutionBatch) -> np.ndarray:
        """int64 (K,): a legal action for each row; anything for one whose episode has ended."""
