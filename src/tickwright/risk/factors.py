"""Factors that orders rely on: one that is missing, not OK or stale stops them. Pure; imports core alone.

1. `FactorLimits` binds symbols to the factors that every order in them relies on; an order may name more.
2. `heard` keeps the newest row of each factor and symbol, of rows as they become known.
3. `unmet` is the first factor relied on that does not hold at a moment; `verdicts.judge` refuses the command with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from tickwright.core.errors import ConfigError
from tickwright.core.records import FactorRow, FactorStatus, Refusal
from tickwright.core.units import Nanos

Heard: TypeAlias = Mapping[tuple[str, str], FactorRow]
"""The newest row by (factor_id, symbol)."""


@dataclass(frozen=True, slots=True)
class Reliance:
    """A factor of the order's own instrument that must be OK, and for how long its newest row counts."""

    factor_id: str
    max_age: Nanos
    """Since the row's `ts_available`."""

    def __post_init__(self) -> None:
        if self.max_age <= 0:
            raise ConfigError("gate.factors.max_age", self.max_age, "a positive number of nanoseconds")


@dataclass(frozen=True, slots=True)
class FactorLimits:
    """What orders rely on, by symbol; a symbol that is not there relies on nothing."""

    bound: Mapping[str, tuple[Reliance, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unmet:
    """A factor that does not hold. Observed and limit as in a Verdict: rows for FACTOR_MISSING, a `FactorStatus` for
    FACTOR_STATUS, ns since the row was known for FACTOR_STALE."""

    code: Refusal
    factor_id: str
    symbol: str
    observed: int
    limit: int


def heard(before: Heard, rows: Iterable[FactorRow]) -> Heard:
    """What is known after some more rows. The newest row is that of the last slot; told again, the version known last.
    A late correction of an earlier slot changes nothing."""
    newest = dict(before)
    for row in rows:
        key = row.factor_id, row.symbol
        last = newest.get(key)
        if last is None or (last.ts_event, last.ts_available) <= (row.ts_event, row.ts_available):
            newest[key] = row
    return newest


def unmet(
    limits: FactorLimits, known: Heard, symbol: str, ts: Nanos, named: Iterable[Reliance] = ()
) -> Unmet | None:  # fmt: skip
    """The first factor that an order in `symbol` relies on, or names, and that does not hold at `ts`.

    A row that is known only after `ts` is none, since the gate does not look ahead; the one before it is not kept.
    """
    for reliance in (*limits.bound.get(symbol, ()), *named):
        row = known.get((reliance.factor_id, symbol))
        if row is None or row.ts_available > ts:
            return Unmet(Refusal.FACTOR_MISSING, reliance.factor_id, symbol, 0, 1)
        if row.status != FactorStatus.OK:
            return Unmet(Refusal.FACTOR_STATUS, reliance.factor_id, symbol, row.status, FactorStatus.OK)
        if ts - row.ts_available > reliance.max_age:
            return Unmet(Refusal.FACTOR_STALE, reliance.factor_id, symbol, ts - row.ts_available, reliance.max_age)
    return None
