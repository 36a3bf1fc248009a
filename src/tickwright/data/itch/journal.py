"""What an ITCH file says beside its events, and what is wrong with it: kept as facts, told as lines of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from tickwright.data.itch import kernel as k
from tickwright.data.itch.messages import MESSAGES, Value

MOST_TOLD = 20
"""Lines of one kind; the rest is counted."""

_SYSTEM = {
    "O": "start of messages", "S": "start of system hours", "Q": "start of market hours",
    "M": "end of market hours", "E": "end of system hours", "C": "end of messages",
}  # fmt: skip
_STATES = {"H": "halted", "P": "paused", "Q": "quotation only", "T": "trading"}


@dataclass(frozen=True, slots=True)
class StockFaults:
    """Messages of one stock that its earlier messages do not explain."""

    unknown: int
    """Executions, cancels, deletes and replaces of references that are not live."""
    over: int
    """Executions and cancels of more than the order has left; they take what is left."""
    duplicates: int
    """Orders whose reference still lives; they do not enter."""
    orphans: int
    """Replaces of unknown references: the new order has no side and is lost. They count as unknown too."""
    unpriced: int
    """Shares executed of unknown references, whose price nobody knows."""


@dataclass(slots=True)
class Told:
    """The first lines of one kind and how many there were: a file of nothing but halts takes no memory."""

    lines: list[str] = field(default_factory=list)
    count: int = 0

    def append(self, line: str) -> None:
        """One more."""
        self.count += 1
        if len(self.lines) < MOST_TOLD:
            self.lines.append(line)


@dataclass(slots=True)
class Journal:
    """Filled by the reader as it goes."""

    directory: dict[str, Mapping[str, Value]] = field(default_factory=dict)
    """The latest directory message of each stock that was kept: round lot, market category, ETP flag and so on."""
    faults: dict[str, StockFaults] = field(default_factory=dict)
    halts: Told = field(default_factory=Told)
    broken: Told = field(default_factory=Told)
    events: Told = field(default_factory=Told)
    """System events and circuit breakers."""
    other_stocks: int = 0
    """Messages of stocks that were not asked for."""
    other_markets: int = 0
    """Operational halts of BX and PSX."""
    backward: int = 0
    """Messages with a time before the one of the message before."""
    whole: bool = False
    """The file ends as the venue ends it: with the event 'end of messages', or an empty message."""

    def note(self, message: int, fields: Mapping[str, Value], symbol: str) -> None:
        """Take in one message that is more than events."""
        kind = fields["type"]
        clock = _clock(int(fields["time"]))
        if kind == "R":
            self.directory[symbol] = fields
        elif kind == "S":
            event = str(fields["event"])
            self.whole = self.whole or event == "C"
            self.events.append(f"{clock} {_SYSTEM.get(event, f'system event {event!r}')}")
        elif kind == "V":
            levels = ", ".join(f"{fields[f'level_{i}'].normalize():f}" for i in (1, 2, 3))  # type: ignore[union-attr]
            self.events.append(f"{clock} market-wide circuit breaker levels {levels}")
        elif kind == "W":
            self.events.append(f"{clock} market-wide circuit breaker level {fields['level']} was breached")
        elif kind == "B":
            stock = symbol or f"locate {fields['locate']}"
            self.broken.append(f"match {fields['match']} ({stock}, message {message})")
        elif kind == "H" and fields["state"] != "T":
            reason = f", reason {fields['reason']}" if fields["reason"] else ""
            self.halts.append(f"{symbol} {clock} {_STATES[str(fields['state'])]}{reason}")
        elif kind == "h" and fields["action"] == "H" and fields["market"] == "Q":
            self.halts.append(f"{symbol} {clock} operational halt")

    def finish(self, state: np.ndarray, faults: np.ndarray, symbols: Mapping[int, str], ended: bool) -> None:
        """Take in what the kernel counted."""
        self.other_stocks = int(state[k.OTHER_STOCKS])
        self.other_markets = int(state[k.OTHER_MARKETS])
        self.backward = int(state[k.BACKWARD])
        self.whole = self.whole or ended
        for locate in np.flatnonzero(faults.any(axis=1)).tolist():
            self.faults[symbols[locate]] = StockFaults(*faults[locate].tolist())

    def skipped(self, counts: Counter[str]) -> dict[str, int]:
        """Messages that make no event, by name of type. `counts`: messages by letter."""
        silent = {letter: counts[letter] for letter in MESSAGES if letter not in "AFECXDUPQHh" and counts[letter]}
        found = {MESSAGES[letter].name: count for letter, count in silent.items()}
        if self.other_markets:
            found["operational halt of another market"] = self.other_markets
        if self.other_stocks:
            found["other stocks"] = self.other_stocks
        return found

    def notes(self) -> list[str]:
        """Lines for a summary."""
        faulty = Told()
        for name, faults in self.faults.items():
            faulty.append(_faulty(name, faults))
        lines = _few("halts", self.halts)
        lines += _few("broken trades (their prints are still among the events)", self.broken)
        lines += _few("market", self.events)
        lines += _few("references that nothing explains", faulty)
        if self.directory:
            lines.append(f"directory: {'; '.join(_categories(self.directory))}")
        if self.backward:
            lines.append(f"{self.backward:,} messages have a time before the message before them")
        if not self.whole:
            lines.append("the file ends without the event 'end of messages': it may be cut")
        return lines


def _few(title: str, told: Told) -> list[str]:
    if not told.count:
        return []
    more = f"; and {told.count - len(told.lines):,} more" if told.count > len(told.lines) else ""
    return [f"{title}: {'; '.join(told.lines)}{more}"]


def _faulty(name: str, faults: StockFaults) -> str:
    words = {
        "unknown": faults.unknown, "reduced by more than is left": faults.over, "duplicate": faults.duplicates,
        "of the unknown are replaces whose new order is lost": faults.orphans,
        "shares executed at an unknown price": faults.unpriced,
    }  # fmt: skip
    return f"{name} {', '.join(f'{count:,} {word}' for word, count in words.items() if count)}"


def _categories(directory: Mapping[str, Mapping[str, Value]]) -> list[str]:
    etps = sum(fields["etp"] == "Y" for fields in directory.values())
    odd = sum(fields["round_lot"] != 100 for fields in directory.values())
    tests = sum(fields["authenticity"] == "T" for fields in directory.values())
    words = [
        f"{len(directory):,} stocks",
        f"{etps:,} exchange-traded products",
        f"{odd:,} with a round lot other than 100",
    ]
    return [*words, *([f"{tests:,} test symbols"] if tests else [])]


def _clock(time: int) -> str:
    seconds = Decimal(time).scaleb(-9).quantize(Decimal("0.001"))
    minutes, second = divmod(seconds, 60)
    return f"{int(minutes) // 60:02d}:{int(minutes) % 60:02d}:{second:06.3f}"
