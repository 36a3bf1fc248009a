"""What the betas of assets that trade late share: a ring of single slots, and rows that need several of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tickwright.core.kernel import inline
from tickwright.core.layout import I8
from tickwright.factors.beta.window import OK, WindowConfig, clipped

SLOT = 4
"""Numbers of a stored slot: x, y, whether each is there."""
MOST_LAGS = 5


@dataclass(frozen=True, slots=True)
class LaggedConfig(WindowConfig):
    """With the number of lags of the market."""

    lags: I8 = 1


@inline(borrow=True)
def put(config: Any, ring: Any, size: int, x: Any) -> None:
    """A slot into the ring of `size` slots. A return over more than one bar has no place among lags of one."""
    at = (x.slot % size) * SLOT
    here, there = x.market.status == OK and x.market.span == 1, x.asset.status == OK and x.asset.span == 1
    ring[at] = clipped(x.market.value, config.winsor) if here else 0.0
    ring[at + 1] = clipped(x.asset.value, config.winsor) if there else 0.0
    ring[at + 2] = 1.0 if here else 0.0
    ring[at + 3] = 1.0 if there else 0.0


@inline(borrow=True)
def whole(ring: Any, size: int, slot: int, back: int, ahead: int) -> bool:
    """Whether the asset is there at a slot, and the market from `back` slots before it to `ahead` after."""
    if ring[(slot % size) * SLOT + 3] == 0.0:
        return False
    for lag in range(-ahead, back + 1):  # noqa: SIM110 - kernels know no generators
        if ring[((slot - lag) % size) * SLOT + 2] == 0.0:
            return False
    return True


@inline(borrow=True)
def market(ring: Any, size: int, slot: int) -> float:
    """The market's return at a slot."""
    value: float = ring[(slot % size) * SLOT]
    return value


@inline(borrow=True)
def asset(ring: Any, size: int, slot: int) -> float:
    """The asset's return at a slot."""
    value: float = ring[(slot % size) * SLOT + 1]
    return value
