"""The instrument behind a symbol: its name in a catalog, its currency, and what a tick and a lot are.

A tick and a lot are known, each by itself and in this order, from an option, from the catalog, from the table below
(the exchange's own `exchangeInfo`), or from the file: the greatest common divisor of all its prices, or sizes, when
enough different ones are in it. Otherwise they are asked for. A wrong table would be noticed: a price off the grid is
refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.instrument import Instrument
from tickwright.data.binance.message import SPOT
from tickwright.data.binance.scan import Decimals, Scanner

MIN_DISTINCT = 100

# Orders on spot BTCUSDT come in steps of 0.00001, but older ones of finer steps still rest in its book: the recorded
# book of 2024-08-08 holds sizes of six decimals, and no finer.
_SIZES: dict[tuple[str, str], tuple[str, str]] = {
    ("spot", "BTCUSDT"): ("0.01", "0.000001"), ("usdm", "BTCUSDT"): ("0.1", "0.001"),
    ("usdm", "ETHUSDT"): ("0.01", "0.001"),
}  # fmt: skip
_QUOTE_ASSETS = (
    "FDUSD", "USDT", "USDC", "TUSD", "BUSD", "USD1", "BTC", "ETH", "BNB", "EUR", "TRY", "BRL", "JPY", "GBP", "AUD",
)  # fmt: skip
_DELIVERY = re.compile(r"_\d{6}$")


@dataclass(frozen=True, slots=True)
class Sizes:
    """A tick and a lot, as far as they are known."""

    tick: Decimal | None = None
    lot: Decimal | None = None


def catalog_symbol(symbol: str, market: str) -> str:
    """The name in a catalog: BTCUSDT of spot, BTCUSDT-PERP of a USD-M perpetual, BTCUSDT_240927 of a dated future."""
    return symbol if market == SPOT or _DELIVERY.search(symbol) else f"{symbol}-PERP"


def instrument_for(
    path: Path, symbol: str, market: str, given: Sizes, known: Instrument | None, currency: str | None = None,
    name: str | None = None,
) -> Instrument:  # fmt: skip
    """The instrument of a file, by its own name in a catalog or another one. Raises ConfigError when nothing says what
    a tick, a lot or the currency is."""
    table = _SIZES.get((market, symbol))
    published = Sizes(*(Decimal(text) for text in table)) if table else Sizes()
    stored = Sizes(known.tick_size, known.lot_size) if known is not None else Sizes()
    origins: dict[str, Sizes] = {"given": given, "catalog": stored, "table of exchange facts": published}
    tick_size, tick_from = _first(origins, "tick")
    lot_size, lot_from = _first(origins, "lot")
    if tick_size is None or lot_size is None:
        seen = _observed(path, symbol, market)
        if tick_size is None:
            tick_size, tick_from = _enough(seen, "tick"), "inferred from all prices of the file"
        if lot_size is None:
            lot_size, lot_from = _enough(seen, "lot"), "inferred from all sizes of the file"
    return Instrument(
        name or catalog_symbol(symbol, market),
        "BINANCE" if market == SPOT else "BINANCE-USDM",
        currency or (known.currency if known is not None else _currency(symbol)),
        tick_size,
        lot_size,
        source=f"tick {tick_from}, lot {lot_from}",
    )


def _first(origins: Mapping[str, Sizes], what: str) -> tuple[Decimal | None, str]:
    for name, sizes in origins.items():
        value = getattr(sizes, what)
        if value is not None:
            return value, name
    return None, ""


def _currency(symbol: str) -> str:
    base = _DELIVERY.sub("", symbol)
    for asset in _QUOTE_ASSETS:
        if base.endswith(asset) and base != asset:
            return asset
    raise ConfigError("currency", symbol, f"a symbol that ends in one of {', '.join(_QUOTE_ASSETS)}; pass --currency")


@dataclass(slots=True)
class _Divisor:
    """The greatest common divisor of decimals, in units of 10^-`places`, and some of the different ones."""

    places: int = 0
    value: int = 0
    seen: set[tuple[int, int]] = field(default_factory=set)

    def take(self, numbers: Decimals) -> None:
        for places in np.unique(numbers.decimals).tolist():
            mantissas = numbers.mantissa[numbers.decimals == places]
            divisor = int(np.gcd.reduce(mantissas))
            more = max(0, places - self.places)
            self.places += more
            self.value = math.gcd(self.value * 10**more, divisor * 10 ** (self.places - places))
            if len(self.seen) < MIN_DISTINCT:
                self.seen.update((places, m) for m in np.unique(mantissas)[:MIN_DISTINCT].tolist())


def _observed(path: Path, symbol: str, market: str) -> dict[str, _Divisor]:
    """One pass over the file for its prices and sizes."""
    seen = {"tick": _Divisor(), "lot": _Divisor()}
    for batch in Scanner(path, symbol, market).batches():
        seen["tick"].take(batch.price)
        seen["lot"].take(batch.size)
    return seen


def _enough(seen: Mapping[str, _Divisor], what: str) -> Decimal:
    divisor = seen[what]
    if len(divisor.seen) < MIN_DISTINCT or not divisor.value:
        found = f"{len(divisor.seen)} different values in the file"
        raise ConfigError(f"{what} size", found, f"{MIN_DISTINCT} to infer it from; pass --{what}-size")
    return Decimal(divisor.value).scaleb(-divisor.places)
