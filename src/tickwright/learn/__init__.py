"""Learning to execute: episodes in the reactive market, for whoever trains on them.

`ExecutionBatch` is the raw interface (arrays); `ExecutionEnv` and `ExecutionVectorEnv` are Gymnasium's, and
`ExecutionVecEnv` is Stable-Baselines3's. The two libraries are in the extra `rl` and are loaded when asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tickwright.learn.batch import ExecutionBatch
from tickwright.learn.config import EpisodeConfig

__all__ = ["EpisodeConfig", "ExecutionBatch", "ExecutionEnv", "ExecutionVecEnv", "ExecutionVectorEnv"]

_LAZY = {
    "ExecutionEnv": "gymnasium_env",
    "ExecutionVectorEnv": "gymnasium_env",
    "ExecutionVecEnv": "sb3_env",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"tickwright.learn.{_LAZY[name]}"), name)
