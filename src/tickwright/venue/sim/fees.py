"""What a fill costs: a maker and a taker rate, per lot and in parts of the notional. Negative is a rebate.

Where it is unrealistic: no volume tiers, no minimum per order, no regulatory fees.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from tickwright.core.errors import CapacityError, ConfigError
from tickwright.core.instrument import Instrument
from tickwright.core.records import TAKER
from tickwright.core.units import MONEY_PER_UNIT, Lots, Money, Ticks

MOST_PER_LOT = Decimal(1_000_000)
"""Currency a lot; more is a slip of the keyboard, and the money of a fill has to fit 64 bits."""
MOST_BPS = Decimal(10_000)
"""The whole notional."""


@dataclass(frozen=True, slots=True)
class Fees:
    """Currency per lot, and basis points of the notional, by liquidity; exact decimals within the bounds above."""

    maker_per_lot: Decimal = Decimal(0)
    taker_per_lot: Decimal = Decimal(0)
    maker_bps: Decimal = Decimal(0)
    taker_bps: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        for name in ("maker_per_lot", "taker_per_lot", "maker_bps", "taker_bps"):
            value, most = getattr(self, name), MOST_BPS if name.endswith("bps") else MOST_PER_LOT
            if not value.is_finite() or abs(value) > most:
                raise ConfigError(f"fees.{name}", str(value), f"a decimal from -{most} to {most}")

    def of(self, instrument: Instrument, liquidity: int, price: Ticks, size: Lots) -> Money:
        """The fee of one fill, rounded once, half to even, to a billionth of the currency. Raises CapacityError."""
        taker = liquidity == TAKER
        per_lot = self.taker_per_lot if taker else self.maker_per_lot
        bps = self.taker_bps if taker else self.maker_bps
        notional = Decimal(price * size * instrument.tick_value)
        amount = per_lot * size * MONEY_PER_UNIT + notional * bps / 10_000
        fee = int(amount.to_integral_value(ROUND_HALF_EVEN))
        if abs(fee) >= 2**63:
            raise CapacityError(f"a fee of {amount / MONEY_PER_UNIT:.6g} {instrument.currency} does not fit 64 bits")
        return fee


@dataclass(frozen=True, slots=True)
class VenueTerms:
    """What a venue of a market asks beyond a profile's fees: ticks a lot by liquidity, negative is a rebate."""

    name: str
    maker: Decimal = Decimal(0)
    taker: Decimal = Decimal(0)
    latency: float = 0.0
    """Nanoseconds of the way to it beyond a profile's."""
    dark: bool = False
    """A pool: its fee is the same for both sides, and a profile's do not apply."""

    def of(self, instrument: Instrument, liquidity: int, size: Lots) -> Money:
        """The fee of one fill, rounded once, half to even."""
        ticks = self.taker if liquidity == TAKER else self.maker
        return int((ticks * size * instrument.tick_value).to_integral_value(ROUND_HALF_EVEN))
