"""What the tables of a policy's header hold: whoever asks one for an entry gets the kind that stands here.

Any entry may be missing, and a table may hold others, of which nothing is asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

NAMES = ("episode", "metrics", "manifest")


def _table(found: Any) -> bool:
    return isinstance(found, dict)


def _text(found: Any) -> bool:
    return isinstance(found, str)


def _whole(low: int, high: int, found: Any) -> bool:
    return type(found) is int and low <= found <= high


def _number(low: float, found: Any) -> bool:
    return type(found) in (int, float) and math.isfinite(found) and found >= low


def _range(found: Any) -> bool:
    return isinstance(found, list) and len(found) == 2 and all(_number(0.0, end) for end in found)


def _seeds(found: Any) -> bool:
    return isinstance(found, dict) and all(_whole(0, 2**64, seed) for seed in found.values())


_LENGTH = partial(_whole, 1, 10**6), "a whole number from 1 to 1000000"
_FEE = partial(_number, -math.inf), "a finite number of ticks a lot"
_ENTRIES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "episode.steps": _LENGTH,
    "episode.messages": _LENGTH,
    "episode.latency": (partial(_whole, 0, 10**6), "a whole number from 0 to 1000000"),
    "episode.reach": (partial(_whole, 0, 1_000), "a whole number from 0 to 1000"),
    "episode.slices": (partial(_number, 1.0), "a number, at least 1"),
    "episode.participation": (_range, "two shares"),
    "episode.risk_aversion": (_range, "two numbers, 0 or more"),
    "episode.maker_fee": _FEE,
    "episode.taker_fee": _FEE,
    "episode.side": (_text, "text"),
    "metrics.steps": (partial(_whole, 0, 2**40), f"a whole number from 0 to {2**40}"),
    "manifest.config": (_table, "a table"),
    "manifest.config.steps": (partial(_whole, 0, 2**40), f"a whole number from 0 to {2**40}"),
    "manifest.config.algorithm": (_text, "text"),
    "manifest.config.ppo": (_table, "a table"),
    "manifest.seeds": (_seeds, "a table of whole numbers"),
}


def faults(header: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """(entry, what stands there, what should) of all that is wrong, outer tables first."""
    for name in NAMES:
        if not _table(header.get(name)):
            yield name, header.get(name), "a table"
    for place, (right, expected) in _ENTRIES.items():
        *tables, entry = place.split(".")
        found: Any = header
        for table in tables:
            found = found.get(table) if _table(found) else None
        if _table(found) and entry in found and not right(found[entry]):
            yield place, found[entry], expected
