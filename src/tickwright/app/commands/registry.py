"""`tickwright registry enter | show | promote | rollback`: which policy trades."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path

from tickwright.app import terminal
from tickwright.data.utc import utc_text
from tickwright.run.registry import CANARY, CHAMPION, Registry, State


def enter(folder: Path, policy: Path, why: str) -> None:
    """A policy comes in."""
    registry = Registry(folder)
    _tell(registry, registry.enter(policy, why, now()))


def promote(folder: Path, why: str, share: float | None) -> None:
    """The challenger goes one stage on."""
    registry = Registry(folder)
    _tell(registry, registry.promote(why, now(), share))


def rollback(folder: Path, why: str) -> None:
    """Withdraw the challenger, or bring the champion before this one back."""
    registry = Registry(folder)
    _tell(registry, registry.rollback(why, now()))


def show(folder: Path, as_json: bool) -> None:
    """Who stands where, after a look at every file; then the history."""
    registry = Registry(folder)
    state, history = registry.check(), registry.history
    if as_json:
        told = {"state": asdict(state), "history": [asdict(change) for change in history]}
        print(json.dumps(told, indent=2, sort_keys=True, ensure_ascii=False))
        return
    _tell(registry, state)
    terminal.listing(
        [(str(c.number), c.time, c.what, c.policy[:16], c.why) for c in history],
        ("change", "time (UTC)", "what", "policy", "why"), ("change",), keys=("time (UTC)", "policy"),
    )  # fmt: skip


def now() -> str:
    """UTC, to the second."""
    return utc_text(time.time_ns())[:19]


def _tell(registry: Registry, state: State) -> None:
    print(f"{CHAMPION}: {registry.file(state.champion)}")
    if state.challenger is not None:
        part = f", {100 * state.share:g} % of the orders" if state.stage == CANARY else ""
        print(f"{state.stage}: {registry.file(state.challenger)}{part}")
