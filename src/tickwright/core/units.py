"""Units of the core: whole numbers everywhere, the unit in the alias; 64 bits wide in records and kernels.

| alias | unit |
|---|---|
| `Nanos` | nanoseconds since 1970-01-01 UTC, or a duration in nanoseconds |
| `Ticks` | price in ticks of its instrument |
| `HalfTicks` | bid + ask: twice a mid price, so that a mid is a whole number |
| `Lots` | size in lots of its instrument |
| `Money` | an amount in billionths of the currency unit; Python integers, so it never overflows or rounds |
"""

from decimal import Decimal
from typing import TypeAlias

from tickwright.core.errors import ConfigError

Nanos: TypeAlias = int
Ticks: TypeAlias = int
HalfTicks: TypeAlias = int
Lots: TypeAlias = int
Money: TypeAlias = int

MICROSECOND: Nanos = 1_000
MILLISECOND: Nanos = 1_000_000
SECOND: Nanos = 1_000_000_000
MINUTE: Nanos = 60 * SECOND
HOUR: Nanos = 60 * MINUTE
DAY: Nanos = 24 * HOUR

MONEY_PER_UNIT = 1_000_000_000

BUY = 1
SELL = -1


def money_to_decimal(amount: Money) -> Decimal:
    """An amount of money as an exact decimal of the currency unit."""
    return Decimal(money_text(amount))


def money_text(amount: Money) -> str:
    """An amount as plain digits, two decimals at least and no zeros past them: `'12.50'`, `'-0.0035'`."""
    sign = "-" if amount < 0 else ""
    whole, part = divmod(abs(amount), MONEY_PER_UNIT)
    return f"{sign}{whole}.{f'{part:09d}'.rstrip('0').ljust(2, '0')}"


def side_of(text: str) -> int:
    """+1 for `buy`, -1 for `sell`. Raises ConfigError for anything else."""
    sides = {"buy": BUY, "sell": SELL}
    if text.lower() not in sides:
        raise ConfigError("side", text, "buy or sell")
    return sides[text.lower()]


def side_text(side: int) -> str:
    """`buy` for +1, `sell` for -1."""
    return "buy" if side > 0 else "sell"
