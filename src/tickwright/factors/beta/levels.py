"""Levels of a catalog for the betas beside the market's, as columns that a `ReturnSource` of the kind `level` reads.

| level | what it is made of |
|---|---|
| sector | the reference tables, which `tickwright ingest reference` writes |
| liquidity, `illiquidity` | money traded: close × volume of bars of the grid's length |
| liquidity, `depth` and `spread` | quotes, weighed by time |
| volatility, `implied` | closes of the bars of `index`, in its own unit |
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tickwright.core.errors import ConfigError, NotInCatalogError
from tickwright.core.tables import Missing
from tickwright.core.units import Nanos
from tickwright.data.port import Reading
from tickwright.data.reference.sectors import Sectors
from tickwright.data.tables.mapping import BAR_LENGTH
from tickwright.factors.beta.factory import BetaFactory
from tickwright.factors.beta.joint import LIQUIDITY, VOLATILITY
from tickwright.factors.beta.liquidity import ILLIQUIDITY, LiquidityBetaConfig
from tickwright.factors.beta.volatility import VolatilityBetaConfig
from tickwright.factors.checks import Columns
from tickwright.factors.grid import OUTSIDE, Grid
from tickwright.factors.sources.liquidity import quoted_liquidity, traded_notional
from tickwright.factors.sources.quoted import QuotedPieces
from tickwright.factors.sources.reference import ReferenceSource

Span = tuple[Nanos | None, Nanos | None]
"""From when to before when rows are read; None is open."""
_QUOTES = "quotes"


def sectors_of(where: Path | str, symbols: Sequence[str]) -> ReferenceSource:
    """Who was in which sector, of a catalog's folder. Raises NotInCatalogError where nothing is said of any symbol."""
    found = Sectors.open(where)
    listed = {statement.symbol for statement in found.statements}
    if not listed:
        raise NotInCatalogError(
            f"{where}: no sectors are stored; `tickwright ingest reference` stores a list of members"
        )
    if not listed & set(symbols):
        named = ", ".join([*symbols[:3], *["…"] * (len(symbols) > 3)])
        raise NotInCatalogError(f"{where}: none of {named} is in a sector; the tables hold {len(listed):,} others")
    return ReferenceSource(found)


def stored_levels(
    factory: BetaFactory, catalog: Reading, symbols: Sequence[str], span: Span
) -> dict[str, Columns | list[Columns]]:
    """By name the columns of a level that all share, or of one an asset; nothing of sectors.

    Raises ConfigError, and NotInCatalogError for a symbol without volumes, quotes or bars.
    """
    made = levels_of(factory, catalog, symbols, span)
    if isinstance(factory.config, LiquidityBetaConfig) and factory.config.measure == ILLIQUIDITY:
        for symbol, columns in zip(symbols, made[LIQUIDITY], strict=True):
            if not np.any(columns["close"]):  # type: ignore[index]
                raise NotInCatalogError(
                    f"{catalog.root}: no {factory.returns_of(symbol).stored} of {symbol} has a volume, which "
                    "illiquidity is over; name others by --instrument, or leave it out by --without"
                )
    return made


def levels_of(
    factory: BetaFactory, catalog: Reading, symbols: Sequence[str], span: Span
) -> dict[str, Columns | list[Columns]]:
    """As `stored_levels`, of as little as there is."""
    config = factory.config
    if isinstance(config, LiquidityBetaConfig):
        of = _traded if config.measure == ILLIQUIDITY else _quoted
        return {LIQUIDITY: [of(config, factory, catalog, symbol, span) for symbol in symbols]}
    if isinstance(config, VolatilityBetaConfig) and config.levels:
        return {VOLATILITY: _index(config, factory, catalog, span)}
    return {}


def _traded(
    config: LiquidityBetaConfig, factory: BetaFactory, catalog: Reading, symbol: str, span: Span
) -> Columns:  # fmt: skip
    schema = factory.returns_of(symbol).stored
    if schema not in BAR_LENGTH:
        bars = ", ".join(name.removeprefix("bars-") for name in BAR_LENGTH)
        raise ConfigError("measure", config.measure, f"depth or spread; or a grid of stored bars, which are of {bars}")
    rows = catalog.read(symbol, schema, *span)
    rows = rows[(rows["missing"] & int(Missing.CLOSE | Missing.VOLUME)) == 0]
    return traded_notional(rows, config.market.bars, _unit(catalog, symbol))


def quoted_pieces(factory: BetaFactory, catalog: Reading, symbols: Sequence[str], span: Span) -> list[QuotedPieces]:
    """How a stream is told the levels of quotes of each asset; none where the beta takes no such. Raises alike."""
    config = factory.config
    if not isinstance(config, LiquidityBetaConfig) or config.measure == ILLIQUIDITY:
        return []
    return [
        QuotedPieces(
            _quotes(config, catalog, symbol, span), config.market.bars, config.measure, _unit(catalog, symbol),
            span[0] or 0,
        )
        for symbol in symbols
    ]  # fmt: skip


def _quoted(
    config: LiquidityBetaConfig, factory: BetaFactory, catalog: Reading, symbol: str, span: Span
) -> Columns:  # fmt: skip
    rows = _quotes(config, catalog, symbol, span)
    told = quoted_liquidity(rows, config.market.bars, config.measure, _unit(catalog, symbol))
    kept = np.isfinite(told["close"]) & (told["ts_event"] >= (span[0] or 0))
    return {name: values[kept] for name, values in told.items()}


def _quotes(config: LiquidityBetaConfig, catalog: Reading, symbol: str, span: Span) -> np.ndarray:
    """In the order of their receipt."""
    if _QUOTES not in catalog.schemas(symbol):
        raise NotInCatalogError(f"{catalog.root}: {symbol} has no quotes, which the measure {config.measure} is of")
    start, end = span
    # What stands at the begin of a slot was quoted in its session, maybe long before.
    rows = catalog.read(symbol, _QUOTES, start if start is None else _session_of(config.market.bars, start), end)
    return rows[np.argsort(rows["ts_recv"], kind="stable")]


def _index(config: VolatilityBetaConfig, factory: BetaFactory, catalog: Reading, span: Span) -> Columns:
    if not config.index:
        raise ConfigError("index", "nothing", "the symbol of the implied volatility in the catalog, as ^VIX")
    source = factory.levels_of(config.index)
    rows = catalog.read(config.index, source.stored, *span)
    prices = source.prices(rows)
    there = (prices["slot"] >= 0) & np.isfinite(prices["price"])
    tick = float(catalog.instrument(config.index).tick_size)
    return {
        "ts_event": rows["ts_event"][there], "ts_available": prices["ts_available"][there],
        "close": prices["price"][there] * tick,
    }  # fmt: skip


def _unit(catalog: Reading, symbol: str) -> float:
    """Money of one lot at one tick."""
    found = catalog.instrument(symbol)
    return float(found.tick_size * found.lot_size * found.multiplier)


def _session_of(grid: Grid, time: Nanos) -> Nanos:
    """When the session of a moment began; the moment where it lies in none."""
    slots = grid.slots(np.array([time]))
    return time if slots[0] == OUTSIDE else int(grid.begins(slots - grid.places(slots))[0])
