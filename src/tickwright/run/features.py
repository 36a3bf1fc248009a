"""Features of a recorded day of a catalog: the book that is replayed elsewhere is the one that is measured here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

import polars as pl

from tickwright.core.errors import NotInCatalogError
from tickwright.core.time import midnight
from tickwright.data.hot import HotCache
from tickwright.data.port import TickCatalog
from tickwright.factors.features.columns import TWENTY
from tickwright.factors.features.feed import FeatureConfig, Told, compute
from tickwright.factors.features.nodes import NodeFeature
from tickwright.run.market import schema_of, span_of_day
from tickwright.run.recording import record


def book_features(
    catalog: TickCatalog, symbol: str, date: dt.date, features: Iterable[str | NodeFeature] = TWENTY, *, bars: str = "",
    price: str = "close", session: str = "", cache: HotCache | None = None,
) -> pl.DataFrame:  # fmt: skip
    """A row an event, or with `bars` a row a bar: prices in ticks, sizes in lots, and a status beside every feature.

    Parameters are those of `FeatureConfig`; the book is built from the beginning of what is stored of the day, and rows
    begin with the exchange-local day. Raises ConfigError, NotInCatalogError, and BookError where the events contradict
    themselves.
    """
    config = FeatureConfig(tuple(features), bars, price, session)
    return features_of_day(catalog, symbol, date, config, cache).frame()


def features_of_day(
    catalog: TickCatalog, symbol: str, date: dt.date, config: FeatureConfig, cache: HotCache | None = None
) -> Told:
    """As `book_features`. `config.unit` is taken from the instrument: the money of one tick × lot."""
    instrument, schema = catalog.instrument(symbol), schema_of(catalog, symbol)
    span = span_of_day(catalog, symbol, date, schema)
    day = record(catalog, span, cache)
    if day.opened is None:
        raise NotInCatalogError(f"{symbol} has no {schema} on {date} ({instrument.timezone})")
    unit = float(instrument.tick_size * instrument.lot_size * instrument.multiplier)
    config = replace(config, unit=unit)
    return compute(day.tape, day.trades, config, midnight=midnight(date, instrument.timezone), begin=span.first)
