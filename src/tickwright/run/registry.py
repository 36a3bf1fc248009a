"""Which policy trades, which one may come after it, and how it came to that: a folder.

    policies/HASH.twp     every policy that was ever entered, by the hash of its content; never changed
    history/HASH.json     every change, by the hash of its content; each names the change before it; never changed
    current.json          the pointer: the last change, its number, and the state that it led to, former champions
                          too; swapped in one step

A change writes the policy, then the entry of history, then swaps the pointer (`data.store.disk.whole_file`: written
beside, synced, renamed). Killed anywhere before the swap, the folder says what it said; an entry that no pointer ever
named is left over, and harmless. A change needs the pointer and the policies that it names, and no history: what was
lost there is told by `check`, and does not stand in the way of a rollback. One writer at a time.

    enter (the first)                     champion
    enter                                 shadow      decides beside the champion and does not act; none comes in
                                                      while a canary is out
    promote        shadow   → canary      works a share of the orders (`State.works`)
    promote        canary   → champion    the champion before it is remembered
    rollback       a challenger is withdrawn; without one, the champion before this one is champion again
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tickwright.core.errors import ConfigError, FileFormatError, UsageError
from tickwright.core.ids import stable_id
from tickwright.data.store.disk import storage, whole_file
from tickwright.strategy.learned.container import from_bytes, read

SCHEMA = "tickwright.registry/2"
POINTER, POLICIES, HISTORY, LOCK = "current.json", "policies", "history", ".lock"
CHAMPION, SHADOW, CANARY = STAGES = ("champion", "shadow", "canary")
CANARY_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class State:
    """Who stands where; policies by the SHA-256 of their file, entries of history by that of theirs."""

    champion: str
    challenger: str | None = None
    stage: str | None = None
    """`shadow` or `canary`, of the challenger."""
    before: tuple[str, ...] = ()
    """Former champions, the last one last."""
    entry: str = ""
    """Of the last change."""
    number: int = 0
    """Of the last change: 1 for the first."""
    share: float = CANARY_SHARE
    """Of the orders, that a canary works."""

    def works(self, order: str) -> str:
        """Who works an order of that name: champion, or canary. The canary's hash and the name alone decide: whether
        the last four bytes of the BLAKE2b of `HASH/NAME` (8 bytes, little-endian), over 2^32, are below the share."""
        if self.challenger is None or self.stage != CANARY:
            return CHAMPION
        return CANARY if stable_id(f"{self.challenger}/{order}", 32) / 2**32 < self.share else CHAMPION


@dataclass(frozen=True, slots=True)
class Change:
    """An entry of history."""

    number: int
    what: str
    policy: str
    why: str
    time: str
    previous: str | None
    verdict: str | None = None
    """SHA-256 of the verdict.json that let the policy in."""


class Registry:
    """The registry in a folder. Every method raises FileFormatError where a file is not what its hash says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def exists(self) -> bool:
        """Whether there is a champion."""
        return (self.folder / POINTER).exists()

    @property
    def state(self) -> State:
        """As of now. Raises ConfigError for a folder without a registry."""
        if not self.exists:
            raise ConfigError("registry", str(self.folder), f"a folder with {POINTER}: `tickwright registry enter`")
        table = _table(self.folder / POINTER)
        try:
            given = dict(table["state"])
            state = State(**{**given, "before": tuple(given["before"])})
        except (KeyError, TypeError, ValueError) as error:
            raise FileFormatError(self.folder / POINTER, "state", str(error), "a state of the registry") from error
        if table.get("schema") != SCHEMA or table.get("hash") != _digest(_bytes(given)):
            raise FileFormatError(self.folder / POINTER, "hash", str(table.get("hash")), f"that of the state, {SCHEMA}")
        return state

    @property
    def history(self) -> list[Change]:
        """Every change that led to the state, the first one first."""
        found, entry = [], self.state.entry or None
        while entry is not None:
            file = self.folder / HISTORY / f"{entry}.json"
            content = _content(file)
            if _digest(content) != entry:
                raise FileFormatError(file, "hash", _digest(content)[:16], f"{entry[:16]}, that of its name")
            found.append(Change(**json.loads(content)))
            entry = found[-1].previous
        return found[::-1]

    def file(self, policy: str) -> Path:
        """The file of a policy, whose content was checked."""
        file = self.folder / POLICIES / f"{policy}.twp"
        content = _content(file)
        if _digest(content) != policy:
            raise FileFormatError(file, "hash", _digest(content)[:16], f"{policy[:16]}, that of its name")
        from_bytes(content, str(file))
        return file

    def check(self) -> State:
        """The state, after a look at all that it and its history name."""
        state = self.state
        named = [state.champion, *state.before, *([state.challenger] if state.challenger else [])]
        for policy in dict.fromkeys([*named, *(change.policy for change in self.history)]):
            self.file(policy)
        return state

    # -- changes -------------------------------------------------------------------------------------------------------

    def enter(
        self, file: Path, why: str, time: str = "", *, against: str | None = None, verdict: str | None = None
    ) -> State:
        """A policy comes in, from a file or by a name of the package: the first as champion, another as shadow in the
        place of a shadow before it. One that is the challenger already stays where it is.

        `against` is the champion that it was judged against, `verdict` the SHA-256 of what was found.
        Raises FileFormatError for a file that is no policy, ConfigError for the champion itself, where another one than
        `against` is champion by now, and while a canary is out.
        """
        content = read(file)
        from_bytes(content, str(file))
        policy = _digest(content)
        with self._writing():
            state = self.state if self.exists else None
            now = None if state is None else state.champion
            if against is not None and against != now:
                raise ConfigError("against", against, f"the champion, which is {now or 'nobody'} by now: judge it anew")
            if state is not None and policy == state.champion:
                raise ConfigError("policy", str(file), "another policy than the champion")
            if state is not None and policy == state.challenger:
                self.file(policy)
                return state
            if state is not None and state.stage == CANARY:
                raise ConfigError("policy", str(file), f"no canary out: promote or roll back {state.challenger} first")
            with whole_file(self.folder / POLICIES / f"{policy}.twp") as draft:
                draft.write_bytes(content)
            if state is None:
                return self._swap(State(policy), "enter as champion", policy, why, time, verdict)
            after = replace(state, challenger=policy, stage=SHADOW)
            return self._swap(after, "enter as shadow", policy, why, time, verdict)

    def promote(self, why: str, time: str = "", share: float | None = None) -> State:
        """The challenger goes one stage on; as a canary it gets `share` of the orders, CANARY_SHARE where none is said.

        Raises UsageError without a challenger, ConfigError for a share that is none or for who is a canary already.
        """
        if share is not None and not 0.0 < share < 1.0:
            raise ConfigError("--share", share, "a share of the orders, above 0 and below 1")
        with self._writing():
            state = self.state
            if state.challenger is None:
                raise UsageError(f"{self.folder}: there is no challenger to promote")
            self.file(state.challenger)
            if state.stage == SHADOW:
                after = replace(state, stage=CANARY, share=share or CANARY_SHARE)
                what = f"promote to canary of {100 * after.share:g} %"
                return self._swap(after, what, state.challenger, why, time)
            if share is not None:
                raise ConfigError("--share", share, "none for a canary, which becomes champion")
            after = replace(
                state, champion=state.challenger, challenger=None, stage=None, before=(*state.before, state.champion)
            )
            return self._swap(after, "promote to champion", state.challenger, why, time)

    def rollback(self, why: str, time: str = "") -> State:
        """Withdraw the challenger; without one, bring the champion before this one back. Raises UsageError without
        either."""
        with self._writing():
            state = self.state
            if state.challenger is not None:
                self.file(state.champion)
                after = replace(state, challenger=None, stage=None)
                return self._swap(after, f"roll back: {state.stage} withdrawn", state.challenger, why, time)
            if not state.before:
                raise UsageError(f"{self.folder}: there is no champion before this one, and no challenger")
            self.file(state.before[-1])
            after = replace(state, champion=state.before[-1], before=state.before[:-1])
            return self._swap(after, "roll back: champion again", after.champion, why, time)

    def _swap(
        self, after: State, what: str, policy: str, why: str, time: str, verdict: str | None = None
    ) -> State:  # fmt: skip
        """Write the entry, then the pointer; `after` still has the entry and the number of the change before."""
        change = Change(after.number + 1, what, policy, why, time, after.entry or None, verdict)
        content = _bytes(asdict(change))
        entry = _digest(content)
        with whole_file(self.folder / HISTORY / f"{entry}.json") as draft:
            draft.write_bytes(content)
        state = replace(after, entry=entry, number=change.number)
        table = json.loads(_bytes(asdict(state)))
        with whole_file(self.folder / POINTER, "the registry stands as it was") as draft:
            draft.write_bytes(_bytes({"schema": SCHEMA, "state": table, "hash": _digest(_bytes(table))}))
        return state

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Alone at work; the lock goes with the process."""
        with storage(self.folder, "the registry stands as it was"):
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UsageError(f"{self.folder}: somebody else is changing the registry; try again") from error
            yield
        finally:
            os.close(handle)


def _bytes(value: Any) -> bytes:
    return (json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise FileFormatError(file, "open", str(error.strerror), "a readable file") from error


def _table(file: Path) -> dict[str, Any]:
    try:
        table = json.loads(_content(file))
    except ValueError as error:
        raise FileFormatError(file, "content", str(error), "JSON in UTF-8") from error
    if not isinstance(table, dict):
        raise FileFormatError(file, "content", type(table).__name__, "a table")
    return table
