"""A policy by the name that a command line gives it: a baseline, or `KIND:FILE` for one that was learned."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tickwright.core.errors import ConfigError
from tickwright.learn.artefact import NetworkPolicy
from tickwright.learn.policies.baseline import NAMES, Baseline
from tickwright.learn.policies.port import Policy

LOADERS: dict[str, Callable[[Path], Policy]] = {"rl": NetworkPolicy.of}
"""Kinds of policies that lie in files, and who reads them."""


def policy_of(name: str) -> Policy:
    """The policy of a name. Raises ConfigError for a name that nobody knows, and what a loader raises."""
    kind, is_file, file = name.partition(":")
    if is_file and kind in LOADERS:
        return LOADERS[kind](Path(file))
    if name not in NAMES:
        raise ConfigError("--policy", name, f"one of {', '.join(NAMES)}, rl:FILE")
    return Baseline(name)
