"""What a tick and a lot of an instrument in a Databento file mean, and where that is known from.

In this order: an explicit tick size, the catalog, a `definition` file, the tables below (contract specifications as the
exchanges publish them), the prices themselves when there are enough of them. Otherwise the answer is asked for.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from tickwright.core.errors import CatalogError, ConfigError, UsageError
from tickwright.core.instrument import Instrument
from tickwright.data.databento.definitions import Definition, Definitions
from tickwright.data.databento.layouts import PRICE_SCALE

MIN_DISTINCT_PRICES = 100

# root: exchange, tick, currency value of one point. Outright months only: calendar spreads have ticks of their own.
_CME = {
    "ES": ("XCME", "0.25", "50"), "MES": ("XCME", "0.25", "5"), "NQ": ("XCME", "0.25", "20"),
    "MNQ": ("XCME", "0.25", "2"), "RTY": ("XCME", "0.10", "50"), "M2K": ("XCME", "0.10", "5"),
    "YM": ("XCBT", "1", "5"), "MYM": ("XCBT", "1", "0.5"), "ZN": ("XCBT", "0.015625", "1000"),
    "ZF": ("XCBT", "0.0078125", "1000"), "ZB": ("XCBT", "0.03125", "1000"), "6E": ("XCME", "0.00005", "125000"),
    "6B": ("XCME", "0.0001", "62500"), "CL": ("XNYM", "0.01", "1000"), "NG": ("XNYM", "0.001", "10000"),
    "GC": ("XCEC", "0.10", "100"), "SI": ("XCEC", "0.005", "5000"), "HG": ("XCEC", "0.0005", "25000"),
}  # fmt: skip
_OUTRIGHT = re.compile(r"^([A-Z0-9]{2,3})[FGHJKMNQUVXZ]\d{1,2}$")
_US_EQUITY = {
    "XNAS", "XNYS", "ARCX", "BATS", "BATY", "EDGA", "EDGX", "IEXG", "XASE", "XBOS", "XPSX", "XCHI", "XCIS", "MEMX",
    "EPRL",
}  # fmt: skip


def instrument_for(
    symbol: str,
    dataset: str,
    *,
    tick_size: Decimal | None = None,
    known: Instrument | None = None,
    definitions: Definitions | None = None,
    observed: tuple[int, int] | None = None,
) -> Instrument:
    """The instrument behind a symbol of a dataset.

    `known` is the catalog's; `observed` the greatest common divisor of the prices in billionths and how many distinct
    ones there are. Raises ConfigError when nothing says what a tick is, UsageError when the definition file is of other
    contracts, CatalogError when what is given contradicts the catalog.
    """
    stated = _from_definition(symbol, dataset, definitions) if definitions is not None else None
    if known is not None:
        _agree(known, "tick_size", tick_size, "the tick size given")
        if stated is not None and definitions is not None:
            own = definitions.by_symbol[symbol]
            for name in ("tick_size", "multiplier", "currency"):
                _agree(known, name, getattr(own, name) or None, "the definition file")
        return known
    base = stated or _published(symbol, dataset)
    if tick_size is not None:
        venue, zone = _home(dataset)
        base = base or Instrument(symbol, venue, "USD", tick_size, timezone=zone, source="multiplier 1 assumed")
        return replace(base, tick_size=tick_size, source=f"tick size given; else {base.source}")
    if base is not None:
        return base
    if observed is not None and observed[1] >= MIN_DISTINCT_PRICES:
        venue, zone = _home(dataset)
        tick = (Decimal(observed[0]) / PRICE_SCALE).normalize()
        source = (
            f"tick inferred: common divisor of all prices, {MIN_DISTINCT_PRICES} or more distinct; multiplier 1 assumed"
        )
        return Instrument(symbol, venue, "USD", tick, timezone=zone, source=source)
    raise ConfigError(
        "tick size", None,
        f"a price increment for {symbol} of {dataset}: pass --tick-size, or --definition with a DBN definition file",
    )  # fmt: skip


def _agree(known: Instrument, name: str, stated: Decimal | str | None, what: str) -> None:
    """Raise CatalogError where a fact is stated otherwise than the catalog has it; None states nothing."""
    stored = getattr(known, name)
    if stated is not None and stated != stored:
        called = "tick" if name == "tick_size" else name
        raise CatalogError(
            f"{known.symbol}: {what} says a {called} of {stated}, but the catalog has {stored} ({known.source}); "
            "one symbol has one definition"
        )


def _from_definition(symbol: str, dataset: str, definitions: Definitions) -> Instrument | None:
    found: Definition | None = definitions.by_symbol.get(symbol)
    if found is None:
        names = sorted(definitions.by_symbol)
        more = f" and {len(names) - 10} more" if len(names) > 10 else ""
        raise UsageError(f"{definitions.file} defines {', '.join(names[:10])}{more}, not {symbol}")
    if found.tick_size is None:
        return None  # a stock exchange leaves the increment undefined
    venue, zone = _home(dataset)
    return Instrument(
        symbol, found.exchange or venue, found.currency or "USD", found.tick_size,
        multiplier=found.multiplier or Decimal(1), timezone=zone, source="definition file",
    )  # fmt: skip


def _published(symbol: str, dataset: str) -> Instrument | None:
    venue, zone = _home(dataset)
    if venue in _US_EQUITY:
        source = "US equities quote in cents from one dollar up (Regulation NMS, rule 612)"
        return Instrument(symbol, venue, "USD", Decimal("0.01"), timezone=zone, source=source)
    match = _OUTRIGHT.match(symbol)
    if venue != "GLBX" or match is None or match[1] not in _CME:
        return None
    exchange, tick, multiplier = _CME[match[1]]
    source = f"published contract specification of {match[1]}"
    return Instrument(
        symbol, exchange, "USD", Decimal(tick), multiplier=Decimal(multiplier), timezone=zone, source=source
    )


def _home(dataset: str) -> tuple[str, str]:
    """Venue and time zone of a dataset as `XNAS.ITCH`."""
    venue = dataset.split(".")[0]
    if venue in _US_EQUITY:
        return venue, "America/New_York"
    return venue, "America/Chicago" if venue == "GLBX" else "UTC"
