"""A number less its mean at the same time of day, over strictly earlier sessions.

Intraday liquidity and volatility follow a pattern that all instruments share, and that is no news: left in, it makes a
slope where there is none. The mean is of sessions before this one alone, so that nothing looks ahead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tickwright.core.kernel import inline
from tickwright.core.layout import I8
from tickwright.factors.beta.section_kernel import VALUE_ALONE
from tickwright.factors.beta.window import GAP, INSUFFICIENT, OK, refuse

_PAIR = 2
"""Numbers of a stored slot: the ordinal of its session plus one, and the value."""


@dataclass(frozen=True, slots=True)
class SeasonConfig:
    """The mean of the last `sessions` ones, `least` of them at least, of `bars` slots each at most."""

    sessions: I8
    least: I8
    bars: I8


def ring_of(config: SeasonConfig) -> int:
    """Numbers in the ring: every slot of every session."""
    return config.sessions * config.bars * _PAIR


def lookback(config: SeasonConfig) -> int:
    """The same slot as many sessions ago, and this one."""
    return config.sessions * config.bars + 1


@inline(borrow=True)
def update(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """One slot; `x` has the port `level`. `n_obs` is the number of the sessions."""
    if x.level.status != OK or x.place >= config.bars:
        refuse(out, GAP)
        return
    row = x.place * config.sessions * _PAIR
    total, n = 0.0, 0
    for age in range(config.sessions, 0, -1):
        at = row + ((x.session - age) % config.sessions) * _PAIR
        if ring[at] == x.session - age + 1:
            total += ring[at + 1]
            n += 1
    at = row + (x.session % config.sessions) * _PAIR
    ring[at], ring[at + 1] = x.session + 1, x.level.value
    out.n_obs, out.n_missing = n, config.sessions - n
    if n < config.least:
        refuse(out, INSUFFICIENT)
        return
    out.value, out.status, out.absent = x.level.value - total / n, OK, VALUE_ALONE
