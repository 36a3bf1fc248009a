"""The pre-trade gate: every command passes it before it leaves; every refusal has a code, an observed value, a limit.

Controls of MiFID II RTS 7 art. 15 and SEC 15c3-5 that concern one order: size, value, price collar, the parent's
limit price and quantity, the kill switch. All comparisons are on integers and exact. A cancel always passes, for it
can only lower the risk.

The collar looks at the harmful side alone: how much worse than the mid the price is. A resting order far on its own
side is harmless and is not stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from tickwright.core.errors import ConfigError
from tickwright.core.kernel import inline
from tickwright.core.layout import I8, dtype_of
from tickwright.core.records import CommandKind, OrderType, Refusal

PPM = 1_000_000
_MOST = 2**63 - 1

_CANCEL, _MARKET = int(CommandKind.CANCEL), int(OrderType.MARKET)
_PASS, _SIZE, _COLLAR, _KILLED = int(Refusal.NONE), int(Refusal.SIZE), int(Refusal.COLLAR), int(Refusal.KILLED)
_PARENT, _CHILD, _VALUE = int(Refusal.PARENT_SHARE), int(Refusal.CHILD_SHARE), int(Refusal.VALUE)
_NO_REFERENCE, _LIMIT_PRICE = int(Refusal.NO_REFERENCE), int(Refusal.LIMIT_PRICE)

Answer: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class GateLimits:
    """The limits of the gate; 0 turns a limit off, except that the parent's own quantity always holds."""

    max_order_size: I8 = 0
    """Lots of one order."""
    max_order_value: I8 = 0
    """Money of one order at its price."""
    collar_ppm: I8 = 0
    """How much worse than the mid a price may be, in parts per million of the mid."""
    max_parent_share_ppm: I8 = 0
    """Largest share of its parent that one order may be, in parts per million."""
    killed: I8 = 0
    """1: the kill switch is thrown; everything but cancels is refused."""

    def __post_init__(self) -> None:
        for name in ("max_order_size", "max_order_value", "collar_ppm", "max_parent_share_ppm"):
            value = getattr(self, name)
            if value < 0:
                raise ConfigError(f"gate.{name}", value, "zero (off) or a positive number")
        if self.killed not in (0, 1):
            raise ConfigError("gate.killed", self.killed, "0 or 1")


GATE_LIMITS = dtype_of(GateLimits)


@inline(borrow=True)
def check(
    limits: Any,
    command_kind: int,
    order_type: int,
    side: int,
    price: int,
    size: int,
    mid2: int,
    quoted: int,
    parent_quantity: int,
    parent_filled: int,
    parent_open_excluding_this: int,
    limited: int,
    limit_price: int,
    half_tick_value: int,
) -> Answer:
    """Judge one command. Returns `(Refusal code, observed, limit)`; `(0, 0, 0)` is a pass.

    `limits` is a row of GATE_LIMITS; prices are ticks, `mid2` half ticks and meaningful when `quoted`, sizes lots,
    `half_tick_value` Money. `parent_open_excluding_this` counts the parent's other open orders, and for a REPLACE not
    the order that it replaces. A market order is judged at the mid. Observed and limit are lots for SIZE, CHILD_SHARE
    and PARENT_SHARE, Money for VALUE (at most 2⁶³−1), parts per million for COLLAR (rounded up), ticks for
    LIMIT_PRICE.
    """
    if command_kind == _CANCEL:
        return _PASS, 0, 0
    if limits.killed == 1:
        return _KILLED, 1, 0
    if size <= 0:
        return _SIZE, size, 1
    if limits.max_order_size > 0 and size > limits.max_order_size:
        return _SIZE, size, limits.max_order_size

    market = order_type == _MARKET
    if quoted == 0 and (market or limits.collar_ppm > 0):
        return _NO_REFERENCE, 0, 1
    price2 = mid2 if market else 2 * price

    if limits.max_order_value > 0:
        one = abs(price2) * half_tick_value
        # Divided rather than multiplied, so that 64 bits suffice: one·size > limit ⇔ one > ⌊limit/size⌋.
        if one > limits.max_order_value // size:
            return _VALUE, (one * size if one <= _MOST // size else _MOST), limits.max_order_value

    if limits.collar_ppm > 0:
        worse2 = side * (price2 - mid2)
        if worse2 > 0 and worse2 * PPM > limits.collar_ppm * abs(mid2):
            observed = -((-worse2 * PPM) // abs(mid2)) if mid2 != 0 else _MOST
            return _COLLAR, observed, limits.collar_ppm

    if limited == 1 and side * (price2 - 2 * limit_price) > 0:
        # Half a tick of a mid is rounded away from the limit.
        return _LIMIT_PRICE, (price2 + side) // 2 if price2 % 2 else price2 // 2, limit_price

    if limits.max_parent_share_ppm > 0 and size * PPM > limits.max_parent_share_ppm * parent_quantity:
        return _CHILD, size, limits.max_parent_share_ppm * parent_quantity // PPM

    committed = parent_filled + parent_open_excluding_this + size
    if committed > parent_quantity:
        return _PARENT, committed, parent_quantity
    return _PASS, 0, 0
