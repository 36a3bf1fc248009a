"""The outcome of an ended episode, in words that a training log keeps."""

from __future__ import annotations

from typing import Any

import numpy as np

from tickwright.learn.layout import OUTCOME


def outcome_info(outcome: Any) -> dict[str, Any]:
    """The fields of one OUTCOME row as numbers, or of many as arrays."""
    names = OUTCOME.names or ()
    if outcome.ndim == 0:
        return {name: outcome[name].item() for name in names}
    return {name: np.array(outcome[name]) for name in names}
