"""The gate over records, the kill switch as data, and a refusal in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tickwright.core.records import Command, CommandKind, FactorStatus, Refusal, Verdict
from tickwright.core.units import SECOND, HalfTicks, Lots, Money, Nanos, Ticks, money_text
from tickwright.risk.factors import Unmet
from tickwright.risk.gate import GateLimits, check

# The source of the compiled check, so that Python's own integers and records go through it uncompiled.
_check: Any = getattr(check, "py_func", check)


@dataclass(frozen=True, slots=True)
class ParentExposure:
    """A parent as the gate sees it: its lots, those filled, those open in other children, its worst price.

    `child_filled` is what the order of the command has filled, which the size of a REPLACE includes.
    """

    quantity: Lots
    filled: Lots = 0
    open_elsewhere: Lots = 0
    child_filled: Lots = 0
    limit: Ticks | None = None


def judge(
    limits: GateLimits,
    command: Command,
    parent: ParentExposure,
    mid2: HalfTicks | None,
    half_tick_value: Money,
    ts: Nanos,
    unmet: Unmet | None = None,
) -> Verdict:
    """The verdict on a command; `mid2` is None where there is no quote. The same check as in the loop, and after it the
    factor that is `unmet`, if there is one (`factors.unmet`), which stops everything but cancels."""
    size = command.size - parent.child_filled if command.kind == CommandKind.REPLACE else command.size
    code, observed, limit = _check(
        limits,
        command.kind,
        command.order_type,
        command.side,
        command.price,
        size,
        0 if mid2 is None else mid2,
        int(mid2 is not None),
        parent.quantity,
        parent.filled,
        parent.open_elsewhere,
        int(parent.limit is not None),
        0 if parent.limit is None else parent.limit,
        half_tick_value,
    )
    if code == Refusal.NONE and unmet is not None and command.kind != CommandKind.CANCEL:
        code, observed, limit = unmet.code, unmet.observed, unmet.limit
    return Verdict(command.command_id, code, observed, limit, ts)


def kill(limits: GateLimits) -> GateLimits:
    """The limits with the kill switch thrown: cancels pass, all else is refused."""
    return replace(limits, killed=1)


def release(limits: GateLimits) -> GateLimits:
    """The limits with the kill switch released."""
    return replace(limits, killed=0)


def explain(verdict: Verdict, unmet: Unmet | None = None) -> str:
    """One sentence on a verdict: what was observed, and what the limit is. `unmet` names the factor, if it was one."""
    seen, limit = verdict.observed, verdict.limit
    factor = "a factor that the order relies on" if unmet is None else f"factor {unmet.factor_id} of {unmet.symbol}"
    match Refusal(verdict.code):
        case Refusal.NONE:
            return "passed"
        case Refusal.SIZE if seen <= 0:
            return f"the order is for {seen} lots, at least {limit} is needed"
        case Refusal.SIZE:
            return f"the order is for {seen} lots, {limit} are allowed"
        case Refusal.VALUE:
            return f"the order is worth {money_text(seen)}, {money_text(limit)} are allowed"
        case Refusal.COLLAR:
            return f"the price is {seen} millionths of the mid worse than the mid, {limit} are allowed"
        case Refusal.LIMIT_PRICE:
            return f"the price of {seen} ticks is worse than the parent's limit of {limit} ticks"
        case Refusal.CHILD_SHARE:
            return f"the order is for {seen} lots, {limit} are the largest share of the parent allowed"
        case Refusal.PARENT_SHARE:
            return f"the parent would come to {seen} lots filled and open, it has {limit}"
        case Refusal.NO_REFERENCE:
            return "there is no quote to judge the price by"
        case Refusal.KILLED:
            return "the kill switch is thrown; only cancels pass"
        case Refusal.FACTOR_MISSING:
            return f"{factor} is missing: no row of it is known, one is needed"
        case Refusal.FACTOR_STATUS:
            return f"{factor} is {FactorStatus(seen).name.lower()}, {FactorStatus(limit).name.lower()} is needed"
        case Refusal.FACTOR_STALE:
            return (
                f"{factor} is stale: its newest row was known {seen / SECOND:g} s ago, {limit / SECOND:g} s are allowed"
            )
