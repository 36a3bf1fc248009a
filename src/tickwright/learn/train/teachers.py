"""Policies that a training may begin from, by name: `passive`, `rl:FILE`, or `package.module:function`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.learn.artefact import NetworkPolicy
from tickwright.learn.train.config import TeacherConfig
from tickwright.learn.train.problem import Episodes
from tickwright.strategy.learned.actions import CROSS, INSIDE, KEEP, MID, POST

_ALL = INSIDE - 1
"""The action that has all that is left rest at the best of our side."""


class Teacher(Protocol):
    """What a training may begin from."""

    def decide(self, batch: Any) -> np.ndarray:
        """int64 (K,): actions for every row of a batch of episodes."""


class Passive:
    """Have all rest at the best of our side, and let the deadline cross what is left."""

    def decide(self, batch: Any) -> np.ndarray:
        """The largest post that is legal, keep without one."""
        masks = batch.masks
        posts = masks[:, POST : _ALL + 1]
        last = _ALL - posts[:, ::-1].argmax(axis=1)
        assert _ALL < MID < CROSS
        return np.where(posts.any(axis=1), last, KEEP).astype(np.int64)


class _Function:
    def __init__(self, function: Callable[[Any], np.ndarray]) -> None:
        self._function = function

    def decide(self, batch: Episodes) -> np.ndarray:
        return np.asarray(self._function(batch), np.int64)


def teacher_of(config: TeacherConfig) -> Teacher | None:
    """The teacher that a configuration names; None where it names none. Raises ConfigError, FileFormatError."""
    name = config.policy
    if name is None:
        return None
    if name == "passive":
        return Passive()
    kind, colon, rest = name.partition(":")
    if kind == "rl" and colon:
        return NetworkPolicy.of(rest)
    if not colon:
        raise ConfigError("teacher.policy", name, "passive, rl:FILE, or package.module:function")
    try:
        found = getattr(import_module(kind), rest)
    except (ImportError, AttributeError) as error:
        raise ConfigError("teacher.policy", name, f"a function that can be imported ({error})") from error
    made = found() if isinstance(found, type) else found
    teacher: Teacher = made if hasattr(made, "decide") else _Function(made)
    return teacher
