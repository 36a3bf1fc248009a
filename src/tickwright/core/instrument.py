"""An instrument: exact decimals at the edge, integers inside."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from tickwright.core.errors import ConfigError, OffGridError
from tickwright.core.ids import stable_id
from tickwright.core.units import MONEY_PER_UNIT, Lots, Money, Ticks

_MOST = 2**63 - 1
_MOST_DIGITS = len(str(_MOST))


@dataclass(frozen=True, slots=True)
class Instrument:
    """What a price tick and a lot of one instrument mean.

    Parameters
    ----------
    symbol
        Name in the catalog, as `GOOG` or `ESH4`.
    venue
        Market identifier, as `XNAS`.
    currency
        ISO 4217 code.
    tick_size
        Price of one tick in the currency.
    lot_size
        Quantity of one lot in units of the instrument.
    multiplier
        Currency value of one point of price for one unit (50 for E-mini S&P 500, 1 for a share).
    timezone
        IANA name of the exchange's local time.
    source
        Where these values come from, so that a report can say it (`lobster`, `definition file`, ...).

    Raises
    ------
    ConfigError
        A size is not positive, or half a tick of one lot is not a whole number of billionths of the currency,
        without which accounts could not close exactly.
    """

    symbol: str
    venue: str
    currency: str
    tick_size: Decimal
    lot_size: Decimal = Decimal(1)
    multiplier: Decimal = Decimal(1)
    timezone: str = "UTC"
    source: str = ""

    def __post_init__(self) -> None:
        for name in ("tick_size", "lot_size", "multiplier"):
            value = getattr(self, name)
            if not isinstance(value, Decimal) or not value.is_finite() or value <= 0:
                raise ConfigError(f"{self.symbol}.{name}", value, "a positive decimal")
        half = self._half_tick_value()
        if half != half.to_integral_value():
            raise ConfigError(f"{self.symbol}.tick_size", self.tick_size, "half a tick of one lot in whole billionths")

    def _half_tick_value(self) -> Decimal:
        return self.tick_size * self.lot_size * self.multiplier * MONEY_PER_UNIT / 2

    @property
    def id(self) -> int:
        """Stable 32-bit id: a function of venue and symbol alone."""
        return stable_id(f"{self.venue}:{self.symbol}", bits=32)

    @property
    def half_tick_value(self) -> Money:
        """Money that half a tick of price on one lot is worth."""
        return int(self._half_tick_value())

    @property
    def tick_value(self) -> Money:
        """Money that one tick of price on one lot is worth."""
        return 2 * self.half_tick_value

    def to_ticks(self, price: Decimal | str) -> Ticks:
        """An exact decimal price in ticks. Raises OffGridError, ConfigError for what is no number or too large."""
        return _on_grid("price", price, self.tick_size, self.symbol)

    def to_lots(self, quantity: Decimal | str | int) -> Lots:
        """An exact decimal quantity in lots. Raises OffGridError, ConfigError for what is no number or too large."""
        return _on_grid("quantity", quantity, self.lot_size, self.symbol)

    def to_price(self, ticks: Ticks) -> Decimal:
        """The exact decimal price of a number of ticks."""
        return self.tick_size * ticks

    def to_quantity(self, lots: Lots) -> Decimal:
        """The exact decimal quantity of a number of lots."""
        return self.lot_size * lots


def _on_grid(what: str, value: Decimal | str | int, grid: Decimal, where: str) -> int:
    try:
        exact = Decimal(value)
    except InvalidOperation as error:
        raise ConfigError(f"{where} {what}", value, "a decimal number") from error
    if not exact.is_finite():
        raise ConfigError(f"{where} {what}", value, "a finite decimal number")
    # The order of magnitude first: a quotient of more digits than the decimal context has cannot be formed.
    if exact.adjusted() - grid.adjusted() > _MOST_DIGITS:
        raise _too_large(what, value, grid, where)
    whole, rest = divmod(exact, grid)
    if rest:
        raise OffGridError(what, value, grid, where)
    if abs(whole) > _MOST:
        raise _too_large(what, value, grid, where)
    return int(whole)


def _too_large(what: str, value: Decimal | str | int, grid: Decimal, where: str) -> ConfigError:
    return ConfigError(f"{where} {what}", str(value), f"at most {_MOST} times {grid}, what 64 bits hold")
