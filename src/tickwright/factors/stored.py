"""Which bars or trades of a catalog the returns of a factor are of: `fitted`.

1. Bars of exactly the grid's length.
2. Else the longest bars of which a slot holds a whole number: the last price of a slot counts.
3. Else trades.

Assets have one choice, which all that are named have, and the benchmark its own. A day of a calendar is of daily bars
alone: the last price of a date is not the close of its session. So is what is over the volumes of whole slots.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tickwright.core.units import DAY, MINUTE
from tickwright.data.port import Reading
from tickwright.data.tables.mapping import BAR_LENGTH
from tickwright.factors.beta.factory import BetaFactory
from tickwright.factors.beta.liquidity import ILLIQUIDITY, LiquidityBetaConfig
from tickwright.factors.grid import Grid
from tickwright.factors.own import OwnFactory
from tickwright.factors.sources.returns import ReturnSource

_SCHEMA = "schema"
_SESSIONS = 260


def fitted(
    factory: BetaFactory | OwnFactory, catalog: Reading, symbols: Sequence[str], beside: Collection[str] = ()
) -> BetaFactory | OwnFactory:
    """`factory` of what a catalog has of `symbols`, or of any but `beside` where none are named, and of the benchmark.

    As it was where that is the usual, and where the catalog has nothing of the kind.
    """
    if isinstance(factory.config, LiquidityBetaConfig) and factory.config.measure == ILLIQUIDITY:
        return factory
    held: dict[str, set[str]] = {}
    for row in catalog.ls():
        held.setdefault(row.instrument, set()).add(row.schema)
    market = factory.market_source
    if symbols:
        common = set.intersection(*(held.get(symbol, set()) for symbol in symbols))
    else:
        others = held.keys() - {*beside, *([] if market is None else [market.symbol])}
        common = set().union(*(held[symbol] for symbol in others))
    assets = _chosen(factory.returns_of(""), common)
    base = {} if market is None else _chosen(market, held.get(market.symbol, set()))
    return replace(factory, settings=assets, base=base) if assets or base else factory


def _chosen(source: ReturnSource, held: set[str]) -> dict[str, Any]:
    """The setting that makes returns of the best that is held; nothing where that is the usual."""
    best = next((schema for schema in readable(source.own or source.grid) if schema in held), source.stored)
    return {} if best == source.stored else {_SCHEMA: best}


def readable(grid: Grid) -> list[str]:
    """Schemas that the last price of a slot can be read of, the best first."""
    exact = [name for name, length in BAR_LENGTH.items() if length == grid.length]
    if not grid.length or (grid.session and grid.length == DAY):
        return exact
    finer = sorted((length, name) for name, length in BAR_LENGTH.items() if _whole(grid, length))
    return [*exact, *(name for _, name in reversed(finer)), "trades"]


def _whole(grid: Grid, bar: int) -> bool:
    """Whether each slot is of several whole bars: a bar that ends after its slot would be known before it ends."""
    if bar >= grid.length or grid.length % bar:
        return False
    if not grid.session or bar <= MINUTE:  # sessions begin at whole minutes
        return True
    return bool((grid.begins(np.arange(_SESSIONS * grid.bars_per_session)) % bar == 0).all())
