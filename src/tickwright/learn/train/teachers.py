"""Policies that a training may begin from, by name: `passive`, `rl:FILE`, or `package.module:function`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from inspect import signature
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


_DECIDES = "a function of a batch of episodes that gives int64 (K,), an action for each"


class _Function:
    """Somebody else's code: what it raises, or gives that is no action, is told under its name."""

    def __init__(self, name: str, function: Callable[[Any], np.ndarray]) -> None:
        self._name, self._function = name, function

    def decide(self, batch: Episodes) -> np.ndarray:
        try:
            actions = np.asarray(self._function(batch), np.int64)
        except Exception as error:
            raise self._no(f"{type(error).__name__}: {error}") from error
        if actions.shape != batch.masks.shape[:1]:
            raise self._no(f"it gave {actions.shape}")
        if actions.min() < 0 or actions.max() >= batch.masks.shape[1]:
            raise self._no(f"it gave {actions.min()} to {actions.max()}, of 0 to {batch.masks.shape[1] - 1}")
        return actions

    def _no(self, why: str) -> ConfigError:
        return ConfigError("teacher.policy", self._name, f"{_DECIDES} ({why})")


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
    try:
        made = found() if isinstance(found, type) else found
    except Exception as error:
        raise ConfigError("teacher.policy", name, f"a class that needs nothing to be made ({error})") from error
    if hasattr(made, "decide"):
        teacher: Teacher = made
        return teacher
    if not _takes_one(made):
        raise ConfigError("teacher.policy", name, _DECIDES)
    return _Function(name, made)


def _takes_one(found: Any) -> bool:
    """Whether it can be called with a batch, as far as its signature says."""
    if not callable(found):
        return False
    try:
        signature(found).bind(None)
    except TypeError:
        return False
    except ValueError:  # of a function in C that does not say
        return True
    return True
