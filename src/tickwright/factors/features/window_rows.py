"""What kernels over the last W bars share: their configurations, and the ring that the bars are kept in.

A bar that is missing keeps its place and counts in `n_missing`. Where the bar itself has no number the row is a GAP,
where too few of the window have one, INSUFFICIENT_OBS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tickwright.core.kernel import inline
from tickwright.core.layout import F8, I8
from tickwright.factors.records import NOTHING, Absent, Status

OK, GAP, INSUFFICIENT = int(Status.OK), int(Status.GAP), int(Status.INSUFFICIENT_OBS)
VALUE_ALONE = int(Absent.STDERR | Absent.R2)
PAIR, TRIPLE = 2, 3
"""Numbers of a stored bar: one or two, and 1 where they are there."""


@dataclass(frozen=True, slots=True)
class SpanConfig:
    """`window` bars, of which `min_observations` must have a number."""

    window: I8
    min_observations: I8


@dataclass(frozen=True, slots=True)
class TwoScaleConfig:
    """As SpanConfig; `scale`: every so-manieth price makes one of the slow grids, from 2 on."""

    window: I8
    min_observations: I8
    scale: I8


@dataclass(frozen=True, slots=True)
class AmihudConfig:
    """As SpanConfig; `unit`: money of one tick × lot."""

    window: I8
    min_observations: I8
    unit: F8


@dataclass(frozen=True, slots=True)
class ReturnConfig:
    """`log`: 1 for ln(x / before), 0 for the difference, in ticks."""

    log: I8


@dataclass(frozen=True, slots=True)
class NoConfig:
    """Of a kernel that has nothing to be told."""


@inline(borrow=True)
def put(config: Any, ring: Any, x: Any) -> None:
    """Keep the number of this bar, the port `x`."""
    at = PAIR * (x.slot % config.window)
    there = x.x.status == OK
    ring[at] = x.x.value if there else 0.0
    ring[at + 1] = 1.0 if there else 0.0


@inline(borrow=True)
def judged(config: Any, ring: Any, slot: int, wide: int, there: bool, out: Any) -> bool:
    """Count the window; whether the row may have a value."""
    n = span = 0
    for age in range(config.window):
        if ring[wide * ((slot - age) % config.window) + wide - 1] > 0.0:
            n += 1
            span = age + 1
    out.n_obs, out.n_missing, out.span = n, config.window - n, span
    out.absent, out.status = NOTHING, OK
    if not there:
        out.status = GAP
    elif n < config.min_observations:
        out.status = INSUFFICIENT
    else:
        out.absent = VALUE_ALONE
        return True
    return False
