"""Positions, cash, fees and profit as a pure function of fills: `step(account, fill) -> account`.

1. A fill moves cash by `-side * size * price * tick_value` and fees by its fee. Both are integers of `Money`.
2. A fill that grows the position adds its value to the cost of the open lots. One that shrinks it releases the average
   cost of the closed lots, rounded half to even to a whole billionth; what is not released stays in the cost. A fill
   through zero closes the old lots at their whole cost and opens the rest at its own price.
3. Realised profit is `cash + cost`, unrealised is `lots * mark - cost`; whatever was rounded in 2 leaves one and enters
   the other. The total, `cash - fees + lots * mark`, has no rounding and does not depend on how fills are grouped.

Average cost rather than first-in-first-out: the state is five integers whatever the number of fills. Its only price is
that the border between realised and unrealised depends on grouping, by at most one billionth for each reducing fill.
Currencies are never added together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce

import numpy as np

from tickwright.core.errors import DataError
from tickwright.core.instrument import Instrument
from tickwright.core.layout import from_rows
from tickwright.core.records import Fill
from tickwright.core.units import HalfTicks, Lots, Money


@dataclass(frozen=True, slots=True)
class Position:
    """What fills of one instrument have come to. `lots` is signed; `cost` is what the open lots cost (negative when
    short: what they brought); `cash` is before fees."""

    symbol: str
    currency: str
    half_tick_value: Money
    lots: Lots = 0
    cost: Money = 0
    cash: Money = 0
    fees: Money = 0

    @property
    def realised(self) -> Money:
        """Profit of the closed lots at average cost, before fees."""
        return self.cash + self.cost

    def unrealised(self, mark: HalfTicks) -> Money:
        """Profit of the open lots at a mark of twice the mid."""
        return self.lots * mark * self.half_tick_value - self.cost


@dataclass(frozen=True, slots=True)
class Account:
    """Positions by the number that `Fill.instrument` carries, in the order in which the account was opened."""

    keys: tuple[int, ...]
    positions: tuple[Position, ...]

    def position(self, instrument: int) -> Position:
        """The position of an instrument. Raises DataError when the account was not opened for it."""
        return self.positions[self.index(instrument)]

    def index(self, instrument: int) -> int:
        """Place of an instrument in `positions`. Raises DataError."""
        if instrument not in self.keys:
            raise DataError(f"fill.instrument: got {instrument}, the account holds {list(self.keys)}")
        return self.keys.index(instrument)


@dataclass(frozen=True, slots=True)
class Pnl:
    """Profit in one currency; `realised + unrealised - fees = total`."""

    realised: Money
    unrealised: Money
    fees: Money

    @property
    def total(self) -> Money:
        """Profit after fees."""
        return self.realised + self.unrealised - self.fees


def open_account(instruments: Mapping[int, Instrument]) -> Account:
    """An empty account for the instruments, by the number their fills carry."""
    positions = tuple(Position(i.symbol, i.currency, i.half_tick_value) for i in instruments.values())
    return Account(tuple(instruments), positions)


def step(account: Account, fill: Fill) -> Account:
    """The account after a fill. Raises DataError for an unknown instrument, a side not ±1 or a size not positive."""
    if fill.side not in (1, -1) or fill.size <= 0:
        raise DataError(f"fill of order {fill.order_id}: side {fill.side} size {fill.size}, expected ±1 and above 0")
    at = account.index(fill.instrument)
    after = _filled(account.positions[at], fill)
    return replace(account, positions=(*account.positions[:at], after, *account.positions[at + 1 :]))


def _filled(position: Position, fill: Fill) -> Position:
    tick_value = 2 * position.half_tick_value
    value = fill.side * fill.size * fill.price * tick_value
    closed = min(fill.size, abs(position.lots)) if position.lots * fill.side < 0 else 0
    released = round(Fraction(position.cost * closed, abs(position.lots))) if closed else 0
    opened = fill.side * (fill.size - closed) * fill.price * tick_value
    return replace(
        position,
        lots=position.lots + fill.side * fill.size,
        cost=position.cost - released + opened,
        cash=position.cash - value,
        fees=position.fees + fill.fee,
    )


def replay(account: Account, fills: np.ndarray) -> Account:
    """The account after FILL rows, in their order."""
    return reduce(step, from_rows(Fill, fills), account)


def cash(account: Account) -> dict[str, Money]:
    """Cash after fees by currency."""
    held: dict[str, Money] = {}
    for p in account.positions:
        held[p.currency] = held.get(p.currency, 0) + p.cash - p.fees
    return held


def pnl(account: Account, marks: Mapping[int, HalfTicks]) -> dict[str, Pnl]:
    """Profit by currency with open lots marked at twice the mid.

    Raises DataError when an open position has no mark; a closed one needs none.
    """
    found: dict[str, Pnl] = {}
    for key, p in zip(account.keys, account.positions, strict=True):
        if p.lots and key not in marks:
            raise DataError(f"{p.symbol}: {p.lots} lots are open and no mark was given for instrument {key}")
        before = found.get(p.currency, Pnl(0, 0, 0))
        found[p.currency] = Pnl(
            before.realised + p.realised,
            before.unrealised + (p.unrealised(marks[key]) if p.lots else 0),
            before.fees + p.fees,
        )
    return found


def total_pnl(account: Account, marks: Mapping[int, HalfTicks]) -> dict[str, Money]:
    """Profit after fees by currency: `cash - fees + lots * mark`, exact."""
    return {currency: part.total for currency, part in pnl(account, marks).items()}
