"""Measures of liquidity at a slot, from a level that a source tells."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Any

from tickwright.core.kernel import inline
from tickwright.core.layout import F8, I8
from tickwright.factors.beta.section_kernel import VALUE_ALONE
from tickwright.factors.beta.window import GAP, OK, refuse

_PER = 1e6
"""Units of money for which illiquidity is told."""


@dataclass(frozen=True, slots=True)
class MeasureConfig:
    """`scale` times the measure; `log`: 1 for the logarithm of the level."""

    log: I8
    scale: F8


@inline(borrow=True)
def level(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """The port `level`, or its logarithm, which nothing that is not positive has."""
    if x.level.status != OK or (config.log == 1 and x.level.value <= 0.0):
        refuse(out, GAP)
        return
    out.value = config.scale * (log(x.level.value) if config.log == 1 else x.level.value)
    out.status, out.absent, out.n_obs, out.span = OK, VALUE_ALONE, 1, 1


@inline(borrow=True)
def illiquidity(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """|r| for a million of money: the port `asset`, a return, over the money of its slot, the port `level`.

    Source: Amihud, "Illiquidity and stock returns", 2002.
    """
    both = x.asset.status == OK and x.level.status == OK
    if not both or x.asset.span != 1 or x.level.value <= 0.0:
        refuse(out, GAP)
        return
    out.value = config.scale * abs(x.asset.value) / x.level.value * _PER
    out.status, out.absent, out.n_obs, out.span = OK, VALUE_ALONE, 1, 1
