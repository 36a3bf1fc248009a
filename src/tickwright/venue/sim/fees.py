"""What a fill costs: a maker and a taker rate, per lot and in parts of the notional. Negative is a rebate.

Where it is unrealistic: no volume tiers, no minimum per order, no regulatory fees.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from tickwright.core.errors import ConfigError
from tickwright.core.instrument import Instrument
from tickwright.core.records import TAKER
from tickwright.core.units import MONEY_PER_UNIT, Lots, Money, Ticks


@dataclass(frozen=True, slots=True)
class Fees:
    """Currency per lot, and basis points of the notional, by liquidity; exact decimals."""

    maker_per_lot: Decimal = Decimal(0)
    taker_per_lot: Decimal = Decimal(0)
    maker_bps: Decimal = Decimal(0)
    taker_bps: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        for name in ("maker_per_lot", "taker_per_lot", "maker_bps", "taker_bps"):
            if not getattr(self, name).is_finite():
                raise ConfigError(f"fees.{name}", getattr(self, name), "a finite decimal")

    def of(self, instrument: Instrument, liquidity: int, price: Ticks, size: Lots) -> Money:
        """The fee of one fill, rounded once, half to even, to a billionth of the currency."""
        taker = liquidity == TAKER
        per_lot = self.taker_per_lot if taker else self.maker_per_lot
        bps = self.taker_bps if taker else self.maker_bps
        notional = Decimal(price * size * instrument.tick_value)
        amount = per_lot * size * MONEY_PER_UNIT + notional * bps / 10_000
        return int(amount.to_integral_value(ROUND_HALF_EVEN))
